//! A real browser at the consoles of the embedded world: what it records is learned, and what was learned renews.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use pushcert::commands::{Kind, World, console, renew::Wish};
use pushcert_sandbox::Announcement;
use serde_json::Value;

use crate::{
    shell::skipped_unless,
    trial::{Trial, kind},
};

/// Days after which a renewal of a fresh certificate is due.
const NEARLY_A_YEAR: i64 = 340;

/// Whether a browser can be driven here.
fn browser_is_here() -> bool {
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/node_modules/playwright-core").is_dir();
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    skipped_unless(driver && Path::new(&chromium).is_file(), "Chromium, and  npm install  in tests/browser")
}

/// A visit by a browser, in a process of its own.
struct Visit {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Visit {
    fn begin(tenant: &str, world: &Announcement, out: &Path, only_look: bool) -> Self {
        let address = if tenant == "cloud" { &world.cloud } else { &world.core };
        let mut command = Command::new("node");
        command.arg("tests/browser/record.mjs").current_dir(env!("CARGO_MANIFEST_DIR"));
        command.args([tenant, address, &world.username]).args([&world.password_file, &out.to_owned()]);
        if only_look {
            command.arg("look");
        }
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the browser's driver");
        let lines = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, lines }
    }

    /// What it says next.
    fn says(&mut self, key: &str) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        said[key].as_str().unwrap_or_else(|| panic!("{key} in {said}")).to_owned()
    }

    fn tell(&mut self, path: &Path) {
        writeln!(self.child.stdin.as_mut().expect("its input"), "{}", path.display()).expect("told");
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Work that waits for another process, while this one serves it.
async fn meanwhile<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("it does not panic")
}

/// A whole visit: what it leaves is a folder with a recording in each dialect.
async fn whole_visit(trial: &Trial) -> PathBuf {
    let out = trial.path("visit");
    std::fs::create_dir(&out).expect("a folder");
    let (tenant, world) = (trial.tenant.to_string(), trial.sandbox.announcement().clone());
    let (mut visit, request) = meanwhile({
        let out = out.clone();
        move || {
            let mut visit = Visit::begin(&tenant, &world, &out, false);
            let request = visit.says("request");
            (visit, request)
        }
    })
    .await;
    let request = std::fs::read(request).expect("the request");
    let row = trial.portal().row(&trial.topic().await.common_name()).await.expect("a row");
    let serial = trial.portal().renew(&row, "ApplePushInfo.txt", request).await.expect("renewed");
    let certificate = trial.path("by-hand.pem");
    std::fs::write(&certificate, trial.portal().download(&serial).await.expect("a download")).expect("saved");
    meanwhile(move || {
        visit.tell(&certificate);
        visit.says("done")
    })
    .await;
    out
}

/// Learns from a recording, as the person who made it, with every yes.
async fn learned(trial: &mut Trial, har: PathBuf) {
    trial.reconfigured(|text| {
        text.lines().filter(|line| !line.starts_with("console = ")).map(|line| format!("{line}\n")).collect()
    });
    let before = std::fs::read_to_string(&har).expect("a recording");
    let wish = console::Wish {
        har: har.clone(),
        fetch: true,
        upload: true,
        request_file: None,
        certificate_file: None,
        upload_field: None,
        out: Some(trial.path("learned.console.toml")),
        configuration: trial.config().to_owned(),
    };
    trial.person.there.set(true);
    trial.person.yes.set(true);
    let outcome = trial.live(async |world: &World<'_>| console::learn(world, &trial.tenant, &wish).await).await;
    trial.person.there.set(false);
    assert_eq!(kind(&outcome), Ok(None));
    assert!(!har.exists(), "it was deleted, with a yes");
    let profile = std::fs::read_to_string(trial.path("learned.console.toml")).expect("a profile");
    assert_no_secret(trial, &before, &profile);
    assert!(std::fs::read_to_string(trial.config()).expect("a configuration").contains("learned.console.toml"));
}

/// No password, session or anti-forgery value that the world has made up stands in the profile.
fn assert_no_secret(trial: &Trial, har: &str, profile: &str) {
    let password = std::fs::read_to_string(&trial.sandbox.announcement().password_file).expect("a password");
    assert!(har.contains(&password), "the recording has it");
    let made_up = |word: &&str| word.len() == 32 && word.chars().all(|c| c.is_ascii_hexdigit());
    let values: Vec<_> = har.split(|c: char| !c.is_ascii_alphanumeric()).filter(made_up).collect();
    assert!(values.len() > 3, "{}", values.len());
    assert!(values.into_iter().chain([password.as_str()]).all(|value| !profile.contains(value)), "{profile}");
}

/// A year later: the whole renewal, by what was learned.
async fn renews_a_year_later(trial: &Trial) {
    let before = (trial.deeds("request-made").len(), trial.uploads());
    trial.days_pass(NEARLY_A_YEAR);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)), "{:?}", trial.said.notes);
    let certificate = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(None), "{:?}", trial.said.notes);
    assert_eq!((trial.deeds("request-made").len(), trial.uploads()), (before.0 + 1, before.1 + 1));
    assert_eq!(trial.status().await.source, "console", "read back by what was learned");
}

/// And when the console has changed: nothing is tried, and a person is guided.
async fn is_guided_when_the_console_has_changed(trial: &Trial) {
    let before = (trial.deeds("request-made").len(), trial.uploads());
    trial.fault(r#"{"do":{"switch":"console-changed"}}"#);
    trial.days_pass(NEARLY_A_YEAR);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let notes = trial.said.notes.borrow();
    assert!(notes.iter().any(|note| note.contains("has changed")), "{notes:?}");
    assert_eq!((trial.deeds("request-made").len(), trial.uploads()), before);
    assert_eq!(trial.deeds("sign-in-refused").len(), 0, "a changed console is not a wrong password");
}

async fn recorded_learned_and_renewed(tenant: &str, switches: &[&str]) {
    if !browser_is_here() {
        return;
    }
    let mut trial = Trial::with(tenant).await;
    for switch in switches {
        trial.fault(&format!(r#"{{"do":{{"switch":"{switch}"}}}}"#));
    }
    let visit = whole_visit(&trial).await;
    for dialect in ["playwright.har", "devtools.har"] {
        learned(&mut trial, visit.join(dialect)).await;
        renews_a_year_later(&trial).await;
    }
    is_guided_when_the_console_has_changed(&trial).await;
}

#[tokio::test]
async fn cloud_with_calls_of_a_script() {
    recorded_learned_and_renewed("cloud", &[]).await;
}

#[tokio::test]
async fn cloud_with_a_download_by_form_and_an_upload_in_json() {
    recorded_learned_and_renewed("cloud", &["download-by-form", "json-upload"]).await;
}

#[tokio::test]
async fn cloud_with_the_name_on_a_page_of_its_own_and_an_upload_of_the_bare_file() {
    recorded_learned_and_renewed("cloud", &["two-step-sign-in", "raw-upload"]).await;
}

#[tokio::test]
async fn core_with_its_pair_in_a_script() {
    recorded_learned_and_renewed("core", &[]).await;
}

#[tokio::test]
async fn core_with_the_certificate_on_a_page_of_the_servers() {
    recorded_learned_and_renewed("core", &["server-page"]).await;
}

#[tokio::test]
async fn a_sign_in_by_an_identity_provider_is_named() {
    if !browser_is_here() {
        return;
    }
    for (tenant, protocol) in [("cloud", "SAML"), ("core", "OpenID Connect")] {
        let trial = Trial::with(tenant).await;
        trial.fault(r#"{"do":{"switch":"single-sign-on"}}"#);
        // Nobody deletes these recordings, and the trial's own room holds no secret at its end.
        let room = tempfile::tempdir().expect("a folder");
        let (name, world, out) = (tenant.to_owned(), trial.sandbox.announcement().clone(), room.path().to_owned());
        let folder = out.clone();
        meanwhile(move || Visit::begin(&name, &world, &folder, true).says("done")).await;
        assert!(!trial.deeds("certificate-read").is_empty(), "somebody is signed in, and sees the page");
        for dialect in ["playwright.har", "devtools.har"] {
            let wish = console::Wish {
                har: out.join(dialect),
                fetch: false,
                upload: false,
                request_file: None,
                certificate_file: None,
                upload_field: None,
                out: Some(trial.path("learned.console.toml")),
                configuration: trial.config().to_owned(),
            };
            let outcome = trial.live(async |world: &World<'_>| console::learn(world, &trial.tenant, &wish).await).await;
            assert_eq!(kind(&outcome), Err((Kind::Refused, "federated-sign-in")), "{tenant}, {dialect}");
            let said = outcome.expect_err("refused").message;
            assert!(said.contains(protocol), "{said}");
            assert!(!trial.path("learned.console.toml").exists());
        }
    }
}
