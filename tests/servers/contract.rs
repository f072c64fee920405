//! One contract for every kind of server: guided, MobileIron Cloud, MobileIron Core, and both with a console profile. The
//! same behaviours run over all of them; where one lacks an interface, a person's hands do the step in the console.

use std::path::Path;

use pushcert::commands::{Failure, Kind, Outcome, World, renew::Wish};

use super::{log, moods::fault_at};
use crate::trial::{Trial, kind};

/// A kind of server.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    pub name: &'static str,
    /// The tenant of the embedded world.
    pub tenant: &'static str,
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
    pub fn upload(&self) -> (&'static str, u32) {
        match self.tenant {
            "cloud" => ("/admin/api/mdm-certificate", 2),
            _ => ("/mifs/admin/sandboxUploadMDMCertificate", 0),
        }
    }

    /// Where it is looked afterwards what the console shows.
    pub fn read_back(&self) -> (&'static str, u32) {
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

pub fn kind_of(outcome: &Outcome) -> Option<Kind> {
    match outcome {
        Ok(kind) => *kind,
        Err(Failure { kind, .. }) => Some(*kind),
    }
}

pub fn words(outcome: &Outcome) -> String {
    outcome.as_ref().err().map(|failure| format!("{} {:?}", failure.message, failure.hint)).unwrap_or_default()
}

impl Trial {
    /// Asks the server what it is there for: a console for the certificate, an interface for devices.
    pub async fn proof_or_status(&self, console: bool) -> Outcome {
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
