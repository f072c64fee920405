//! The managed app configuration of the PingID app: the token with which a managed device shows that it is one.
//!
//! The token is made on PingID's side and entered into the device management server, which hands it to the app as a
//! setting. It is one text for the whole fleet, and iOS keeps it unencrypted: a shared, rotatable value.

mod app;
mod lint;
mod render;
mod requirements;
mod token;

pub use app::{Platform, STORE_ID};
pub use lint::{ConfigurationFacts, Form, lint};
pub use render::{Format, render};
pub use requirements::{Difference, HeldToken, Requirements, RequirementsError, difference};
pub use token::{is_uuid, judge_token};

/// The setting's name, exactly as the app reads it.
pub const KEY: &str = "PINGID_MDM_TOKEN";
