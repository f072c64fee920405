//! What the watch learns and tells over time, inside one process: a whole year by the outbox, and Apple's list of revoked
//! certificates.
#![cfg(unix)]

use std::{fs, path::PathBuf, rc::Rc, time::Duration};

use async_trait::async_trait;
use pushcert::{
    app::real::{Real, Settings},
    commands::{StatusLine, World, alerts, revocations, status::Wish, watch},
    world::clock::SetClock,
};
use pushcert_papers::{DAY, Time, certificate::RevocationList};
use serde_json::Value;

use crate::{
    shell::{home, run, text},
    trial::{Person, Said},
};

const TOPIC: &str = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";

/// A home, a clock, and a hook that keeps what it gets.
struct Desk {
    home: tempfile::TempDir,
    clock: SetClock,
    said: Said,
    person: Person,
}

impl Desk {
    fn new(tenant: &str, certificate: &str, now: Time) -> Self {
        let desk = Self { home: home(), clock: SetClock::at(now), said: Said::default(), person: Person::default() };
        let hook = format!("kind = \"hook\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> {}\"]\n", desk.told().display());
        let config = format!("[tenants.acme]\n{tenant}\nenrolled_topic = \"{TOPIC}\"\n[[channels]]\n{hook}");
        fs::write(desk.config(), config).expect("written");
        let config = desk.config().display().to_string();
        let adopted = run(desk.home.path(), &["--config", &config, "adopt", "acme", certificate]);
        assert_eq!(adopted.status.code(), Some(0), "{}{}", text(&adopted.stdout), text(&adopted.stderr));
        desk
    }

    fn config(&self) -> PathBuf {
        self.home.path().join("pushcert.toml")
    }

    fn told(&self) -> PathBuf {
        self.home.path().join("told")
    }

    async fn live<T>(&self, deed: impl AsyncFnOnce(&World<'_>) -> T) -> T {
        let settings = Settings {
            config: Some(self.config()),
            store: Some(self.home.path().join(".local/state/pushcert/pushcert.sqlite").display().to_string()),
            handoff: Some(self.home.path().join("handoff")),
            timeout: Duration::from_secs(30),
            clock: Some(Rc::new(self.clock.clone())),
            patience: None,
            ..Settings::default()
        };
        let real = Real::build(&settings).await.expect("a world");
        real.live(&self.said, &self.person, deed).await
    }

    /// A round and the post after it.
    async fn round(&self) -> StatusLine {
        let looked = async |world: &World<'_>| {
            let lines = watch::look(world, &Wish::default()).await.expect("a round");
            alerts::post_all(world).await.expect("the post");
            lines
        };
        self.live(looked).await.remove(0)
    }

    fn alerts(&self) -> Vec<Value> {
        let told = fs::read_to_string(self.told()).unwrap_or_default();
        told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

#[tokio::test]
async fn a_year_by_the_outbox() {
    let end = Time::parse("2027-05-21T23:59:59Z").expect("a time");
    let desk = Desk::new("mdm = \"manual\"", "fixtures/papers/renewal-after.pem", end.plus(-100 * DAY));
    for days in (-45..=100).rev() {
        desk.clock.set(end.plus(-days * DAY - 60));
        desk.round().await;
        desk.round().await;
    }
    let alerts = desk.alerts();
    let days: Vec<_> = alerts.iter().map(|alert| alert["days_left"].as_i64().expect("days")).collect();
    let wanted: Vec<i64> = [59, 29, 13].into_iter().chain((-31..=6).rev()).chain([-38, -45]).collect();
    assert_eq!(days, wanted);
    let ids: std::collections::BTreeSet<_> = alerts.iter().map(|alert| alert["id"].to_string()).collect();
    assert_eq!(ids.len(), alerts.len(), "no two are the same");
    assert!(alerts.iter().all(|alert| alert["command"] == "pushcert renew acme"));
}

/// The list of the fixtures' authority.
struct Fixture(&'static str);

#[async_trait(?Send)]
impl revocations::Lists for Fixture {
    async fn revoked(&self, _own: Option<&str>) -> Result<RevocationList, String> {
        let bytes = fs::read(format!("fixtures/papers/{}", self.0)).map_err(|error| error.to_string())?;
        RevocationList::read(&bytes).map_err(|error| error.to_string())
    }
}

/// A tenant whose authorities are the fixtures', as only a loopback address may have.
const LOOPBACK: &str = "mdm = \"mobileiron-core\"\nurl = \"https://127.0.0.1:1\"\nauthorities = \"AUTHORITIES\"";

async fn looked_up(certificate: &str, list: &'static str) -> (Desk, Option<String>, StatusLine) {
    let authorities = std::path::absolute("fixtures/papers/authorities.pem").expect("a path").display().to_string();
    let now = Time::parse("2026-06-01T12:00:00Z").expect("a time");
    let desk = Desk::new(&LOOPBACK.replace("AUTHORITIES", &authorities), certificate, now);
    let look_up = async |world: &World<'_>| revocations::look_up(world, &Fixture(list)).await.expect("a store");
    let trouble = desk.live(look_up).await;
    let line = desk.round().await;
    (desk, trouble, line)
}

#[tokio::test]
async fn a_revoked_certificate_is_never_well_and_somebody_is_told() {
    let (desk, trouble, line) = looked_up("fixtures/papers/revoked.pem", "revoked.crl").await;
    assert_eq!((trouble, line.revocation, line.grave()), (None, "revoked", Some("revoked")));
    assert_eq!(line.level, pushcert_papers::watch::Level::Critical);
    let told = desk.alerts();
    assert_eq!(
        (told.len(), &told[0]["matter"], &told[0]["severity"]),
        (1, &"revoked".into(), &"critical".into()),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_good_certificate_is_good_and_a_list_that_is_out_of_date_says_nothing() {
    let (desk, trouble, line) = looked_up("fixtures/papers/renewal-after.pem", "revoked.crl").await;
    assert_eq!((trouble, line.revocation), (None, "good"));
    desk.clock.set(Time::parse("2026-06-10T12:00:00Z").expect("a time"));
    assert_eq!(desk.round().await.revocation, "not-looked-up", "that is more than a week ago");
    let (desk, trouble, line) = looked_up("fixtures/papers/renewal-after.pem", "revoked-outdated.crl").await;
    assert!(trouble.is_some_and(|why| why.contains("list-outdated")));
    assert_eq!((line.revocation, desk.alerts()), ("not-looked-up", vec![]));
}
