//! `sandbox`: keeps the embedded world running until it is interrupted.

use std::path::PathBuf;

use pushcert_sandbox::{Options, World};

use crate::commands::{Event, Failure, Kind, Outcome, Reporter};

/// What the world is to be like.
#[derive(Debug)]
pub struct Wish {
    /// Where its files are kept.
    pub state: Option<PathBuf>,
    /// Days until the installed certificates end.
    pub ends_in_days: i64,
    /// Apple devices of each server.
    pub devices: usize,
    /// Servers that nobody has set up for Apple devices yet.
    pub bare: bool,
}

/// Serves until SIGINT or SIGTERM.
///
/// # Errors
/// When it cannot start.
pub async fn sandbox(reporter: &dyn Reporter, wish: Wish) -> Outcome {
    let options = Options {
        state: wish.state,
        ends_in_days: wish.ends_in_days,
        devices: wish.devices,
        bare: wish.bare,
        ..Options::default()
    };
    let world = start(options).await?;
    let announcement = serde_json::to_string(world.announcement()).expect("an announcement is plain data");
    // Listening for the end begins before anybody knows whom to end.
    let ended = ended();
    reporter.tell(Event::Ready(&announcement));
    ended.await;
    world.stop().await;
    Ok(None)
}

/// Starts an embedded world.
pub(super) async fn start(options: Options) -> Result<World, Failure> {
    World::start(options).await.map_err(|error| {
        Failure::new(Kind::Failed, "sandbox", format!("the embedded world does not start: {error}"))
            .hinted("it needs loopback addresses and a folder that it may write to")
    })
}

/// Waits for SIGINT or SIGTERM; listens from the call on, not from the first poll.
#[cfg(unix)]
fn ended() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else { return std::future::pending().await };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn ended() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
