//! TLS: how a server is trusted, and how we show ourselves. It cannot be switched off.

use std::{path::Path, sync::Arc};

use pushcert_papers::{
    Fingerprint, KeyError, PrivateKey, Secret,
    bundle::{self, BundleError},
    kind::{self, Paper},
};
use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, SupportedProtocolVersion, WantsVerifier,
    client::WantsClientCert,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;

use super::{
    files::{self, Untrusted},
    pin::Pin,
};

/// Files of authorities are never larger.
const PEM_LIMIT: u64 = 4 << 20;

/// How a server is trusted, and how we show ourselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tls<'a> {
    /// Trust these authorities, and no others.
    pub ca_file: Option<&'a Path>,
    /// Trust this very certificate, and no other.
    pub pin: Option<Fingerprint>,
    /// Show this certificate.
    pub identity: Option<&'a Identity>,
    /// Speak TLS 1.2 and nothing newer: there a refusal of our certificate comes before anything is asked.
    pub only_1_2: bool,
}

/// A certificate with its key, to be shown to a server.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// A TLS configuration that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of authorities cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        error: Untrusted,
    },
    /// It holds no certificates, or nothing that can be used.
    #[error("{what} is not what it should be: {why}")]
    Unusable {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// The certificate to show is none.
    #[error("the client certificate cannot be used: {0}")]
    Identity(#[from] IdentityError),
}

/// Why a certificate cannot be shown to a server.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Its key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The PKCS #12 file does not open.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// There is no certificate in it.
    #[error("it holds no certificate")]
    NoCertificate,
    /// Certificate and key are not of a pair.
    #[error("its key is not that of its certificate")]
    NotAPair,
    /// The TLS library does not take it.
    #[error("{0}")]
    NotTaken(String),
}

impl IdentityError {
    /// Whether another passphrase than the one that was tried, or than none, may open it.
    pub const fn may_want_a_passphrase(&self) -> bool {
        matches!(
            self,
            Self::Key(KeyError::PassphraseNeeded | KeyError::WrongPassphrase)
                | Self::Bundle(BundleError::WrongPassphrase)
        )
    }
}

impl Identity {
    /// A certificate and its key, in PEM or as PKCS #12; with the passphrase where it has one. Certificates of
    /// authorities beside it are shown too.
    ///
    /// # Errors
    /// [`IdentityError`] when it cannot be used.
    pub fn read(bytes: &[u8], passphrase: Option<&Secret>) -> Result<Self, IdentityError> {
        let (certificates, key) = if bytes.first() == Some(&0x30) {
            let opened = bundle::open(bytes, passphrase.map(Secret::reveal).unwrap_or_default())?;
            let key = opened.keys.into_iter().next().ok_or(KeyError::Missing)?;
            (opened.certificates, key)
        } else {
            (of_pem(bytes), PrivateKey::read(bytes, passphrase)?)
        };
        let mut chain = certificates;
        let leaf = chain.iter().position(|found| found.public_key_sha256 == Fingerprint::of(&key.spki));
        match leaf {
            Some(at) => chain.swap(0, at),
            None if chain.is_empty() => return Err(IdentityError::NoCertificate),
            None => return Err(IdentityError::NotAPair),
        }
        let chain = chain.into_iter().map(|certificate| CertificateDer::from(certificate.der)).collect();
        Ok(Self { chain, key: PrivatePkcs8KeyDer::from(key.pkcs8().to_vec()).into() })
    }

    /// The certificate itself, in DER.
    pub fn certificate(&self) -> &[u8] {
        &self.chain[0]
    }
}

fn of_pem(bytes: &[u8]) -> Vec<pushcert_papers::certificate::Certificate> {
    match kind::recognise(bytes) {
        Paper::Certificates { leaves, authorities, .. } => leaves.into_iter().chain(authorities).collect(),
        _ => vec![],
    }
}

/// Trust in the system's authorities, or in those of this file alone; for what is no HTTP.
///
/// # Errors
/// As for [`configured`].
pub fn config(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    configured(&Tls { ca_file, ..Tls::default() })
}

/// The configuration that trusts and shows what is wanted.
///
/// # Errors
/// When a file cannot be read, holds no certificates, the system has no authorities, or what is to be shown does not do.
pub fn configured(tls: &Tls<'_>) -> Result<ClientConfig, TlsError> {
    const ONLY_1_2: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    let versions = if tls.only_1_2 { &ONLY_1_2[..] } else { rustls::DEFAULT_VERSIONS };
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .expect("the provider knows the protocols of its own library");
    shown(trusting(builder, tls)?, tls.identity)
}

fn trusting(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    tls: &Tls<'_>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsError> {
    if let Some(sha256) = tls.pin {
        return Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(Pin::new(sha256))));
    }
    match tls.ca_file {
        Some(path) => Ok(builder.with_root_certificates(roots(path)?)),
        None => builder.with_platform_verifier().map_err(|error| TlsError::Unusable {
            what: "the system's list of authorities".into(),
            why: error.to_string(),
        }),
    }
}

fn shown(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: Option<&Identity>,
) -> Result<ClientConfig, TlsError> {
    let Some(identity) = identity else { return Ok(builder.with_no_client_auth()) };
    let made = builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key());
    made.map_err(|error| IdentityError::NotTaken(error.to_string()).into())
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let shown = path.display().to_string();
    let pem =
        files::read_trusted(path, PEM_LIMIT).map_err(|error| TlsError::Unreadable { path: shown.clone(), error })?;
    let unusable = |why: String| TlsError::Unusable { what: shown.clone(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("it holds no certificate".into())) } else { Ok(roots) }
}
