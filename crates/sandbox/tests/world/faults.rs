//! The control: the clock, the faults, the record, and what is never let in.

use std::{fs, time::Duration};

use pushcert_sandbox::{Options, World};
use reqwest::{Method, redirect::Policy};
use serde_json::{Value, json};

use crate::visit::{Visit, trusting};

async fn control(visit: &Visit, server: &str, what: &str, body: &str) -> (u16, String) {
    let asked = visit.ask(Method::POST, server, &format!("/_sandbox/{what}")).body(body.to_owned());
    let answer = asked.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test]
async fn the_clock_moves_from_every_address() {
    let visit = Visit::begin().await;
    for (server, body, wanted) in [
        ("cloud", r#"{"now":"2026-02-27T12:00:00Z"}"#, "2026-02-27T12:00:00Z"),
        ("core", r#"{"advance_days":2}"#, "2026-03-01T12:00:00Z"),
        ("portal", r#"{"advance_seconds":-60}"#, "2026-03-01T11:59:00Z"),
        ("apns", "{}", "2026-03-01T11:59:00Z"),
    ] {
        let (status, answer) = control(&visit, server, "clock", body).await;
        assert_eq!((status, answer), (200, json!({ "now": wanted }).to_string()), "{server}");
    }
}

#[tokio::test]
async fn words_that_make_no_sense_are_answered_with_a_sentence() {
    let visit = Visit::begin().await;
    for (what, body, word) in [
        ("clock", "{", "EOF"),
        ("clock", r#"{"now":"2026-02-30T00:00:00Z"}"#, "2026-02-27T12:00:00Z"),
        ("clock", r#"{"later":1}"#, "unknown field"),
        ("faults", "tomorrow", "a fault is JSON"),
        ("faults", r#"{"where":"clod","do":{"status":500}}"#, "there is no place"),
        ("faults", r#"{"where":"cloud","do":{}}"#, "nothing is to happen"),
        ("faults", r#"{"where":"cloud","do":{"status":42}}"#, "200 to 599"),
        ("faults", r#"{"do":{"switch":"strickt"}}"#, "there is no switch"),
        ("faults", r#"{"do":{"explode":true}}"#, "unknown field"),
    ] {
        let (status, answer) = control(&visit, "cloud", what, body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer.contains(word) && answer.ends_with('\n'), "{body}: {answer}");
    }
}

#[tokio::test]
async fn answers_fail_as_they_are_told() {
    let visit = Visit::begin().await;
    let fault = json!([
        { "where": "portal", "match": "/a", "do": { "status": 503, "body": "later", "content_type": "text/x", "headers": { "retry-after": "7" } } },
        { "where": "portal", "match": "/b", "do": { "redirect": "https://elsewhere.example/" } },
        { "where": "portal", "match": "/pushcert/", "after": 1, "times": 1, "do": { "truncate": 10 } },
        { "where": "portal", "match": "/c", "do": { "headers": { "x-odd": "yes" } } },
    ]);
    assert_eq!(control(&visit, "core", "faults", &fault.to_string()).await, (200, r#"{"faults":4}"#.into()));
    let http = trusting(&visit.world).redirect(Policy::none()).build().expect("a client");
    let get = async |path: &str| http.get(format!("{}{path}", visit.origin("portal"))).send().await.expect("an answer");
    let busy = get("/a/b").await;
    assert_eq!((busy.status().as_u16(), &busy.headers()["retry-after"] == "7"), (503, true));
    assert_eq!((&busy.headers()["content-type"] == "text/x", busy.text().await.expect("text")), (true, "later".into()));
    let away = get("/b").await;
    assert_eq!((away.status().as_u16(), &away.headers()["location"] == "https://elsewhere.example/"), (302, true));
    assert_eq!(get("/c").await.headers()["x-odd"], "yes");
    let mut sizes = vec![];
    for _ in 0..3 {
        sizes.push(get("/pushcert/").await.bytes().await.expect("a page").len());
    }
    assert!(sizes[0] > 1_000 && sizes[1] == 10 && sizes[2] == sizes[0], "the second one, once: {sizes:?}");
    assert_eq!(control(&visit, "core", "faults", r#"{"clear":true}"#).await.0, 200);
    assert_eq!(get("/a/b").await.status(), 404);
}

#[tokio::test]
async fn connections_fail_as_they_are_told() {
    for (fault, whole) in
        [(json!({ "refuse": true }), false), (json!({ "reset_after": 200 }), false), (json!({ "drip": 100_000 }), true)]
    {
        let visit = Visit::begin().await;
        visit.fault(json!({ "where": "portal", "do": fault }));
        let answer = visit.ask(Method::GET, "portal", "/pushcert/").send().await;
        let page = match answer {
            Ok(answer) => answer.text().await.ok(),
            Err(_) => None,
        };
        assert_eq!(page.is_some(), whole, "{fault}");
    }
}

#[tokio::test]
async fn certificates_of_tls_are_wrong_as_they_are_told() {
    for kind in ["wrong-name", "expired", "other-authority"] {
        let visit = Visit::begin().await;
        visit.fault(json!({ "where": "cloud", "times": 1, "do": { "tls": kind } }));
        let refused = visit.ask(Method::GET, "cloud", "/admin/login").send().await;
        assert!(refused.is_err_and(|error| error.is_connect()), "{kind}");
        assert!(visit.ask(Method::GET, "cloud", "/admin/login").send().await.is_ok(), "{kind}: only once");
    }
}

#[tokio::test]
async fn an_answer_that_comes_late_finds_nobody() {
    let visit = Visit::begin().await;
    visit.fault(json!({ "where": "core", "do": { "delay_ms": 600_000 } }));
    let asked = visit.ask(Method::GET, "core", "/mifs/login.jsp").timeout(Duration::from_millis(50));
    assert!(asked.send().await.is_err_and(|error| error.is_timeout()));
}

#[tokio::test]
async fn only_loopback_names_are_let_in() {
    let visit = Visit::begin().await;
    for (host, wanted) in
        [("elsewhere.example", 421), ("127.0.0.1.elsewhere.example", 421), ("localhost", 200), ("127.0.0.1:1", 200)]
    {
        let asked = visit.ask(Method::GET, "portal", "/pushcert/").header("host", host);
        assert_eq!(asked.send().await.expect("an answer").status().as_u16(), wanted, "{host}");
    }
    let announced = visit.world.announcement();
    for address in [&announced.cloud, &announced.core, &announced.portal] {
        assert!(address.starts_with("https://127.0.0.1:"), "{address}");
    }
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let visit = Visit::begin().await;
    let form = crate::visit::upload_form("create", "", "a.txt", &vec![b'a'; 2 << 20]);
    let answer = visit.ask(Method::POST, "portal", "/pushcert/upload").multipart(form).send().await;
    // Either the refusal is read, or the connection is already closed.
    let taken = match answer {
        Ok(answer) => answer.text().await.is_ok_and(|page| page.contains("Confirmation")),
        Err(_) => false,
    };
    assert!(!taken);
    assert!(visit.deeds().iter().all(|deed| *deed != "certificate-issued"));
}

#[tokio::test]
async fn the_record_is_json_on_every_address() {
    let visit = Visit::begin().await;
    visit.list().await;
    let asked = visit.ask(Method::GET, "cloud", "/_sandbox/record");
    let record: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
    let wanted = json!([{ "at": "2027-01-15T08:00:00Z", "tenant": "portal", "method": "GET", "path": "/pushcert/", "status": 200 }]);
    assert_eq!(record, wanted, "the control itself is not on record");
}

#[tokio::test]
async fn a_folder_can_be_used_again_and_secrets_are_the_owners() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state");
    for _ in 0..2 {
        let world = World::start(Options { state: Some(state.clone()), devices: 1, ..Options::default() });
        let world = world.await.expect("a world");
        assert!(world.announcement().config.is_absolute());
        world.stop().await;
    }
    #[cfg(unix)]
    for (path, wanted) in [(state.clone(), 0o700), (state.join("password"), 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode, wanted, "{}", path.display());
    }
    assert!(state.join("pushcert.toml").is_file());
}

#[tokio::test]
async fn a_world_that_has_ended_answers_nobody() {
    let visit = Visit::begin().await;
    visit.list().await;
    let (http, portal) = (visit.http.clone(), visit.world.announcement().portal.clone());
    let folder = visit.world.announcement().config.clone();
    visit.world.stop().await;
    assert!(http.get(portal).send().await.is_err(), "not on a connection that was open, either");
    assert!(!folder.exists(), "its temporary folder has gone");
}

#[tokio::test]
async fn the_profiles_are_those_that_the_configuration_names() {
    let visit = Visit::begin().await;
    let config = fs::read_to_string(&visit.world.announcement().config).expect("a configuration");
    let config: toml::Table = config.parse().expect("TOML");
    for server in ["cloud", "core"] {
        let console = &config["tenants"][server]["console"];
        let profile = fs::read(console["profile"].as_str().expect("a path")).expect("a profile");
        let digest = openssl::hash::hash(openssl::hash::MessageDigest::sha256(), &profile).expect("a digest");
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(console["sha256"].as_str(), Some(digest.as_str()), "{server}");
        let profile: toml::Table = String::from_utf8(profile).expect("text").parse().expect("TOML");
        assert_eq!(profile["schema"].as_str(), Some("pushcert/console/1"));
    }
}
