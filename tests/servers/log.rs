//! The log of everything that runs in this process, at a verbosity that no flag reaches; no secret may be in it.

use std::{
    io,
    sync::{Mutex, Once, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

static LOG: Mutex<Vec<u8>> = Mutex::new(vec![]);
static SECRETS: Mutex<Vec<String>> = Mutex::new(vec![]);

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

/// Begins to log, once.
pub fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let log = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(Log);
        drop(log.try_init());
    });
}

/// This may not be in the log, in no form in which it is sent.
pub fn keep_secret(password: &str) {
    let mut secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    secrets.push(password.to_owned());
    secrets.push(STANDARD.encode(format!("push-api@example.com:{password}")));
}

/// Looks for every secret in all of the log.
pub fn holds_no_secret() {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(!log.is_empty(), "something was logged");
    let log = String::from_utf8_lossy(&log);
    for secret in SECRETS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }
}
