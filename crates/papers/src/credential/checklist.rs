//! What a person does to bind Android Enterprise, as data: menus move, and then only this page changes.

use crate::renewal::guide::{Card, Console, Line};

/// The task with the service account's key: it wants the file.
pub const KEY: &str = "key";
/// The task with Google's token for binding: it wants the day on which the token was made.
pub const EMM_TOKEN: &str = "emm-token";
/// The task that uses that token up.
pub const CONNECT: &str = "connect";

/// How well a task's words are known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Known {
    /// From the vendor's own pages.
    Documented,
    /// Put together from several pages, or from what others report.
    Inferred,
}

impl Known {
    /// In words, for the card.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Documented => "By the vendor's pages; not tried on a live tenant, and menus move.",
            Self::Inferred => "Put together from several sources; not tried on a live tenant, and menus move.",
        }
    }
}

/// A task.
#[derive(Debug)]
pub struct Task {
    /// Its stable word.
    pub word: &'static str,
    /// What it is.
    pub title: &'static str,
    /// What to do: verbs and their objects.
    pub lines: &'static [(&'static str, &'static str)],
    /// What to look at, and to write down as evidence.
    pub evidence: &'static str,
    /// How well it is known.
    pub known: Known,
}

impl Task {
    /// The card for it.
    pub fn card(&self) -> Card {
        let mut lines: Vec<_> = self.lines.iter().map(|(verb, text)| Line::new(verb, *text)).collect();
        lines.push(Line::new("Note", self.evidence));
        Card { title: self.title.into(), lines, otherwise: vec![self.known.words().into()] }
    }
}

/// The tasks for this kind of console, in order.
pub const fn tasks(console: Console) -> &'static [Task] {
    match console {
        Console::Core => &CORE,
        Console::Cloud | Console::Other => &CLOUD,
    }
}

/// MobileIron Cloud's alternate set-up, with a verified domain and an enterprise service account.
static CLOUD: [Task; 10] = [
    Task {
        word: "domain",
        title: "Google: the domain is verified",
        lines: &[
            ("Open", "https://admin.google.com as a super administrator: Account > Domains > Manage domains"),
            ("Look", "that the domain of your users' addresses is listed as verified"),
            (
                "Look",
                "that it is not bound to another server: one domain has one, and the present one must let go first",
            ),
        ],
        evidence: "the domain, and that Google shows it as verified",
        known: Known::Documented,
    },
    Task {
        word: "key-policy",
        title: "Google: keys of service accounts may be made",
        lines: &[
            ("Why", "organisations made since 3 May 2024 forbid them by default, and the step with the key then fails"),
            (
                "Open",
                "https://console.cloud.google.com: IAM and Admin > Organization Policies, in the project of the key",
            ),
            ("Look", "at both constraints; either alone still blocks:"),
            ("", "iam.disableServiceAccountKeyCreation"),
            ("", "iam.managed.disableServiceAccountKeyCreation"),
            ("Override", "them for this one project only, if they are enforced; note it: it is taken back at the end"),
            (
                "",
                "this needs the role Organization Policy Administrator, which a super administrator does not have by itself",
            ),
        ],
        evidence: "not enforced, or overridden for which project",
        known: Known::Documented,
    },
    Task {
        word: "api",
        title: "Google: a project with the Google Play EMM API",
        lines: &[
            ("Open", "https://console.cloud.google.com, and make a project, or choose yours"),
            ("Open", "APIs and Services > Library, and search  Google Play EMM API"),
            ("Press", "Enable"),
        ],
        evidence: "the project's ID, and that the interface is enabled",
        known: Known::Documented,
    },
    Task {
        word: KEY,
        title: "Google: a service account, and its key",
        lines: &[
            ("Open", "IAM and Admin > Service Accounts > Create service account"),
            ("Open", "the account's tab Keys > Add key > Create new key"),
            ("Choose", "JSON, and keep the file where only you may read it: Google does not give it twice"),
            ("Run", "the same command with  --key FILE : the file is judged before it goes anywhere"),
        ],
        evidence: "the account's address (the file's facts are noted by themselves)",
        known: Known::Documented,
    },
    Task {
        word: "client-id",
        title: "Google: the server's client ID is allowed",
        lines: &[
            (
                "Open",
                "the server's page  Admin > Google/Android > Android for Work > Use Alternate Setup, and copy its client ID",
            ),
            (
                "Open",
                "https://admin.google.com: Security > Access and data control > API controls > Domain-wide delegation",
            ),
            ("Press", "Add new, and enter the client ID with the scopes that the server's page names"),
        ],
        evidence: "the client ID, and that Google lists it",
        known: Known::Inferred,
    },
    Task {
        word: EMM_TOKEN,
        title: "Google: a token for binding",
        lines: &[
            (
                "Open",
                "https://admin.google.com: Security, or Devices > Mobile and endpoints > third-party integrations",
            ),
            ("Press", "Generate token, and copy it at once into the server's page: it works for 30 days"),
            ("", "while Android is bound already, Google makes none and shows none"),
        ],
        evidence: "the day on which it was made (--on DATE); never the token itself",
        known: Known::Documented,
    },
    Task {
        word: CONNECT,
        title: "The server: connect",
        lines: &[
            ("Open", "Admin > Google/Android > Android for Work > Use Alternate Setup"),
            ("Fill in", "MDM Token: Google's token for binding"),
            ("Fill in", "the domain, and the address of a Google administrator where the page asks"),
            ("Upload", "the service account's JSON key, the file that was judged"),
            ("Press", "Connect"),
        ],
        evidence: "what the page says now",
        known: Known::Documented,
    },
    Task {
        word: "authorise",
        title: "The server: manage Google's users",
        lines: &[("Press", "Authorize, on the same page: the server may then look after your Google users")],
        evidence: "what the page says now",
        known: Known::Documented,
    },
    Task {
        word: "users",
        title: "A user is ready",
        lines: &[
            ("Look", "at a user in the server: the same address must be there at Google"),
            ("Look", "at the user's Google status: it must say  Enabled"),
        ],
        evidence: "which user, and the status",
        known: Known::Documented,
    },
    Task {
        word: "policy-back",
        title: "Google: the policy as it was",
        lines: &[
            ("Open", "IAM and Admin > Organization Policies, in the project of the key"),
            ("Undo", "the override of the second step; the key that was made stays valid"),
            ("", "nothing was overridden? Then this is done as well"),
        ],
        evidence: "what the constraints say now",
        known: Known::Documented,
    },
];

/// MobileIron Core binds through its vendor's portal; a service account's key is the wrong file there.
static CORE: [Task; 4] = [
    Task {
        word: "domain",
        title: "Google: which way of binding",
        lines: &[
            ("Decide", "managed Google Play accounts, or your Google domain; one domain has one server"),
            ("Look", "that the domain is not bound to another server"),
        ],
        evidence: "which way, and for a domain that Google shows it as verified",
        known: Known::Inferred,
    },
    Task {
        word: "vendor-portal",
        title: "The vendor's support portal: the enrolment file",
        lines: &[
            ("Open", "the vendor's support portal, its page for Android Enterprise, with your support account"),
            ("Do not", "choose the alternate method: for Core the page itself says so"),
            ("Download", "the JSON file that it hands out; it is not a service account's key"),
        ],
        evidence: "the organisation's name as the portal shows it",
        known: Known::Documented,
    },
    Task {
        word: CONNECT,
        title: "The server: connect",
        lines: &[
            ("Open", "Core's page for Google services and Android Enterprise"),
            ("Upload", "the vendor's JSON file, as it is"),
        ],
        evidence: "what the page says now",
        known: Known::Inferred,
    },
    Task {
        word: "users",
        title: "A device is ready",
        lines: &[("Look", "that a test device enrols, and that the PingID app's configuration can be chosen")],
        evidence: "which device",
        known: Known::Inferred,
    },
];
