//! Cloud's device calls (MobileIron Cloud Customer Integration API guide: Basics, Device API Calls).

use std::{cell::RefCell, collections::HashMap};

use async_trait::async_trait;
use reqwest::Method;
use tokio::sync::OnceCell;

use super::{
    Devices,
    api::{Api, Deed},
    pages::{self, Page},
    wire::{CloudAnswer, CloudDevice, CloudPage, Done, Of, Partition, Tenancy},
};
use crate::mdm::{Device, Fleet, MdmError, Scope};

/// The most rows that a page may have; one more is refused with status 400.
const ROWS: usize = 500;

/// Active devices: those that answer to the server.
const ACTIVE: &str = "registrationState=ACTIVE";

const PARTITIONS: &str = "/api/v1/tenant/partition/device";
const TENANCY: &str = "/api/v1/metadata/tenant";
const DEVICES: &str = "/api/v1/device";
const LOOK: Deed = Deed { what: "look at devices", role: Some("a role that may see the devices of this space") };
const WAKE: Deed =
    Deed { what: "ask devices to check in", role: Some("a role with the permission device.force.checkin") };

/// Cloud's device calls.
pub struct Cloud {
    api: Api,
    /// The space that the configuration names.
    space: Option<String>,
    spaces: OnceCell<Spaces>,
    /// In which space a device was found, where it is another than the first.
    place_of: RefCell<HashMap<String, String>>,
}

/// The spaces whose devices are looked at; there is at least one.
struct Spaces {
    ids: Vec<String>,
    scope: Scope,
}

impl Cloud {
    pub fn new(api: Api, space: Option<String>) -> Self {
        Self { api, space, spaces: OnceCell::new(), place_of: RefCell::default() }
    }

    async fn spaces(&self) -> Result<&Spaces, MdmError> {
        self.spaces.get_or_try_init(|| self.find_spaces()).await
    }

    /// All spaces; or the default one, where the account may not list them.
    async fn find_spaces(&self) -> Result<Spaces, MdmError> {
        if let Some(space) = &self.space {
            return Ok(Spaces { ids: vec![space.clone()], scope: Scope::Chosen(space.clone()) });
        }
        let stuck = || self.api.not_understood(PARTITIONS, "the same page of spaces again".into());
        let listed =
            pages::read(|space: &Partition| &space.id, stuck, async |start| self.space_page(start).await).await;
        match listed {
            Ok(listed) if listed.items.is_empty() => {
                Err(self.api.not_understood(PARTITIONS, "no space of devices".into()))
            }
            Ok(mut listed) => {
                listed.items.sort_by_key(|space| !space.default_partition);
                let ids: Vec<_> = listed.items.into_iter().map(|space| space.id).collect();
                Ok(Spaces { scope: Scope::Spaces(ids.len()), ids })
            }
            Err(MdmError::Forbidden { .. } | MdmError::NotThere { .. }) => self.default_space().await,
            Err(error) => Err(error),
        }
    }

    async fn space_page(&self, start: usize) -> Result<Page<Partition>, MdmError> {
        let (rows, at) = (ROWS.to_string(), start.to_string());
        let query = [("rows", rows.as_str()), ("start", &at)];
        let answer: CloudAnswer<CloudPage<Partition>> = self.api.read(PARTITIONS, &query, LOOK).await?;
        Ok(answer.result.after(start))
    }

    async fn default_space(&self) -> Result<Spaces, MdmError> {
        let answer: CloudAnswer<Tenancy> = self.api.read(TENANCY, &[], LOOK).await?;
        Ok(Spaces { ids: vec![answer.result.default_dm_partition_id], scope: Scope::Default })
    }

    async fn page(&self, space: &str, start: usize) -> Result<Page<CloudDevice>, MdmError> {
        let (rows, at) = (ROWS.to_string(), start.to_string());
        let query = [("dmPartitionId", space), ("rows", &rows), ("start", &at), ("fq", ACTIVE)];
        let answer: CloudAnswer<CloudPage<CloudDevice>> = self.api.read(DEVICES, &query, LOOK).await?;
        Ok(answer.result.after(start))
    }

    /// A device, looked for in the space where it was found before; `None` where it is gone.
    async fn one(&self, id: &str) -> Result<Option<Device>, MdmError> {
        let spaces = self.spaces().await?;
        let known = self.place_of.borrow().get(id).cloned();
        let space = known.as_ref().unwrap_or(&spaces.ids[0]);
        let answer: Result<CloudAnswer<CloudDevice>, _> =
            self.api.read(&format!("{DEVICES}/{}", segment(id)), &[("dmPartitionId", space)], LOOK).await;
        match answer {
            Ok(answer) => Ok(device(answer.result, Of::Apple)),
            Err(MdmError::NotThere { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// An identifier as one step of a path, whatever it holds.
pub fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn device(found: CloudDevice, of: Of) -> Option<Device> {
    let CloudDevice { id, platform_type, last_checkin } = found;
    of.has(platform_type.as_deref()).then_some(Device { id, last_check_in: last_checkin })
}

#[async_trait(?Send)]
impl Devices for Cloud {
    async fn fleet(&self, of: Of) -> Result<Fleet, MdmError> {
        let spaces = self.spaces().await?;
        let mut fleet = Fleet { devices: vec![], whole: true, scope: spaces.scope.clone() };
        for (at, space) in spaces.ids.iter().enumerate() {
            let stuck = || self.api.not_understood(DEVICES, "the same page of devices again".into());
            let page = async |start| self.page(space, start).await;
            let listed = pages::read(|device: &CloudDevice| &device.id, stuck, page).await?;
            fleet.whole &= listed.whole;
            for device in listed.items.into_iter().filter_map(|found| device(found, of)) {
                if at > 0 {
                    self.place_of.borrow_mut().insert(device.id.clone(), space.clone());
                }
                fleet.devices.push(device);
            }
        }
        Ok(fleet)
    }

    async fn these(&self, ids: &[String]) -> Result<Vec<Device>, MdmError> {
        let mut devices = vec![];
        for id in ids {
            devices.extend(self.one(id).await?);
        }
        Ok(devices)
    }

    async fn force_check_in(&self, ids: &[String]) -> Result<u64, MdmError> {
        let path = format!("{DEVICES}/forceCheckin");
        let mut asked = 0;
        for id in ids {
            let request = self.api.change(Method::PUT, &path).form(&[("ids", id)]);
            let answer: CloudAnswer<Done> = self.api.act(request, &path, WAKE).await?;
            asked += u64::from(!matches!(answer.result, Done::Count(0)));
        }
        Ok(asked)
    }
}
