//! What is due in a renewal. The decision alone: deeds carry it out.

use super::{Install, Journey, Proof, Purpose, ReceivedCertificate, Request};
use crate::{
    DAY, Time, Topic,
    watch::{Installed, Seen, Thresholds, is_rounded},
};

/// How often a certificate is sent before a person is asked: once, and once more where the server proved to hold the
/// old one still.
const TRIES: u32 = 2;

/// What a server lets us do by an interface. What it does not, a person does by a guide.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reach {
    /// Read what is installed.
    pub read: bool,
    /// Fetch a request.
    pub fetch: bool,
    /// Upload a certificate.
    pub upload: bool,
    /// Look at devices, and ask them to check in.
    pub devices: bool,
}

/// Everything that a decision depends on.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The open journey, if there is one.
    pub journey: Option<&'a Journey>,
    /// What was last seen to be installed.
    pub seen: Option<&'a Seen>,
    /// The topic that devices listen to, as a person confirmed it.
    pub enrolled: Option<&'a Topic>,
    /// What the server lets us do.
    pub reach: Reach,
    /// When to begin.
    pub thresholds: &'a Thresholds,
    /// Whether a person wants this renewal whatever the date: by a file in hand, or by saying so.
    pub wanted: bool,
    /// Whether this is to be a first certificate.
    pub first: bool,
    /// Whether a person is here.
    pub present: bool,
    /// Whether the tenant lets a request be fetched while nobody is.
    pub unattended_request: bool,
    /// Whether the key is to be our own, because the server takes one.
    pub own_key: bool,
    /// The time.
    pub now: Time,
}

/// What is due.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Nothing: the certificate is good until well after today.
    NotDue {
        /// When a renewal begins to be due.
        opens: Time,
    },
    /// Learn what is installed: no date is known.
    LearnInstalled,
    /// Have a person confirm the topic that devices listen to.
    ConfirmTopic,
    /// Open a journey.
    Begin,
    /// Ask the server for a request.
    FetchRequest,
    /// Have a person bring the request.
    AskForRequest,
    /// Make an own key and its signing request.
    MakeKey,
    /// Have a person bring the signing request back, signed by an MDM vendor.
    AskForSignature,
    /// Give the request and the card to a person.
    HandOff,
    /// Wait for the certificate.
    AwaitCertificate,
    /// Send the certificate to the server, for the `tries`th time.
    Install {
        /// From 1.
        tries: u32,
    },
    /// Look at the server: it is not known whether the certificate arrived.
    ReadBack,
    /// Have a person upload the certificate, or say whether it is there.
    GuideInstall,
    /// Ask devices to check in.
    Prove,
    /// Note that the renewal is complete.
    Close,
}

/// What is due now.
pub fn next(situation: &Situation<'_>) -> Step {
    match situation.journey.filter(|journey| journey.is_open()) {
        Some(journey) => going_on(journey, situation),
        None => starting(situation),
    }
}

/// Whether a renewal is due by what was seen: `Ok` when it is, otherwise when it begins to be.
///
/// A certificate of another topic than the enrolled one is always due, whatever its date.
///
/// # Errors
/// The moment from which it is due; `None` where no date is known.
pub fn due(
    seen: Option<&Seen>,
    enrolled: Option<&Topic>,
    thresholds: &Thresholds,
    now: Time,
) -> Result<(), Option<Time>> {
    let Some(seen) = seen else { return Err(None) };
    let Some(installed) = &seen.installed else { return Ok(()) };
    if has_other_topic(installed, enrolled) {
        return Ok(());
    }
    let opens = installed.not_after.ok_or(None)?.plus(-thresholds.notice * DAY);
    if now > opens { Ok(()) } else { Err(Some(opens)) }
}

fn has_other_topic(installed: &Installed, enrolled: Option<&Topic>) -> bool {
    matches!((&installed.topic, enrolled), (Some(installed), Some(enrolled)) if installed != enrolled)
}

fn starting(situation: &Situation<'_>) -> Step {
    if situation.first {
        return Step::Begin;
    }
    if situation.enrolled.is_none() {
        return Step::ConfirmTopic;
    }
    if situation.wanted {
        return Step::Begin;
    }
    match due(situation.seen, situation.enrolled, situation.thresholds, situation.now) {
        Ok(()) => Step::Begin,
        Err(Some(opens)) => Step::NotDue { opens },
        Err(None) => Step::LearnInstalled,
    }
}

fn going_on(journey: &Journey, situation: &Situation<'_>) -> Step {
    match (&journey.request, &journey.certificate) {
        (_, Some(certificate)) => installing(journey, certificate, situation),
        (Request::Held(_), None) if journey.handed_off.is_none() => Step::HandOff,
        (Request::Held(_) | Request::Elsewhere, None) => Step::AwaitCertificate,
        // A fetch that was begun may have replaced the key at the server. That does no harm before the hand-off; after
        // it, the request at Apple may be the old one, so a person looks.
        (Request::Intended { .. }, None) if journey.handed_off.is_some() => Step::AskForRequest,
        (Request::Unsigned(_), None) => Step::AskForSignature,
        (Request::Wanted, None) if situation.own_key => Step::MakeKey,
        (Request::Wanted | Request::Intended { .. }, None) => request(journey, situation),
    }
}

fn request(journey: &Journey, situation: &Situation<'_>) -> Step {
    let may_fetch = situation.present || (situation.unattended_request && !waits_for_a_person(journey));
    if situation.reach.fetch && may_fetch { Step::FetchRequest } else { Step::AskForRequest }
}

/// Whether only a person may have its request fetched, whatever the tenant allows. Where a rollback was wanted and is not
/// possible, the key that the server holds may be all that keeps devices reached until the renewal is complete.
pub fn waits_for_a_person(journey: &Journey) -> bool {
    journey.purpose == Purpose::InsteadOfRollback
}

fn installing(journey: &Journey, certificate: &ReceivedCertificate, situation: &Situation<'_>) -> Step {
    match &journey.install {
        Install::Wanted if situation.reach.upload => Step::Install { tries: 1 },
        Install::Wanted => Step::GuideInstall,
        Install::Intended { at, tries } => uncertain(certificate, *at, *tries, situation),
        Install::Done { at, .. } => proving(journey, certificate, *at, situation),
    }
}

/// An upload that was intended and never confirmed: look first, send again only when the server proved that the first
/// did not arrive.
fn uncertain(certificate: &ReceivedCertificate, intended: Time, tries: u32, situation: &Situation<'_>) -> Step {
    let Some(seen) = situation.seen.filter(|seen| seen.at >= intended) else {
        return if situation.reach.read { Step::ReadBack } else { Step::GuideInstall };
    };
    match shown(seen, certificate) {
        Shown::Other if situation.reach.upload && tries < TRIES => Step::Install { tries: tries + 1 },
        Shown::Other | Shown::Unclear => Step::GuideInstall,
        Shown::This => Step::ReadBack,
    }
}

/// Devices are asked until they answer, or until the next renewal is due: a proof that never came must not stand in its
/// way.
fn proving(journey: &Journey, certificate: &ReceivedCertificate, installed: Time, situation: &Situation<'_>) -> Step {
    let notice = certificate.not_after.plus(-situation.thresholds.notice * DAY);
    // A certificate that was put back may have been near its end already.
    let is_due_again = situation.now > if installed < notice { notice } else { certificate.not_after };
    match journey.proof {
        Proof::Wanted | Proof::Pending { .. } if situation.reach.devices && !is_due_again => Step::Prove,
        _ => Step::Close,
    }
}

/// Whether a server shows a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shown {
    /// It shows this one.
    This,
    /// It shows another, or none.
    Other,
    /// It shows too little to tell.
    Unclear,
}

/// Whether what was seen is this certificate.
///
/// Dates are compared to the day, since a console shows them without a time zone; a serial number as far as a console
/// shows it exactly.
pub fn shown(seen: &Seen, certificate: &ReceivedCertificate) -> Shown {
    let Some(installed) = &seen.installed else { return Shown::Other };
    if let Some(sha256) = installed.certificate {
        return if sha256 == certificate.sha256 { Shown::This } else { Shown::Other };
    }
    let topic = installed.topic.as_ref().map(|topic| *topic == certificate.topic);
    let end = installed.not_after.map(|end| end.is_same_day(certificate.not_after));
    let serial = installed.shown_serial.as_ref().map(|shown| is_rounded(shown, &certificate.serial.decimal()));
    match (topic, end, serial) {
        (Some(false), ..) | (_, Some(false), _) | (.., Some(false)) => Shown::Other,
        (_, Some(true), _) | (_, _, Some(true)) => Shown::This,
        (_, None, None) => Shown::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Fingerprint, Serial,
        renewal::{Confirmation, HandOff, HeldRequest, Origin, UnsignedRequest},
        watch::Source,
    };

    const NOW: Time = Time::from_unix(1_800_000_000);

    fn topic(last: &str) -> Topic {
        Topic::parse(&format!("com.apple.mgmt.External.{last}")).expect("a topic")
    }

    fn seen(topic: Option<Topic>, ends_in_days: i64) -> Seen {
        let not_after = Some(NOW.plus(ends_in_days * DAY));
        Seen {
            at: NOW,
            source: Source::Console,
            installed: Some(Installed { topic, not_after, ..Installed::default() }),
        }
    }

    struct Stage {
        journey: Option<Journey>,
        seen: Option<Seen>,
        enrolled: Option<Topic>,
        reach: Reach,
        present: bool,
        unattended_request: bool,
        own_key: bool,
        wanted: bool,
        first: bool,
    }

    impl Stage {
        fn at(journey: Option<Journey>) -> Self {
            let reach = Reach { read: true, fetch: true, upload: true, devices: true };
            Self {
                journey,
                seen: Some(seen(Some(topic("a")), 21)),
                enrolled: Some(topic("a")),
                reach,
                present: true,
                unattended_request: false,
                own_key: false,
                wanted: false,
                first: false,
            }
        }

        fn next(&self) -> Step {
            next(&Situation {
                journey: self.journey.as_ref(),
                seen: self.seen.as_ref(),
                enrolled: self.enrolled.as_ref(),
                reach: self.reach,
                thresholds: &Thresholds::default(),
                wanted: self.wanted,
                first: self.first,
                present: self.present,
                unattended_request: self.unattended_request,
                own_key: self.own_key,
                now: NOW,
            })
        }
    }

    fn journey() -> Journey {
        Journey::begin(1, Some(topic("a")), NOW)
    }

    fn with_request() -> Journey {
        let held = HeldRequest {
            artefact: Fingerprint::of(b"request"),
            file_name: "ApplePushInfo.txt".into(),
            public_key: Fingerprint::of(b"key"),
            vendor: None,
            vendor_not_after: None,
            at: NOW,
            origin: Origin::Server,
            own_key: None,
        };
        Journey { request: Request::Held(held), ..journey() }
    }

    fn handed_off() -> Journey {
        Journey { handed_off: Some(HandOff { at: NOW, folder: "/tmp".into() }), ..with_request() }
    }

    fn certificate() -> ReceivedCertificate {
        ReceivedCertificate {
            artefact: Fingerprint::of(b"pem"),
            sha256: Fingerprint::of(b"der"),
            topic: topic("a"),
            serial: Serial::new(&[0x00, 0xbd, 0x21, 0xf2, 0xc8, 0x35, 0x06, 0x3b]),
            not_before: NOW,
            not_after: NOW.plus(365 * DAY),
            at: NOW,
            accepted: vec![],
            own_key: None,
            issuer: None,
        }
    }

    fn received() -> Journey {
        Journey { certificate: Some(certificate()), ..handed_off() }
    }

    #[test]
    fn before_a_journey() {
        assert_eq!(Stage::at(None).next(), Step::Begin);
        let late = Stage { seen: Some(seen(None, 61)), ..Stage::at(None) };
        assert_eq!(late.next(), Step::NotDue { opens: NOW.plus(DAY) });
        assert_eq!(Stage { wanted: true, ..late }.next(), Step::Begin);
        assert_eq!(Stage { seen: None, ..Stage::at(None) }.next(), Step::LearnInstalled);
        assert_eq!(Stage { enrolled: None, ..Stage::at(None) }.next(), Step::ConfirmTopic);
        assert_eq!(Stage { enrolled: None, first: true, ..Stage::at(None) }.next(), Step::Begin);
    }

    #[test]
    fn a_wrong_topic_installed_is_due_whatever_its_date() {
        let wrong = Stage { seen: Some(seen(Some(topic("b")), 300)), ..Stage::at(None) };
        assert_eq!(wrong.next(), Step::Begin);
    }

    #[test]
    fn a_request_is_fetched_only_where_it_may_be() {
        assert_eq!(Stage::at(Some(journey())).next(), Step::FetchRequest);
        let alone = |journey| Stage { present: false, ..Stage::at(Some(journey)) };
        assert_eq!(alone(journey()).next(), Step::AskForRequest);
        assert_eq!(Stage { unattended_request: true, ..alone(journey()) }.next(), Step::FetchRequest);
        let instead = Journey { purpose: Purpose::InsteadOfRollback, ..journey() };
        assert_eq!(Stage { unattended_request: true, ..alone(instead.clone()) }.next(), Step::AskForRequest);
        assert_eq!(Stage::at(Some(instead)).next(), Step::FetchRequest, "a person is here");
        let guided = Stage { reach: Reach::default(), ..Stage::at(Some(journey())) };
        assert_eq!(guided.next(), Step::AskForRequest);
    }

    #[test]
    fn an_own_key_is_made_once_and_then_signed_by_a_vendor() {
        let own = |journey| Stage { own_key: true, ..Stage::at(Some(journey)) }.next();
        assert_eq!(own(journey()), Step::MakeKey);
        let made = Fingerprint::of(b"made");
        let unsigned = UnsignedRequest { csr: made, own_key: made, public_key: made, at: NOW };
        assert_eq!(own(Journey { request: Request::Unsigned(unsigned), ..journey() }), Step::AskForSignature);
        assert_eq!(own(with_request()), Step::HandOff);
    }

    #[test]
    fn an_uncertain_fetch_is_repeated_before_the_hand_off_and_asked_about_after_it() {
        let intended = Journey { request: Request::Intended { at: NOW }, ..journey() };
        assert_eq!(Stage::at(Some(intended.clone())).next(), Step::FetchRequest);
        let after = Journey { handed_off: handed_off().handed_off, ..intended };
        assert_eq!(Stage::at(Some(after)).next(), Step::AskForRequest);
    }

    #[test]
    fn the_request_is_handed_off_once_and_then_awaited() {
        assert_eq!(Stage::at(Some(with_request())).next(), Step::HandOff);
        assert_eq!(Stage::at(Some(handed_off())).next(), Step::AwaitCertificate);
    }

    #[test]
    fn an_uncertain_upload_is_read_back_before_anything_else() {
        let intended = Journey { install: Install::Intended { at: NOW.plus(5), tries: 1 }, ..received() };
        assert_eq!(Stage::at(Some(received())).next(), Step::Install { tries: 1 });
        assert_eq!(Stage::at(Some(intended.clone())).next(), Step::ReadBack, "the sighting is older than the upload");
        let looked = Journey { install: Install::Intended { at: NOW, tries: 1 }, ..received() };
        assert_eq!(Stage::at(Some(looked)).next(), Step::Install { tries: 2 }, "the old one is still shown");
        let twice = Journey { install: Install::Intended { at: NOW, tries: 2 }, ..received() };
        assert_eq!(Stage::at(Some(twice)).next(), Step::GuideInstall);
        let blind = Stage { reach: Reach { upload: true, ..Reach::default() }, ..Stage::at(Some(intended)) };
        assert_eq!(blind.next(), Step::GuideInstall, "no reader: a person answers");
    }

    #[test]
    fn devices_are_asked_until_they_answered() {
        let done = Install::Done { at: NOW, confirmed: Confirmation::ReadBack };
        let installed = Journey { install: done, ..received() };
        assert_eq!(Stage::at(Some(installed.clone())).next(), Step::Prove);
        let pending = Journey { proof: Proof::Pending { at: NOW, asked: 3 }, ..installed.clone() };
        assert_eq!(Stage::at(Some(pending)).next(), Step::Prove);
        let answered = Journey { proof: Proof::Answered { at: NOW, answered: 3, asked: 3 }, ..installed.clone() };
        assert_eq!(Stage::at(Some(answered)).next(), Step::Close);
        assert_eq!(Stage { reach: Reach::default(), ..Stage::at(Some(installed.clone())) }.next(), Step::Close);
        let soon = ReceivedCertificate { not_after: NOW.plus(59 * DAY), ..certificate() };
        let put_back = Journey { certificate: Some(soon), ..installed };
        assert_eq!(Stage::at(Some(put_back.clone())).next(), Step::Prove);
        let long_ago = Install::Done { at: NOW.plus(-300 * DAY), confirmed: Confirmation::ReadBack };
        let unproven = Journey { install: long_ago, ..put_back };
        assert_eq!(Stage::at(Some(unproven)).next(), Step::Close, "the next renewal is due");
    }

    #[test]
    fn a_console_is_compared_to_the_day_and_by_rounded_digits() {
        let certificate = certificate();
        let show = |topic: Option<Topic>, days: Option<i64>, serial: Option<&str>| {
            let not_after = days.map(|days| NOW.plus(days * DAY));
            let shown_serial = serial.map(str::to_owned);
            let installed = Installed { topic, not_after, shown_serial, ..Installed::default() };
            shown(&Seen { at: NOW, source: Source::Console, installed: Some(installed) }, &certificate)
        };
        assert_eq!(show(None, None, None), Shown::Unclear);
        assert_eq!(show(Some(topic("a")), None, None), Shown::Unclear);
        assert_eq!(show(None, Some(364), None), Shown::This);
        assert_eq!(show(None, Some(363), None), Shown::Other);
        assert_eq!(show(Some(topic("b")), Some(365), None), Shown::Other);
        assert_eq!(show(None, Some(365), Some("53236097223034430")), Shown::This);
        assert_eq!(show(None, Some(365), Some("53236097223134430")), Shown::Other);
        assert_eq!(show(None, Some(365), Some("532360972230344")), Shown::Other);
        assert_eq!(show(None, Some(365), Some("not shown yet")), Shown::Other);
    }
}
