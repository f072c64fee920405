//! The PingID app on each platform.

use serde::{Deserialize, Serialize};

/// The app's number in Apple's store, by Ping's documentation.
pub const STORE_ID: &str = "891247102";

/// A platform that the app runs on. Each has a configuration of its own in the server.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// iPhone and iPad.
    Ios,
    /// Android.
    Android,
}

impl Platform {
    /// Every platform.
    pub const ALL: [Self; 2] = [Self::Ios, Self::Android];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Android => "android",
        }
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ios => "iOS",
            Self::Android => "Android",
        }
    }

    /// The app's identifier, unless somebody knows better: Android's is well documented, iOS' comes from a single example in
    /// Ping's own pages.
    pub const fn usual_app(self) -> &'static str {
        match self {
            Self::Ios => "com.pingidentity.pingid.prod",
            Self::Android => "prod.com.pingidentity.pingid",
        }
    }
}
