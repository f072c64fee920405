//! Rotations by PingOne's interface. Whatever happens, nothing but a token comes and goes there.

use pushcert::commands::{
    Kind, Outcome, World,
    pingid::rotate::{Done, Wish, rotate},
};
use pushcert_papers::pingid::{Platform, Requirements, difference};

use crate::trial::{Trial, kind};

const RESOURCE: &str = "/v1/environments";

async fn run(trial: &Trial, wish: Wish) -> Outcome {
    trial.live(async |world: &World<'_>| rotate(world, &trial.tenant, wish).await).await
}

async fn done(trial: &Trial, step: Done) -> Outcome {
    run(trial, Wish { done: vec![step], ..Wish::default() }).await
}

fn shown(trial: &Trial) -> Requirements {
    let document = trial.sandbox.device_requirements().expect("requirements");
    Requirements::read(document.into_bytes()).expect("requirements")
}

fn step(trial: &Trial) -> &'static str {
    trial.said.rotation.borrow().as_ref().map(|report| report.step).expect("a report")
}

fn puts(trial: &Trial) -> usize {
    trial.deeds("requirements-replaced").len()
}

/// A trial in which both platforms have the new token, eight days ago.
async fn ready() -> Trial {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
    done(&trial, Done::Switched(Platform::Ios)).await.expect("switched");
    assert_eq!(kind(&done(&trial, Done::Switched(Platform::Android)).await), Ok(None));
    trial.days_pass(8);
    trial
}

/// A person who is there, and says yes.
fn with_a_person(trial: &Trial) {
    trial.person.there.set(true);
    trial.person.yes.set(true);
}

#[tokio::test]
async fn a_rotation_changes_a_token_and_not_a_letter_of_anything_else() {
    let trial = Trial::with("cloud").await;
    let before = shown(&trial);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
    let both = shown(&trial);
    let changed = difference(&before, &both);
    assert_eq!((changed.added.len(), changed.removed.len(), changed.other.len()), (1, 0, 0), "{:?}", changed.other);
    for kept in
        ["\"grace\": 1.50", "12345678901234567890123", "\"note\": null", "[1, \"\\u00e9\", {}]", "{ \"enabled\":true }"]
    {
        assert!(both.text().reveal().contains(kept), "{kept} in {}", both.text().reveal());
    }
    done(&trial, Done::Switched(Platform::Ios)).await.expect("switched");
    assert_eq!(kind(&done(&trial, Done::Switched(Platform::Android)).await), Ok(None));
    trial.days_pass(8);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)), "a job never revokes");
    assert_eq!((shown(&trial).tokens().len(), puts(&trial)), (2, 1));
    with_a_person(&trial);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(None));
    let changed = difference(&both, &shown(&trial));
    assert_eq!((changed.added.len(), changed.removed.len(), changed.other.len()), (0, 1, 0), "{:?}", changed.other);
    assert_eq!((step(&trial), puts(&trial)), ("closed", 2));
    let token = &trial.status().await.credentials[0];
    assert_eq!((token.age_days, token.state.word()), (Some(8), "ok"));
}

/// The server is as strict as its documentation: this body would have switched the rules on jailbroken devices off.
#[tokio::test]
async fn a_put_that_leaves_something_out_clears_it() {
    let trial = Trial::with("cloud").await;
    trial
        .live(async |world: &World<'_>| {
            let tenant = world.tenant(&trial.tenant).expect("a tenant");
            let pingone = world.servers.pingone(tenant).await.expect("a port").expect("PingOne");
            let careless = r#"{"mobileDeviceManagementRequire":{"enabled":false}}"#;
            pingone.write(&pushcert_papers::Secret::new(careless)).await.expect("taken");
            let left = pingone.read().await.expect("read").expect("requirements");
            assert!(!left.text().reveal().contains("rootedOrJailbroken"));
        })
        .await;
}

#[tokio::test]
async fn a_lost_answer_is_read_back_and_nothing_is_sent_twice() {
    let trial = Trial::with("cloud").await;
    let fault = format!(r#"{{"where":"pingone","match":"{RESOURCE}","after":3,"times":1,"do":{{"truncate":0}}}}"#);
    trial.fault(&fault);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!((shown(&trial).tokens().len(), puts(&trial)), (2, 1));
}

#[tokio::test]
async fn what_did_not_arrive_is_sent_again_by_the_next_run() {
    let trial = Trial::with("cloud").await;
    let fault = format!(r#"{{"where":"pingone","match":"{RESOURCE}","after":3,"times":1,"do":{{"status":502}}}}"#);
    trial.fault(&fault);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Err((Kind::Temporary, "not-arrived")));
    assert_eq!((shown(&trial).tokens().len(), puts(&trial)), (1, 0));
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!((shown(&trial).tokens().len(), puts(&trial)), (2, 1));
}

#[tokio::test]
async fn a_change_by_somebody_else_in_this_moment_stops_it() {
    let trial = Trial::with("cloud").await;
    trial.fault(r#"{"do":{"switch":"pingone-restless","on":true}}"#);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Err((Kind::Temporary, "changed-meanwhile")));
    assert_eq!(puts(&trial), 0, "nothing was sent");
    trial.fault(r#"{"do":{"switch":"pingone-restless","on":false}}"#);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
}

#[tokio::test]
async fn a_server_that_loses_a_setting_is_caught_and_it_is_put_back() {
    let trial = Trial::with("cloud").await;
    let before = shown(&trial);
    trial.fault(r#"{"do":{"switch":"pingone-forgetful","on":true}}"#);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Err((Kind::Failed, "pingone-unexpected")));
    assert_eq!(difference(&before, &shown(&trial)).other, ["rootedOrJailbrokenRequire"]);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Err((Kind::Failed, "pingone-unexpected")), "still");
    trial.fault(r#"{"do":{"switch":"pingone-forgetful","on":false}}"#);
    let back = || Wish { put_back: true, reason: Some("it lost a rule".into()), ..Wish::default() };
    assert_eq!(kind(&run(&trial, back()).await), Err((Kind::Waiting, "not-confirmed")), "a person says so");
    with_a_person(&trial);
    assert_eq!(kind(&run(&trial, back()).await), Ok(None));
    assert!(difference(&before, &shown(&trial)).is_none(), "all is as it was");
    assert_eq!(kind(&run(&trial, back()).await), Err((Kind::NotFound, "nothing-to-put-back")));
}

#[tokio::test]
async fn a_server_that_makes_a_token_of_its_own_is_caught() {
    let trial = Trial::with("cloud").await;
    trial.fault(r#"{"do":{"switch":"pingone-own-tokens","on":true}}"#);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Err((Kind::Failed, "pingone-unexpected")));
    assert_eq!(shown(&trial).tokens().len(), 2, "the old one still works");
}

#[tokio::test]
async fn the_old_token_stays_while_the_new_one_is_not_there() {
    let trial = ready().await;
    with_a_person(&trial);
    let shown_now = shown(&trial);
    let old = shown_now.tokens().first().expect("the old one").token.clone();
    let body = shown_now.without_tokens(|token| *token != old);
    trial
        .live(async |world: &World<'_>| {
            let tenant = world.tenant(&trial.tenant).expect("a tenant");
            let pingone = world.servers.pingone(tenant).await.expect("a port").expect("PingOne");
            pingone.write(&body).await.expect("somebody has revoked the new one by hand");
        })
        .await;
    assert_eq!(kind(&run(&trial, Wish::default()).await), Err((Kind::Refused, "new-token-absent")));
    assert_eq!(shown(&trial).tokens().len(), 1);
    let accept = Wish {
        accept: vec!["new-token-absent".into(), "last-token".into()],
        reason: Some("a test".into()),
        ..Wish::default()
    };
    trial.person.yes.set(false);
    assert_eq!(kind(&run(&trial, accept).await), Ok(Some(Kind::Waiting)), "a person does that on PingID's page");
    assert_eq!(shown(&trial).tokens().len(), 1, "no list is emptied by us");
}

#[tokio::test]
async fn of_several_tokens_a_person_says_which_goes() {
    let trial = ready().await;
    run(&trial, Wish { abort: true, reason: Some("begin anew".into()), ..Wish::default() }).await.expect("given up");
    assert_eq!(shown(&trial).tokens().len(), 2, "a platform has the new one, so it stays");
    assert_eq!(kind(&run(&trial, Wish::default()).await), Err((Kind::Waiting, "several-tokens")));
    let day = shown(&trial).tokens()[0].made;
    assert_eq!(kind(&run(&trial, Wish { replaces: day, ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    assert_eq!(shown(&trial).tokens().len(), 3);
}

#[tokio::test]
async fn given_up_before_any_switch_the_new_token_goes_again() {
    let trial = Trial::with("cloud").await;
    let before = shown(&trial);
    run(&trial, Wish::default()).await.expect("added");
    let abort = Wish { abort: true, reason: Some("not today".into()), ..Wish::default() };
    assert_eq!(kind(&run(&trial, abort).await), Ok(None));
    assert!(difference(&before, &shown(&trial)).is_none());
}

#[tokio::test]
async fn what_is_kept_of_the_requirements_opens_only_with_the_secret() {
    let trial = Trial::with("cloud").await;
    run(&trial, Wish::default()).await.expect("added");
    let holds = |name: &str| {
        let bytes = std::fs::read(trial.path(name)).unwrap_or_default();
        ["0d0d0d0d-0d0d", "rootedOrJailbroken"]
            .iter()
            .any(|word| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
    };
    assert!(!holds("state/pushcert.sqlite") && !holds("state/pushcert.sqlite-wal"));
}

#[tokio::test]
async fn a_refused_sign_in_and_a_broken_answer_change_nothing() {
    let mut trial = Trial::with("cloud").await;
    trial.fault(r#"{"where":"pingone","match":"/v1","times":1,"do":{"status":200,"body":"{\"a\":1,\"a\":2}","content_type":"application/json"}}"#);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Err((Kind::Failed, "pingone-not-understood")));
    let wrong = trial.path("wrong");
    pushcert::world::files::write_private(&wrong, b"another secret").expect("written");
    let wrong = format!("client_secret = {{ file = \"{}\" }} # ", wrong.display());
    trial.reconfigured(|text| text.replace("client_secret = ", &wrong));
    assert_eq!(kind(&run(&trial, Wish::default()).await), Err((Kind::SignIn, "sign-in-refused")));
    assert_eq!(puts(&trial), 0);
}
