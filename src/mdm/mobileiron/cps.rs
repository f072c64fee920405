//! The CPS interface, which both products have (Common Platform Services API guide). It shows the default space only.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Devices,
    api::{Api, Deed},
    apps::Inventory,
    pages::{self, Page},
    wire::{CpsCount, CpsDevice, CpsPage, Of},
};
use crate::mdm::{Device, Fleet, MdmError, Scope};

/// The most devices of a page.
const LIMIT: usize = 50;

/// How many calls of ours a server gets in a minute: the lowest of the limits that the guide suggests. All clients of a
/// cluster share them.
const A_MINUTE: usize = 100;

const DEVICES: &str = "/msa/v1/cps/device";
const ROLE: Option<&str> = Some("the CPS role");
const LOOK: Deed = Deed { what: "look at devices by CPS", role: ROLE };
const APPS: &str = "/msa/v1/cps/device/application";
const LOOK_AT_APPS: Deed = Deed { what: "look at apps by CPS", role: ROLE };
const WAKE: Deed = Deed { what: "ask devices by CPS to check in", role: ROLE };

/// CPS's device calls.
pub struct Cps {
    api: Api,
}

impl Cps {
    pub fn new(api: Api) -> Self {
        Self { api: api.paced(A_MINUTE, Duration::from_mins(1)) }
    }

    /// The answer says how many devices are on its page, and not how many there are: a short page is the last.
    async fn page(&self, offset: usize) -> Result<Page<CpsDevice>, MdmError> {
        let (limit, at) = (LIMIT.to_string(), offset.to_string());
        let query = [("status", "ACTIVE"), ("offset", at.as_str()), ("limit", &limit)];
        let page: CpsPage = self.api.read(DEVICES, &query, LOOK).await?;
        let full = page.limit.unwrap_or(LIMIT).min(LIMIT);
        Ok(Page { last: page.search_results.len() < full, items: page.search_results })
    }
}

fn device(found: CpsDevice, of: Of) -> Option<Device> {
    let CpsDevice { identifier, os, last_check_in_time } = found;
    of.has(os.as_deref()).then_some(Device { id: identifier, last_check_in: last_check_in_time })
}

#[async_trait(?Send)]
impl Devices for Cps {
    async fn fleet(&self, of: Of) -> Result<Fleet, MdmError> {
        let stuck = || self.api.not_understood(DEVICES, "the same page of devices again".into());
        let page = async |offset| self.page(offset).await;
        let listed = pages::read(|device: &CpsDevice| &device.identifier, stuck, page).await?;
        let devices = listed.items.into_iter().filter_map(|found| device(found, of)).collect();
        Ok(Fleet { devices, whole: listed.whole, scope: Scope::Default })
    }

    async fn these(&self, ids: &[String]) -> Result<Vec<Device>, MdmError> {
        let mut devices = vec![];
        for some in ids.chunks(LIMIT) {
            let page: CpsPage = self.api.read_by_post(DEVICES, &json!({ "identifiers": some }), LOOK).await?;
            devices.extend(page.search_results.into_iter().filter_map(|found| device(found, Of::Apple)));
        }
        Ok(devices)
    }

    fn inventories(&self) -> Option<usize> {
        Some(LIMIT)
    }

    /// Where none of the devices is known, nothing at all is answered.
    async fn apps(&self, ids: &[String]) -> Result<Vec<Inventory>, MdmError> {
        let found: Option<Vec<Value>> =
            self.api.read_by_post(APPS, &json!({ "identifiers": ids }), LOOK_AT_APPS).await?;
        let parts = found.unwrap_or_default().into_iter();
        Ok(parts.filter_map(|part| Inventory::of(part, "applications")).collect())
    }

    /// Unknown identifiers are passed over in silence, so the answer may be fewer than were named.
    async fn force_check_in(&self, ids: &[String]) -> Result<u64, MdmError> {
        let path = format!("{DEVICES}/forceCheckin");
        let request = self.api.change(Method::POST, &path).json(&json!({ "identifiers": ids }));
        let answer: CpsCount = self.api.act(request, &path, WAKE).await?;
        Ok(answer.result)
    }
}
