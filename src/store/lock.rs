//! The hold on a tenant while a server is changed: a file lock, which dies with its process. No lease, no heartbeat.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::Path,
};

use pushcert_papers::{TenantName, Time};

/// The hold. It ends when this is dropped, or with the process.
#[must_use]
#[expect(missing_debug_implementations, reason = "what is held differs by engine, and says nothing")]
pub struct Guard(#[expect(dead_code, reason = "it is held, not used")] Box<dyn std::any::Any>);

impl Guard {
    /// A hold that lasts as long as this value.
    pub(super) fn on(held: impl std::any::Any) -> Self {
        Self(Box::new(held))
    }
}

/// Why there is no hold.
pub enum NoLock {
    /// Another run has it: who, and since when.
    Held(String),
    /// The file cannot be used.
    Io(io::Error),
}

/// Takes the hold on a tenant, in this folder.
pub fn take(folder: &Path, tenant: &TenantName, now: Time) -> Result<Guard, NoLock> {
    let path = folder.join(format!("{tenant}.lock"));
    let mut file = open(&path).map_err(NoLock::Io)?;
    match file.try_lock() {
        Ok(()) => {
            note_holder(&mut file, now).map_err(NoLock::Io)?;
            Ok(Guard::on(file))
        }
        Err(TryLockError::WouldBlock) => Err(NoLock::Held(holder(&mut file))),
        Err(TryLockError::Error(error)) => Err(NoLock::Io(error)),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn note_holder(file: &mut File, now: Time) -> io::Result<()> {
    file.set_len(0)?;
    write!(file, "{}", this_run(now))
}

/// This run, in words for whoever comes second.
pub(super) fn this_run(now: Time) -> String {
    format!("process {}{}, since {}", std::process::id(), machine(), now.date_and_time())
}

#[cfg(unix)]
fn machine() -> String {
    format!(" on {}", pushcert_papers::escape::printable(&rustix::system::uname().nodename().to_string_lossy()))
}

#[cfg(not(unix))]
fn machine() -> String {
    String::new()
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(200).read_to_string(&mut text));
    if read.is_ok() && !text.is_empty() { text } else { "it does not say which".into() }
}
