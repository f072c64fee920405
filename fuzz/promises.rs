//! What is promised of any bytes. The fuzzer looks for bytes that break a promise; a test tries every case that it
//! has kept.

use pushcert_papers::{
    PrivateKey, Secret, Time, Verdict, android,
    bundle::{self, MOST_ROUNDS, Outline},
    certificate::{Authorities, Certificate, Expectations, RevocationList},
    console::{
        Deed, Profile,
        har::Recording,
        learn::{Hints, learn},
    },
    judge::{Want, judge},
    kind::{Paper, recognise},
    page, pem,
    pingid::{self, Requirements, difference},
    renewal::{Journey, record},
    request::{Csr, for_the_portal},
};

/// The passphrase of the files that the fuzzer begins with.
const PASSPHRASE: &str = "correct horse";

/// Rounds that are few enough to try many files in a second.
const FEW_ROUNDS: u64 = 20_000;

fn now() -> Time {
    Time::from_unix(1_780_272_000)
}

/// A certificate is read whole, or not at all; what was read is read again from its own bytes, and from PEM, to the same
/// end. A list of revoked certificates is read or not.
pub fn certificate(bytes: &[u8]) {
    if let Ok(read) = Certificate::from_der(bytes) {
        assert_eq!(read.der, bytes, "all bytes belong to it");
        let text = pem("CERTIFICATE", bytes);
        let judged = |bytes: &[u8]| {
            let judged =
                judge(bytes, None, Want::PushCertificate, &Expectations::default(), &Authorities::apple(), now());
            (judged.kind, judged.verdict, judged.findings)
        };
        assert_eq!(judged(bytes), judged(text.as_bytes()), "its wrapping changes nothing");
    }
    drop(RevocationList::read(bytes));
}

/// A request is read in any wrapping, and what is brought into the portal's form is judged no worse for it. A signing
/// request is read whole, or not at all.
pub fn request(bytes: &[u8]) {
    if let Ok(csr) = Csr::from_der(bytes) {
        assert_eq!(csr.der, bytes, "all bytes belong to it");
        csr.is_signed_by_itself();
    }
    drop(recognise(bytes));
    let verdict = |bytes: &[u8]| {
        judge(bytes, None, Want::PushRequest, &Expectations::default(), &Authorities::apple(), now()).verdict
    };
    let before = verdict(bytes);
    let after = verdict(&for_the_portal(bytes));
    assert!(after <= before || before == Verdict::Refuse, "{before:?} became {after:?}");
}

/// A PKCS #12 file opens or does not; one that asks for too much work is not opened; without the passphrase nothing comes
/// out that needs it.
pub fn pkcs12(bytes: &[u8]) {
    let Some(outline) = Outline::of(bytes) else {
        assert!(bundle::open(bytes, PASSPHRASE).is_err());
        return;
    };
    if outline.rounds > MOST_ROUNDS {
        assert!(bundle::open(bytes, PASSPHRASE).is_err());
    } else if outline.rounds <= FEW_ROUNDS
        && let Ok(found) = bundle::open(bytes, PASSPHRASE)
    {
        drop(bundle::check(&found, &outline, false));
    }
}

/// A private key is read or not, and never shows itself.
pub fn key(bytes: &[u8]) {
    if Outline::of(bytes).is_some_and(|outline| outline.rounds > FEW_ROUNDS) || asks_for_much(bytes) {
        return;
    }
    if let Ok(key) = PrivateKey::read(bytes, Some(&Secret::new(PASSPHRASE))) {
        assert!(format!("{key:?}").len() < 100, "a key shows itself");
        assert_eq!(PrivateKey::read(key.pkcs8(), None).map(|key| key.spki), Ok(key.spki));
    }
}

/// Whether a PEM block in the text asks for more work than a fuzzer has time for.
fn asks_for_much(bytes: &[u8]) -> bool {
    matches!(recognise(bytes), Paper::PrivateKey { encrypted: true }) && bytes.starts_with(b"--")
}

/// Any file is recognised and judged in every place, and every finding says what to do.
pub fn kind(bytes: &[u8]) {
    let costly = match recognise(bytes) {
        Paper::Pkcs12(file) => Outline::of(&file).is_some_and(|outline| outline.rounds > FEW_ROUNDS),
        _ => false,
    };
    for want in [Want::Anything, Want::PushCertificate, Want::PushRequest].into_iter().skip(usize::from(costly)) {
        let judged = judge(bytes, Some("file.txt"), want, &Expectations::default(), &Authorities::apple(), now());
        assert_eq!(judged.verdict, Verdict::of(&judged.findings));
        assert!(judged.findings.iter().all(|found| !found.remedy.is_empty() && !found.message.contains('\u{1b}')));
    }
}

/// A saved page of a console, and a journey of any version, are read or not.
pub fn page(bytes: &[u8]) {
    drop(page::read(bytes));
    drop(record::read::<Journey>(&String::from_utf8_lossy(bytes)));
}

/// A recording is read or not. What is learned from it is a profile that is read again as it was, asks only the console's
/// own paths, and signs in.
pub fn har(bytes: &[u8]) {
    const ORIGIN: &str = "https://console.example.com";
    let recording = match Recording::read(bytes, ORIGIN) {
        Ok(recording) => recording,
        Err(error) => return assert!(!error.to_string().contains('\u{1b}')),
    };
    let hints = Hints { upload_field: Some("file"), ..Hints::default() };
    match learn(&recording, ORIGIN, "mobileiron-cloud", &hints) {
        Ok(learned) => {
            let text = learned.profile.to_string();
            assert_eq!(Profile::parse(&text).as_ref().ok(), Some(&learned.profile));
            let requests = Deed::ALL.into_iter().flat_map(|deed| learned.profile.requests(deed));
            assert!(requests.into_iter().all(|request| request.path.starts_with('/')));
            assert!(!learned.profile.sign_in.is_empty());
        }
        Err(error) => assert!(!error.to_string().contains('\u{1b}')),
    }
}

/// A configuration and a service account's key are judged, and every finding says what to do and shows no token. What PingOne
/// answers is built on only if all of it would come back: with a token more and the same token less, nothing is different.
pub fn credentials(bytes: &[u8]) {
    let judged = [pingid::lint(bytes, "com.example.app"), android::judge_key(bytes).0];
    for finding in judged.iter().flat_map(|judged| &judged.findings) {
        assert!(!finding.remedy.is_empty() && !finding.message.contains('\u{1b}'));
    }
    let Ok(before) = Requirements::read(bytes.to_vec()) else { return };
    let token = Secret::new("a token that nobody has");
    let Ok(body) = before.with_token(&token, now()) else { return };
    let after = Requirements::read(body.reveal().as_bytes().to_vec()).expect("our own body is read again");
    assert!(difference(&before, &after).is_only_added(&token), "one token came, and nothing else changed");
    let back = after.without_tokens(|held| *held == token);
    let back = Requirements::read(back.reveal().as_bytes().to_vec()).expect("our own body is read again");
    assert!(difference(&before, &back).is_none(), "and with it gone all is as it was");
}
