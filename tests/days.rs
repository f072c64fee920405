//! The days that are not like the others, as stories.

use std::fs;

use pushcert::commands::{
    Kind, World, adopt,
    renew::{Accept, Wish},
};
use pushcert_papers::{Code, TenantName};
use pushcert_sandbox::Options;

use crate::trial::{Trial, certificate, kind};

async fn at_the_portal(tenant: &str) -> Trial {
    let trial = Trial::with(tenant).await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    trial
}

fn somebody_says_yes(trial: &Trial) {
    trial.person.there.set(true);
    trial.person.yes.set(true);
}

fn nobody_is_there(trial: &Trial) {
    trial.person.there.set(false);
}

#[tokio::test]
async fn a_server_gets_its_very_first_certificate() {
    for tenant in ["cloud", "core"] {
        let trial = Trial::within(Options { bare: true, ..Options::default() }, tenant).await;
        assert_eq!(trial.status().await.next.command, Some(format!("pushcert renew {tenant} --first")));
        let first = || Wish { first: true, ..Wish::default() };
        assert_eq!(kind(&trial.renew(first()).await), Err((Kind::Waiting, "not-confirmed")), "nobody typed its name");
        assert_eq!(trial.deeds("request-made").len(), 0);
        somebody_says_yes(&trial);
        let asked = tokio::time::timeout(std::time::Duration::from_secs(20), trial.renew(first()));
        // Somebody is there, so the downloads folder is watched; what counts here is the card.
        tokio::select! {
            _ = asked => {}
            () = until(|| trial.said.on_cards().contains("Press Create a Certificate")) => {}
        }
        nobody_is_there(&trial);
        assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
        assert!(!trial.said.on_cards().contains("Press Renew"), "{}", trial.said.on_cards());
        let created = trial.created_at_the_portal().await;
        assert_eq!(kind(&trial.bring(&created).await), Ok(None), "{tenant}");
        // Whoever enrols from now on listens to this topic, and next year it is an ordinary renewal.
        let status = trial.status().await;
        assert_eq!(status.enrolled_topic, certificate(&created).topic());
        assert_eq!((status.state, &status.problems[..]), ("ok", &[][..]));
        trial.days_pass(330);
        assert_eq!(kind(&trial.renew(first()).await), Err((Kind::Refused, "not-a-first-certificate")));
        assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
        assert!(trial.said.on_cards().contains("Press Renew"));
    }
}

#[tokio::test]
async fn a_first_certificate_by_hand() {
    let mut trial = Trial::within(Options { bare: true, ..Options::default() }, "core").await;
    // The console offers no interface: a person brings the request, and uploads the certificate.
    let request = trial.path("ApplePushInfo.txt");
    fs::write(&request, trial.fetched_in_the_console().await).expect("written");
    trial.reconfigured(|text| {
        let kept = |line: &&str| !line.starts_with("console") && !line.starts_with("username");
        text.lines().filter(kept).fold(String::new(), |text, line| text + line + "\n")
    });
    somebody_says_yes(&trial);
    assert_eq!(kind(&trial.renew(Wish { first: true, ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    nobody_is_there(&trial);
    assert_eq!(kind(&trial.renew(Wish { request: Some(request), ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    let created = trial.created_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&created).await), Ok(Some(Kind::Waiting)));
    assert_eq!(kind(&trial.adopt(&created, None).await), Ok(None));
    assert_eq!(trial.status().await.enrolled_topic, certificate(&created).topic(), "nobody was asked about it");
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None));
}

async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_row_is_missing_and_the_card_says_whom_to_ask() {
    let mut trial = Trial::with("cloud").await;
    trial.reconfigured(|text| {
        text.replacen("owner = ", "deputy = \"Bea\"\nmailbox = \"push@example.com\"\nowner = ", 1)
    });
    assert_eq!(kind(&trial.renew(Wish { row_missing: true, ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    let card = trial.said.on_cards();
    let wanted =
        ["apple-push@example.com", "IT Operations <it-ops@example.com>", "Bea", "push@example.com", "ten working days"];
    for word in wanted {
        assert!(card.contains(word), "{word} in {card}");
    }
    assert_eq!(trial.sandbox.record().len(), 0, "nothing was asked of the server");
}

#[tokio::test]
async fn a_stuck_renewal_is_begun_anew_on_record() {
    let trial = at_the_portal("cloud").await;
    let lost = trial.request();
    let accept = Accept { reason: Some("the request was lost".into()), ..Accept::default() };
    assert_eq!(kind(&trial.renew(Wish { restart: true, accept, ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    assert_ne!(trial.request(), lost, "a fresh request");
    let lines = trial.live(async |world: &pushcert::commands::World<'_>| world.store.audit(&trial.tenant).await).await;
    let lines = lines.expect("a record");
    let given_up = lines.iter().find(|line| line.entry.what == "renewal-abandoned").expect("on record");
    assert_eq!(given_up.entry.reason.as_deref(), Some("the request was lost"));
    let journeys: Vec<_> = lines.iter().filter_map(|line| line.entry.journey.as_deref()).collect();
    assert_eq!((journeys.first(), journeys.last()), (Some(&"cloud/1"), Some(&"cloud/2")), "both are kept");
    let renewed = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&renewed).await), Ok(None));
}

#[tokio::test]
async fn a_colleague_made_the_whole_renewal_by_hand() {
    let trial = at_the_portal("cloud").await;
    let renewed = trial.renewed_at_the_portal().await;
    trial.put_by_hand(&renewed).await;
    trial.days_pass(1);
    // The renewal that waits says what it sees, and `adopt` closes it.
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.noted("somebody seems to have renewed it"), "{:?}", trial.said.notes);
    assert_eq!(kind(&trial.adopt(&renewed, None).await), Ok(None));
    let status = trial.status().await;
    assert_eq!((status.state, status.step.word(), status.source), ("ok", "done", "console"));
    assert!(!status.problems.contains(&"request-waiting"), "{:?}", status.problems);
    assert!(trial.history().await.contains(&"renewed-elsewhere".to_owned()));
    assert_eq!(trial.uploads(), 1, "the colleague's, and none of ours");
}

#[tokio::test]
async fn last_years_certificate_closes_nothing() {
    let trial = at_the_portal("cloud").await;
    let old = trial.installed_today().await;
    assert_eq!(kind(&trial.adopt(&old, None).await), Ok(None));
    assert_eq!(trial.status().await.step.word(), "portal");
}

#[tokio::test]
async fn what_this_tool_had_installed_itself_closes_no_later_renewal() {
    let trial = at_the_portal("cloud").await;
    let ours = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&ours).await), Ok(None));
    assert_eq!(kind(&trial.renew(Wish { restart: true, ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    assert_eq!(kind(&trial.adopt(&ours, None).await), Ok(None));
    assert_eq!(trial.status().await.step.word(), "portal");
    assert!(!trial.history().await.contains(&"renewed-elsewhere".to_owned()));
    // Whoever renews past the tool on the same day has a newer one all the same.
    let theirs = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.adopt(&theirs, None).await), Ok(None));
    assert!(trial.history().await.contains(&"renewed-elsewhere".to_owned()));
}

#[tokio::test]
async fn a_page_that_shows_the_same_certificate_again_closes_nothing() {
    let mut trial = Trial::with("cloud").await;
    let today = certificate(&trial.installed_today().await);
    trial.reconfigured(|text| {
        let authorities = text.lines().find(|line| line.starts_with("authorities")).expect("authorities").to_owned();
        format!("[tenants.byhand]\nmdm = \"manual\"\nurl = \"https://127.0.0.1\"\n{authorities}\n")
    });
    trial.tenant = TenantName::parse("byhand").expect("a name");
    let topic = today.topic().expect("a topic");
    let page = |zone: i64| {
        let [begin, end] = [trial.now().plus(-60), today.not_after].map(|at| at.plus(zone * 3_600).to_string());
        let page = format!(
            "<dl><dt>UID</dt><dd>{topic}</dd><dt>Valid from</dt><dd>{begin}</dd><dt>Expires</dt><dd>{end}</dd></dl>"
        );
        let path = trial.path("console.html");
        fs::write(&path, page).expect("written");
        path
    };
    let adopted = async |page| {
        let confirmed = Some(topic.clone());
        let adopted =
            async |world: &World<'_>| adopt::adopt(world, &trial.tenant, &adopt::Evidence::Page(page), confirmed).await;
        kind(&trial.live(adopted).await)
    };
    assert_eq!(adopted(page(0)).await, Ok(None));
    let wanted = Wish { restart: true, ..Wish::default() };
    assert_eq!(kind(&trial.renew(wanted).await), Ok(Some(Kind::Waiting)));
    // In another month the console counts by summer time.
    assert_eq!(adopted(page(1)).await, Ok(None));
    assert!(!trial.history().await.contains(&"renewed-elsewhere".to_owned()));
    assert_eq!(trial.status().await.step.word(), "request");
}

#[tokio::test]
async fn a_file_of_another_tenant_is_sent_there() {
    let mut trial = at_the_portal("core").await;
    let renewed = trial.renewed_at_the_portal().await;
    let path = renewed.display().to_string();
    trial.tenant = TenantName::parse("cloud").expect("a name");
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let refused = trial.bring(&renewed).await.expect_err("of another tenant");
    assert_eq!(refused.code, "topic-changed");
    assert!(trial.said.codes.borrow().contains(&Code::OtherTenant));
    let hint = refused.hint.expect("a hint");
    assert!(hint.contains(&format!("pushcert renew core --certificate {path}")), "{hint}");
    trial.tenant = TenantName::parse("core").expect("a name");
    assert_eq!(kind(&trial.bring(&renewed).await), Ok(None), "that very command");
    assert_eq!(trial.deeds("certificate-installed").len(), 1);
}

#[tokio::test]
async fn a_tenant_whose_topic_is_only_confirmed_here_is_known_too() {
    let mut trial = Trial::with("core").await;
    let row = trial.installed_today().await;
    let topic = trial.topic().await;
    trial.reconfigured(|text| text.replace(&format!("enrolled_topic = \"{topic}\"\n"), ""));
    assert_eq!(kind(&trial.adopt(&row, Some(topic)).await), Ok(None));
    trial.tenant = TenantName::parse("cloud").expect("a name");
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!(kind(&trial.bring(&row).await), Err((Kind::Refused, "topic-changed")));
    assert!(trial.said.codes.borrow().contains(&Code::OtherTenant));
}

#[tokio::test]
async fn the_installed_certificate_again_is_a_success_without_a_deed() {
    let trial = at_the_portal("cloud").await;
    let renewed = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&renewed).await), Ok(None));
    assert_eq!(kind(&trial.bring(&renewed).await), Ok(None));
    assert!(trial.said.noted("already-installed"), "{:?}", trial.said.notes);
    assert_eq!((trial.uploads(), trial.deeds("request-made").len()), (1, 1));
    assert_eq!(trial.status().await.step.word(), "done");
}

#[tokio::test]
async fn an_older_request_is_not_taken_for_the_newest() {
    let trial = at_the_portal("cloud").await;
    let older = trial.path("older.txt");
    fs::write(&older, trial.request()).expect("written");
    assert_eq!(kind(&trial.renew(Wish { restart: true, ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    let newest = trial.request();
    let outcome = trial.renew(Wish { request: Some(older), ..Wish::default() }).await;
    assert_eq!(kind(&outcome), Err((Kind::Waiting, "request-superseded")));
    assert!(trial.said.noted("request-superseded"));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!(trial.request(), newest, "the newest is handed out still");
}

#[tokio::test]
async fn a_request_that_has_lain_for_weeks_is_looked_at_again() {
    let trial = at_the_portal("core").await;
    trial.days_pass(2);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.noted("request-old"), "{:?}", trial.said.notes);
    // The vendor's own certificate ends, and every request that it signed ends with it.
    trial.days_pass(300);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Err((Kind::Refused, "vendor-expired")));
    assert_eq!(kind(&trial.renew(Wish { restart: true, ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    let renewed = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&renewed).await), Ok(None));
}
