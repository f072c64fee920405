//! The log of everything that runs in a test, at a verbosity that no flag reaches; no secret may be in it.

use std::{cell::RefCell, io, sync::Once};

use base64::{Engine, engine::general_purpose::STANDARD};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

use crate::trial::Trial;

thread_local! {
    /// A test and the worlds that it begins run in one thread.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(vec![]) };
}

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
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

/// Begins to log, once for all tests.
pub fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let log = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(Log);
        drop(log.try_init());
    });
}

/// Looks for every secret of a trial in what was logged since the last look.
pub fn holds_no_secret(trial: &Trial) {
    let log = LOG.take();
    assert!(!log.is_empty(), "something was logged");
    assert!(!holds_one_of(&log, &secrets(trial)), "a secret is in the log");
}

/// What may be in no output, in each form in which it is sent.
pub fn secrets(trial: &Trial) -> Vec<String> {
    let basic = STANDARD.encode(format!("{}:{}", trial.sandbox.announcement().username, trial.password()));
    trial.sandbox.secrets().into_iter().chain([basic]).collect()
}

/// Whether these bytes hold one of these texts.
pub fn holds_one_of(bytes: &[u8], secrets: &[String]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    secrets.iter().any(|secret| text.contains(secret.as_str()))
}
