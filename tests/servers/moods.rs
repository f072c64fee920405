//! Servers in every mood, at the beginning of a run, at the upload and at the look behind it: the right exit code, one upload,
//! an intact journey, no secret.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use pushcert::commands::Kind;

use super::{
    contract::{SERVERS, Server, kind_of, words},
    log,
};
use crate::trial::Trial;

/// What may befall a question, and what a run makes of it.
pub struct Mood {
    /// The fault's deed.
    pub what: &'static str,
    /// The code of a run that asks a documented interface.
    interface: Kind,
    /// The code of a run that asks a console.
    console: Kind,
    /// The code of a run whose upload it befalls; `None` where the run looks again and comes to its end all the same.
    upload: Option<Kind>,
    /// Whether it befalls the whole connection.
    of_connection: bool,
}

const fn connection(what: &'static str, code: Kind) -> Mood {
    Mood { what, interface: code, console: code, upload: None, of_connection: true }
}

const fn answer(what: &'static str, interface: Kind, console: Kind, upload: Option<Kind>) -> Mood {
    Mood { what, interface, console, upload, of_connection: false }
}

pub const MOODS: [Mood; 23] = [
    connection(r#"{"refuse":true}"#, Kind::Temporary),
    connection(r#"{"reset_after":0}"#, Kind::Temporary),
    connection(r#"{"reset_after":200}"#, Kind::Temporary),
    connection(r#"{"drip":1}"#, Kind::Temporary),
    connection(r#"{"tls":"wrong-name"}"#, Kind::Failed),
    connection(r#"{"tls":"expired"}"#, Kind::Failed),
    connection(r#"{"tls":"other-authority"}"#, Kind::Failed),
    answer(r#"{"hang_up":"before"}"#, Kind::Temporary, Kind::Temporary, None),
    answer(r#"{"hang_up":"after"}"#, Kind::Temporary, Kind::Temporary, None),
    answer(r#"{"redirect":"https://elsewhere.example.com/"}"#, Kind::Failed, Kind::Failed, Some(Kind::Failed)),
    // Nobody's password was refused by a console whose first page asks for another kind of sign-in, nor by one that has
    // taken it a moment ago.
    answer(r#"{"status":401}"#, Kind::SignIn, Kind::Waiting, Some(Kind::Waiting)),
    answer(r#"{"status":403}"#, Kind::SignIn, Kind::SignIn, Some(Kind::SignIn)),
    answer(r#"{"status":404}"#, Kind::NotFound, Kind::Waiting, Some(Kind::Waiting)),
    answer(r#"{"status":409}"#, Kind::Failed, Kind::Waiting, Some(Kind::Waiting)),
    answer(r#"{"status":429,"headers":{"retry-after":"77"}}"#, Kind::Temporary, Kind::Temporary, Some(Kind::Temporary)),
    answer(
        r#"{"status":429,"headers":{"retry-after":"Fri, 31 Dec 9999 23:59:59 GMT"}}"#,
        Kind::Temporary,
        Kind::Temporary,
        Some(Kind::Temporary),
    ),
    answer(r#"{"status":500}"#, Kind::Temporary, Kind::Waiting, None),
    answer(r#"{"status":502}"#, Kind::Temporary, Kind::Temporary, None),
    answer(r#"{"status":503}"#, Kind::Temporary, Kind::Temporary, Some(Kind::Temporary)),
    answer(r#"{"truncate":3}"#, Kind::Failed, Kind::Waiting, None),
    answer(r#"{"fill":17000000}"#, Kind::Temporary, Kind::Temporary, None),
    answer(
        r#"{"status":200,"body":"<html>Please sign in</html>","content_type":"text/html"}"#,
        Kind::Failed,
        Kind::Waiting,
        None,
    ),
    answer(
        r#"{"status":200,"body":"{\"result\":\"\\u001b]0;x\\u0007\"}","content_type":"application/json"}"#,
        Kind::Failed,
        Kind::Waiting,
        Some(Kind::Failed),
    ),
];

/// Before anything is begun: the run ends with the right code, or goes on without what it could not learn; nothing is
/// changed; and when the server is well again the renewal goes its way.
#[tokio::test]
async fn every_fault_at_the_beginning_has_its_code_and_changes_nothing() {
    let trials = SERVERS.into_iter().filter(|server| server.signs_in).map(|server| async move {
        let trial = server.trial().await;
        // Whoever is there may try a refused password again.
        trial.person.there.set(true);
        let history = trial.history().await;
        for Mood { what, interface, console, .. } in MOODS {
            trial.fault(&format!(r#"{{"where":"*","do":{what}}}"#));
            let outcome = trial.proof_or_status(server.console).await;
            let wanted = match (server.console, server.tenant) {
                // The first thing that a profile of Core sends is the password.
                (true, "core") if what == r#"{"status":401}"# => Kind::SignIn,
                (true, _) => console,
                (false, _) => interface,
            };
            assert_eq!(kind_of(&outcome), Some(wanted), "{} {what}: {outcome:?}", server.name);
            if let Err(failure) = &outcome {
                assert!(failure.hint.is_some(), "{} {what}", server.name);
            }
            assert!(!words(&outcome).contains('\u{1b}'), "{} {what}", server.name);
            trial.well_again();
        }
        let quiet: BTreeSet<_> = trial.history().await.into_iter().collect();
        assert!(
            quiet.iter().all(|line| history.contains(line) || line.starts_with("devices-")),
            "{}: {quiet:?}",
            server.name
        );
        assert_eq!((trial.uploads(), trial.deeds("request-made").len()), (0, 0), "{}", server.name);
        server.to_the_portal(&trial).await;
        log::holds_no_secret(&trial);
    });
    futures_util::future::join_all(trials).await;
}

/// At the portal, with a renewed certificate.
async fn with_a_certificate(server: Server) -> (Trial, PathBuf) {
    let trial = server.trial().await;
    server.to_the_portal(&trial).await;
    let certificate = trial.renewed_at_the_portal().await;
    (trial, certificate)
}

/// While the certificate is on its way: whatever happens to the upload, it arrives once, and the journey comes to its end
/// when the server is well again.
async fn every_fault_at_the_upload(server: Server) {
    for Mood { what, upload, of_connection, .. } in MOODS {
        // A connection goes on; only its end lets the next one be struck.
        if of_connection {
            continue;
        }
        let (trial, certificate) = with_a_certificate(server).await;
        trial.fault(&fault_at(server.upload(), what, 1));
        let outcome = trial.bring(&certificate).await;
        assert_eq!(kind_of(&outcome), upload, "{} {what}: {outcome:?}", server.name);
        assert_eq!(trial.deeds("sign-in-refused").len(), 0, "{} {what}", server.name);
        ends_well(server, &trial, &certificate, what).await;
    }
}

/// The upload has arrived, and nobody hears of it: the connection ends, and whatever comes then befalls the look that is to
/// tell. The run says so, and the next one looks before it does anything.
async fn every_fault_at_the_read_back(server: Server) {
    for Mood { what, console, of_connection, .. } in MOODS {
        let (trial, certificate) = with_a_certificate(server).await;
        trial.fault(&fault_at(server.upload(), r#"{"hang_up":"after"}"#, 1));
        if of_connection {
            // One connection to the console and one to the devices were there before.
            trial.fault(&format!(r#"{{"where":"*","after":2,"do":{what}}}"#));
        } else {
            trial.fault(&fault_at(server.read_back(), what, u32::MAX));
        }
        let outcome = trial.bring(&certificate).await;
        assert_eq!(trial.uploads(), 1, "{} {what}", server.name);
        assert_eq!(kind_of(&outcome), Some(console), "{} {what}: {outcome:?}", server.name);
        assert_eq!(trial.status().await.step.word(), "install", "{} {what}", server.name);
        ends_well(server, &trial, &certificate, what).await;
    }
}

#[tokio::test]
async fn every_fault_at_the_upload_of_cloud() {
    every_fault_at_the_upload(SERVERS[3]).await;
}

#[tokio::test]
async fn every_fault_at_the_upload_of_core() {
    every_fault_at_the_upload(SERVERS[4]).await;
}

#[tokio::test]
async fn every_fault_at_the_read_back_of_cloud() {
    every_fault_at_the_read_back(SERVERS[3]).await;
}

#[tokio::test]
async fn every_fault_at_the_read_back_of_core() {
    every_fault_at_the_read_back(SERVERS[4]).await;
}

/// Where a person's hands upload: whatever befalls the server while they bring the certificate and say that it is there,
/// it is uploaded once, nothing is lost, and the journey comes to its end.
async fn every_fault_while_hands_upload(server: Server) {
    for Mood { what, interface, .. } in MOODS {
        let (trial, certificate) = with_a_certificate(server).await;
        let everywhere = format!(r#"{{"where":"*","do":{what}}}"#);
        // Only a refused sign-in ends a run: without devices it goes on.
        let refused = server.signs_in && what == r#"{"status":401}"#;
        trial.fault(&everywhere);
        let outcome = trial.bring(&certificate).await;
        let wanted = if refused { Kind::SignIn } else { Kind::Waiting };
        assert_eq!(kind_of(&outcome), Some(wanted), "{} {what}: {outcome:?}", server.name);
        trial.well_again();
        trial.person.there.set(true);
        let pem = std::fs::read(&certificate).expect("a certificate");
        trial.by_hand(async |mdm| mdm.install(&pem).await).await;
        trial.person.yes.set(true);
        trial.fault(&everywhere);
        let outcome = trial.bring(&certificate).await;
        let wanted = refused.then_some(interface);
        assert_eq!(kind_of(&outcome), wanted, "{} {what}: {outcome:?}", server.name);
        ends_well(server, &trial, &certificate, what).await;
    }
}

#[tokio::test]
async fn every_fault_while_hands_upload_to_a_guided_server() {
    every_fault_while_hands_upload(SERVERS[0]).await;
}

#[tokio::test]
async fn every_fault_while_hands_upload_to_cloud() {
    every_fault_while_hands_upload(SERVERS[1]).await;
}

#[tokio::test]
async fn every_fault_while_hands_upload_to_core() {
    every_fault_while_hands_upload(SERVERS[2]).await;
}

/// The connection breaks at every place of the server's answers, before the upload, within its answer and after it.
async fn a_connection_that_breaks_anywhere(server: Server) {
    const STEP: usize = 900;
    for at in 0..16 {
        let trial = server.trial().await;
        server.to_the_portal(&trial).await;
        let certificate = trial.renewed_at_the_portal().await;
        trial.fault(&format!(r#"{{"where":"*","times":1,"do":{{"reset_after":{}}}}}"#, at * STEP + 13));
        let outcome = trial.bring(&certificate).await;
        let fine = matches!(kind_of(&outcome), None | Some(Kind::Temporary | Kind::Waiting));
        assert!(fine, "{} bytes: {outcome:?}", at * STEP);
        ends_well(server, &trial, &certificate, "reset").await;
    }
}

#[tokio::test]
async fn a_connection_to_cloud_that_breaks_anywhere() {
    a_connection_that_breaks_anywhere(SERVERS[3]).await;
}

#[tokio::test]
async fn a_connection_to_core_that_breaks_anywhere() {
    a_connection_that_breaks_anywhere(SERVERS[4]).await;
}

/// When the server is well again, at most two more runs end the journey, and there was one upload.
async fn ends_well(server: Server, trial: &Trial, certificate: &Path, what: &str) {
    trial.well_again();
    // A person is there, who may try a refused password again, and knows nothing that the server does not show.
    trial.person.there.set(true);
    for _ in 0..2 {
        if trial.status().await.step.word() != "done" {
            drop(trial.bring(certificate).await);
        }
    }
    assert_eq!((trial.uploads(), trial.status().await.step.word()), (1, "done"), "{} {what}", server.name);
    let installed = trial.history().await.into_iter().filter(|line| line == "certificate-installed").count();
    assert_eq!(installed, 1, "{} {what}", server.name);
    log::holds_no_secret(trial);
}

/// A fault of a path, after so many requests to it.
pub fn fault_at((path, after): (&str, u32), what: &str, times: u32) -> String {
    format!(r#"{{"where":"*","match":"{path}","after":{after},"times":{times},"do":{what}}}"#)
}
