//! One suite of behaviours for every store.

use std::collections::BTreeMap;

use pushcert::store::{Artefact, AuditEntry, Change, Sqlite, Store, StoreError, StoredJourney};
use pushcert_papers::{
    Fingerprint, Secret, TenantName, Time,
    watch::{Seen, Source},
};

fn tenant() -> TenantName {
    TenantName::parse("acme").expect("a name")
}

fn entry(what: &str) -> AuditEntry {
    AuditEntry {
        at: Time::from_unix(0),
        who: "somebody".into(),
        what: what.into(),
        before: None,
        after: Some(Fingerprint::of(b"after")),
        reason: None,
        journey: Some("acme/1".into()),
        details: BTreeMap::new(),
    }
}

fn change(what: &str) -> Change {
    Change {
        journey: Some(StoredJourney {
            kind: "certificate".into(),
            number: 1,
            open: true,
            format: 1,
            json: "{}".into(),
        }),
        artefacts: vec![Artefact { kind: "request".into(), name: "a.txt".into(), bytes: what.as_bytes().to_vec() }],
        audit: vec![entry(what)],
        confirmed_topic: None,
    }
}

async fn behaves(store: &dyn Store) {
    let acme = tenant();
    assert!(store.tenant(&acme).await.expect("read").is_none());
    assert_eq!(store.commit(&acme, 0, change("first")).await.expect("written"), 1);
    assert!(matches!(store.commit(&acme, 0, change("second")).await, Err(StoreError::Changed { .. })));
    assert_eq!(store.artefact(&Fingerprint::of(b"second")).await.expect("read"), None, "nothing of it was kept");
    assert_eq!(store.commit(&acme, 1, change("third")).await.expect("written"), 2);
    let record = store.tenant(&acme).await.expect("read").expect("a book");
    assert_eq!((record.version, record.journey.expect("a journey").number), (2, 1));
    assert_eq!(store.artefact(&Fingerprint::of(b"third")).await.expect("read").as_deref(), Some(&b"third"[..]));
    let lines = store.audit(&acme).await.expect("read");
    assert_eq!(lines.iter().map(|line| line.entry.what.as_str()).collect::<Vec<_>>(), ["first", "third"]);
    let head = lines[1].digest.to_string();
    assert_eq!(store.verify_audit(&acme, Some(&head)).await.expect("read").broken, None);
    let cut = Fingerprint::of(b"a later head").to_string();
    assert!(store.verify_audit(&acme, Some(&cut)).await.expect("read").broken.is_some());
    kinds(store, &acme).await;
    sightings(store, &acme).await;
    sign_ins(store, &acme).await;
    holds(store, &acme).await;
}

/// Journeys of several kinds stand in one book, share their numbers, and do not hide one another.
async fn kinds(store: &dyn Store, acme: &TenantName) {
    let other =
        |kind: &str, number| StoredJourney { kind: kind.into(), number, open: true, format: 1, json: "[]".into() };
    for (version, journey) in [(2, other("pingid", 2)), (3, other("android", 3)), (4, other("pingid", 4))] {
        let change = Change { journey: Some(journey), ..Change::default() };
        store.commit(acme, version, change).await.expect("written");
    }
    let record = store.tenant(acme).await.expect("read").expect("a book");
    assert_eq!(record.journey.expect("the certificate's").number, 1);
    let others: Vec<_> = record.others.iter().map(|journey| (journey.kind.as_str(), journey.number)).collect();
    assert_eq!(others, [("android", 3), ("pingid", 4)]);
}

async fn sightings(store: &dyn Store, acme: &TenantName) {
    let seen = |source, at| Seen { at: Time::from_unix(at), source, installed: None };
    store.record_sighting(acme, &seen(Source::Console, 20)).await.expect("written");
    store.record_sighting(acme, &seen(Source::Console, 10)).await.expect("written");
    store.record_sighting(acme, &seen(Source::File, 15)).await.expect("written");
    let newest = store.sighting(acme).await.expect("read").expect("a sighting");
    assert_eq!((newest.at.unix(), newest.source), (20, Source::Console));
    assert_eq!(store.tenant(acme).await.expect("read").expect("a book").version, 5, "looking changes nothing");
}

async fn sign_ins(store: &dyn Store, acme: &TenantName) {
    let (wrong, right) = (Secret::new("wrong"), Secret::new("right"));
    let known = store.keyed_fingerprint(&right).await.expect("a fingerprint");
    assert_eq!(store.keyed_fingerprint(&right).await.expect("a fingerprint"), known);
    assert_ne!(store.keyed_fingerprint(&wrong).await.expect("a fingerprint"), known);
    assert_ne!(known, Fingerprint::of(b"right"), "only this store's key makes it");
    store.remember_sign_in(acme, Some((&wrong, Time::from_unix(5)))).await.expect("written");
    assert_eq!(store.refused_sign_in(acme, &wrong).await.expect("read"), Some(Time::from_unix(5)));
    assert_eq!(store.refused_sign_in(acme, &right).await.expect("read"), None);
    store.remember_sign_in(acme, None).await.expect("written");
    assert_eq!(store.refused_sign_in(acme, &wrong).await.expect("read"), None);
}

async fn holds(store: &dyn Store, acme: &TenantName) {
    let now = Time::from_unix(0);
    let held = store.lock(acme, now).await.expect("held");
    let second = store.lock(acme, now).await.map(drop);
    assert!(
        matches!(&second, Err(StoreError::Held { holder, .. }) if holder.contains("since 1 Jan 1970")),
        "{second:?}"
    );
    drop(held);
    drop(store.lock(acme, now).await.expect("free again"));
}

#[tokio::test]
async fn sqlite_behaves() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state/pushcert.sqlite");
    behaves(&Sqlite::open(&path).expect("a store")).await;
    let again = Sqlite::open(&path).expect("the same store");
    assert_eq!(again.audit(&tenant()).await.expect("read").len(), 2);
}

#[tokio::test]
async fn an_edited_line_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state/pushcert.sqlite");
    let store = Sqlite::open(&path).expect("a store");
    for (version, what) in ["first", "second", "third"].into_iter().enumerate() {
        store.commit(&tenant(), version as u64, change(what)).await.expect("written");
    }
    let raw = rusqlite::Connection::open(&path).expect("the file");
    assert!(raw.execute("UPDATE audit SET line = replace(line, 'second', 'nothing')", []).is_err());
    assert!(raw.execute("DELETE FROM audit", []).is_err());
    raw.execute_batch("DROP TRIGGER audit_is_not_edited; UPDATE audit SET line = replace(line, 'second', 'nothing')")
        .expect("edited");
    let found = store.verify_audit(&tenant(), None).await.expect("read");
    assert!(found.broken.expect("broken").contains("line 2"));
}

#[test]
fn what_is_no_store_of_ours_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state/pushcert.sqlite");
    drop(Sqlite::open(&path).expect("a store"));
    rusqlite::Connection::open(&path).and_then(|raw| raw.pragma_update(None, "user_version", 99)).expect("changed");
    let newer = Sqlite::open(&path).expect_err("it is newer");
    assert!(matches!(newer, StoreError::Newer { found: 99, .. }));
    assert!(newer.to_string().contains("update pushcert"));
    let text = folder.path().join("state/text");
    std::fs::write(&text, "this is a letter, and not a database at all").expect("written");
    assert!(Sqlite::open(&text).is_err());
    assert_eq!(std::fs::read_to_string(&text).expect("read"), "this is a letter, and not a database at all");
}
