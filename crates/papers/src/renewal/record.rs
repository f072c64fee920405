//! The form in which a journey is kept: JSON with a version, for years and across releases.

use serde::{Deserialize, Serialize};

use super::Journey;

/// The version that this release writes.
pub const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    journey: &'a Journey,
}

#[derive(Deserialize)]
struct Versioned {
    format: u32,
    journey: serde_json::Value,
}

/// Why a kept journey cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A newer release wrote it; it is left alone.
    #[error("a newer pushcert wrote this journey (its form is {found}, this release knows {FORMAT}); update pushcert")]
    Newer {
        /// The version found.
        found: u32,
    },
    /// It is not a journey.
    #[error("the kept journey cannot be read: {0}")]
    Damaged(#[from] serde_json::Error),
}

/// The journey as JSON text.
pub fn write(journey: &Journey) -> String {
    serde_json::to_string(&Written { format: FORMAT, journey }).expect("a journey is plain data")
}

/// The journey in this text.
///
/// # Errors
/// [`RecordError`] when a newer release wrote it, or it is no journey.
pub fn read(text: &str) -> Result<Journey, RecordError> {
    let versioned: Versioned = serde_json::from_str(text)?;
    if versioned.format > FORMAT {
        return Err(RecordError::Newer { found: versioned.format });
    }
    Ok(serde_json::from_value(versioned.journey)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;

    #[test]
    fn a_journey_comes_back_as_it_was() {
        let journey = Journey::begin(3, None, Time::from_unix(0));
        assert_eq!(read(&write(&journey)).expect("our own form"), journey);
    }

    #[test]
    fn a_newer_form_is_left_alone() {
        let newer = write(&Journey::begin(1, None, Time::from_unix(0))).replace("\"format\":1", "\"format\":2");
        assert!(matches!(read(&newer), Err(RecordError::Newer { found: 2 })));
        assert!(matches!(read("{}"), Err(RecordError::Damaged(_))));
    }
}
