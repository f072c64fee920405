//! The clients: each product's own rules, and what a server may spring on them.

use pushcert::{
    commands::{Failure, Kind, renew::Wish},
    mdm::Scope,
};

use pushcert_papers::watch::AfterChange;

use crate::trial::{Trial, kind};

/// Every way to a server's devices: the tenant, and what is configured for it.
const WAYS: [(&str, &str); 6] = [
    ("cloud", ""),
    ("cloud", "devices = \"cps\""),
    ("core", ""),
    ("core", "devices = \"cps\""),
    ("core", "devices = \"v1\""),
    ("core", "# hosted"),
];

async fn on_the_way((tenant, lines): (&str, &str), devices: usize) -> Trial {
    let mut trial = Trial::with_devices(tenant, devices).await;
    trial.configured_with(lines);
    if lines == "# hosted" {
        let address = trial.sandbox.announcement().core.clone();
        let (from, to) = (format!("url = \"{address}\""), format!("url = \"{address}/rest\""));
        trial.reconfigured(|text| text.replace(&from, &to));
    }
    trial
}

fn code(failure: &Failure) -> (Kind, &'static str) {
    (failure.kind, failure.code)
}

#[tokio::test]
async fn every_way_leads_to_the_same_devices() {
    for way in WAYS {
        for devices in [0, 1, 50, 51, 120] {
            let trial = on_the_way(way, devices).await;
            let fleet = trial.fleet().await.expect("a fleet");
            assert_eq!((fleet.devices.len(), fleet.whole), (devices, true), "{way:?}");
            let newest = fleet.recent(3);
            assert!(newest.iter().all(|device| device.last_check_in.is_some()), "{way:?}");
            assert!(newest.is_sorted_by(|one, next| one.last_check_in >= next.last_check_in), "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_hundred_thousand_devices() {
    for tenant in ["cloud", "core"] {
        let trial = Trial::with_devices(tenant, 100_000).await;
        let fleet = trial.fleet().await.expect("a fleet");
        assert_eq!((fleet.devices.len(), fleet.count()), (100_000, Some(100_000)), "{tenant}");
        let pages = trial.deeds("devices-listed").len();
        assert!(pages <= 206, "five hundred a page: {pages}");
    }
}

#[tokio::test]
async fn all_spaces_are_counted_and_what_was_not_is_said() {
    let mut trial = Trial::with("cloud").await;
    trial.fault(r#"{"do":{"switch":"two-spaces"}}"#);
    let fleet = trial.fleet().await.expect("a fleet");
    assert_eq!((fleet.devices.len(), &fleet.scope, fleet.count()), (60, &Scope::Spaces(2), Some(60)));
    assert_eq!(kind(&trial.prove().await), Ok(None), "devices of both spaces can be looked at again");
    trial.fault(r#"{"where":"cloud","match":"/api/v1/tenant/partition","times":2,"do":{"status":403}}"#);
    let fleet = trial.fleet().await.expect("the default space");
    assert_eq!((fleet.devices.len(), &fleet.scope, fleet.count()), (40, &Scope::Default, None));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.notes.borrow().iter().any(|note| note.contains("in the default space")));
    assert!(trial.said.on_cards().contains("every device"), "no number that leaves some out");
    trial.configured_with("space = \"40932\"");
    let fleet = trial.fleet().await.expect("one space");
    assert_eq!((fleet.devices.len(), fleet.count()), (20, None));
}

#[tokio::test]
async fn what_servers_spring_on_clients() {
    for switch in ["gdpr", "iso-times", "list-of-50", "object-results"] {
        let trial = Trial::with_devices("cloud", 120).await;
        trial.fault(&format!(r#"{{"do":{{"switch":"{switch}"}}}}"#));
        assert_eq!(trial.fleet().await.expect("a fleet").devices.len(), 120, "{switch}");
        assert_eq!(kind(&trial.prove().await), Ok(None), "{switch}");
    }
}

#[tokio::test]
async fn a_list_that_shows_the_same_page_again_is_no_fleet() {
    let trial = Trial::with_devices("cloud", 1_200).await;
    trial.fault(r#"{"do":{"switch":"same-page"}}"#);
    let failure = trial.fleet().await.expect_err("no end");
    assert_eq!(code(&failure), (Kind::Failed, "not-understood"));
    assert!(failure.message.contains("same page"), "{}", failure.message);
}

#[tokio::test]
async fn a_list_that_breaks_off_is_told_as_a_part() {
    let trial = Trial::with_devices("core", 1_200).await;
    trial.fault(
        r#"{"where":"core","match":"/api/v2/devices","after":1,"do":{"status":429,"headers":{"retry-after":"600"}}}"#,
    );
    let fleet = trial.fleet().await.expect("a part");
    assert_eq!((fleet.devices.len(), fleet.whole, fleet.count()), (500, false, None));
}

#[tokio::test]
async fn the_role_that_is_missing_is_named() {
    for (way, path, role) in [
        (WAYS[0], "/api/v1", "a role that may see the devices"),
        (WAYS[1], "/msa", "the CPS role"),
        (WAYS[2], "/api/v2", "View dashboard, device page, device details"),
        (WAYS[3], "/msa", "the CPS role"),
        (WAYS[4], "/api/v1", "role: API"),
    ] {
        let trial = on_the_way(way, 3).await;
        let body =
            r#"{\"messages\":[{\"messageKey\":\"com.mobileiron.no\",\"localizedMessage\":\"Nein.\\u001b[2J\"}]}"#;
        trial.fault(&format!(
            r#"{{"where":"*","match":"{path}","do":{{"status":403,"body":"{body}","content_type":"application/json"}}}}"#
        ));
        let failure = trial.fleet().await.expect_err("forbidden");
        assert_eq!(code(&failure), (Kind::SignIn, "forbidden"), "{way:?}");
        assert!(failure.hint.as_deref().is_some_and(|hint| hint.contains(role)), "{:?}", failure.hint);
        assert!(failure.message.contains("Nein.\\u{1b}[2J (com.mobileiron.no)"), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_by_every_way() {
    for way in WAYS {
        let mut trial = on_the_way(way, 600).await;
        let wrong = trial.path("wrong");
        pushcert::world::files::write_private(&wrong, b"wrong").expect("written");
        let right = trial.sandbox.announcement().password_file.display().to_string();
        trial.reconfigured(|text| text.replace(&right, &wrong.display().to_string()));
        assert_eq!(code(&trial.fleet().await.expect_err("refused")), (Kind::SignIn, "sign-in-refused"), "{way:?}");
        assert_eq!(trial.sandbox.record().len(), 1, "{way:?}");
        assert_eq!(kind(&trial.prove().await), Err((Kind::SignIn, "sign-in-refused")), "{way:?}");
        assert_eq!(kind(&trial.prove().await), Err((Kind::SignIn, "sign-in-refused-before")), "{way:?}");
        assert_eq!(trial.sandbox.record().len(), 2, "{way:?}: a refusal is remembered across runs");
    }
}

#[tokio::test]
async fn a_sign_in_page_under_status_200_is_a_refusal() {
    let trial = Trial::with("core").await;
    trial.fault(
        r#"{"where":"core","match":"/api","do":{"status":200,"body":"<html>Login Failed</html>","content_type":"text/html"}}"#,
    );
    assert_eq!(code(&trial.fleet().await.expect_err("refused")), (Kind::SignIn, "sign-in-refused"));
}

#[tokio::test]
async fn no_device_matched_is_no_error_in_the_older_interface() {
    let trial = on_the_way(WAYS[4], 0).await;
    let record = |trial: &Trial| trial.sandbox.record().iter().map(|entry| entry.status).collect::<Vec<_>>();
    assert_eq!(trial.fleet().await.expect("none").devices.len(), 0);
    assert!(!record(&trial).is_empty());
    trial.fault(r#"{"where":"core","match":"/api/v1","do":{"status":404}}"#);
    assert_eq!(trial.fleet().await.expect("none").devices.len(), 0);
    let other = on_the_way(WAYS[2], 3).await;
    other.fault(r#"{"where":"core","match":"/api/v2","do":{"status":404}}"#);
    let failure = other.fleet().await.expect_err("a wrong address");
    assert_eq!(code(&failure), (Kind::NotFound, "not-there"));
    assert!(failure.hint.is_some_and(|hint| hint.contains("/rest")));
}

#[tokio::test]
async fn devices_that_have_answered_in_this_very_second_answer_once_more() {
    for tenant in ["cloud", "core"] {
        let trial = Trial::with(tenant).await;
        trial.renew(Wish::default()).await.expect("at the portal");
        let certificate = trial.renewed_at_the_portal().await;
        assert_eq!(kind(&trial.bring(&certificate).await), Ok(None));
        let (outcome, ()) = tokio::join!(trial.prove(), async {
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            trial.seconds_pass(1);
        });
        assert_eq!(kind(&outcome), Ok(None), "{tenant}");
        assert!(!trial.history().await.contains(&"devices-silent".to_owned()), "{tenant}");
    }
}

#[tokio::test]
async fn the_day_after_is_compared_with_the_day_before() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.prove_fleet().await), Err((Kind::NotFound, "no-change")));
    trial.renew(Wish::default()).await.expect("at the portal");
    let certificate = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(None));
    let seen = |trial: &Trial| trial.said.fleet.borrow().expect("a fleet");
    trial.prove_fleet().await.expect("an early look");
    trial.days_pass(1);
    assert_eq!(trial.status().await.next.command.as_deref(), Some("pushcert prove cloud --fleet"));
    assert_eq!(kind(&trial.prove_fleet().await), Ok(None));
    let answers = seen(&trial);
    assert_eq!(
        (answers.verdict, answers.after.of, answers.before.map(|before| before.of)),
        (AfterChange::Answers, 60, Some(60))
    );
    assert_eq!(trial.status().await.next.command, None, "asked and answered");
}

#[tokio::test]
async fn a_fleet_that_fell_silent_is_seen_the_day_after() {
    let trial = Trial::with("cloud").await;
    trial.renew(Wish::default()).await.expect("at the portal");
    let certificate = trial.renewed_at_the_portal().await;
    trial.bring(&certificate).await.expect("installed");
    // Somebody presses Revoke at the portal, and no device hears the server any more.
    trial.revoke_the_row().await;
    trial.days_pass(1);
    assert_eq!(kind(&trial.prove_fleet().await), Ok(Some(Kind::Temporary)), "silence is inconclusive");
    let verdict = trial.said.fleet.borrow().expect("a fleet").verdict;
    assert!(matches!(verdict, AfterChange::Fewer | AfterChange::Silent), "{verdict:?}");
    assert_eq!(kind(&trial.prove().await), Ok(Some(Kind::Temporary)));
    let alive = trial.said.alive.borrow();
    assert!(alive.len() > 1, "it is looked again and again, and said: {alive:?}");
    assert!(alive[0].contains("Asked 3 devices to check in; 0 answered so far"), "{alive:?}");
}

#[tokio::test]
async fn a_server_is_not_asked_by_many_at_once() {
    let trial = Trial::with_devices("cloud", 1).await;
    trial.fault(r#"{"where":"cloud","match":"/api/v1/tenant","do":{"delay_ms":150}}"#);
    let begun = std::time::Instant::now();
    let asked = (0..12).map(|_| trial.fleet());
    let fleets = futures_util::future::join_all(asked).await;
    assert!(fleets.iter().all(Result::is_ok));
    assert!(begun.elapsed().as_millis() >= 450, "four at a time");
}

#[tokio::test]
async fn the_one_public_request_of_core_reads_a_date() {
    let mut trial = Trial::with("core").await;
    trial.reconfigured(|text| text.lines().filter(|line| !line.starts_with("console")).collect::<Vec<_>>().join("\n"));
    trial.configured_with("experimental_read = true");
    let status = trial.status().await;
    assert_eq!((status.days_left, status.source), (Some(21), "core"), "{:?}", status.not_asked);
    assert_eq!(trial.deeds("certificate-read").len(), 1);
    trial.fault(r#"{"where":"core","match":"/mifs/admin/ud.html","do":{"status":404}}"#);
    let status = trial.status().await;
    assert!(status.not_asked.is_some_and(|why| why.contains("has changed")), "a release that does not answer it");
}

#[tokio::test]
async fn paths_of_attacks_are_never_asked() {
    let mut trial = Trial::with("core").await;
    let profile = trial.path("evil.toml");
    let text = std::fs::read_to_string(trial.sandbox.announcement().config.with_file_name("core.console.toml"))
        .expect("a profile")
        .replace("/mifs/admin/ud.html", "/mifs/%61ad/api/v2/ping");
    std::fs::write(&profile, &text).expect("written");
    let digest = pushcert_papers::Fingerprint::of(text.as_bytes());
    trial.reconfigured(|config| {
        let line = format!("console = {{ profile = \"{}\", sha256 = \"{digest}\" }}", profile.display());
        config
            .lines()
            .map(|old| if old.starts_with("console") { line.as_str() } else { old })
            .collect::<Vec<_>>()
            .join("\n")
    });
    // Both tenants have that profile now; Core's is the one that is asked.
    assert_eq!(kind(&trial.renew(Wish::default()).await), Err((Kind::Usage, "path-never-asked")));
    assert!(trial.sandbox.record().iter().all(|entry| !entry.path.contains("aad")));
}
