//! A person at a real terminal, which the program `script` lends: questions, what is pasted, and the browser that opens.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    canary,
    shell::{Sandbox, has, home, program, run, text},
};

/// How long anything at the terminal may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program at a terminal.
struct Seat {
    child: Child,
    /// Everything that stood on the screen so far.
    screen: String,
}

impl Seat {
    /// Runs this program there, with these variables beside those of the test itself.
    fn at(home: &Path, arguments: &str, variables: &[(&str, String)]) -> Self {
        let mut command = Command::new("script");
        let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_pushcert"));
        command.args(["-qefc", &line, "/dev/null"]).env("HOME", home).env("NO_COLOR", "1");
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("SSH_CONNECTION");
        command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        Self { child: child.expect("script runs"), screen: String::new() }
    }

    fn types(&mut self, keys: &str) {
        self.child.stdin.as_mut().expect("its input").write_all(keys.as_bytes()).expect("typed");
    }

    /// Waits until these words stand on the screen; the screen may break them anywhere.
    fn sees(&mut self, words: &str) {
        let begun = Instant::now();
        let mut part = [0; 4_096];
        while !joined(&self.screen).contains(words) {
            let read = self.child.stdout.as_mut().expect("its output").read(&mut part).expect("the screen");
            assert!(read > 0 && begun.elapsed() < PATIENCE, "{words} is not on the screen:\n{}", self.screen);
            self.screen.push_str(&text(&part[..read]));
        }
    }

    /// The exit code, when it ends, and the screen.
    fn ends(mut self) -> (Option<i32>, String) {
        drop(self.child.stdin.take());
        let mut rest = vec![];
        self.child.stdout.take().expect("its output").read_to_end(&mut rest).expect("the screen");
        let screen = format!("{}{}", self.screen, text(&rest));
        canary::assert_none_in(screen.as_bytes(), "the terminal");
        (self.child.wait().expect("it ends").code(), screen)
    }
}

/// What stands on a screen, wherever it breaks the lines.
fn joined(screen: &str) -> String {
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Answers to every question, typed ahead.
fn answered(home: &Path, arguments: &str, answers: &[&str]) -> (Option<i32>, String) {
    let mut seat = Seat::at(home, arguments, &[]);
    for answer in answers {
        seat.types(&format!("{answer}\n"));
    }
    seat.ends()
}

fn configuration(home: &Path) -> String {
    fs::read_to_string(home.join(".config/pushcert/pushcert.toml")).unwrap_or_default()
}

const TOPIC: &str = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";

/// The text of a console's page, as a person copies it.
fn page() -> Vec<String> {
    let subject = format!("Subject DN\tC=US, CN=APSP:11111111, UID={TOPIC}");
    ["MDM Certificate", "", &subject, "Valid from\tMar 20, 2026", "Expires\tMar 20, 2036"].map(str::to_owned).to_vec()
}

fn status(home: &Path) -> Value {
    let output = run(home, &["status", "acme", "--offline", "-o", "json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
}

#[test]
fn a_tenant_is_set_up_by_questions_alone_and_a_pasted_page() {
    if !has("script") {
        return;
    }
    let sandbox_home = home();
    let sandbox = Sandbox::start(sandbox_home.path());
    let home = home();
    let page = page();
    let people = ["apple-push@acme.example", "IT <it@acme.example>", "Night desk", "apple@acme.example"];
    let before = ["acme", "mobileiron-core", sandbox.get("core"), sandbox.get("username")];
    let password = format!("command: cat '{}'", sandbox.get("password_file"));
    let mut answers = [&before[..], &[password.as_str()], &people, &["paste"]].concat();
    answers.extend(page.iter().map(String::as_str));
    answers.extend([".", "y"]);
    let (code, screen) = answered(home.path(), &format!("init --ca-file '{}'", sandbox.get("ca_file")), &answers);
    assert_eq!(code, Some(0), "{screen}");
    for question in ["A short name", "Its server", "The address of its console", "The account of the interface"] {
        assert!(screen.contains(question), "{question}: {screen}");
    }
    assert!(screen.contains("The sign-in works: 40 Apple devices."), "{screen}");
    let kept = configuration(home.path());
    for line in people.into_iter().chain(["password = { command = [\"cat\", "]) {
        assert!(kept.contains(line), "{line}: {kept}");
    }
    let status = status(home.path());
    assert_eq!((&status["source"], &status["enrolled_topic"]), (&"page".into(), &TOPIC.into()), "{status}");
    assert!(status["not_after"].as_str().is_some_and(|end| end.starts_with("2036-03-20")), "{status}");
}

#[test]
fn every_place_of_a_password_is_understood_and_a_wrong_answer_keeps_nothing() {
    if !has("script") {
        return;
    }
    let sandbox_home = home();
    let sandbox = Sandbox::start(sandbox_home.path());
    let arguments = format!(
        "init --mdm mobileiron-cloud --url {} --username {} --ca-file '{}' --apple-account a@b.example --owner IT --deputy D --mailbox M",
        sandbox.get("cloud"),
        sandbox.get("username"),
        sandbox.get("ca_file")
    );
    let file = sandbox.get("password_file");
    for (place, code, line) in [
        (file.to_owned(), 0, "password = { file = "),
        (format!("command: cat '{file}'"), 0, "password = { command = [\"cat\", "),
        ("env: PUSHCERT_NO_SUCH_VARIABLE".to_owned(), 2, ""),
        ("credential: acme".to_owned(), 2, ""),
        ("keyring: acme".to_owned(), 2, ""),
        ("command: cat 'open".to_owned(), 2, ""),
    ] {
        let home = home();
        let (ended, screen) = answered(home.path(), &arguments, &["acme", &place, ""]);
        assert_eq!(ended, Some(code), "{place}: {screen}");
        let kept = configuration(home.path());
        assert_eq!(kept.is_empty(), line.is_empty(), "{place}: {kept}");
        assert!(kept.contains(line), "{place}: {kept}");
    }
}

#[test]
fn guided_without_a_sign_in_asks_for_none_and_contacts_nobody() {
    if !has("script") {
        return;
    }
    let home = home();
    // Nothing listens there: an attempt to sign in would fail.
    let answers = ["neurons", "https://127.0.0.1:9", "a@b.example", "IT", "", "", "paste"].map(str::to_owned);
    let answers = [&answers[..], &page(), &[".".to_owned(), "n".to_owned()]].concat();
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let (code, screen) = answered(home.path(), "init acme --guided", &answers);
    assert_eq!(code, Some(0), "{screen}");
    assert!(!screen.contains("password") && screen.contains("No sign-in"), "{screen}");
    assert!(joined(&screen).contains(&format!("--confirm-topic {TOPIC}")), "a no is a no: {screen}");
    let status = status(home.path());
    assert_eq!((&status["source"], &status["enrolled_topic"]), (&"page".into(), &Value::Null), "{status}");
}

#[test]
fn a_page_comes_from_standard_input() {
    let home = home();
    let url = "https://127.0.0.1:9";
    let set_up = run(home.path(), &["init", "acme", "--mdm", "neurons", "--url", url, "--guided", "--no-input"]);
    assert_eq!(set_up.status.code(), Some(0), "{}", text(&set_up.stderr));
    let adopt = |bytes: &[u8]| {
        let mut command = program(home.path());
        command.args(["adopt", "acme", "--page", "-", "--confirm-topic", TOPIC]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
        child.stdin.take().expect("its input").write_all(bytes).ok();
        child.wait_with_output().expect("it ends")
    };
    let large = vec![b' '; (1 << 20) + 1];
    for (wrong, code) in
        [(&b"<html>Please sign in</html>"[..], "page-not-understood"), (&large, "too large"), (b"", "page")]
    {
        let output = adopt(wrong);
        assert_eq!(output.status.code(), Some(3), "{code}: {}", text(&output.stderr));
    }
    let output = adopt(page().join("\n").as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let status = status(home.path());
    assert_eq!((&status["source"], &status["enrolled_topic"]), (&"page".into(), &TOPIC.into()), "{status}");
}

/// A desktop whose browser only writes down what it was to open.
struct Desktop {
    home: tempfile::TempDir,
    opened: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Desktop {
    fn new() -> Self {
        let home = home();
        let (programs, opened) = (home.path().join("programs"), home.path().join("opened"));
        fs::create_dir(&programs).expect("a folder");
        let browser = programs.join("xdg-open");
        fs::write(&browser, format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{}'\n", opened.display())).expect("written");
        #[cfg(unix)]
        fs::set_permissions(&browser, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
        fs::create_dir(home.path().join("Downloads")).expect("a folder");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display());
        Self { home, opened, variables: vec![("PATH", path), ("DISPLAY", ":9".into())] }
    }

    /// Renews a tenant until the program waits for the person, who then presses Ctrl-C.
    fn renews(&self, sandbox: &Sandbox, more: &str) -> String {
        let arguments = format!("--config '{}' renew cloud {more}", sandbox.get("config"));
        let mut seat = Seat::at(self.home.path(), &arguments, &self.variables);
        seat.sees("Ctrl-C is safe");
        seat.types("\u{3}");
        let (code, screen) = seat.ends();
        assert_eq!(code, Some(130), "{screen}");
        screen
    }

    /// What was opened. The browser is another process, which may come a moment later.
    fn opened(&self, awaited: bool) -> String {
        let begun = Instant::now();
        while awaited && !self.opened.exists() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        fs::read_to_string(&self.opened).unwrap_or_default()
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_browser_opens_at_the_portal_only_where_a_person_has_one() {
    if !has("script") {
        return;
    }
    let sandbox_home = home();
    let sandbox = Sandbox::start(sandbox_home.path());
    let mut desk = Desktop::new();
    let screen = desk.renews(&sandbox, "");
    assert_eq!(desk.opened(true).trim(), sandbox.get("portal"));
    assert!(screen.contains("Opened in your browser"), "{screen}");
    fs::remove_file(&desk.opened).expect("gone");
    desk.renews(&sandbox, "--no-browser");
    desk.variables.push(("SSH_CONNECTION", "192.0.2.1 5 192.0.2.2 22".into()));
    desk.renews(&sandbox, "");
    desk.variables.retain(|(name, _)| !["SSH_CONNECTION", "DISPLAY"].contains(name));
    let screen = desk.renews(&sandbox, "");
    assert!(!screen.contains("Opened in your browser"), "{screen}");
    let nobody = run(desk.home.path(), &["--config", sandbox.get("config"), "renew", "cloud", "--no-input"]);
    assert_eq!(nobody.status.code(), Some(4), "{}", text(&nobody.stderr));
    assert_eq!(desk.opened(false), "", "nothing was opened for nobody, over SSH, or without a desktop");
}

#[cfg(target_os = "linux")]
#[test]
fn the_browser_opens_the_console_at_a_guided_step() {
    if !has("script") {
        return;
    }
    let sandbox_home = home();
    let sandbox = Sandbox::start(sandbox_home.path());
    let desk = Desktop::new();
    let config = desk.home.path().join("guided.toml");
    let ready = fs::read_to_string(sandbox.get("config")).expect("a configuration");
    let guided: String =
        ready.lines().filter(|line| !line.starts_with("console")).map(|line| format!("{line}\n")).collect();
    fs::write(&config, guided).expect("written");
    let installed = sandbox.curl(&[sandbox.get("portal")]);
    let serial =
        text(&installed).split("csn=").nth(1).and_then(|rest| rest.split('"').next()).expect("a row").to_owned();
    let pem = sandbox.curl(&[&format!("{}download?csn={serial}", sandbox.get("portal"))]);
    fs::write(desk.home.path().join("installed.pem"), pem).expect("saved");
    let (config, file) = (config.display().to_string(), desk.home.path().join("installed.pem").display().to_string());
    let adopted = run(desk.home.path(), &["--config", &config, "adopt", "cloud", &file]);
    assert_eq!(adopted.status.code(), Some(0), "{}", text(&adopted.stderr));
    let mut seat = Seat::at(desk.home.path(), &format!("--config '{config}' renew cloud"), &desk.variables);
    seat.sees("for the request");
    seat.types("\u{3}");
    assert_eq!(seat.ends().0, Some(130));
    assert!(desk.opened(true).starts_with(sandbox.get("cloud")), "{}", desk.opened(false));
}
