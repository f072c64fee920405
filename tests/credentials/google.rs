//! A service account's key, looked up at Google's public endpoints; and that Google's call that binds is never made.

use std::path::PathBuf;

use pushcert::{
    commands::{
        Kind, Outcome, World,
        android::{CheckWish, EnrolWish, check, enrol},
    },
    google::Online,
};
use pushcert_papers::Code;

use crate::trial::{Trial, kind};

fn online(trial: &Trial) -> Online {
    Online { timeout: std::time::Duration::from_secs(5), ca_file: Some(trial.sandbox.announcement().ca_file.clone()) }
}

fn key(trial: &Trial) -> PathBuf {
    trial.sandbox.announcement().service_account_key.clone()
}

async fn look(trial: &Trial, path: PathBuf, exchange: bool) -> Outcome {
    let wish = CheckWish { path, strict: false, exchange };
    check(&trial.said, &wish, Some(&online(trial)), trial.now()).await
}

#[tokio::test]
async fn a_live_key_is_published_and_gets_a_token() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&look(&trial, key(&trial), false).await), Ok(None));
    assert!(trial.deeds("assertion-taken").is_empty(), "nothing secret was sent");
    assert_eq!(kind(&look(&trial, key(&trial), true).await), Ok(None));
    assert_eq!(trial.deeds("assertion-taken").len(), 1);
    // It was this machine that answered, and not Google.
    let here = trial.sandbox.announcement().google.trim_start_matches("https://").trim_end_matches('/').to_owned();
    assert!(trial.said.noted(&format!("{here} publishes the public half of this key")), "{:?}", trial.said.notes);
    assert!(trial.said.noted(&format!("{here} gives a token for this key")), "{:?}", trial.said.notes);
    assert!(!trial.said.noted("Google publishes") && !trial.said.noted("Google gives"), "{:?}", trial.said.notes);
}

#[tokio::test]
async fn a_deleted_key_is_refused() {
    let trial = Trial::with("cloud").await;
    trial.fault(r#"{"do":{"switch":"key-deleted","on":true}}"#);
    assert_eq!(kind(&look(&trial, key(&trial), false).await), Ok(Some(Kind::Refused)));
    assert_eq!(kind(&look(&trial, key(&trial), true).await), Ok(Some(Kind::Refused)));
    assert!(trial.said.codes.borrow().contains(&Code::KeyNotPublished));
}

#[tokio::test]
async fn a_file_whose_private_key_was_exchanged_is_refused() {
    let trial = Trial::with("cloud").await;
    let text = std::fs::read_to_string(key(&trial)).expect("a key");
    let mut file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let other =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/credentials/good-key.json")).expect("a key");
    let other: serde_json::Value = serde_json::from_slice(&other).expect("JSON");
    file["private_key"] = other["private_key"].clone();
    let path = trial.path("other.json");
    pushcert::world::files::write_private(&path, file.to_string().as_bytes()).expect("written");
    assert_eq!(kind(&look(&trial, path, false).await), Ok(Some(Kind::Refused)));
    assert!(trial.said.codes.borrow().contains(&Code::PublicKeyDiffers));
}

#[tokio::test]
async fn no_other_host_is_asked() {
    let trial = Trial::with("cloud").await;
    let text = std::fs::read_to_string(key(&trial)).expect("a key");
    let path = trial.path("elsewhere.json");
    let changed = text.replace(&trial.sandbox.announcement().google, "https://google.example.com");
    pushcert::world::files::write_private(&path, changed.as_bytes()).expect("written");
    assert_eq!(kind(&look(&trial, path, true).await), Ok(Some(Kind::Temporary)));
    assert!(trial.said.notes.borrow().iter().any(|note| note.contains("not an address of Google's")));
}

#[tokio::test]
async fn the_age_of_a_key_that_nobody_looked_up_is_not_known() {
    let trial = Trial::with("cloud").await;
    let wish = EnrolWish { key: Some(key(&trial)), ..EnrolWish::default() };
    let outcome = trial.live(async |world: &World<'_>| enrol(world, &trial.tenant, wish, None).await).await;
    assert_eq!(kind(&outcome), Ok(Some(Kind::Waiting)));
    let found = trial.status().await.credentials[0].clone();
    assert_eq!((found.made, found.age_days), (None, None));
    assert_eq!(found.due, Some(trial.now().plus(365 * 86_400)), "it is as old as that at least");
}

#[tokio::test]
async fn a_binding_takes_the_keys_age_from_google_and_binds_nothing() {
    let trial = Trial::with("cloud").await;
    let google = online(&trial);
    let wish = EnrolWish { key: Some(key(&trial)), ..EnrolWish::default() };
    let outcome = trial.live(async |world: &World<'_>| enrol(world, &trial.tenant, wish, Some(&google)).await).await;
    assert_eq!(kind(&outcome), Ok(Some(Kind::Waiting)));
    assert_eq!(trial.status().await.credentials[0].age_days, Some(40));
    for task in
        ["domain", "key-policy", "api", "client-id", "emm-token", "connect", "authorise", "users", "policy-back"]
    {
        let wish = EnrolWish { done: vec![task.into()], ..EnrolWish::default() };
        trial.live(async |world: &World<'_>| enrol(world, &trial.tenant, wish, None).await).await.expect("done");
    }
    assert!(trial.deeds("enterprise-enrolled").is_empty(), "that call is the vendor's");
}
