//! What a person does at PingID and in the server, as data. The clicks are those of the vendors' pages.

use super::Place;
use crate::{
    Time,
    pingid::{KEY, Platform},
    renewal::guide::{Card, Console, Line},
};

const UNPROVEN: &str =
    "The names of menus and buttons come from the vendors' pages; they were not tried on a live tenant.";

const LEGACY: &str = "PingID's admin portal: Setup > PingID > Device & Pairing > Device Requirements";
const PINGONE: &str = "PingOne's console: Applications > Applications > PingID Mobile > Edit > Mobile Requirements";

/// Where tokens are made and revoked.
fn page(place: Place) -> [Line; 2] {
    let (first, other) = match place {
        Place::PingOne => (PINGONE, LEGACY),
        Place::Portal => (LEGACY, PINGONE),
    };
    [Line::new("Open", first), Line::new("", format!("or, where you have that one, {other}"))]
}

/// How to add a token beside the one in use.
pub fn add(place: Place, command: &str) -> Card {
    let mut lines = page(place).to_vec();
    lines.extend([
        Line::new("Expand", "Mobile Device Management: the tokens in use are listed there with their dates"),
        Line::new("Press", "Generate, or whatever makes one more token; leave the old one as it is"),
        Line::grave("Do not", "press Revoke: devices still have the old token"),
        Line::new("Press", "Save, and copy the new token"),
        Line::new("Run", format!("{command} --token-file FILE   (or paste it when asked: it is not shown)")),
    ]);
    Card { title: "PingID: add a token, about two minutes".into(), lines, otherwise: vec![UNPROVEN.into()] }
}

/// How to ask for a token for the first time, from a day to come.
pub fn first_token(place: Place, command: &str) -> Card {
    let mut lines = page(place).to_vec();
    lines.extend([
        Line::new("Press", "+Add > Mobile Device Management (PingOne: Require mobile device management)"),
        Line::new("Copy", "the token that was made; it may be changed to a text of your own"),
        Line::grave(
            "Choose",
            "an effective date well in the future: from that day on, devices without the token are refused",
        ),
        Line::new("Press", "Save"),
        Line::new(
            "Run",
            format!("{command} --effective-date DATE --token-file FILE   (or paste the token when asked)"),
        ),
    ]);
    let otherwise = vec![
        "Without a date in the future everybody is locked out at once, until every device has the token.".into(),
        UNPROVEN.into(),
    ];
    Card { title: "PingID: ask for a token, from a day to come".into(), lines, otherwise }
}

/// How to enter the token into the server for one platform.
pub fn switch(console: Console, platform: Platform, first: bool, folder: &str) -> Card {
    let mut lines = match console {
        Console::Core => core_configuration(platform),
        Console::Cloud | Console::Other => catalog(platform, first),
    };
    let file = format!("{folder}/{}", card_file(platform));
    lines.extend([
        Line::new("Key", KEY),
        Line::new("Value", format!("the one in  {file}   (nothing before it, nothing after it)")),
    ]);
    if platform == Platform::Ios {
        lines.push(Line::new("", format!("or, where the page takes a file (Use .plist): {folder}/{PLIST}")));
    }
    lines.push(Line::new("Press", "Save"));
    if first {
        lines.extend(onto_devices(platform));
    }
    let mut otherwise = notes(platform, first);
    otherwise.push(UNPROVEN.into());
    let title = format!("The server: the configuration for {}, about five minutes", platform.title());
    Card { title, lines, otherwise }
}

/// The file with key and value that a person copies from.
pub const fn card_file(platform: Platform) -> &'static str {
    match platform {
        Platform::Ios => "pingid-ios.txt",
        Platform::Android => "pingid-android.txt",
    }
}

/// The property list for iOS.
pub const PLIST: &str = "pingid-ios.plist";
/// The specification for iOS.
pub const APPCONFIG: &str = "pingid-ios.xml";
/// The managed configuration for Android.
pub const JSON: &str = "pingid-android.json";

fn catalog(platform: Platform, first: bool) -> Vec<Line> {
    let tab = match platform {
        Platform::Ios => "App Configurations > iOS Managed App Configuration",
        Platform::Android => {
            "App Configurations > Managed Configurations for Android (older consoles: Android for Work)"
        }
    };
    let find = if first { "choose the store, search PingID, and select the app" } else { "select the PingID app" };
    let open = if first { "Add" } else { "the configuration that is there, and delete the old value" };
    vec![
        Line::new("Open", "MobileIron Cloud: Apps > App Catalog"),
        Line::new("Find", format!("{find} for {}", platform.title())),
        Line::new("Open", tab),
        Line::new("Press", open),
    ]
}

fn core_configuration(platform: Platform) -> Vec<Line> {
    match platform {
        Platform::Ios => vec![
            Line::new("Open", "MobileIron Core: Apps > App Catalog > PingID for iOS, its managed app configuration"),
            Line::new("", "or Policies & Configs > Configurations > Managed App Config, if yours is there:"),
            Line::new("", "where both exist the catalog's wins, unless that was turned round"),
        ],
        Platform::Android => vec![Line::new(
            "Open",
            "MobileIron Core: Apps > App Catalog > PingID for Android, its configuration choices",
        )],
    }
}

/// How the app and its configuration get onto devices that do not have them.
fn onto_devices(platform: Platform) -> Vec<Line> {
    let mut lines = vec![
        Line::new("Press", "Application Configurations Summary > Install on device"),
        Line::new("Press", "Install Application configuration settings"),
        Line::new("Set", "Install on device  to ON"),
    ];
    if platform == Platform::Ios {
        lines.push(Line::new("Tick", "Convert to Managed App"));
    }
    lines.push(Line::new("Press", "Save (Update, where the entry was there before)"));
    lines
}

fn notes(platform: Platform, first: bool) -> Vec<String> {
    let mut notes = vec!["Devices have the new value after one or two check-ins.".to_owned()];
    if !first {
        return notes;
    }
    match platform {
        Platform::Ios => notes.extend([
            "iOS 9 and later: users are asked to let the server manage the app, and must agree.".into(),
            "Before iOS 9: users unpair PingID, remove it, install it from the server's catalog, and pair again."
                .into(),
            "Devices of Apple's User Enrollment: an app that the user installed cannot be taken over at all.".into(),
        ]),
        Platform::Android => notes.push(
            "Android: users unpair PingID, remove it, install it from the server's catalog, and pair again.".into(),
        ),
    }
    notes
}

/// How to revoke the old token.
pub fn revoke(place: Place, made: Option<Time>, command: &str) -> Card {
    let old = made.map_or_else(|| "the old token, by its date".into(), |made| format!("the token of {}", made.date()));
    let mut lines = page(place).to_vec();
    lines.extend([
        Line::new("Expand", "Mobile Device Management"),
        Line::grave("Find", format!("{old}; the new one stays")),
        Line::new("Press", "Revoke, and Save where the page has it"),
        Line::new("Run", format!("{command} --done revoked")),
    ]);
    let otherwise = vec![
        "Never revoke the last one: PingID makes another in its place, and every device is refused until it has that."
            .into(),
        UNPROVEN.into(),
    ];
    Card { title: "PingID: revoke the old token, about a minute".into(), lines, otherwise }
}
