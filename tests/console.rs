//! The console that is learned: from recordings to a profile, and what is said about it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use pushcert::commands::{Failure, Kind, World, renew::Wish};
use serde_json::Value;

use crate::{
    shell::{home, run, text},
    trial::{Trial, kind},
};

/// A home with a tenant at the fixtures' console.
struct Desk {
    home: tempfile::TempDir,
}

impl Desk {
    fn with(mdm: &str) -> Self {
        let desk = Self { home: home() };
        let folder = desk.at(".config/pushcert");
        fs::create_dir_all(&folder).expect("a folder");
        let table = format!(
            "[tenants.acme]\nmdm = \"{mdm}\"\nurl = \"https://console.example.com\"\nusername = \"push-api@example.com\"\n\
             password = {{ file = \"/nonexistent\" }}\napple_account = \"apple-push@example.com\"\n"
        );
        fs::write(desk.configuration(), table).expect("written");
        desk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn configuration(&self) -> PathBuf {
        self.at(".config/pushcert/pushcert.toml")
    }

    fn profile(&self) -> PathBuf {
        self.at(".config/pushcert/acme.console.toml")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.home.path(), arguments)
    }

    fn learn(&self, har: &Path, more: &[&str]) -> Output {
        let har = har.display().to_string();
        self.run(&[&["console", "learn", &har, "--tenant", "acme"], more].concat())
    }
}

fn recording(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings").join(name)
}

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_recording_becomes_a_private_profile_and_a_line() {
    let desk = Desk::with("mobileiron-cloud");
    let learned = desk.learn(&recording("cloud-devtools.har"), &["--allow", "fetch,upload", "-vv"]);
    assert_eq!(learned.status.code(), Some(0), "{}", said(&learned));
    let words = said(&learned);
    for wanted in [
        "sign in",
        "seen       GET /admin/api/mdm-certificate",
        "inferred",
        "password",
        "allow = [\"fetch\", \"upload\"]",
    ] {
        assert!(words.contains(wanted), "{wanted}: {words}");
    }
    assert!(words.contains("holds your password and your session"), "{words}");
    assert!(recording("cloud-devtools.har").exists(), "nobody said yes");
    for secret in ["sandbox-14b87c3e", "1f14ba5e1f14ba5e", "a5c3e1f7a5c3e1f7"] {
        assert!(text(&fs::read(recording("cloud-devtools.har")).expect("a recording")).contains(secret));
        let profile = fs::read_to_string(desk.profile()).expect("a profile");
        assert!(!words.contains(secret) && !profile.contains(secret), "{secret}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(desk.profile()).expect("a profile").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let line = words.lines().find(|line| line.trim_start().starts_with("console = ")).expect("a line");
    let before = fs::read_to_string(desk.configuration()).expect("a configuration");
    fs::write(desk.configuration(), format!("{before}{}\n", line.trim())).expect("written");
    let shown = desk.run(&["console", "show", "acme"]);
    assert_eq!(shown.status.code(), Some(0), "{}", said(&shown));
    assert!(said(&shown).contains("‹the script's variable csrfToken of /admin/login›"), "{}", said(&shown));
    let forgotten = desk.run(&["console", "forget", "acme"]);
    assert_eq!(forgotten.status.code(), Some(0), "{}", said(&forgotten));
    assert_eq!(fs::read_to_string(desk.configuration()).expect("a configuration"), before);
    assert!(!desk.profile().exists());
    assert_eq!(desk.run(&["console", "show", "acme"]).status.code(), Some(6));
    let history = desk.run(&["history", "acme"]);
    assert!(
        said(&history).contains("console-learned") && said(&history).contains("console-forgotten"),
        "{}",
        said(&history)
    );
}

#[test]
fn programs_get_what_people_get() {
    let desk = Desk::with("mobileiron-core");
    let output = desk.learn(&recording("core-playwright.har"), &["-o", "json"]);
    let line: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert_eq!(line["schema"], "pushcert/console-profile/1");
    assert_eq!(line["allowed"], serde_json::json!([]), "reading only, unless a person says more");
    let deeds = line["learned"]["deeds"].as_array().expect("deeds");
    let evidence: Vec<_> = deeds.iter().map(|deed| deed["evidence"].as_str().expect("a word")).collect();
    assert_eq!(evidence, ["seen", "seen", "seen", "inferred"]);
}

#[test]
fn another_profile_is_replaced_only_by_a_person() {
    let desk = Desk::with("mobileiron-cloud");
    assert_eq!(desk.learn(&recording("cloud-devtools.har"), &[]).status.code(), Some(0));
    let first = fs::read(desk.profile()).expect("a profile");
    assert_eq!(desk.learn(&recording("cloud-devtools.har"), &[]).status.code(), Some(0), "the same once more");
    let other = desk.learn(&recording("cloud-firefox.har"), &[]);
    assert_eq!(other.status.code(), Some(4), "{}", said(&other));
    assert_eq!(fs::read(desk.profile()).expect("a profile"), first);
    let beside = desk.at("other.toml").display().to_string();
    assert_eq!(desk.learn(&recording("cloud-firefox.har"), &["--out", &beside]).status.code(), Some(0));
}

#[test]
fn files_that_teach_nothing_are_refused_in_words() {
    let desk = Desk::with("mobileiron-cloud");
    let whole = fs::read(recording("cloud-firefox.har")).expect("a recording");
    let elsewhere = text(&whole).replace("console.example.com", "na2.example.com").into_bytes();
    let late =
        text(&whole).replace("\"name\": \"password\"", "\"name\": \"p\"").replace("&password=", "&p=").into_bytes();
    let cases: [(&str, &[u8], &str, &str); 8] = [
        ("empty.har", b"", "empty-file", "it is empty"),
        ("archive.har", b"PK\x03\x04\x14\0", "other-kind", "zip archive"),
        ("page.har", b"<!doctype html><title>Sign in</title>", "other-kind", "a web page"),
        ("words.har", b"hello there", "damaged", "no JSON"),
        ("other.har", b"{\"version\": 1}", "json-answer", "log.entries"),
        ("cut.har", &whole[..whole.len() / 2], "cut-off", "ends in the middle"),
        ("elsewhere.har", &elsewhere, "other-tenant", "na2.example.com (6)"),
        ("late.har", &late, "no-sign-in", "nobody signs in"),
    ];
    for (name, bytes, code, words) in cases {
        fs::write(desk.at(name), bytes).expect("written");
        let output = desk.learn(&desk.at(name), &["-o", "json"]);
        assert_eq!(output.status.code(), Some(3), "{name}: {}", said(&output));
        let error: Value = serde_json::from_slice(&output.stderr).expect("an error");
        assert_eq!(error["code"], code, "{name}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(words)), "{name}: {error}");
        assert!(error["hint"].is_string(), "{name}");
        assert!(!desk.profile().exists(), "{name}");
    }
    assert_eq!(desk.learn(&desk.at("none.har"), &[]).status.code(), Some(6));
    assert_eq!(desk.learn(desk.home.path(), &[]).status.code(), Some(3), "a folder");
    let large = fs::File::create(desk.at("large.har")).expect("a file");
    large.set_len((256 << 20) + 1).expect("a hole");
    let output = desk.learn(&desk.at("large.har"), &["-o", "json"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("too-large"), "{}", said(&output));
}

#[test]
fn a_profile_that_was_changed_or_broken_by_hand_is_named() {
    let desk = Desk::with("mobileiron-cloud");
    let learned = desk.learn(&recording("cloud-firefox.har"), &[]);
    let words = said(&learned);
    let line = words.lines().find(|line| line.trim_start().starts_with("console = ")).expect("a line");
    let before = fs::read_to_string(desk.configuration()).expect("a configuration");
    fs::write(desk.configuration(), format!("{before}{}\n", line.trim())).expect("written");
    let good = fs::read_to_string(desk.profile()).expect("a profile");
    for (from, to, code, words) in [
        ("/admin/login", "/admin/other", 4, "not the profile that was confirmed"),
        ("{csrf}", "{nobody}", 2, "nobody gives {nobody}"),
        ("path = \"/", "path = \"https://elsewhere.example/", 2, "none of the console's own"),
        ("schema", "scheme", 2, "unknown field"),
        ("method = \"GET\"", "method = \"DELETE\"", 2, "unknown variant"),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(desk.profile(), good.replacen(from, to, 1)).expect("written");
        let shown = desk.run(&["console", "show", "acme"]);
        assert_eq!(shown.status.code(), Some(code), "{to}: {}", said(&shown));
        assert!(said(&shown).contains(words), "{to}: {}", said(&shown));
    }
}

/// A tenant whose profile nobody has used, and whose configuration gives no word beforehand.
async fn at_the_portal_for_the_first_time() -> (Trial, PathBuf) {
    let mut trial = Trial::with("cloud").await;
    trial.renew(Wish::default()).await.expect("at the portal");
    let certificate = trial.renewed_at_the_portal().await;
    trial.fetches_nothing_unattended();
    (trial, certificate)
}

#[tokio::test]
async fn the_first_upload_needs_a_persons_yes_and_goes_on_record() {
    let (trial, certificate) = at_the_portal_for_the_first_time().await;
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(Some(Kind::Waiting)), "nobody is there: guided");
    assert_eq!(trial.uploads(), 0);
    trial.person.there.set(true);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)), "somebody says no: guided");
    assert_eq!(trial.uploads(), 0);
    trial.person.yes.set(true);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None));
    assert_eq!(trial.uploads(), 1);
    let history = trial.history().await;
    assert_eq!(history.iter().filter(|what| *what == "console-first-use").count(), 1, "{history:?}");
}

#[tokio::test]
async fn a_download_that_nobody_confirms_is_guided() {
    let mut trial = Trial::with("cloud").await;
    trial.fetches_nothing_unattended();
    trial.person.there.set(true);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!(trial.deeds("request-made").len(), 0, "no key is made without a yes");
    assert!(trial.said.on_cards().contains("Download"), "{}", trial.said.on_cards());
}

/// A console as it is learned: without the words of a refusal, which no recording of a success has.
async fn as_learned(tenant: &str) -> Trial {
    let mut trial = Trial::with(tenant).await;
    let folder = trial.sandbox.announcement().config.parent().expect("a folder").to_owned();
    let ready = fs::read_to_string(folder.join(format!("{tenant}.console.toml"))).expect("a profile");
    let bare: String =
        ready.lines().filter(|line| !line.starts_with("refused")).map(|line| format!("{line}\n")).collect();
    assert_ne!(bare, ready);
    let path = trial.path("bare.console.toml");
    pushcert::world::files::write_private(&path, bare.as_bytes()).expect("written");
    let digest = pushcert_papers::Fingerprint::of(bare.as_bytes());
    let line = format!(
        "console = {{ profile = {:?}, sha256 = \"{digest}\", allow = [\"fetch\", \"upload\"] }}",
        path.display().to_string()
    );
    let tables = |text: String| {
        text.lines()
            .map(|old| if old.starts_with("console = ") { format!("{line}\n") } else { format!("{old}\n") })
            .collect()
    };
    trial.reconfigured(tables);
    trial
}

#[tokio::test]
async fn a_wrong_password_is_no_changed_console() {
    for tenant in ["cloud", "core"] {
        let mut trial = as_learned(tenant).await;
        let wrong = trial.path("wrong");
        pushcert::world::files::write_private(&wrong, b"wrong").expect("written");
        let right = trial.sandbox.announcement().password_file.display().to_string();
        trial.reconfigured(|text| text.replace(&right, &wrong.display().to_string()));
        assert_eq!(kind(&trial.renew(Wish::default()).await), Err((Kind::SignIn, "sign-in-refused")), "{tenant}");
        assert_eq!(
            kind(&trial.renew(Wish::default()).await),
            Err((Kind::SignIn, "sign-in-refused-before")),
            "{tenant}"
        );
        assert_eq!(trial.deeds("sign-in-refused").len(), 1, "{tenant}: accounts lock");
    }
}

/// A sign-in that works, and a call that is then not allowed, says nothing against the password: it is not remembered as
/// refused, and the devices are asked by it in the same run.
#[tokio::test]
async fn a_call_that_refuses_the_session_is_no_wrong_password() {
    for (tenant, path) in [("cloud", "/admin/api"), ("core", "/mifs/admin/ud.html")] {
        let trial = as_learned(tenant).await;
        trial.fault(&format!(r#"{{"where":"*","match":"{path}","do":{{"status":401}}}}"#));
        for _ in 0..2 {
            assert_eq!(
                kind(&trial.renew(Wish::default()).await),
                Err((Kind::Waiting, "installed-unknown")),
                "{tenant}"
            );
            assert!(trial.said.noted("the sign-in works, and then it does not take the session"), "{tenant}");
        }
        assert_eq!(trial.deeds("devices-listed").len(), 2, "{tenant}: the same password, not called wrong");
        trial.fault(r#"{"where":"*","match":"/api/v","after":1,"do":{"status":401}}"#);
        let outcome = trial.prove().await;
        assert_eq!(kind(&outcome), Err((Kind::SignIn, "forbidden")), "{tenant}: {outcome:?}");
        trial.well_again();
        assert_eq!(kind(&trial.prove().await), Ok(None), "{tenant}: nothing was remembered against it");
    }
}

/// Servers end sessions that rest; a person at Apple's portal may take an hour, while one run waits.
#[tokio::test]
async fn a_session_that_has_become_old_is_begun_anew() {
    for tenant in ["cloud", "core"] {
        let trial = Trial::with(tenant).await;
        trial
            .live(async |world: &World<'_>| {
                let server = world.servers.connect(world.tenant(&trial.tenant)?).await?;
                for rest in [0, 60, 3_600] {
                    trial.seconds_pass(rest);
                    server.mdm.installed().await?;
                }
                Ok::<_, Failure>(())
            })
            .await
            .expect("it is read each time");
        assert_eq!(trial.deeds("sign-in").len(), 2, "{tenant}: and only when it is needed");
    }
}

#[tokio::test]
async fn a_changed_console_is_no_refusal_and_a_refusal_no_changed_console() {
    for (tenant, fault, words) in [
        ("cloud", r#"{"do":{"switch":"console-changed"}}"#, "there is no _csrf"),
        ("core", r#"{"do":{"switch":"console-changed"}}"#, "there is no csrfKey"),
        ("cloud", r#"{"do":{"switch":"single-sign-on"}}"#, "signs people in at 127.0.0.1 (SAML)"),
        ("core", r#"{"do":{"switch":"single-sign-on"}}"#, "signs people in at 127.0.0.1 (OpenID Connect)"),
        ("cloud", r#"{"where":"cloud","match":"/admin/api","do":{"status":404}}"#, "with status 404"),
        (
            "cloud",
            r#"{"where":"cloud","match":"/admin/api","do":{"redirect":"/admin/login"}}"#,
            "with its sign-in page",
        ),
    ] {
        let trial = as_learned(tenant).await;
        trial.fault(fault);
        assert_eq!(kind(&trial.renew(Wish::default()).await), Err((Kind::Waiting, "installed-unknown")), "{fault}");
        let notes = trial.said.notes.borrow();
        assert!(notes.iter().any(|note| note.contains("has changed") && note.contains(words)), "{fault}: {notes:?}");
        assert!(trial.deeds("sign-in-refused").is_empty());
    }
    let trial = as_learned("cloud").await;
    trial.renew(Wish::default()).await.expect("at the portal");
    let certificate = trial.renewed_at_the_portal().await;
    trial.fault(r#"{"where":"cloud","match":"/admin/api/mdm-certificate","after":2,"times":1,"do":{"status":400,"body":"{\"errors\":{\"globalErrors\":[{\"message\":\"Not this one.\"}]}}","content_type":"application/json"}}"#);
    let outcome = trial.bring(&certificate).await;
    assert_eq!(kind(&outcome), Err((Kind::Failed, "server-refused")));
    assert!(outcome.expect_err("refused").message.contains("Not this one."));
}

/// Two hundred megabytes, most of it pictures and what other hosts sent: it is read piece by piece, in a room that would
/// not hold it, and teaches what it teaches without them.
#[cfg(target_os = "linux")]
#[test]
fn a_recording_of_two_hundred_megabytes() {
    const PICTURE: usize = 1 << 20;
    const ROOM_IN_KILOBYTES: usize = 150 << 10;
    let desk = Desk::with("mobileiron-cloud");
    let whole = text(&fs::read(recording("cloud-firefox.har")).expect("a recording"));
    let at = whole.find("\"entries\": [").expect("entries") + "\"entries\": [".len();
    let picture = format!(
        r#"{{"request":{{"method":"GET","url":"https://HOST/p.png","headers":[]}},"response":{{"status":200,"headers":[],"content":{{"mimeType":"image/png","encoding":"base64","text":"{}"}}}}}},"#,
        "A".repeat(PICTURE)
    );
    let mut large = std::io::BufWriter::new(fs::File::create(desk.at("large.har")).expect("a file"));
    let mut put = |part: &str| std::io::Write::write_all(&mut large, part.as_bytes()).expect("written");
    put(&whole[..at]);
    for host in ["console.example.com", "cdn.example.net"].iter().cycle().take(200) {
        put(&picture.replace("HOST", host));
    }
    put(&whole[at..]);
    drop(large);
    assert!(fs::metadata(desk.at("large.har")).expect("a file").len() > 200 << 20);
    let line = format!(
        "ulimit -v {ROOM_IN_KILOBYTES}; exec '{}' console learn '{}' --tenant acme",
        env!("CARGO_BIN_EXE_pushcert"),
        desk.at("large.har").display()
    );
    let output =
        Command::new("sh").args(["-c", &line]).env("HOME", desk.home.path()).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(desk.profile().exists() && said(&output).contains("cdn.example.net"), "{}", said(&output));
}
