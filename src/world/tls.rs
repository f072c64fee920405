//! TLS for what is no HTTP: a database.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;

use super::files;
pub use super::http::TlsError;

/// Files of authorities are never larger.
const PEM_LIMIT: u64 = 4 << 20;

/// Trust in the system's authorities, or in those of this file alone.
///
/// # Errors
/// When the file cannot be read or holds no certificates, or the system has no authorities.
pub fn config(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the protocols of its own library");
    let Some(path) = ca_file else {
        let unusable = |error: rustls::Error| TlsError::Unusable {
            what: "the system's list of authorities".into(),
            why: error.to_string(),
        };
        return Ok(builder.with_platform_verifier().map_err(unusable)?.with_no_client_auth());
    };
    let shown = path.display().to_string();
    let pem =
        files::read_trusted(path, PEM_LIMIT).map_err(|error| TlsError::Unreadable { path: shown.clone(), error })?;
    let unusable = |why: String| TlsError::Unusable { what: shown.clone(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("it holds no certificate".into()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
