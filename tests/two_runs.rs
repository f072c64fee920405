//! Two runs with one tenant: the second is told, nobody waits for a person, and neither spoils what the other does.

use std::fs;

use pushcert::{
    commands::{Kind, renew::Wish},
    store::{Sqlite, Store},
    world::files::write_private,
};
use pushcert_papers::{TenantName, Time};

use crate::{
    shell::{Sandbox, home, program, text},
    store::{Place, cluster::PASSWORD},
    trial::{Trial, kind},
};

#[tokio::test]
async fn a_second_run_brings_the_certificate_beside_a_waiting_one() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let certificate = trial.renewed_at_the_portal().await;
    let downloads = trial.path("Downloads");
    fs::create_dir(&downloads).expect("a folder");
    trial.person.there.set(true);
    let waits = trial.renew(Wish { downloads: Some(downloads.clone()), ..Wish::default() });
    let brings = async {
        while trial.said.cards.borrow().len() < 2 {
            tokio::task::yield_now().await;
        }
        // What one of them refuses is no hindrance to the other.
        let wrong = trial.created_at_the_portal().await;
        assert_eq!(kind(&trial.bring(&wrong).await), Err((Kind::Refused, "topic-changed")));
        trial.bring(&certificate).await
    };
    let (waited, brought) = tokio::join!(waits, brings);
    assert_eq!((kind(&waited), kind(&brought)), (Ok(None), Ok(None)));
    assert!(trial.said.notes.borrow().iter().any(|note| note.contains("Another run has gone on with cloud")));
    assert_eq!(trial.uploads(), 1);
    let closed = trial.history().await.iter().filter(|what| *what == "renewal-closed").count();
    assert_eq!(closed, 1);
}

#[tokio::test]
async fn what_another_run_refused_does_not_end_the_wait() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let (wrong, right) = (trial.created_at_the_portal().await, trial.renewed_at_the_portal().await);
    let downloads = trial.path("Downloads");
    fs::create_dir(&downloads).expect("a folder");
    trial.person.there.set(true);
    let waits = trial.renew(Wish { downloads: Some(downloads.clone()), ..Wish::default() });
    let downloads = async {
        while trial.said.cards.borrow().len() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(kind(&trial.bring(&wrong).await), Err((Kind::Refused, "topic-changed")));
        fs::copy(&right, downloads.join("new.pem")).expect("copied");
    };
    let (waited, ()) = tokio::join!(waits, downloads);
    assert_eq!((kind(&waited), trial.uploads()), (Ok(None), 1));
}

/// A colleague's run on this machine, or on another one with the same store.
#[tokio::test]
async fn the_second_run_says_who_holds_the_tenant_and_ends_with_8() {
    let home = home();
    let sandbox = Sandbox::start(home.path());
    let path = home.path().join("state/pushcert.sqlite");
    let sqlite: Box<dyn Store> = Box::new(Sqlite::open(&path).expect("a store"));
    let mut stores = vec![(sqlite, path.display().to_string())];
    let passwords = home.path().join("pgpass");
    let place = Place::postgres().await;
    if let Some(Place::Postgres(database)) = &place {
        let line = format!("*:*:*:*:{}\n", PASSWORD.replace('\\', "\\\\").replace(':', "\\:"));
        write_private(&passwords, line.as_bytes()).expect("written");
        stores.push((Box::new(database.open().await.expect("a store")), database.address("postgres")));
    }
    let cloud = TenantName::parse("cloud").expect("a name");
    for (colleague, address) in stores {
        let renew = || {
            let mut tool = program(home.path());
            tool.args(["--config", sandbox.get("config"), "--store", &address, "renew", "cloud", "--no-input"]);
            tool.env("PGPASSFILE", &passwords).output().expect("it runs")
        };
        let held = colleague.lock(&cloud, Time::from_unix(1_772_366_400)).await.expect("held");
        let second = renew();
        let said = text(&second.stderr);
        assert_eq!(second.status.code(), Some(8), "{said}");
        for part in [format!("process {}", std::process::id()), "since 1 Mar 2026".into()] {
            assert!(said.contains(&part), "{part} is missing in {said}");
        }
        drop(held);
        // The record shows that nothing was asked of the server, and the next run goes on.
        let lines = colleague.audit(&cloud).await.expect("read");
        assert_eq!(lines.iter().map(|line| line.entry.what.as_str()).collect::<Vec<_>>(), ["renewal-begun"]);
        assert_eq!(renew().status.code(), Some(4));
    }
}
