//! Servers that are slow, broken or lying: each has a name, an exit code and a hint; nothing is lost, and no secret is
//! told.

use pushcert::commands::{Kind, renew::Wish};

use crate::trial::{Trial, kind};

/// A fault, on which path, and what a renewal makes of it.
const TABLE: [(&str, Kind, &str); 14] = [
    (r#"{"where":"cloud","do":{"refuse":true}}"#, Kind::Temporary, "unavailable"),
    (r#"{"where":"cloud","do":{"reset_after":40}}"#, Kind::Temporary, "unavailable"),
    (r#"{"where":"cloud","do":{"tls":"wrong-name"}}"#, Kind::Failed, "not-trusted"),
    (r#"{"where":"cloud","do":{"tls":"expired"}}"#, Kind::Failed, "not-trusted"),
    (r#"{"where":"cloud","do":{"tls":"other-authority"}}"#, Kind::Failed, "not-trusted"),
    (r#"{"where":"cloud","match":"/admin/login","do":{"status":401}}"#, Kind::Waiting, "installed-unknown"),
    (r#"{"where":"cloud","match":"/admin/login","after":1,"do":{"status":401}}"#, Kind::SignIn, "sign-in-refused"),
    (
        r#"{"where":"cloud","match":"/admin/login","after":1,"do":{"body":"Sign-in failed","content_type":"text/html"}}"#,
        Kind::SignIn,
        "sign-in-refused",
    ),
    (
        r#"{"where":"cloud","match":"/admin/login","do":{"redirect":"https://elsewhere.example.com/"}}"#,
        Kind::Failed,
        "redirected-away",
    ),
    (r#"{"where":"cloud","match":"/admin/api","do":{"status":403}}"#, Kind::SignIn, "forbidden"),
    (
        r#"{"where":"cloud","match":"/admin/api","do":{"status":429,"headers":{"retry-after":"77"}}}"#,
        Kind::Temporary,
        "unavailable",
    ),
    (r#"{"where":"cloud","match":"/admin/api","do":{"status":503}}"#, Kind::Temporary, "unavailable"),
    (r#"{"where":"cloud","match":"/admin/login","do":{"delay_ms":20000}}"#, Kind::Temporary, "unavailable"),
    (r#"{"where":"cloud","do":{"drip":1}}"#, Kind::Temporary, "unavailable"),
];

#[tokio::test]
async fn every_fault_has_a_name_and_changes_nothing() {
    let trials = TABLE.iter().map(|(fault, wanted, code)| async move {
        let trial = Trial::with("cloud").await;
        trial.fault(fault);
        let outcome = trial.renew(Wish::default()).await;
        assert_eq!(kind(&outcome), Err((*wanted, *code)), "{fault}");
        let failure = outcome.expect_err("it failed");
        assert!(failure.hint.is_some(), "{fault}");
        assert_no_secret(&trial, &failure.message);
        assert_eq!((trial.history().await.len(), trial.uploads()), (0, 0), "{fault}");
    });
    for trial in trials {
        trial.await;
    }
}

fn assert_no_secret(trial: &Trial, text: &str) {
    let password = std::fs::read_to_string(&trial.sandbox.announcement().password_file).expect("a password");
    assert!(!text.contains(&password), "{text}");
}

#[tokio::test]
async fn answers_that_are_not_what_they_should_be_lead_to_the_guide() {
    for fault in [
        r#"{"where":"cloud","match":"/admin/api","do":{"status":200,"body":"<html>Sign in</html>","content_type":"text/html"}}"#,
        r#"{"where":"cloud","match":"/admin/api","do":{"status":200,"body":"{\"result\":","content_type":"application/json"}}"#,
        r#"{"where":"cloud","match":"/admin/api","do":{"status":200,"body":"{}","content_type":"text/plain"}}"#,
        r#"{"where":"cloud","match":"/admin/api","do":{"status":500}}"#,
    ] {
        let trial = Trial::with("cloud").await;
        trial.fault(fault);
        assert_eq!(kind(&trial.renew(Wish::default()).await), Err((Kind::Waiting, "installed-unknown")), "{fault}");
        assert!(trial.said.notes.borrow().iter().any(|note| note.contains("has changed")), "{fault}");
    }
}

#[tokio::test]
async fn device_lists_that_fail_do_not_stop_a_renewal() {
    for fault in [
        r#"{"where":"core","match":"/api/v2","do":{"status":404}}"#,
        r#"{"where":"core","match":"/api/v2","do":{"status":200,"body":"<html>","content_type":"text/html"}}"#,
        r#"{"where":"core","match":"/api/v2","do":{"truncate":100}}"#,
        r#"{"where":"core","match":"/api/v2","do":{"status":403}}"#,
    ] {
        let trial = Trial::with("core").await;
        trial.fault(fault);
        assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)), "{fault}");
        assert!(trial.said.notes.borrow().iter().any(|note| note.contains("Devices cannot be looked at")), "{fault}");
        let certificate = trial.renewed_at_the_portal().await;
        assert_eq!(kind(&trial.bring(&certificate).await), Ok(None), "{fault}");
    }
}

/// The console has taken the password a moment ago: an interface that does not is no wrong password, and stops nothing.
#[tokio::test]
async fn an_interface_that_wants_another_sign_in_than_the_console_stops_nothing() {
    for (tenant, path) in [("cloud", "/api/v1"), ("core", "/api/v2")] {
        let trial = Trial::with(tenant).await;
        trial.fault(&format!(r#"{{"where":"*","match":"{path}","do":{{"status":401}}}}"#));
        assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)), "{tenant}");
        assert!(trial.said.noted("it wants another sign-in for this, though it has taken this one"), "{tenant}");
        let certificate = trial.renewed_at_the_portal().await;
        assert_eq!(kind(&trial.bring(&certificate).await), Ok(None), "{tenant}");
        assert_eq!(trial.deeds("sign-in-refused").len(), 0, "{tenant}");
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again_in_its_own_time() {
    let trial = Trial::with("cloud").await;
    trial.fault(
        r#"{"where":"cloud","match":"/api/v1/device","times":1,"do":{"status":429,"headers":{"retry-after":"0"}}}"#,
    );
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert!(!trial.said.noted("cannot be looked at"), "{:?}", trial.said.notes);
}

#[tokio::test]
async fn both_forms_of_times_and_short_lists() {
    for switch in ["iso-times", "list-of-50"] {
        let trial = Trial::with("cloud").await;
        trial.fault(&format!(r#"{{"do":{{"switch":"{switch}"}}}}"#));
        assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
        assert!(trial.said.on_cards().contains("all 60 devices"), "{switch}: {}", trial.said.on_cards());
        let certificate = trial.renewed_at_the_portal().await;
        assert_eq!(kind(&trial.bring(&certificate).await), Ok(None), "{switch}");
        assert_eq!(trial.status().await.step.word(), "done", "{switch}");
    }
}

#[tokio::test]
async fn a_refused_password_is_not_tried_again_until_it_changes() {
    let mut trial = Trial::with("cloud").await;
    let wrong = trial.path("wrong");
    pushcert::world::files::write_private(&wrong, b"wrong").expect("written");
    let right = trial.sandbox.announcement().password_file.display().to_string();
    let (from, to) = (right.clone(), wrong.display().to_string());
    trial.reconfigured(|text| text.replace(&from, &to));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Err((Kind::SignIn, "sign-in-refused")));
    assert_eq!(trial.deeds("sign-in-refused").len(), 1);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Err((Kind::SignIn, "sign-in-refused-before")));
    let status = trial.status().await;
    assert!(status.not_asked.is_some());
    assert_eq!(trial.deeds("sign-in-refused").len(), 1, "accounts lock");
    trial.reconfigured(|text| text.replace(&to, &right));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
}

#[tokio::test]
async fn a_server_that_is_down_does_not_silence_a_known_date() {
    let trial = Trial::with("cloud").await;
    assert_eq!(trial.status().await.days_left, Some(21));
    trial.fault(r#"{"where":"cloud","do":{"refuse":true}}"#);
    trial.days_pass(4);
    let status = trial.status().await;
    assert_eq!((status.days_left, status.stale, status.not_asked.is_some()), (Some(17), true, true));
}

#[tokio::test]
async fn a_changed_profile_is_asked_about_again() {
    let mut trial = Trial::with("cloud").await;
    trial.reconfigured(|text| {
        let at = text.find("sha256 = \"").expect("a digest") + "sha256 = \"".len();
        format!("{}{}{}", &text[..at], "0".repeat(64), &text[at + 64..])
    });
    assert_eq!(kind(&trial.renew(Wish::default()).await), Err((Kind::Usage, "console-profile")));
    assert_eq!(trial.sandbox.record().len(), 0);
}

#[tokio::test]
async fn strict_servers_refuse_in_words() {
    let trial = Trial::with("cloud").await;
    trial.renew(Wish::default()).await.expect("at the portal");
    let certificate = trial.renewed_at_the_portal().await;
    trial.fault(r#"{"where":"cloud","match":"/admin/api/mdm-certificate","after":2,"times":1,"do":{"status":400,"body":"{\"errors\":{\"globalErrors\":[]},\"message\":\"No.\\u001b[2J\"}","content_type":"application/json"}}"#);
    let outcome = trial.bring(&certificate).await;
    assert_eq!(kind(&outcome), Err((Kind::Failed, "server-refused")));
    assert!(outcome.expect_err("refused").message.contains("No.\\u{1b}[2J"));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None), "tried again, it is taken");
}

#[tokio::test]
async fn without_a_configured_password_a_person_may_type_it() {
    let mut trial = Trial::with("cloud").await;
    let password = std::fs::read_to_string(&trial.sandbox.announcement().password_file).expect("a password");
    trial.reconfigured(|text| text.lines().filter(|line| !line.starts_with("password")).collect::<Vec<_>>().join("\n"));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Err((Kind::Waiting, "installed-unknown")), "nobody is there");
    trial.person.there.set(true);
    *trial.person.password.borrow_mut() = Some(password);
    assert_eq!(trial.status().await.days_left, Some(21));
}
