//! What earlier releases wrote, and what later ones may write.

use std::{fs, path::PathBuf};

use pushcert::store::{Sqlite, Store};
use pushcert_papers::{
    Secret, TenantName,
    credential::Rotation,
    renewal::{Journey, record},
};

use super::{Place, change, entry};
use crate::trial::{Trial, kind};
use pushcert::commands::{Kind, renew::Wish};

/// The kept stores, and the length and end of Cloud's record in each, as they were noted when it was made.
const STORES: [(&str, usize, &str); 2] = [
    ("store-form-1", 9, "f64e010e1e14cae06eb8f8113a4770d8f070a69b95e83414cd3254fc8b40662e"),
    ("store-form-7", 14, "e438c664876241f5d7e4eba49cd9bd3e7d94dc7f5ceed622159c8351447863a8"),
];

fn kept(ending: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/journeys");
    let files = fs::read_dir(folder).expect("fixtures").map(|entry| entry.expect("an entry").path());
    let found: Vec<_> = files.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    assert!(!found.is_empty(), "{ending}");
    found
}

#[test]
fn journeys_of_every_form_still_open() {
    for path in kept("json") {
        let text = fs::read_to_string(&path).expect("a fixture");
        let journey = record::read::<Journey>(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let again = record::read::<Journey>(&record::write(&journey)).expect("our own form");
        assert_eq!(again, journey, "{}", path.display());
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert_eq!(
            journey.is_open(),
            !name.ends_with("renewed") && !["abandoned", "accepted"].iter().any(|end| name.ends_with(end)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn stores_of_every_form_still_open_and_go_on() {
    let kept = kept("sqlite");
    assert_eq!(kept.len(), STORES.len(), "{kept:?}");
    for kept in kept {
        let name = kept.file_stem().expect("a name").to_string_lossy().into_owned();
        let known = STORES.iter().find(|(known, ..)| *known == name);
        let (_, lines, head) = *known.unwrap_or_else(|| panic!("{name} is not noted here"));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pushcert.sqlite");
        fs::copy(&kept, &path).expect("copied");
        let store = Sqlite::open(&path).expect("it is brought up to date");
        let cloud = TenantName::parse("cloud").expect("a name");
        let book = store.tenant(&cloud).await.expect("read").expect("a book");
        let journey = record::read::<Journey>(&book.journey.expect("a journey").json).expect("it opens");
        let certificate = journey.certificate.expect("a certificate");
        assert!(store.artefact(&certificate.artefact).await.expect("read").is_some());
        assert_eq!(
            store.sighting(&cloud).await.expect("read").and_then(|seen| seen.installed?.certificate),
            Some(certificate.sha256)
        );
        for stored in &book.others {
            record::read::<Rotation>(&stored.json).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let whole = store.verify_audit(&cloud, Some(head)).await.expect("read");
        assert_eq!((whole.lines, whole.broken), (lines, None));
        store.commit(&cloud, book.version, change("next")).await.expect("written");
        let whole = store.verify_audit(&cloud, Some(head)).await.expect("read");
        assert_eq!((whole.lines, whole.broken), (lines + 1, None));
    }
}

/// The first form of the store for teams, filled as its release filled it.
#[tokio::test]
async fn a_store_of_the_first_form_for_teams_still_opens_and_goes_on() {
    let Some(place) = Place::postgres().await else { return };
    let first = include_str!("../../src/store/migrations/postgres/0001-begin.sql");
    let rows = "CREATE TABLE pushcert_form (one integer PRIMARY KEY CHECK (one = 1), form bigint NOT NULL);
        INSERT INTO pushcert_form VALUES (1, 1);
        INSERT INTO tenant VALUES ('acme', 1, NULL);
        INSERT INTO journey VALUES ('acme', 1, true, 1, '{}')";
    place.behind_our_back("", &format!("{first};{rows}")).await.expect("made");
    let store = place.open().await.expect("it is brought up to date");
    let acme = super::tenant();
    let book = store.tenant(&acme).await.expect("read").expect("a book");
    assert_eq!(book.journey, change("").journey);
    store.commit(&acme, 1, change("next")).await.expect("written");
    assert_eq!(store.audit(&acme).await.expect("read")[0].entry, entry("next"));
}

macro_rules! form {
    ($name:literal) => {
        (
            include_str!(concat!("../../src/store/migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../../src/store/migrations/postgres/", $name, ".sql")),
        )
    };
}

/// What made the sixth form of both engines.
const SIXTH: [(&str, &str); 6] = [
    form!("0001-begin"),
    form!("0002-outbox"),
    form!("0003-kinds"),
    form!("0004-account"),
    form!("0005-lookup"),
    form!("0006-delivered"),
];

#[tokio::test]
async fn a_refusal_that_was_remembered_by_the_old_digest_is_forgotten_and_the_next_one_kept() {
    for place in [Some(Place::sqlite()), Place::postgres().await].into_iter().flatten() {
        let row = "INSERT INTO refused_sign_in VALUES ('acme', 'by the old digest', 5);";
        let all = |of: fn(&(&'static str, &'static str)) -> &'static str| SIXTH.iter().map(of).collect::<String>();
        let sqlite = format!("PRAGMA journal_mode = WAL; {}; {row} PRAGMA user_version = 6", all(|form| form.0));
        let postgres = format!(
            "CREATE TABLE pushcert_form (one integer PRIMARY KEY CHECK (one = 1), form bigint NOT NULL);
            INSERT INTO pushcert_form VALUES (1, 6); {}; {row}",
            all(|form| form.1)
        );
        place.behind_our_back(&sqlite, &postgres).await.expect("made");
        let store = place.open().await.expect("it is brought up to date");
        let (acme, secret) = (super::tenant(), Secret::new("a wrong one"));
        // A row of the same tenant would be in the way of this one.
        place.behind_our_back(row, row).await.expect("the old row is gone");
        assert_eq!(store.refused_sign_in(&acme, &secret).await.expect("read"), None);
        store.remember_sign_in(&acme, Some((&secret, super::at(6)))).await.expect("written");
        assert_eq!(store.refused_sign_in(&acme, &secret).await.expect("read"), Some(super::at(6)));
    }
}

#[tokio::test]
async fn a_journey_of_a_newer_release_is_shown_as_far_as_it_is_known_and_left_alone() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let path = trial.path("state/pushcert.sqlite");
    let kept = || {
        let raw = rusqlite::Connection::open(&path).expect("the store");
        raw.query_row("SELECT json FROM journey", [], |row| row.get::<_, String>(0)).expect("a journey")
    };
    let known = <Journey as record::Recorded>::FORMAT;
    let newer = format!("UPDATE journey SET json = replace(json, '\"format\":{known}', '\"format\":99')");
    rusqlite::Connection::open(&path).and_then(|raw| raw.execute(&newer, [])).expect("changed");
    let (before, made) = (kept(), trial.deeds("request-made").len());
    for wish in [Wish::default(), Wish { restart: true, ..Wish::default() }] {
        let outcome = trial.renew(wish).await;
        assert_eq!(kind(&outcome), Err((Kind::Failed, "journey-newer")));
        let failure = outcome.expect_err("it is refused");
        assert!(failure.message.contains("update pushcert"), "{}", failure.message);
    }
    let installed = trial.installed_today().await;
    assert_eq!(kind(&trial.adopt(&installed, None).await), Err((Kind::Failed, "journey-newer")));
    let status = trial.status().await;
    assert!(status.not_after.is_some() && status.problems.contains(&"journey-newer"), "{:?}", status.problems);
    assert_eq!(trial.history().await.len(), 4, "the record is still read");
    assert_eq!((kept(), trial.deeds("request-made").len()), (before, made), "and nothing was changed");
}
