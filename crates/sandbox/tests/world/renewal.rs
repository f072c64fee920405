//! Whole renewals by hand-made requests, and the ways in which one goes wrong without a word.

use pushcert_sandbox::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::visit::{DAY, DEVICES, NOW, Visit, certificate};

const HOUR: i64 = 3_600;
/// The Apple devices that do not lie in a drawer.
const AWAKE: usize = DEVICES - 2;

#[tokio::test]
async fn a_renewal_from_the_request_to_the_devices() {
    for server in ["cloud", "core"] {
        let visit = Visit::begin().await;
        let request = visit.request(server).await;
        let pem = visit.renew(&visit.topic(server), &request).await;
        let answer = visit.install(server, &pem).await;
        assert!(answer["result"] == 1 || answer["rc"] == 0, "{answer}");
        visit.world.clock().advance(30 * DAY);
        assert_eq!(visit.heard_since(server, NOW + 29 * DAY).await, AWAKE, "after the end of the old one");
        let wanted = [
            "sign-in",
            "request-made",
            "certificate-renewed",
            "certificate-downloaded",
            "sign-in",
            "certificate-installed",
            "devices-listed",
            "devices-listed",
        ];
        assert_eq!(visit.deeds(), wanted);
        let digest = certificate(&pem).digest(openssl::hash::MessageDigest::sha256()).expect("a digest");
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(visit.last("certificate-installed").sha256, Some(digest));
    }
}

#[tokio::test]
async fn another_topic_is_taken_in_silence_and_the_devices_go_quiet() {
    for server in ["cloud", "core"] {
        let visit = Visit::begin().await;
        let created = visit.create(&visit.request(server).await).await;
        let answer = visit.install(server, &created).await;
        assert!(answer["result"] == 1 || answer["rc"] == 0, "{answer}");
        visit.world.clock().advance(DAY);
        assert_eq!(visit.heard_since(server, NOW + 1).await, 0);
    }
}

#[tokio::test]
async fn the_cure_is_a_renewal_of_the_enrolled_row() {
    let visit = Visit::begin().await;
    let created = visit.create(&visit.request("cloud").await).await;
    visit.install("cloud", &created).await;
    visit.world.clock().advance(DAY);
    let renewed = visit.renew(&visit.topic("cloud"), &visit.request("cloud").await).await;
    visit.install("cloud", &renewed).await;
    visit.world.clock().advance(2 * HOUR);
    assert_eq!(visit.heard_since("cloud", NOW + DAY).await, AWAKE);
}

#[tokio::test]
async fn a_request_that_was_fetched_meanwhile_makes_the_answer_worthless() {
    let visit = Visit::begin().await;
    let first = visit.request("cloud").await;
    visit.request("cloud").await;
    let pem = visit.renew(&visit.topic("cloud"), &first).await;
    assert_eq!(visit.install("cloud", &pem).await["result"], 1);
    visit.world.clock().advance(DAY);
    assert_eq!(visit.heard_since("cloud", NOW + 1).await, 0, "the server has another key");
}

#[tokio::test]
async fn a_strict_server_refuses_what_would_cost_devices() {
    for server in ["cloud", "core"] {
        let visit = Visit::begin().await;
        visit.switch("strict");
        let first = visit.request(server).await;
        let newest = visit.request(server).await;
        let other_topic = visit.create(&newest).await;
        let other_key = visit.renew(&visit.topic(server), &first).await;
        for pem in [other_topic, other_key] {
            let answer = visit.install(server, &pem).await;
            let words = answer["message"].as_str().unwrap_or_default();
            assert!(words.contains("does not match"), "{answer}");
        }
        let right = visit.renew(&visit.topic(server), &newest).await;
        for _ in 0..2 {
            let answer = visit.install(server, &right).await;
            assert!(answer["result"] == 1 || answer["rc"] == 0, "also a second time: {answer}");
        }
    }
}

#[tokio::test]
async fn devices_are_silent_after_the_end() {
    let visit = Visit::with(Options { ends_in_days: 1, ..Options::default() }).await;
    visit.world.clock().advance(10 * DAY);
    assert_eq!(visit.heard_since("cloud", NOW + 2 * DAY).await, 0);
    assert_eq!(visit.heard_since("cloud", NOW + DAY).await, AWAKE, "until then they were there");
}

#[tokio::test]
async fn cloud_shows_what_is_installed_and_rounds_the_serial_number() {
    let visit = Visit::begin().await;
    let pem = visit.renew(&visit.topic("cloud"), &visit.request("cloud").await).await;
    visit.install("cloud", &pem).await;
    let (name, value) = visit.sign_in("cloud").await;
    let asked = visit.ask(Method::GET, "cloud", "/admin/api/mdm-certificate").header(name, value);
    let shown: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
    let shown = &shown["result"];
    assert_eq!(shown["topic"], visit.topic("cloud"));
    assert_eq!(
        (&shown["validFrom"], &shown["expires"]),
        (&json!((NOW - 600) * 1_000), &json!((NOW - 601 + 365 * DAY) * 1_000))
    );
    assert!(shown["subject"].as_str().is_some_and(|subject| subject.starts_with("C=NL, CN=APSP:")));
    let exact = certificate(&pem).serial_number().to_bn().expect("a number").to_dec_str().expect("digits").to_string();
    let rounded = shown["serialNumber"].as_str().expect("a serial number");
    let as_a_script_reads = |digits: &str| digits.parse::<f64>().expect("a number").to_bits();
    assert_eq!(as_a_script_reads(rounded), as_a_script_reads(&exact), "{rounded} is {exact}, rounded");
}

#[tokio::test]
async fn core_tells_only_until_when() {
    let visit = Visit::begin().await;
    let (name, value) = visit.sign_in("core").await;
    let cmd = json!({ "id": "getMDMCertificate", "action": "getMDMCertificate", "_index": 0 }).to_string();
    let asked = visit.ask(Method::POST, "core", "/mifs/admin/ud.html").header(name, value);
    let answer: Value =
        asked.form(&[("format", "json"), ("cmd", &cmd)]).send().await.expect("an answer").json().await.expect("JSON");
    let validity: i64 = answer["validity"].as_str().expect("milliseconds").parse().expect("a number");
    assert_eq!(validity / 1_000 / DAY, (NOW + 21 * DAY + DAY / 2) / DAY);
    assert!(answer.get("topic").is_none());
}
