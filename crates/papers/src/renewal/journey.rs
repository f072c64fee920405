//! How far a renewal has come. Every change of it is one transaction in the store.

use serde::{Deserialize, Serialize};

use crate::{Fingerprint, Serial, Time, Topic};

/// One renewal of one tenant's certificate.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Journey {
    /// Its number among the tenant's journeys, from 1; it is spoken of as `acme/3`.
    pub number: u32,
    /// What it is for.
    #[serde(default)]
    pub purpose: Purpose,
    /// When it began.
    pub started: Time,
    /// The topic that devices listen to, and that the new certificate must have; `None` only for a first certificate.
    pub topic: Option<Topic>,
    /// The request for Apple's portal.
    pub request: Request,
    /// When and where the request was handed to a person.
    pub handed_off: Option<HandOff>,
    /// The certificate that came back and passed every check.
    pub certificate: Option<ReceivedCertificate>,
    /// The certificate that was installed before, where it is kept: the way back.
    #[serde(default)]
    pub before: Option<Predecessor>,
    /// Its way to the server.
    pub install: Install,
    /// Whether devices answered afterwards.
    pub proof: Proof,
    /// How it ended, once it has.
    pub end: Option<End>,
}

/// What a journey is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A newer certificate.
    #[default]
    Renewal,
    /// The previous certificate again.
    Rollback,
    /// A newer certificate, because the previous one cannot be put back.
    InsteadOfRollback,
}

/// A certificate that was installed, and is kept.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Predecessor {
    /// SHA-256 of its DER, under which it is kept.
    pub certificate: Fingerprint,
    /// The kept file of its private key, where that is our own.
    pub own_key: Option<Fingerprint>,
}

impl From<&ReceivedCertificate> for Predecessor {
    fn from(brought: &ReceivedCertificate) -> Self {
        Self { certificate: brought.sha256, own_key: brought.own_key }
    }
}

/// The request for Apple's portal. Fetching one may replace the key on the server, so it is intended before it is done.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Request {
    /// None yet.
    Wanted,
    /// The server was about to be asked.
    Intended {
        /// Since when.
        at: Time,
    },
    /// An own key and its signing request were made; a vendor has to sign it before Apple takes it.
    Unsigned(UnsignedRequest),
    /// Here, checked and kept.
    Held(HeldRequest),
    /// None was made here: a person brought the certificate alone.
    Elsewhere,
}

/// A signing request of an own key, as it is before an MDM vendor has signed it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UnsignedRequest {
    /// The kept signing request.
    pub csr: Fingerprint,
    /// The kept private key, encrypted.
    pub own_key: Fingerprint,
    /// SHA-256 of the DER SubjectPublicKeyInfo of both.
    pub public_key: Fingerprint,
    /// When they were made.
    pub at: Time,
}

/// A request that passed its checks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HeldRequest {
    /// The kept file.
    pub artefact: Fingerprint,
    /// The name under which it is handed to a person; ends in `.txt`.
    pub file_name: String,
    /// SHA-256 of the DER SubjectPublicKeyInfo in it: the certificate must have this key.
    pub public_key: Fingerprint,
    /// Who signed it for Apple.
    pub vendor: Option<String>,
    /// When that signer's certificate ends, and the request with it.
    pub vendor_not_after: Option<Time>,
    /// When it came.
    pub at: Time,
    /// Where it came from.
    pub origin: Origin,
    /// The kept file of its private key, where that is our own.
    #[serde(default)]
    pub own_key: Option<Fingerprint>,
}

/// Where a request came from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The server gave it to us.
    Server,
    /// A person brought the file.
    Person,
}

/// The folder in which a person finds the request and the card.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HandOff {
    /// When it was written.
    pub at: Time,
    /// Its path.
    pub folder: String,
}

/// A certificate that came back from the portal and passed every check.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReceivedCertificate {
    /// The kept file: exactly the bytes that were judged.
    pub artefact: Fingerprint,
    /// SHA-256 of the certificate's DER.
    pub sha256: Fingerprint,
    /// Its topic.
    pub topic: Topic,
    /// Its serial number.
    pub serial: Serial,
    /// First second of validity.
    pub not_before: Time,
    /// Last second of validity.
    pub not_after: Time,
    /// When it came.
    pub at: Time,
    /// What a person took upon themselves for it.
    pub accepted: Vec<Acceptance>,
    /// The kept file of its private key, where that is our own.
    #[serde(default)]
    pub own_key: Option<Fingerprint>,
    /// Its issuer; not known of those that an earlier release took.
    #[serde(default)]
    pub issuer: Option<String>,
}

/// A finding that would block, and that a person accepted with a reason.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Acceptance {
    /// The finding's code.
    pub code: crate::Code,
    /// What was typed to name it: a digest or a topic.
    pub value: String,
    /// Why.
    pub reason: String,
}

/// A certificate's way to the server. It is intended before it is sent, and done after it was read back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Install {
    /// Not begun.
    Wanted,
    /// About to be sent, or sent, for the `tries`th time. Whoever finds this reads the server before doing anything else.
    Intended {
        /// Since when.
        at: Time,
        /// How often it was sent or about to be, from 1.
        tries: u32,
    },
    /// The server holds it.
    Done {
        /// Since when.
        at: Time,
        /// How we know.
        confirmed: Confirmation,
    },
}

/// How we know that a change was done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmation {
    /// The server showed it afterwards.
    ReadBack,
    /// A person told us.
    Person,
}

impl Confirmation {
    /// The word in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ReadBack => "read-back",
            Self::Person => "person",
        }
    }
}

/// Whether devices answered after the change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Proof {
    /// Not tried yet.
    Wanted,
    /// Asked, and still silent.
    Pending {
        /// When devices were asked last.
        at: Time,
        /// How many were asked.
        asked: u32,
    },
    /// Devices checked in after the change.
    Answered {
        /// When the last of them was seen.
        at: Time,
        /// How many answered.
        answered: u32,
        /// Of how many asked.
        asked: u32,
    },
    /// There is no interface to ask devices.
    NoInterface,
}

/// How a journey ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct End {
    /// When.
    pub at: Time,
    /// How.
    pub outcome: Outcome,
    /// Why, where a person said so.
    pub reason: Option<String>,
}

/// The ways in which a journey ends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The certificate is installed.
    Renewed,
    /// A person started over.
    Abandoned,
    /// Somebody renewed and installed past this tool, and that is on record.
    Elsewhere,
}

/// The stage of a journey in one word, for JSON and metrics.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// No journey is open.
    Idle,
    /// A request is wanted.
    Request,
    /// A person is at Apple's portal.
    Portal,
    /// A certificate is being checked.
    Check,
    /// A certificate is on its way to the server.
    Install,
    /// Devices are asked.
    Prove,
    /// The last journey came to its end.
    Done,
}

impl Stage {
    /// Every stage, in the order of a journey.
    pub const ALL: [Self; 7] =
        [Self::Idle, Self::Request, Self::Portal, Self::Check, Self::Install, Self::Prove, Self::Done];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Request => "request",
            Self::Portal => "portal",
            Self::Check => "check",
            Self::Install => "install",
            Self::Prove => "prove",
            Self::Done => "done",
        }
    }
}

impl Journey {
    /// A journey at its beginning.
    pub fn begin(number: u32, topic: Option<Topic>, now: Time) -> Self {
        Self {
            number,
            purpose: Purpose::Renewal,
            started: now,
            topic,
            request: Request::Wanted,
            handed_off: None,
            certificate: None,
            before: None,
            install: Install::Wanted,
            proof: Proof::Wanted,
            end: None,
        }
    }

    /// Whether this is the journey of a first certificate, the only one that creates a row at Apple.
    pub const fn is_first(&self) -> bool {
        self.topic.is_none()
    }

    /// The signing request of an own key, while a vendor's signature is awaited.
    pub const fn unsigned_request(&self) -> Option<&UnsignedRequest> {
        match &self.request {
            Request::Unsigned(unsigned) => Some(unsigned),
            _ => None,
        }
    }

    /// The certificate that it brought to the server, once it is there.
    pub const fn installed(&self) -> Option<&ReceivedCertificate> {
        match &self.install {
            Install::Done { .. } => self.certificate.as_ref(),
            Install::Wanted | Install::Intended { .. } => None,
        }
    }

    /// Whether something is left to do.
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// The request, once it is here.
    pub const fn held_request(&self) -> Option<&HeldRequest> {
        match &self.request {
            Request::Held(held) => Some(held),
            Request::Wanted | Request::Intended { .. } | Request::Unsigned(_) | Request::Elsewhere => None,
        }
    }

    /// The stage that the journey stands at.
    pub const fn stage(&self) -> Stage {
        match (&self.end, &self.request, &self.certificate, &self.install) {
            (Some(_), ..) => Stage::Done,
            (_, _, Some(_), Install::Done { .. }) => Stage::Prove,
            (_, _, Some(_), _) => Stage::Install,
            (_, Request::Held(_) | Request::Elsewhere, None, _) => Stage::Portal,
            (_, Request::Wanted | Request::Intended { .. } | Request::Unsigned(_), None, _) => Stage::Request,
        }
    }
}
