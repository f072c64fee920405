//! MobileIron: Cloud (Ivanti Neurons for MDM) and Core (Ivanti EPMM).
//!
//! Devices are asked by the documented interfaces. The certificate has none: where a console profile knows the way, the
//! console's own requests are replayed; where none does, a person does the step.

mod api;
mod cloud;
mod core;
mod wire;

use std::rc::Rc;

use async_trait::async_trait;
use pushcert_papers::{
    renewal::Reach,
    watch::{Seen, Source},
};

use super::{Capability, Device, Mdm, MdmError, SignIn, console::Console};
use crate::world::{clock::Clock, http::Http};
use api::Api;

/// The device calls of a product.
#[async_trait(?Send)]
trait Devices {
    /// How many Apple devices are managed.
    async fn count(&self) -> Result<u64, MdmError>;

    /// All active Apple devices.
    async fn all(&self) -> Result<Vec<Device>, MdmError>;

    /// These devices again.
    async fn these(&self, ids: &[String]) -> Result<Vec<Device>, MdmError>;

    /// Asks them to check in.
    async fn force_check_in(&self, ids: &[String]) -> Result<u64, MdmError>;
}

/// Which product it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Product {
    /// MobileIron Cloud.
    Cloud,
    /// MobileIron Core.
    Core,
}

/// A console that is known, and what it may be used for besides reading.
pub struct KnownConsole {
    /// The console.
    pub console: Console,
    /// Whether a request may be fetched by it.
    pub fetch: bool,
    /// Whether a certificate may be uploaded by it.
    pub upload: bool,
}

/// A MobileIron server.
pub struct MobileIron {
    devices: Box<dyn Devices>,
    console: Option<KnownConsole>,
    clock: Rc<dyn Clock>,
}

impl MobileIron {
    /// A server of this product. Nothing is sent yet.
    pub fn new(
        product: Product,
        http: Http,
        sign_in: SignIn,
        console: Option<KnownConsole>,
        clock: Rc<dyn Clock>,
    ) -> Self {
        let api = Api::new(http, sign_in);
        let devices: Box<dyn Devices> = match product {
            Product::Cloud => Box::new(cloud::Cloud::new(api)),
            Product::Core => Box::new(core::Core::new(api)),
        };
        Self { devices, console, clock }
    }

    /// What it lets us do.
    pub fn reach(&self) -> Reach {
        let known = self.console.as_ref();
        let profile = known.map(|known| known.console.profile());
        Reach {
            read: profile.is_some_and(|profile| !profile.read.is_empty()),
            fetch: known.is_some_and(|known| known.fetch && !known.console.profile().fetch.is_empty()),
            upload: known.is_some_and(|known| known.upload && !known.console.profile().upload.is_empty()),
            devices: true,
        }
    }

    fn console(&self, capability: Capability, there: bool) -> Result<&Console, MdmError> {
        let known = self.console.as_ref().filter(|_| there);
        known.map(|known| &known.console).ok_or(MdmError::NoInterface(capability))
    }
}

#[async_trait(?Send)]
impl Mdm for MobileIron {
    async fn installed(&self) -> Result<Seen, MdmError> {
        let at = self.clock.now();
        let installed = self.console(Capability::Read, self.reach().read)?.read(at).await?;
        Ok(Seen { at: self.clock.now(), source: Source::Console, installed })
    }

    async fn fetch_request(&self) -> Result<Vec<u8>, MdmError> {
        self.console(Capability::Fetch, self.reach().fetch)?.fetch(self.clock.now()).await
    }

    async fn install(&self, pem: &[u8]) -> Result<(), MdmError> {
        self.console(Capability::Upload, self.reach().upload)?.upload(pem, self.clock.now()).await
    }

    async fn apple_devices(&self) -> Result<u64, MdmError> {
        self.devices.count().await
    }

    async fn recent_devices(&self, at_most: usize) -> Result<Vec<Device>, MdmError> {
        let mut devices = self.devices.all().await?;
        devices.sort_by_key(|device| std::cmp::Reverse(device.last_check_in));
        devices.truncate(at_most);
        Ok(devices)
    }

    async fn devices(&self, ids: &[String]) -> Result<Vec<Device>, MdmError> {
        self.devices.these(ids).await
    }

    async fn force_check_in(&self, ids: &[String]) -> Result<u64, MdmError> {
        self.devices.force_check_in(ids).await
    }
}
