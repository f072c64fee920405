//! Consoles that have no interface: what an administrator's own recording of a visit teaches, and the profile that is
//! written from it. Pure: the recording comes in as bytes, the profile goes out as text, and nothing is sent.

mod check;
mod explain;
mod profile;
mod write;

pub mod fill;
pub mod har;
pub mod learn;
pub mod take;

pub use check::ProfileError;
pub use explain::lines as explained;
pub use profile::{
    Answer, Body, Deed, Evidence, Expect, Field, From, Literal, Method, OnPage, Part, Profile, Refused, Request,
    SCHEMA, Take,
};
