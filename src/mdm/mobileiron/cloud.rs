//! Cloud's device calls (MobileIron Cloud Customer Integration API guide: Basics, Device API Calls).

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::{
    Devices,
    api::Api,
    wire::{CloudAnswer, CloudDevice, CloudPage, Done, Partition, is_apple},
};
use crate::mdm::{Device, MdmError};

/// The most rows that a page may have; one more is refused with status 400.
const ROWS: usize = 500;

/// Active devices: those that answer to the server.
const ACTIVE: &str = "registrationState=ACTIVE";

const PARTITIONS: &str = "/api/v1/tenant/partition/device";
const DEVICES: &str = "/api/v1/device";
const LOOK: &str = "look at devices";

/// Cloud's device calls.
pub struct Cloud {
    api: Api,
    partition: OnceCell<String>,
}

impl Cloud {
    pub fn new(api: Api) -> Self {
        Self { api, partition: OnceCell::new() }
    }

    /// The default space of devices.
    async fn partition(&self) -> Result<&str, MdmError> {
        let found = self.partition.get_or_try_init(|| async {
            let answer: CloudAnswer<CloudPage<Partition>> = self.api.read(PARTITIONS, &[], LOOK).await?;
            let spaces = answer.result.search_results;
            let space = spaces.iter().find(|space| space.default_partition).or(spaces.first());
            space
                .map(|space| space.id.clone())
                .ok_or_else(|| self.api.not_understood(PARTITIONS, "no space of devices".into()))
        });
        found.await.map(String::as_str)
    }

    async fn page(&self, start: usize) -> Result<CloudPage<CloudDevice>, MdmError> {
        let (rows, start) = (ROWS.to_string(), start.to_string());
        let space = self.partition().await?;
        let query = [("dmPartitionId", space), ("rows", &rows), ("start", &start), ("fq", ACTIVE)];
        let answer: CloudAnswer<CloudPage<CloudDevice>> = self.api.read(DEVICES, &query, LOOK).await?;
        Ok(answer.result)
    }
}

fn device(found: CloudDevice) -> Option<Device> {
    let CloudDevice { id, platform_type, last_checkin } = found;
    is_apple(platform_type.as_deref()).then_some(Device { id, last_check_in: last_checkin })
}

#[async_trait(?Send)]
impl Devices for Cloud {
    async fn count(&self) -> Result<u64, MdmError> {
        Ok(self.all().await?.len() as u64)
    }

    /// Some lists hold fifty rows whatever was asked for, so the next page begins where this one really ended.
    async fn all(&self) -> Result<Vec<Device>, MdmError> {
        let (mut devices, mut start) = (vec![], 0);
        loop {
            let page = self.page(start).await?;
            let got = page.search_results.len();
            devices.extend(page.search_results.into_iter().filter_map(device));
            start += got;
            if got == 0 || start as u64 >= page.total_count {
                return Ok(devices);
            }
        }
    }

    async fn these(&self, ids: &[String]) -> Result<Vec<Device>, MdmError> {
        let mut devices = vec![];
        for id in ids {
            let space = self.partition().await?;
            let path = format!("{DEVICES}/{id}");
            let answer: CloudAnswer<CloudDevice> = self.api.read(&path, &[("dmPartitionId", space)], LOOK).await?;
            devices.extend(device(answer.result));
        }
        Ok(devices)
    }

    async fn force_check_in(&self, ids: &[String]) -> Result<u64, MdmError> {
        let path = format!("{DEVICES}/forceCheckin");
        let mut asked = 0;
        for id in ids {
            let request = self.api.put(&path).form(&[("ids", id)]);
            let answer: CloudAnswer<Done> = self.api.act(request, &path, "force devices to check in").await?;
            asked += u64::from(!matches!(answer.result, Done::Count(0)));
        }
        Ok(asked)
    }
}
