//! What both device management servers hold: a certificate, the key of their newest request, sessions, and devices.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Multipart, Request},
};
use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private, Public},
    rand::rand_bytes,
    x509::X509,
};

use serde_json::Value;

use crate::{
    authority::{hex, subject_text, unix},
    fleet::{Audible, Fleet},
    record::Deed,
    request,
    shared::Shared,
};

/// The longest Apple account that is noted, in characters.
const ACCOUNT: usize = 200;

/// A session that rests so long, in seconds, is over.
const REST: i64 = 30 * 60;

/// A certificate on its way into a console.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    /// What is said to be its PEM.
    certificate: Vec<u8>,
    /// The Apple account, where somebody has noted it.
    apple_account: Option<String>,
}

impl Upload {
    /// From a form: `file`, and maybe `appleId`.
    pub(crate) async fn of_form(request: Request) -> Option<Self> {
        let mut parts = Multipart::from_request(request, &()).await.ok()?;
        let mut upload = Self::default();
        while let Some(part) = parts.next_field().await.ok()? {
            match part.name() {
                Some("file") => upload.certificate = part.bytes().await.ok()?.to_vec(),
                Some("appleId") => upload.note(&part.text().await.ok()?),
                _ => {}
            }
        }
        Some(upload).filter(|upload| !upload.certificate.is_empty())
    }

    /// From JSON: `certificate`, and maybe `appleId`.
    pub(crate) async fn of_json(request: Request) -> Option<Self> {
        let Json(body) = Json::<Value>::from_request(request, &()).await.ok()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let mut upload = Self { certificate: text("certificate")?.as_bytes().to_vec(), apple_account: None };
        upload.note(text("appleId").unwrap_or_default());
        Some(upload)
    }

    /// From a body that is the file itself.
    pub(crate) async fn of_file(request: Request) -> Option<Self> {
        let certificate = Bytes::from_request(request, &()).await.ok()?.to_vec();
        Some(Self { certificate, apple_account: None }).filter(|upload| !upload.certificate.is_empty())
    }

    fn note(&mut self, account: &str) {
        let account = account.trim();
        self.apple_account = (!account.is_empty()).then(|| account.chars().take(ACCOUNT).collect());
    }
}

/// A server.
pub(crate) struct Server {
    /// Its name as a tenant.
    pub(crate) name: &'static str,
    state: Mutex<State>,
}

/// Somebody who is signed in, or about to be.
struct Session {
    /// Its anti-forgery value.
    nonce: String,
    /// When it was used last.
    used: i64,
    /// The name that somebody gave before the password.
    name: Option<String>,
}

/// What it holds.
pub(crate) struct State {
    /// The topic that its devices are enrolled with; the first certificate's, once there is one.
    pub(crate) enrolled_topic: Option<String>,
    /// The installed certificate, and since when.
    pub(crate) installed: Option<(X509, i64)>,
    /// The Apple account that somebody noted.
    pub(crate) apple_account: String,
    /// The devices.
    pub(crate) fleet: Fleet,
    /// Keys that answer: the newest request's, and the one behind the installed certificate.
    newest_key: Option<PKey<Private>>,
    installed_key: Option<PKey<Private>>,
    /// Keys of certificates that were installed earlier. Only with the switch `keeps-keys` they still answer.
    earlier_keys: Vec<PKey<Private>>,
    sessions: BTreeMap<String, Session>,
}

impl Server {
    /// A server with an installed certificate.
    pub(crate) fn new(name: &'static str, topic: String, certificate: X509, key: PKey<Private>, fleet: Fleet) -> Self {
        let since = unix(certificate.not_before());
        let state = State {
            enrolled_topic: Some(topic),
            installed: Some((certificate, since)),
            apple_account: "apple-push@example.com".into(),
            installed_key: Some(key),
            ..State::empty(fleet)
        };
        Self { name, state: Mutex::new(state) }
    }

    /// A server that nobody has set up for Apple devices yet.
    pub(crate) fn bare(name: &'static str, now: i64) -> Self {
        Self { name, state: Mutex::new(State::empty(Fleet::new(0, now))) }
    }

    /// What it holds, with the hours passed until now.
    pub(crate) fn state(&self, shared: &Shared) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let audible = state.audible(shared);
        state.fleet.settle(audible, shared.clock.now());
        state
    }

    /// A fresh request. The key replaces that of an earlier request.
    pub(crate) fn fresh_request(&self, shared: &Shared) -> Result<Vec<u8>, ErrorStack> {
        let now = shared.clock.now();
        let authorities = &shared.authorities;
        let vendor = if shared.faults.is_on("vendor-expired") {
            Arc::new(authorities.expired_vendor(now)?)
        } else {
            authorities.vendor(now)?
        };
        let made = request::make(authorities, &vendor, self.name)?;
        self.state(shared).newest_key = Some(made.key);
        Ok(made.file)
    }

    /// Takes a certificate, whatever its topic and key; with the switch `strict` only the right ones. The one that is
    /// installed may be uploaded again.
    pub(crate) fn install(&self, shared: &Shared, upload: &Upload) -> Result<Deed, &'static str> {
        let certificate = X509::from_pem(&upload.certificate).map_err(|_| "The file is not a certificate.")?;
        let mut state = self.state(shared);
        let topic = subject_text(&certificate, Nid::USERID);
        let answers = state.newest_key.as_ref().is_some_and(|key| is_key_of(key, &certificate));
        let held = answers || state.installed_key.as_ref().is_some_and(|key| is_key_of(key, &certificate));
        if shared.faults.is_on("strict") && (state.enrolled_topic.is_some() && topic != state.enrolled_topic || !held) {
            return Err("The certificate does not match the certificate signing request.");
        }
        if answers {
            let newest = state.newest_key.take();
            let replaced = std::mem::replace(&mut state.installed_key, newest);
            state.earlier_keys.extend(replaced);
        }
        if state.enrolled_topic.is_none() {
            state.enrolled_topic.clone_from(&topic);
        }
        state.installed = Some((certificate.clone(), shared.clock.now()));
        if let Some(account) = &upload.apple_account {
            state.apple_account.clone_from(account);
        }
        Ok(Deed { what: "certificate-installed", sha256: digest(&certificate), topic })
    }

    /// Signs somebody in: the name of a new session, and its anti-forgery value.
    pub(crate) fn begin_session(&self, shared: &Shared) -> (String, String) {
        let (session, nonce) = (token(), token());
        let begun = Session { nonce: nonce.clone(), used: shared.clock.now(), name: None };
        self.state(shared).sessions.insert(session.clone(), begun);
        (session, nonce)
    }

    /// The anti-forgery value of a session that goes on.
    pub(crate) fn nonce(&self, shared: &Shared, session: Option<&str>) -> Option<String> {
        let now = shared.clock.now();
        let mut state = self.state(shared);
        state.sessions.retain(|_, session| now < session.used + REST);
        let session = state.sessions.get_mut(session?)?;
        session.used = now;
        Some(session.nonce.clone())
    }

    /// Every session's name and anti-forgery value.
    pub(crate) fn secrets(&self, shared: &Shared) -> Vec<String> {
        let state = self.state(shared);
        state.sessions.iter().flat_map(|(name, session)| [name.clone(), session.nonce.clone()]).collect()
    }

    /// Keeps the name that somebody gives before the password.
    pub(crate) fn call(&self, shared: &Shared, session: &str, name: &str) {
        if let Some(session) = self.state(shared).sessions.get_mut(session) {
            session.name = Some(name.to_owned());
        }
    }

    /// The name that somebody gave before the password.
    pub(crate) fn called(&self, shared: &Shared, session: Option<&str>) -> Option<String> {
        self.state(shared).sessions.get(session?)?.name.clone()
    }
}

impl State {
    fn empty(fleet: Fleet) -> Self {
        Self {
            enrolled_topic: None,
            installed: None,
            apple_account: String::new(),
            fleet,
            newest_key: None,
            installed_key: None,
            earlier_keys: vec![],
            sessions: BTreeMap::new(),
        }
    }

    /// Whether devices hear the server: the installed certificate has their topic, is not revoked, and the server holds
    /// its key. How long, by its dates.
    pub(crate) fn audible(&self, shared: &Shared) -> Option<Audible> {
        let (certificate, since) = self.installed.as_ref()?;
        let right_topic = subject_text(certificate, Nid::USERID) == self.enrolled_topic;
        let earlier = self.earlier_keys.iter().filter(|_| shared.faults.is_on("keeps-keys"));
        let held = self.installed_key.iter().chain(earlier).any(|key| is_key_of(key, certificate));
        let revoked = shared.portal.is_revoked(certificate);
        let since = (*since).max(unix(certificate.not_before()));
        (right_topic && held && !revoked).then_some(Audible { since, until: unix(certificate.not_after()) })
    }
}

fn is_key_of(key: &PKey<Private>, certificate: &X509) -> bool {
    certificate.public_key().is_ok_and(|public: PKey<Public>| public.public_eq(key))
}

/// SHA-256 of the DER.
pub(crate) fn digest(certificate: &X509) -> Option<String> {
    certificate.digest(MessageDigest::sha256()).ok().map(|digest| hex(&digest))
}

/// A random value that cannot be guessed.
pub(crate) fn token() -> String {
    let mut bytes = [0; 16];
    rand_bytes(&mut bytes).expect("the system gives random bytes");
    hex(&bytes)
}
