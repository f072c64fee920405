//! How the journeys of further credentials stand at the end of a run, for programs.

use std::collections::BTreeMap;

use pushcert_papers::{
    TenantName, Time,
    credential::{Enrolment, Leg, Place, Purpose, Rotation, Stamp, Ticked},
    pingid::Platform,
};
use serde::Serialize;

/// `pushcert/rotate/1`.
#[derive(Clone, Debug, Serialize)]
pub struct RotationReport {
    /// The tenant.
    pub tenant: TenantName,
    /// The journey, as it is spoken of.
    pub journey: Option<String>,
    /// What it is for.
    pub purpose: Option<Purpose>,
    /// How PingID is reached.
    pub place: Option<Place>,
    /// Where it stands: a word of its stages, or `idle`.
    pub step: &'static str,
    /// What a person must bring or do; `None` when nothing.
    pub waiting_for: Option<&'static str>,
    /// The folder with the configurations.
    pub handoff: Option<String>,
    /// The platforms that are switched: by whom, when, and what they saw.
    pub switched: BTreeMap<Platform, Stamp>,
    /// Until when devices have time to fetch the new token, once every platform is switched.
    pub soak_until: Option<Time>,
    /// Of the devices with the app, how many have checked in since their platform was switched; `None` where that was not
    /// looked at, or is not known.
    pub coverage: Option<Vec<Leg>>,
    /// Dangers that a person took upon themselves, with the reason.
    pub accepted: BTreeMap<String, String>,
    /// Whether it is over.
    pub done: bool,
}

impl RotationReport {
    /// The report of a rotation.
    pub fn of(tenant: &TenantName, rotation: Option<&Rotation>, waiting_for: Option<&'static str>, now: Time) -> Self {
        Self {
            tenant: tenant.clone(),
            journey: rotation.map(|rotation| format!("{tenant}/{}", rotation.number)),
            purpose: rotation.map(|rotation| rotation.purpose),
            place: rotation.map(|rotation| rotation.place),
            step: rotation.map_or("idle", |rotation| rotation.stage(now).word()),
            waiting_for,
            handoff: rotation.and_then(|rotation| rotation.handed_off.clone()),
            switched: rotation.map(|rotation| rotation.switched.clone()).unwrap_or_default(),
            soak_until: rotation.and_then(Rotation::soaked_at),
            coverage: None,
            accepted: rotation.map(|rotation| rotation.accepted.clone()).unwrap_or_default(),
            done: rotation.is_some_and(|rotation| !rotation.is_open()),
        }
    }
}

/// `pushcert/enrol/1`.
#[derive(Clone, Debug, Serialize)]
pub struct EnrolmentReport {
    /// The tenant.
    pub tenant: TenantName,
    /// The journey, as it is spoken of.
    pub journey: String,
    /// The first task that is not off the list; `None` when all are.
    pub step: Option<&'static str>,
    /// Every task in order, and who did it; `None` where nobody has.
    pub tasks: Vec<(&'static str, Option<Ticked>)>,
    /// When Google's token for binding ends, while it is waited for.
    pub emm_token_ends: Option<Time>,
    /// The account of the key.
    pub client_email: Option<String>,
    /// Whether it is over.
    pub done: bool,
}

impl EnrolmentReport {
    /// The report of a binding.
    pub fn of(tenant: &TenantName, enrolment: &Enrolment) -> Self {
        let tasks = enrolment.tasks().iter().map(|task| (task.word, enrolment.ticked.get(task.word).cloned()));
        Self {
            tenant: tenant.clone(),
            journey: format!("{tenant}/{}", enrolment.number),
            step: enrolment.next().map(|task| task.word),
            tasks: tasks.collect(),
            emm_token_ends: enrolment.emm_token_ends(),
            client_email: enrolment.key.as_ref().map(|key| key.client_email.clone()),
            done: !enrolment.is_open(),
        }
    }
}
