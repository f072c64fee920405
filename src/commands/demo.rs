//! `demo`: a whole renewal in the embedded world, and the disaster avoided.
//!
//! The renewal is the real one: the deed, the store, the checks and the clients that a real tenant gets. Only the world
//! is made up, and the person, who reads the card's folder and works the portal's form as a browser would.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use pushcert_papers::TenantName;
use pushcert_sandbox::{Announcement, Options};

use super::{
    Ask, Event, Failure, Kind, Outcome, Reporter, World, files,
    renew::{Wish, renew},
    sandbox::start,
};
use crate::{
    portal::Portal as _,
    real::{Real, Settings},
    world::{http, person::Person},
};

/// Which server is renewed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// MobileIron Cloud.
    Cloud,
    /// MobileIron Core.
    Core,
}
