//! A server of which nothing is known: every capability is missing, and a person does every step.

use async_trait::async_trait;
use pushcert_papers::watch::Seen;

use super::{Capability, Device, Fleet, Mdm, MdmError};

/// A server without any interface.
#[derive(Clone, Copy, Debug)]
pub struct Manual;

#[async_trait(?Send)]
impl Mdm for Manual {
    async fn installed(&self) -> Result<Seen, MdmError> {
        Err(MdmError::NoInterface(Capability::Read))
    }

    async fn fetch_request(&self) -> Result<Vec<u8>, MdmError> {
        Err(MdmError::NoInterface(Capability::Fetch))
    }

    async fn install(&self, _pem: &[u8]) -> Result<(), MdmError> {
        Err(MdmError::NoInterface(Capability::Upload))
    }

    async fn fleet(&self) -> Result<Fleet, MdmError> {
        Err(MdmError::NoInterface(Capability::Devices))
    }

    async fn devices(&self, _ids: &[String]) -> Result<Vec<Device>, MdmError> {
        Err(MdmError::NoInterface(Capability::Devices))
    }

    async fn force_check_in(&self, _ids: &[String]) -> Result<u64, MdmError> {
        Err(MdmError::NoInterface(Capability::Devices))
    }
}
