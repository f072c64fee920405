//! What is due in a rotation. The decision alone: deeds carry it out.

use super::{Change, Lockout, Place, Purpose, Rotation, lockout::not_accepted, lockouts};
use crate::{Fingerprint, Time, pingid::Platform};

/// Everything that a decision depends on.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The open rotation, if there is one.
    pub rotation: Option<&'a Rotation>,
    /// The fingerprints of the tokens that PingID holds, where they could be read just now.
    pub held: Option<&'a [Fingerprint]>,
    /// What of the devices speaks against the end of the old token, as far as they could be looked at.
    pub coverage: &'a [Lockout],
    /// Whether a person wants the old token gone although something speaks against it, and has said why.
    pub insists: bool,
    /// The time.
    pub now: Time,
}

/// What is due.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Open a rotation.
    Begin,
    /// Add a token by the interface.
    Add,
    /// Look whether the token arrived that was about to be added.
    ReadBackAdded,
    /// Have a person add a token on PingID's page.
    GuideAdd,
    /// Give a person the configurations with the new token.
    HandOff,
    /// Have a person change the configuration of this platform.
    GuideSwitch(Platform),
    /// Remove the configurations, which hold the token.
    CleanUp,
    /// Nothing until then: devices are fetching the new token.
    Soak {
        /// Until when.
        until: Time,
    },
    /// Wait for these devices, although their time is over.
    Await(Vec<Lockout>),
    /// Refuse: people would be locked out.
    Refuse(Vec<Lockout>),
    /// Revoke the old tokens by the interface.
    Revoke,
    /// Look whether the old tokens went that were about to be revoked.
    ReadBackRevoked,
    /// Have a person revoke the old token on PingID's page.
    GuideRevoke,
    /// Note that it is over.
    Close,
}

/// What is due now.
pub fn next(situation: &Situation<'_>) -> Step {
    let Some(rotation) = situation.rotation.filter(|rotation| rotation.is_open()) else { return Step::Begin };
    if rotation.revoked.is_done() {
        return if rotation.handed_off.is_some() { Step::CleanUp } else { Step::Close };
    }
    if situation.insists && rotation.purpose == Purpose::Replacement {
        return revoking(rotation, situation);
    }
    match (&rotation.added, rotation.place) {
        (Change::Wanted, Place::PingOne) if rotation.purpose == Purpose::Replacement => return Step::Add,
        (Change::Wanted, _) => return Step::GuideAdd,
        (Change::Intended { .. }, _) => return Step::ReadBackAdded,
        (Change::Done { .. }, _) => {}
    }
    match rotation.next_platform() {
        Some(_) if rotation.handed_off.is_none() => Step::HandOff,
        Some(platform) => Step::GuideSwitch(platform),
        None if rotation.handed_off.is_some() => Step::CleanUp,
        None if rotation.purpose == Purpose::FirstSetUp => Step::Close,
        None => soaking(rotation, situation),
    }
}

fn soaking(rotation: &Rotation, situation: &Situation<'_>) -> Step {
    match rotation.soaked_at() {
        _ if !matches!(rotation.revoked, Change::Wanted) => revoking(rotation, situation),
        Some(until) if situation.now < until && !rotation.accepted.contains_key("window-open") => Step::Soak { until },
        _ => {
            let missing = not_accepted(rotation, situation.coverage.to_vec());
            if missing.is_empty() { revoking(rotation, situation) } else { Step::Await(missing) }
        }
    }
}

fn revoking(rotation: &Rotation, situation: &Situation<'_>) -> Step {
    if matches!(rotation.revoked, Change::Intended { .. }) {
        return Step::ReadBackRevoked;
    }
    let against = lockouts(rotation, situation.held, situation.coverage, situation.now);
    if !against.is_empty() {
        return Step::Refuse(against);
    }
    // What PingOne makes of an empty list is not documented, so no list is ever emptied by us.
    let empties = rotation.accepted.contains_key("last-token") || rotation.accepted.contains_key("new-token-absent");
    match rotation.place {
        Place::PingOne if !empties => Step::Revoke,
        Place::PingOne | Place::Portal => Step::GuideRevoke,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        DAY,
        credential::{KnownToken, Stamp},
        renewal::Confirmation,
    };

    const NOW: Time = Time::from_unix(1_800_000_000);

    fn known(name: &str) -> KnownToken {
        KnownToken { fingerprint: Fingerprint::of(name.as_bytes()), made: Some(NOW.plus(-400 * DAY)) }
    }

    fn stamp(at: Time) -> Stamp {
        Stamp { at, who: "somebody".into(), evidence: None }
    }

    fn done(at: Time) -> Change {
        Change::Done { stamp: stamp(at), confirmed: Confirmation::ReadBack }
    }

    fn planned(place: Place) -> Rotation {
        Rotation {
            number: 1,
            started: NOW,
            purpose: Purpose::Replacement,
            place,
            platforms: Platform::ALL.to_vec(),
            soak_days: 7,
            previous_made: Some(NOW.plus(-400 * DAY)),
            old: vec![known("old")],
            token: None,
            added: Change::Wanted,
            effective_from: None,
            handed_off: None,
            switched: BTreeMap::new(),
            revoked: Change::Wanted,
            accepted: BTreeMap::new(),
            end: None,
        }
    }

    fn added(place: Place) -> Rotation {
        Rotation { token: Some(known("new")), added: done(NOW), handed_off: Some("/x".into()), ..planned(place) }
    }

    fn switched(place: Place, days_ago: i64) -> Rotation {
        let at = NOW.plus(-days_ago * DAY);
        let switched = Platform::ALL.into_iter().map(|platform| (platform, stamp(at))).collect();
        Rotation { switched, handed_off: None, ..added(place) }
    }

    fn both() -> Vec<Fingerprint> {
        vec![known("old").fingerprint, known("new").fingerprint]
    }

    fn due(rotation: &Rotation, held: Option<&[Fingerprint]>) -> Step {
        next(&Situation { rotation: Some(rotation), held, coverage: &[], insists: false, now: NOW })
    }

    fn words(step: &Step) -> Vec<&'static str> {
        let Step::Refuse(against) = step else { return vec![] };
        against.iter().map(Lockout::word).collect()
    }

    #[test]
    fn by_the_interface_and_by_hand() {
        for (place, add, revoke) in
            [(Place::PingOne, Step::Add, Step::Revoke), (Place::Portal, Step::GuideAdd, Step::GuideRevoke)]
        {
            let held = both();
            let held = (place == Place::PingOne).then_some(held.as_slice());
            assert_eq!(due(&planned(place), held), add);
            let fresh = Rotation { handed_off: None, ..added(place) };
            assert_eq!(due(&fresh, held), Step::HandOff);
            assert_eq!(due(&added(place), held), Step::GuideSwitch(Platform::Ios));
            let one = Rotation { switched: [(Platform::Ios, stamp(NOW))].into(), ..added(place) };
            assert_eq!(due(&one, held), Step::GuideSwitch(Platform::Android));
            let littered = Rotation { handed_off: Some("/x".into()), ..switched(place, 0) };
            assert_eq!(due(&littered, held), Step::CleanUp);
            assert_eq!(due(&switched(place, 6), held), Step::Soak { until: NOW.plus(DAY) });
            assert_eq!(due(&switched(place, 7), held), revoke);
            let over = Rotation { revoked: done(NOW), ..switched(place, 7) };
            assert_eq!(due(&over, held), Step::Close);
        }
    }

    #[test]
    fn what_was_sent_and_not_confirmed_is_read_first() {
        let intended = Change::Intended { at: NOW, before: Fingerprint::of(b"x") };
        let adding = Rotation { added: intended.clone(), ..planned(Place::PingOne) };
        assert_eq!(due(&adding, Some(&both())), Step::ReadBackAdded);
        let revoking = Rotation { revoked: intended, ..switched(Place::PingOne, 8) };
        assert_eq!(due(&revoking, Some(&both())), Step::ReadBackRevoked);
    }

    #[test]
    fn whatever_would_lock_people_out_is_refused() {
        let insist = |rotation: &Rotation, held: Option<&[Fingerprint]>| {
            next(&Situation { rotation: Some(rotation), held, coverage: &[], insists: true, now: NOW })
        };
        let early = insist(&added(Place::PingOne), Some(&both()));
        assert_eq!(words(&early), ["leg-not-done", "leg-not-done", "window-open"]);
        let soaking = insist(&switched(Place::PingOne, 1), Some(&both()));
        assert_eq!(words(&soaking), ["window-open"]);
        let gone = due(&switched(Place::PingOne, 8), Some(&[known("old").fingerprint]));
        assert_eq!(words(&gone), ["new-token-absent", "last-token"]);
        let unseen = due(&switched(Place::PingOne, 8), None);
        assert_eq!(words(&unseen), ["new-token-absent", "last-token"], "what cannot be seen is not assumed");
        let others = due(&switched(Place::PingOne, 8), Some(&[known("old").fingerprint, known("third").fingerprint]));
        assert_eq!(words(&others), ["new-token-absent"]);
        let planned = insist(&planned(Place::Portal), None);
        assert_eq!(words(&planned), ["new-token-absent", "last-token", "leg-not-done", "leg-not-done", "window-open"]);
    }

    #[test]
    fn devices_are_waited_for_when_their_time_is_over_and_refuse_whoever_insists() {
        let low = [Lockout::CoverageLow { platform: Platform::Ios, percent: 40, silent: 60, wanted: 95 }];
        let held = both();
        let step = |rotation: &Rotation, insists| {
            next(&Situation { rotation: Some(rotation), held: Some(&held), coverage: &low, insists, now: NOW })
        };
        let soaked = switched(Place::PingOne, 8);
        assert_eq!(step(&switched(Place::PingOne, 6), false), Step::Soak { until: NOW.plus(DAY) });
        assert_eq!(step(&soaked, false), Step::Await(low.to_vec()));
        assert_eq!(words(&step(&soaked, true)), ["coverage-low"]);
        let accepted = [("coverage-low".to_owned(), "they are in a drawer".to_owned())].into();
        assert_eq!(step(&Rotation { accepted, ..soaked.clone() }, false), Step::Revoke);
        let sent = Change::Intended { at: NOW, before: Fingerprint::of(b"x") };
        let uncertain = step(&Rotation { revoked: sent, ..soaked }, false);
        assert_eq!(uncertain, Step::ReadBackRevoked, "what was sent is looked at first");
    }

    #[test]
    fn what_a_person_accepted_no_longer_refuses() {
        let accepted = |words: &[&str]| words.iter().map(|word| ((*word).to_owned(), "a reason".to_owned())).collect();
        let early = Rotation { accepted: accepted(&["window-open"]), ..switched(Place::PingOne, 1) };
        assert_eq!(due(&early, Some(&both())), Step::Revoke);
        let last = Rotation { accepted: accepted(&["new-token-absent", "last-token"]), ..switched(Place::PingOne, 8) };
        assert_eq!(due(&last, Some(&[known("old").fingerprint])), Step::GuideRevoke, "no list is emptied by us");
    }

    #[test]
    fn a_first_set_up_revokes_nothing() {
        let first = |rotation: Rotation| Rotation { purpose: Purpose::FirstSetUp, old: vec![], ..rotation };
        assert_eq!(
            due(&first(planned(Place::PingOne)), None),
            Step::GuideAdd,
            "a person switches the whole company on"
        );
        assert_eq!(due(&first(switched(Place::PingOne, 0)), None), Step::Close);
    }

    #[test]
    fn stages_have_their_words() {
        let stage = |rotation: Rotation| rotation.stage(NOW).word();
        assert_eq!(stage(planned(Place::Portal)), "planned");
        assert_eq!(stage(added(Place::Portal)), "added");
        assert_eq!(stage(switched(Place::Portal, 6)), "soaking");
        assert_eq!(stage(switched(Place::Portal, 7)), "ready");
        assert_eq!(stage(Rotation { revoked: done(NOW), ..switched(Place::Portal, 7) }), "revoked");
    }
}
