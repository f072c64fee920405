//! What only the embedded engine can do.

use std::{fs, path::Path};

use pushcert::store::{Sqlite, Store, StoreError};

use super::{at, change, tenant};

fn room() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state/pushcert.sqlite");
    (folder, path)
}

#[test]
fn what_is_no_store_is_left_alone() {
    let (folder, _) = room();
    let text = folder.path().join("text");
    fs::write(&text, "this is a letter, and not a database at all").expect("written");
    assert!(Sqlite::open(&text).is_err());
    assert_eq!(fs::read_to_string(&text).expect("read"), "this is a letter, and not a database at all");
}

#[cfg(unix)]
#[tokio::test]
async fn every_file_of_it_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = room();
    let store = Sqlite::open(&path).expect("a store");
    store.commit(&tenant(), 0, change("first")).await.expect("written");
    let _held = store.lock(&tenant(), at(0)).await.expect("held");
    let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    let names = ["pushcert.sqlite", "pushcert.sqlite-wal", "pushcert.sqlite-shm", "acme.lock"];
    assert_eq!(mode(&folder.path().join("state")), 0o700);
    assert_eq!(names.map(|name| mode(&path.with_file_name(name))), [0o600; 4]);
}

#[tokio::test]
async fn a_store_that_was_taken_away_is_not_written_to() {
    let (folder, path) = room();
    let store = Sqlite::open(&path).expect("a store");
    store.commit(&tenant(), 0, change("first")).await.expect("written");
    fs::rename(folder.path().join("state"), folder.path().join("elsewhere")).expect("moved");
    let moved = store.commit(&tenant(), 1, change("second")).await;
    assert!(matches!(moved, Err(StoreError::Moved { .. })), "{moved:?}");
    let other = Sqlite::open(&path).expect("a new store");
    assert!(matches!(store.lock(&tenant(), at(0)).await.map(drop), Err(StoreError::Moved { .. })));
    assert!(other.tenant(&tenant()).await.expect("read").is_none());
    let kept = Sqlite::open(&folder.path().join("elsewhere/pushcert.sqlite")).expect("the old store");
    assert_eq!(kept.audit(&tenant()).await.expect("read").len(), 1);
}
