//! Where secrets come from: a file, a program, the keyring, the environment, systemd or standard input. Never the command
//! line, never the configuration itself.

use std::{
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::Duration,
};

use pushcert_papers::Secret;
use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

use super::keyring;
use crate::world::files::{self, FileError, Untrusted};

/// A secret is never larger.
const LIMIT: u64 = 64 << 10;

/// How long a program may take to give it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What such a program may see of the environment: enough to find itself, its home and its agent.
const PASSED_ON: [&str; 10] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "GNUPGHOME",
    "GPG_TTY",
    "PASSWORD_STORE_DIR",
];

/// Where a secret comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SecretSource {
    /// What a program prints.
    Command(Program),
    /// What this file holds. Only its owner may read it.
    File(PathBuf),
    /// What this environment variable holds.
    Env(String),
    /// The entry of this name in the user's keyring.
    Keyring(String),
    /// The systemd credential of this name.
    Credential(String),
    /// What stands on standard input, which is read once in a run.
    Stdin,
}

/// A program that prints a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program {
    /// Its name and arguments; no shell is involved.
    pub words: Vec<String>,
    /// Variables of the environment that it sees beside the usual ones.
    pub env: Vec<String>,
}

/// A source as it stands in a configuration: exactly one of these.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    command: Option<Vec<String>>,
    #[serde(default)]
    pass_env: Vec<String>,
    file: Option<PathBuf>,
    env: Option<String>,
    keyring: Option<String>,
    credential: Option<String>,
    stdin: Option<bool>,
}

/// Whatever is wrong is said without what stands there: it may be a secret.
impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        let raw: Raw = value.try_into().map_err(|_| {
            de::Error::custom(
                "a secret does not stand here; name where it comes from, such as { file = \"…\" } or { command = [\"…\"] }",
            )
        })?;
        Self::try_from(raw).map_err(de::Error::custom)
    }
}

impl TryFrom<Raw> for SecretSource {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        if raw.command.is_none() && !raw.pass_env.is_empty() {
            return Err("`pass_env` goes with `command`");
        }
        let env = raw.pass_env;
        let given = [
            raw.command.map(|words| Self::Command(Program { words, env })),
            raw.file.map(Self::File),
            raw.env.map(Self::Env),
            raw.keyring.map(Self::Keyring),
            raw.credential.map(Self::Credential),
            raw.stdin.filter(|wanted| *wanted).map(|_| Self::Stdin),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(source), None) => Ok(source),
            _ => Err("a secret has one source: command, file, env, keyring, credential, or stdin = true"),
        }
    }
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
    /// The keyring has no such entry, cannot be reached, or this build knows none.
    #[error("the entry {name} of the keyring: {why}")]
    Keyring {
        /// Which entry.
        name: String,
        /// Why.
        why: String,
    },
    /// Standard input was read for something else, or holds nothing.
    #[error("standard input holds no secret; it is read once, and a file given as - takes it too")]
    Stdin,
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

    /// The secret as it is: it may have several lines, such as a key in PEM, or be no text, such as PKCS #12.
    ///
    /// # Errors
    /// When it cannot be had; see [`SecretError`].
    pub fn resolve_whole(&self) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        self.bytes().map(Zeroizing::new)
    }

    fn bytes(&self) -> Result<Vec<u8>, SecretError> {
        match self {
            Self::Command(program) => from_program(program),
            Self::File(path) => from_file(path),
            Self::Env(name) => Ok(variable(name)?.into_bytes()),
            Self::Keyring(name) => keyring::entry(name),
            Self::Credential(name) => {
                let folder = variable("CREDENTIALS_DIRECTORY")?;
                from_file(&Path::new(&folder).join(name))
            }
            Self::Stdin => from_stdin(),
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Command(program) => program.words.first().cloned().unwrap_or_default(),
            Self::File(path) => path.display().to_string(),
            Self::Env(name) | Self::Credential(name) | Self::Keyring(name) => name.clone(),
            Self::Stdin => "standard input".into(),
        }
    }
}

/// Standard input, for whoever asks first and whoever asks again.
fn from_stdin() -> Result<Vec<u8>, SecretError> {
    static READ: OnceLock<Zeroizing<Vec<u8>>> = OnceLock::new();
    let read = READ.get_or_init(|| {
        let mut bytes = vec![];
        let input = std::io::stdin();
        // A terminal is asked by a question that shows nothing, and not here.
        if !input.is_terminal() && input.take(LIMIT).read_to_end(&mut bytes).is_err() {
            bytes.clear();
        }
        Zeroizing::new(bytes)
    });
    if read.is_empty() { Err(SecretError::Stdin) } else { Ok(read.to_vec()) }
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

fn from_program(command: &Program) -> Result<Vec<u8>, SecretError> {
    let Some((program, arguments)) = command.words.split_first() else {
        return Err(SecretError::Program { program: "(none)".into(), why: "is not named".into() });
    };
    let failed = |why: String| SecretError::Program { program: program.clone(), why };
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(passed_on(&command.env))
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

/// What a program sees of the environment.
fn passed_on(asked_for: &[String]) -> Vec<(&str, String)> {
    let all = PASSED_ON.into_iter().chain(asked_for.iter().map(String::as_str));
    all.filter_map(|name| Some((name, variable(name).ok()?))).collect()
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
        let command = |words: Vec<String>| SecretSource::Command(Program { words, env: vec![] });
        let source = command(vec!["printf".into(), "%s\\n".into(), "$HOME secret".into()]);
        assert_eq!(source.resolve().expect("a secret").reveal(), "$HOME secret");
        for failing in [vec!["false".to_owned()], vec!["/nowhere/at/all".to_owned()], vec![], vec!["true".to_owned()]] {
            assert!(command(failing).resolve().is_err());
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
        let two = SecretSource::Command(Program { words: vec!["printf".into(), "two\nlines".into()], env: vec![] });
        let error = two.resolve().expect_err("not one line").to_string();
        assert!(error.contains("printf") && !error.contains("two"));
        assert!(matches!(
            SecretSource::Env("PUSHCERT_NO_SUCH_VARIABLE".into()).resolve(),
            Err(SecretError::NotSet { .. })
        ));
    }

    fn read(text: &str) -> Result<SecretSource, toml::de::Error> {
        #[derive(Deserialize)]
        struct Of {
            password: SecretSource,
        }
        toml::from_str::<Of>(&format!("password = {text}")).map(|of| of.password)
    }

    #[test]
    fn one_source_and_no_more() {
        assert_eq!(read("{ stdin = true }").expect("a source"), SecretSource::Stdin);
        assert_eq!(read("{ keyring = \"acme\" }").expect("a source"), SecretSource::Keyring("acme".into()));
        let program = Program { words: vec!["op".into()], env: vec!["OP_SERVICE_ACCOUNT_TOKEN".into()] };
        let text = "{ command = [\"op\"], pass_env = [\"OP_SERVICE_ACCOUNT_TOKEN\"] }";
        assert_eq!(read(text).expect("a source"), SecretSource::Command(program));
        for wrong in [
            "{}",
            "\"hunter2\"",
            "{ stdin = false }",
            "{ env = \"A\", file = \"b\" }",
            "{ env = \"A\", pass_env = [\"B\"] }",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_program_sees_only_what_is_passed_on() {
        let words = vec!["sh".into(), "-c".into(), "printf %s \"${CARGO_PKG_NAME-none}\"".into()];
        let seen = |env: Vec<String>| {
            let source = SecretSource::Command(Program { words: words.clone(), env });
            source.resolve().expect("a secret").reveal().to_owned()
        };
        assert_eq!(seen(vec![]), "none");
        assert_eq!(seen(vec!["CARGO_PKG_NAME".into()]), env!("CARGO_PKG_NAME"));
    }

    #[cfg(not(feature = "keyring"))]
    #[test]
    fn a_build_without_a_keyring_says_so() {
        let error = SecretSource::Keyring("acme".into()).resolve().expect_err("no keyring").to_string();
        assert!(error.contains("built without"), "{error}");
    }
}
