//! What every service of the world sees: its clock, its authorities, its faults, its record, and each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Mutex,
};

use openssl::error::ErrorStack;

use crate::{
    Options,
    authority::{Authorities, Keys, fresh_key, fresh_uuid, public},
    clock::Clock,
    faults::Faults,
    fleet::Fleet,
    google::Google,
    pingone::PingOne,
    portal::{Portal, Row},
    record::Record,
    server::Server,
};

const DAY: i64 = 86_400;

/// The user who may sign in to both servers.
pub(crate) const USERNAME: &str = "push-api@example.com";

/// The services of the world.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Service {
    Cloud,
    Core,
    Portal,
    Apns,
    Identity,
    PingOne,
    Google,
}

impl Service {
    pub(crate) const ALL: [Self; 7] =
        [Self::Cloud, Self::Core, Self::Portal, Self::Apns, Self::Identity, Self::PingOne, Self::Google];

    /// Its name in the record and in faults.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::Core => "core",
            Self::Portal => "portal",
            Self::Apns => "apns",
            Self::Identity => "identity",
            Self::PingOne => "pingone",
            Self::Google => "google",
        }
    }
}

/// The world.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) authorities: Authorities,
    pub(crate) faults: Faults,
    pub(crate) record: Record,
    pub(crate) portal: Portal,
    pub(crate) cloud: Server,
    pub(crate) core: Server,
    pub(crate) pingone: PingOne,
    pub(crate) google: Google,
    /// The password of [`USERNAME`].
    pub(crate) password: String,
    /// Where each service is, by its name.
    pub(crate) addresses: Mutex<BTreeMap<&'static str, SocketAddr>>,
    /// What the identity provider has given to those who signed in there.
    pub(crate) assertions: Mutex<BTreeSet<String>>,
}

impl Shared {
    /// A world at its beginning: both servers with a certificate that ends as the options say, and rows for them at the
    /// portal, among others that look alike.
    pub(crate) fn build(options: &Options) -> Result<Self, ErrorStack> {
        let now = options.clock.now();
        let authorities = Authorities::new(now)?;
        let portal = Portal::default();
        let ends = now + options.ends_in_days * DAY + DAY / 2;
        let server = |name| {
            if options.bare {
                return Ok(Server::bare(name, now));
            }
            server(name, &authorities, &portal, options.devices, now, ends)
        };
        let (cloud, core) = (server("cloud")?, server("core")?);
        distractions(&authorities, &portal, now)?;
        Ok(Self {
            clock: options.clock.clone(),
            authorities,
            faults: Faults::default(),
            record: Record::default(),
            portal,
            cloud,
            core,
            pingone: PingOne::new(now),
            google: Google::new(now)?,
            password: format!("sandbox-{}", crate::server::token()),
            addresses: Mutex::default(),
            assertions: Mutex::default(),
        })
    }

    /// Where the service of this name is.
    pub(crate) fn address_of(&self, name: &str) -> Option<SocketAddr> {
        self.addresses.lock().ok()?.get(name).copied()
    }

    /// Lets all devices do what they have done until now, before something changes for them.
    pub(crate) fn settle(&self) {
        drop(self.cloud.state(self));
        drop(self.core.state(self));
    }
}

fn server(
    name: &'static str,
    authorities: &Authorities,
    portal: &Portal,
    devices: usize,
    now: i64,
    ends: i64,
) -> Result<Server, ErrorStack> {
    let key = fresh_key()?;
    let uuid = fresh_uuid()?;
    let certificate = authorities.push_certificate(&*public(&key)?, &uuid, "NL", ends - 365 * DAY + 601)?;
    portal.add(Row {
        uuid: uuid.clone(),
        vendor: "MobileIron".into(),
        note: format!("{name} of last year"),
        certificates: vec![certificate.clone()],
        revoked: false,
    });
    Ok(Server::new(name, format!("com.apple.mgmt.External.{uuid}"), certificate, key, Fleet::new(devices, now)))
}

/// Rows of others in the same account: of the same vendor, of another one, and one that has ended.
fn distractions(authorities: &Authorities, portal: &Portal, now: i64) -> Result<(), ErrorStack> {
    let key = public(&Keys::of_this_process()?.stranger)?;
    for (vendor, note, issued) in [
        ("MobileIron", "a test tenant of somebody", now - 340 * DAY),
        ("Other Vendor", "", now - 100 * DAY),
        ("MobileIron", "old", now - 800 * DAY),
    ] {
        let uuid = fresh_uuid()?;
        let certificate = authorities.push_certificate(&key, &uuid, "US", issued)?;
        portal.add(Row {
            uuid,
            vendor: vendor.into(),
            note: note.into(),
            certificates: vec![certificate],
            revoked: false,
        });
    }
    Ok(())
}
