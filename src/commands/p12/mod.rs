//! `p12`: a certificate and its key into one PKCS #12 file, and out of one.

mod kept;

use std::path::PathBuf;

pub use kept::{PackKept, pack_kept};

use pushcert_papers::{
    PrivateKey, Secret, Time, Verdict,
    bundle::{self, Bundle},
    certificate::{Authorities, Certificate, Expectations},
    judge::{self, Judged, Want, judge},
    kind::{Paper, recognise},
    pem,
};

use super::{
    Ask, Event, Failure, Kind, Looked, Made, Outcome, Reporter,
    csr::{bundle_failure, certificates_in, folder, keys_failure, private_key, vacant, write},
    files,
    passphrase::Passphrase,
    shown,
};
use crate::world::keys::{self, Profile};

/// `p12 pack`
#[derive(Debug)]
pub struct Pack {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Other authorities than Apple's.
    pub authorities: Option<PathBuf>,
    /// What opens the key.
    pub key_passphrase: Passphrase,
    /// The file that is to be.
    pub file: NewFile,
}

/// A PKCS #12 file that is to be.
#[derive(Debug)]
pub struct NewFile {
    /// Where.
    pub out: PathBuf,
    /// The authorities to put in as well.
    pub chain: Vec<PathBuf>,
    /// How it is encrypted.
    pub profile: Profile,
    /// What is to protect it; and opens the key, where nothing else does.
    pub passphrase: Passphrase,
}

/// Packs a push certificate and its key, after every check that a file allows.
///
/// # Errors
/// When a file is not what it should be, something stands in the place of the result, or nobody gives a passphrase.
pub fn pack(reporter: &dyn Reporter, ask: &dyn Ask, wish: &Pack, now: Time) -> Outcome {
    let authorities = wish.authorities.as_deref().map_or_else(|| Ok(Authorities::apple()), super::authorities)?;
    vacant(std::slice::from_ref(&wish.file.out))?;
    let of_the_key = if wish.key_passphrase.is_given() { &wish.key_passphrase } else { &wish.file.passphrase };
    let key = private_key(&wish.key, of_the_key, ask)?;
    let bytes = files::need(&wish.certificate)?;
    let expected = Expectations { public_key: Some(key.public_key_sha256()), own_key: true, ..Expectations::default() };
    let judged = judge(&bytes, None, Want::PushCertificate, &expected, &authorities, now);
    let path = shown(&wish.certificate);
    let trusted = wish.authorities.as_deref().map(shown);
    reporter.tell(Event::Judged(&Looked { path: &path, judged: &judged, authorities: trusted.as_deref(), now }));
    let Some(leaf) = accepted(&judged, &bytes) else { return Ok(Some(Kind::Refused)) };
    let packed = wish.file.packed(&key, &leaf, ask)?;
    wish.file.put(reporter, &packed, &leaf, &[])?;
    Ok(None)
}

/// The certificate in a file, once it has passed.
fn accepted(judged: &Judged, bytes: &[u8]) -> Option<Certificate> {
    match recognise(bytes) {
        Paper::Certificates { leaves, .. } if judged.verdict != Verdict::Refuse => leaves.into_iter().next(),
        _ => None,
    }
}

impl NewFile {
    /// What is to stand in it.
    fn packed(&self, key: &PrivateKey, leaf: &Certificate, ask: &dyn Ask) -> Result<Vec<u8>, Failure> {
        let mut above = vec![];
        for path in &self.chain {
            above.extend(certificates_in(path)?);
        }
        let passphrase = self.passphrase.to_protect(&shown(&self.out), ask)?;
        keys::pack(key, leaf, &above, &passphrase, self.profile).map_err(keys_failure)
    }

    /// Writes it, and says so.
    fn put(
        &self,
        reporter: &dyn Reporter,
        packed: &[u8],
        leaf: &Certificate,
        next: &[&'static str],
    ) -> Result<(), Failure> {
        write(&self.out, packed)?;
        reporter.tell(Event::Made(&Made {
            files: vec![("pkcs12", shown(&self.out))],
            topic: leaf.topic(),
            public_key_sha256: leaf.public_key_sha256,
            authorities: None,
            next,
        }));
        Ok(())
    }
}

/// `p12 open`
#[derive(Debug)]
pub struct Open {
    /// The PKCS #12 file.
    pub file: PathBuf,
    /// The folder for what is in it.
    pub out: PathBuf,
    /// What is to protect the key; that of the file, where nothing is said.
    pub key_passphrase: Passphrase,
    /// What opens the file.
    pub passphrase: Passphrase,
}

/// Takes certificate, authorities and key out of a PKCS #12 file. The key is never written unprotected.
///
/// # Errors
/// When it does not open, holds no certificate, or something stands in the place of what comes out.
pub fn open(reporter: &dyn Reporter, ask: &dyn Ask, wish: &Open) -> Outcome {
    let bytes = files::need(&wish.file)?;
    let Paper::Pkcs12(file) = recognise(&bytes) else {
        return Err(files::misplaced(&wish.file, Kind::Refused, judge::misplaced(&bytes, Want::Pkcs12)));
    };
    let (bundle, passphrase) = opened(wish, &file, ask)?;
    let Some(first) = bundle.certificates.first() else {
        return Err(Failure::new(
            Kind::Refused,
            "certificate-missing",
            format!("{} holds no certificate", shown(&wish.file)),
        )
        .hinted("export it once more together with its certificate"));
    };
    let key = bundle.keys.first();
    let of_the_key = |held: &&Certificate| key.is_some_and(|key| key.public_key_sha256() == held.public_key_sha256);
    let leaf = bundle.certificates.iter().find(of_the_key).unwrap_or(first);
    let made = contents(&bundle, leaf);
    let mut paths: Vec<_> = made.iter().map(|(_, name, _)| wish.out.join(name)).collect();
    paths.extend(key.map(|_| wish.out.join(KEY)));
    vacant(&paths)?;
    let sealed = key.map(|key| seal(key, wish, passphrase, ask)).transpose()?;
    folder(&wish.out)?;
    let mut files = vec![];
    if let Some(sealed) = sealed {
        write(&wish.out.join(KEY), sealed.as_bytes())?;
        files.push(("private_key", shown(&wish.out.join(KEY))));
    }
    for (label, name, text) in made {
        write(&wish.out.join(name), text.as_bytes())?;
        files.push((label, shown(&wish.out.join(name))));
    }
    reporter.tell(Event::Made(&Made {
        files,
        topic: leaf.topic(),
        public_key_sha256: leaf.public_key_sha256,
        authorities: None,
        next: &[],
    }));
    Ok(None)
}

/// The name of the key's file.
const KEY: &str = "private-key.pem";

/// The open file, and the passphrase that opened it. One without any is tried before somebody is asked.
fn opened(wish: &Open, file: &[u8], ask: &dyn Ask) -> Result<(Bundle, Option<Secret>), Failure> {
    if !wish.passphrase.is_given()
        && let Ok(bundle) = bundle::open(file, "")
    {
        return Ok((bundle, None));
    }
    let passphrase = wish.passphrase.to_open(&shown(&wish.file), ask)?;
    let bundle = bundle::open(file, passphrase.reveal()).map_err(|error| bundle_failure(&wish.file, error))?;
    Ok((bundle, Some(passphrase)))
}

/// The key, encrypted under its own passphrase, or else under the one that opened the file.
fn seal(key: &PrivateKey, wish: &Open, opened_with: Option<Secret>, ask: &dyn Ask) -> Result<String, Failure> {
    let passphrase = match opened_with {
        Some(passphrase) if !wish.key_passphrase.is_given() => passphrase,
        _ => wish.key_passphrase.to_protect("the private key", ask)?,
    };
    keys::seal(key, &passphrase).map_err(keys_failure)
}

/// What comes out beside the key: what it is, the name of its file, and its text.
fn contents(bundle: &Bundle, leaf: &Certificate) -> Vec<(&'static str, &'static str, String)> {
    let text = |certificate: &Certificate| pem("CERTIFICATE", &certificate.der);
    let chain: String = bundle.certificates.iter().filter(|held| held.der != leaf.der).map(text).collect();
    let mut made = vec![("certificate", "certificate.pem", text(leaf))];
    if !chain.is_empty() {
        made.push(("chain", "chain.pem", chain));
    }
    made
}
