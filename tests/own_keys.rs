//! Own keys, as stories: made here, signed by a vendor, handed out, put back, and taken out of the store once more.

use std::fs;

use pushcert::{
    commands::{
        Kind, Outcome, World,
        p12::{NewFile, PackKept, pack_kept},
        passphrase::Passphrase,
        prove,
        renew::Wish,
    },
    world::keys::Profile,
};
use pushcert_papers::{PrivateKey, Secret, TenantName, bundle};

use crate::trial::{Trial, certificate, kind};

const PASSPHRASE: &str = "correct horse battery";

/// A tenant whose server takes a key, of which the world's portal has a row.
async fn with_an_own_key() -> Trial {
    let mut trial = Trial::with("cloud").await;
    let old = trial.installed_today().await;
    trial.reconfigured(|text| {
        let line = |key: &str| text.lines().find(|line| line.starts_with(key)).expect(key).to_owned();
        let (authorities, portal, apns, ca_file) = (line("authorities"), line("portal"), line("apns"), line("ca_file"));
        format!(
            "[tenants.own]\nmdm = \"manual\"\nurl = \"https://127.0.0.1\"\napple_account = \"push@example.com\"\n\
             own_key = {{ country = \"NL\" }}\n{authorities}\n{portal}\n{apns}\n{ca_file}\n"
        )
    });
    trial.tenant = TenantName::parse("own").expect("a name");
    let topic = certificate(&old).topic();
    assert_eq!(kind(&trial.adopt(&old, topic).await), Ok(None));
    trial
}

impl Trial {
    fn wish_with_passphrase(&self) -> Wish {
        let file = self.path("passphrase");
        fs::write(&file, PASSPHRASE).expect("written");
        let passphrase = Passphrase { file: Some(file), command: None };
        Wish { passphrase, ..Wish::default() }
    }

    /// The world's vendor signs what lies in the hand-off folder.
    fn signed_by_the_vendor(&self, name: &str) -> std::path::PathBuf {
        let (csr, out) = (self.path("request.csr"), self.path(name));
        fs::write(&csr, self.request()).expect("written");
        let world = self.sandbox.announcement();
        let wish = pushcert::commands::csr::Sign {
            csr,
            vendor: world.vendor_certificate.clone(),
            vendor_key: Some(world.vendor_key.clone()),
            chain: vec![],
            out: out.clone(),
            authorities: Some(world.config.with_file_name("authorities.pem")),
            passphrase: Passphrase::default(),
        };
        let outcome = pushcert::commands::csr::sign(&self.said, &self.person, &wish, self.now());
        assert_eq!(kind(&outcome), Ok(None));
        out
    }

    /// A whole renewal with an own key: the hand-off folder with certificate and key at its end.
    async fn renewed_with_an_own_key(&self, name: &str) -> std::path::PathBuf {
        let checked = self.brought_with_an_own_key(name).await;
        assert_eq!(kind(&self.adopt(&checked, None).await), Ok(None));
        assert_eq!(kind(&self.renew(Wish::default()).await), Ok(None));
        checked
    }

    /// The same until a person is to upload both.
    async fn brought_with_an_own_key(&self, name: &str) -> std::path::PathBuf {
        let wish = Wish { restart: true, ..self.wish_with_passphrase() };
        assert_eq!(kind(&self.renew(wish).await), Ok(Some(Kind::Waiting)));
        let waits = self.said.report.borrow().as_ref().and_then(|report| report.waiting_for);
        assert_eq!(waits, Some("signature"));
        let signed = self.signed_by_the_vendor(&format!("{name}.txt"));
        assert_eq!(kind(&self.renew(Wish { request: Some(signed), ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
        let topic = self.status().await.enrolled_topic.expect("a topic");
        let row = self.portal().row(&topic.common_name()).await.expect("a row");
        let serial = self.portal().renew(&row, "request.txt", self.request()).await.expect("renewed");
        let brought = self.downloaded(&serial, &format!("{name}.pem")).await;
        assert_eq!(kind(&self.bring(&brought).await), Ok(Some(Kind::Waiting)), "a person uploads both");
        let folder = self.said.report.borrow().as_ref().and_then(|report| report.handoff.clone()).expect("a folder");
        let end = certificate(&brought).not_after.iso_date();
        std::path::Path::new(&folder).join(format!("own-ends-{end}.pem"))
    }
}

/// The key beside a certificate of the hand-off folder is its own, and opens with the passphrase only.
fn key_fits(checked: &std::path::Path) {
    let sealed = fs::read(checked.with_extension("key.pem")).expect("the key");
    assert!(String::from_utf8_lossy(&sealed).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let key = PrivateKey::read(&sealed, Some(&Secret::new(PASSPHRASE))).expect("it opens");
    assert_eq!(key.public_key_sha256(), certificate(checked).public_key_sha256);
    assert!(PrivateKey::read(&sealed, Some(&Secret::new("another"))).is_err());
}

#[tokio::test]
async fn a_whole_renewal_with_an_own_key() {
    let trial = with_an_own_key().await;
    let checked = trial.renewed_with_an_own_key("first").await;
    key_fits(&checked);
    let status = trial.status().await;
    assert_eq!((status.state, status.step.word(), &status.problems[..]), ("ok", "done", &[][..]));
    let store = fs::read(trial.path("state/pushcert.sqlite")).expect("the store");
    let clear = PrivateKey::read(
        &fs::read(checked.with_extension("key.pem")).expect("the key"),
        Some(&Secret::new(PASSPHRASE)),
    );
    let secret = clear.expect("it opens").pkcs8().to_vec();
    let half = &secret[secret.len() / 2..secret.len() / 2 + 64];
    assert!(!store.windows(half.len()).any(|window| window == half), "no key stands in the store in clear");
}

/// How APNs was asked, and what came of it.
async fn asked_by_the_store(trial: &Trial, file: &str, passphrase: &str) -> Outcome {
    let path = trial.path(file);
    fs::write(&path, passphrase).expect("written");
    let passphrase = Passphrase { file: Some(path), command: None };
    let wish = prove::Wish { passphrase, ..prove::Wish::default() };
    trial.live(async |world: &World<'_>| prove::prove(world, &trial.tenant, &wish).await).await
}

#[tokio::test]
async fn apns_is_asked_with_the_key_of_the_store() {
    let trial = with_an_own_key().await;
    assert_eq!(kind(&trial.prove().await), Err((Kind::NotFound, "no-interface")), "there is no key yet");
    trial.renewed_with_an_own_key("first").await;
    assert!(trial.said.noted("Whether APNs takes the new certificate is asked by  pushcert prove own"));
    assert_eq!(trial.deeds("push-tried").len(), 0, "nobody was there to open the key");
    assert_eq!(kind(&trial.prove().await), Err((Kind::Usage, "passphrase-needed")));
    assert_eq!(kind(&asked_by_the_store(&trial, "right", PASSPHRASE).await), Ok(None));
    assert_eq!(trial.deeds("push-tried").len(), 2, "under its topic, and under a made-up one");
    let wrong = asked_by_the_store(&trial, "wrong", "another").await;
    assert_eq!(kind(&wrong), Err((Kind::Refused, "not-an-identity")));
    assert!(wrong.expect_err("refused").message.starts_with("the own key of own: "));
    trial.person.there.set(true);
    *trial.person.password.borrow_mut() = Some(PASSPHRASE.into());
    assert_eq!(kind(&trial.prove().await), Ok(None), "whoever is there is asked");
    trial.fault(r#"{"where":"apns","do":{"status":403,"body":"{\"reason\":\"BadCertificate\"}"}}"#);
    assert_eq!(kind(&trial.prove().await), Err((Kind::Refused, "certificate-refused")));
}

/// The passphrase of own keys lies in a private file that the configuration names.
fn configure_the_passphrase(trial: &mut Trial) {
    let file = trial.path("kept passphrase");
    pushcert::world::files::write_private(&file, PASSPHRASE.as_bytes()).expect("written");
    trial.reconfigured(|text| {
        let source = format!("country = \"NL\", passphrase = {{ file = \"{}\" }}", file.display());
        text.replace("country = \"NL\"", &source)
    });
}

#[tokio::test]
async fn a_renewal_asks_apns_by_itself_and_stays_open_when_that_refuses() {
    for (fault, wanted) in [
        ("", Ok(None)),
        (r#"{"refuse":true}"#, Ok(None)),
        (r#"{"status":403,"body":"{\"reason\":\"BadCertificate\"}"}"#, Ok(Some(Kind::Failed))),
    ] {
        let mut trial = with_an_own_key().await;
        configure_the_passphrase(&mut trial);
        let checked = trial.brought_with_an_own_key("first").await;
        assert_eq!(kind(&trial.adopt(&checked, None).await), Ok(None));
        if !fault.is_empty() {
            trial.fault(&format!(r#"{{"where":"apns","do":{fault}}}"#));
        }
        assert_eq!(kind(&trial.renew(Wish::default()).await), wanted, "{fault}");
        let done = if wanted == Ok(None) { "done" } else { "prove" };
        assert_eq!(trial.status().await.step.word(), done, "{fault}");
        trial.sandbox.clear_faults();
        assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None), "{fault}: asked again, it is taken");
        assert_eq!(trial.status().await.step.word(), "done", "{fault}");
    }
}

#[tokio::test]
async fn a_copy_of_the_store_carries_the_key() {
    let trial = with_an_own_key().await;
    assert_eq!(kind(&trial.renew(trial.wish_with_passphrase()).await), Ok(Some(Kind::Waiting)));
    let signed = trial.signed_by_the_vendor("signed.txt");
    // The machine burns down; its backup of the store and the vendor's answer are all there is.
    trial.live(async |_: &World<'_>| ()).await;
    for name in ["handoff", "passphrase"] {
        let path = trial.path(name);
        if path.is_dir() { fs::remove_dir_all(path).expect("gone") } else { fs::remove_file(path).expect("gone") }
    }
    assert_eq!(kind(&trial.renew(Wish { request: Some(signed), ..Wish::default() }).await), Ok(Some(Kind::Waiting)));
    assert!(trial.said.on_cards().contains("Press Renew"));
}

#[tokio::test]
async fn a_request_of_another_key_is_refused() {
    let trial = with_an_own_key().await;
    assert_eq!(kind(&trial.renew(trial.wish_with_passphrase()).await), Ok(Some(Kind::Waiting)));
    let first = trial.signed_by_the_vendor("first.txt");
    let again = Wish { restart: true, ..trial.wish_with_passphrase() };
    assert_eq!(kind(&trial.renew(again).await), Ok(Some(Kind::Waiting)));
    let outcome = trial.renew(Wish { request: Some(first), ..Wish::default() }).await;
    assert_eq!(kind(&outcome), Err((Kind::Refused, "key-mismatch")));
}

#[tokio::test]
async fn an_own_key_brings_the_previous_certificate_back() {
    let trial = with_an_own_key().await;
    let first = trial.renewed_with_an_own_key("first").await;
    let (old, old_key) = (fs::read(&first).expect("a certificate"), fs::read(first.with_extension("key.pem")));
    trial.days_pass(20);
    trial.renewed_with_an_own_key("second").await;
    assert_eq!(kind(&trial.roll_back(Some("the new one is odd")).await), Ok(Some(Kind::Waiting)));
    let cards = trial.said.on_cards();
    let is_path = |line: &&str| std::path::Path::new(line).extension().is_some_and(|ending| ending == "pem");
    let path = cards.lines().map(str::trim).rev().find(is_path).expect("a path").to_owned();
    assert_eq!(certificate(path.as_ref()).der, certificate(&first).der);
    assert_eq!(
        fs::read(std::path::Path::new(&path).with_extension("key.pem")).expect("a key"),
        old_key.expect("a key")
    );
    assert!(!old.is_empty());
    assert_eq!(kind(&trial.adopt(path.as_ref(), None).await), Ok(None));
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(None));
    assert_eq!(trial.status().await.not_after, Some(certificate(&first).not_after));
}

#[tokio::test]
async fn nobody_to_type_a_passphrase_makes_no_key() {
    let trial = with_an_own_key().await;
    assert_eq!(kind(&trial.renew(Wish::default()).await), Err((Kind::Usage, "passphrase-needed")));
    assert!(!trial.history().await.contains(&"key-made".to_owned()));
}

#[tokio::test]
async fn the_passphrase_may_come_from_where_the_configuration_says() {
    let mut trial = with_an_own_key().await;
    configure_the_passphrase(&mut trial);
    assert_eq!(kind(&trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)), "nobody is asked");
    assert!(trial.history().await.contains(&"key-made".to_owned()));
}

#[tokio::test]
async fn a_renewal_that_was_given_up_takes_no_way_back_along() {
    let trial = with_an_own_key().await;
    let first = trial.renewed_with_an_own_key("first").await;
    trial.days_pass(20);
    // The passphrase of the next key is lost before its certificate comes.
    let wish = Wish { restart: true, ..trial.wish_with_passphrase() };
    assert_eq!(kind(&trial.renew(wish).await), Ok(Some(Kind::Waiting)));
    trial.renewed_with_an_own_key("second").await;
    trial.roll_back(Some("the new one is odd")).await.expect("rolled back");
    assert!(trial.said.noted("own key, kept in the store"), "{:?}", trial.said.notes);
    let end = certificate(&first).not_after.date();
    assert!(trial.said.on_cards().contains(&end), "{}", trial.said.on_cards());
}

impl Trial {
    /// Takes the kept key out into this file, which is to have another passphrase than the key.
    async fn packed(&self, out: &std::path::Path, key_passphrase: &str) -> Outcome {
        let line = |name: &str, text: &str| {
            let file = self.path(name);
            fs::write(&file, text).expect("written");
            Passphrase { file: Some(file), command: None }
        };
        let file = NewFile {
            out: out.to_owned(),
            chain: vec![],
            profile: Profile::Modern,
            passphrase: line("of the file", "another horse"),
        };
        let wish = PackKept {
            tenant: self.tenant.clone(),
            key_passphrase: line("of the key", key_passphrase),
            authorities: None,
            file,
        };
        self.live(async |world: &World<'_>| pack_kept(world, &wish).await).await
    }
}

#[tokio::test]
async fn whoever_lost_the_file_takes_the_key_out_of_the_store_once_more_on_record() {
    let trial = with_an_own_key().await;
    let out = trial.path("push.p12");
    assert_eq!(kind(&trial.packed(&out, PASSPHRASE).await), Err((Kind::NotFound, "no-own-key")));
    let checked = trial.renewed_with_an_own_key("first").await;
    fs::remove_dir_all(trial.path("handoff")).expect("lost");
    let renewed = trial.path("first.pem");
    assert_eq!(kind(&trial.packed(&out, "wrong").await), Err((Kind::Refused, "wrong-password")));
    assert!(!out.exists() && !trial.history().await.contains(&"key-handed-out".to_owned()), "nothing left the store");
    assert_eq!(kind(&trial.packed(&out, PASSPHRASE).await), Ok(None));
    let packed = bundle::open(&fs::read(&out).expect("the file"), "another horse").expect("it opens");
    assert_eq!(packed.certificates[0].der, certificate(&renewed).der);
    assert_eq!(packed.keys[0].public_key_sha256(), certificate(&renewed).public_key_sha256);
    let lines = trial.live(async |world: &World<'_>| world.store.audit(&trial.tenant).await).await.expect("a record");
    let line = &lines.last().expect("a line").entry;
    assert_eq!((line.what.as_str(), line.after), ("key-handed-out", Some(certificate(&renewed).sha256)));
    assert_eq!(line.details.get("file"), Some(&out.display().to_string()));
    assert_eq!(kind(&trial.packed(&out, PASSPHRASE).await), Err((Kind::Usage, "exists")), "nothing is written over");
    assert!(!checked.exists(), "the hand-off folder is not needed for it");
    // While a newer key waits for its certificate, it is still that of the one in use.
    trial.days_pass(20);
    let next = Wish { restart: true, ..trial.wish_with_passphrase() };
    assert_eq!(kind(&trial.renew(next).await), Ok(Some(Kind::Waiting)));
    let again = trial.path("again.p12");
    assert_eq!(kind(&trial.packed(&again, PASSPHRASE).await), Ok(None));
    let packed = bundle::open(&fs::read(&again).expect("the file"), "another horse").expect("it opens");
    assert_eq!(packed.certificates[0].der, certificate(&renewed).der);
}

#[tokio::test]
async fn a_server_that_keeps_its_key_has_none_to_take_out() {
    let trial = Trial::with("cloud").await;
    let failure = trial.packed(&trial.path("push.p12"), PASSPHRASE).await.expect_err("there is none");
    assert_eq!((failure.kind, failure.code), (Kind::NotFound, "no-own-key"));
    assert!(failure.hint.expect("a hint").contains("keeps the key of its own request"));
}
