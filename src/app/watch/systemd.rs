//! What systemd is told of the watch, where it started us (`sd_notify(3)`). Elsewhere there is nobody to tell.

use std::time::Duration;

use tokio::task::JoinHandle;

/// What it is told.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// The watch does its work.
    Ready,
    /// It does its work, and this is to be shown of it.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is nobody to show it to"))]
    Done(&'a str),
    /// The configuration is being read anew (systemd.service(5), `Type=notify-reload`).
    Reloading,
    /// It comes to its end.
    Stopping,
    /// It does not hang.
    Alive,
}

/// Tells it.
#[cfg(unix)]
pub fn tell(news: News<'_>) {
    use sd_notify::NotifyState;

    let now = || NotifyState::monotonic_usec_now().ok();
    let states = match news {
        News::Ready => vec![NotifyState::Ready],
        News::Done(said) => vec![NotifyState::Ready, NotifyState::Status(said)],
        News::Reloading => [NotifyState::Reloading].into_iter().chain(now()).collect(),
        News::Stopping => vec![NotifyState::Stopping],
        News::Alive => vec![NotifyState::Watchdog],
    };
    // There may be nobody to tell.
    drop(sd_notify::notify(false, &states));
}

/// There is no systemd.
#[cfg(not(unix))]
pub const fn tell(_: News<'_>) {}

/// How long systemd waits for a sign of life, where it wants any.
#[cfg(unix)]
fn patience() -> Option<Duration> {
    let mut limit = 0;
    sd_notify::watchdog_enabled(false, &mut limit).then(|| Duration::from_micros(limit))
}

/// There is no systemd.
#[cfg(not(unix))]
const fn patience() -> Option<Duration> {
    None
}

/// Feeds systemd's watchdog, where it wants that, by the same loop that does everything else: where the loop hangs, nobody
/// feeds it, and systemd starts the watch anew. It ends with its handle.
pub fn feed_the_watchdog() -> Heart {
    Heart(patience().map(|patience| {
        // Three times in its time, so that one that comes late does no harm.
        let pause = (patience / 3).max(Duration::from_millis(10));
        tokio::spawn(async move {
            loop {
                tell(News::Alive);
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
