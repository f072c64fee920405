//! Hand-over: who can still renew next year, and what a person takes along to another machine.

use std::{fs, path::Path};

use pushcert::commands::{Kind, renew::Wish};
use pushcert_papers::{Fingerprint, TenantName, renewal::Rehearsal};

use crate::{
    shell::{run, text},
    trial::{Trial, certificate, kind},
};

#[tokio::test]
async fn once_a_year_the_way_to_the_row_is_rehearsed() {
    let trial = Trial::with("cloud").await;
    assert_eq!(trial.status().await.problems, ["account-not-rehearsed"]);
    assert_eq!(kind(&trial.rehearse(None).await), Ok(Some(Kind::Waiting)));
    let card = trial.said.on_cards();
    assert!(card.contains("Press Download") && !card.contains("Press Renew"), "{card}");
    let row = trial.installed_today().await;
    assert_eq!(kind(&trial.rehearse(Some(&row)).await), Ok(None));
    assert_eq!(trial.said.rehearsed.borrow().as_ref().map(|found| found.result), Some(Rehearsal::Installed));
    assert_eq!(trial.status().await.problems, [""; 0]);
    assert_eq!(trial.history().await, ["rehearsed"]);
    let kept = certificate(&row).sha256;
    let backup = trial.live(async |world: &pushcert::commands::World<'_>| world.store.artefact(&kept).await).await;
    assert_eq!(backup.expect("read"), Some(certificate(&row).der), "the file is kept as the backup");
    assert_eq!((trial.uploads(), trial.deeds("request-made").len()), (0, 0));
    trial.days_pass(366);
    assert!(trial.status().await.problems.contains(&"account-not-rehearsed"), "a year has passed");
}

#[tokio::test]
async fn a_rehearsal_finds_a_renewal_that_was_never_installed() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let newer = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.rehearse(Some(&newer)).await), Ok(None));
    assert_eq!(trial.said.rehearsed.borrow().as_ref().map(|found| found.result), Some(Rehearsal::Newer));
}

#[tokio::test]
async fn a_rehearsal_on_the_wrong_row_proves_nothing() {
    let mut trial = Trial::with("core").await;
    let other = trial.installed_today().await;
    trial.tenant = TenantName::parse("cloud").expect("a name");
    assert_eq!(kind(&trial.rehearse(Some(&other)).await), Err((Kind::Refused, "topic-changed")));
    assert_eq!(trial.history().await, ["rehearsal-failed"]);
    assert_eq!(trial.status().await.problems, ["account-not-rehearsed"]);
}

#[tokio::test]
async fn no_word_of_a_rehearsal_asks_for_a_renewal() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let (wrong, request) = (trial.created_at_the_portal().await, trial.path("request.txt"));
    fs::write(&request, trial.request()).expect("written");
    assert_eq!(kind(&trial.rehearse(Some(&wrong)).await), Err((Kind::Refused, "topic-changed")));
    assert_eq!(kind(&trial.rehearse(Some(&request)).await), Err((Kind::Refused, "push-request")));
    let remedies = trial.said.remedies.borrow().join("\n");
    assert!(remedies.contains("press Download in the row"), "{remedies}");
    assert!(!remedies.contains("Renew") && !remedies.contains("--request"), "{remedies}");
}

#[tokio::test]
async fn an_older_certificate_of_the_same_row_proves_nothing() {
    let trial = Trial::with("cloud").await;
    let old = trial.installed_today().await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    trial.days_pass(1);
    let new = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&new).await), Ok(None));
    trial.days_pass(366);
    assert_eq!(kind(&trial.rehearse(Some(&old)).await), Ok(Some(Kind::Refused)));
    assert_eq!(trial.said.rehearsed.borrow().as_ref().map(|found| found.result), Some(Rehearsal::Older));
    assert!(trial.history().await.ends_with(&["rehearsal-failed".to_owned()]));
    assert!(trial.status().await.problems.contains(&"account-not-rehearsed"));
}

#[tokio::test]
async fn a_rehearsal_needs_no_server() {
    let trial = Trial::with("cloud").await;
    assert_eq!(trial.status().await.state, "warning");
    trial.fault(r#"{"where":"cloud","do":{"refuse":true}}"#);
    let row = trial.installed_today().await;
    assert_eq!(kind(&trial.rehearse(Some(&row)).await), Ok(None));
    assert_eq!(trial.said.rehearsed.borrow().as_ref().map(|found| found.result), Some(Rehearsal::Installed));
}

#[tokio::test]
async fn an_account_that_would_leave_with_a_person_is_named() {
    let mut trial = Trial::with("cloud").await;
    trial.reconfigured(|text| text.replace("apple-push@example.com", "anna.b@gmail.com"));
    assert_eq!(trial.status().await.problems, ["account-personal"]);
    trial.reconfigured(|text| text.replace("apple_account = \"anna.b@gmail.com\"\n", ""));
    assert_eq!(trial.status().await.problems, ["account-unknown"]);
}

#[tokio::test]
async fn people_are_told_about_accounts_once_for_all_tenants() {
    let trial = Trial::with("cloud").await;
    trial.status().await;
    let config = trial.sandbox.announcement().config.display().to_string();
    let store = trial.path("state/pushcert.sqlite").display().to_string();
    let said = run(&trial.path(""), &["status", "--offline", "--config", &config, "--store", &store]);
    let said = text(&said.stdout);
    assert_eq!(said.matches("account-not-rehearsed: cloud, core").count(), 1, "{said}");
    assert_eq!(said.matches("pushcert rehearse TENANT").count(), 1, "{said}");
    let said = run(&trial.path(""), &["help", "account-not-rehearsed"]);
    assert!(text(&said.stdout).contains("pushcert rehearse TENANT"));
}

/// Everything in a folder, carried to another machine.
fn carried(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the hand-off folder").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

#[tokio::test]
async fn the_hand_off_folder_alone_suffices_on_another_machine() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let folder = trial.said.report.borrow().as_ref().and_then(|report| report.handoff.clone()).expect("a folder");
    let elsewhere = trial.path("another machine");
    carried(Path::new(&folder), &elsewhere);
    let request = fs::read(elsewhere.join("ApplePushInfo.txt")).expect("the request");
    let (text, page) = (elsewhere.join("card.txt"), elsewhere.join("card.html"));
    let topic = trial.topic().await;
    for card in [text, page] {
        let card = fs::read_to_string(card).expect("a card");
        let digest = Fingerprint::of(&request).to_string();
        let wanted = [
            topic.as_str(),
            &topic.common_name(),
            "apple-push@example.com",
            "IT Operations",
            "ApplePushInfo.txt",
            &digest,
            "never Create",
            "pushcert renew cloud --certificate FILE",
            "Bring back",
        ];
        for word in wanted {
            assert!(card.contains(word), "{word} in {card}");
        }
        assert!(!card.contains(&folder), "a path of this machine is of no use there: {card}");
        assert!(!card.contains("<script") && !card.contains("src="), "{card}");
    }
    let portal = trial.portal();
    let row = portal.row(&topic.common_name()).await.expect("a row");
    let serial = portal.renew(&row, "ApplePushInfo.txt", request).await.expect("renewed");
    let brought = trial.downloaded(&serial, "brought back.pem").await;
    assert_eq!(kind(&trial.bring(&brought).await), Ok(None));
}

#[tokio::test]
async fn the_card_shows_a_head_that_finds_a_cut_record() {
    let trial = Trial::with("core").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let folder = trial.said.report.borrow().as_ref().and_then(|report| report.handoff.clone()).expect("a folder");
    let card = fs::read_to_string(Path::new(&folder).join("card.txt")).expect("a card");
    let line = card.lines().find(|line| line.contains("Record so far")).expect("a head");
    let head = line.split_whitespace().last().expect("a digest").to_owned();
    let whole = trial
        .live(async |world: &pushcert::commands::World<'_>| {
            world.store.verify_audit(&trial.tenant, Some(&head)).await.expect("a record")
        })
        .await;
    assert_eq!(whole.broken, None);
}

#[tokio::test]
async fn an_air_gapped_site_does_the_whole_renewal_with_files() {
    let mut trial = Trial::with("cloud").await;
    // What somebody carries in: the installed certificate, and the request that the console gave.
    let (installed, request) = (trial.installed_today().await, trial.path("ApplePushInfo.txt"));
    let topic = certificate(&installed).topic().expect("a topic");
    fs::write(&request, trial.fetched_in_the_console().await).expect("written");
    trial.reconfigured(|text| {
        let authorities = text.lines().find(|line| line.starts_with("authorities")).expect("authorities").to_owned();
        format!("[tenants.vault]\nmdm = \"neurons\"\nurl = \"https://127.0.0.1\"\napple_account = \"push@example.com\"\n{authorities}\n")
    });
    trial.tenant = TenantName::parse("vault").expect("a name");
    let asked = trial.sandbox.record().len();
    assert_eq!(kind(&trial.adopt(&installed, Some(topic.clone())).await), Ok(None));
    assert_eq!(kind(&trial.renew(Wish { request: Some(request), ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    let folder = trial.said.report.borrow().as_ref().and_then(|report| report.handoff.clone()).expect("a folder");
    // Out: the folder. Back in: the certificate.
    let row = trial.portal().row(&topic.common_name()).await.expect("a row");
    let serial = trial.portal().renew(&row, "ApplePushInfo.txt", trial.request()).await.expect("renewed");
    let brought = trial.downloaded(&serial, "brought.pem").await;
    assert_eq!(kind(&trial.bring(&brought).await), Ok(Some(Kind::Waiting)));
    // Out to the console's machine: the checked certificate, and its card.
    let page = fs::read_to_string(Path::new(&folder).join("upload.html")).expect("a card");
    let end = certificate(&brought).not_after;
    assert!(page.contains(&end.date()) && page.contains("Upload Certificate"), "{page}");
    let checked = Path::new(&folder).join(format!("vault-ends-{}.pem", end.iso_date()));
    assert_eq!(fs::read(&checked).expect("checked"), fs::read(&brought).expect("brought"));
    assert_eq!(kind(&trial.adopt(&checked, None).await), Ok(None));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None));
    let status = trial.status().await;
    assert_eq!((status.state, status.step.word(), &status.problems[..]), ("ok", "done", &[][..]));
    let by_the_person = trial.sandbox.record().len() - asked;
    assert_eq!(by_the_person, 3, "only the person went to the portal: list, upload, download");
}
