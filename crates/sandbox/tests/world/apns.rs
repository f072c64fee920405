//! APNs: HTTP/2, and a client certificate that is judged.

use openssl::{asn1::Asn1Time, hash::MessageDigest, pkey::PKey, rsa::Rsa, x509::X509};
use reqwest::{Client, Identity, Version};
use serde_json::{Value, json};

use crate::visit::{Visit, trusting};

async fn pushed(visit: &Visit, http: &Client) -> (u16, Value) {
    let token = "0".repeat(64);
    let asked = http.post(format!("{}/3/device/{token}", visit.origin("apns"))).header("apns-push-type", "mdm");
    let asked = asked.header("apns-topic", visit.topic("cloud")).body(r#"{"mdm":"no-such-magic"}"#);
    let answer = asked.send().await.expect("an answer");
    assert_eq!(answer.version(), Version::HTTP_2);
    assert!(answer.headers().contains_key("apns-id"));
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn without_a_certificate_it_asks_for_a_token_that_mdm_does_not_have() {
    let visit = Visit::begin().await;
    assert_eq!(pushed(&visit, &visit.http).await, (403, json!({ "reason": "MissingProviderToken" })));
    assert_eq!(visit.deeds(), ["push-tried"]);
}

/// A certificate that nobody but its holder has issued.
fn home_made() -> Identity {
    let key = PKey::from_rsa(Rsa::generate(2_048).expect("a key")).expect("a key");
    let mut certificate = X509::builder().expect("a certificate");
    certificate.set_version(2).expect("a version");
    certificate.set_pubkey(&key).expect("a key");
    certificate.set_not_before(&Asn1Time::days_from_now(0).expect("a time")).expect("a time");
    certificate.set_not_after(&Asn1Time::days_from_now(365).expect("a time")).expect("a time");
    certificate.sign(&key, MessageDigest::sha256()).expect("a signature");
    let pem = [certificate.build().to_pem().expect("PEM"), key.private_key_to_pem_pkcs8().expect("PEM")].concat();
    Identity::from_pem(&pem).expect("an identity")
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_refused() {
    let visit = Visit::begin().await;
    let http = trusting(&visit.world).identity(home_made()).build().expect("a client");
    assert_eq!(pushed(&visit, &http).await, (403, json!({ "reason": "BadCertificate" })));
}
