//! Who is told what, and when: by tables, and by a whole year.

use proptest::prelude::*;
use pushcert_papers::{
    DAY, Fingerprint, Serial, TenantName, Time, Topic,
    certificate::Revocation,
    credential::{Credential, Enrolment, Rules, Standings, standings},
    renewal::{HandOff, HeldRequest, Journey, Origin, ReceivedCertificate, Request},
    watch::{
        Announced, Facts, Installed, Level, Lookup, Matter, Outlook, Problem, Seen, Severity, Source, Standing, State,
        Thresholds, due, standing, watch_trouble,
    },
};

const HOUR: i64 = 3_600;

/// A tenant, as somebody watches it.
#[derive(Clone, Debug)]
struct Watched {
    now: Time,
    seen: Option<Seen>,
    enrolled: Option<Topic>,
    journey: Option<Journey>,
    enrolment: Option<Enrolment>,
    lookup: Option<Lookup>,
    muted_until: Option<Time>,
    announced: Vec<Announced>,
    thresholds: Thresholds,
}

fn topic(last: &str) -> Topic {
    Topic::parse(&format!("com.apple.mgmt.External.{last}")).expect("a topic")
}

fn begin() -> Time {
    Time::parse("2026-02-20").expect("a date")
}

impl Watched {
    /// All is well, and the certificate is the file `name`.
    fn new(ends_in: i64) -> Self {
        let now = begin();
        let mut watched = Self {
            now,
            seen: None,
            enrolled: Some(topic("a")),
            journey: None,
            enrolment: None,
            lookup: None,
            muted_until: None,
            announced: vec![],
            thresholds: Thresholds::default(),
        };
        watched.sees(Source::Console, b"first", ends_in);
        watched
    }

    fn sees(&mut self, source: Source, name: &[u8], ends_in: i64) {
        let installed = Installed {
            topic: Some(topic("a")),
            serial: Some(Serial::new(name)),
            not_after: Some(self.now.plus(ends_in * DAY)),
            certificate: Some(Fingerprint::of(name)),
            ..Installed::default()
        };
        self.seen = Some(Seen { at: self.now, source, installed: Some(installed) });
    }

    /// The same look, once more.
    fn looks(&mut self) {
        if let Some(seen) = &mut self.seen {
            seen.at = self.now;
        }
    }

    fn installed(&mut self) -> &mut Installed {
        self.seen.as_mut().and_then(|seen| seen.installed.as_mut()).expect("a certificate")
    }

    fn judged<T>(&self, with: impl FnOnce(&Facts<'_>, &Standing) -> T) -> T {
        let tenant = TenantName::parse("acme").expect("a name");
        let facts = Facts {
            tenant: &tenant,
            seen: self.seen.as_ref(),
            enrolled: self.enrolled.as_ref(),
            journey: self.journey.as_ref(),
            account: None,
            lookup: self.lookup.as_ref(),
            thresholds: &self.thresholds,
            stale_after: None,
            now: self.now,
        };
        with(&facts, &standing(&facts))
    }

    fn standing(&self) -> Standing {
        self.judged(|_, standing| standing.clone())
    }

    /// What is announced now, and remembered: the matter, the occasion's last word, how grave, and whether it is over.
    fn told(&mut self) -> Vec<(Matter, Severity, bool)> {
        let found = self.judged(|facts, standing| {
            due(&Outlook {
                facts,
                standing,
                credentials: &self.credentials(facts.tenant),
                announced: &self.announced,
                muted_until: self.muted_until,
                trouble: None,
            })
        });
        for one in found.remembered {
            self.announced.retain(|known| known.matter != one.matter);
            self.announced.push(one);
        }
        found.alerts.iter().map(|alert| (alert.matter, alert.severity, alert.recovered)).collect()
    }

    fn credentials(&self, tenant: &TenantName) -> Vec<Credential> {
        let (token, key) = (Rules::default(), Rules::default());
        standings(&Standings { tenant, rotation: None, enrolment: self.enrolment.as_ref(), token, key, now: self.now })
    }

    fn occasion(&self, matter: Matter) -> &str {
        let found = self.announced.iter().find(|one| one.matter == matter.word());
        found.map_or("", |one| &one.occasion)
    }
}

#[test]
fn nothing_is_said_while_all_is_well() {
    let mut watched = Watched::new(300);
    for _ in 0..200 {
        assert_eq!(watched.told(), []);
        watched.now = watched.now.plus(DAY);
        watched.looks();
    }
}

#[test]
fn a_year_that_nobody_renews() {
    let mut watched = Watched::new(365);
    let end = watched.now.plus(365 * DAY);
    let mut told = vec![];
    // Two watchers look by turns, each three hours after the other, for a year and a half.
    while watched.now < end.plus(80 * DAY) {
        for (matter, severity, over) in watched.told() {
            assert!(matter == Matter::Expiry && !over);
            told.push((end.days_after(watched.now), severity, watched.occasion(Matter::Expiry).to_owned()));
        }
        watched.now = watched.now.plus(3 * HOUR);
        watched.looks();
    }
    let days: Vec<_> = told.iter().map(|(days, ..)| *days).collect();
    let calm = [59, 29, 13];
    let daily = (-31..=6).rev();
    let weekly = [-38, -45, -52, -59, -66, -73, -80];
    let wanted: Vec<i64> = calm.into_iter().chain(daily).chain(weekly).collect();
    assert_eq!(days, wanted);
    let grave: Vec<_> = told.iter().map(|(_, severity, _)| *severity).take(3).collect();
    assert_eq!(grave, [Severity::Info, Severity::Warning, Severity::Critical]);
    let mut occasions: Vec<_> = told.iter().map(|(.., occasion)| occasion).collect();
    occasions.sort();
    occasions.dedup();
    assert_eq!(occasions.len(), told.len(), "each is another occasion");
}

#[test]
fn a_year_with_a_renewal() {
    let mut watched = Watched::new(50);
    assert_eq!(watched.told(), [(Matter::Expiry, Severity::Info, false)]);
    watched.now = watched.now.plus(25 * DAY);
    watched.looks();
    assert_eq!(watched.told(), [(Matter::Expiry, Severity::Warning, false)]);
    let mut journey = Journey::begin(1, watched.enrolled.clone(), watched.now);
    journey.certificate = Some(received(b"second", watched.now.plus(365 * DAY), watched.now));
    watched.journey = Some(journey);
    watched.sees(Source::Console, b"second", 365);
    assert_eq!(watched.told(), [(Matter::Expiry, Severity::Critical, true)], "renewed, and by us");
    assert_eq!(watched.told(), []);
    watched.journey = None;
    watched.now = watched.now.plus(306 * DAY);
    watched.looks();
    assert_eq!(watched.told(), [(Matter::Expiry, Severity::Info, false)], "and the next year begins");
}

fn received(name: &[u8], not_after: Time, at: Time) -> ReceivedCertificate {
    ReceivedCertificate {
        artefact: Fingerprint::of(name),
        sha256: Fingerprint::of(name),
        topic: topic("a"),
        serial: Serial::new(name),
        not_before: at,
        not_after,
        at,
        accepted: vec![],
        own_key: None,
        issuer: None,
    }
}

#[test]
fn a_wrong_topic_is_the_loudest_until_it_is_right_again() {
    let mut watched = Watched::new(300);
    assert_eq!(watched.told(), []);
    watched.sees(Source::Console, b"wrong", 365);
    watched.installed().topic = Some(topic("b"));
    assert_eq!(watched.told(), [(Matter::TopicChanged, Severity::Emergency, false)], "one alert, not two");
    watched.now = watched.now.plus(HOUR);
    assert_eq!(watched.told(), []);
    watched.now = watched.now.plus(DAY);
    watched.looks();
    assert_eq!(watched.told(), [(Matter::TopicChanged, Severity::Emergency, false)]);
    watched.installed().topic = None;
    watched.now = watched.now.plus(2 * DAY);
    watched.looks();
    assert_eq!(watched.told(), [], "a console that shows no topic has not shown the right one");
    watched.installed().topic = Some(topic("a"));
    assert_eq!(watched.told(), [(Matter::TopicChanged, Severity::Emergency, true)]);
    assert_eq!(watched.told(), []);
    watched.installed().topic = Some(topic("b"));
    assert_eq!(watched.told(), [(Matter::TopicChanged, Severity::Emergency, false)]);
    assert!(watched.occasion(Matter::TopicChanged).starts_with("2:"), "another occasion than the first");
}

#[test]
fn a_revoked_certificate_is_told_of_and_a_list_that_nobody_read_says_nothing() {
    let mut watched = Watched::new(300);
    assert_eq!((watched.standing().revocation, watched.told()), (Revocation::NotLookedUp, vec![]));
    let lookup = |revoked| Lookup { at: begin(), certificate: Fingerprint::of(b"first"), revoked };
    watched.lookup = Some(lookup(None));
    assert_eq!((watched.standing().revocation, watched.told()), (Revocation::Good(begin()), vec![]));
    watched.lookup = Some(lookup(Some(begin())));
    assert_eq!(watched.told(), [(Matter::Revoked, Severity::Critical, false)]);
    assert_eq!(watched.standing().next.command.as_deref(), Some("pushcert renew acme"));
    watched.lookup = None;
    watched.now = watched.now.plus(DAY);
    watched.looks();
    assert_eq!(watched.told(), [], "that nobody looked is no good news");
    watched.sees(Source::File, b"second", 365);
    watched.lookup = Some(Lookup { at: watched.now, certificate: Fingerprint::of(b"second"), revoked: None });
    assert_eq!(watched.told(), [(Matter::Revoked, Severity::Critical, true)]);
}

#[test]
fn a_certificate_that_nobody_renewed_here() {
    // Who shows it, whose it is, and whether anybody is told.
    let table = [
        (Source::Console, false, true),
        (Source::Core, false, true),
        (Source::Console, true, false),
        (Source::File, false, false),
        (Source::Person, false, false),
        (Source::Page, false, false),
    ];
    for (source, ours, tells) in table {
        let mut watched = Watched::new(200);
        assert_eq!(watched.told(), []);
        watched.sees(source, b"second", 365);
        let mut journey = Journey::begin(1, watched.enrolled.clone(), watched.now);
        journey.certificate = ours.then(|| received(b"second", watched.now.plus(365 * DAY), watched.now));
        watched.journey = Some(journey);
        let told = watched.told();
        let wanted: &[_] = if tells { &[(Matter::CertificateChanged, Severity::Warning, false)] } else { &[] };
        assert_eq!(told, wanted, "{source:?}, ours: {ours}");
        assert_eq!(watched.told(), []);
    }
}

#[test]
fn the_same_certificate_shown_in_another_way_is_no_other() {
    let mut watched = Watched::new(200);
    assert_eq!(watched.told(), []);
    let end = watched.installed().not_after.expect("a date");
    watched.installed().serial = None;
    watched.installed().not_after = Some(end.plus(-11 * HOUR));
    assert_eq!(watched.told(), [], "a console shows a day");
}

#[test]
fn a_renewal_that_waits_for_days() {
    let mut watched = Watched::new(200);
    let mut journey = Journey::begin(4, watched.enrolled.clone(), watched.now);
    journey.request = Request::Held(HeldRequest {
        artefact: Fingerprint::of(b"request"),
        file_name: "request.txt".into(),
        public_key: Fingerprint::of(b"key"),
        vendor: None,
        vendor_not_after: None,
        at: watched.now,
        origin: Origin::Person,
        own_key: None,
    });
    journey.handed_off = Some(HandOff { at: watched.now.plus(DAY), folder: "there".into() });
    watched.journey = Some(journey);
    let mut told = vec![];
    for day in 0..20 {
        told.extend(watched.told().into_iter().map(|(matter, ..)| (day, matter)));
        watched.now = watched.now.plus(DAY);
        watched.looks();
    }
    let waiting = Matter::RenewalWaiting;
    assert_eq!(told, [(4, waiting), (11, waiting), (18, waiting)]);
    assert_eq!(watched.occasion(waiting), "4:portal:2");
}

/// A token for binding that ends is said daily from its last days on; used up, it is over.
#[test]
fn a_further_credential_that_ends() {
    let mut watched = Watched::new(300);
    let made = Enrolment { emm_token_made: Some(begin()), ..Enrolment::begin(1, false, begin()) };
    watched.enrolment = Some(made.clone());
    let mut told = vec![];
    for day in 0..33 {
        watched.looks();
        told.extend(watched.told().into_iter().map(|(_, severity, _)| (day, severity.word())));
        watched.now = watched.now.plus(DAY);
    }
    let notice: Vec<_> = (21..=25).map(|day| (day, "info")).collect();
    let warning: Vec<_> = (26..=28).map(|day| (day, "warning")).collect();
    let critical: Vec<_> = (29..33).map(|day| (day, "critical")).collect();
    assert_eq!(told, [notice, warning, critical].concat());
    watched.enrolment = Some(Enrolment { end: Some(watched.now), ..made });
    watched.looks();
    assert_eq!(watched.told(), [(Matter::AndroidEmmToken, Severity::Warning, true)]);
}

#[test]
fn when_nobody_can_tell_any_more() {
    let mut watched = Watched::new(200);
    assert_eq!(watched.told(), []);
    watched.now = watched.now.plus(3 * DAY + 1);
    assert_eq!(watched.told(), [(Matter::NotSeen, Severity::Warning, false)]);
    watched.looks();
    assert_eq!(watched.told(), [(Matter::NotSeen, Severity::Warning, true)]);
    watched.seen = Some(Seen { at: watched.now, source: Source::Console, installed: None });
    assert_eq!(watched.told(), [(Matter::NotInstalled, Severity::Critical, false)]);
    watched.sees(Source::Console, b"first", 200);
    assert_eq!(watched.told(), [(Matter::NotInstalled, Severity::Critical, true)]);
}

#[test]
fn a_new_tenant_has_a_day_to_say_what_is_installed() {
    let mut watched = Watched::new(200);
    let seen = watched.seen.take();
    assert_eq!(watched.told(), []);
    watched.now = watched.now.plus(DAY - 1);
    assert_eq!(watched.told(), []);
    watched.now = watched.now.plus(1);
    assert_eq!(watched.told(), [(Matter::NotSeen, Severity::Warning, false)]);
    watched.seen = seen;
    watched.looks();
    assert_eq!(watched.told(), [(Matter::NotSeen, Severity::Warning, true)]);
}

#[test]
fn who_is_muted_is_told_afterwards_and_only_what_holds_then() {
    let mut watched = Watched::new(28);
    watched.muted_until = Some(watched.now.plus(20 * DAY));
    for _ in 0..20 {
        assert_eq!(watched.told(), []);
        watched.now = watched.now.plus(DAY);
        watched.looks();
    }
    assert_eq!(watched.told(), [(Matter::Expiry, Severity::Critical, false)]);
    assert!(watched.occasion(Matter::Expiry).ends_with(":critical"), "the steps before it are not made up for");
}

#[test]
fn changed_thresholds_renew_nothing() {
    let mut watched = Watched::new(28);
    assert_eq!(watched.told().len(), 1);
    watched.thresholds = Thresholds { notice: 20, warning: 10, critical: 5, daily: 2, grace: 30 };
    assert_eq!(watched.told(), []);
    watched.thresholds = Thresholds::default();
    watched.now = watched.now.plus(15 * DAY);
    watched.looks();
    assert_eq!(watched.told(), [(Matter::Expiry, Severity::Critical, false)]);
}

#[test]
fn the_watch_speaks_of_itself() {
    let now = begin();
    let first = watch_trouble(Matter::Configuration, Some("line 3: no"), &[], now);
    assert!(first.alerts[0].what.contains("line 3: no") && first.alerts[0].severity == Severity::Critical);
    assert_eq!(watch_trouble(Matter::Configuration, Some("line 4: no"), &first.remembered, now).alerts, []);
    let over = watch_trouble(Matter::Configuration, None, &first.remembered, now);
    assert!(over.alerts[0].recovered);
    assert_eq!(watch_trouble(Matter::Configuration, None, &over.remembered, now).alerts, []);
    assert_eq!(watch_trouble(Matter::Rounds, None, &first.remembered, now).alerts, [], "it is another matter");
}

fn any_watched() -> impl Strategy<Value = Watched> {
    let sources = proptest::sample::select(&Source::ALL[..]);
    (sources, -60_i64..420, 0_i64..10, 0_u8..4, 0_u8..3, 0_u8..3, any::<bool>()).prop_map(
        |(source, ends_in, looked, shown, confirmed, listed, dated)| {
            let mut watched = Watched::new(300);
            watched.sees(source, b"first", ends_in);
            watched.installed().topic = (1..=2).contains(&shown).then(|| topic(["a", "b"][usize::from(shown) - 1]));
            watched.enrolled = (confirmed > 0).then(|| topic(["a", "b"][usize::from(confirmed) - 1]));
            let revoked = (listed == 2).then(begin);
            watched.lookup =
                (listed > 0).then(|| Lookup { at: begin(), certificate: Fingerprint::of(b"first"), revoked });
            if !dated {
                watched.installed().not_after = None;
            }
            if shown == 3 {
                watched.seen = Some(Seen { at: begin(), source, installed: None });
            }
            watched.now = watched.now.plus(looked * DAY);
            watched
        },
    )
}

proptest! {
    #[test]
    fn a_wrong_topic_and_a_revoked_certificate_are_never_well(mut watched in any_watched()) {
        let standing = watched.standing();
        let level = Level::of(standing.state, standing.stale, &standing.problems);
        let installed = watched.seen.as_ref().and_then(|seen| seen.installed.clone());
        let shown = installed.as_ref().and_then(|installed| installed.topic.clone());
        let wrong = shown.zip(watched.enrolled.clone()).is_some_and(|(shown, enrolled)| shown != enrolled);
        let revoked = installed.is_some() && watched.lookup.as_ref().is_some_and(|lookup| lookup.revoked.is_some());
        prop_assert_eq!(standing.problems.contains(&Problem::TopicChanged), wrong);
        prop_assert_eq!(standing.problems.contains(&Problem::Revoked), revoked);
        prop_assert!(!(wrong || revoked) || level == Level::Critical);
        prop_assert!(!standing.stale || level != Level::Ok);
        // Whatever is not well is told, once; and told again it is no news.
        let told = watched.told();
        let new = watched.seen.is_none();
        prop_assert!(new || !matches!(level, Level::Warning | Level::Critical) || !told.is_empty(), "{level:?}");
        prop_assert_eq!(watched.told(), vec![]);
    }

    #[test]
    fn a_state_never_gets_better_with_time(ends_in in -60_i64..420, more in 0_i64..500) {
        let watched = Watched::new(ends_in);
        let mut later = watched.clone();
        later.now = later.now.plus(more * DAY);
        prop_assert!(later.standing().state >= watched.standing().state);
        prop_assert!(watched.standing().state <= State::Expired);
    }
}
