//! Core's older device calls (Core V1 Web Service API guide: Device Management), for accounts that have the
//! role API and no other. Nothing there asks a device to check in.

use async_trait::async_trait;

use super::{
    Devices,
    api::{Api, Deed},
    cloud::segment,
    pages::{self, Page},
    wire::{Of, OlderDevice, OlderOne, OlderPage},
};
use crate::mdm::{Capability, Device, Fleet, MdmError, Scope};

/// How many devices a page has.
const LIMIT: usize = 50;

const DEVICES: &str = "/api/v1/dm/devices";
const LOOK: Deed = Deed { what: "look at devices", role: Some("API (Admin > Admins > Edit Roles > Others)") };

/// Core's older device calls.
pub struct CoreV1 {
    api: Api,
}

impl CoreV1 {
    pub const fn new(api: Api) -> Self {
        Self { api }
    }

    /// Status 404 says that no device matched, and not that the address is wrong.
    async fn page(&self, offset: usize) -> Result<Page<OlderDevice>, MdmError> {
        let (limit, at) = (LIMIT.to_string(), offset.to_string());
        let query = [("status", "ACTIVE"), ("limit", limit.as_str()), ("offset", &at)];
        match self.api.read::<OlderPage>(DEVICES, &query, LOOK).await {
            Ok(page) => {
                let items = page.devices.device;
                Ok(Page { last: items.len() < LIMIT, items })
            }
            Err(MdmError::NotThere { .. }) => Ok(Page { items: vec![], last: true }),
            Err(error) => Err(error),
        }
    }
}

fn device(found: OlderDevice, of: Of) -> Option<Device> {
    found.is(of).then_some(Device { id: found.uuid, last_check_in: found.last_connected_at })
}

#[async_trait(?Send)]
impl Devices for CoreV1 {
    async fn fleet(&self, of: Of) -> Result<Fleet, MdmError> {
        let stuck = || self.api.not_understood(DEVICES, "the same page of devices again".into());
        let page = async |offset| self.page(offset).await;
        let listed = pages::read(|device: &OlderDevice| &device.uuid, stuck, page).await?;
        let devices = listed.items.into_iter().filter_map(|found| device(found, of)).collect();
        Ok(Fleet { devices, whole: listed.whole, scope: Scope::Everything })
    }

    async fn these(&self, ids: &[String]) -> Result<Vec<Device>, MdmError> {
        let mut devices = vec![];
        for id in ids {
            match self.api.read::<OlderOne>(&format!("{DEVICES}/{}", segment(id)), &[], LOOK).await {
                Ok(found) => devices.extend(device(found.device, Of::Apple)),
                Err(MdmError::NotThere { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(devices)
    }

    async fn force_check_in(&self, _ids: &[String]) -> Result<u64, MdmError> {
        Err(MdmError::NoInterface(Capability::Devices))
    }
}
