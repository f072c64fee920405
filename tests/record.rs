//! The record, as whoever audits it meets it: on the command line, after somebody was at the store with other tools.

use std::path::Path;

use pushcert::commands::{Kind, renew::Wish};
use pushcert_papers::Topic;
use serde_json::Value;

use crate::{
    shell::{run, text},
    trial::{Trial, certificate, kind},
};

/// What the program says of the record, and the code that it ends with.
fn history(trial: &Trial, arguments: &[&str]) -> (Option<i32>, String) {
    let config = trial.config().display().to_string();
    let store = trial.path("state/pushcert.sqlite").display().to_string();
    let always = ["history", "cloud", "--config", &config, "--store", &store];
    let output = run(&trial.path(""), &[&always[..], arguments].concat());
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// Somebody who owns the store, and a tool of SQLite's.
fn behind_our_back(trial: &Trial, sql: &str) {
    let store = rusqlite::Connection::open(trial.path("state/pushcert.sqlite")).expect("the store");
    store.execute_batch(sql).expect("done");
}

/// The head of the record as the card shows it.
fn noted_head(trial: &Trial) -> String {
    let folder = trial.said.report.borrow().as_ref().and_then(|report| report.handoff.clone()).expect("a folder");
    let card = std::fs::read_to_string(Path::new(&folder).join("card.txt")).expect("a card");
    let line = card.lines().find(|line| line.contains("Record so far")).expect("a head");
    line.split_whitespace().last().expect("a digest").to_owned()
}

#[tokio::test]
async fn an_edit_and_a_cut_end_are_found_and_end_with_3() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let head = noted_head(&trial);
    assert_eq!(history(&trial, &["--verify"]).0, Some(0));
    assert_eq!(history(&trial, &["--verify", "--head", &head]).0, Some(0));
    behind_our_back(&trial, "DROP TRIGGER audit_is_not_cut; DELETE FROM audit WHERE number > 1");
    assert_eq!(history(&trial, &["--verify"]).0, Some(0), "what is left is a whole chain");
    let (code, said) = history(&trial, &["--verify", "--head", &head]);
    assert!(code == Some(3) && said.contains("cut off"), "{code:?}: {said}");
    behind_our_back(
        &trial,
        "DROP TRIGGER audit_is_not_edited; UPDATE audit SET line = replace(line, 'begun', 'ended')",
    );
    let (code, said) = history(&trial, &["--verify"]);
    assert!(code == Some(3) && said.contains("line 1"), "{code:?}: {said}");
}

/// A digest that was copied in part proves nothing, and least of all that a record was cut.
#[tokio::test]
async fn a_shortened_head_is_wrong_usage() {
    let trial = Trial::with("cloud").await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let head = noted_head(&trial);
    for part in [&head[..8], &head[..63], "no-digest"] {
        let (code, said) = history(&trial, &["--verify", "--head", part]);
        assert!(code == Some(2) && said.contains("64 hexadecimal digits"), "{code:?}: {said}");
        assert!(!said.contains("cut off"), "{said}");
    }
    assert_eq!(history(&trial, &["--verify", "--head", &head.to_uppercase()]).0, Some(0));
}

/// Whoever confirms one topic has not confirmed another.
#[tokio::test]
async fn another_topic_than_the_one_that_is_confirmed_is_refused() {
    let trial = Trial::with("cloud").await;
    let installed = trial.installed_today().await;
    let other = Topic::parse("com.apple.mgmt.External.00000000-0000-4000-8000-000000000000").expect("a topic");
    let refused = trial.adopt(&installed, Some(other.clone())).await;
    assert_eq!(kind(&refused), Err((Kind::Refused, "topic-differs")));
    let message = refused.expect_err("it was refused").message;
    assert!(message.contains(other.as_str()) && message.contains(trial.topic().await.as_str()), "{message}");
    assert_eq!(trial.history().await, Vec::<String>::new(), "nothing was recorded");
}

#[tokio::test]
async fn every_line_says_when_who_what_and_what_was_there_before_and_after() {
    let trial = Trial::with("cloud").await;
    let old = trial.installed_today().await;
    assert_eq!(kind(&trial.adopt(&old, None).await), Ok(None));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
    let new = trial.renewed_at_the_portal().await;
    assert_eq!(kind(&trial.bring(&new).await), Ok(None));
    let (code, lines) = history(&trial, &["-o", "json"]);
    assert_eq!(code, Some(0));
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for (number, line) in lines.iter().enumerate() {
        assert_eq!((&line["schema"], &line["number"]), (&"pushcert/history/1".into(), &(number + 1).into()));
        let entry = &line["entry"];
        assert!(entry["at"].is_string() && entry["who"].is_string() && entry["what"].is_string(), "{line}");
        assert_eq!(line["digest"].as_str().map(str::len), Some(64));
    }
    let installed = lines.iter().find(|line| line["entry"]["what"] == "certificate-installed").expect("on record");
    let sha256 = |path: &Path| Value::from(certificate(path).sha256.to_string());
    assert_eq!((&installed["entry"]["before"], &installed["entry"]["after"]), (&sha256(&old), &sha256(&new)));
    assert_eq!(installed["entry"]["journey"], "cloud/1");
}
