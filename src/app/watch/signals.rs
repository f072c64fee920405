//! How the system speaks to the watch.

use crate::commands::{Failure, Kind};

/// Why rounds end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The configuration is to be read anew.
    Reload,
    /// The system or a person wants it.
    Stop,
}

/// The signals that it listens to.
#[cfg(unix)]
pub struct Signals {
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};

        let on = |kind| signal(kind).map_err(unheard);
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

/// The keys of its console; a window that is closed and a session that ends are as good.
#[cfg(windows)]
pub struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn listen() -> Result<Self, Failure> {
        use tokio::signal::windows::{ctrl_c, ctrl_close, ctrl_shutdown};

        Ok(Self {
            interrupt: ctrl_c().map_err(unheard)?,
            close: ctrl_close().map_err(unheard)?,
            shutdown: ctrl_shutdown().map_err(unheard)?,
        })
    }

    /// The next of them. None of Windows' asks for the configuration to be read anew.
    pub async fn next(&mut self) -> End {
        tokio::select! {
            _ = self.interrupt.recv() => End::Stop,
            _ = self.close.recv() => End::Stop,
            _ = self.shutdown.recv() => End::Stop,
        }
    }
}

fn unheard(error: std::io::Error) -> Failure {
    Failure::new(Kind::Failed, "signals", error)
}
