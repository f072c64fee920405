//! Cookies that can be forgotten.

use std::sync::{PoisonError, RwLock};

use reqwest::{
    Url,
    cookie::{CookieStore, Jar},
    header::HeaderValue,
};

/// A jar that can be emptied while its client is in use.
#[derive(Debug, Default)]
pub struct Cookies(RwLock<Jar>);

impl Cookies {
    /// Forgets all of them.
    pub fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Jar::default();
    }
}

impl CookieStore for Cookies {
    fn set_cookies(&self, headers: &mut dyn Iterator<Item = &HeaderValue>, url: &Url) {
        self.0.read().unwrap_or_else(PoisonError::into_inner).set_cookies(headers, url);
    }

    fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).cookies(url)
    }
}
