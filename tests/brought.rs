//! Files that a person brings at a moment when nobody asked for them, or brings the wrong one.

use std::{fs, path::PathBuf};

use pushcert::commands::{
    Kind,
    install::install,
    renew::{Accept, Wish},
};

use crate::trial::{Trial, kind};

/// A renewal that is all done but for the devices' answers.
async fn installed() -> Trial {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let renewed = trial.renewed_at_the_portal().await;
    let outcome = trial.live(async |world| install(world, &trial.tenant, renewed, Accept::default()).await).await;
    assert_eq!(kind(&outcome), Ok(None));
    trial
}

fn page(trial: &Trial) -> PathBuf {
    let page = trial.path("signed-out.pem");
    fs::write(&page, "<!DOCTYPE html><title>Sign in</title>").expect("written");
    page
}

#[tokio::test]
async fn a_file_is_looked_at_though_the_renewal_has_its_certificate() {
    let trial = installed().await;
    let its_own = trial.path("its-own.pem");
    fs::copy(trial.path("renewed.pem"), &its_own).expect("copied");
    let created = trial.created_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&created).await), Err((Kind::Refused, "topic-changed")));
    assert_eq!(kind(&trial.bring(&page(&trial)).await), Err((Kind::Refused, "html-page")));
    assert_eq!(trial.history().await.iter().filter(|what| *what == "certificate-refused").count(), 2);
    // A second one from the same row is as good; but this renewal has one.
    let another = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&another).await), Err((Kind::Refused, "certificate-waiting")));
    let wish = Wish { request: Some(page(&trial)), ..Wish::default() };
    assert_eq!(kind(&trial.renew(wish).await), Err((Kind::Refused, "certificate-waiting")));
    assert_eq!(kind(&trial.bring(&its_own).await), Ok(None), "its own once more is no mistake");
    assert_eq!(trial.uploads(), 1);
}

#[tokio::test]
async fn a_file_that_is_refused_opens_no_renewal() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.bring(&page(&trial)).await), Err((Kind::Refused, "html-page")));
    assert_eq!(trial.history().await, ["certificate-refused"], "on record, and nothing else");
    // So the next run begins at the beginning, with a request.
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.on_cards().contains("ApplePushInfo.txt"), "{}", trial.said.on_cards());
}

#[tokio::test]
async fn a_file_that_is_refused_does_not_do_away_with_the_request() {
    let mut trial = Trial::with("cloud").await;
    trial.fetches_nothing_unattended();
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)), "the request is still to come");
    assert_eq!(kind(&trial.bring(&page(&trial)).await), Err((Kind::Refused, "html-page")));
    assert!(!trial.history().await.iter().any(|what| what == "request-made-elsewhere"));
}

#[tokio::test]
async fn todays_certificate_is_kept_and_is_no_mistake() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let today = trial.installed_today().await;
    for _ in 0..2 {
        assert_eq!(kind(&trial.bring(&today).await), Ok(Some(Kind::Waiting)), "the new one is still to come");
    }
    let history = trial.history().await;
    assert_eq!(history.iter().filter(|what| *what == "present-certificate-kept").count(), 1);
    assert!(!history.iter().any(|what| what == "certificate-refused"), "{history:?}");
    let renewed = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&renewed).await), Ok(None));
}

#[tokio::test]
async fn todays_certificate_that_comes_late_is_no_mistake_either() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let today = trial.installed_today().await;
    let renewed = trial.renewed_at_the_portal().await;
    trial.fault(r#"{"where":"cloud","match":"/admin/api/mdm-certificate","after":2,"times":1,"do":{"status":503}}"#);
    assert!(trial.bring(&renewed).await.is_err(), "the upload does not go through");
    assert_eq!(trial.status().await.step.word(), "install");
    assert_eq!(kind(&trial.bring(&today).await), Ok(None), "it is kept, and the new one goes on its way");
    let history = trial.history().await;
    assert!(history.contains(&"present-certificate-kept".to_owned()) && trial.uploads() == 1, "{history:?}");
}

#[tokio::test]
async fn what_was_uploaded_by_hand_meanwhile_is_not_said_to_be_sent() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let renewed = trial.renewed_at_the_portal().await;
    trial.put_by_hand(&renewed).await;
    let by_hand = trial.uploads();
    assert_eq!(kind(&trial.bring(&renewed).await), Ok(None));
    assert_eq!(trial.uploads(), by_hand);
    let steps = trial.said.steps.borrow();
    assert!(steps.iter().any(|(_, detail)| detail.contains("this tool sent nothing")), "{steps:?}");
}

#[tokio::test]
async fn a_refusal_is_told_to_programs_with_all_its_findings() {
    let trial = Trial::with("cloud").await;
    let page = page(&trial);
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_pushcert"));
    command.arg("--config").arg(trial.config()).arg("--store").arg(trial.path("state/pushcert.sqlite"));
    command
        .args(["renew", "cloud", "--no-input", "-o", "json", "--certificate"])
        .arg(page)
        .env("HOME", trial.path("home"));
    let output = command.output().await.expect("it runs");
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!((&told["schema"], &told["verdict"]), (&"pushcert/check/1".into(), &"refuse".into()));
    assert_eq!(told["findings"][0]["code"], "html-page");
}
