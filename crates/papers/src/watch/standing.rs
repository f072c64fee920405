//! How a tenant stands: one pure function of what was seen, how far its renewal is, and the time.

use serde::Serialize;

use super::{Account, Lookup, Seen, Source, State, Thresholds, account::EARLY, lookup};
use crate::{
    DAY, TenantName, Time, Topic,
    certificate::Revocation,
    renewal::{Install, Journey, Proof, Stage, due},
};

/// Everything that a tenant's standing depends on.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The tenant.
    pub tenant: &'a TenantName,
    /// What was last seen to be installed.
    pub seen: Option<&'a Seen>,
    /// The topic that devices listen to, as a person confirmed it.
    pub enrolled: Option<&'a Topic>,
    /// The latest journey, open or ended.
    pub journey: Option<&'a Journey>,
    /// The Apple account; `None` where nothing is to be said about it.
    pub account: Option<Account<'a>>,
    /// What the list of revoked certificates said when it was last asked.
    pub lookup: Option<&'a Lookup>,
    /// When states change.
    pub thresholds: &'a Thresholds,
    /// Seconds after which a look at a server is too old; `None` for the usual limit of its source.
    pub stale_after: Option<i64>,
    /// The time.
    pub now: Time,
}

/// How a tenant stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// From the date alone.
    pub state: State,
    /// Whole days until the end, rounded down; negative after it.
    pub days_left: Option<i64>,
    /// Whether the last look is too old to rely on.
    pub stale: bool,
    /// What is known of the revocation of what is installed.
    pub revocation: Revocation,
    /// What is wrong with what is installed, or with the journey.
    pub problems: Vec<Problem>,
    /// Where the latest journey stands.
    pub stage: Stage,
    /// What comes next.
    pub next: Next,
}

/// Something that is wrong although a date may be fine.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Problem {
    /// The installed certificate has another topic than the devices listen to.
    TopicChanged,
    /// The installed certificate is revoked.
    Revoked,
    /// No person has confirmed which topic the devices listen to.
    TopicUnknown,
    /// A request waits for a person at Apple's portal.
    RequestWaiting,
    /// A certificate waits to be installed.
    CertificateWaiting,
    /// Devices did not answer yet after the last change.
    ProofPending,
    /// It is not on record which Apple account owns the row: without it nobody can renew.
    AccountUnknown,
    /// The Apple account's address is one of a consumers' mail provider: it leaves together with a person.
    AccountPersonal,
    /// Nobody is known to have got to the row at Apple's portal within a year.
    AccountNotRehearsed,
}

impl Problem {
    /// Every problem.
    pub const ALL: [Self; 9] = [
        Self::TopicChanged,
        Self::Revoked,
        Self::TopicUnknown,
        Self::RequestWaiting,
        Self::CertificateWaiting,
        Self::ProofPending,
        Self::AccountUnknown,
        Self::AccountPersonal,
        Self::AccountNotRehearsed,
    ];

    /// Whether devices are lost while it holds, whatever the date says.
    pub(crate) const fn is_grave(self) -> bool {
        matches!(self, Self::TopicChanged | Self::Revoked)
    }

    /// The word in JSON and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::TopicChanged => "topic-changed",
            Self::Revoked => "revoked",
            Self::TopicUnknown => "topic-unknown",
            Self::RequestWaiting => "request-waiting",
            Self::CertificateWaiting => "certificate-waiting",
            Self::ProofPending => "proof-pending",
            Self::AccountUnknown => "account-unknown",
            Self::AccountPersonal => "account-personal",
            Self::AccountNotRehearsed => "account-not-rehearsed",
        }
    }

    /// What it means, and what to do.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::TopicChanged => {
                "The installed certificate has another topic than the devices listen to. Renew the enrolled row now."
            }
            Self::Revoked => "Apple's list of revoked certificates holds it. Renew its row, if that still has Renew.",
            Self::TopicUnknown => {
                "No person has confirmed which topic the devices listen to:  pushcert adopt TENANT FILE"
            }
            Self::RequestWaiting => "A request waits for a person at Apple's portal:  pushcert renew TENANT",
            Self::CertificateWaiting => "A certificate waits to be installed:  pushcert renew TENANT",
            Self::ProofPending => "Devices did not answer yet after the last change:  pushcert renew TENANT",
            Self::AccountUnknown => {
                "Nobody knows which Apple account owns the row. Find it now, and write it into the configuration: Apple takes up to ten working days to move a certificate to another account."
            }
            Self::AccountPersonal => {
                "The Apple account looks like a person's own. Have Apple move the certificate to an account of the organisation, which takes up to ten working days."
            }
            Self::AccountNotRehearsed => {
                "Nobody is known to have got to the row at Apple within a year. Try it, without renewing:  pushcert rehearse TENANT"
            }
        }
    }

    /// Whether it is about the Apple account.
    pub const fn is_of_the_account(self) -> bool {
        matches!(self, Self::AccountUnknown | Self::AccountPersonal | Self::AccountNotRehearsed)
    }
}

/// What comes next.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Next {
    /// In words.
    pub what: String,
    /// The command for it, where there is one.
    pub command: Option<String>,
    /// When it is due; `None` where that is not known.
    pub due: Option<Time>,
}

/// How long after a change asking again still says something about it.
const ASKED_AGAIN: i64 = 14 * DAY;

/// How long a look at a server stays fresh, unless the tenant says otherwise.
const FRESH: i64 = 3 * DAY;

/// How the tenant stands.
pub fn standing(facts: &Facts<'_>) -> Standing {
    let end = facts.seen.and_then(|seen| seen.installed.as_ref()).and_then(|installed| installed.not_after);
    let state = match facts.seen {
        Some(Seen { installed: None, .. }) => State::NotInstalled,
        _ => State::of(end, facts.thresholds, facts.now),
    };
    let revocation = lookup::known(facts.lookup, facts.seen, facts.now);
    let problems = problems(facts, revocation);
    Standing {
        state,
        days_left: end.map(|end| end.days_after(facts.now)),
        stale: is_stale(facts),
        revocation,
        stage: facts.journey.map_or(Stage::Idle, Journey::stage),
        next: next(facts, state, &problems),
        problems,
    }
}

fn is_stale(facts: &Facts<'_>) -> bool {
    let Some(seen) = facts.seen else { return false };
    let limit = match seen.source {
        Source::File | Source::Person | Source::None => facts.stale_after,
        Source::Console | Source::Core | Source::Page => Some(facts.stale_after.unwrap_or(FRESH)),
    };
    limit.is_some_and(|limit| facts.now.unix() - seen.at.unix() > limit)
}

fn problems(facts: &Facts<'_>, revocation: Revocation) -> Vec<Problem> {
    let installed = facts.seen.and_then(|seen| seen.installed.as_ref());
    let mut problems = vec![];
    match (installed.and_then(|installed| installed.topic.as_ref()), facts.enrolled) {
        (Some(installed), Some(enrolled)) if installed != enrolled => problems.push(Problem::TopicChanged),
        (Some(_), None) => problems.push(Problem::TopicUnknown),
        _ => {}
    }
    if matches!(revocation, Revocation::Revoked(_)) {
        problems.push(Problem::Revoked);
    }
    match facts.journey.map(Journey::stage) {
        Some(Stage::Portal) => problems.push(Problem::RequestWaiting),
        Some(Stage::Check | Stage::Install) => problems.push(Problem::CertificateWaiting),
        Some(Stage::Prove) if !is_proven(facts.journey) => problems.push(Problem::ProofPending),
        _ => {}
    }
    problems.extend(facts.account.and_then(|account| account.problem(facts.now)));
    problems
}

fn is_proven(journey: Option<&Journey>) -> bool {
    journey.is_some_and(|journey| matches!(journey.proof, Proof::Answered { .. }))
}

/// Whether devices are to be asked once more: those that answered on the day of the change may have heard the old
/// certificate, which servers keep in memory for a while.
fn is_asked_again(journey: &Journey, now: Time) -> bool {
    let (Proof::Answered { at, .. }, Install::Done { at: installed, .. }) = (&journey.proof, &journey.install) else {
        return false;
    };
    let next_day = installed.plus(DAY);
    *at < next_day && now >= next_day && now < installed.plus(ASKED_AGAIN)
}

fn next(facts: &Facts<'_>, state: State, problems: &[Problem]) -> Next {
    let now = |what: &str, command: String| Next { what: what.into(), command: Some(command), due: Some(facts.now) };
    let tenant = facts.tenant;
    let renew = format!("pushcert renew {tenant}");
    if problems.contains(&Problem::TopicChanged) {
        return now("wrong topic installed: renew the enrolled row now", renew);
    }
    if problems.contains(&Problem::Revoked) {
        return now("revoked: renew the row, if it still has Renew", renew);
    }
    if facts.journey.is_some_and(Journey::is_open) {
        return now("go on with the renewal", renew);
    }
    if state == State::NotInstalled {
        return now("create the first certificate", format!("{renew} --first"));
    }
    if facts.enrolled.is_none() {
        return now("confirm the topic that devices listen to", format!("pushcert adopt {tenant} FILE"));
    }
    if facts.journey.is_some_and(|journey| is_asked_again(journey, facts.now)) {
        return now("ask whether the fleet still answers", format!("pushcert prove {tenant} --fleet"));
    }
    match due(facts.seen, facts.enrolled, facts.thresholds, facts.now) {
        Ok(()) => now(if state >= State::Critical { "renew now" } else { "renew" }, renew),
        Err(Some(opens)) if facts.now.plus(EARLY) > opens => {
            account(problems, facts).unwrap_or(Next { what: "notice".into(), command: None, due: Some(opens) })
        }
        Err(Some(opens)) => Next { what: "notice".into(), command: None, due: Some(opens) },
        Err(None) => now("say what is installed", format!("pushcert adopt {tenant} FILE")),
    }
}

/// What is to be done about the Apple account before a renewal is due: it may take weeks.
fn account(problems: &[Problem], facts: &Facts<'_>) -> Option<Next> {
    let what = match problems.iter().find(|problem| problem.is_of_the_account())? {
        Problem::AccountUnknown => "find out which Apple account owns the row",
        Problem::AccountPersonal => "have Apple move the row to an account of the organisation",
        _ => "rehearse the sign-in at Apple",
    };
    let command = format!("pushcert rehearse {}", facts.tenant);
    Some(Next { what: what.into(), command: Some(command), due: Some(facts.now) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::Installed;

    const NOW: Time = Time::from_unix(1_800_000_000);

    fn topic(last: &str) -> Topic {
        Topic::parse(&format!("com.apple.mgmt.External.{last}")).expect("a topic")
    }

    fn stand(seen: Option<&Seen>, enrolled: Option<&Topic>, journey: Option<&Journey>) -> Standing {
        stand_with(None, seen, enrolled, journey)
    }

    fn stand_with(
        account: Option<Account<'_>>,
        seen: Option<&Seen>,
        enrolled: Option<&Topic>,
        journey: Option<&Journey>,
    ) -> Standing {
        let tenant = TenantName::parse("acme").expect("a name");
        let thresholds = Thresholds::default();
        standing(&Facts {
            tenant: &tenant,
            seen,
            enrolled,
            journey,
            account,
            lookup: None,
            thresholds: &thresholds,
            stale_after: None,
            now: NOW,
        })
    }

    fn seen(source: Source, days_ago: i64, ends_in: i64) -> Seen {
        let installed =
            Installed { topic: Some(topic("a")), not_after: Some(NOW.plus(ends_in * DAY)), ..Installed::default() };
        Seen { at: NOW.plus(-days_ago * DAY), source, installed: Some(installed) }
    }

    #[test]
    fn devices_are_asked_again_on_the_next_day() {
        use crate::renewal::Confirmation;
        let seen = seen(Source::Console, 0, 300);
        let asked = |days_ago: i64, answered_days_ago: i64| {
            let install = Install::Done { at: NOW.plus(-days_ago * DAY), confirmed: Confirmation::ReadBack };
            let proof = Proof::Answered { at: NOW.plus(-answered_days_ago * DAY), answered: 3, asked: 3 };
            let end = crate::renewal::End { at: NOW, outcome: crate::renewal::Outcome::Renewed, reason: None };
            let journey = Journey { install, proof, end: Some(end), ..Journey::begin(1, Some(topic("a")), NOW) };
            stand(Some(&seen), Some(&topic("a")), Some(&journey)).next.command
        };
        let again = Some("pushcert prove acme --fleet".to_owned());
        assert_eq!([asked(0, 0), asked(1, 1), asked(2, 1), asked(20, 20)], [None, again, None, None]);
    }

    #[test]
    fn a_wrong_topic_is_a_problem_whatever_the_date() {
        let standing = stand(Some(&seen(Source::Console, 0, 300)), Some(&topic("b")), None);
        assert_eq!((standing.state, standing.problems), (State::Ok, vec![Problem::TopicChanged]));
        assert_eq!(standing.next.command.as_deref(), Some("pushcert renew acme"));
    }

    #[test]
    fn a_file_does_not_grow_stale_and_a_console_does() {
        assert!(!stand(Some(&seen(Source::File, 100, 300)), None, None).stale);
        assert!(!stand(Some(&seen(Source::Console, 3, 300)), None, None).stale);
        assert!(stand(Some(&seen(Source::Console, 4, 300)), None, None).stale);
    }

    #[test]
    fn what_comes_next() {
        let enrolled = topic("a");
        let what = |seen: Option<&Seen>| stand(seen, Some(&enrolled), None).next.what;
        assert_eq!(what(None), "say what is installed");
        assert_eq!(what(Some(&seen(Source::File, 0, 300))), "notice");
        assert_eq!(what(Some(&seen(Source::File, 0, 21))), "renew");
        assert_eq!(what(Some(&seen(Source::File, 0, -2))), "renew now");
        let none = Seen { at: NOW, source: Source::Console, installed: None };
        assert_eq!(what(Some(&none)), "create the first certificate");
        let open = Journey::begin(1, Some(topic("a")), NOW);
        assert_eq!(stand(None, Some(&enrolled), Some(&open)).next.what, "go on with the renewal");
    }

    #[test]
    fn the_account_is_looked_after_early_and_a_due_renewal_comes_first() {
        let enrolled = topic("a");
        let next = |ends_in: i64, account: Account<'_>| {
            let standing = stand_with(Some(account), Some(&seen(Source::File, 0, ends_in)), Some(&enrolled), None);
            (standing.problems, standing.next.what)
        };
        let unknown = Account::default();
        let early = "find out which Apple account owns the row";
        assert_eq!(next(89, unknown), (vec![Problem::AccountUnknown], "notice".into()));
        assert_eq!(next(87, unknown), (vec![Problem::AccountUnknown], early.into()));
        assert_eq!(next(59, unknown), (vec![Problem::AccountUnknown], "renew".into()));
        let fine = Account { address: Some("push@acme.example"), used: Some(NOW) };
        assert_eq!(next(87, fine), (vec![], "notice".into()));
    }

    #[test]
    fn every_problem_is_listed_once() {
        let mut words = Problem::ALL.map(Problem::word).to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Problem::ALL.len());
    }
}
