//! How a daemon is spoken to: signals from the system, states to systemd.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
};

use crate::commands::{Failure, Kind};

/// Why rounds end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The configuration is to be read anew.
    Reload,
    /// The system or a person wants it.
    Stop,
}

/// The signals that a daemon listens to.
pub struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn listen() -> Result<Self, Failure> {
        let on = |kind| signal(kind).map_err(|error| Failure::new(Kind::Failed, "signals", error));
        Ok(Self {
            hangup: on(SignalKind::hangup())?,
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
        })
    }

    /// The next of them.
    pub async fn next(&mut self) -> End {
        tokio::select! {
            _ = self.hangup.recv() => End::Reload,
            _ = self.interrupt.recv() => End::Stop,
            _ = self.terminate.recv() => End::Stop,
        }
    }
}

/// Tells systemd, if it started us.
pub fn notify(states: &[NotifyState<'_>]) {
    // There may be nobody to tell.
    drop(sd_notify::notify(false, states));
}

/// Tells systemd that the configuration is being read anew (systemd.service(5), `Type=notify-reload`).
pub fn notify_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(_) => notify(&[NotifyState::Reloading]),
    }
}

/// Feeds systemd's watchdog, where it wants that, by the same loop that does everything else: where the loop hangs, nobody
/// feeds it, and systemd starts the watch anew. It ends with its handle.
pub fn feed_the_watchdog() -> Heart {
    let mut limit = 0;
    let wanted = sd_notify::watchdog_enabled(false, &mut limit);
    Heart(wanted.then(|| {
        // Three times in its time, so that one that comes late does no harm.
        let pause = Duration::from_micros(limit / 3).max(Duration::from_millis(10));
        tokio::spawn(async move {
            loop {
                notify(&[NotifyState::Watchdog]);
                tokio::time::sleep(pause).await;
            }
        })
    }))
}

/// What feeds the watchdog.
pub struct Heart(Option<JoinHandle<()>>);

impl Drop for Heart {
    fn drop(&mut self) {
        if let Some(beat) = &self.0 {
            beat.abort();
        }
    }
}
