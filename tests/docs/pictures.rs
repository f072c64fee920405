//! The pictures of the documentation are drawn from runs: terminals from the tool at work in the embedded world, pages from a real
//! Chromium. What is drawn must be what lies in `docs/pictures`; `just pictures` draws anew.

use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
};

use pushcert::{
    cli::for_people,
    commands::{
        Event, Reporter, World,
        renew::{Wish, renew},
        status,
    },
};
use pushcert_sandbox::Options;

use crate::{
    browser,
    shell::{home, program, skipped_unless, text},
    trial::Trial,
};

const FOLDER: &str = "docs/pictures";

/// A terminal that keeps what it shows.
#[derive(Default)]
struct Screen(RefCell<String>);

impl Reporter for Screen {
    fn tell(&self, event: Event<'_>) {
        self.0.borrow_mut().push_str(&for_people(&event, false).unwrap_or_default());
    }
}

impl Screen {
    fn typed(&self, command: &str) {
        let apart = if self.0.borrow().is_empty() { "" } else { "\n" };
        self.0.borrow_mut().extend([apart, "\u{1b}[1m$ ", command, "\u{1b}[0m\n"]);
    }

    /// What was shown, with other addresses.
    fn shown(&self, trial: &Trial) -> String {
        as_elsewhere(&self.0.borrow(), trial)
    }
}

/// A text with the addresses of the embedded world and its room replaced by those of a real one.
fn as_elsewhere(text: &str, trial: &Trial) -> String {
    let announced = trial.sandbox.announcement();
    let host = |url: &str| url.trim_start_matches("https://").trim_end_matches('/').to_owned();
    let mut text = text.to_owned();
    for (ours, shown) in [
        (announced.portal.as_str(), "https://identity.apple.com/pushcert/"),
        (&host(&announced.cloud), "na1.mobileiron.com"),
        (&trial.path("handoff").display().to_string(), "~/pushcert"),
        (&trial.path("").display().to_string(), "~/Downloads/"),
        ("@example.com", "@acme.example"),
    ] {
        text = text.replace(ours, shown);
    }
    named(&text)
}

/// The text with made-up identifiers in the place of those that the embedded world draws anew each time.
fn named(text: &str) -> String {
    let is_uuid = |word: &str| {
        let lengths: Vec<_> = word.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12] && word.chars().all(|letter| letter == '-' || letter.is_ascii_hexdigit())
    };
    let mut named = text.to_owned();
    for word in text.split(|letter: char| !(letter.is_ascii_hexdigit() || letter == '-')).filter(|word| is_uuid(word)) {
        named = named.replace(word, "980b6421-2edc-4d9a-aea7-10cd7610ad2b");
    }
    named
}

/// A trial with a tenant that is called as in the documentation.
async fn acme() -> Trial {
    let mut trial = Trial::within(Options { devices: 1_204, ..Options::default() }, "acme").await;
    trial.reconfigured(|config| config.replace("[tenants.cloud", "[tenants.acme"));
    // As `init` does it.
    let installed = trial.installed_today().await;
    trial.adopt(&installed, None).await.expect("it is recorded");
    trial
}

async fn renewing(trial: &Trial, screen: &Screen, wish: Wish) {
    let real = trial.try_to_live().await.expect("a world");
    let renewed =
        real.live(screen, &trial.person, async |world: &World<'_>| renew(world, &trial.tenant, wish).await).await;
    renewed.expect("a step forward");
}

/// Both halves of a renewal, with Apple's portal between them.
async fn renewal() -> String {
    let (trial, screen) = (acme().await, Screen::default());
    // The request that the person takes to the portal is told to the trial's own ears as well.
    screen.typed("pushcert renew acme");
    renewing(&trial, &screen, Wish::default()).await;
    trial.renew(Wish::default()).await.expect("the same again");
    let certificate = trial.renewed_at_the_portal().await;
    let brought = trial.path("MDM_ MobileIron_Certificate.pem");
    fs::rename(certificate, &brought).expect("renamed");
    screen.typed("pushcert renew acme --certificate '~/Downloads/MDM_ MobileIron_Certificate.pem'");
    renewing(&trial, &screen, Wish { certificate: Some(brought), ..Wish::default() }).await;
    screen.shown(&trial)
}

/// How the tenant stands, three weeks before the end.
async fn standing() -> String {
    let (trial, screen) = (acme().await, Screen::default());
    screen.typed("pushcert status");
    let real = trial.try_to_live().await.expect("a world");
    real.live(&screen, &trial.person, async |world: &World<'_>| status::status(world, &status::Wish::default()).await)
        .await
        .expect("a table");
    screen.shown(&trial)
}

/// What the program says of fixtures.
fn judged() -> String {
    let arguments = ["check", "new.pem", "--against", "last-year.pem"];
    let home = home();
    for (paper, name) in [
        ("other-topic.pem", "new.pem"),
        ("renewal-before.pem", "last-year.pem"),
        ("authorities.pem", "authorities.pem"),
    ] {
        fs::copy(Path::new("fixtures/papers").join(paper), home.path().join(name)).expect("copied");
    }
    let authorities = home.path().join("authorities.pem");
    let output = program(home.path())
        .current_dir(home.path())
        .args(arguments)
        .args(["--at", "2026-06-01", "--color", "always"])
        .env("PUSHCERT_AUTHORITIES", &authorities)
        .output()
        .expect("it runs");
    let said: String = text(&output.stdout)
        .lines()
        .filter(|line| !line.contains("not Apple's"))
        .map(|line| format!("{line}\n"))
        .collect();
    format!("\u{1b}[1m$ pushcert {}\u{1b}[0m\n{said}", arguments.join(" "))
}

fn compare(name: &str, screen: &str) {
    let drawn =
        anstyle_svg::Term::new().palette(anstyle_svg::WIN10_CONSOLE).min_width_px(820).render_svg(screen.trim_end());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(name);
    if std::env::var_os("TRYCMD").is_some_and(|wish| wish == "overwrite") {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, &drawn).expect("written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == drawn, "{name} shows something else by now:  just bless  draws it anew\n{screen}");
}

#[tokio::test]
async fn terminals_show_what_the_tool_says() {
    compare("renewal.svg", &renewal().await);
    compare("status.svg", &standing().await);
    compare("refused.svg", &judged());
}

/// The pages, drawn where `PICTURES` says so: no two machines draw letters alike, so they are looked at, and not compared.
#[tokio::test]
async fn pages_are_drawn_small() {
    if std::env::var_os("PICTURES").is_some() {
        draw().await;
    }
    for name in ["page.png", "portal.png", "card.png"] {
        let picture = fs::read(Path::new(FOLDER).join(name)).expect("a picture");
        assert!(picture.starts_with(b"\x89PNG\r\n") && picture.len() < 120_000, "{name}: {} octets", picture.len());
    }
}

async fn draw() {
    let here = Path::new("tests/browser/node_modules/playwright-core").is_dir();
    if !skipped_unless(here, "npm install  in tests/browser") {
        return;
    }
    let trial = acme().await;
    trial.renew(Wish::default()).await.expect("a card");
    let card = trial.path("card.html");
    let handed = String::from_utf8(trial.handed("card.html")).expect("text");
    fs::write(&card, as_elsewhere(&handed, &trial)).expect("written");
    let tenants = browser::tenants(9).into_iter().filter(|line| line.tenant.as_str().len() < 12).collect();
    let board = browser::serve(tenants);
    let shots = [
        ("page", board),
        ("portal", trial.sandbox.announcement().portal.clone()),
        ("card", format!("file://{}", card.display())),
    ];
    let arguments: Vec<_> = shots.into_iter().flat_map(|(name, address)| [picture(name), address]).collect();
    let output = tokio::process::Command::new("node").arg("tests/browser/draw.mjs").args(arguments).output().await;
    let output = output.expect("node runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn picture(name: &str) -> String {
    PathBuf::from(FOLDER).join(format!("{name}.png")).display().to_string()
}
