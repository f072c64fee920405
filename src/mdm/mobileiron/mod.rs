//! MobileIron: Cloud (Ivanti Neurons for MDM) and Core (Ivanti EPMM).
//!
//! Devices are asked by the documented interfaces. The certificate has none: where a console profile knows the way, the
//! console's own requests are replayed; where none does, a person does the step.

mod api;
mod apps;
mod cloud;
mod core;
mod core_v1;
mod cps;
mod pace;
mod pages;
mod wire;

use std::rc::Rc;

use async_trait::async_trait;
use pushcert_papers::{
    Time,
    renewal::Reach,
    watch::{Seen, Source},
};

use super::{App, Capability, Device, Fleet, Holders, Mdm, MdmError, SignIn, console::Console};
use crate::world::{clock::Clock, http::Http};
use api::Api;
use apps::Inventory;
use wire::Of;

/// The device calls of a product.
#[async_trait(?Send)]
trait Devices {
    /// All active devices of this kind.
    async fn fleet(&self, of: Of) -> Result<Fleet, MdmError>;

    /// These devices again.
    async fn these(&self, ids: &[String]) -> Result<Vec<Device>, MdmError>;

    /// Asks them to check in.
    async fn force_check_in(&self, ids: &[String]) -> Result<u64, MdmError>;

    /// For how many devices at a time the inventory of apps is told; `None` where none is documented.
    fn inventories(&self) -> Option<usize> {
        None
    }

    /// The apps of these devices, as many as are told at a time.
    async fn apps(&self, _ids: &[String]) -> Result<Vec<Inventory>, MdmError> {
        Err(MdmError::NoInterface(Capability::Apps))
    }
}

/// Which product it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Product {
    /// MobileIron Cloud.
    Cloud,
    /// MobileIron Core.
    Core,
}

/// By which interface devices are looked at.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Interface {
    /// The product's own: Cloud's, or Core's V2.
    #[default]
    Native,
    /// CPS, which both products have.
    Cps,
    /// Core's older one, V1.
    V1,
}

/// How a server is asked for its devices.
pub struct Way {
    /// Which product it is.
    pub product: Product,
    /// By which interface.
    pub interface: Interface,
    /// In this space alone.
    pub space: Option<String>,
    /// Who signs in; nobody where a client certificate says who we are.
    pub sign_in: Option<SignIn>,
}

/// A console that is known, and what it may be used for besides reading.
pub struct KnownConsole {
    /// The console.
    pub console: Console,
    /// Whether a request may be fetched by it.
    pub fetch: bool,
    /// Whether a certificate may be uploaded by it.
    pub upload: bool,
    /// How what it shows is known: from a console, or by Core's one public request.
    pub source: Source,
}

/// A MobileIron server.
pub struct MobileIron {
    devices: Box<dyn Devices>,
    console: Option<KnownConsole>,
    clock: Rc<dyn Clock>,
}

impl MobileIron {
    /// A server that is asked in this way. Nothing is sent yet.
    pub fn new(way: Way, http: Http, console: Option<KnownConsole>, clock: Rc<dyn Clock>) -> Self {
        let api = Api::new(http, way.sign_in);
        let devices: Box<dyn Devices> = match (way.interface, way.product) {
            (Interface::Cps, _) => Box::new(cps::Cps::new(api)),
            (Interface::V1, Product::Core) => Box::new(core_v1::CoreV1::new(api)),
            (_, Product::Core) => Box::new(core::Core::new(api, way.space)),
            (_, Product::Cloud) => Box::new(cloud::Cloud::new(api, way.space)),
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
        let source = self.console.as_ref().map_or(Source::Console, |known| known.source);
        Ok(Seen { at: self.clock.now(), source, installed })
    }

    async fn fetch_request(&self) -> Result<Vec<u8>, MdmError> {
        self.console(Capability::Fetch, self.reach().fetch)?.fetch(self.clock.now()).await
    }

    async fn install(&self, pem: &[u8]) -> Result<(), MdmError> {
        self.console(Capability::Upload, self.reach().upload)?.upload(pem, self.clock.now()).await
    }

    async fn fleet(&self) -> Result<Fleet, MdmError> {
        self.devices.fleet(Of::Apple).await
    }

    async fn devices(&self, ids: &[String]) -> Result<Vec<Device>, MdmError> {
        self.devices.these(ids).await
    }

    async fn force_check_in(&self, ids: &[String]) -> Result<u64, MdmError> {
        self.devices.force_check_in(ids).await
    }

    async fn holders(&self, app: &App<'_>, since: Time) -> Result<Holders, MdmError> {
        apps::holders(&*self.devices, app, since).await
    }
}
