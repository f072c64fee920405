//! Core's device calls (MobileIron Core V2 API guide: Devices).

use async_trait::async_trait;
use serde_json::json;

use super::{
    Devices,
    api::Api,
    wire::{CoreDevice, CorePage, WokenUp, is_apple},
};
use crate::mdm::{Device, MdmError};

/// How many devices a page has.
const LIMIT: usize = 500;

/// The global space.
const SPACE: (&str, &str) = ("adminDeviceSpaceId", "1");

const FIELDS: (&str, &str) = ("fields", "common.uuid,common.platform,common.last_connected_at");
const ACTIVE: &str = "common.status=\"ACTIVE\"";
const DEVICES: &str = "/api/v2/devices";
const LOOK: &str = "look at devices (role: View dashboard, device page, device details)";

/// Core's device calls.
pub struct Core {
    api: Api,
}

impl Core {
    pub fn new(api: Api) -> Self {
        Self { api }
    }

    async fn matching(&self, search: &str) -> Result<Vec<Device>, MdmError> {
        let (mut devices, mut offset) = (vec![], 0);
        loop {
            let (limit, at) = (LIMIT.to_string(), offset.to_string());
            let query = [SPACE, FIELDS, ("query", search), ("limit", &limit), ("offset", &at)];
            let page: CorePage<CoreDevice> = self.api.read(DEVICES, &query, LOOK).await?;
            let got = page.results.len();
            devices.extend(page.results.into_iter().filter_map(device));
            offset += got;
            if got == 0 || !(page.has_more || (offset as u64) < page.total_count) {
                return Ok(devices);
            }
        }
    }
}

fn device(found: CoreDevice) -> Option<Device> {
    let CoreDevice { uuid, platform, last_connected_at } = found;
    is_apple(platform.as_deref()).then_some(Device { id: uuid, last_check_in: last_connected_at })
}

#[async_trait(?Send)]
impl Devices for Core {
    async fn count(&self) -> Result<u64, MdmError> {
        Ok(self.all().await?.len() as u64)
    }

    async fn all(&self) -> Result<Vec<Device>, MdmError> {
        self.matching(ACTIVE).await
    }

    async fn these(&self, ids: &[String]) -> Result<Vec<Device>, MdmError> {
        let mut devices = vec![];
        for id in ids {
            devices.extend(self.matching(&format!("common.uuid=\"{id}\"")).await?);
        }
        Ok(devices)
    }

    async fn force_check_in(&self, ids: &[String]) -> Result<u64, MdmError> {
        let path = format!("{DEVICES}/wakeup");
        let body = json!({ "deviceUuids": ids, "note": "pushcert asks whether devices answer" });
        let request = self.api.put(&path).query(&[SPACE, ("actionType", "WAKE_UP")]).json(&body);
        let answer: WokenUp = self.api.act(request, &path, "force devices to check in").await?;
        let well =
            answer.device_results.values().filter(|key| key.as_str().is_some_and(|key| key.ends_with("successful")));
        let count = well.count() as u64;
        Ok(if count == 0 && answer.successful { ids.len() as u64 } else { count })
    }
}
