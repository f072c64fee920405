//! What the program itself prints at the highest verbosity, in both forms of the log, at every kind of server in every
//! mood: no password, no session and no anti-forgery value.

use std::process::Stdio;

use super::{
    contract::{SERVERS, Server},
    log::{holds_one_of, secrets},
    moods::MOODS,
};
use crate::{
    shell::{home, program, text},
    trial::Trial,
};

/// Runs the program while this thread serves it; everything that it printed.
async fn printed(trial: &Trial, arguments: &[&str]) -> Vec<u8> {
    let home = home();
    let mut command = program(home.path());
    command.arg("--config").arg(trial.config()).args(arguments);
    command.args(["--no-input", "-vvv", "--timeout", "2s"]).stdin(Stdio::null());
    let mut command = tokio::process::Command::from(command);
    let output = command.kill_on_drop(true).output().await.expect("the program runs");
    [output.stdout, output.stderr].concat()
}

/// The command that asks such a server the most.
fn asking(server: Server) -> &'static [&'static str] {
    if server.console { &["renew"] } else { &["prove", "--wait", "1s"] }
}

async fn tells_no_secret(server: Server) {
    let trial = server.trial().await;
    // Both forms of the log in turn, each of them without a fault as well.
    let forms = ["text", "json"];
    let nothing_wrong = forms.map(|form| ("", form));
    let moods = MOODS.iter().zip(forms.iter().cycle()).map(|(mood, form)| (mood.what, *form));
    for (what, form) in nothing_wrong.into_iter().chain(moods) {
        if !what.is_empty() {
            trial.fault(&format!(r#"{{"where":"*","after":1,"do":{what}}}"#));
        }
        let tenant = trial.tenant.to_string();
        let arguments = [asking(server), &[tenant.as_str(), "--log-format", form]].concat();
        let printed = printed(&trial, &arguments).await;
        assert!(text(&printed).contains("DEBUG") || !server.signs_in, "it is told what is asked: {}", text(&printed));
        assert!(!holds_one_of(&printed, &secrets(&trial)), "{} {what} {form}: {}", server.name, text(&printed));
        trial.well_again();
    }
}

#[tokio::test]
async fn nothing_secret_is_told_of_a_guided_server() {
    tells_no_secret(SERVERS[0]).await;
}

#[tokio::test]
async fn nothing_secret_is_told_of_cloud() {
    tells_no_secret(SERVERS[1]).await;
}

#[tokio::test]
async fn nothing_secret_is_told_of_core() {
    tells_no_secret(SERVERS[2]).await;
}

#[tokio::test]
async fn nothing_secret_is_told_of_a_console_of_cloud() {
    tells_no_secret(SERVERS[3]).await;
}

#[tokio::test]
async fn nothing_secret_is_told_of_a_console_of_core() {
    tells_no_secret(SERVERS[4]).await;
}
