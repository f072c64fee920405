//! Alerts from the watch to whoever receives them: real processes, a real receiver, one store.
#![cfg(unix)]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::net::UnixDatagram,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    receivers::{Receiver, Room},
    shell::{Sandbox, has, home, program, run, text},
    store::{PASSWORD, cluster},
};

const TOPIC: &str = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";

/// A home with a receiver, and tenants of which something is to be told, whatever the day is.
struct Desk {
    home: tempfile::TempDir,
    room: Room,
    receiver: Receiver,
    /// The line of the configuration that names the store.
    store: String,
}

/// Where alerts lie until they are sent.
#[derive(Clone, Copy)]
enum Engine {
    Sqlite,
    Postgres,
}

impl Desk {
    fn new() -> Option<Self> {
        Self::on(Engine::Sqlite)
    }

    fn on(engine: Engine) -> Option<Self> {
        if !has("python3") {
            return None;
        }
        let room = Room::new();
        let store = match engine {
            Engine::Sqlite => String::new(),
            Engine::Postgres => database(&room)?,
        };
        let receiver = Receiver::https(&room, "own");
        let desk = Self { home: home(), receiver, room, store };
        desk.configure(&[&tenant("acme")]);
        desk.adopt("acme");
        Some(desk)
    }

    fn config(&self) -> String {
        self.home.path().join("pushcert.toml").display().to_string()
    }

    fn configure(&self, parts: &[&str]) {
        let url = self.room.secret("url", &format!("https://127.0.0.1:{}/in", self.receiver.port));
        let ca = self.room.path("ca.pem");
        let hook = format!("[[channels]]\nkind = \"webhook\"\nname = \"room\"\nurl = {url}\nca_file = {ca:?}\n");
        fs::write(self.config(), self.store.clone() + &parts.concat() + &hook).expect("written");
    }

    fn adopt(&self, tenant: &str) {
        let adopted = self.run(&["adopt", tenant, "fixtures/papers/renewal-after.pem"]);
        assert_eq!(adopted.1, Some(0), "{}", adopted.0);
    }

    fn run(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let output = run(self.home.path(), &[&["--config", &self.config()], arguments].concat());
        (text(&output.stdout) + &text(&output.stderr), output.status.code())
    }

    /// A round alone. What it comes to depends on the day.
    fn once(&self) {
        let (said, code) = self.run(&["watch", "--once"]);
        assert!(matches!(code, Some(0 | 9)), "{said}");
    }

    fn watch(&self, more: &[&str]) -> Watch {
        let mut command = program(self.home.path());
        command.args(["--config", &self.config(), "watch", "--every", "1s"]).args(more);
        if !more.contains(&"--timeout") {
            command.args(["--timeout", "3s"]);
        }
        Watch::start(command)
    }

    fn switch(&self, name: &str, text: &str) {
        fs::write(self.room.at(name), text).expect("written");
    }

    fn switch_off(&self, name: &str) {
        fs::remove_file(self.room.at(name)).expect("it was there");
    }

    /// What became of the letters of a tenant, by the status.
    fn undelivered(&self) -> Value {
        let (line, _) = self.run(&["status", "acme", "--offline", "-o", "json"]);
        let line: Value = serde_json::from_str(&line).expect("JSON");
        line["undelivered"].clone()
    }
}

/// A fresh database of a real PostgreSQL; `None` where it is not installed.
fn database(room: &Room) -> Option<String> {
    let cluster = cluster()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let database = runtime.block_on(cluster.database());
    let password = room.secret("database", PASSWORD);
    Some(format!("store = {{ url = {:?}, password = {password} }}\n", database.address("postgres")))
}

fn tenant(name: &str) -> String {
    format!(
        "[tenants.{name}]\nmdm = \"manual\"\nenrolled_topic = \"{TOPIC}\"\napple_account = \"push@{name}.example\"\n\
         thresholds = {{ notice = 100000 }}\n"
    )
}

/// A watch in a process of its own; it is ended when this goes.
struct Watch {
    child: Child,
}

impl Watch {
    fn start(mut command: Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a watch");
        Self { child }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    fn ends(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn an_alert_says_what_to_do() {
    let Some(desk) = Desk::new() else { return };
    let _watch = desk.watch(&[]);
    let request = desk.receiver.next("request");
    let alert: Value = serde_json::from_str(request["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!((&alert["tenant"], &alert["matter"]), (&"acme".into(), &"expiry".into()), "{alert}");
    assert_eq!(alert["command"], "pushcert renew acme");
    assert_eq!(
        (&alert["apple_account"], &alert["not_after"]),
        (&"push@acme.example".into(), &"2027-05-21T23:59:59Z".into())
    );
    assert_eq!(alert["server"], "a server without an interface");
    assert_eq!(alert["revocation"], "not-looked-up", "nobody looked, and it says so");
    let head = alert["head"].as_str().expect("a digest");
    let verified = desk.run(&["history", "acme", "--verify", "--head", head]);
    assert_eq!(verified.1, Some(0), "the digest is that of the record: {}", verified.0);
    assert_eq!(request["headers"]["idempotency-key"], alert["id"]);
}

/// Each behaviour of several watchers, as a test for each engine.
macro_rules! on_both_engines {
    ($($behaviour:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $behaviour() { super::$behaviour(super::Engine::Sqlite) })*
        }
        mod postgres {
            $(#[test] fn $behaviour() { super::$behaviour(super::Engine::Postgres) })*
        }
    };
}

on_both_engines![
    whoever_dies_before_the_sending_leaves_the_letter_to_another,
    whoever_dies_after_the_sending_causes_a_repeat_that_can_be_recognised,
    watchers_of_one_store_share_the_work,
];

fn whoever_dies_before_the_sending_leaves_the_letter_to_another(engine: Engine) {
    let Some(desk) = Desk::on(engine) else { return };
    desk.switch("deaf", "");
    let first = desk.watch(&[]);
    desk.receiver.next("connected");
    first.signal(Signal::KILL);
    drop(first);
    desk.switch_off("deaf");
    let _second = desk.watch(&[]);
    let alert = desk.receiver.alert();
    assert_eq!((&alert["tenant"], &alert["matter"]), (&"acme".into(), &"expiry".into()));
}

fn whoever_dies_after_the_sending_causes_a_repeat_that_can_be_recognised(engine: Engine) {
    let Some(desk) = Desk::on(engine) else { return };
    desk.switch("hold", "");
    let first = desk.watch(&[]);
    let sent = desk.receiver.next("request");
    first.signal(Signal::KILL);
    drop(first);
    desk.switch_off("hold");
    let _second = desk.watch(&[]);
    let repeated = desk.receiver.next("request");
    assert_eq!(sent["headers"]["idempotency-key"], repeated["headers"]["idempotency-key"]);
    assert_eq!(sent["body"], repeated["body"]);
}

fn watchers_of_one_store_share_the_work(engine: Engine) {
    let Some(desk) = Desk::on(engine) else { return };
    let names: Vec<_> = (0..12).map(|number| format!("tenant-{number}")).collect();
    let tenants: String = names.iter().map(|name| tenant(name)).collect();
    desk.configure(&[&tenants]);
    for name in &names {
        desk.adopt(name);
    }
    let _watchers = [desk.watch(&[]), desk.watch(&[]), desk.watch(&[])];
    let told: BTreeSet<String> = names.iter().map(|_| desk.receiver.alert()["tenant"].to_string()).collect();
    assert_eq!(told.len(), names.len(), "each once, and nobody twice: {told:?}");
    // Three more rounds of everybody say nothing new.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(desk.receiver.so_far(), Vec::<Value>::new());
}

#[test]
fn a_letter_in_hand_is_sent_to_its_end() {
    let Some(desk) = Desk::new() else { return };
    desk.switch("hold", "");
    let mut watch = desk.watch(&[]);
    desk.receiver.next("request");
    watch.signal(Signal::TERM);
    desk.switch_off("hold");
    assert_eq!(watch.ends(), Some(0));
    desk.once();
    assert_eq!(desk.receiver.so_far(), Vec::<Value>::new(), "it was written down that it was taken");
}

#[test]
fn what_is_not_taken_shows_and_is_tried_again() {
    let Some(desk) = Desk::new() else { return };
    desk.switch("status", "503");
    desk.once();
    desk.receiver.next("request");
    let waiting = &desk.undelivered()[0];
    assert_eq!((&waiting["channel"], &waiting["given_up"]), (&"room".into(), &false.into()), "{waiting}");
    assert!(
        desk.run(&["status", "--offline"])
            .0
            .contains("an alert could not be delivered yet by room: it answered with status 503")
    );
    // Its pause is over at once, for this test.
    let store = desk.home.path().join(".local/state/pushcert/pushcert.sqlite");
    let raw = rusqlite::Connection::open(store).expect("the store");
    raw.execute("UPDATE outbox SET due = 0, attempts = 13", []).expect("changed");
    desk.once();
    assert_eq!(desk.undelivered()[0]["given_up"], true, "a day of tries is over");
    desk.switch_off("status");
    raw.execute("UPDATE outbox SET due = 0, attempts = 1, state = 'waiting'", []).expect("changed");
    desk.once();
    assert_eq!(desk.undelivered(), Value::Null);
}

#[test]
fn a_refused_configuration_is_told_and_its_repair_too() {
    let Some(desk) = Desk::new() else { return };
    let _watch = desk.watch(&[]);
    assert_eq!(desk.receiver.alert()["tenant"], "acme");
    let good = fs::read_to_string(desk.config()).expect("a configuration");
    fs::write(desk.config(), format!("{good}\n[tenants.globex]\nmdn = \"manual\"\n")).expect("written");
    let refused = desk.receiver.alert();
    assert_eq!((&refused["tenant"], &refused["matter"]), (&"pushcert-watch".into(), &"configuration".into()));
    assert!(
        refused["what"].as_str().is_some_and(|what| what.contains("unknown key `mdn`; did you mean `mdm`?")),
        "{refused}"
    );
    assert!(!refused.to_string().contains("u{a}"), "it is for people: {refused}");
    fs::write(desk.config(), good).expect("written");
    let over = desk.receiver.alert();
    assert_eq!((&over["matter"], &over["recovered"]), (&"configuration".into(), &true.into()));
}

#[test]
fn a_watch_that_cannot_do_its_work_says_so_everywhere_and_when_it_can_again() {
    let Some(desk) = Desk::new() else { return };
    let public = desk.home.path().join("public");
    let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").to_string();
    desk.configure(&[&format!("public_dir = {public:?}\n"), &tenant("acme")]);
    let _watch = desk.watch(&["--listen", &address]);
    let troubles = |recovered: bool| loop {
        let alert = desk.receiver.alert();
        if alert["matter"] == "rounds" {
            assert_eq!(
                (&alert["tenant"], &alert["recovered"]),
                (&"pushcert-watch".into(), &recovered.into()),
                "{alert}"
            );
            return alert["what"].as_str().unwrap_or_default().to_owned();
        }
    };
    let get = |path: &str| {
        text(&Command::new("curl").args(["-sS", &format!("http://{address}{path}")]).output().expect("curl").stdout)
    };
    let what = troubles(false);
    assert!(what.contains("public"), "it says what: {what}");
    assert_eq!(get("/readyz"), "not ready\n");
    assert!(get("/").contains("The last look failed") && get("/").contains("acme"), "what was seen stays");
    assert!(get("/metrics").contains("pushcert_watch_round_success 0"));
    fs::create_dir(&public).expect("a folder");
    troubles(true);
    assert_eq!(get("/readyz"), "ready\n");
    assert!(get("/metrics").contains("pushcert_watch_round_success 1"));
}

#[test]
fn a_slow_server_holds_up_nobody_elses_alert() {
    let Some(desk) = Desk::new() else { return };
    let sandbox = Sandbox::start(desk.home.path());
    let servers = fs::read_to_string(sandbox.get("config")).expect("a configuration");
    let slow = r#"{"where":"*","match":"*","do":{"delay_ms":600000}}"#;
    sandbox.curl(&["--data", slow, &format!("{}/_sandbox/faults", sandbox.get("cloud"))]);
    desk.configure(&[&servers, &tenant("acme")]);
    let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").to_string();
    let _watch = desk.watch(&["--timeout", "600s", "--max-age", "0s", "--listen", &address]);
    assert_eq!(desk.receiver.alert()["tenant"], "acme");
    let ready = Command::new("curl").args(["-sS", &format!("http://{address}/readyz")]).output().expect("curl");
    assert_eq!(text(&ready.stdout), "not ready\n", "the first round still waits for the slow ones");
}

#[test]
fn systemd_is_told_and_its_watchdog_fed() {
    let Some(desk) = Desk::new() else { return };
    let socket = UnixDatagram::bind(desk.room.at("notify")).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_mins(1))).expect("a limit");
    let mut shell = Command::new("/bin/sh");
    shell
        .args([
            "-c",
            "WATCHDOG_PID=$$ exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_pushcert"),
            "--config",
            &desk.config(),
            "watch",
        ])
        .env_clear()
        .env("HOME", desk.home.path())
        .env("NOTIFY_SOCKET", desk.room.at("notify"))
        .env("WATCHDOG_USEC", "600000");
    let mut watch = Watch::start(shell);
    let told = |until: &str| {
        let mut all = String::new();
        while !all.contains(until) {
            let mut buffer = [0; 4096];
            let length = socket.recv(&mut buffer).expect("a state");
            let _ = writeln!(all, "{}", text(&buffer[..length]));
        }
        all
    };
    told("READY=1\nSTATUS=1 tenants watched; ");
    for _ in 0..3 {
        told("WATCHDOG=1");
    }
    watch.signal(Signal::HUP);
    let reload = told("READY=1");
    assert!(reload.contains("RELOADING=1\nMONOTONIC_USEC="), "{reload}");
    watch.signal(Signal::TERM);
    told("STOPPING=1");
    assert_eq!(watch.ends(), Some(0));
}

#[test]
fn the_first_round_comes_before_anybody_is_told_that_it_is_ready() {
    let Some(desk) = Desk::new() else { return };
    let mut watch = desk.watch(&["--listen", "127.0.0.1:0", "-o", "json"]);
    let mut line = String::new();
    BufReader::new(watch.child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let line: Value = serde_json::from_str(&line).expect("JSON");
    assert!(line["page"].as_str().is_some_and(|page| page.starts_with("http://127.0.0.1:")), "{line}");
    let list = crate::shell::succeeds(
        Command::new("curl").args(["-sS", &format!("{}status.json", line["page"].as_str().expect("a page"))]),
    );
    let list: Value = serde_json::from_slice(&list).expect("JSON");
    assert_eq!(list["tenants"][0]["tenant"], "acme");
}
