//! Rotations of PingID's token by hand, as stories.

use std::fs;

use pushcert::commands::{
    Kind, Outcome, World,
    pingid::{
        adopt,
        rotate::{Done, Wish, rotate},
    },
};
use pushcert_papers::{Time, pingid::Platform, watch::Level};

use crate::trial::{Trial, kind};

const OLD: &str = "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a";
const NEW: &str = "6f1c2d3e-0a1b-4c2d-8e3f-9a0b1c2d3e4f";

/// A trial whose tenant has no interface to PingOne.
async fn by_hand(tenant: &str) -> Trial {
    let mut trial = Trial::with(tenant).await;
    trial.reconfigured(|text| {
        let (before, rest) = text.split_once("[tenants.cloud.pingone]").expect("PingOne is configured");
        let (_, after) = rest.split_once("\n\n").expect("the next tenant");
        format!("{before}{after}")
    });
    trial
}

async fn run(trial: &Trial, wish: Wish) -> Outcome {
    trial.live(async |world: &World<'_>| rotate(world, &trial.tenant, wish).await).await
}

/// Brings a token in a file.
async fn bring(trial: &Trial, token: &str, first: Option<Time>) -> Outcome {
    let path = trial.path("token.txt");
    fs::write(&path, format!("{token}\n")).expect("written");
    run(trial, Wish { token: Some(path), first: first.is_some(), effective_from: first, ..Wish::default() }).await
}

async fn done(trial: &Trial, step: Done) -> Outcome {
    run(trial, Wish { done: vec![step], evidence: Some("saved, version 7".into()), ..Wish::default() }).await
}

fn step(trial: &Trial) -> (&'static str, Option<&'static str>) {
    trial.said.rotation.borrow().as_ref().map(|report| (report.step, report.waiting_for)).expect("a report")
}

/// A trial in which the new token is at PingID, and both platforms are switched.
async fn soaking() -> Trial {
    let trial = by_hand("cloud").await;
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!(step(&trial), ("planned", Some("token")));
    assert_eq!(kind(&bring(&trial, NEW, None).await), Ok(Some(Kind::Waiting)));
    assert_eq!(step(&trial), ("added", Some("switched-ios")));
    assert_eq!(kind(&done(&trial, Done::Switched(Platform::Ios)).await), Ok(Some(Kind::Waiting)));
    assert_eq!(kind(&done(&trial, Done::Switched(Platform::Android)).await), Ok(None));
    assert_eq!(step(&trial), ("soaking", Some("time")));
    trial
}

#[tokio::test]
async fn a_rotation_by_hand_from_its_beginning_to_its_end() {
    let trial = soaking().await;
    assert!(trial.said.on_cards().contains("PINGID_MDM_TOKEN"), "{}", trial.said.on_cards());
    let next = trial.status().await.credentials[0].next.clone();
    let until = trial.now().plus(7 * 86_400);
    assert_eq!((next.command, next.due), (None, Some(until)), "until then the command has nothing to do");
    trial.days_pass(8);
    let next = trial.status().await.credentials[0].next.clone();
    assert_eq!(next.command.as_deref(), Some("pushcert pingid rotate cloud"));
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.on_cards().contains("Revoke"));
    assert_eq!(kind(&done(&trial, Done::Revoked).await), Ok(None));
    assert_eq!(step(&trial).0, "closed");
    let history = trial.history().await;
    let wanted = [
        "pingid-rotation-begun",
        "pingid-token-added",
        "pingid-configurations-written",
        "pingid-platform-switched",
        "pingid-platform-switched",
        "pingid-configurations-removed",
        "pingid-token-revoked",
        "pingid-rotation-closed",
    ];
    assert_eq!(history, wanted);
    let status = trial.status().await;
    assert_eq!((status.credentials[0].age_days, status.credentials[0].state.word()), (Some(8), "ok"));
    assert_eq!(status.step.word(), "idle", "the certificate's own journey is another one");
}

#[tokio::test]
async fn the_configurations_are_private_and_go_when_they_are_not_needed() {
    let trial = by_hand("cloud").await;
    run(&trial, Wish::default()).await.expect("begun");
    bring(&trial, NEW, None).await.expect("added");
    let folder = trial.said.rotation.borrow().as_ref().and_then(|report| report.handoff.clone()).expect("a folder");
    let names = ["pingid-android.json", "pingid-android.txt", "pingid-ios.plist", "pingid-ios.txt", "pingid-ios.xml"];
    for name in names {
        let path = std::path::Path::new(&folder).join(name);
        assert!(fs::read_to_string(&path).expect("a configuration").contains(NEW), "{name}");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&path.metadata().expect("a file")) & 0o777, 0o600, "{name}");
    }
    done(&trial, Done::Switched(Platform::Ios)).await.expect("switched");
    done(&trial, Done::Switched(Platform::Android)).await.expect("switched");
    assert!(!std::path::Path::new(&folder).exists(), "they held the token");
    let store = fs::read(trial.path("state/pushcert.sqlite")).expect("the store");
    let wal = fs::read(trial.path("state/pushcert.sqlite-wal")).unwrap_or_default();
    let holds = |bytes: &[u8]| bytes.windows(NEW.len()).any(|part| part == NEW.as_bytes());
    assert!(!holds(&store) && !holds(&wal), "the store holds no token");
}

#[tokio::test]
async fn nothing_is_revoked_early_but_on_a_persons_word() {
    let trial = soaking().await;
    assert_eq!(kind(&done(&trial, Done::Revoked).await), Err((Kind::Refused, "window-open")));
    let accept = |reason: Option<&str>| Wish {
        accept: vec!["window-open".into()],
        reason: reason.map(str::to_owned),
        done: vec![Done::Revoked],
        ..Wish::default()
    };
    assert_eq!(kind(&run(&trial, accept(None)).await), Err((Kind::Usage, "reason")));
    assert_eq!(kind(&run(&trial, accept(Some("a leak"))).await), Ok(None));
    assert!(trial.history().await.contains(&"pingid-danger-accepted".to_owned()));
}

#[tokio::test]
async fn a_leg_that_is_not_done_refuses() {
    let trial = by_hand("cloud").await;
    run(&trial, Wish::default()).await.expect("begun");
    assert_eq!(kind(&done(&trial, Done::Revoked).await), Err((Kind::Refused, "new-token-absent")));
    bring(&trial, NEW, None).await.expect("added");
    done(&trial, Done::Switched(Platform::Ios)).await.expect("switched");
    trial.days_pass(30);
    assert_eq!(kind(&done(&trial, Done::Revoked).await), Err((Kind::Refused, "leg-not-done")));
}

#[tokio::test]
async fn a_token_that_cannot_be_meant_is_not_taken() {
    let trial = by_hand("core").await;
    run(&trial, Wish::default()).await.expect("begun");
    let quoted = format!("\"{NEW}\"");
    for (token, code) in [(quoted.as_str(), "token-quoted"), (" ", "token-empty"), ("YOUR_TOKEN", "token-placeholder")]
    {
        assert_eq!(kind(&bring(&trial, token, None).await), Err((Kind::Refused, code)), "{token}");
    }
    assert_eq!(step(&trial).0, "planned");
}

#[tokio::test]
async fn the_token_in_use_is_not_taken_for_a_new_one() {
    let trial = by_hand("cloud").await;
    let path = trial.path("old.txt");
    fs::write(&path, OLD).expect("written");
    let made = trial.now().plus(-400 * 86_400);
    let adopted = trial.live(async |world: &World<'_>| adopt(world, &trial.tenant, made, Some(&path)).await).await;
    assert_eq!(kind(&adopted), Ok(None));
    let status = trial.status().await;
    let token = &status.credentials[0];
    assert_eq!((token.age_days, token.state.word(), token.days_left), (Some(400), "warning", Some(-35)));
    assert!(status.level >= Level::Warning);
    run(&trial, Wish::default()).await.expect("begun");
    assert_eq!(kind(&bring(&trial, OLD, None).await), Err((Kind::Refused, "token-unchanged")));
    assert_eq!(kind(&bring(&trial, NEW, None).await), Ok(Some(Kind::Waiting)));
    assert_eq!(trial.status().await.credentials[0].age_days, Some(400), "devices still use the old one");
}

#[tokio::test]
async fn given_up_it_leaves_the_old_token_in_use() {
    let trial = soaking().await;
    let abort = |reason: Option<&str>| Wish { abort: true, reason: reason.map(str::to_owned), ..Wish::default() };
    assert_eq!(kind(&run(&trial, abort(None)).await), Err((Kind::Usage, "reason")));
    assert_eq!(kind(&run(&trial, abort(Some("wrong tenant"))).await), Ok(None));
    assert!(trial.said.notes.borrow().iter().any(|note| note.contains("stays at PingID")));
    assert_eq!(kind(&run(&trial, abort(Some("again"))).await), Err((Kind::NotFound, "no-rotation")));
    let status = trial.status().await;
    assert_eq!(status.credentials[0].state.word(), "unknown", "how old the old one is was never said");
}

#[tokio::test]
async fn a_first_set_up_wants_a_day_to_come_and_counts_to_it() {
    let trial = by_hand("cloud").await;
    let first = Wish { first: true, ..Wish::default() };
    assert_eq!(kind(&run(&trial, first).await), Ok(Some(Kind::Waiting)));
    let now = trial.now();
    assert_eq!(kind(&bring(&trial, NEW, Some(now)).await), Err((Kind::Refused, "effective-date-past")));
    assert_eq!(kind(&bring(&trial, NEW, Some(now.plus(6 * 86_400))).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.on_cards().contains("Convert to Managed App"), "{}", trial.said.on_cards());
    let token = trial.status().await.credentials[0].clone();
    assert_eq!((token.days_left, token.state.word(), token.ends.is_some()), (Some(6), "notice", true));
    done(&trial, Done::Switched(Platform::Ios)).await.expect("switched");
    assert_eq!(kind(&done(&trial, Done::Switched(Platform::Android)).await), Ok(None));
    assert_eq!(step(&trial).0, "closed", "nothing is revoked");
    assert_eq!(trial.status().await.credentials[0].state.word(), "ok");
}

/// Brings a trial, whose devices are looked at in this way, to the day on which the old token may go.
async fn soaked(tenant: &str, more: &str) -> Trial {
    let mut trial = by_hand(tenant).await;
    trial.reconfigured(|text| text.replace(&format!("[tenants.{tenant}]\n"), &format!("[tenants.{tenant}]\n{more}\n")));
    run(&trial, Wish::default()).await.expect("begun");
    bring(&trial, NEW, None).await.expect("added");
    done(&trial, Done::Switched(Platform::Ios)).await.expect("switched");
    done(&trial, Done::Switched(Platform::Android)).await.expect("switched");
    trial.days_pass(8);
    trial.said.notes.borrow_mut().clear();
    trial
}

fn legs(trial: &Trial) -> Vec<(&'static str, Option<u64>)> {
    let report = trial.said.rotation.borrow();
    let coverage = report.as_ref().and_then(|report| report.coverage.clone()).unwrap_or_default();
    coverage.iter().map(|leg| (leg.platform.word(), leg.percent())).collect()
}

#[tokio::test]
async fn where_no_interface_tells_of_apps_time_alone_decides_and_it_is_said() {
    let trial = soaked("cloud", "").await;
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!(step(&trial), ("ready", Some("revoke")));
    let notes = trial.said.notes.borrow().join("\n");
    assert!(notes.contains("Apple devices have checked in since") && notes.contains("not known"), "{notes}");
    assert_eq!(legs(&trial), []);
}

#[tokio::test]
async fn the_app_and_the_check_ins_are_looked_at_by_both_interfaces_that_tell() {
    for (tenant, devices) in [("cloud", "devices = \"cps\""), ("core", ""), ("core", "devices = \"cps\"")] {
        let trial = soaked(tenant, devices).await;
        assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)), "{tenant} {devices}");
        assert_eq!(step(&trial), ("ready", Some("revoke")), "{tenant} {devices}");
        let legs = legs(&trial);
        assert_eq!(legs[1], ("android", Some(100)), "{tenant} {devices}");
        assert!(legs[0].1.is_some_and(|percent| (95..100).contains(&percent)), "one lies in a drawer: {legs:?}");
        let notes = trial.said.notes.borrow().join("\n");
        assert!(notes.contains("devices with PingID have checked in since"), "{notes}");
        assert!(notes.contains("Silent since, and refused once the old token is gone: "), "{notes}");
        assert!(notes.contains("not that PingID has read it"), "{notes}");
    }
}

#[tokio::test]
async fn too_few_devices_are_waited_for_and_the_old_token_stays() {
    let trial = soaked("core", "pingid = { coverage = 100 }").await;
    for _ in 0..2 {
        assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
        assert_eq!(step(&trial), ("ready", Some("devices")));
    }
    let notes = trial.said.notes.borrow().join("\n");
    assert!(notes.contains("coverage-low") && notes.contains("--accept-lockout coverage-low"), "{notes}");
    assert_eq!(kind(&done(&trial, Done::Revoked).await), Err((Kind::Refused, "coverage-low")));
    let accept = |reason: Option<&str>| Wish {
        accept: vec!["coverage-low".into()],
        reason: reason.map(str::to_owned),
        ..Wish::default()
    };
    assert_eq!(kind(&run(&trial, accept(None)).await), Err((Kind::Usage, "reason")));
    assert_eq!(kind(&run(&trial, accept(Some("it lies in a drawer"))).await), Ok(Some(Kind::Waiting)));
    assert_eq!(step(&trial), ("ready", Some("revoke")));
}

#[tokio::test]
async fn a_server_that_hides_apps_or_fails_is_not_taken_for_one_without_devices() {
    let trial = soaked("core", "").await;
    trial.fault(r#"{"where":"core","match":"*","do":{"switch":"apps-hidden"}}"#);
    run(&trial, Wish::default()).await.expect("time alone decides");
    assert_eq!((step(&trial), legs(&trial)), (("ready", Some("revoke")), vec![("ios", None), ("android", None)]));
    assert!(trial.said.notes.borrow().join("\n").contains("iOS: not known."), "it is said");
    trial.fault(r#"{"where":"core","match":"/api/v2/devices/appinventory","do":{"status":503}}"#);
    assert_eq!(kind(&run(&trial, Wish::default()).await), Ok(Some(Kind::Waiting)));
    assert_eq!(step(&trial), ("ready", Some("devices")));
    assert_eq!(kind(&done(&trial, Done::Revoked).await), Err((Kind::Refused, "coverage-unseen")));
}
