//! One contract for every kind of server: guided, MobileIron Cloud, MobileIron Core, and both with a console profile. The
//! same behaviours run over all of them; where one lacks an interface, a person's hands do the step in the console.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use pushcert::commands::{Failure, Kind, Outcome, World, renew::Wish};

use super::log;
use crate::trial::{Trial, kind};

/// A kind of server.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    pub name: &'static str,
    /// The tenant of the embedded world.
    tenant: &'static str,
    /// Whether the tool may sign in.
    pub signs_in: bool,
    /// Whether a console profile is there.
    pub console: bool,
}

pub const SERVERS: [Server; 5] = [
    Server { name: "guided", tenant: "cloud", signs_in: false, console: false },
    Server { name: "cloud", tenant: "cloud", signs_in: true, console: false },
    Server { name: "core", tenant: "core", signs_in: true, console: false },
    Server { name: "cloud with a profile", tenant: "cloud", signs_in: true, console: true },
    Server { name: "core with a profile", tenant: "core", signs_in: true, console: true },
];

impl Server {
    /// A trial with this kind of server, whose installed certificate is known.
    pub async fn trial(&self) -> Trial {
        log::begin();
        let mut trial = Trial::with(self.tenant).await;
        let (signs_in, console) = (self.signs_in, self.console);
        trial.reconfigured(|text| {
            let keeps = |line: &&str| {
                let of_sign_in = line.starts_with("username") || line.starts_with("password");
                (signs_in || !of_sign_in) && (console || !line.starts_with("console"))
            };
            text.lines().filter(keeps).map(|line| format!("{line}\n")).collect()
        });
        if !console {
            let file = trial.installed_today().await;
            assert_eq!(kind(&trial.adopt(&file, None).await), Ok(None), "{}", self.name);
        }
        trial
    }

    /// Where the upload goes, and what is asked there before it. Cloud's console reads and uploads at one address, and
    /// reads twice before it uploads.
    fn upload(&self) -> (&'static str, u32) {
        match self.tenant {
            "cloud" => ("/admin/api/mdm-certificate", 2),
            _ => ("/mifs/admin/sandboxUploadMDMCertificate", 0),
        }
    }

    /// Where it is looked afterwards what the console shows.
    fn read_back(&self) -> (&'static str, u32) {
        match self.tenant {
            "cloud" => ("/admin/api/mdm-certificate", 2),
            _ => ("/mifs/admin/ud.html", 2),
        }
    }

    /// Goes on until a request is handed off; by hand where nothing else does it.
    pub async fn to_the_portal(self, trial: &Trial) {
        let outcome = trial.renew(Wish::default()).await;
        assert_eq!(kind(&outcome), Ok(Some(Kind::Waiting)), "{}", self.name);
        let waits_for = trial.said.report.borrow().as_ref().and_then(|report| report.waiting_for);
        assert_eq!(waits_for, Some(if self.console { "certificate" } else { "request" }), "{}", self.name);
        if !self.console {
            let file = trial.path("ApplePushInfo.txt");
            std::fs::write(&file, trial.by_hand(async |mdm| mdm.fetch_request().await).await).expect("saved");
            let outcome = trial.renew(Wish { request: Some(file), ..Wish::default() }).await;
            assert_eq!(kind(&outcome), Ok(Some(Kind::Waiting)), "{}", self.name);
        }
    }

    /// Goes on from a certificate in hand until the journey is done; by hand where nothing else does it.
    async fn to_the_end(self, trial: &Trial, certificate: &Path) {
        let outcome = trial.bring(certificate).await;
        if self.console {
            assert_eq!(kind(&outcome), Ok(None), "{}", self.name);
            return;
        }
        assert_eq!(kind(&outcome), Ok(Some(Kind::Waiting)), "{}", self.name);
        let pem = std::fs::read(certificate).expect("a certificate");
        trial.by_hand(async |mdm| mdm.install(&pem).await).await;
        trial.person.there.set(true);
        trial.person.yes.set(true);
        assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None), "{}", self.name);
    }
}

#[tokio::test]
async fn status_says_what_is_installed_and_how_that_is_known() {
    for server in SERVERS {
        let trial = server.trial().await;
        let status = trial.status().await;
        let source = if server.console { "console" } else { "file" };
        assert_eq!((status.days_left, status.source), (Some(21), source), "{}", server.name);
        let of_the_certificate = status.problems.iter().filter(|problem| !problem.starts_with("account-"));
        assert_eq!(of_the_certificate.count(), 0, "{}: {:?}", server.name, status.problems);
    }
}

#[tokio::test]
async fn a_renewal_comes_to_its_end_with_one_request_and_one_upload() {
    for server in SERVERS {
        let trial = server.trial().await;
        server.to_the_portal(&trial).await;
        assert_eq!(trial.deeds("request-made").len(), 1, "{}", server.name);
        let certificate = trial.renewed_at_the_portal().await;
        server.to_the_end(&trial, &certificate).await;
        let status = trial.status().await;
        assert_eq!((status.step.word(), status.days_left), ("done", Some(364)), "{}", server.name);
        assert_eq!(trial.uploads(), 1, "{}", server.name);
        let how = if server.console { "read back" } else { "you told us" };
        let steps = trial.said.steps.borrow();
        assert!(steps.iter().any(|(step, detail)| *step == 4 && detail.contains(how)), "{}: {steps:?}", server.name);
        let proven = if server.signs_in { "3 of 3 checked in" } else { "no interface" };
        assert!(steps.iter().any(|(step, detail)| *step == 5 && detail.contains(proven)), "{}: {steps:?}", server.name);
    }
}

#[tokio::test]
async fn devices_are_asked_where_that_is_possible() {
    for server in SERVERS {
        let trial = server.trial().await;
        let wanted = if server.signs_in { Ok(None) } else { Err((Kind::NotFound, "no-interface")) };
        assert_eq!(kind(&trial.prove().await), wanted, "{}", server.name);
    }
}

#[tokio::test]
async fn a_refused_sign_in_ends_the_run_and_is_remembered() {
    for server in SERVERS {
        let mut trial = server.trial().await;
        let wrong = trial.path("wrong");
        pushcert::world::files::write_private(&wrong, b"wrong").expect("written");
        let right = trial.sandbox.announcement().password_file.display().to_string();
        trial.reconfigured(|text| text.replace(&right, &wrong.display().to_string()));
        let asked = trial.sandbox.record().len();
        let (first, second) = (trial.renew(Wish::default()).await, trial.renew(Wish::default()).await);
        if !server.signs_in {
            assert_eq!((kind(&first), kind(&second)), (Ok(Some(Kind::Waiting)), Ok(Some(Kind::Waiting))));
            assert_eq!(trial.sandbox.record().len(), asked, "nobody was asked");
            continue;
        }
        assert_eq!(kind(&first), Err((Kind::SignIn, "sign-in-refused")), "{}", server.name);
        assert_eq!(kind(&second), Err((Kind::SignIn, "sign-in-refused-before")), "{}", server.name);
        assert_eq!(trial.deeds("sign-in-refused").len(), 1, "{}: accounts lock", server.name);
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_certificate_leaves_everything_as_it_was() {
    for server in SERVERS.into_iter().filter(|server| server.console) {
        let trial = server.trial().await;
        server.to_the_portal(&trial).await;
        let certificate = trial.renewed_at_the_portal().await;
        trial.fault(&fault_at(
            server.upload(),
            r#"{"status":400,"body":"{\"message\":\"No.\\u001b[2J\"}","content_type":"application/json"}"#,
            1,
        ));
        let outcome = trial.bring(&certificate).await;
        assert!(
            matches!(kind(&outcome), Err((Kind::Failed, _)) | Ok(Some(Kind::Waiting))),
            "{}: {outcome:?}",
            server.name
        );
        assert_eq!(trial.uploads(), 0, "{}", server.name);
        assert!(!words(&outcome).contains('\u{1b}'), "{}", server.name);
        assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None), "{}: tried again, it is taken", server.name);
        assert_eq!(trial.uploads(), 1, "{}", server.name);
    }
}

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

/// The server's clock is an hour off, either way: nothing that is decided by it is decided wrongly.
#[tokio::test]
async fn a_clock_that_is_an_hour_off() {
    for server in SERVERS.into_iter().filter(|server| server.signs_in) {
        for off in [-3_600, 3_600] {
            let trial = server.trial().await;
            trial.tool_is_ahead(-off);
            server.to_the_portal(&trial).await;
            let certificate = trial.renewed_at_the_portal().await;
            if off > 0 {
                // Apple dates its certificates ten minutes back; an hour ahead of us it is not valid yet.
                let outcome = trial.bring(&certificate).await;
                assert_eq!(kind(&outcome), Err((Kind::Refused, "not-yet-valid")), "{}", server.name);
                continue;
            }
            server.to_the_end(&trial, &certificate).await;
            assert_eq!((trial.uploads(), trial.status().await.step.word()), (1, "done"), "{}", server.name);
        }
    }
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
fn fault_at((path, after): (&str, u32), what: &str, times: u32) -> String {
    format!(r#"{{"where":"*","match":"{path}","after":{after},"times":{times},"do":{what}}}"#)
}

fn kind_of(outcome: &Outcome) -> Option<Kind> {
    match outcome {
        Ok(kind) => *kind,
        Err(Failure { kind, .. }) => Some(*kind),
    }
}

fn words(outcome: &Outcome) -> String {
    outcome.as_ref().err().map(|failure| format!("{} {:?}", failure.message, failure.hint)).unwrap_or_default()
}

impl Trial {
    /// Asks the server what it is there for: a console for the certificate, an interface for devices.
    async fn proof_or_status(&self, console: bool) -> Outcome {
        if !console {
            return self.prove().await;
        }
        self.live(async |world: &World<'_>| {
            let tenant = world.tenant(&self.tenant)?;
            let server = world.servers.connect(tenant).await?;
            let seen = server.mdm.installed().await;
            match seen {
                // A console that has changed is a guided step, and a job waits for a person then.
                Err(pushcert::mdm::MdmError::ConsoleChanged { .. }) => Ok(Some(Kind::Waiting)),
                seen => Ok(seen.map(|_| None)?),
            }
        })
        .await
    }

    /// The password of the embedded world.
    pub fn password(&self) -> String {
        std::fs::read_to_string(&self.sandbox.announcement().password_file).expect("a password")
    }

    /// Ends every fault.
    pub fn well_again(&self) {
        self.sandbox.clear_faults();
    }

    /// Does something in the console as a person would, whatever the tool may do itself.
    pub async fn by_hand<T>(
        &self,
        deed: impl AsyncFnOnce(&dyn pushcert::mdm::Mdm) -> Result<T, pushcert::mdm::MdmError>,
    ) -> T {
        let done = self.live_with(self.sandbox.announcement().config.clone(), async |world: &World<'_>| {
            let server = world.servers.connect(world.tenant(&self.tenant)?).await?;
            Ok::<_, Failure>(deed(&*server.mdm).await?)
        });
        done.await.expect("a person does it")
    }
}
