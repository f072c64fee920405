//! The papers of the world, held field by field against those of Apple (facts measured on certificates that Apple issued).

use std::{fs, io::Cursor};

use openssl::{
    asn1::{Asn1Time, Asn1TimeRef},
    base64,
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
    sign::Verifier,
    stack::Stack,
    x509::{
        X509, X509NameRef, X509Req, X509StoreContext, X509StoreContextRef, store::X509StoreBuilder,
        verify::X509VerifyParam,
    },
};

use crate::visit::{DAY, NOW, Visit, certificate};

/// The elements in a DER value: tag and content of each.
fn elements(mut der: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = vec![];
    while let [tag, length, rest @ ..] = der {
        let (length, rest) = match length {
            0x81 => (usize::from(rest[0]), &rest[1..]),
            0x82 => (usize::from(rest[0]) << 8 | usize::from(rest[1]), &rest[2..]),
            short => (usize::from(*short), rest),
        };
        let (content, after) = rest.split_at(length);
        found.push((*tag, content));
        der = after;
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The extensions of a certificate in their order: identifier, whether critical, and value, as hexadecimal.
fn extensions(certificate: &X509) -> Vec<(String, bool, String)> {
    let der = certificate.to_der().expect("DER");
    let signed = elements(elements(elements(&der)[0].1)[0].1);
    let list = signed.iter().find(|(tag, _)| *tag == 0xa3).expect("extensions").1;
    let extensions = elements(elements(list)[0].1).into_iter().map(|(_, extension)| {
        let parts = elements(extension);
        let value = parts.last().expect("a value").1;
        (hex(parts[0].1), parts.len() == 3, hex(value))
    });
    extensions.collect()
}

/// The attributes of a name in their order, each with its type and text.
fn attributes(name: &X509NameRef) -> Vec<(Nid, u8, String)> {
    let der = name.to_der().expect("DER");
    let tags = elements(elements(&der)[0].1).into_iter().map(|(_, set)| elements(elements(set)[0].1)[1].0);
    let entries = name.entries().map(|entry| (entry.object().nid(), entry.data().to_string().expect("a text")));
    entries.zip(tags.collect::<Vec<_>>()).map(|((nid, text), tag)| (nid, tag, text)).collect()
}

fn unix(time: &Asn1TimeRef) -> i64 {
    let span = Asn1Time::from_unix(0).expect("a time").diff(time).expect("a span");
    i64::from(span.days) * DAY + i64::from(span.secs)
}

const UTF8: u8 = 0x0c;
const PRINTABLE: u8 = 0x13;

#[tokio::test]
async fn a_push_certificate_has_apples_shape() {
    let visit = Visit::begin().await;
    let topic = visit.topic("cloud");
    let pem = visit.renew(&topic, &visit.request("cloud").await).await;
    let issued = certificate(&pem);
    let uuid = topic.trim_start_matches("com.apple.mgmt.External.");

    let serial = issued.serial_number().to_bn().expect("a number");
    assert!(!serial.is_negative() && serial.num_bytes() <= 8);
    assert_eq!(issued.signature_algorithm().object().nid(), Nid::SHA256WITHRSAENCRYPTION);
    let subject = [
        (Nid::USERID, UTF8, topic.clone()),
        (Nid::COMMONNAME, UTF8, format!("APSP:{uuid}")),
        (Nid::COUNTRYNAME, PRINTABLE, "NL".into()),
    ];
    assert_eq!(attributes(issued.subject_name()), subject);
    let order: Vec<_> = attributes(issued.issuer_name()).into_iter().map(|(nid, tag, _)| (nid, tag)).collect();
    let wanted = [Nid::COMMONNAME, Nid::ORGANIZATIONALUNITNAME, Nid::ORGANIZATIONNAME].map(|nid| (nid, UTF8));
    assert_eq!(order, [wanted.as_slice(), &[(Nid::COUNTRYNAME, PRINTABLE)]].concat());

    assert_eq!(unix(issued.not_before()), NOW - 600, "dated ten minutes back");
    assert_eq!(unix(issued.not_after()) - unix(issued.not_before()), 365 * DAY - 1);
    let key = issued.public_key().expect("a key").rsa().expect("an RSA key");
    assert_eq!((key.size(), key.e().to_dec_str().expect("a number").to_string()), (256, "65537".into()));
}

#[tokio::test]
async fn its_extensions_are_apples_in_their_order_and_none_is_critical() {
    let visit = Visit::begin().await;
    let issued = certificate(&visit.renew(&visit.topic("core"), &visit.request("core").await).await);
    let found = extensions(&issued);
    assert!(found.iter().all(|(_, critical, _)| !critical));
    let order: Vec<_> = found.iter().map(|(oid, _, _)| oid.as_str()).collect();
    // Basic constraints, authority key, policies, extended key usage, revocation lists, subject key, key usage, push.
    let wanted = ["551d13", "551d23", "551d20", "551d25", "551d1f", "551d0e", "551d0f", "2a864886f76364060302"];
    assert_eq!(order, wanted);
    let value = |at: usize| found[at].2.as_str();
    assert_eq!((value(0), value(3)), ("3000", "300a06082b06010505070302"), "no authority; client authentication");
    assert_eq!((value(6), value(7)), ("03020780", "0500"), "digital signature; production push");
    let issuer_key = hex(issuer(&visit).subject_key_id().expect("a key identifier").as_slice());
    assert_eq!(value(1), format!("30168014{issuer_key}"));
    assert!(value(2).contains("06092a864886f763640501"), "Apple's policy");
    assert!(value(4).contains("861f687474703a2f2f") || value(4).contains(&hex(b"http://crl.")), "an address");
    assert_eq!(issued.subject_key_id().expect("a key identifier").as_slice().len(), 20);
}

fn anchors(visit: &Visit) -> Vec<X509> {
    let file = visit.world.announcement().config.with_file_name("authorities.pem");
    X509::stack_from_pem(&fs::read(file).expect("a file")).expect("certificates")
}

fn issuer(visit: &Visit) -> X509 {
    anchors(visit).remove(1)
}

#[tokio::test]
async fn it_leads_to_the_root_and_the_root_says_that_it_is_a_sandbox() {
    let visit = Visit::begin().await;
    let issued = certificate(&visit.create(&visit.request("cloud").await).await);
    let anchors = anchors(&visit);
    let [root, push_issuer, vendor_issuer] = anchors.as_slice() else { unreachable!("three authorities") };
    let mut parameters = X509VerifyParam::new().expect("parameters");
    parameters.set_time(NOW);
    let mut store = X509StoreBuilder::new().expect("a store");
    store.add_cert(root.clone()).expect("a root");
    store.set_param(&parameters).expect("a time");
    let store = store.build();
    let mut chain = Stack::new().expect("a chain");
    chain.push(push_issuer.clone()).expect("an issuer");
    let mut context = X509StoreContext::new().expect("a context");
    let verified = context.init(&store, &issued, &chain, X509StoreContextRef::verify_cert);
    assert!(verified.expect("a verdict"));
    for authority in [root, push_issuer, vendor_issuer] {
        let name = format!("{:?}", authority.subject_name());
        assert!(name.contains("Sandbox") && !name.contains("Apple"), "{name}");
    }
}

#[tokio::test]
async fn the_file_is_one_block_without_a_newline_at_its_end() {
    let visit = Visit::begin().await;
    let serial = visit.serial(&visit.topic("cloud")).await;
    let pem = String::from_utf8(visit.download(&serial).await).expect("text");
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n") && pem.ends_with("\n-----END CERTIFICATE-----"));
    assert!(!pem.contains('\r'));
    assert_eq!(pem.matches("BEGIN").count(), 1);
    let body = &pem.lines().collect::<Vec<_>>();
    assert!(body[1..body.len() - 2].iter().all(|line| line.len() == 64));
}

#[tokio::test]
async fn a_request_is_apples_form_in_the_plain_layout() {
    let visit = Visit::begin().await;
    let file = String::from_utf8(visit.request("cloud").await).expect("text");
    assert!(!file.contains(char::is_whitespace), "one line");
    let list = plist::Value::from_reader_xml(Cursor::new(base64::decode_block(&file).expect("base64")));
    let list = list.expect("a property list").into_dictionary().expect("a dictionary");
    assert_eq!(list.len(), 3);
    let text = |key: &str| list.get(key).and_then(plist::Value::as_string).expect("a text");

    let csr = base64::decode_block(text("PushCertRequestCSR")).expect("base64");
    let request = X509Req::from_der(&csr).expect("a request");
    let key = request.public_key().expect("a key");
    assert!(request.verify(&key).expect("a verdict") && key.bits() == 2_048);

    let chain = X509::stack_from_pem(text("PushCertCertificateChain").as_bytes()).expect("certificates");
    let [vendor, intermediate, root] = chain.as_slice() else { unreachable!("a chain of three") };
    let [our_root, _, vendor_issuer] = <[X509; 3]>::try_from(anchors(&visit)).expect("three authorities");
    assert_eq!(intermediate.to_der().expect("DER"), vendor_issuer.to_der().expect("DER"));
    assert_eq!(root.to_der().expect("DER"), our_root.to_der().expect("DER"));
    let vendor_key = vendor.public_key().expect("a key");
    let mut verifier = Verifier::new(MessageDigest::sha256(), &vendor_key).expect("a verifier");
    verifier.update(&csr).expect("bytes");
    assert!(verifier.verify(&base64::decode_block(text("PushCertSignature")).expect("base64")).expect("a verdict"));
    assert_is_vendor(vendor);
}

fn assert_is_vendor(vendor: &X509) {
    let subject = attributes(vendor.subject_name());
    let order: Vec<_> = subject.iter().map(|(nid, _, _)| *nid).collect();
    let wanted = [Nid::USERID, Nid::COMMONNAME, Nid::ORGANIZATIONALUNITNAME, Nid::ORGANIZATIONNAME, Nid::COUNTRYNAME];
    assert_eq!(order, wanted);
    assert_eq!(subject[1].2, "MDM Vendor: MobileIron");
    assert_eq!(unix(vendor.not_after()) - unix(vendor.not_before()), 365 * DAY - 1);
    let extensions = extensions(vendor);
    let value = |oid: &str| extensions.iter().find(|(found, _, _)| found == oid).map(|(_, _, value)| value.as_str());
    assert_eq!(value("2a864886f76364040c"), Some("0500"), "the vendor's mark");
    assert_eq!((value("551d0f"), value("551d25")), (Some("03020780"), None), "digital signature, no extended usage");
    assert!(value("2b06010505070101").is_some(), "where to ask about it");
}

#[tokio::test]
async fn every_request_has_a_key_of_its_own() {
    let visit = Visit::begin().await;
    let key =
        |pem: &[u8]| certificate(pem).public_key().and_then(|key: PKey<_>| key.public_key_to_der()).expect("a key");
    let first = visit.create(&visit.request("core").await).await;
    let second = visit.create(&visit.request("core").await).await;
    assert_ne!(key(&first), key(&second));
}
