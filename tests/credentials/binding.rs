//! Android's binding, as stories.

use std::{fs, path::PathBuf};

use pushcert::commands::{
    Kind, Outcome, World,
    android::{EnrolWish as Wish, enrol},
};

use crate::trial::{Trial, kind};

async fn run(trial: &Trial, wish: Wish) -> Outcome {
    trial.live(async |world: &World<'_>| enrol(world, &trial.tenant, wish, None).await).await
}

async fn done(trial: &Trial, task: &str) -> Outcome {
    run(trial, Wish { done: vec![task.into()], evidence: Some("as it should be".into()), ..Wish::default() }).await
}

/// A private copy of a fixture, outside of any work tree.
fn copy(trial: &Trial, name: &str) -> PathBuf {
    let path = trial.path(name);
    let fixture = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/credentials").join(name);
    let bytes = fs::read(fixture).expect("a fixture");
    pushcert::world::files::write_private(&path, &bytes).expect("written");
    path
}

fn step(trial: &Trial) -> Option<&'static str> {
    trial.said.enrolment.borrow().as_ref().expect("a report").step
}

#[tokio::test]
async fn a_binding_from_its_beginning_to_its_end() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!(step(&trial), Some("domain"));
    for task in ["domain", "key-policy", "api"] {
        assert_eq!(kind(&done(&trial, task).await), Ok(Some(Kind::Waiting)), "{task}");
    }
    assert_eq!(kind(&done(&trial, "key").await), Err((Kind::Usage, "key-needed")), "a key is judged, not told");
    let wrong = Wish { key: Some(copy(&trial, "oauth-client.json")), ..Wish::default() };
    assert_eq!(kind(&run(&trial, wrong).await), Err((Kind::Refused, "oauth-client")));
    let right = Wish { key: Some(copy(&trial, "good-key.json")), ..Wish::default() };
    assert_eq!(kind(&run(&trial, right).await), Ok(Some(Kind::Waiting)));
    assert_eq!(step(&trial), Some("client-id"));
    done(&trial, "client-id").await.expect("done");
    done(&trial, "emm-token").await.expect("done");
    let kinds: Vec<_> = trial.status().await.credentials.iter().map(|found| found.kind.word()).collect();
    assert_eq!(kinds, ["android-emm-token", "android-service-key"]);
    for task in ["connect", "authorise", "users"] {
        assert_eq!(kind(&done(&trial, task).await), Ok(Some(Kind::Waiting)), "{task}");
    }
    let skip = Wish { skip: Some("policy-back".into()), reason: Some("nothing overridden".into()), ..Wish::default() };
    assert_eq!(kind(&run(&trial, skip).await), Ok(None));
    assert!(trial.said.enrolment.borrow().as_ref().expect("a report").done);
    let credentials = trial.status().await.credentials;
    assert_eq!((credentials.len(), credentials[0].state.word()), (1, "ok"), "the token for binding is used up");
    let history = trial.history().await;
    assert_eq!(history.iter().filter(|what| *what == "android-task-done").count(), 9);
    assert!(history.contains(&"android-task-skipped".to_owned()));
}

#[tokio::test]
async fn thirty_days_are_counted_and_a_dead_token_connects_nothing() {
    let trial = Trial::with("cloud").await;
    let on = |days: i64| Wish {
        done: vec!["emm-token".into()],
        on: Some(trial.now().plus(-days * 86_400)),
        ..Wish::default()
    };
    run(&trial, on(28)).await.expect("done");
    assert_eq!(trial.status().await.credentials[0].days_left, Some(2));
    trial.days_pass(5);
    let status = trial.status().await;
    assert_eq!(status.credentials[0].state.word(), "expired");
    assert_eq!(kind(&done(&trial, "connect").await), Err((Kind::Refused, "emm-token-ended")));
    run(&trial, on(0)).await.expect("a new one");
    assert_eq!(kind(&done(&trial, "connect").await), Ok(Some(Kind::Waiting)));
}

#[tokio::test]
async fn core_binds_in_its_own_way() {
    let trial = Trial::with("core").await;
    let key = Wish { key: Some(copy(&trial, "good-key.json")), ..Wish::default() };
    assert_eq!(kind(&run(&trial, key).await), Err((Kind::Refused, "key-not-wanted")));
    done(&trial, "domain").await.expect("done");
    assert_eq!(step(&trial), Some("vendor-portal"));
    assert_eq!(kind(&done(&trial, "client-id").await), Err((Kind::Usage, "task-unknown")));
}

#[tokio::test]
async fn what_was_not_done_after_all_is_due_again_and_a_new_binding_begins_anew() {
    let trial = Trial::with("cloud").await;
    done(&trial, "domain").await.expect("done");
    assert_eq!(step(&trial), Some("key-policy"));
    let undo = Wish { undo: Some("domain".into()), reason: Some("another domain".into()), ..Wish::default() };
    run(&trial, undo).await.expect("undone");
    assert_eq!(step(&trial), Some("domain"));
    done(&trial, "domain").await.expect("done");
    run(&trial, Wish { restart: true, reason: Some("another project".into()), ..Wish::default() })
        .await
        .expect("begun");
    assert_eq!(step(&trial), Some("domain"));
}
