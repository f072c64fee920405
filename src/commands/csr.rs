//! `csr`: an own key and its signing request, the vendor's signature, and sealed replies opened. No server and no store
//! has a part in it.

use std::path::{Path, PathBuf};

use pushcert_papers::{
    Country, PrivateKey, Time,
    bundle::{self, BundleError},
    certificate::{Authorities, Certificate, Expectations},
    judge::{self, Judged, Want, judge},
    kind::{Paper, recognise},
    pem,
    request::{Csr, SigningError, Vendor, sealed},
};

use super::{
    Ask, Event, Failure, Kind, Looked, Made, Outcome, Reporter, check::key_failure, files, passphrase::Passphrase,
    shown,
};
use crate::world::{
    files as disk,
    keys::{self, KeysError, Subject},
};

/// `csr new`
#[derive(Debug)]
pub struct New {
    /// The folder for key and request.
    pub out: PathBuf,
    /// Whose they are.
    pub country: Country,
    /// The common name.
    pub common_name: String,
    /// The organisation.
    pub organization: Option<String>,
    /// An address for mail.
    pub email: Option<String>,
    /// What protects the key.
    pub passphrase: Passphrase,
}

/// Makes a key and its signing request. Nothing that stands there is written over.
///
/// # Errors
/// When something stands there, nobody gives a passphrase, or a file cannot be written.
pub fn new(reporter: &dyn Reporter, ask: &dyn Ask, wish: New) -> Outcome {
    let paths = [wish.out.join("private-key.pem"), wish.out.join("request.csr")];
    vacant(&paths)?;
    let passphrase = wish.passphrase.to_protect("the new key", ask)?;
    let subject = Subject {
        country: wish.country,
        common_name: wish.common_name,
        organization: wish.organization,
        email: wish.email,
    };
    let fresh = keys::fresh(&subject).map_err(keys_failure)?;
    let sealed = keys::seal(&fresh.key, &passphrase).map_err(keys_failure)?;
    folder(&wish.out)?;
    // The key first: a request without its key would be worthless.
    write(&paths[0], sealed.as_bytes())?;
    write(&paths[1], pem("CERTIFICATE REQUEST", &fresh.csr).as_bytes())?;
    reporter.tell(Event::Made(&Made {
        files: vec![("private_key", shown(&paths[0])), ("csr", shown(&paths[1]))],
        topic: None,
        public_key_sha256: fresh.key.public_key_sha256(),
        authorities: None,
        next: &[
            "Keep the key and its passphrase as long as the certificate that comes of it is in use.",
            "An MDM vendor signs the request:  pushcert csr sign REQUEST --vendor CERTIFICATE --out REQUEST.txt",
        ],
    }));
    Ok(None)
}

/// `csr sign`
#[derive(Debug)]
pub struct Sign {
    /// The signing request.
    pub csr: PathBuf,
    /// The vendor's certificate; with its key, where it is a PKCS #12 file or a PEM of both.
    pub vendor: PathBuf,
    /// The vendor's key, where it stands alone.
    pub vendor_key: Option<PathBuf>,
    /// The authorities above it.
    pub chain: Vec<PathBuf>,
    /// The file for Apple's portal.
    pub out: PathBuf,
    /// Other authorities than Apple's.
    pub authorities: Option<PathBuf>,
    /// What opens the vendor's key.
    pub passphrase: Passphrase,
}

/// Signs a request as an MDM vendor: Apple's upload form.
///
/// # Errors
/// When a file is not what it should be, something stands in the place of the result, or nobody gives a passphrase.
pub fn sign(reporter: &dyn Reporter, ask: &dyn Ask, wish: &Sign, now: Time) -> Outcome {
    let authorities = wish.authorities.as_deref().map_or_else(|| Ok(Authorities::apple()), super::authorities)?;
    for_the_portal(&wish.out)?;
    vacant(std::slice::from_ref(&wish.out))?;
    let csr = signing_request(&wish.csr)?;
    let (mut certificates, key) = vendor(wish, ask)?;
    for path in &wish.chain {
        certificates.extend(certificates_in(path)?);
    }
    let form = Vendor::new(&certificates, key)
        .map_err(SigningError::from)
        .and_then(|vendor| vendor.sign(&csr, &authorities, now));
    let trusted = wish.authorities.as_deref().map(shown);
    let form = match form {
        Ok(form) => form,
        Err(SigningError::Refused(findings)) => {
            let judged = Judged::only(pushcert_papers::Kind::VendorCertificate, findings);
            let path = shown(&wish.vendor);
            let authorities = trusted.as_deref();
            reporter.tell(Event::Judged(&Looked { path: &path, judged: &judged, authorities, now }));
            return Ok(Some(Kind::Refused));
        }
        Err(SigningError::Failed { why }) => return Err(Failure::new(Kind::Failed, "signature", why)),
    };
    write(&wish.out, &form)?;
    reporter.tell(Event::Made(&Made {
        files: vec![("request", shown(&wish.out))],
        topic: None,
        public_key_sha256: csr.public_key_sha256,
        authorities: trusted.as_deref(),
        next: &["Upload it at https://identity.apple.com/pushcert/ with Renew on the right row, never with Create."],
    }));
    Ok(None)
}

fn signing_request(path: &Path) -> Result<Csr, Failure> {
    let bytes = files::need(path)?;
    match recognise(&bytes) {
        Paper::Csr(csr) => Ok(*csr),
        _ => Err(files::misplaced(path, Kind::Refused, judge::misplaced(&bytes, Want::Csr))),
    }
}

/// The vendor's certificates and key, from one file or from two.
fn vendor(wish: &Sign, ask: &dyn Ask) -> Result<(Vec<Certificate>, PrivateKey), Failure> {
    let bytes = files::need(&wish.vendor)?;
    if let Paper::Pkcs12(file) = recognise(&bytes) {
        let passphrase = wish.passphrase.to_open(&shown(&wish.vendor), ask)?;
        let bundle = bundle::open(&file, passphrase.reveal()).map_err(|error| bundle_failure(&wish.vendor, error))?;
        let key = bundle.keys.into_iter().next().ok_or_else(|| {
            Failure::new(Kind::Refused, "key-missing", format!("{} holds no private key", shown(&wish.vendor)))
                .hinted("export it once more together with its key")
        })?;
        return Ok((bundle.certificates, key));
    }
    let place = wish.vendor_key.as_deref().unwrap_or(&wish.vendor);
    let key = private_key(place, &wish.passphrase, ask)?;
    Ok((certificates_in(&wish.vendor)?, key))
}

/// The private key in a file, its passphrase asked for where it has one.
pub(super) fn private_key(path: &Path, passphrase: &Passphrase, ask: &dyn Ask) -> Result<PrivateKey, Failure> {
    let bytes = files::need(path)?;
    let read = match PrivateKey::read(&bytes, None) {
        Err(pushcert_papers::KeyError::PassphraseNeeded) => {
            PrivateKey::read(&bytes, Some(&passphrase.to_open(&shown(path), ask)?))
        }
        read => read,
    };
    read.map_err(|error| key_failure(path, &bytes, error, Kind::Refused))
}

/// The certificates in a file, whatever they are.
pub(super) fn certificates_in(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let bytes = files::need(path)?;
    match recognise(&bytes) {
        Paper::Certificates { leaves, authorities, .. } => Ok(leaves.into_iter().chain(authorities).collect()),
        _ => Err(files::misplaced(path, Kind::Refused, judge::misplaced(&bytes, Want::AnyCertificate))),
    }
}

/// `csr open`
#[derive(Debug)]
pub struct Open {
    /// The sealed reply.
    pub reply: PathBuf,
    /// The key that it was sealed for.
    pub key: PathBuf,
    /// The file for Apple's portal.
    pub out: PathBuf,
    /// Other authorities than Apple's.
    pub authorities: Option<PathBuf>,
    /// What opens the key.
    pub passphrase: Passphrase,
}

/// Opens the sealed reply of a signing service, and judges the request in it.
///
/// # Errors
/// When it does not open, or there is no request in it.
pub fn open(reporter: &dyn Reporter, ask: &dyn Ask, wish: &Open, now: Time) -> Outcome {
    let authorities = wish.authorities.as_deref().map_or_else(|| Ok(Authorities::apple()), super::authorities)?;
    vacant(std::slice::from_ref(&wish.out))?;
    let reply = files::need(&wish.reply)?;
    let key = private_key(&wish.key, &wish.passphrase, ask)?;
    let inner = sealed::open(&reply, &key).map_err(|error| {
        Failure::new(Kind::Refused, "damaged", format!("{}: {error}", shown(&wish.reply)))
            .hinted("it opens with the key whose certificate was sent to the service with the signing request")
    })?;
    let path = shown(&wish.out);
    let name = wish.out.file_name().and_then(|name| name.to_str());
    let judged = judge(&inner, name, Want::PushRequest, &Expectations::default(), &authorities, now);
    let trusted = wish.authorities.as_deref().map(shown);
    reporter.tell(Event::Judged(&Looked { path: &path, judged: &judged, authorities: trusted.as_deref(), now }));
    let Some(facts) = judged.request.filter(|_| judged.verdict != pushcert_papers::Verdict::Refuse) else {
        return Ok(Some(Kind::Refused));
    };
    write(&wish.out, &inner)?;
    reporter.tell(Event::Made(&Made {
        files: vec![("request", path)],
        topic: None,
        public_key_sha256: facts.public_key_sha256,
        authorities: None,
        next: &["Upload it at https://identity.apple.com/pushcert/ with Renew on the right row, never with Create."],
    }));
    Ok(None)
}

/// The portal takes files by their ending.
pub(super) fn for_the_portal(path: &Path) -> Result<(), Failure> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("txt")) {
        return Ok(());
    }
    let message = format!("{} does not end in .txt, which is the ending that Apple's portal takes", shown(path));
    Err(Failure::new(Kind::Usage, "file-name", message).hinted("choose another name with --out"))
}

/// Nothing stands where these files are to be.
pub(super) fn vacant(paths: &[PathBuf]) -> Result<(), Failure> {
    match paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        None => Ok(()),
        Some(path) => Err(occupied(path)),
    }
}

fn occupied(path: &Path) -> Failure {
    Failure::new(Kind::Usage, "exists", format!("{} exists already, and is not written over", shown(path)))
        .hinted("choose another place with --out, or put the old file away")
}

/// A folder of our own for what is made.
pub(super) fn folder(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    disk::create_private_dir(path).map_err(|error| cannot_write(path, &error))
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    disk::write_new(path, bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => occupied(path),
        _ => cannot_write(path, &error),
    })
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Kind::Failed, "cannot-write", format!("{} cannot be written: {error}", shown(path)))
        .hinted("choose another place with --out")
}

pub(super) fn keys_failure(error: KeysError) -> Failure {
    let kind = match error {
        KeysError::Subject(_) | KeysError::Passphrase => Kind::Usage,
        KeysError::Library(_) | KeysError::Key(_) => Kind::Failed,
    };
    Failure::new(kind, "keys", error)
}

pub(super) fn bundle_failure(path: &Path, error: BundleError) -> Failure {
    let (code, hint) = match error {
        BundleError::WrongPassphrase => ("wrong-password", "look whether it is the passphrase of this very file"),
        BundleError::Changed | BundleError::Damaged => ("damaged", "fetch the file once more from where it was made"),
        BundleError::UnknownEncryption | BundleError::TooCostly(_) => {
            ("unreadable-encryption", "open it with the program that made it, and export it anew")
        }
    };
    Failure::new(Kind::Refused, code, format!("{}: {error}", shown(path))).hinted(hint)
}
