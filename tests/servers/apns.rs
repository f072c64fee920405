//! APNs, asked with a certificate whose key we hold.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pushcert::{
    commands::{Kind, Outcome, World, passphrase::Passphrase, push::prove_push},
    world::keys::{Profile, Subject, fresh, pack},
};
use pushcert_papers::{
    Country, PrivateKey, Secret, Topic,
    certificate::{Authorities, Certificate},
    kind::{Paper, recognise},
    pem,
    request::Vendor,
};

use crate::trial::{Trial, kind};

/// A certificate from the portal for a key of our own.
struct Own {
    key: PrivateKey,
    certificate: Certificate,
}

impl Own {
    async fn of(trial: &Trial) -> Self {
        let announced = trial.sandbox.announcement();
        let subject = Subject {
            country: "NL".parse::<Country>().expect("a country"),
            common_name: "acme".into(),
            organization: None,
            email: None,
        };
        let made = fresh(&subject).expect("a key");
        let Paper::Csr(csr) = recognise(pem("CERTIFICATE REQUEST", &made.csr).as_bytes()) else {
            panic!("a signing request");
        };
        let Paper::Certificates { leaves, authorities, .. } =
            recognise(&fs::read(&announced.vendor_certificate).expect("a chain"))
        else {
            panic!("certificates");
        };
        let key = PrivateKey::read(&fs::read(&announced.vendor_key).expect("a key"), None).expect("a key");
        let anchors = fs::read(announced.config.with_file_name("authorities.pem")).expect("authorities");
        let trusted = Authorities::from_pem(&anchors).expect("authorities");
        let vendor = Vendor::new(&[leaves, authorities].concat(), key).expect("a vendor");
        let form = vendor.sign(&csr, &trusted, trial.now()).expect("signed");
        let serial = trial.portal().create("acme.txt", form).await.expect("created");
        let file = trial.portal().download(&serial).await.expect("a download");
        let Paper::Certificates { leaves, .. } = recognise(&file) else { panic!("a certificate") };
        Self { key: made.key, certificate: leaves.into_iter().next().expect("a leaf") }
    }

    fn topic(&self) -> Topic {
        self.certificate.topic().expect("a topic")
    }

    fn in_pem(&self, trial: &Trial) -> PathBuf {
        let text = format!("{}{}", pem("CERTIFICATE", &self.certificate.der), pem("PRIVATE KEY", self.key.pkcs8()));
        let path = trial.path("own.pem");
        fs::write(&path, text).expect("written");
        path
    }

    fn packed(&self, trial: &Trial, passphrase: &Secret) -> PathBuf {
        let bytes = pack(&self.key, &self.certificate, &[], passphrase, Profile::Compatible).expect("packed");
        let path = trial.path("own.p12");
        fs::write(&path, bytes).expect("written");
        path
    }
}

async fn enrolled_with(topic: &Topic) -> Trial {
    let mut trial = Trial::with_devices("cloud", 1).await;
    let old = trial.topic().await;
    trial.reconfigured(|text| text.replace(old.as_str(), topic.as_str()));
    trial
}

async fn asked(trial: &Trial, file: &Path, passphrase: Option<&str>) -> Outcome {
    let place = trial.path("passphrase");
    let file_of = |words: &str| fs::write(&place, words).map(|()| place.clone()).expect("written");
    let passphrase = Passphrase { file: passphrase.map(file_of), command: None };
    trial.live(async |world: &World<'_>| prove_push(world, &trial.tenant, file, &passphrase).await).await
}

async fn own() -> (Trial, Own) {
    let mut trial = Trial::with_devices("cloud", 1).await;
    let own = Own::of(&trial).await;
    let old = trial.topic().await;
    trial.reconfigured(|text| text.replace(old.as_str(), own.topic().as_str()));
    (trial, own)
}

#[tokio::test]
async fn a_good_certificate_is_accepted_in_every_form_of_file() {
    let (trial, own) = own().await;
    assert_eq!(kind(&asked(&trial, &own.in_pem(&trial), None).await), Ok(None));
    assert_eq!(trial.deeds("push-tried").len(), 2, "under its topic, and under a made-up one");
    let packed = own.packed(&trial, &Secret::new("correct horse"));
    assert_eq!(kind(&asked(&trial, &packed, Some("correct horse")).await), Ok(None));
    assert_eq!(kind(&asked(&trial, &packed, Some("wrong")).await), Err((Kind::Refused, "not-an-identity")));
    assert_eq!(kind(&asked(&trial, &packed, None).await), Err((Kind::Usage, "passphrase-needed")));
    assert_eq!(trial.history().await.iter().filter(|line| *line == "apns-asked").count(), 2);
}

#[tokio::test]
async fn what_does_not_belong_to_the_tenant_is_not_asked_about() {
    let (trial, own) = own().await;
    let other = enrolled_with(&Topic::parse("com.apple.mgmt.External.other").expect("a topic")).await;
    assert_eq!(kind(&asked(&other, &own.in_pem(&other), None).await), Err((Kind::Refused, "topic-changed")));
    let stranger = Own { key: Own::of(&trial).await.key, certificate: own.certificate.clone() };
    assert_eq!(kind(&asked(&trial, &stranger.in_pem(&trial), None).await), Err((Kind::Refused, "key-mismatch")));
    let bare = trial.path("bare.pem");
    fs::write(&bare, pem("CERTIFICATE", &own.certificate.der)).expect("written");
    assert_eq!(kind(&asked(&trial, &bare, None).await), Err((Kind::Refused, "not-an-identity")));
    assert_eq!(trial.deeds("push-tried").len() + other.deeds("push-tried").len(), 0);
}

#[tokio::test]
async fn a_revoked_and_an_ended_certificate_are_refused() {
    let (trial, own) = own().await;
    let file = own.in_pem(&trial);
    trial.revoke_the_row().await;
    let revoked = asked(&trial, &file, None).await;
    assert_eq!(kind(&revoked), Err((Kind::Refused, "certificate-refused")));
    assert!(revoked.expect_err("refused").message.contains("403 BadCertificate"));
    trial.days_pass(366);
    let ended = asked(&trial, &file, None).await;
    assert_eq!(kind(&ended), Err((Kind::Refused, "certificate-refused")));
    let words = ended.expect_err("refused").message;
    assert!(words.contains("TLS alert: CertificateExpired"), "the reason, which newer TLS hides: {words}");
}

#[tokio::test]
async fn answers_that_say_nothing_are_inconclusive() {
    for (fault, wanted) in [
        (r#"{"status":503,"body":"{\"reason\":\"Shutdown\"}"}"#, Ok(Some(Kind::Temporary))),
        (r#"{"status":400,"body":"{\"reason\":\"BadDeviceToken\"}"}"#, Ok(Some(Kind::Temporary))),
        (r#"{"status":418,"body":"\u001b[2J"}"#, Ok(Some(Kind::Temporary))),
        (
            r#"{"status":403,"body":"{\"reason\":\"MissingProviderToken\"}"}"#,
            Err((Kind::Failed, "certificate-not-shown")),
        ),
        (r#"{"refuse":true}"#, Err((Kind::Temporary, "unavailable"))),
        (r#"{"reset_after":20}"#, Err((Kind::Temporary, "unavailable"))),
        (r#"{"tls":"other-authority"}"#, Err((Kind::Failed, "not-trusted"))),
        (r#"{"tls":"wrong-name"}"#, Err((Kind::Failed, "not-trusted"))),
    ] {
        let (trial, own) = own().await;
        let file = own.in_pem(&trial);
        trial.fault(&format!(r#"{{"where":"apns","do":{fault}}}"#));
        assert_eq!(kind(&asked(&trial, &file, None).await), wanted, "{fault}");
    }
}
