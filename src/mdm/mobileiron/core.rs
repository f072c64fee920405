//! Core's device calls (MobileIron Core V2 API guide: Overview, Devices, App Inventory Management).

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Devices,
    api::{Api, Deed},
    apps::Inventory,
    pages::{self, Page},
    wire::{CoreDevice, CorePage, Of, WokenUp},
};
use crate::mdm::{Device, Fleet, MdmError, Scope};

/// How many devices a page has.
const LIMIT: usize = 500;

/// Of how many devices the apps are told at a time.
const INVENTORIES: usize = 25;

/// The global space.
const GLOBAL: &str = "1";

const FIELDS: (&str, &str) = ("fields", "common.uuid,common.platform,common.last_connected_at");
const ACTIVE: &str = "common.status=\"ACTIVE\"";
const DEVICES: &str = "/api/v2/devices";
const LOOK: Deed =
    Deed { what: "look at devices", role: Some("Device Management: View dashboard, device page, device details") };
const APPS: &str = "/api/v2/devices/appinventory";
const LOOK_AT_APPS: Deed = Deed { what: "look at apps", role: Some("App Management: View app inventory") };
const WAKE: Deed =
    Deed { what: "ask devices to check in", role: Some("Device Management: the role that wakes devices up") };

/// Core's device calls.
pub struct Core {
    api: Api,
    /// The space that the configuration names.
    space: Option<String>,
}

impl Core {
    pub const fn new(api: Api, space: Option<String>) -> Self {
        Self { api, space }
    }

    fn space(&self) -> (&'static str, &str) {
        ("adminDeviceSpaceId", self.space.as_deref().unwrap_or(GLOBAL))
    }

    async fn page(&self, search: &str, offset: usize) -> Result<Page<CoreDevice>, MdmError> {
        let (limit, at) = (LIMIT.to_string(), offset.to_string());
        let query = [self.space(), FIELDS, ("query", search), ("limit", &limit), ("offset", &at)];
        let page: CorePage<CoreDevice> = self.api.read(DEVICES, &query, LOOK).await?;
        let end = (offset + page.results.len()) as u64;
        Ok(Page { last: !page.has_more && end >= page.total_count, items: page.results })
    }
}

fn device(found: CoreDevice, of: Of) -> Option<Device> {
    let CoreDevice { uuid, platform, last_connected_at } = found;
    of.has(platform.as_deref()).then_some(Device { id: uuid, last_check_in: last_connected_at })
}

#[async_trait(?Send)]
impl Devices for Core {
    async fn fleet(&self, of: Of) -> Result<Fleet, MdmError> {
        let stuck = || self.api.not_understood(DEVICES, "the same page of devices again".into());
        let page = async |offset| self.page(ACTIVE, offset).await;
        let listed = pages::read(|device: &CoreDevice| &device.uuid, stuck, page).await?;
        let scope = self.space.clone().map_or(Scope::Everything, Scope::Chosen);
        let devices = listed.items.into_iter().filter_map(|found| device(found, of)).collect();
        Ok(Fleet { devices, whole: listed.whole, scope })
    }

    async fn these(&self, ids: &[String]) -> Result<Vec<Device>, MdmError> {
        let mut devices = vec![];
        for id in ids {
            let search = format!("common.uuid=\"{}\"", id.replace(['"', '\\'], ""));
            let found = self.page(&search, 0).await?.items.into_iter();
            devices.extend(found.filter_map(|found| device(found, Of::Apple)));
        }
        Ok(devices)
    }

    fn inventories(&self) -> Option<usize> {
        Some(INVENTORIES)
    }

    async fn apps(&self, ids: &[String]) -> Result<Vec<Inventory>, MdmError> {
        let query = [self.space(), ("deviceUuids", &*ids.join(","))];
        let page: CorePage<Value> = self.api.read(APPS, &query, LOOK_AT_APPS).await?;
        Ok(page.results.into_iter().filter_map(|part| Inventory::of(part, "appInventory")).collect())
    }

    /// Core answers with a message's key for each device; its words are in whatever language the server speaks.
    async fn force_check_in(&self, ids: &[String]) -> Result<u64, MdmError> {
        let path = format!("{DEVICES}/wakeup");
        let body = json!({ "deviceUuids": ids, "note": "pushcert asks whether devices answer" });
        let query = [self.space(), ("actionType", "WAKE_UP")];
        let request = self.api.change(Method::PUT, &path).query(&query).json(&body);
        let answer: WokenUp = self.api.act(request, &path, WAKE).await?;
        let well =
            answer.device_results.values().filter(|key| key.as_str().is_some_and(|key| key.ends_with("successful")));
        let count = well.count() as u64;
        Ok(if answer.device_results.is_empty() && answer.successful { ids.len() as u64 } else { count })
    }
}
