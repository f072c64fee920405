//! Learning a profile from a recording: which requests do what, what of them must be replaced by what, and what the
//! recording does not show.

mod find;
mod index;
mod plan;
mod secrets;
mod template;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Deed, Evidence, Profile, ProfileError, Request,
    har::{Elsewhere, Recording},
};
use find::Found;
use plan::{Gap, Plan};

pub use secrets::RecordedSecret;

/// What is known of the tenant, and what the person says about the recording.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// Who signs in for the tool.
    pub username: Option<&'a str>,
    /// The tenant's Apple account.
    pub apple_account: Option<&'a str>,
    /// The request file that was downloaded in this visit.
    pub request: Option<&'a [u8]>,
    /// The name of the certificate's file that was uploaded.
    pub certificate_name: Option<&'a str>,
    /// The name of the field in which it was uploaded.
    pub upload_field: Option<&'a str>,
}

/// What a recording has taught.
#[derive(Debug)]
pub struct Learned {
    /// The profile.
    pub profile: Profile,
    /// What was learned of each deed.
    pub lessons: Vec<Lesson>,
    /// What was not, and why.
    pub missing: Vec<Missing>,
    /// Other hosts in the recording.
    pub elsewhere: BTreeMap<String, Elsewhere>,
    /// The program that wrote the recording.
    pub made_by: String,
}

/// What was learned of a deed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lesson {
    /// The deed.
    pub deed: Deed,
    /// How it is known.
    pub evidence: Evidence,
    /// Its own request, in words: method and path.
    pub request: String,
    /// Why it is this one.
    pub why: String,
}

/// What was not learned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Missing {
    /// The deed.
    pub deed: Deed,
    /// What is missing.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// Another host signs people in.
    #[error("the console signs people in at {host} ({protocol}); a sign-in by another host is not learned")]
    Federated {
        /// The other host, as far as it is known.
        host: String,
        /// How.
        protocol: &'static str,
    },
    /// Nobody signed in.
    #[error("nobody signs in in this recording; it was begun too late")]
    NoSignIn,
    /// More than a password is asked for.
    #[error("after the password {path} asks for a second factor, which no program has")]
    SecondFactor {
        /// Where.
        path: String,
    },
    /// A value of the sign-in has no origin.
    #[error("the sign-in cannot be made again: the recording does not show {what}")]
    SignIn {
        /// What.
        what: String,
    },
    /// The recording shows nothing of the certificate.
    #[error("the recording signs in, and then shows nothing of the push certificate")]
    Nothing,
    /// A secret of the recording would stand in the profile.
    #[error("{what} of the recording would stand in the profile, which is not written therefore")]
    Secret {
        /// What it is, without telling it.
        what: String,
    },
    /// What was learned is no profile.
    #[error("what was learned is no profile: {0}")]
    Profile(#[from] ProfileError),
}

/// Learns a console from a recording of a visit to the tenant at this origin.
///
/// # Errors
/// See [`LearnError`].
pub fn learn(recording: &Recording, origin: &str, mdm: &str, hints: &Hints<'_>) -> Result<Learned, LearnError> {
    let exchanges = &recording.exchanges;
    let Some(sign_in) = find::sign_in(exchanges, hints) else { return Err(nobody_signs_in(recording)) };
    if let Some(at) = find::second_factor(exchanges, sign_in.at) {
        return Err(LearnError::SecondFactor { path: exchanges[at].place().to_owned() });
    }
    let fetch = find::fetch(exchanges, sign_in.at, hints);
    // What gives out the request takes no certificate, whatever was left out of it.
    let another = |upload: &Found| fetch.as_ref().is_none_or(|fetch| fetch.at != upload.at);
    let upload = find::upload(exchanges, sign_in.at, hints).filter(another);
    let found = [(Deed::Read, find::read(exchanges, sign_in.at)), (Deed::Fetch, fetch), (Deed::Upload, upload)];
    let writes: BTreeSet<usize> = found[1..].iter().filter_map(|(_, found)| Some(found.as_ref()?.at)).collect();
    let reads = found[0].1.as_ref().map(|found| found.at);
    let mut plan = Plan::new(exchanges, origin, hints, &sign_in, writes, reads);
    plan.sign_in().map_err(|gaps| LearnError::SignIn { what: in_words(&gaps) })?;

    let mut profile = Profile::new(mdm);
    let mut learned = Learned {
        profile: Profile::new(mdm),
        lessons: vec![],
        missing: vec![],
        elsewhere: recording.elsewhere.clone(),
        made_by: recording.made_by.clone(),
    };
    for (deed, found) in found {
        let Some(found) = found else {
            learned.missing.push(not_there(deed));
            continue;
        };
        match plan.deed(deed, found.at) {
            Ok(requests) => *requests_of(&mut profile, deed) = learned.lesson(deed, requests, &found),
            Err(gaps) => learned.missing.push(without_origin(deed, &gaps)),
        }
    }
    if learned.lessons.is_empty() {
        return Err(LearnError::Nothing);
    }
    profile.sign_in = plan.session();
    let sent = &exchanges[sign_in.at];
    let request = format!("{} {}", sent.method, sent.place());
    let why = "it sends a user name and a password".to_owned();
    learned.lessons.insert(0, Lesson { deed: Deed::SignIn, evidence: Evidence::Seen, request, why });
    learned.profile = proved(&profile, recording)?;
    Ok(learned)
}

/// The profile as it will be read again, and free of every secret of the recording.
fn proved(profile: &Profile, recording: &Recording) -> Result<Profile, LearnError> {
    let profile = Profile::parse(&profile.to_string())?;
    match secrets::within(&profile, &secrets(recording)) {
        Some(secret) => Err(LearnError::Secret { what: secret.what.clone() }),
        None => Ok(profile),
    }
}

/// Every password, cookie and token of a recording.
pub fn secrets(recording: &Recording) -> BTreeSet<RecordedSecret> {
    secrets::all(&recording.exchanges)
}

fn nobody_signs_in(recording: &Recording) -> LearnError {
    let there = || recording.elsewhere.iter().find_map(|(host, found)| Some((found.signs_in?, host.clone())));
    match find::federation(&recording.exchanges) {
        Some((protocol, host)) => {
            let host = host.or_else(|| there().map(|(_, host)| host)).unwrap_or_else(|| "another host".into());
            LearnError::Federated { host, protocol }
        }
        None => match there() {
            Some((protocol, host)) => LearnError::Federated { host, protocol },
            None => LearnError::NoSignIn,
        },
    }
}

impl Learned {
    /// Notes how a deed is known, in its own request too, and what it came for.
    fn lesson(&mut self, deed: Deed, mut requests: Vec<Request>, found: &Found) -> Vec<Request> {
        if let Some(own) = requests.last_mut() {
            own.evidence = own.evidence.max(found.evidence);
            own.answer = Some(found.answer.clone()).filter(|answer| !answer.is_empty());
            let request = format!("{} {}", own.method.word(), own.path);
            self.lessons.push(Lesson { deed, evidence: own.evidence, request, why: found.why.clone() });
        }
        requests
    }

    /// Whether a deed was learned.
    pub fn knows(&self, deed: Deed) -> bool {
        !self.profile.requests(deed).is_empty()
    }
}

fn requests_of(profile: &mut Profile, deed: Deed) -> &mut Vec<Request> {
    match deed {
        Deed::SignIn => &mut profile.sign_in,
        Deed::Read => &mut profile.read,
        Deed::Fetch => &mut profile.fetch,
        Deed::Upload => &mut profile.upload,
    }
}

/// A deed that the visit did not do. Nobody is to press a button only to have it recorded.
fn not_there(deed: Deed) -> Missing {
    let (what, remedy) = match deed {
        Deed::Fetch => {
            ("no download of the request", "that step stays guided; record it when you next renew, not before")
        }
        Deed::Upload => {
            ("no upload of a certificate", "that step stays guided; record it when you next renew, not before")
        }
        Deed::Read | Deed::SignIn => (
            "no answer that shows the installed certificate",
            "open the console's page of the MDM certificate while recording, and save the answers with it (docs/recording-a-console.md)",
        ),
    };
    Missing { deed, what: format!("the recording holds {what}"), remedy: remedy.into() }
}

fn without_origin(deed: Deed, gaps: &[Gap]) -> Missing {
    Missing {
        deed,
        what: format!("the recording does not show {}", in_words(gaps)),
        remedy: "record from the sign-in on, in a private window, with the answers; that step stays guided until then"
            .into(),
    }
}

fn in_words(gaps: &[Gap]) -> String {
    let gaps: Vec<_> =
        gaps.iter().map(|gap| format!("{} (of {})", gap.what, crate::escape::printable(&gap.path))).collect();
    gaps.join(", ")
}
