//! Apple's upload form: made by servers, judged by the portal.

use openssl::{
    base64,
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private, Public},
    sign::{Signer, Verifier},
    x509::{X509, X509Name, X509Req},
};
use plist::Value;

use crate::authority::{Authorities, Holder, MDM_VENDOR, subject_text, unix};

/// A request as a server hands it out, and the key that it keeps.
pub(crate) struct Made {
    pub(crate) file: Vec<u8>,
    pub(crate) key: PKey<Private>,
}

/// A fresh key, its signing request, and the vendor's signature: the plain layout, on one line.
pub(crate) fn make(authorities: &Authorities, vendor: &Holder, tenant: &str) -> Result<Made, ErrorStack> {
    let key = crate::authority::fresh_key()?;
    let file = sealed(authorities, vendor, &signing_request(&key, tenant)?)?;
    Ok(Made { file, key })
}

/// Apple's upload form around a signing request, signed by the vendor.
fn sealed(authorities: &Authorities, vendor: &Holder, request: &X509Req) -> Result<Vec<u8>, ErrorStack> {
    let csr = request.to_der()?;
    let mut signer = Signer::new(MessageDigest::sha256(), &vendor.key)?;
    signer.update(&csr)?;
    let signature = base64::encode_block(&signer.sign_to_vec()?);
    let list = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n\
         <key>PushCertRequestCSR</key>\n<string>{}</string>\n<key>PushCertCertificateChain</key>\n<string>{}</string>\n\
         <key>PushCertSignature</key>\n<string>{signature}</string>\n</dict>\n</plist>\n",
        base64::encode_block(&csr),
        authorities.vendor_chain(vendor)?,
    );
    Ok(base64::encode_block(list.as_bytes()).into_bytes())
}

fn signing_request(key: &PKey<Private>, tenant: &str) -> Result<X509Req, ErrorStack> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_nid(Nid::COUNTRYNAME, "NL")?;
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "MobileIron")?;
    name.append_entry_by_nid(Nid::COMMONNAME, tenant)?;
    let mut request = X509Req::builder()?;
    request.set_version(0)?;
    request.set_subject_name(&name.build())?;
    request.set_pubkey(key)?;
    request.sign(key, MessageDigest::sha256())?;
    Ok(request.build())
}

/// What a good upload gives the portal.
pub(crate) struct Accepted {
    pub(crate) key: PKey<Public>,
    pub(crate) country: Option<String>,
    pub(crate) vendor: String,
}

/// Why the portal refuses, in its own words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// The browser's script refuses the file by its ending.
    FileType,
    /// It is no upload form.
    Invalid,
    /// The vendor's signature does not hold.
    Signature,
    /// The vendor's certificate has ended.
    Expired,
}

impl Refusal {
    /// Apple's number for it, where that is known: the others were seen without one.
    pub(crate) const fn code(self) -> Option<i32> {
        match self {
            Self::FileType | Self::Invalid => None,
            Self::Signature | Self::Expired => Some(-80_018),
        }
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::FileType => {
                "You have uploaded an invalid file type. Supported file extensions are .txt, .rtf, .plist, .b64"
            }
            Self::Invalid => {
                "Invalid Certificate Signing Request. Make sure that the file is in the correct format and is not empty."
            }
            Self::Signature => "Certificate Signature Verification failed. The signature is invalid.",
            Self::Expired => "Certificate Signature Verification failed. The signing certificate is expired.",
        }
    }
}

/// Judges an upload as Apple's portal does: lenient about layout, strict about content.
pub(crate) fn judge(file_name: &str, file: &[u8], authorities: &Authorities, now: i64) -> Result<Accepted, Refusal> {
    let endings = [".txt", ".rtf", ".plist", ".b64"];
    if !endings.iter().any(|ending| file_name.to_ascii_lowercase().ends_with(ending)) {
        return Err(Refusal::FileType);
    }
    let parts = parts(file).ok_or(Refusal::Invalid)?;
    let csr = decode(&parts.csr)
        .and_then(|der| X509Req::from_der(&der).ok().map(|csr| (csr, der)))
        .ok_or(Refusal::Invalid)?;
    let key = csr.0.public_key().map_err(|_| Refusal::Invalid)?;
    // What Apple makes of other keys is not known; every certificate that was ever seen has this one.
    let usual = key.rsa().is_ok() && key.bits() >= 2_048;
    if !usual || !csr.0.verify(&key).unwrap_or(false) {
        return Err(Refusal::Invalid);
    }
    let vendor = judge_chain(&parts.chain, authorities, now)?;
    let signature = decode(&parts.signature).ok_or(Refusal::Signature)?;
    if ![MessageDigest::sha256(), MessageDigest::sha1()]
        .into_iter()
        .any(|digest| signed(&vendor, digest, &csr.1, &signature))
    {
        return Err(Refusal::Signature);
    }
    let country = csr.0.subject_name().entries_by_nid(Nid::COUNTRYNAME).next();
    let country = country.and_then(|entry| entry.data().to_string().ok());
    let name = subject_text(&vendor, Nid::COMMONNAME).unwrap_or_default();
    Ok(Accepted { key, country, vendor: name.trim_start_matches("MDM Vendor:").trim().to_owned() })
}

struct Parts {
    csr: String,
    chain: String,
    signature: String,
}

fn parts(file: &[u8]) -> Option<Parts> {
    let list = decode(std::str::from_utf8(file).ok()?)?;
    let list = Value::from_reader_xml(std::io::Cursor::new(list)).ok()?;
    let text = |key: &str| list.as_dictionary()?.get(key)?.as_string().map(str::to_owned);
    Some(Parts {
        csr: text("PushCertRequestCSR")?,
        chain: text("PushCertCertificateChain")?,
        signature: text("PushCertSignature")?,
    })
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let dense: String = text.split_whitespace().collect();
    base64::decode_block(&dense).ok().filter(|bytes| !bytes.is_empty())
}

/// The vendor's certificate, if the chain leads from it to our root, and everything in it is in date.
fn judge_chain(pem: &str, authorities: &Authorities, now: i64) -> Result<X509, Refusal> {
    let chain = X509::stack_from_pem(pem.as_bytes()).map_err(|_| Refusal::Signature)?;
    let [vendor, intermediate, root] = <[X509; 3]>::try_from(chain).map_err(|_| Refusal::Signature)?;
    let issued = |certificate: &X509, issuer: &X509| {
        issuer.public_key().is_ok_and(|key| certificate.verify(&key).unwrap_or(false))
    };
    let ours = root.to_der().ok() == authorities.root.certificate.to_der().ok();
    if !ours || !issued(&intermediate, &root) || !issued(&vendor, &intermediate) || !is_vendor(&vendor) {
        return Err(Refusal::Signature);
    }
    let over = [&vendor, &intermediate].iter().any(|certificate| unix(certificate.not_after()) < now);
    if over { Err(Refusal::Expired) } else { Ok(vendor) }
}

/// By Apple's mark and not by the name, which anybody may bear.
fn is_vendor(certificate: &X509) -> bool {
    let mark = crate::der::oid(MDM_VENDOR);
    certificate.to_der().is_ok_and(|der| der.windows(mark.len()).any(|bytes| bytes == mark))
}

fn signed(vendor: &X509, digest: MessageDigest, message: &[u8], signature: &[u8]) -> bool {
    let verified = || {
        let key = vendor.public_key()?;
        let mut verifier = Verifier::new(digest, &key)?;
        verifier.update(message)?;
        verifier.verify(signature)
    };
    verified().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{authority, fresh_key, public, vendor};

    const NOW: i64 = 1_800_000_000;

    fn request(name: &[(Nid, &str)], key: &PKey<Private>) -> X509Req {
        let mut builder = X509Name::builder().expect("a name");
        for (nid, value) in name {
            builder.append_entry_by_nid(*nid, value).expect("an attribute");
        }
        let mut request = X509Req::builder().expect("a request");
        request.set_subject_name(&builder.build()).expect("a subject");
        request.set_pubkey(key).expect("a key");
        request.sign(key, MessageDigest::sha256()).expect("a signature");
        request.build()
    }

    fn judged(authorities: &Authorities, vendor: &Holder, request: &X509Req) -> Result<Accepted, Refusal> {
        judge("request.txt", &sealed(authorities, vendor, request).expect("sealed"), authorities, NOW)
    }

    #[test]
    fn only_the_country_of_a_request_is_kept() {
        let authorities = Authorities::new(NOW).expect("authorities");
        let vendor = authorities.vendor(NOW).expect("a vendor");
        let key = fresh_key().expect("a key");
        let named = request(&[(Nid::COUNTRYNAME, "DE"), (Nid::COMMONNAME, "somebody")], &key);
        assert_eq!(judged(&authorities, &vendor, &named).ok().and_then(|accepted| accepted.country), Some("DE".into()));
        let without = request(&[(Nid::COMMONNAME, "somebody")], &key);
        let accepted = judged(&authorities, &vendor, &without).expect("taken");
        assert_eq!((accepted.country, accepted.vendor.as_str()), (None, "MobileIron"));
        let made = authorities.push_certificate(&accepted.key, "some", "US", NOW).expect("issued");
        assert!(made.public_key().expect("a key").public_eq(&key));
    }

    #[test]
    fn the_vendor_must_be_one_and_in_date() {
        let authorities = Authorities::new(NOW).expect("authorities");
        let key = fresh_key().expect("a key");
        let csr = request(&[], &key);
        let refusal = |vendor: &Holder| judged(&authorities, vendor, &csr).err();
        assert_eq!(refusal(&authorities.expired_vendor(NOW).expect("a vendor")), Some(Refusal::Expired));
        let elsewhere = authority("Elsewhere", fresh_key().expect("a key"), None, NOW).expect("an authority");
        let other = vendor("MobileIron", &elsewhere, NOW - 1).expect("a vendor");
        assert_eq!(refusal(&other), Some(Refusal::Signature));
        let unmarked = Holder {
            certificate: authorities
                .push_certificate(&public(&key).expect("a key"), "some", "US", NOW)
                .expect("issued"),
            key: key.clone(),
        };
        assert_eq!(refusal(&unmarked), Some(Refusal::Signature), "no vendor's mark");
        let of_another_key =
            Holder { certificate: authorities.vendor(NOW).expect("a vendor").certificate.clone(), key };
        assert_eq!(refusal(&of_another_key), Some(Refusal::Signature));
    }

    #[test]
    fn a_short_key_or_one_of_another_kind_is_refused() {
        let authorities = Authorities::new(NOW).expect("authorities");
        let vendor = authorities.vendor(NOW).expect("a vendor");
        let short = PKey::from_rsa(openssl::rsa::Rsa::generate(1_024).expect("a key")).expect("a key");
        assert_eq!(judged(&authorities, &vendor, &request(&[], &short)).err(), Some(Refusal::Invalid));
        let curve = PKey::generate_ed25519().expect("a key");
        let mut builder = X509Req::builder().expect("a request");
        builder.set_pubkey(&curve).expect("a key");
        builder.sign(&curve, MessageDigest::null()).expect("a signature");
        assert_eq!(judged(&authorities, &vendor, &builder.build()).err(), Some(Refusal::Invalid));
    }
}
