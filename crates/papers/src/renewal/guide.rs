//! What a person does where there is no interface, as data: the same words on a terminal, on paper and on a page.

use crate::{Time, Topic, finding::Code};

/// Apple's portal.
pub const PORTAL: &str = "https://identity.apple.com/pushcert/";

/// Instructions for one turn of a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Card {
    /// What the turn is, with how long it takes.
    pub title: String,
    /// What to do, in order.
    pub lines: Vec<Line>,
    /// What to do when it does not go so.
    pub otherwise: Vec<String>,
}

/// One thing to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// The verb, as a label; empty when the line goes on with the one before.
    pub verb: &'static str,
    /// With what.
    pub text: String,
    /// Whether a mistake here would lose devices.
    pub grave: bool,
}

impl Line {
    pub(crate) fn new(verb: &'static str, text: impl Into<String>) -> Self {
        Self { verb, text: text.into(), grave: false }
    }

    pub(crate) fn grave(verb: &'static str, text: impl Into<String>) -> Self {
        Self { verb, text: text.into(), grave: true }
    }
}

/// Whose console a person is guided through.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Console {
    /// MobileIron Cloud, which is Ivanti Neurons for MDM.
    Cloud,
    /// MobileIron Core, which is Ivanti EPMM.
    Core,
    /// A server of which we know nothing.
    Other,
}

/// What the card for Apple's portal says.
#[derive(Clone, Debug)]
pub struct Portal<'a> {
    /// Where the portal is.
    pub address: &'a str,
    /// The Apple account that owns the row.
    pub apple_account: Option<&'a str>,
    /// The enrolled topic; `None` for a first certificate.
    pub topic: Option<&'a Topic>,
    /// The vendor that the portal shows in the row.
    pub vendor: Option<&'a str>,
    /// The end that the portal shows in the row.
    pub ends: Option<Time>,
    /// How many devices a wrong button would lose.
    pub devices: Option<u64>,
    /// The request's path; `None` when a person brings the certificate without one.
    pub request: Option<&'a str>,
    /// Whether today's certificate is not kept here yet, so that the person takes it along before it is renewed.
    pub keep_first: bool,
    /// What to write into the portal's note.
    pub note: &'a str,
    /// The command that helps when the row is not there.
    pub row_missing: &'a str,
}

/// The card for Apple's portal: *Renew* on the row of the enrolled topic, or *Create* where there is no row yet.
pub fn portal(facts: &Portal<'_>) -> Card {
    let mut lines = vec![Line::new("Open", facts.address), Line::new("Sign in", account(facts.apple_account))];
    match facts.topic {
        Some(topic) => {
            lines.extend(find_the_row(facts.vendor, facts.ends, topic));
            lines.extend(facts.keep_first.then(keep_first));
            lines.push(press_renew(facts.devices));
        }
        None => lines.push(Line::grave("Press", "Create a Certificate")),
    }
    if let Some(request) = facts.request {
        lines.push(Line::new("Upload", request));
        lines.push(Line::new("Note", facts.note));
    }
    lines.push(Line::new("Press", "Download"));
    Card { title: "Apple's portal: your turn, about two minutes".into(), lines, otherwise: row_missing(facts) }
}

fn account(known: Option<&str>) -> String {
    known.map_or_else(|| "with the Apple account of last year (it is not on record here)".into(), str::to_owned)
}

fn find_the_row(vendor: Option<&str>, ends: Option<Time>, topic: &Topic) -> [Line; 2] {
    let vendor = vendor.map(|vendor| format!(" · {vendor}")).unwrap_or_default();
    let end = ends.map(|end| format!(" · about {}", end.date())).unwrap_or_default();
    [
        Line::new("Find", format!("the row  Mobile Device Management{vendor}{end}")),
        Line::grave("", format!("its details must say  {}", topic.common_name())),
    ]
}

/// The portal may not show a certificate any more once the row is renewed.
fn keep_first() -> Line {
    Line::new(
        "First",
        "press Download on this row: today's certificate, which is the way back and is not kept here yet",
    )
}

fn press_renew(devices: Option<u64>) -> Line {
    let lost = match devices {
        Some(count) => format!("all {} devices", thousands(count)),
        None => "every device".into(),
    };
    Line::grave("Press", format!("Renew           never Create, never Revoke: either would lose {lost}"))
}

fn row_missing(facts: &Portal<'_>) -> Vec<String> {
    match facts.topic {
        Some(_) => vec![format!("Row not there? Stop: it is the wrong Apple account. Run  {}", facts.row_missing)],
        None => vec![],
    }
}

/// The card for a rehearsal: the way to the row, and nothing pressed that changes it.
pub fn rehearse(facts: &Portal<'_>, topic: &Topic) -> Card {
    let mut lines = vec![Line::new("Open", facts.address), Line::new("Sign in", account(facts.apple_account))];
    lines.extend(find_the_row(facts.vendor, facts.ends, topic));
    lines.push(Line::grave("Press", "Download        and nothing else: no Renew, no Create, no Revoke"));
    Card { title: "A rehearsal at Apple's portal: about two minutes".into(), lines, otherwise: row_missing(facts) }
}

/// Who may know about the Apple account.
#[derive(Clone, Copy, Debug, Default)]
pub struct People<'a> {
    /// The Apple account that is on record.
    pub apple_account: Option<&'a str>,
    /// Who answers for it.
    pub owner: Option<&'a str>,
    /// Who stands in.
    pub deputy: Option<&'a str>,
    /// The shared mailbox behind the account.
    pub mailbox: Option<&'a str>,
}

/// What to do when the row of the enrolled topic is not in the portal's list.
pub fn row_not_there(topic: &Topic, people: &People<'_>) -> Card {
    let name = topic.common_name();
    let on_record = people.apple_account.map_or_else(|| "the account is not on record here".into(), str::to_owned);
    let mut lines = vec![
        Line::grave("Stop", "press nothing: Create would give another topic, and every device would be lost"),
        Line::new("Look", format!("at the details of every row for  {name}")),
        Line::new("Sign out", "and sign in with every Apple account that may have made it:"),
        Line::new("", on_record),
        Line::new("", "a former colleague's, a shared mailbox's, a personal one"),
    ];
    let known = [people.owner, people.deputy, people.mailbox].into_iter().flatten();
    lines.extend(known.enumerate().map(|(at, who)| Line::new(if at == 0 { "Ask" } else { "" }, who)));
    lines.extend([
        Line::new("Search", "old mail for  Apple Push Notification Service certificate : it went to that account"),
        Line::new("Ask Apple", "to move the certificate to an account of yours (support article HT208643);"),
        Line::new("", "it may take ten working days, and the topic stays"),
    ]);
    Card {
        title: "The row is not in Apple's list".into(),
        lines,
        otherwise: vec!["The installed certificate works until its end; nothing has been changed.".into()],
    }
}

/// How an own key's signing request becomes one that Apple takes.
pub fn sign(csr: &str, command: &str) -> Card {
    Card {
        title: "The vendor's signature: your turn".into(),
        lines: vec![
            Line::new("Give", csr),
            Line::new("", "to the MDM vendor of your server: Apple takes only requests that a vendor has signed"),
            Line::new(
                "Or sign",
                "it yourself, if you are one:  pushcert csr sign REQUEST --vendor CERTIFICATE --out SIGNED.txt",
            ),
            Line::new("Run", format!("{command} --request SIGNED.txt")),
        ],
        otherwise: vec![
            "The private key stays here, encrypted, in the store: nobody needs it for the signature.".into(),
        ],
    }
}

/// How near a browser can be taken to a console's page for the certificate, from the server's origin. Deeper addresses are
/// not public.
pub fn console_link(console: Console, origin: &str) -> Option<String> {
    match console {
        Console::Cloud => Some(format!("{origin}/")),
        Console::Core => Some(format!("{origin}/mifs/admin/admin.html")),
        Console::Other => None,
    }
}

/// What is said under every card for a console.
const UNPROVEN: &str =
    "The names of menus and buttons come from the vendor's pages; they were not tried on a live server.";

/// How to get a request out of a console.
pub fn fetch(console: Console, host: Option<&str>, command: &str) -> Card {
    let place = host.map(|host| format!(" at {host}")).unwrap_or_default();
    let mut lines = page(console, &place);
    match console {
        Console::Cloud => {
            lines.push(Line::new(
                "Press",
                "the button that renews the certificate, where one is installed: three cards appear",
            ));
            lines.push(Line::new("Press", "Download File, on card 1: the browser saves ApplePushInfo.txt"));
            lines.push(Line::new(
                "Leave",
                "the page open: card 2 is Apple's portal, which comes next; card 3 is the upload",
            ));
        }
        Console::Core => {
            lines.push(Line::new("Press", "the button that downloads the request for Apple"));
            lines.push(Line::new("Leave", "the page open: the certificate goes there afterwards"));
        }
        Console::Other => {
            lines.push(Line::new("Get", "the push certificate request of your server, signed by its vendor"));
        }
    }
    lines.push(Line::new("Run", format!("{command} --request FILE  (where the file is not found by itself)")));
    Card {
        title: "The request: your turn, about a minute".into(),
        lines,
        otherwise: vec![
            "Download it once only, and use the newest file: each download may make a new key.".into(),
            UNPROVEN.into(),
        ],
    }
}

/// What the card for a console's upload says.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// Whose console it is.
    pub console: Console,
    /// Where it is.
    pub host: Option<&'a str>,
    /// The checked certificate.
    pub file: &'a str,
    /// Its private key, encrypted, where that is our own.
    pub key: Option<&'a str>,
    /// The Apple account, where a console asks for it.
    pub apple_account: Option<&'a str>,
    /// The end that the console is to show afterwards.
    pub ends: Time,
}

/// How to put a certificate into a console.
pub fn upload(facts: &Upload<'_>) -> Card {
    let place = facts.host.map(|host| format!(" at {host}")).unwrap_or_default();
    let mut lines = page(facts.console, &place);
    if let (Console::Cloud, Some(account)) = (facts.console, facts.apple_account) {
        lines.push(Line::new("Press", "Get Certificate, on card 2, and fill in"));
        lines.push(Line::new("", format!("Apple ID: {account}  (next year's only hint at the account), and Done")));
    }
    lines.push(match facts.console {
        Console::Cloud => Line::new("Press", "Upload Certificate, on card 3, and choose"),
        Console::Core => Line::new("Press", "the button that uploads the certificate, and choose"),
        Console::Other => Line::new("Upload", "to your server"),
    });
    lines.push(Line::new("", facts.file));
    if let Some(key) = facts.key {
        lines.push(Line::new("Its key", format!("{key}  (encrypted under its passphrase)")));
        lines.push(Line::new(
            "",
            "wants the server one file of both?  pushcert p12 pack CERTIFICATE --key KEY --out push.p12",
        ));
    }
    lines.push(Line::new(
        "Press",
        "Save, where there is such a button, and look at the date that the console shows afterwards",
    ));
    lines.push(Line::new("", format!("it must be {}", facts.ends.date())));
    Card { title: "The server: your turn, about a minute".into(), lines, otherwise: upload_otherwise(facts.console) }
}

/// The way to a console's page for the certificate.
fn page(console: Console, place: &str) -> Vec<Line> {
    match console {
        Console::Cloud => vec![
            Line::new("Open", format!("MobileIron Cloud{place}: Admin > Apple > MDM Certificate")),
            Line::new("", "(in older consoles  Admin > Apple/iOS > MDM Certificate)"),
        ],
        Console::Core => vec![
            Line::new("Open", format!("MobileIron Core{place}: Settings > System Settings > iOS > MDM")),
            Line::new("", "(or the page that its guide calls  Renewing your MDM certificate)"),
        ],
        Console::Other => vec![],
    }
}

fn upload_otherwise(console: Console) -> Vec<String> {
    let mut otherwise = vec![UNPROVEN.to_owned()];
    if console == Console::Core {
        otherwise.push(
            "Core can warn by itself too: a System Event, described beside that page in its guide, tells of the certificate's end.".into(),
        );
    }
    otherwise
}

/// A number as people read it: `1,204`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A sentence of reassurance or alarm under a refused certificate.
pub const fn after_refusal(code: Code) -> &'static str {
    match code {
        Code::TopicChanged | Code::OtherTenant => {
            "Nothing was uploaded. The devices still listen to the enrolled topic."
        }
        _ => "Nothing was uploaded.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(topic: Option<&Topic>) -> Portal<'_> {
        Portal {
            address: PORTAL,
            apple_account: Some("apple-push@example.com"),
            topic,
            vendor: None,
            ends: Some(Time::from_unix(0)),
            devices: Some(1_204),
            request: Some("/handoff/ApplePushInfo.txt"),
            keep_first: false,
            note: "acme",
            row_missing: "pushcert renew acme --row-missing",
        }
    }

    fn words(card: &Card) -> String {
        card.lines.iter().map(|line| format!("{} {}\n", line.verb, line.text)).collect()
    }

    #[test]
    fn only_a_first_certificate_is_created() {
        let topic = Topic::parse("com.apple.mgmt.External.a").expect("a topic");
        let renewal = words(&portal(&facts(Some(&topic))));
        assert!(renewal.contains("Press Renew") && renewal.contains("APSP:a") && renewal.contains("1,204 devices"));
        assert!(!renewal.contains("Press Create"));
        let first = words(&portal(&facts(None)));
        assert!(first.contains("Press Create") && !first.contains("Press Renew"));
    }

    #[test]
    fn a_rehearsal_presses_download_and_nothing_else() {
        let topic = Topic::parse("com.apple.mgmt.External.a").expect("a topic");
        let card = words(&rehearse(&facts(Some(&topic)), &topic));
        assert!(card.contains("APSP:a") && card.contains("Press Download"), "{card}");
        assert!(!card.contains("Press Renew") && !card.contains("Upload"), "{card}");
    }

    #[test]
    fn todays_certificate_is_taken_along_before_it_is_renewed() {
        let topic = Topic::parse("com.apple.mgmt.External.a").expect("a topic");
        let card = words(&portal(&Portal { keep_first: true, ..facts(Some(&topic)) }));
        assert!(card.find("First").expect("kept") < card.find("Press Renew").expect("renewed"), "{card}");
        assert!(!words(&portal(&facts(Some(&topic)))).contains("First"));
    }

    #[test]
    fn the_three_cards_of_cloud_and_the_page_of_core() {
        let cloud = words(&fetch(Console::Cloud, Some("na1.example.com"), "pushcert renew acme"));
        assert!(
            cloud.contains("Admin > Apple > MDM Certificate")
                && cloud.contains("card 1")
                && cloud.contains("ApplePushInfo.txt")
        );
        let upload = words(&upload(&Upload {
            console: Console::Cloud,
            host: None,
            file: "/a.pem",
            key: None,
            apple_account: Some("push@example.com"),
            ends: Time::from_unix(0),
        }));
        assert!(upload.contains("card 2") && upload.contains("card 3") && upload.contains("push@example.com"));
        let core = words(&fetch(Console::Core, None, "pushcert renew acme"));
        assert!(core.contains("Settings") && !core.contains("card 1"));
        assert_eq!(console_link(Console::Core, "https://core").as_deref(), Some("https://core/mifs/admin/admin.html"));
        assert_eq!(console_link(Console::Other, "https://x"), None);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
