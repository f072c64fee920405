//! How a tenant's further credentials stand. They have thresholds of their own: a token that is too old still works, while
//! a token for binding really ends.

use serde::{Deserialize, Serialize};

use super::{Enrolment, Purpose, Rotation};
use crate::{
    DAY, TenantName, Time,
    watch::{Level, Next, State, Thresholds},
};

/// What a further credential is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// The token with which the PingID app shows that its device is managed.
    PingidToken,
    /// Google's token for binding Android Enterprise.
    AndroidEmmToken,
    /// The key of the service account that speaks for the organisation at Google.
    AndroidServiceKey,
}

impl CredentialKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::PingidToken, Self::AndroidEmmToken, Self::AndroidServiceKey];

    /// The word in JSON and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::PingidToken => "pingid-token",
            Self::AndroidEmmToken => "android-emm-token",
            Self::AndroidServiceKey => "android-service-key",
        }
    }

    /// What is wrong with one that wants attention.
    pub const fn alarm(self) -> &'static str {
        match self {
            Self::PingidToken => "the PingID token is due",
            Self::AndroidEmmToken => "Google's token for binding ends",
            Self::AndroidServiceKey => "the Google service account's key is due",
        }
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::PingidToken => "PingID token",
            Self::AndroidEmmToken => "Google's token for binding",
            Self::AndroidServiceKey => "Google service account key",
        }
    }
}

/// When a credential's state changes, in days. A state begins when strictly less than its days are left until the credential
/// is due; a negative number is a day after that.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Days after which a token or key is to be replaced.
    pub max_age: i64,
    /// Time to plan.
    pub notice: i64,
    /// Time to act.
    pub warning: i64,
    /// Drop everything else.
    pub critical: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { max_age: 365, notice: 30, warning: 0, critical: -90 }
    }
}

/// For what ends by itself, and soon.
const DEADLINE: Rules = Rules { max_age: 0, notice: 10, warning: 5, critical: 2 };

/// A further credential, as it stands.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Credential {
    /// What it is.
    pub kind: CredentialKind,
    /// When it was made, where that is known.
    pub made: Option<Time>,
    /// Whole days since then.
    pub age_days: Option<i64>,
    /// When it ends by itself, if it does.
    pub ends: Option<Time>,
    /// When it is to be replaced: its end, or the age that the tenant allows it.
    pub due: Option<Time>,
    /// Whole days until then, rounded down; negative after it.
    pub days_left: Option<i64>,
    /// What that means today. What merely is too old never counts as expired.
    pub state: State,
    /// Where its journey stands; none where no journey is open.
    pub step: Option<&'static str>,
    /// What comes next.
    pub next: Next,
    /// When states change.
    #[serde(skip)]
    pub rules: Rules,
}

impl Credential {
    /// How serious it is. One whose age is not known is not counted.
    pub fn level(&self) -> Level {
        if self.state == State::Unknown { Level::Ok } else { Level::of(self.state, false, &[]) }
    }

    /// What there will be to do in an open journey, and from when on, where no command has anything to do today.
    pub fn later(&self) -> Option<String> {
        let due = self.step.and(self.next.due).filter(|_| self.next.command.is_none())?;
        Some(format!("{} from {}", self.next.what, due.date()))
    }
}

/// Everything that the standing of further credentials depends on.
#[derive(Clone, Debug)]
pub struct Standings<'a> {
    /// The tenant.
    pub tenant: &'a TenantName,
    /// The latest rotation of the PingID token, open or ended.
    pub rotation: Option<&'a Rotation>,
    /// The latest binding to Android, open or ended.
    pub enrolment: Option<&'a Enrolment>,
    /// When the states of a PingID token change.
    pub token: Rules,
    /// When the states of a service account's key change.
    pub key: Rules,
    /// The time.
    pub now: Time,
}

/// How the further credentials stand: those of which anything is known.
pub fn standings(facts: &Standings<'_>) -> Vec<Credential> {
    let token = facts.rotation.map(|rotation| pingid(facts, rotation));
    let (emm, key) = facts.enrolment.map_or((None, None), |enrolment| (emm(facts, enrolment), key(facts, enrolment)));
    token.into_iter().chain(emm).chain(key).collect()
}

fn pingid(facts: &Standings<'_>, rotation: &Rotation) -> Credential {
    let command = format!("pushcert pingid rotate {}", facts.tenant);
    let step = rotation.is_open().then(|| rotation.stage(facts.now).word());
    let made = rotation.in_use_made();
    let deadline = rotation.effective_from.filter(|_| rotation.is_open() && rotation.purpose == Purpose::FirstSetUp);
    let mut credential = match deadline {
        Some(end) => ending(facts, CredentialKind::PingidToken, made, end),
        None => aging(facts, CredentialKind::PingidToken, made, facts.token),
    };
    credential.step = step;
    let soaks = rotation.soaked_at().filter(|until| *until > facts.now && rotation.purpose == Purpose::Replacement);
    credential.next = match (step, soaks) {
        // Until then the command has nothing to do.
        (Some(_), Some(until)) => Next { what: "revoke the old token".into(), command: None, due: Some(until) },
        (Some(_), None) => {
            Next { what: "go on with the PingID token".into(), command: Some(command), due: Some(facts.now) }
        }
        (None, _) => replace(&credential, "rotate the PingID token", command),
    };
    credential
}

fn emm(facts: &Standings<'_>, enrolment: &Enrolment) -> Option<Credential> {
    let end = enrolment.emm_token_ends()?;
    let command = format!("pushcert android enrol {}", facts.tenant);
    let mut credential = ending(facts, CredentialKind::AndroidEmmToken, enrolment.emm_token_made, end);
    let what =
        if end < facts.now { "make a new token for binding at Google" } else { "connect the server with Google" };
    credential.step = Some(enrolment.next().map_or("done", |task| task.word));
    credential.next = Next { what: what.into(), command: Some(command), due: Some(end) };
    Some(credential)
}

fn key(facts: &Standings<'_>, enrolment: &Enrolment) -> Option<Credential> {
    let key = enrolment.key.as_ref()?;
    let command = format!("pushcert android enrol {}", facts.tenant);
    let mut credential = aging(facts, CredentialKind::AndroidServiceKey, Some(key.made), facts.key);
    if key.age_unknown {
        // It is due by what is known all the same: it can only be older.
        (credential.made, credential.age_days) = (None, None);
    }
    credential.next = match enrolment.next().filter(|_| enrolment.is_open()) {
        Some(task) => {
            credential.step = Some(task.word);
            Next { what: "go on with Android's binding".into(), command: Some(command), due: Some(facts.now) }
        }
        None => replace(&credential, "replace the service account's key", format!("{command} --restart")),
    };
    Some(credential)
}

fn replace(credential: &Credential, what: &str, command: String) -> Next {
    match credential.state {
        State::Ok | State::Unknown => Next { what: "notice".into(), command: None, due: credential.due },
        _ => Next { what: what.into(), command: Some(command), due: credential.due },
    }
}

/// A credential that is to be replaced at an age, and works on beyond it.
fn aging(facts: &Standings<'_>, kind: CredentialKind, made: Option<Time>, rules: Rules) -> Credential {
    let due = made.map(|made| made.plus(rules.max_age * DAY));
    let left = due.map(|due| due.unix() - facts.now.unix());
    let state = match left {
        None => State::Unknown,
        Some(left) if left < rules.critical * DAY => State::Critical,
        Some(left) if left < rules.warning * DAY => State::Warning,
        Some(left) if left < rules.notice * DAY => State::Notice,
        Some(_) => State::Ok,
    };
    credential(facts, kind, made, None, due, state, rules)
}

/// A credential that ends by itself.
fn ending(facts: &Standings<'_>, kind: CredentialKind, made: Option<Time>, end: Time) -> Credential {
    let Rules { notice, warning, critical, .. } = DEADLINE;
    let thresholds = Thresholds { notice, warning, critical, daily: critical, grace: 0 };
    let state = State::of(Some(end), &thresholds, facts.now);
    credential(facts, kind, made, Some(end), Some(end), state, DEADLINE)
}

fn credential(
    facts: &Standings<'_>,
    kind: CredentialKind,
    made: Option<Time>,
    ends: Option<Time>,
    due: Option<Time>,
    state: State,
    rules: Rules,
) -> Credential {
    Credential {
        kind,
        made,
        age_days: made.map(|made| facts.now.days_after(made)),
        ends,
        due,
        days_left: due.map(|due| due.days_after(facts.now)),
        state,
        step: None,
        next: Next { what: String::new(), command: None, due },
        rules,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Fingerprint,
        credential::{KnownKey, checklist},
    };

    const NOW: Time = Time::from_unix(1_800_000_000);

    fn stand(enrolment: &Enrolment) -> Vec<(&'static str, &'static str, Option<i64>)> {
        stood(enrolment).iter().map(|one| (one.kind.word(), one.state.word(), one.days_left)).collect()
    }

    fn stood(enrolment: &Enrolment) -> Vec<Credential> {
        let tenant = TenantName::parse("acme").expect("a name");
        let facts = Standings {
            tenant: &tenant,
            rotation: None,
            enrolment: Some(enrolment),
            token: Rules::default(),
            key: Rules::default(),
            now: NOW,
        };
        standings(&facts)
    }

    fn with_key(days_ago: i64) -> Enrolment {
        let key = KnownKey {
            client_email: "a@b".into(),
            key_id: "0".into(),
            public_key_sha256: Fingerprint::of(b""),
            made: NOW.plus(-days_ago * DAY),
            age_unknown: false,
        };
        Enrolment { key: Some(key), ..Enrolment::begin(1, false, NOW) }
    }

    #[test]
    fn what_is_too_old_warns_and_never_expires() {
        let table = [
            (0, "ok"),
            (335, "ok"),
            (336, "notice"),
            (365, "notice"),
            (366, "warning"),
            (455, "warning"),
            (456, "critical"),
            (4_000, "critical"),
        ];
        for (age, state) in table {
            assert_eq!(stand(&with_key(age)), [("android-service-key", state, Some(365 - age))], "{age}");
        }
    }

    #[test]
    fn a_key_that_nobody_looked_up_has_no_age_and_is_due_all_the_same() {
        let mut enrolment = with_key(10);
        enrolment.key.as_mut().expect("a key").age_unknown = true;
        let found = stood(&enrolment).pop().expect("a key");
        assert_eq!((found.made, found.age_days), (None, None));
        assert_eq!((found.state, found.days_left), (State::Ok, Some(355)));
    }

    #[test]
    fn a_token_for_binding_ends_until_it_is_used() {
        let made = |days_ago: i64| Enrolment {
            emm_token_made: Some(NOW.plus(-days_ago * DAY)),
            ..Enrolment::begin(1, false, NOW)
        };
        let table = [(20, "ok"), (21, "notice"), (26, "warning"), (29, "critical"), (30, "critical"), (31, "expired")];
        for (age, state) in table {
            assert_eq!(stand(&made(age)), [("android-emm-token", state, Some(30 - age))], "{age}");
        }
        let mut used = made(31);
        let stamp = crate::credential::Stamp { at: NOW, who: "x".into(), evidence: None };
        used.ticked.insert(checklist::CONNECT.into(), super::super::Ticked { stamp, skipped: None });
        assert_eq!(stand(&used), []);
    }
}
