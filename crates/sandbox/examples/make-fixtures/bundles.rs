//! PKCS #12 files, a sealed reply, and a list of revoked certificates.

use openssl::{
    asn1::Asn1Object,
    cms::{CMSOptions, CmsContentInfo},
    hash::MessageDigest,
    nid::Nid,
    pkcs5::pbkdf2_hmac,
    pkcs7::{Pkcs7, Pkcs7Flags},
    pkcs12::{Pkcs12, Pkcs12Builder},
    pkey::{PKey, Private},
    provider::Provider,
    stack::Stack,
    symm::{Cipher, encrypt},
    x509::X509,
};

use super::{Made, Recipe, TOPIC, VENDOR, leaf, put, rsa};
use crate::Holder;

/// What opens the files that have a passphrase.
pub(crate) const PASSPHRASE: &str = "correct horse";

fn today(name: &str) -> Pkcs12Builder {
    let mut builder = Pkcs12::builder();
    builder.name(name).key_algorithm(Nid::AES_256_CBC).cert_algorithm(Nid::AES_256_CBC).mac_md(MessageDigest::sha256());
    builder
}

/// PKCS #12 files: a good one, and one for every finding.
pub(crate) fn bundles(issuer: &Holder, key: &PKey<Private>, certificate: &X509) -> Made<()> {
    let topic = format!("com.apple.mgmt.External.{TOPIC}");
    let both = |builder: &mut Pkcs12Builder| -> Made<Vec<u8>> {
        Ok(builder.pkey(key).cert(certificate).build2(PASSPHRASE)?.to_der()?)
    };
    let good = both(&mut today(&topic))?;
    put("bundle.p12", &good)?;
    put("bundle-base64.txt", openssl::base64::encode_block(&good))?;
    let mut chain = Stack::new()?;
    chain.push(issuer.certificate.clone())?;
    put("bundle-chain.p12", both(today(&topic).ca(chain))?)?;
    put("bundle-empty-password.p12", today(&topic).pkey(key).cert(certificate).build2("")?.to_der()?)?;
    put("bundle-no-mac.p12", without_mac(&good)?)?;
    put("bundle-key-missing.p12", today(&topic).cert(certificate).build2(PASSPHRASE)?.to_der()?)?;
    put("bundle-certificate-missing.p12", today(&topic).pkey(key).build2(PASSPHRASE)?.to_der()?)?;
    let mut loose = Stack::new()?;
    loose.push(certificate.clone())?;
    let other = rsa()?;
    put("bundle-key-mismatch.p12", today(&topic).pkey(&other).ca(loose).build2(PASSPHRASE)?.to_der()?)?;
    let triple = Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC;
    put("bundle-3des.p12", both(today(&topic).key_algorithm(triple).cert_algorithm(triple))?)?;
    let _old = Provider::try_load(None, "legacy", true)?;
    let rc2 = Nid::PBE_WITHSHA1AND40BITRC2_CBC;
    put(
        "bundle-rc2.p12",
        both(today(&topic).key_algorithm(triple).cert_algorithm(rc2).mac_md(MessageDigest::sha1()))?,
    )?;
    put("bundle-unknown-cipher.p12", without_mac(&replaced(&good, AES_256_CBC, NO_CIPHER)?)?)?;
    let rounds = both(today(&topic).key_iter(70_000).mac_iter(1))?;
    put("bundle-costly.p12", replaced(&rounds, b"\x02\x03\x01\x11\x70", b"\x02\x03\x7f\xff\xff")?)?;
    put("bundle-costly-inside.p12", costly_inside()?)?;
    put("bundle-cut.p12", &good[..good.len() - 40])?;
    let app =
        Recipe { user_id: None, mark: Some(VENDOR), common_name: "MDM Vendor: Example".into(), ..Recipe::of(TOPIC) };
    let vendor = leaf(&app, issuer, key)?;
    put("bundle-vendor.p12", today("vendor").pkey(key).cert(&vendor).build2(PASSPHRASE)?.to_der()?)
}

/// A file whose encrypted part opens at once, and holds a key that asks for years of work.
fn costly_inside() -> Made<Vec<u8>> {
    let oid = |dotted: &str| -> Made<Vec<u8>> { Ok(element(6, &[Asn1Object::from_str(dotted)?.as_slice()])) };
    let (salt, vector) = ([7; 8], [7; 16]);
    let scheme = |rounds: &[u8]| -> Made<Vec<u8>> {
        let digest = element(0x30, &[&oid("1.2.840.113549.2.9")?, &[5, 0]]);
        let derivation = element(0x30, &[&element(4, &[&salt]), &element(2, &[rounds]), &digest]);
        let derivation = element(0x30, &[&oid("1.2.840.113549.1.5.12")?, &derivation]);
        let cipher = element(0x30, &[&oid("2.16.840.1.101.3.4.1.42")?, &element(4, &[&vector])]);
        Ok(element(0x30, &[&oid("1.2.840.113549.1.5.13")?, &element(0x30, &[&derivation, &cipher])]))
    };
    let key = element(0x30, &[&scheme(&2_000_000_000_u32.to_be_bytes())?, &element(4, &[&[7; 64]])]);
    let bag = element(0x30, &[&oid("1.2.840.113549.1.12.10.1.2")?, &element(0xa0, &[&key])]);
    let mut secret = [0; 32];
    pbkdf2_hmac(PASSPHRASE.as_bytes(), &salt, 1_000, MessageDigest::sha256(), &mut secret)?;
    let sealed = encrypt(Cipher::aes_256_cbc(), &secret, Some(&vector), &element(0x30, &[&bag]))?;
    let data = oid("1.2.840.113549.1.7.1")?;
    let info = element(0x30, &[&data, &scheme(&1_000_u16.to_be_bytes())?, &element(0x80, &[&sealed])]);
    let part = element(0xa0, &[&element(0x30, &[&[2, 1, 0], &info])]);
    let parts = element(0x30, &[&element(0x30, &[&oid("1.2.840.113549.1.7.6")?, &part])]);
    let content = element(0x30, &[&data, &element(0xa0, &[&element(4, &[&parts])])]);
    Ok(element(0x30, &[&[2, 1, 3], &content]))
}

/// DER: these contents under a tag.
fn element(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let content = contents.concat();
    let length = match content.len() {
        short @ 0..0x80 => vec![u8::try_from(short).expect("it is short")],
        long => [&[0x82][..], &u16::try_from(long).expect("fixtures are small").to_be_bytes()].concat(),
    };
    [&[tag], length.as_slice(), &content].concat()
}

/// 2.16.840.1.101.3.4.1.42, and a neighbour that nobody has.
const AES_256_CBC: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
const NO_CIPHER: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x7f\x2a";

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Made<Vec<u8>> {
    let mut made = bytes.to_vec();
    let places: Vec<_> = (0..made.len()).filter(|at| made[*at..].starts_with(old)).collect();
    if places.is_empty() {
        return Err("the octets to be replaced are not there".into());
    }
    for at in places {
        made[at..at + old.len()].copy_from_slice(new);
    }
    Ok(made)
}

/// The same file without its last part, the code over the whole. All lengths here have two octets.
fn without_mac(bytes: &[u8]) -> Made<Vec<u8>> {
    let content = usize::from(u16::from_be_bytes([bytes[9], bytes[10]])) + 11;
    if bytes[..2] != [0x30, 0x82] || bytes[7..9] != [0x30, 0x82] {
        return Err("not the shape that was expected".into());
    }
    let length = u16::try_from(content - 4)?.to_be_bytes();
    Ok([&[0x30, 0x82][..], &length, &bytes[4..content]].concat())
}

/// A reply as mdmcert.download sends it, and a PKCS #7 file.
pub(crate) fn messages(issuer: &Holder, key: &PKey<Private>, request: &[u8]) -> Made<()> {
    let recipe = Recipe { user_id: None, mark: None, common_name: "sealing".into(), ..Recipe::of(TOPIC) };
    let certificate = leaf(&recipe, issuer, key)?;
    let mut recipients = Stack::new()?;
    recipients.push(certificate.clone())?;
    let sealed = CmsContentInfo::encrypt(&recipients, request, Cipher::aes_256_cbc(), CMSOptions::BINARY)?.to_der()?;
    let digits: String = sealed.iter().map(|octet| format!("{octet:02x}")).collect();
    put("sealed-reply.p7", digits)?;
    put("sealed-reply.der", sealed)?;
    let signed = Pkcs7::sign(&certificate, key, &*Stack::new()?, b"", Pkcs7Flags::BINARY)?;
    put("signed.p7b", signed.to_pem()?)
}

/// A list of revoked certificates, made by OpenSSL's own small authority.
pub(crate) fn revocations(issuer: &Holder, revoked: &X509) -> Made<()> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("ca.pem"), issuer.certificate.to_pem()?)?;
    std::fs::write(at("ca.key"), issuer.key.private_key_to_pem_pkcs8()?)?;
    let serial = revoked.serial_number().to_bn()?.to_hex_str()?.to_string();
    std::fs::write(at("index"), format!("R\t270601000000Z\t260525000000Z\t{serial}\tunknown\t/CN=revoked\n"))?;
    std::fs::write(
        at("ca.cnf"),
        format!(
            "[ca]\ndefault_ca=it\n[it]\ndatabase={}\ndefault_md=sha256\ncrl_extensions=ext\n[ext]\nauthorityKeyIdentifier=keyid\n",
            at("index").display()
        ),
    )?;
    for (name, until) in [("revoked.crl", "20260630000000Z"), ("revoked-outdated.crl", "20260531000000Z")] {
        let made = std::process::Command::new("openssl")
            .args(["ca", "-gencrl", "-batch", "-crl_lastupdate", "20260530000000Z", "-crl_nextupdate", until])
            .arg("-config")
            .arg(at("ca.cnf"))
            .arg("-keyfile")
            .arg(at("ca.key"))
            .arg("-cert")
            .arg(at("ca.pem"))
            .output()?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
        }
        put(name, made.stdout)?;
    }
    Ok(())
}
