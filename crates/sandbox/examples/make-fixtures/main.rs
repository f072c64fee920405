//! Makes the papers in `fixtures/papers`: good ones, and for every finding one that provokes exactly it.
//!
//! They are made with OpenSSL, so that the library that judges them has not made them. Keys and serials are fresh in every
//! run; dates are fixed. The files are committed, and judged at [`NOW`] by the authorities in `authorities.pem`.

#![allow(clippy::disallowed_methods, reason = "it writes fixtures")]

mod bundles;

use std::{fs, path::PathBuf};

use openssl::{
    asn1::{Asn1Object, Asn1OctetString, Asn1Time, Asn1Type},
    base64,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    sign::Signer,
    symm::Cipher,
    x509::{
        X509, X509Extension, X509Name, X509Req,
        extension::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier},
    },
};

type Made<T> = Result<T, Box<dyn std::error::Error>>;

/// 2026-06-01T00:00:00Z: when the fixtures are judged.
const NOW: i64 = 1_780_272_000;
const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY - 1;

const TOPIC: &str = "11111111-aaaa-4aaa-8aaa-111111111111";
const OTHER: &str = "22222222-bbbb-4bbb-8bbb-222222222222";

/// A certificate and its key.
struct Holder {
    certificate: X509,
    key: PKey<Private>,
}

/// What a certificate is to be. The default is a good push certificate.
#[derive(Clone)]
struct Recipe<'a> {
    user_id: Option<String>,
    common_name: String,
    country: &'a str,
    from: i64,
    lasts: i64,
    client_auth: bool,
    mark: Option<&'a str>,
    mark_too: Option<&'a str>,
}

impl Recipe<'_> {
    fn of(uuid: &str) -> Self {
        Self {
            user_id: Some(format!("com.apple.mgmt.External.{uuid}")),
            common_name: format!("APSP:{uuid}"),
            country: "NL",
            from: NOW - 10 * DAY,
            lasts: YEAR,
            client_auth: true,
            mark: Some(PRODUCTION),
            mark_too: None,
        }
    }
}

const PRODUCTION: &str = "1.2.840.113635.100.6.3.2";
const DEVELOPMENT: &str = "1.2.840.113635.100.6.3.1";
const TOPICS: &str = "1.2.840.113635.100.6.3.6";
const VENDOR: &str = "1.2.840.113635.100.4.12";

fn rsa() -> Made<PKey<Private>> {
    Ok(PKey::from_rsa(Rsa::generate(2048)?)?)
}

fn elliptic() -> Made<PKey<Private>> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    Ok(PKey::from_ec_key(EcKey::generate(&group)?)?)
}

fn mark(oid: &str) -> Result<X509Extension, ErrorStack> {
    X509Extension::new_from_der(&*Asn1Object::from_str(oid)?, false, &*Asn1OctetString::new_from_bytes(&[5, 0])?)
}

fn name(user_id: Option<&str>, common_name: &str, organisation: Option<&str>, country: &str) -> Made<X509Name> {
    let mut builder = X509Name::builder()?;
    if let Some(user_id) = user_id {
        builder.append_entry_by_nid_with_type(Nid::USERID, user_id, Asn1Type::UTF8STRING)?;
    }
    builder.append_entry_by_nid_with_type(Nid::COMMONNAME, common_name, Asn1Type::UTF8STRING)?;
    if let Some(organisation) = organisation {
        builder.append_entry_by_nid_with_type(Nid::ORGANIZATIONNAME, organisation, Asn1Type::UTF8STRING)?;
    }
    if !country.is_empty() {
        builder.append_entry_by_nid_with_type(Nid::COUNTRYNAME, country, Asn1Type::PRINTABLESTRING)?;
    }
    Ok(builder.build())
}

fn serial() -> Made<BigNum> {
    let mut octets = [0; 8];
    openssl::rand::rand_bytes(&mut octets)?;
    octets[0] = octets[0] & 0x7f | 0x10;
    Ok(BigNum::from_slice(&octets)?)
}

fn authority(common_name: &str, organisation: &str, issuer: Option<&Holder>, from: i64, until: i64) -> Made<Holder> {
    let key = rsa()?;
    let subject = name(None, common_name, Some(organisation), "US")?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*serial()?.to_asn1_integer()?)?;
    builder.set_subject_name(&subject)?;
    builder.set_issuer_name(issuer.map_or(&subject, |issuer| issuer.certificate.subject_name()))?;
    builder.set_pubkey(&key)?;
    builder.set_not_before(&*Asn1Time::from_unix(from)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(until)?)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    let context = builder.x509v3_context(issuer.map(|issuer| &*issuer.certificate), None);
    let identifier = SubjectKeyIdentifier::new().build(&context)?;
    builder.append_extension(identifier)?;
    builder.sign(issuer.map_or(&key, |issuer| &issuer.key), MessageDigest::sha256())?;
    Ok(Holder { certificate: builder.build(), key })
}

fn leaf(recipe: &Recipe<'_>, issuer: &Holder, key: &PKey<Private>) -> Made<X509> {
    let subject = name(recipe.user_id.as_deref(), &recipe.common_name, None, recipe.country)?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*serial()?.to_asn1_integer()?)?;
    builder.set_subject_name(&subject)?;
    builder.set_issuer_name(issuer.certificate.subject_name())?;
    builder.set_pubkey(key)?;
    builder.set_not_before(&*Asn1Time::from_unix(recipe.from)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(recipe.from + recipe.lasts)?)?;
    builder.append_extension(BasicConstraints::new().build()?)?;
    let identifier =
        AuthorityKeyIdentifier::new().keyid(true).build(&builder.x509v3_context(Some(&issuer.certificate), None))?;
    builder.append_extension(identifier)?;
    let usage = if recipe.client_auth {
        ExtendedKeyUsage::new().client_auth().build()?
    } else {
        ExtendedKeyUsage::new().server_auth().build()?
    };
    builder.append_extension(usage)?;
    builder.append_extension(KeyUsage::new().digital_signature().build()?)?;
    for oid in [recipe.mark, recipe.mark_too].into_iter().flatten() {
        builder.append_extension(mark(oid)?)?;
    }
    builder.sign(&issuer.key, MessageDigest::sha256())?;
    Ok(builder.build())
}

fn request(key: &PKey<Private>, country: &str, digest: MessageDigest) -> Made<Vec<u8>> {
    let mut request = X509Req::builder()?;
    request.set_subject_name(&*name(None, "acme", Some("Example"), country)?)?;
    request.set_pubkey(key)?;
    request.sign(key, digest)?;
    Ok(request.build().to_der()?)
}

/// What a request for the portal is to be. The default is a good one.
struct Form<'a> {
    csr: Vec<u8>,
    chain: Vec<&'a X509>,
    signature: Vec<u8>,
}

fn signature(vendor: &Holder, csr: &[u8], digest: MessageDigest) -> Made<Vec<u8>> {
    let mut signer = Signer::new(digest, &vendor.key)?;
    signer.update(csr)?;
    Ok(signer.sign_to_vec()?)
}

fn wrapped(bytes: &[u8], width: usize) -> String {
    let text = base64::encode_block(bytes);
    text.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line) + "\n").collect()
}

impl Form<'_> {
    fn parts(&self) -> Made<[(&'static str, String); 3]> {
        let mut pem = vec![];
        for certificate in &self.chain {
            pem.extend(certificate.to_pem()?);
        }
        Ok([
            ("PushCertRequestCSR", base64::encode_block(&self.csr)),
            ("PushCertCertificateChain", String::from_utf8(pem)?),
            ("PushCertSignature", base64::encode_block(&self.signature)),
        ])
    }

    fn plist(&self) -> Made<String> {
        Ok(plist(&self.parts()?))
    }

    fn file(&self) -> Made<Vec<u8>> {
        Ok(base64::encode_block(self.plist()?.as_bytes()).into_bytes())
    }
}

fn plist(parts: &[(&str, String)]) -> String {
    let pairs = parts.iter().map(|(key, value)| format!("<key>{key}</key>\n<string>{value}</string>\n"));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n{}</dict>\n</plist>\n",
        pairs.collect::<String>()
    )
}

fn put(name: &str, bytes: impl AsRef<[u8]>) -> Made<()> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/papers");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(name), bytes)?)
}

fn trimmed(certificate: &X509) -> Made<Vec<u8>> {
    let mut pem = certificate.to_pem()?;
    pem.truncate(pem.trim_ascii_end().len());
    Ok(pem)
}

fn main() -> Made<()> {
    let root = authority("Fixture Root CA", "Fixture", None, NOW - 3_650 * DAY, NOW + 3_650 * DAY)?;
    let issuer = authority(
        "Fixture Application Integration 2 CA",
        "Fixture",
        Some(&root),
        NOW - 2_000 * DAY,
        NOW + 2_000 * DAY,
    )?;
    let vendors =
        authority("Fixture Developer Relations CA", "Fixture", Some(&root), NOW - 2_000 * DAY, NOW + 2_000 * DAY)?;
    let mut anchors = vec![];
    for holder in [&root, &issuer, &vendors] {
        anchors.extend(holder.certificate.to_pem()?);
    }
    put("authorities.pem", anchors)?;
    let (key, older) = (rsa()?, rsa()?);
    certificates(&root, &issuer, &key, &older)?;
    others(&issuer, &vendors, &key)?;
    requests(&root, &vendors, &key)
}

/// Push certificates.
fn certificates(root: &Holder, issuer: &Holder, key: &PKey<Private>, older: &PKey<Private>) -> Made<()> {
    let good = Recipe::of(TOPIC);
    let after = leaf(&good, issuer, key)?;
    put("renewal-before.pem", trimmed(&leaf(&Recipe { from: NOW - 340 * DAY, ..good.clone() }, issuer, older)?)?)?;
    put("renewal-after.pem", trimmed(&after)?)?;
    put("other-topic.pem", trimmed(&leaf(&Recipe::of(OTHER), issuer, key)?)?)?;
    put("key-mismatch.pem", trimmed(&leaf(&good, issuer, older)?)?)?;
    put("topic-missing.pem", trimmed(&leaf(&Recipe { user_id: None, ..good.clone() }, issuer, key)?)?)?;
    let foreign = Recipe { user_id: Some("com.example.app".into()), ..good.clone() };
    put("topic-prefix.pem", trimmed(&leaf(&foreign, issuer, key)?)?)?;
    let named = Recipe { common_name: format!("APSP:{OTHER}"), ..good.clone() };
    put("name-differs.pem", trimmed(&leaf(&named, issuer, key)?)?)?;
    put("not-push.pem", trimmed(&leaf(&Recipe { mark: None, ..good.clone() }, issuer, key)?)?)?;
    put("development-push.pem", trimmed(&leaf(&Recipe { mark: Some(DEVELOPMENT), ..good.clone() }, issuer, key)?)?)?;
    put("client-auth-missing.pem", trimmed(&leaf(&Recipe { client_auth: false, ..good.clone() }, issuer, key)?)?)?;
    put("weak-key.pem", trimmed(&leaf(&good, issuer, &elliptic()?)?)?)?;
    put("expired.pem", trimmed(&leaf(&Recipe { from: NOW - 400 * DAY, ..good.clone() }, issuer, key)?)?)?;
    put("not-yet-valid.pem", trimmed(&leaf(&Recipe { from: NOW + 601, ..good.clone() }, issuer, key)?)?)?;
    put("clock-skew.pem", trimmed(&leaf(&Recipe { from: NOW + 599, ..good.clone() }, issuer, key)?)?)?;
    put("unusual-validity.pem", trimmed(&leaf(&Recipe { lasts: 2 * YEAR, ..good.clone() }, issuer, key)?)?)?;
    put("country-default.pem", trimmed(&leaf(&Recipe { country: "US", ..good.clone() }, issuer, key)?)?)?;
    put("ends-earlier.pem", trimmed(&leaf(&Recipe { from: NOW - 350 * DAY, ..good.clone() }, issuer, key)?)?)?;
    let mut forged = after.to_der()?;
    *forged.last_mut().ok_or("a certificate has bytes")? ^= 1;
    put("signature-invalid.der", forged)?;
    let stranger = authority("Stranger CA", "Stranger", None, NOW - DAY, NOW + 2_000 * DAY)?;
    put("not-apple.pem", trimmed(&leaf(&good, &stranger, key)?)?)?;
    let lookalike = authority("Apple Application Integration 9 CA", "Apple Inc.", None, NOW - DAY, NOW + 2_000 * DAY)?;
    put("issuer-unverified.pem", trimmed(&leaf(&good, &lookalike, key)?)?)?;
    let candidate =
        authority("Fixture Application Integration 7 CA", "Fixture", Some(root), NOW - DAY, NOW + 2_000 * DAY)?;
    put("issuer-new.pem", [leaf(&good, &candidate, key)?.to_pem()?, candidate.certificate.to_pem()?].concat())?;
    put("with-chain.pem", [after.to_pem()?, issuer.certificate.to_pem()?].concat())?;
    put("several.pem", [after.to_pem()?, leaf(&Recipe::of(OTHER), issuer, key)?.to_pem()?].concat())?;
    put("key-included.pem", [after.to_pem()?, key.private_key_to_pem_pkcs8()?].concat())?;
    let revoked = leaf(&good, issuer, key)?;
    put("revoked.pem", trimmed(&revoked)?)?;
    bundles::revocations(issuer, &revoked)?;
    bundles::bundles(issuer, key, &after)?;
    forms(&after)
}

/// The same certificate in the forms in which people have it.
fn forms(certificate: &X509) -> Made<()> {
    let pem = String::from_utf8(certificate.to_pem()?)?;
    put("form.der", certificate.to_der()?)?;
    put("form-crlf.pem", pem.replace('\n', "\r\n"))?;
    put("form-junk.pem", format!("Dear colleague,\n\nhere it is:\n\n{pem}\n-- \nIT\n"))?;
    put("form-base64.txt", base64::encode_block(&certificate.to_der()?))?;
    let utf16: Vec<u8> = [0xfeff_u16].into_iter().chain(pem.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    put("form-utf16.pem", utf16)?;
    put("form-bom.pem", format!("\u{feff}{pem}"))?;
    put("form-base64-pem.txt", base64::encode_block(pem.as_bytes()))?;
    put("answer-with-pem.json", format!("{{\"certificate\": \"{}\"}}\n", pem.replace('\n', "\\n")))?;
    put("letter-rtf.rtf", format!("{{\\rtf1\\ansi {}}}\n", pem.replace('\n', "\\\n")))?;
    put("damaged-cut.pem", &pem[..pem.len() / 2])?;
    put("damaged-cut.der", &certificate.to_der()?[..700])
}

/// Files of other kinds.
fn others(issuer: &Holder, vendors: &Holder, key: &PKey<Private>) -> Made<()> {
    let bare = Recipe { user_id: None, mark: None, ..Recipe::of(TOPIC) };
    let app = Recipe {
        common_name: "Apple Push Services: com.example.app".into(),
        mark: Some(PRODUCTION),
        mark_too: Some(TOPICS),
        ..bare.clone()
    };
    put("app-push-certificate.pem", trimmed(&leaf(&app, issuer, key)?)?)?;
    let vendor = Recipe { common_name: "MDM Vendor: Example".into(), mark: Some(VENDOR), ..bare.clone() };
    put("vendor-certificate.pem", trimmed(&leaf(&vendor, vendors, key)?)?)?;
    put("authority-certificate.pem", issuer.certificate.to_pem()?)?;
    put(
        "other-certificate.pem",
        leaf(&Recipe { common_name: "www.example.com".into(), client_auth: false, ..bare }, issuer, key)?.to_pem()?,
    )?;
    put("private-key.pem", key.private_key_to_pem_pkcs8()?)?;
    put("private-key.der", key.private_key_to_pkcs8()?)?;
    put(
        "private-key-encrypted.pem",
        key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), bundles::PASSPHRASE.as_bytes())?,
    )?;
    put("private-key-pkcs1.pem", key.rsa()?.private_key_to_pem()?)?;
    put(
        "private-key-old-encryption.pem",
        key.rsa()?.private_key_to_pem_passphrase(Cipher::des_ede3_cbc(), bundles::PASSPHRASE.as_bytes())?,
    )?;
    put("private-key-curve.pem", elliptic()?.ec_key()?.private_key_to_pem()?)?;
    put("request.rtf", "{\\rtf1\\ansi\\ansicpg1252 PD94bWwgdmVyc2lvbj0iMS4wIj8+}\n")?;
    put("letter-utf16.txt", "Dear colleague".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())?;
    put(
        "sign-in-page.pem",
        "<!DOCTYPE html>\n<html><head><title>Sign In</title></head><body>Your session has ended.</body></html>\n",
    )?;
    put("page-part.pem", "<head><title>Sign In</title></head>\n<script>location=\"/\"</script>\n")?;
    put("answer.json", "{\"ErrorCode\": 0, \"ErrorMessage\": \"\", \"cert\": {\"serial\": \"00\"}}\n")?;
    put(
        "some.plist",
        "<?xml version=\"1.0\"?>\n<plist version=\"1.0\"><dict><key>a</key><string>b</string></dict></plist>\n",
    )?;
    put("binary.plist", BINARY_LIST)?;
    put("empty.pem", "")?;
    put("blank.pem", " \n\t\n")?;
    put("letter.txt", "Dear colleague, where is the certificate?\n")?;
    put("archive.zip", b"PK\x03\x04\x14\x00\x00\x00")
}

/// A property list in Apple's binary form: a dictionary of one text.
const BINARY_LIST: &[u8] =
    b"bplist00\xd1\x01\x02Qa\x51b\x08\x0b\x0d\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0f";

/// Requests for the portal.
fn requests(root: &Holder, vendors: &Holder, key: &PKey<Private>) -> Made<()> {
    let vendor = vendor(vendors, NOW - 30 * DAY, YEAR, Some(VENDOR))?;
    let chain = vec![&vendor.certificate, &vendors.certificate, &root.certificate];
    let csr = request(key, "NL", MessageDigest::sha256())?;
    let signed = |csr: &[u8]| signature(&vendor, csr, MessageDigest::sha256());
    let form = |csr: Vec<u8>| -> Made<Form<'_>> { Ok(Form { signature: signed(&csr)?, chain: chain.clone(), csr }) };
    let good = form(csr.clone())?;
    put("request.txt", good.file()?)?;
    bundles::messages(vendors, key, &good.file()?)?;
    put("vendor.pem", vendor.certificate.to_pem()?)?;
    put("vendor.key", vendor.key.private_key_to_pem_pkcs8()?)?;
    put("vendor-chain.pem", [root.certificate.to_pem()?, vendors.certificate.to_pem()?].concat())?;
    layouts(&good)?;
    put("request-sha1.txt", form(request(key, "NL", MessageDigest::sha1())?)?.file()?)?;
    put("request-no-country.txt", form(request(key, "", MessageDigest::sha256())?)?.file()?)?;
    put("request-weak-key.txt", form(request(&elliptic()?, "NL", MessageDigest::sha256())?)?.file()?)?;
    let mut changed = csr.clone();
    *changed.last_mut().ok_or("a request has bytes")? ^= 1;
    put("request-csr-signature.txt", form(changed)?.file()?)?;
    put("request-csr-damaged.txt", form(csr[..csr.len() / 2].to_vec())?.file()?)?;
    put("bare.csr", X509Req::from_der(&csr)?.to_pem()?)?;
    let sha1 = signature(&vendor, &csr, MessageDigest::sha1())?;
    put("request-vendor-sha1.txt", Form { csr: csr.clone(), chain: chain.clone(), signature: sha1 }.file()?)?;
    put(
        "request-vendor-signature.txt",
        Form { csr: csr.clone(), chain: chain.clone(), signature: vec![7; 256] }.file()?,
    )?;
    for (file, from, mark) in [
        ("request-vendor-expired.txt", NOW - 366 * DAY, Some(VENDOR)),
        ("request-vendor-soon.txt", NOW - 352 * DAY, Some(VENDOR)),
        ("request-vendor-marker.txt", NOW - 30 * DAY, None),
    ] {
        let vendor = self::vendor(vendors, from, YEAR, mark)?;
        let chain = vec![&vendor.certificate, &vendors.certificate, &root.certificate];
        put(
            file,
            Form { csr: csr.clone(), chain, signature: signature(&vendor, &csr, MessageDigest::sha256())? }.file()?,
        )?;
    }
    put(
        "request-chain-broken.txt",
        Form { csr: csr.clone(), chain: vec![&vendor.certificate, &root.certificate], signature: signed(&csr)? }
            .file()?,
    )?;
    chains(root, &csr)
}

/// Requests whose chain leads elsewhere, or has ended.
fn chains(root: &Holder, csr: &[u8]) -> Made<()> {
    let stranger = authority("Stranger Root CA", "Stranger", None, NOW - DAY, NOW + 2_000 * DAY)?;
    let over = authority("Fixture Developer Relations CA of old", "Fixture", Some(root), NOW - 2_000 * DAY, NOW - DAY)?;
    for (file, issuer, top) in
        [("request-chain-not-apple.txt", &stranger, None), ("request-chain-expired.txt", &over, Some(root))]
    {
        let vendor = vendor(issuer, NOW - 30 * DAY, YEAR, Some(VENDOR))?;
        let chain = [Some(&vendor.certificate), Some(&issuer.certificate), top.map(|top| &top.certificate)]
            .into_iter()
            .flatten()
            .collect();
        put(
            file,
            Form { csr: csr.to_vec(), chain, signature: signature(&vendor, csr, MessageDigest::sha256())? }.file()?,
        )?;
    }
    Ok(())
}

fn vendor(issuer: &Holder, from: i64, lasts: i64, mark: Option<&str>) -> Made<Holder> {
    let key = rsa()?;
    let recipe = Recipe {
        user_id: Some("FIXTURE".into()),
        common_name: "MDM Vendor: Example".into(),
        country: "US",
        from,
        lasts,
        client_auth: true,
        mark,
        mark_too: None,
    };
    Ok(Holder { certificate: leaf(&recipe, issuer, &key)?, key })
}

/// The layouts in which producers write the same request.
fn layouts(good: &Form<'_>) -> Made<()> {
    let plist = good.plist()?;
    let [csr, chain, signed] = good.parts()?;
    put("request-wrapped.txt", wrapped(plist.as_bytes(), 76))?;
    put(
        "request-other-order.txt",
        base64::encode_block(self::plist(&[chain.clone(), csr.clone(), signed.clone()]).as_bytes()),
    )?;
    let inner = self::plist(&[
        ("PushCertRequestCSR", wrapped(&good.csr, 76)),
        chain.clone(),
        ("PushCertSignature", wrapped(&good.signature, 76)),
    ]);
    put("request-inner-wrapped.txt", base64::encode_block(inner.as_bytes()))?;
    let one_line = self::plist(&[csr.clone(), (chain.0, one_line_bodies(&chain.1)), signed.clone()]);
    put("request-one-line-pem.txt", base64::encode_block(one_line.as_bytes()))?;
    put("request-double.txt", base64::encode_block(&good.file()?))?;
    put("request-bare.txt", &plist)?;
    put("request-bom.txt", [&b"\xef\xbb\xbf"[..], &good.file()?].concat())?;
    let letters = String::from_utf8(good.file()?)?;
    put(
        "request-utf16.txt",
        format!("\u{feff}{letters}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
    )?;
    put("request.csr", good.file()?)?;
    put("request-no-signature.txt", base64::encode_block(self::plist(&[csr, chain]).as_bytes()))?;
    let file = good.file()?;
    put("damaged-cut-request.txt", &file[..file.len() / 2])
}

/// PEM with each body on one line, as one producer writes it.
fn one_line_bodies(pem: &str) -> String {
    pem.split_inclusive("-----\n")
        .map(|part| {
            if part.starts_with("-----") {
                part.to_owned()
            } else {
                part.replace('\n', "").replace("-----END", "\n-----END") + if part.ends_with('\n') { "\n" } else { "" }
            }
        })
        .collect()
}
