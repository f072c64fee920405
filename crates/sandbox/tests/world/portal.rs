//! Apple's portal: what it shows, what it issues, and what it refuses in which words.

use openssl::{base64, pkey::PKey, rsa::Rsa, x509::X509Req};
use reqwest::Method;
use serde_json::Value;

use crate::visit::{DAY, NOW, Visit, topic_of, upload_form};

fn bare_request() -> Vec<u8> {
    let key = PKey::from_rsa(Rsa::generate(2_048).expect("a key")).expect("a key");
    let mut request = X509Req::builder().expect("a request");
    request.set_pubkey(&key).expect("a key");
    request.sign(&key, openssl::hash::MessageDigest::sha256()).expect("a signature");
    request.build().to_pem().expect("PEM")
}

/// The same form with one of its texts replaced.
fn changed(request: &[u8], key: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let list = String::from_utf8(base64::decode_block(std::str::from_utf8(request).expect("text")).expect("base64"));
    let list = list.expect("text");
    let mark = format!("<key>{key}</key>\n<string>");
    let (before, rest) = list.split_once(&mark).expect("the key");
    let (value, after) = rest.split_once("</string>").expect("its end");
    base64::encode_block(format!("{before}{mark}{}</string>{after}", change(value)).as_bytes()).into_bytes()
}

fn flipped(text: &str) -> String {
    let mut bytes = base64::decode_block(text).expect("base64");
    *bytes.last_mut().expect("a byte") ^= 1;
    base64::encode_block(&bytes)
}

#[tokio::test]
async fn refuses_in_apples_words() {
    let visit = Visit::begin().await;
    let good = visit.request("cloud").await;
    let other = visit.request("core").await;
    let other_csr = {
        let list = String::from_utf8(base64::decode_block(std::str::from_utf8(&other).expect("text")).expect("base64"));
        crate::visit::between(&list.expect("text"), "<key>PushCertRequestCSR</key>\n<string>", "</string>")
    };
    let intermediate_lost = |chain: &str| chain.replacen("-----BEGIN CERTIFICATE-----", "-----BEGIN NOTHING-----", 2);
    let table: [(&str, Vec<u8>, &str, Value); 8] = [
        ("request.csr", good.clone(), "Supported file extensions are .txt, .rtf, .plist, .b64", Value::Null),
        ("request.txt", bare_request(), "Invalid Certificate Signing Request", Value::Null),
        ("request.txt", vec![], "Invalid Certificate Signing Request", Value::Null),
        ("request.txt", b"<html></html>".to_vec(), "Invalid Certificate Signing Request", Value::Null),
        ("request.txt", base64::encode_block(&good).into_bytes(), "Invalid Certificate Signing Request", Value::Null),
        (
            "request.txt",
            changed(&good, "PushCertSignature", flipped),
            "Certificate Signature Verification failed",
            (-80_018).into(),
        ),
        (
            "request.txt",
            changed(&good, "PushCertRequestCSR", |_| other_csr.clone()),
            "Certificate Signature Verification failed",
            (-80_018).into(),
        ),
        (
            "request.txt",
            changed(&good, "PushCertCertificateChain", intermediate_lost),
            "Certificate Signature Verification failed",
            (-80_018).into(),
        ),
    ];
    let serial = visit.serial(&visit.topic("cloud")).await;
    for (name, file, words, number) in table {
        let answer = visit.upload("renew", &serial, name, &file).await;
        assert!(answer["ErrorMessage"].as_str().is_some_and(|said| said.contains(words)), "{words}: {answer}");
        assert_eq!(answer["ErrorCode"], number, "{words}");
    }
    assert_eq!(visit.serial(&visit.topic("cloud")).await, serial, "nothing was issued");
}

#[tokio::test]
async fn takes_every_layout_in_the_field() {
    let visit = Visit::begin().await;
    let good = visit.request("cloud").await;
    let wrapped: Vec<u8> = good.chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect();
    let inner = changed(&good, "PushCertRequestCSR", |csr| {
        csr.as_bytes().chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect()
    });
    for (name, file) in [("a.TXT", &good), ("a.b64", &wrapped), ("a.plist", &inner), ("a.csr.txt", &good)] {
        let answer = visit.upload("create", "", name, file).await;
        assert!(answer["serial"].is_string(), "{name}: {answer}");
    }
}

#[tokio::test]
async fn an_expired_vendor_is_told() {
    let visit = Visit::begin().await;
    visit.switch("vendor-expired");
    let answer = visit.upload("create", "", "request.txt", &visit.request("cloud").await).await;
    assert!(answer["ErrorMessage"].as_str().is_some_and(|words| words.contains("signing certificate is expired")));
    assert_eq!(answer["ErrorCode"], -80_018);
}

#[tokio::test]
async fn an_old_request_dies_with_its_vendor() {
    let visit = Visit::begin().await;
    let request = visit.request("cloud").await;
    visit.world.clock().advance(300 * DAY);
    let answer = visit.upload("create", "", "request.txt", &request).await;
    assert!(answer["ErrorMessage"].as_str().is_some_and(|words| words.contains("expired")), "{answer}");
    assert!(visit.upload("create", "", "request.txt", &visit.request("cloud").await).await["serial"].is_string());
}

#[tokio::test]
async fn renew_keeps_the_topic_and_create_makes_another() {
    let visit = Visit::begin().await;
    let topic = visit.topic("cloud");
    let before = visit.serial(&topic).await;
    let request = visit.request("cloud").await;
    let renewed = visit.renew(&topic, &request).await;
    assert_eq!(topic_of(&renewed), topic);
    assert_ne!(visit.serial(&topic).await, before);
    assert_eq!(topic_of(&visit.download(&before).await), topic, "the earlier one is still there");
    let created = topic_of(&visit.create(&request).await);
    assert!(created.starts_with("com.apple.mgmt.External.") && created != topic);
    let renewal = visit.last("certificate-renewed");
    assert_eq!((renewal.topic.as_deref(), renewal.at.as_str()), (Some(topic.as_str()), "2027-01-15T08:00:00Z"));
    assert_eq!(visit.last("certificate-issued").topic, Some(created));
}

#[tokio::test]
async fn what_is_neither_create_nor_renew_issues_nothing() {
    let visit = Visit::begin().await;
    let request = visit.request("cloud").await;
    let rows = visit.list().await.matches("<tr>").count();
    for (action, serial) in [("", ""), ("remake", ""), ("renew", ""), ("renew", "123456")] {
        let asked = visit.ask(Method::POST, "portal", "/pushcert/upload");
        let answer = asked.multipart(upload_form(action, serial, "a.txt", &request)).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{action:?} {serial:?}");
    }
    assert_eq!(visit.list().await.matches("<tr>").count(), rows);
}

#[tokio::test]
async fn a_serial_number_may_be_written_in_several_ways() {
    let visit = Visit::begin().await;
    let serial = visit.serial(&visit.topic("cloud")).await;
    assert!(!serial.starts_with('0'));
    let pem = visit.download(&serial).await;
    assert_eq!(visit.download(&format!("00{serial}")).await, pem);
    assert_eq!(visit.download(&serial.to_uppercase()).await, pem);
    let asked = visit.ask(Method::GET, "portal", &format!("/pushcert/download?csn={serial}"));
    let answer = asked.send().await.expect("an answer");
    let name = "attachment; filename=\"MDM_ MobileIron_Certificate.pem\"";
    assert_eq!(answer.headers()["content-disposition"], name);
    let missing = visit.ask(Method::GET, "portal", "/pushcert/download?csn=0").send().await.expect("an answer");
    assert_eq!(missing.status(), 404);
}

#[tokio::test]
async fn a_session_that_is_over_gives_its_sign_in_page_as_a_certificate() {
    let visit = Visit::begin().await;
    let serial = visit.serial(&visit.topic("cloud")).await;
    visit.switch("signed-out");
    let asked = visit.ask(Method::GET, "portal", &format!("/pushcert/download?csn={serial}"));
    let answer = asked.send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"] == "text/html"), (200, true));
    assert!(answer.headers()["content-disposition"].to_str().is_ok_and(|name| name.contains("Certificate.pem")));
    assert!(answer.text().await.expect("a page").contains("<title>Sign in"));
}

#[tokio::test]
async fn the_list_has_rows_that_look_alike() {
    let visit = Visit::begin().await;
    let list = visit.list().await;
    assert!(list.contains("nothing here is real"), "it says what it is");
    for word in ["Renew", "Download", "Revoke", "Create a Certificate", "Other Vendor", "Expired", "Active"] {
        assert!(list.contains(word), "{word}");
    }
    assert!(list.matches("<td>MobileIron</td>").count() >= 4);
    let page = visit.ask(Method::POST, "portal", "/pushcert/upload");
    let form = upload_form("create", "", "a.txt", &visit.request("core").await);
    let page = page.multipart(form).send().await.expect("an answer").text().await.expect("a page");
    for word in
        ["Confirmation", "Mobile Device Management", "MobileIron", "Expiration Date", "Jan 15, 2028", "Download"]
    {
        assert!(page.contains(word), "{word}");
    }
    let list = visit.list().await;
    assert!(list.contains("a &lt;note&gt;") && !list.contains("<note>"), "foreign text is escaped");
}

#[tokio::test]
async fn revoking_asks_first_and_then_cannot_be_undone() {
    let visit = Visit::begin().await;
    let serial = visit.serial(&visit.topic("cloud")).await;
    let page = format!("/pushcert/form?action=revoke&serial={serial}");
    let page = visit.ask(Method::GET, "portal", &page).send().await.expect("a page").text().await.expect("a page");
    assert!(page.contains("cannot be undone") && page.contains(&visit.topic("cloud")));
    assert!(!visit.deeds().contains(&"certificate-revoked"));
    let asked = visit.ask(Method::POST, "portal", "/pushcert/revoke").form(&[("serial", &serial)]);
    assert!(asked.send().await.expect("an answer").status().is_success());
    assert_eq!(visit.last("certificate-revoked").topic, Some(visit.topic("cloud")));
    let answer = visit.upload("renew", &serial, "a.txt", &visit.request("cloud").await).await;
    assert!(answer["serial"].is_null(), "a revoked row is not renewed");
    visit.world.clock().advance(2 * 3_600);
    assert_eq!(visit.heard_since("cloud", NOW + 3_600).await, 0, "its devices are silent");
}
