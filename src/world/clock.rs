//! The clock: the only place that asks the system for the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use pushcert_papers::Time;

/// Who knows the time.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Time;
}

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_secs());
        Time::from_unix(i64::try_from(since).unwrap_or(i64::MAX))
    }
}

/// A clock that stands where it is put. Its handles share one hand.
#[derive(Clone, Debug)]
pub struct SetClock(Arc<AtomicI64>);

impl SetClock {
    /// A clock that stands at this time.
    pub fn at(time: Time) -> Self {
        Self(Arc::new(AtomicI64::new(time.unix())))
    }

    /// Puts it to another time.
    pub fn set(&self, time: Time) {
        self.0.store(time.unix(), Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Time {
        Time::from_unix(self.0.load(Ordering::SeqCst))
    }
}
