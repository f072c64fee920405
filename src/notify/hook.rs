//! A hook: a program of somebody's own, which gets the message in its environment and as JSON on standard input. No shell is
//! involved, the environment is otherwise almost empty, and its time is limited.

use std::{process::Stdio, time::Duration};

use async_trait::async_trait;
use pushcert_papers::{Time, escape::printable};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    time::timeout,
};

use super::{Channel, Message, SendError, text, webhook::document};

/// How much of what it complains of is repeated.
const WORDS: u64 = 300;

/// A program that takes messages.
pub struct Hook {
    command: Vec<String>,
    environment: Vec<(String, String)>,
    limit: Duration,
}

impl Hook {
    /// This program with these arguments. It sees this environment beside the message, and has so much time.
    pub const fn new(command: Vec<String>, environment: Vec<(String, String)>, limit: Duration) -> Self {
        Self { command, environment, limit }
    }

    fn start(&self, message: &Message) -> Result<Child, SendError> {
        let (program, arguments) =
            self.command.split_first().ok_or_else(|| SendError::Refused("no program is named".into()))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(variables(message))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Its children end with it, and a Ctrl-C at our terminal is not for it.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map_err(|error| SendError::Refused(format!("{} cannot be run: {error}", printable(program))))
    }
}

#[async_trait(?Send)]
impl Channel for Hook {
    async fn send(&self, message: &Message, _now: Time) -> Result<(), SendError> {
        let mut child = self.start(message)?;
        let id = child.id();
        let outcome = timeout(self.limit, hand_over(&mut child, message)).await;
        let Ok(outcome) = outcome else {
            end(id);
            return Err(SendError::Unavailable(format!("it did not end within {} seconds", self.limit.as_secs())));
        };
        outcome
    }
}

/// Gives it the message, and waits for its end.
async fn hand_over(child: &mut Child, message: &Message) -> Result<(), SendError> {
    let failed = |error: std::io::Error| SendError::Unavailable(format!("it cannot be waited for: {error}"));
    if let Some(mut input) = child.stdin.take() {
        // A program that wants to know nothing more may have closed its input.
        drop(input.write_all(format!("{}\n", document(message)).as_bytes()).await);
    }
    let mut complaint = vec![];
    if let Some(output) = child.stderr.take() {
        let mut output = output.take(WORDS);
        output.read_to_end(&mut complaint).await.map_err(failed)?;
        // The rest is let go, so that it does not wait for a reader.
        drop(output);
    }
    let status = child.wait().await.map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    let words = printable(String::from_utf8_lossy(&complaint).trim());
    let why = if words.is_empty() { format!("it failed ({status})") } else { format!("it failed ({status}): {words}") };
    Err(SendError::Unavailable(why))
}

/// Ends the program, and whatever it started.
#[cfg(unix)]
fn end(id: Option<u32>) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        // It may have ended in this very moment.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Dropping the child ends it.
#[cfg(not(unix))]
fn end(_id: Option<u32>) {}

/// The message as variables.
fn variables(message: &Message) -> Vec<(&'static str, String)> {
    let time = |time: Option<Time>| time.map(|time| time.to_string());
    let variables = [
        ("PUSHCERT_ALERT_ID", Some(message.id.clone())),
        ("PUSHCERT_ALERT_TENANT", Some(message.tenant.clone())),
        ("PUSHCERT_ALERT_MATTER", Some(message.matter.word().into())),
        ("PUSHCERT_ALERT_SEVERITY", Some(message.severity.word().into())),
        ("PUSHCERT_ALERT_SOUND", Some(message.sound().into())),
        ("PUSHCERT_ALERT_TITLE", Some(message.title.clone())),
        ("PUSHCERT_ALERT_TEXT", Some(text::plain(message))),
        ("PUSHCERT_ALERT_COMMAND", message.command.clone()),
        ("PUSHCERT_ALERT_NOT_AFTER", time(message.not_after)),
        ("PUSHCERT_ALERT_APPLE_ACCOUNT", message.apple_account.clone()),
    ];
    variables.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::notify::text::tests::message;

    async fn run(script: &str, limit: Duration) -> Result<(), SendError> {
        let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        Hook::new(command, vec![("PATH".into(), "/usr/bin:/bin".into())], limit).send(&message(), message().at).await
    }

    #[tokio::test]
    async fn gets_the_message_and_nothing_else() {
        let long = Duration::from_secs(30);
        let script = r#"test "$PUSHCERT_ALERT_COMMAND" = "pushcert renew acme" && grep -q '"schema":"pushcert/alert/1"' && test -z "$HOME""#;
        assert_eq!(run(script, long).await, Ok(()));
        assert_eq!(run("exec <&-; exit 0", long).await, Ok(()), "it need not read");
        let failed = run("echo 'no such room' >&2; exit 3", long).await.expect_err("it fails").to_string();
        assert_eq!(failed, "it failed (exit status: 3): no such room");
        let talkative = run("yes | head -c 100000 >&2; exit 0", long).await;
        assert!(!matches!(talkative, Err(SendError::Unavailable(why)) if why.contains("did not end")));
    }

    #[tokio::test]
    async fn is_ended_with_its_children_when_its_time_is_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let pid = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", pid.display());
        let late = run(&script, Duration::from_millis(500)).await.expect_err("it is late");
        assert!(late.to_string().contains("did not end"), "{late}");
        let child = std::fs::read_to_string(&pid).expect("its child's number");
        let alive = format!("/proc/{}/stat", child.trim());
        for _ in 0..200 {
            match std::fs::read_to_string(&alive) {
                // Whoever inherits it has only to take note of its end.
                Ok(stat) if !stat.contains(") Z ") => tokio::time::sleep(Duration::from_millis(10)).await,
                _ => return,
            }
        }
        panic!("its child is alive");
    }
}
