//! `csr fetch`: the request step alone, by the same rules as in a renewal.

use std::{fs, path::PathBuf};

use pushcert::{
    commands::{
        Kind, Outcome, World,
        renew::{Wish, fetch},
    },
    store::{Change, StoredJourney},
};
use pushcert_papers::renewal::{
    Journey, Request,
    record::{self, Recorded},
};

use crate::trial::{Trial, kind};

async fn fetched(trial: &Trial, out: Option<PathBuf>) -> Outcome {
    trial.live(async |world: &World<'_>| fetch(world, &trial.tenant, out).await).await
}

#[tokio::test]
async fn the_request_is_fetched_once_and_the_renewal_goes_on_from_it() {
    for tenant in ["cloud", "core"] {
        let trial = Trial::with(tenant).await;
        let copy = trial.path("copy.txt");
        assert_eq!(kind(&fetched(&trial, Some(copy.clone())).await), Ok(None), "{tenant}");
        assert_eq!(trial.history().await, ["renewal-begun", "request-intended", "request-kept"]);
        assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
        assert_eq!(fs::read(&copy).expect("a copy"), trial.request(), "what was handed off is what was copied");
        assert_eq!(trial.deeds("request-made").len(), 1);
        let certificate = trial.renewed_at_the_portal().await;
        assert_eq!(kind(&trial.bring(&certificate).await), Ok(None));
    }
}

#[tokio::test]
async fn an_open_request_is_kept_unless_a_person_wants_another() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let first = trial.request();
    let copy = trial.path("first.txt");
    assert_eq!(kind(&fetched(&trial, Some(copy.clone())).await), Ok(None), "nobody is there to say yes");
    assert_eq!((fs::read(&copy).expect("a copy"), trial.deeds("request-made").len()), (first.clone(), 1));
    trial.person.there.set(true);
    trial.person.yes.set(true);
    assert_eq!(kind(&fetched(&trial, None).await), Ok(None));
    assert_eq!(trial.deeds("request-made").len(), 2);
    trial.person.there.set(false);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_ne!(trial.request(), first, "the new one is handed off anew");
    let certificate = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&certificate).await), Ok(None));
}

#[tokio::test]
async fn nothing_is_fetched_under_a_certificate_that_answers_a_request() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let certificate = trial.renewed_at_the_portal().await;
    trial.fault(r#"{"where":"cloud","match":"/admin/api/mdm-certificate","after":2,"do":{"status":503}}"#);
    assert!(trial.bring(&certificate).await.is_err(), "the upload does not go through");
    assert!(trial.history().await.contains(&"certificate-accepted".to_owned()));
    assert_eq!(kind(&fetched(&trial, None).await), Err((Kind::Refused, "certificate-waiting")));
    assert_eq!(trial.deeds("request-made").len(), 1);
}

#[tokio::test]
async fn a_request_that_was_made_elsewhere_is_not_said_to_be_kept() {
    let trial = Trial::with("cloud").await;
    // As an earlier release left it, when a certificate was refused that nobody had asked for.
    let begun = Journey::begin(1, Some(trial.topic().await), trial.now());
    let journey = Journey { request: Request::Elsewhere, ..begun };
    let stored = StoredJourney {
        kind: Journey::KIND.into(),
        number: 1,
        open: true,
        format: Journey::FORMAT,
        json: record::write(&journey),
    };
    let change = Change { journey: Some(stored), ..Change::default() };
    trial.live(async |world| world.store.commit(&trial.tenant, 0, change).await).await.expect("written");
    let (copy, made) = (trial.path("copy.txt"), trial.deeds("request-made").len());
    assert_eq!(kind(&fetched(&trial, Some(copy.clone())).await), Err((Kind::NotFound, "request-elsewhere")));
    assert_eq!((copy.exists(), trial.deeds("request-made").len()), (false, made));
}

#[tokio::test]
async fn nobody_there_and_no_word_beforehand_means_that_nothing_is_fetched() {
    let mut trial = Trial::with("cloud").await;
    trial.fetches_nothing_unattended();
    let copy = trial.path("copy.txt");
    assert_eq!(kind(&fetched(&trial, Some(copy.clone())).await), Ok(Some(Kind::Waiting)));
    assert_eq!((trial.deeds("request-made").len(), copy.exists()), (0, false));
    assert!(trial.said.on_cards().contains("Download"), "the way by hand is shown: {}", trial.said.on_cards());
}

#[tokio::test]
async fn the_place_of_the_copy_is_looked_at_before_anything_is_fetched() {
    let trial = Trial::with("cloud").await;
    let there = trial.path("there.txt");
    fs::write(&there, "somebody's").expect("written");
    assert_eq!(kind(&fetched(&trial, Some(there)).await), Err((Kind::Usage, "exists")));
    let pem = trial.path("request.pem");
    assert_eq!(kind(&fetched(&trial, Some(pem)).await), Err((Kind::Usage, "file-name")));
    assert_eq!(trial.deeds("request-made").len(), 0);
    assert!(trial.history().await.is_empty());
}
