//! What a monitoring account reads instead of the store: a public file, or the same at an address.

use std::{path::Path, time::Duration};

use crate::{
    commands::{Failure, Kind},
    world::{
        files::{self, FileError},
        http,
    },
};

/// A list of ten thousand tenants has a few megabytes.
const LIMIT: u64 = 32 << 20;

/// The bytes at this place: a file, or an address that nobody else can answer for.
///
/// # Errors
/// When there is nothing to be had there.
pub fn read(place: &str, timeout: Duration) -> Result<Vec<u8>, Failure> {
    if place.starts_with("http://") || place.starts_with("https://") {
        return fetch(place, timeout);
    }
    files::read_paper(Path::new(place), LIMIT).map_err(|error| {
        let kind = if matches!(error, FileError::NotFound) { Kind::NotFound } else { Kind::Failed };
        Failure::new(kind, "unreadable", format!("{place}: {error}"))
            .hinted("look at public_dir in the configuration of the account that keeps the store")
    })
}

fn fetch(place: &str, timeout: Duration) -> Result<Vec<u8>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Kind::Failed, "runtime", error))?;
    runtime.block_on(http::public_file(place, timeout, LIMIT)).map_err(|error| {
        let kind = match error {
            http::PublicError::NotProtected => Kind::Usage,
            http::PublicError::Status(404) => Kind::NotFound,
            _ => Kind::Temporary,
        };
        Failure::new(kind, "unreadable", format!("{place}: {error}"))
    })
}
