//! Which devices have an app, by the inventories that both products' interfaces tell a few devices at a time.

use pushcert_papers::{Time, pingid::Platform};
use serde_json::Value;

use super::{Devices, wire::Of};
use crate::mdm::{App, Capability, Device, Holders, MdmError};

/// At how many devices of a platform it is looked at most: the interfaces allow about a hundred questions a minute. Of a
/// larger fleet every so-manieth device is looked at.
const MOST: usize = 2_000;

/// The apps of one device: which device it is, where the answer says so, and every app as the server describes it.
pub struct Inventory {
    /// The member in which a device's apps stand.
    pub apps: Vec<Value>,
    /// Everything else that is said of it.
    pub rest: Value,
}

impl Inventory {
    /// The inventory in this member of an answer's part.
    pub fn of(mut part: Value, member: &str) -> Option<Self> {
        let apps = part.as_object_mut()?.remove(member)?;
        Some(Self { apps: if let Value::Array(apps) = apps { apps } else { vec![] }, rest: part })
    }

    /// Whether an app of this identifier is among them. Not every interface says in public which member holds it; what has
    /// exactly these letters is nothing else.
    fn has(&self, identifier: &str) -> bool {
        self.apps.iter().any(|app| says(app, identifier))
    }

    fn is_of(&self, device: &Device) -> bool {
        says(&self.rest, &device.id)
    }
}

fn says(part: &Value, text: &str) -> bool {
    part.as_object().is_some_and(|members| members.values().any(|value| value.as_str() == Some(text)))
}

/// Looks which devices have an app.
pub async fn holders(devices: &dyn Devices, app: &App<'_>, since: Time) -> Result<Holders, MdmError> {
    let Some(at_a_time) = devices.inventories() else { return Err(MdmError::NoInterface(Capability::Apps)) };
    let of = match app.platform {
        Platform::Ios => Of::Ios,
        Platform::Android => Of::Android,
    };
    let fleet = devices.fleet(of).await?;
    let all = fleet.devices.len();
    let some: Vec<Device> = fleet.devices.into_iter().step_by(all.div_ceil(MOST).max(1)).collect();
    let mut found = Holders { looked_at: some.len() as u64, of: all as u64, ..Holders::default() };
    // Told apart before the question: not every answer says which device it is about.
    let (heard, silent): (Vec<_>, Vec<_>) =
        some.into_iter().partition(|device| device.last_check_in.is_some_and(|at| at >= since));
    for some in heard.chunks(at_a_time) {
        found.heard += with_app(devices, some, app.identifier).await?.len() as u64;
    }
    for some in silent.chunks(at_a_time) {
        let holders = with_app(devices, some, app.identifier).await?;
        found.silent += holders.len() as u64;
        let named = some.iter().filter(|device| holders.iter().any(|holder| holder.is_of(device)));
        found.silent_ids.extend(named.map(|device| device.id.clone()));
    }
    Ok(found)
}

async fn with_app(devices: &dyn Devices, some: &[Device], app: &str) -> Result<Vec<Inventory>, MdmError> {
    let ids: Vec<_> = some.iter().map(|device| device.id.clone()).collect();
    let mut found = devices.apps(&ids).await?;
    // An answer about more devices than were asked for would count strangers.
    found.truncate(some.len());
    found.retain(|inventory| inventory.has(app));
    Ok(found)
}
