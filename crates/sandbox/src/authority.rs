//! Authorities of Apple's shape, under names of their own.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openssl::{
    asn1::{Asn1Time, Asn1Type},
    bn::BigNum,
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, PKeyRef, Private, Public},
    rand::rand_bytes,
    rsa::Rsa,
    x509::{
        X509, X509Builder, X509Name, X509NameRef, X509Ref,
        extension::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
            SubjectKeyIdentifier,
        },
    },
};

use crate::der;

const DAY: i64 = 86_400;
/// What a certificate of Apple lasts, in seconds: the last one belongs to the 365 days.
const YEAR: i64 = 365 * DAY - 1;
/// What browsers let a server's certificate last.
const TLS_DAYS: i64 = 397;

/// Apple's mark of production push.
const PRODUCTION_PUSH: &str = "1.2.840.113635.100.6.3.2";
/// Apple's mark of an MDM vendor.
pub(crate) const MDM_VENDOR: &str = "1.2.840.113635.100.4.12";
/// Apple's certificate policy.
const POLICY: &str = "1.2.840.113635.100.5.1";

/// Which authority issues a push certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Issuer {
    /// The one of today.
    Present,
    /// The one that follows it, under the same root.
    Next,
}

/// A certificate and its key.
pub(crate) struct Holder {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
}

/// The authorities of the world.
pub(crate) struct Authorities {
    pub(crate) root: Holder,
    pub(crate) push_issuer: Holder,
    /// Who follows the push issuer one day; nobody lists it before that.
    pub(crate) next_push_issuer: Holder,
    pub(crate) vendor_issuer: Holder,
    vendor: Mutex<Arc<Holder>>,
    pub(crate) tls: Holder,
}

/// A name: each attribute with its type.
fn name(parts: &[(Nid, &str, Asn1Type)]) -> Result<X509Name, ErrorStack> {
    let mut builder = X509Name::builder()?;
    for (nid, value, kind) in parts {
        builder.append_entry_by_nid_with_type(*nid, value, *kind)?;
    }
    Ok(builder.build())
}

fn authority_name(common_name: &str) -> Result<X509Name, ErrorStack> {
    name(&[
        (Nid::COMMONNAME, common_name, Asn1Type::UTF8STRING),
        (Nid::ORGANIZATIONALUNITNAME, "Sandbox Certification Authority", Asn1Type::UTF8STRING),
        (Nid::ORGANIZATIONNAME, "Sandbox", Asn1Type::UTF8STRING),
        (Nid::COUNTRYNAME, "US", Asn1Type::PRINTABLESTRING),
    ])
}

/// The keys of the authorities, and one of somebody else. They are made once in a process: a test for each world would
/// otherwise spend most of its time in search of primes.
pub(crate) struct Keys {
    root: PKey<Private>,
    push_issuer: PKey<Private>,
    next_push_issuer: PKey<Private>,
    vendor_issuer: PKey<Private>,
    vendor: PKey<Private>,
    /// Behind certificates whose servers are not part of the world.
    pub(crate) stranger: PKey<Private>,
}

impl Keys {
    pub(crate) fn of_this_process() -> Result<&'static Self, ErrorStack> {
        static KEYS: OnceLock<Keys> = OnceLock::new();
        if let Some(keys) = KEYS.get() {
            return Ok(keys);
        }
        let made = Self {
            root: fresh_key()?,
            push_issuer: fresh_key()?,
            next_push_issuer: fresh_key()?,
            vendor_issuer: fresh_key()?,
            vendor: fresh_key()?,
            stranger: fresh_key()?,
        };
        Ok(KEYS.get_or_init(|| made))
    }
}

/// A fresh key on the curve P-256, for TLS: nothing of Apple's shape is asked of it, and it is quick.
fn fresh_curve_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

/// A fresh RSA key of 2048 bits.
pub(crate) fn fresh_key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_rsa(Rsa::generate(2048)?)
}

/// Eight random octets, positive; the first may be zero, as in some certificates of Apple.
fn fresh_serial() -> Result<[u8; 8], ErrorStack> {
    let mut octets = [0; 8];
    rand_bytes(&mut octets)?;
    octets[0] &= 0x7f;
    Ok(octets)
}

fn begin(
    subject: &X509NameRef,
    issuer: &X509NameRef,
    key: &PKeyRef<Public>,
    from: i64,
    until: i64,
) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*BigNum::from_slice(&fresh_serial()?)?.to_asn1_integer()?)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(&*Asn1Time::from_unix(from)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(until)?)?;
    Ok(builder)
}

/// A certificate that a key has signed for itself.
pub(crate) fn self_signed(common_name: &str, key: &PKey<Private>, from: i64, until: i64) -> Result<X509, ErrorStack> {
    let subject = name(&[(Nid::COMMONNAME, common_name, Asn1Type::UTF8STRING)])?;
    let mut builder = begin(&subject, &subject, &*public(key)?, from, until)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// The public half of a key.
pub(crate) fn public(key: &PKey<Private>) -> Result<PKey<Public>, ErrorStack> {
    PKey::public_key_from_der(&key.public_key_to_der()?)
}

impl Authorities {
    /// Fresh authorities, valid for years around this time.
    pub(crate) fn new(now: i64) -> Result<Self, ErrorStack> {
        let keys = Keys::of_this_process()?;
        let under = |root: &Holder, name, key: &PKey<Private>| authority(name, key.clone(), Some(root), now);
        let root = authority("Sandbox Root CA", keys.root.clone(), None, now)?;
        let push_issuer = under(&root, "Sandbox Application Integration 2 Certification Authority", &keys.push_issuer)?;
        let next_push_issuer =
            under(&root, "Sandbox Application Integration 5 Certification Authority", &keys.next_push_issuer)?;
        let vendor_issuer =
            under(&root, "Sandbox Worldwide Developer Relations Certification Authority", &keys.vendor_issuer)?;
        let vendor = vendor("MobileIron", &vendor_issuer, now - 82 * DAY)?;
        let tls = authority("Sandbox TLS CA", fresh_curve_key()?, None, now)?;
        Ok(Self { root, push_issuer, next_push_issuer, vendor_issuer, vendor: Mutex::new(Arc::new(vendor)), tls })
    }

    /// The vendor, whose own certificate is renewed in time, as the years pass.
    pub(crate) fn vendor(&self, now: i64) -> Result<Arc<Holder>, ErrorStack> {
        let mut held = self.vendor.lock().unwrap_or_else(PoisonError::into_inner);
        if unix(held.certificate.not_after()) - now < 30 * DAY {
            *held = Arc::new(vendor("MobileIron", &self.vendor_issuer, now - DAY)?);
        }
        Ok(Arc::clone(&held))
    }

    /// The vendor's chain of three, as it stands in a request.
    pub(crate) fn vendor_chain(&self, vendor: &Holder) -> Result<String, ErrorStack> {
        let mut pem = vec![];
        for certificate in [&vendor.certificate, &self.vendor_issuer.certificate, &self.root.certificate] {
            pem.extend(certificate.to_pem()?);
        }
        Ok(String::from_utf8_lossy(&pem).into_owned())
    }

    /// A vendor whose certificate has ended.
    pub(crate) fn expired_vendor(&self, now: i64) -> Result<Holder, ErrorStack> {
        vendor("MobileIron", &self.vendor_issuer, now - YEAR - 5 * DAY)
    }

    /// A push certificate of Apple's shape, for this key. Only the country of the request reaches it.
    pub(crate) fn push_certificate(
        &self,
        key: &PKeyRef<Public>,
        uuid: &str,
        country: &str,
        at: i64,
    ) -> Result<X509, ErrorStack> {
        self.push_certificate_by(Issuer::Present, key, uuid, country, at)
    }

    /// The same, by this issuer.
    pub(crate) fn push_certificate_by(
        &self,
        issuer: Issuer,
        key: &PKeyRef<Public>,
        uuid: &str,
        country: &str,
        at: i64,
    ) -> Result<X509, ErrorStack> {
        let subject = name(&[
            (Nid::USERID, &format!("com.apple.mgmt.External.{uuid}"), Asn1Type::UTF8STRING),
            (Nid::COMMONNAME, &format!("APSP:{uuid}"), Asn1Type::UTF8STRING),
            (Nid::COUNTRYNAME, country, Asn1Type::PRINTABLESTRING),
        ])?;
        let signer = match issuer {
            Issuer::Present => &self.push_issuer,
            Issuer::Next => &self.next_push_issuer,
        };
        let issuer = &signer.certificate;
        // Dated ten minutes back.
        let from = at - 600;
        let mut builder = begin(&subject, issuer.subject_name(), key, from, from + YEAR)?;
        builder.append_extension(der::extension("2.5.29.19", &der::sequence(&[]))?)?;
        let authority_key =
            AuthorityKeyIdentifier::new().keyid(true).build(&builder.x509v3_context(Some(issuer), None))?;
        builder.append_extension(authority_key)?;
        builder.append_extension(der::extension("2.5.29.32", &policies())?)?;
        builder.append_extension(ExtendedKeyUsage::new().client_auth().build()?)?;
        builder.append_extension(der::extension(
            "2.5.29.31",
            &revocation_list("http://crl.sandbox.example/aai2ca.crl"),
        )?)?;
        let subject_key = SubjectKeyIdentifier::new().build(&builder.x509v3_context(Some(issuer), None))?;
        builder.append_extension(subject_key)?;
        builder.append_extension(KeyUsage::new().digital_signature().build()?)?;
        builder.append_extension(der::extension(PRODUCTION_PUSH, &[0x05, 0x00])?)?;
        builder.sign(&signer.key, MessageDigest::sha256())?;
        Ok(builder.build())
    }

    /// A certificate for a TLS server on loopback, under one of the names that it may be tried with.
    pub(crate) fn tls_certificate(&self, kind: TlsKind, now: i64) -> Result<Holder, ErrorStack> {
        let other = if kind == TlsKind::OtherAuthority {
            Some(authority("Sandbox Other CA", fresh_curve_key()?, None, now)?)
        } else {
            None
        };
        let issuer = other.as_ref().unwrap_or(&self.tls);
        let key = fresh_curve_key()?;
        let subject = name(&[(Nid::COMMONNAME, "sandbox", Asn1Type::UTF8STRING)])?;
        let (from, until) = if kind == TlsKind::Expired {
            (now - 90 * DAY, now - DAY)
        } else {
            (now - DAY, now + (TLS_DAYS - 1) * DAY)
        };
        let mut builder = begin(&subject, issuer.certificate.subject_name(), &*public(&key)?, from, until)?;
        builder.append_extension(BasicConstraints::new().build()?)?;
        builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        let mut names = SubjectAlternativeName::new();
        let names = match kind {
            TlsKind::WrongName => names.dns("elsewhere.example"),
            _ => names.ip("127.0.0.1").dns("localhost"),
        };
        builder.append_extension(names.build(&builder.x509v3_context(Some(&issuer.certificate), None))?)?;
        // Strict verifiers want to be told which key has signed.
        let authority_key = AuthorityKeyIdentifier::new()
            .keyid(true)
            .build(&builder.x509v3_context(Some(&issuer.certificate), None))?;
        builder.append_extension(authority_key)?;
        builder.sign(&issuer.key, MessageDigest::sha256())?;
        Ok(Holder { certificate: builder.build(), key })
    }
}

/// The ways in which a server's TLS certificate may be wrong.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum TlsKind {
    Right,
    WrongName,
    Expired,
    OtherAuthority,
}

/// An authority: under another one, or a root.
pub(crate) fn authority(
    common_name: &str,
    key: PKey<Private>,
    issuer: Option<&Holder>,
    now: i64,
) -> Result<Holder, ErrorStack> {
    let subject = authority_name(common_name)?;
    let (issuer_name, signer) = match issuer {
        Some(issuer) => (issuer.certificate.subject_name(), &issuer.key),
        None => (&*subject, &key),
    };
    let mut builder = begin(&subject, issuer_name, &*public(&key)?, now - 3_650 * DAY, now + 3_650 * DAY)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    let subject_key =
        SubjectKeyIdentifier::new().build(&builder.x509v3_context(issuer.map(|issuer| &*issuer.certificate), None))?;
    builder.append_extension(subject_key)?;
    if let Some(issuer) = issuer {
        let authority_key = AuthorityKeyIdentifier::new()
            .keyid(true)
            .build(&builder.x509v3_context(Some(&issuer.certificate), None))?;
        builder.append_extension(authority_key)?;
    }
    builder.sign(signer, MessageDigest::sha256())?;
    Ok(Holder { certificate: builder.build(), key })
}

/// What Apple gives to those who may sign requests: for a year, and marked.
pub(crate) fn vendor(vendor_name: &str, issuer: &Holder, from: i64) -> Result<Holder, ErrorStack> {
    let key = Keys::of_this_process()?.vendor.clone();
    let subject = name(&[
        (Nid::USERID, "SANDBOXTEAM", Asn1Type::UTF8STRING),
        (Nid::COMMONNAME, &format!("MDM Vendor: {vendor_name}"), Asn1Type::UTF8STRING),
        (Nid::ORGANIZATIONALUNITNAME, "SANDBOXTEAM", Asn1Type::UTF8STRING),
        (Nid::ORGANIZATIONNAME, vendor_name, Asn1Type::UTF8STRING),
        (Nid::COUNTRYNAME, "US", Asn1Type::PRINTABLESTRING),
    ])?;
    let mut builder = begin(&subject, issuer.certificate.subject_name(), &*public(&key)?, from, from + YEAR)?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    let authority_key =
        AuthorityKeyIdentifier::new().keyid(true).build(&builder.x509v3_context(Some(&issuer.certificate), None))?;
    builder.append_extension(authority_key)?;
    builder.append_extension(der::extension("1.3.6.1.5.5.7.1.1", &responder("http://ocsp.sandbox.example/wwdr"))?)?;
    let subject_key = SubjectKeyIdentifier::new().build(&builder.x509v3_context(Some(&issuer.certificate), None))?;
    builder.append_extension(subject_key)?;
    builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    builder.append_extension(der::extension(MDM_VENDOR, &[0x05, 0x00])?)?;
    builder.sign(&issuer.key, MessageDigest::sha256())?;
    Ok(Holder { certificate: builder.build(), key })
}

/// Apple's policy, with a notice and an address.
fn policies() -> Vec<u8> {
    let notice = "Reliance on this certificate of an embedded world proves nothing outside of it.";
    let notice = der::sequence(&[der::oid("1.3.6.1.5.5.7.2.2"), der::sequence(&[der::text(0x0c, notice)])]);
    let address = der::sequence(&[
        der::oid("1.3.6.1.5.5.7.2.1"),
        der::text(0x16, "http://www.sandbox.example/certificateauthority"),
    ]);
    der::sequence(&[der::sequence(&[der::oid(POLICY), der::sequence(&[notice, address])])])
}

/// Where one could ask about a certificate (RFC 5280, section 4.2.2.1).
fn responder(address: &str) -> Vec<u8> {
    der::sequence(&[der::sequence(&[der::oid("1.3.6.1.5.5.7.48.1"), der::text(0x86, address)])])
}

/// Where the revocation list would be.
fn revocation_list(address: &str) -> Vec<u8> {
    let name = der::element(0xa0, &der::element(0xa0, &der::text(0x86, address)));
    der::sequence(&[der::sequence(&[name])])
}

/// PEM as Apple's portal hands it out: without a newline at the end.
pub(crate) fn pem_without_newline(certificate: &X509Ref) -> Result<Vec<u8>, ErrorStack> {
    let mut pem = certificate.to_pem()?;
    pem.truncate(pem.trim_ascii_end().len());
    Ok(pem)
}

/// The serial number in lower-case hexadecimal, as the portal writes it: without leading zeros.
pub(crate) fn serial_hex(certificate: &X509Ref) -> Result<String, ErrorStack> {
    let hex = certificate.serial_number().to_bn()?.to_hex_str()?.to_lowercase();
    Ok(hex.trim_start_matches('0').to_owned())
}

/// A text of the subject.
pub(crate) fn subject_text(certificate: &X509Ref, nid: Nid) -> Option<String> {
    let entry = certificate.subject_name().entries_by_nid(nid).next()?;
    entry.data().to_string().ok()
}

/// A time in seconds since 1970.
pub(crate) fn unix(time: &openssl::asn1::Asn1TimeRef) -> i64 {
    let span = Asn1Time::from_unix(0).and_then(|epoch| epoch.diff(time));
    span.map_or(0, |span| i64::from(span.days) * DAY + i64::from(span.secs))
}

/// A random version 4 UUID (RFC 9562).
pub(crate) fn fresh_uuid() -> Result<String, ErrorStack> {
    let mut bytes = [0; 16];
    rand_bytes(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
