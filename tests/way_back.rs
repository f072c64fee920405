//! The way back, as stories.

use std::fs;

use pushcert::commands::{Kind, World, renew::Wish};

use crate::trial::{Trial, certificate, kind};

/// A tenant that was renewed, its old certificate taken along from the portal first, as the card says.
async fn renewed(tenant: &str) -> (Trial, std::path::PathBuf, std::path::PathBuf) {
    let trial = Trial::with(tenant).await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.on_cards().contains("First press Download"), "{}", trial.said.on_cards());
    let downloads = trial.path("Downloads");
    fs::create_dir(&downloads).expect("a folder");
    let old = trial.installed_today().await;
    fs::copy(&old, downloads.join("MDM_ MobileIron_Certificate.pem")).expect("copied");
    let watch = || Wish { downloads: Some(downloads.clone()), ..Wish::default() };
    assert_eq!(kind(&trial.renew(watch()).await), Ok(Some(Kind::Waiting)), "it is kept, and the new one is awaited");
    assert!(trial.said.noted("That is today's certificate"));
    let new = trial.renewed_at_the_portal().await;
    fs::copy(&new, downloads.join("MDM_ MobileIron_Certificate (1).pem")).expect("copied");
    assert_eq!(kind(&trial.renew(watch()).await), Ok(None));
    trial.days_pass(1);
    (trial, old, new)
}

#[tokio::test]
async fn where_nobody_knows_about_the_key_the_row_is_renewed_instead() {
    for tenant in ["cloud", "core"] {
        let (trial, ..) = renewed(tenant).await;
        let requests = trial.deeds("request-made").len();
        assert_eq!(kind(&trial.roll_back(Some("devices are silent")).await), Ok(Some(Kind::Waiting)));
        assert!(trial.said.noted("Nothing is put back: the server makes a key for each request"));
        assert!(trial.history().await.contains(&"rollback-not-possible".to_owned()));
        assert_eq!((trial.uploads(), trial.deeds("request-made").len()), (1, requests));
        let request = trial.path("ApplePushInfo.txt");
        fs::write(&request, trial.fetched_in_the_console().await).expect("written");
        let brought = Wish { request: Some(request), ..Wish::default() };
        assert_eq!(kind(&trial.renew(brought).await), Ok(Some(Kind::Waiting)));
        trial.days_pass(1);
        let cure = trial.renewed_at_the_portal().await;
        assert_eq!(kind(&trial.bring(&cure).await), Ok(None));
        assert_eq!(trial.status().await.problems, [""; 0]);
    }
}

#[tokio::test]
async fn a_rollback_that_is_not_possible_fetches_nothing_until_a_person_is_there() {
    let (trial, ..) = renewed("cloud").await;
    // The tenant lets jobs fetch; but the new certificate is odd, and the key that the server has is what reaches devices.
    let requests = trial.deeds("request-made").len();
    assert_eq!(kind(&trial.roll_back(Some("devices are silent")).await), Ok(Some(Kind::Waiting)));
    let waits_for = || trial.said.report.borrow().as_ref().and_then(|report| report.waiting_for);
    assert_eq!(waits_for(), Some("request"));
    assert!(trial.said.noted("a fetch may replace the key that the server uses now"), "{:?}", trial.said.notes);
    // Nor does tonight's job.
    trial.days_pass(1);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!((waits_for(), trial.deeds("request-made").len()), (Some("request"), requests));
    trial.seconds_pass(60);
    assert_eq!(kind(&trial.prove().await), Ok(None), "devices answer still");
    // In the morning somebody sits down; the run then waits at the portal with them.
    trial.person.there.set(true);
    tokio::select! {
        outcome = trial.renew(Wish::default()) => panic!("it waits: {:?}", kind(&outcome)),
        () = until(|| trial.deeds("request-made").len() > requests) => {}
    }
}

async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_server_that_keeps_its_keys_gets_the_previous_certificate_back() {
    let (mut trial, old, new) = renewed("cloud").await;
    trial.fault(r#"{"do":{"switch":"keeps-keys","on":true}}"#);
    trial.reconfigured(|text| text.replacen("mdm = ", "keeps_keys = true\nmdm = ", 1));
    assert_eq!(kind(&trial.roll_back(None).await), Err((Kind::Waiting, "not-confirmed")), "nobody confirmed it");
    assert_eq!(trial.uploads(), 1);
    assert_eq!(kind(&trial.roll_back(Some("the new one is odd")).await), Ok(None));
    assert_eq!(trial.uploads(), 2);
    let status = trial.status().await;
    assert_eq!(status.not_after, Some(certificate(&old).not_after));
    let history = trial.history().await;
    let back = ["rollback-begun", "upload-intended", "certificate-installed", "devices-answered", "renewal-closed"];
    assert!(history.ends_with(&back.map(str::to_owned)), "{history:?}");
    trial.days_pass(1);
    // And forward again: a way back is a journey like any other.
    assert_eq!(kind(&trial.roll_back(Some("it was not the certificate")).await), Ok(None));
    assert_eq!(trial.status().await.not_after, Some(certificate(&new).not_after));
}

#[tokio::test]
async fn a_first_refused_rollback_hides_nothing_from_a_second_one() {
    let (mut trial, old, _) = renewed("cloud").await;
    assert_eq!(kind(&trial.roll_back(Some("the new one is odd")).await), Ok(Some(Kind::Waiting)));
    trial.said.notes.borrow_mut().clear();
    assert_eq!(kind(&trial.roll_back(Some("the new one is odd")).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.noted("Nothing is put back: the server makes a key for each request"), "{:?}", trial.said.notes);
    // Then somebody finds out that this server keeps its keys.
    trial.fault(r#"{"do":{"switch":"keeps-keys","on":true}}"#);
    trial.reconfigured(|text| text.replacen("mdm = ", "keeps_keys = true\nmdm = ", 1));
    assert_eq!(kind(&trial.roll_back(Some("the new one is odd")).await), Ok(None));
    assert_eq!(trial.status().await.not_after, Some(certificate(&old).not_after));
    let history = trial.history().await;
    let back = ["renewal-abandoned", "rollback-begun", "upload-intended", "certificate-installed"];
    assert!(history.windows(back.len()).any(|lines| lines == back.map(str::to_owned)), "{history:?}");
}

#[tokio::test]
async fn the_fleet_is_looked_at_behind_the_last_change_while_another_renewal_is_open() {
    let (trial, ..) = renewed("cloud").await;
    trial.prove_fleet().await.expect("the change is on record");
    let changed = trial.said.fleet.borrow().map(|answers| answers.changed);
    assert_eq!(kind(&trial.renew(Wish { restart: true, ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    trial.said.fleet.borrow_mut().take();
    trial.prove_fleet().await.expect("and still is");
    assert_eq!(trial.said.fleet.borrow().map(|answers| answers.changed), changed);
}

#[tokio::test]
async fn the_waiver_and_the_reason_are_on_record() {
    let (mut trial, ..) = renewed("cloud").await;
    trial.reconfigured(|text| text.replacen("mdm = ", "keeps_keys = true\nmdm = ", 1));
    trial.roll_back(Some("because")).await.expect("rolled back");
    let lines = trial.live(async |world: &World<'_>| world.store.audit(&trial.tenant).await).await.expect("a record");
    let begun = lines.iter().find(|line| line.entry.what == "rollback-begun").expect("on record");
    assert_eq!(begun.entry.reason.as_deref(), Some("because"));
    assert_eq!(begun.entry.details.get("waived").map(String::as_str), Some("ends-earlier"));
    assert!(begun.entry.before.is_some() && begun.entry.after.is_some());
}

#[tokio::test]
async fn after_a_wrong_topic_of_the_same_request_the_right_one_is_put_back() {
    let (trial, _, right) = renewed("cloud").await;
    // From the very same request somebody has also pressed Create, and uploads that one: the server's key is the same.
    let wrong = trial.created_at_the_portal().await;
    trial.put_by_hand(&wrong).await;
    assert_eq!(kind(&trial.adopt(&wrong, None).await), Ok(None));
    assert!(trial.status().await.problems.contains(&"topic-changed"));
    assert_eq!(kind(&trial.roll_back(Some("wrong topic")).await), Ok(None));
    let status = trial.status().await;
    assert_eq!((status.topic, status.not_after), (certificate(&right).topic(), Some(certificate(&right).not_after)));
    assert_eq!(status.problems, [""; 0]);
}

#[tokio::test]
async fn a_previous_certificate_that_has_ended_is_no_way_back() {
    let (mut trial, ..) = renewed("cloud").await;
    trial.reconfigured(|text| text.replacen("mdm = ", "keeps_keys = true\nmdm = ", 1));
    trial.days_pass(40);
    assert_eq!(kind(&trial.roll_back(Some("late")).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.noted("would be refused (expired)"), "{:?}", trial.said.notes);
    assert_eq!(trial.uploads(), 1);
}

#[tokio::test]
async fn without_any_earlier_certificate_it_is_said() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.roll_back(Some("why not")).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.noted("no earlier certificate of cloud is on record"));
}
