//! Renewals, as stories.

use std::fs;

use pushcert::commands::{
    Kind, World, prove,
    renew::{Accept, Wish},
};
use pushcert_papers::Code;

use crate::trial::{Trial, certificate, kind};

/// Runs until a person is needed at the portal.
async fn at_the_portal(tenant: &str) -> Trial {
    let trial = Trial::with(tenant).await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    trial
}

#[tokio::test]
async fn a_renewal_on_both_servers() {
    for tenant in ["cloud", "core"] {
        let trial = at_the_portal(tenant).await;
        assert!(trial.said.on_cards().contains("Press Renew"), "{}", trial.said.on_cards());
        let certificate = trial.renewed_at_the_portal().await;
        assert_eq!(kind(&trial.bring(&certificate).await), Ok(None), "{tenant}");
        assert_eq!(trial.uploads(), 1);
        let steps: Vec<_> = trial.said.steps.borrow().iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [1, 3, 4, 5]);
        let status = trial.status().await;
        assert_eq!((status.state, status.step.word(), status.problems.len()), ("ok", "done", 0));
        assert_eq!(status.enrolled_topic, status.topic, "{tenant}");
        let history = trial.history().await;
        assert_eq!(
            history,
            [
                "renewal-begun",
                "request-intended",
                "request-kept",
                "request-handed-off",
                "certificate-accepted",
                "upload-intended",
                "certificate-installed",
                "devices-answered",
                "renewal-closed"
            ]
        );
    }
}

#[tokio::test]
async fn what_is_not_due_is_left_alone() {
    let trial = at_the_portal("cloud").await;
    let certificate = trial.renewed_at_the_portal().await;
    trial.bring(&certificate).await.expect("renewed");
    let made = trial.deeds("request-made").len();
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None));
    assert_eq!(trial.deeds("request-made").len(), made);
    trial.days_pass(330);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)), "a year later it is due again");
}

#[tokio::test]
async fn created_instead_of_renewed_is_refused_and_the_right_one_still_goes_through() {
    let trial = at_the_portal("cloud").await;
    let created = trial.created_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&created).await), Err((Kind::Refused, "topic-changed")));
    assert_eq!((trial.uploads(), trial.said.codes.borrow().contains(&Code::TopicChanged)), (0, true));
    assert!(trial.history().await.contains(&"certificate-refused".to_owned()));
    let renewed = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&renewed).await), Ok(None));
    assert_eq!(trial.uploads(), 1);
}

#[tokio::test]
async fn only_both_typed_words_let_another_topic_through() {
    let trial = at_the_portal("cloud").await;
    let created = trial.created_at_the_portal().await;
    let wish = |topic: Option<pushcert_papers::Topic>, reason: Option<&str>| Wish {
        certificate: Some(created.clone()),
        accept: Accept { topic_change: topic, reason: reason.map(str::to_owned), ..Accept::default() },
        ..Wish::default()
    };
    trial.person.there.set(true);
    trial.person.yes.set(true);
    let old = trial.topic().await;
    let new = certificate_topic(&created);
    for (topic, reason) in [(None, Some("because")), (Some(new.clone()), None), (Some(old), Some("because"))] {
        assert_eq!(kind(&trial.renew(wish(topic, reason)).await), Err((Kind::Refused, "topic-changed")));
    }
    assert_eq!(trial.uploads(), 0);
    assert_eq!(kind(&trial.renew(wish(Some(new), Some("all devices enrol anew"))).await), Ok(None));
    assert_eq!(trial.uploads(), 1);
    let status = trial.status().await;
    assert_eq!(
        status.problems,
        ["topic-changed", "proof-pending", "account-not-rehearsed"],
        "the devices still listen to the old one"
    );
}

fn certificate_topic(path: &std::path::Path) -> pushcert_papers::Topic {
    certificate(path).topic().expect("a topic")
}

#[tokio::test]
async fn a_newer_request_makes_the_older_certificate_useless() {
    let trial = at_the_portal("cloud").await;
    let certificate = trial.renewed_at_the_portal().await;
    let restart = Wish { restart: true, ..Wish::default() };
    assert_eq!(kind(&trial.renew(restart).await), Ok(Some(Kind::Waiting)));
    assert_eq!(kind(&trial.bring(&certificate).await), Err((Kind::Refused, "key-mismatch")));
    assert_eq!(trial.uploads(), 0);
    let certificate = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(None));
}

#[tokio::test]
async fn every_wrong_file_is_named_and_the_journey_waits_on() {
    let trial = at_the_portal("core").await;
    let request = trial.path("request.pem");
    fs::write(&request, trial.request()).expect("written");
    let page = trial.path("page.pem");
    fs::write(&page, "<!DOCTYPE html><title>Sign in</title>").expect("written");
    for (file, code) in [(&request, "push-request"), (&page, "html-page")] {
        assert_eq!(kind(&trial.bring(file).await), Err((Kind::Refused, code)));
    }
    assert_eq!(kind(&trial.bring(&trial.path("none.pem")).await), Err((Kind::NotFound, "unreadable")));
    assert_eq!((trial.uploads(), trial.status().await.step.word()), (0, "portal"));
}

#[tokio::test]
async fn the_certificate_of_another_tenant_is_sent_there() {
    let mut trial = at_the_portal("cloud").await;
    trial.tenant = pushcert_papers::TenantName::parse("core").expect("a name");
    let core = trial.installed_today().await;
    trial.tenant = pushcert_papers::TenantName::parse("cloud").expect("a name");
    assert_eq!(kind(&trial.bring(&core).await), Err((Kind::Refused, "topic-changed")));
    assert!(trial.said.codes.borrow().contains(&Code::OtherTenant));
}

#[tokio::test]
async fn a_wrong_topic_installed_last_week_is_cured_without_an_override() {
    let trial = at_the_portal("cloud").await;
    let wrong = trial.created_at_the_portal().await;
    trial.put_by_hand(&wrong).await;
    let status = trial.status().await;
    assert_eq!((status.state, status.problems.contains(&"topic-changed")), ("ok", true));
    let right = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&right).await), Ok(None));
    assert_eq!(trial.status().await.problems, [""; 0]);
}

#[tokio::test]
async fn a_lost_answer_is_read_back_and_nothing_is_sent_twice() {
    let trial = at_the_portal("cloud").await;
    let certificate = trial.renewed_at_the_portal().await;
    trial.fault(r#"{"where":"cloud","match":"/admin/api/mdm-certificate","after":2,"times":1,"do":{"truncate":0}}"#);
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(None));
    assert_eq!(trial.uploads(), 1);
}

#[tokio::test]
async fn an_upload_that_did_not_arrive_is_sent_once_more_and_no_oftener() {
    let trial = at_the_portal("cloud").await;
    let certificate = trial.renewed_at_the_portal().await;
    // The look before the upload goes well; the upload itself is answered with nothing that can be read, and not done.
    trial.fault(r#"{"where":"cloud","match":"/admin/api/mdm-certificate","after":2,"times":1,"do":{"status":200,"body":"{\"result\":","content_type":"application/json"}}"#);
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(None));
    assert_eq!(trial.uploads(), 1);
    let intended = trial.history().await.iter().filter(|what| *what == "upload-intended").count();
    assert_eq!(intended, 2);
}

#[tokio::test]
async fn a_changed_console_falls_back_to_the_guide_and_adopt_goes_on() {
    let trial = at_the_portal("cloud").await;
    let certificate = trial.renewed_at_the_portal().await;
    trial.fault(r#"{"where":"cloud","match":"/admin/api","do":{"status":404}}"#);
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.on_cards().contains("Upload Certificate"));
    assert_eq!(
        (trial.uploads(), trial.said.report.borrow().as_ref().and_then(|report| report.waiting_for)),
        (0, Some("upload"))
    );
    assert_eq!(kind(&trial.adopt(&certificate, None).await), Ok(None));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None));
    // In truth nobody uploaded it, and the old certificate is still in date: devices answer all the same. That is why a
    // proof by devices does not replace the read-back, and why the record says that a person said so.
    assert!(trial.history().await.ends_with(&["devices-answered".into(), "renewal-closed".into()]));
    assert_eq!(trial.uploads(), 0);
}

#[tokio::test]
async fn a_manual_tenant_is_guided_through_every_step() {
    let mut trial = at_the_portal("cloud").await;
    let request = trial.path("ApplePushInfo.txt");
    fs::write(&request, trial.request()).expect("written");
    let old = trial.installed_today().await;
    trial.reconfigured(|text| {
        let authorities = text.lines().find(|line| line.starts_with("authorities")).expect("authorities").to_owned();
        format!("[tenants.byhand]\nmdm = \"manual\"\nurl = \"https://127.0.0.1\"\n{authorities}\n")
    });
    trial.tenant = pushcert_papers::TenantName::parse("byhand").expect("a name");
    let outcome = trial.renew(Wish::default()).await;
    assert_eq!(kind(&outcome), Err((Kind::Waiting, "topic-unknown")));
    let topic = certificate_topic(&old);
    assert_eq!(kind(&trial.adopt(&old, Some(topic.clone())).await), Ok(None));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!(trial.said.report.borrow().as_ref().and_then(|report| report.waiting_for), Some("request"));
    let with_request = Wish { request: Some(request), ..Wish::default() };
    assert_eq!(kind(&trial.renew(with_request).await), Ok(Some(Kind::Waiting)));
    let row = trial.portal().row(&topic.common_name()).await.expect("a row");
    let serial = trial.portal().renew(&row, "ApplePushInfo.txt", trial.request()).await.expect("renewed");
    let certificate = trial.path("new.pem");
    let downloaded = trial.portal().download(&serial).await.expect("a download");
    let letter = [b"Dear colleague,\n", &downloaded[..], b"\n", &trial.authorities()].concat();
    fs::write(&certificate, letter).expect("saved");
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(Some(Kind::Waiting)));
    let handed = trial.handed("byhand-ends-");
    assert_eq!(handed.trim_ascii(), downloaded.trim_ascii(), "the certificate alone is handed on");
    assert_eq!(kind(&trial.adopt(&certificate, None).await), Ok(None));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None));
    let status = trial.status().await;
    assert_eq!((status.state, status.step.word(), status.source), ("ok", "done", "file"));
}

#[tokio::test]
async fn a_colleague_who_has_only_the_certificate() {
    let trial = at_the_portal("cloud").await;
    let certificate = trial.renewed_at_the_portal().await;
    // Another machine, which knows nothing of the request.
    fs::remove_dir_all(trial.path("state")).expect("the state goes");
    assert_eq!(kind(&trial.bring(&certificate).await), Err((Kind::Refused, "key-not-compared")));
    assert_eq!(trial.uploads(), 0);
    trial.person.there.set(true);
    trial.person.yes.set(true);
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(None));
    assert_eq!(trial.uploads(), 1);
}

#[tokio::test]
async fn a_named_downloads_folder_is_looked_through_once_where_nobody_is() {
    let trial = at_the_portal("cloud").await;
    let downloads = trial.path("Downloads");
    fs::create_dir(&downloads).expect("a folder");
    let wish = || Wish { downloads: Some(downloads.clone()), ..Wish::default() };
    fs::write(downloads.join("holiday.txt"), "sun").expect("written");
    assert_eq!(kind(&trial.renew(wish()).await), Ok(Some(Kind::Waiting)));
    let created = trial.created_at_the_portal().await;
    fs::copy(created, downloads.join("MDM_ MobileIron_Certificate.pem")).expect("copied");
    assert_eq!(kind(&trial.renew(wish()).await), Err((Kind::Refused, "topic-changed")));
    let renewed = trial.renewed_at_the_portal().await;
    fs::copy(renewed, downloads.join("MDM_ MobileIron_Certificate (1).pem")).expect("copied");
    assert_eq!(kind(&trial.renew(wish()).await), Ok(None), "the right one is found among them");
    assert_eq!(trial.uploads(), 1);
}

#[tokio::test]
async fn a_person_downloads_while_the_tool_watches() {
    let trial = at_the_portal("core").await;
    let downloads = trial.path("Downloads");
    fs::create_dir(&downloads).expect("a folder");
    trial.person.there.set(true);
    let renewed = trial.renewed_at_the_portal().await;
    let wish = Wish { downloads: Some(downloads.clone()), ..Wish::default() };
    let download = async {
        // The card is shown before the watch begins, and says that it does.
        while trial.said.cards.borrow().len() < 2 {
            tokio::task::yield_now().await;
        }
        fs::copy(renewed, downloads.join("new.pem")).expect("copied");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        outcome = trial.renew(wish) => assert_eq!(kind(&outcome), Ok(None)),
        () = download => {}
    }
    assert_eq!(trial.uploads(), 1);
}

#[tokio::test]
async fn a_first_certificate_is_only_for_a_server_without_any() {
    let trial = Trial::with("cloud").await;
    trial.person.there.set(true);
    trial.person.yes.set(true);
    let outcome = trial.renew(Wish { first: true, ..Wish::default() }).await;
    assert_eq!(kind(&outcome), Err((Kind::Refused, "not-a-first-certificate")));
    assert_eq!(trial.deeds("request-made").len(), 0);
}

#[tokio::test]
async fn a_dry_run_touches_nothing() {
    let trial = Trial::with("core").await;
    assert_eq!(kind(&trial.renew(Wish { dry_run: true, ..Wish::default() }).await), Ok(None));
    assert!(trial.said.notes.borrow().iter().any(|note| note.contains("Nothing was done")));
    assert_eq!((trial.history().await.len(), trial.deeds("request-made").len()), (0, 0));
}

#[tokio::test]
async fn silent_devices_prove_nothing_and_are_asked_again() {
    let trial = at_the_portal("cloud").await;
    let certificate = trial.renewed_at_the_portal().await;
    trial.fault(r#"{"where":"cloud","match":"/api/v1/device/forceCheckin","times":1,"do":{"status":403}}"#);
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(None));
    assert_eq!((trial.status().await.step.word(), trial.status().await.problems), ("prove", vec!["proof-pending"]));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None));
    assert_eq!(trial.status().await.step.word(), "done");
}

#[tokio::test]
async fn devices_are_asked_at_any_time() {
    for tenant in ["cloud", "core"] {
        let trial = Trial::with(tenant).await;
        assert_eq!(kind(&trial.prove().await), Ok(None), "{tenant}");
        // Nothing reaches a device once the certificate has ended, and silence is no verdict.
        trial.days_pass(40);
        assert_eq!(kind(&trial.prove().await), Ok(Some(Kind::Temporary)), "{tenant}");
        assert_eq!(trial.history().await, ["devices-answered", "devices-silent"], "{tenant}");
        trial.fault(&format!(r#"{{"where":"{tenant}","do":{{"status":503}}}}"#));
        assert!(trial.prove().await.is_err(), "{tenant}");
    }
}

#[tokio::test]
async fn a_proof_that_was_pending_closes_the_renewal() {
    let trial = at_the_portal("cloud").await;
    let certificate = trial.renewed_at_the_portal().await;
    trial.fault(r#"{"where":"cloud","match":"/api/v1/device/forceCheckin","times":1,"do":{"status":403}}"#);
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(None));
    assert_eq!(kind(&trial.prove().await), Ok(None));
    assert!(!trial.status().await.problems.contains(&"proof-pending"));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None));
    assert_eq!(trial.status().await.step.word(), "done");
}

#[tokio::test]
async fn the_row_is_missing() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish { row_missing: true, ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    let card = trial.said.on_cards();
    assert!(card.contains(&trial.topic().await.common_name()) && card.contains("Create would give another topic"));
    assert_eq!(trial.sandbox.record().len(), 0, "nothing was asked of the server");
}

#[tokio::test]
async fn another_run_holds_the_tenant() {
    let trial = Trial::with("cloud").await;
    let outcome = trial
        .live(async |world: &pushcert::commands::World<'_>| {
            let _held = world.store.lock(&trial.tenant, trial.now()).await.expect("held");
            pushcert::commands::renew::renew(world, &trial.tenant, Wish::default()).await
        })
        .await;
    assert_eq!(kind(&outcome), Err((Kind::Busy, "busy")));
    assert_eq!(trial.deeds("request-made").len(), 0);
}

#[tokio::test]
async fn a_device_that_is_not_there_is_named() {
    for tenant in ["cloud", "core"] {
        let trial = Trial::with(tenant).await;
        let there = trial.fleet().await.expect("a fleet").recent(1).remove(0).id;
        let ask = async |devices: Vec<String>| {
            let wish = prove::Wish { devices, ..prove::Wish::default() };
            trial.live(async |world: &World<'_>| prove::prove(world, &trial.tenant, &wish).await).await
        };
        assert_eq!(kind(&ask(vec![there.clone()]).await), Ok(None), "{tenant}");
        let absent = ask(vec![there, "123".into()]).await;
        assert_eq!(kind(&absent), Err((Kind::NotFound, "device-unknown")), "{tenant}");
        assert!(absent.expect_err("it is not there").message.contains("123"), "{tenant}");
    }
}
