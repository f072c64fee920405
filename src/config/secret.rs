//! Where secrets come from: a file, a program, the environment, or systemd. Never the command line, never the
//! configuration itself.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use pushcert_papers::Secret;
use serde::Deserialize;

use crate::world::files::{self, FileError, Untrusted};

/// A secret is never larger.
const LIMIT: u64 = 64 << 10;

/// How long a program may take to give it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What such a program may see of the environment: enough to find itself, its home and its agent.
const PASSED_ON: [&str; 8] =
    ["PATH", "HOME", "USER", "LANG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "GNUPGHOME"];

/// Where a secret comes from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum SecretSource {
    /// What this program prints; the list is its name and arguments, and no shell is involved.
    Command(Vec<String>),
    /// What this file holds. Only its owner may read it.
    File(PathBuf),
    /// What this environment variable holds.
    Env(String),
    /// The systemd credential of this name.
    Credential(String),
}

/// Why there is no secret. What is named is where it was looked for, never what was found.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("the secret in {path}: {error}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        error: FileError,
    },
    /// Others may read it.
    #[error("the secret in {path} may be read by others; take that right from them: chmod 600")]
    ReadableByOthers {
        /// Which file.
        path: String,
    },
    /// The variable is not set.
    #[error("the environment variable {name} is not set")]
    NotSet {
        /// Which variable.
        name: String,
    },
    /// The program failed.
    #[error("the program {program}, which is to give a secret, {why}")]
    Program {
        /// Which program.
        program: String,
        /// How.
        why: String,
    },
    /// It is no text.
    #[error("the secret from {place} is empty, or not a line of text")]
    NotText {
        /// From where.
        place: String,
    },
}

impl SecretSource {
    /// The same, with a relative path made absolute.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }

    /// The secret.
    ///
    /// # Errors
    /// When it cannot be had; see [`SecretError`].
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        Secret::from_line(self.bytes()?).ok_or_else(|| SecretError::NotText { place: self.place() })
    }

    /// The secret where it may have several lines, such as a key in PEM.
    ///
    /// # Errors
    /// When it cannot be had; see [`SecretError`].
    pub fn resolve_whole(&self) -> Result<Secret, SecretError> {
        String::from_utf8(self.bytes()?).map(Secret::new).map_err(|_| SecretError::NotText { place: self.place() })
    }

    fn bytes(&self) -> Result<Vec<u8>, SecretError> {
        match self {
            Self::Command(command) => from_program(command),
            Self::File(path) => from_file(path),
            Self::Env(name) => Ok(variable(name)?.into_bytes()),
            Self::Credential(name) => {
                let folder = variable("CREDENTIALS_DIRECTORY")?;
                from_file(&Path::new(&folder).join(name))
            }
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Command(command) => command.first().cloned().unwrap_or_default(),
            Self::File(path) => path.display().to_string(),
            Self::Env(name) | Self::Credential(name) => name.clone(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a variable that the configuration names")]
fn variable(name: &str) -> Result<String, SecretError> {
    std::env::var(name).map_err(|_| SecretError::NotSet { name: name.to_owned() })
}

fn from_file(path: &Path) -> Result<Vec<u8>, SecretError> {
    let shown = path.display().to_string();
    files::read_secret(path, LIMIT).map_err(|error| match error {
        Untrusted::OpenToOthers => SecretError::ReadableByOthers { path: shown },
        Untrusted::File(error) => SecretError::File { path: shown, error },
    })
}

fn from_program(command: &[String]) -> Result<Vec<u8>, SecretError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(SecretError::Program { program: "(none)".into(), why: "is not named".into() });
    };
    let failed = |why: String| SecretError::Program { program: program.clone(), why };
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(PASSED_ON.iter().filter_map(|name| Some((*name, variable(name).ok()?))))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    let output = child.stdout.take().expect("its output is a pipe");
    let answer = read_in_time(output);
    if answer.is_none() {
        // It is too late for its answer; whether it can still be ended does not matter.
        drop(child.kill());
    }
    let status = child.wait().map_err(|error| failed(format!("cannot be waited for: {error}")))?;
    match answer {
        None => Err(failed(format!("did not answer within {} seconds", PATIENCE.as_secs()))),
        Some(_) if !status.success() => Err(failed(format!("failed ({status})"))),
        Some(bytes) => Ok(bytes),
    }
}

fn read_in_time(output: impl Read + Send + 'static) -> Option<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = vec![];
        let read = output.take(LIMIT).read_to_end(&mut bytes);
        // Nobody listens any more when the time is over.
        drop(sender.send(read.map(|_| bytes)));
    });
    receiver.recv_timeout(PATIENCE).ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_a_program_without_a_shell() {
        let source = SecretSource::Command(vec!["printf".into(), "%s\\n".into(), "$HOME secret".into()]);
        assert_eq!(source.resolve().expect("a secret").reveal(), "$HOME secret");
        for failing in [vec!["false".to_owned()], vec!["/nowhere/at/all".to_owned()], vec![], vec!["true".to_owned()]] {
            assert!(SecretSource::Command(failing).resolve().is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn from_a_file_that_only_its_owner_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("password");
        files::write_private(&path, b"correct horse\n").expect("written");
        let source = SecretSource::File("password".into()).relative_to(folder.path());
        assert_eq!(source.resolve().expect("a secret").reveal(), "correct horse");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(matches!(source.resolve(), Err(SecretError::ReadableByOthers { .. })));
    }

    #[test]
    fn an_error_names_the_place_and_not_the_secret() {
        let two = SecretSource::Command(vec!["printf".into(), "two\nlines".into()]);
        let error = two.resolve().expect_err("not one line").to_string();
        assert!(error.contains("printf") && !error.contains("two"));
        assert!(matches!(
            SecretSource::Env("PUSHCERT_NO_SUCH_VARIABLE".into()).resolve(),
            Err(SecretError::NotSet { .. })
        ));
    }
}
