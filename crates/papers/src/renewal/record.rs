//! The form in which a journey is kept: JSON with a version, for years and across releases.

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::Journey;

/// A journey of some kind, as it is kept among a tenant's others.
pub trait Recorded: DeserializeOwned + Serialize {
    /// The word for what it is about.
    const KIND: &'static str;
    /// The version of its form that this release writes.
    const FORMAT: u32;

    /// Its number among all journeys of the tenant, from 1.
    fn number(&self) -> u32;

    /// Whether something is left to do.
    fn is_open(&self) -> bool;
}

impl Recorded for Journey {
    const KIND: &'static str = "certificate";
    /// The second form adds own keys, the way back, and what a journey is for; what the first lacks is empty. The third adds
    /// renewals instead of a way back.
    const FORMAT: u32 = 3;

    fn number(&self) -> u32 {
        self.number
    }

    fn is_open(&self) -> bool {
        self.end.is_none()
    }
}

#[derive(Serialize)]
struct Written<'a, J> {
    format: u32,
    journey: &'a J,
}

#[derive(Deserialize)]
struct Kept<J> {
    format: u32,
    journey: J,
}

/// Why a kept journey cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A newer release wrote it; it is left alone.
    #[error("a newer pushcert wrote this journey (its form is {found}, this release knows {known}); update pushcert")]
    Newer {
        /// The version found.
        found: u32,
        /// The newest version known.
        known: u32,
    },
    /// It is not a journey.
    #[error("the kept journey cannot be read: {why}")]
    Damaged {
        /// In the parser's words.
        why: String,
    },
}

impl RecordError {
    fn damaged(error: &serde_json::Error) -> Self {
        Self::Damaged { why: error.to_string() }
    }
}

/// The journey as JSON text.
pub fn write<J: Recorded>(journey: &J) -> String {
    serde_json::to_string(&Written { format: J::FORMAT, journey }).expect("a journey is plain data")
}

/// The journey in this text.
///
/// # Errors
/// [`RecordError`] when a newer release wrote it, or it is no journey.
pub fn read<J: Recorded>(text: &str) -> Result<J, RecordError> {
    let kept = serde_json::from_str::<Kept<J>>(text);
    // What cannot be read as this release writes it may still say of itself that it is newer.
    let format = match &kept {
        Ok(kept) => kept.format,
        Err(_) => serde_json::from_str::<Kept<IgnoredAny>>(text).map_err(|error| RecordError::damaged(&error))?.format,
    };
    if format > J::FORMAT {
        return Err(RecordError::Newer { found: format, known: J::FORMAT });
    }
    kept.map(|kept| kept.journey).map_err(|error| RecordError::damaged(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;

    #[test]
    fn a_journey_comes_back_as_it_was() {
        let journey = Journey::begin(3, None, Time::from_unix(0));
        assert_eq!(read::<Journey>(&write(&journey)).expect("our own form"), journey);
    }

    #[test]
    fn a_newer_form_is_left_alone() {
        let newer = write(&Journey::begin(1, None, Time::from_unix(0))).replace("\"format\":3", "\"format\":4");
        assert!(matches!(read::<Journey>(&newer), Err(RecordError::Newer { found: 4, known: 3 })));
        let of_another_shape = r#"{"format":4,"journey":[1]}"#;
        assert!(matches!(read::<Journey>(of_another_shape), Err(RecordError::Newer { found: 4, known: 3 })));
        assert!(matches!(read::<Journey>("{}"), Err(RecordError::Damaged { .. })));
    }
}
