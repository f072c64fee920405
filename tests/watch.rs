//! The watch, as systemd, Prometheus and browsers meet it.
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::shell::{home, program, run, text};

const TOPIC: &str = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";

/// A watch in a process of its own; it is ended when this goes.
pub struct Watch {
    child: Child,
    pub address: String,
}

impl Watch {
    pub fn start(home: &Path, config: &Path, more: &[&str]) -> Self {
        let mut child = program(home)
            .args(["watch", "--listen", "127.0.0.1:0", "-o", "json", "--config"])
            .arg(config)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a watch");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let page = line["page"].as_str().expect("an address");
        Self { child, address: page.trim_start_matches("http://").trim_end_matches('/').to_owned() }
    }

    fn ask(&self, path: &str, headers: &str) -> String {
        self.say(&format!("GET {path} HTTP/1.1"), headers)
    }

    fn say(&self, request: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        let host = if headers.contains("Host:") { String::new() } else { format!("Host: {}\r\n", self.address) };
        write!(stream, "{request}\r\n{host}{headers}Connection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    pub fn get(&self, path: &str) -> String {
        self.ask(path, "")
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Asks until the page says so, or not any more.
    pub fn until(&self, path: &str, says: impl Fn(&str) -> bool) {
        for _ in 0..300 {
            if says(&self.get(path)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{path} still says {}", self.get(path));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn tenant(name: &str) -> String {
    format!("[tenants.{name}]\nmdm = \"manual\"\nenrolled_topic = \"{TOPIC}\"\nowner = \"<b>IT</b> & friends\"\n")
}

/// A configuration with a tenant whose certificate is known.
pub fn configured(home: &Path) -> PathBuf {
    let config = home.join("pushcert.toml");
    fs::write(&config, tenant("acme")).expect("written");
    let path = config.display().to_string();
    let adopted = run(home, &["--config", &path, "adopt", "acme", "fixtures/papers/renewal-after.pem"]);
    assert_eq!(adopted.status.code(), Some(0), "{}{}", text(&adopted.stdout), text(&adopted.stderr));
    config
}

#[test]
fn the_page_and_its_companions() {
    let home = home();
    let mut watch = Watch::start(home.path(), &configured(home.path()), &[]);
    let page = watch.get("/");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for part in ["<svg", "/tenants/acme", "&lt;b&gt;IT&lt;/b&gt; &amp; friends", "21 May 2027"] {
        assert!(page.contains(part), "{part} is missing in\n{page}");
    }
    assert!(!page.contains("<script") && !page.contains("style="), "no script, no inline style");
    for header in
        ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff", "cache-control: no-store"]
    {
        assert!(page.contains(header), "{header}");
    }
    let detail = watch.get("/tenants/acme");
    assert!(detail.contains("certificate adopted") && detail.contains(TOPIC), "{detail}");
    assert!(watch.get("/tenants/nobody").starts_with("HTTP/1.1 404"));
    assert!(
        watch.get("/metrics").contains("pushcert_certificate_not_after_timestamp_seconds{tenant=\"acme\"} 1810943999")
    );
    assert!(watch.get("/calendar.ics").contains("BEGIN:VCALENDAR"));
    assert!(watch.get("/status.json").contains("pushcert/status-list/1"));
    for path in ["/healthz", "/readyz", "/style.css"] {
        assert!(watch.get(path).starts_with("HTTP/1.1 200"), "{path}");
    }
    for (method, status) in [("HEAD", 200), ("POST", 405), ("PUT", 405), ("DELETE", 405)] {
        let answer = watch.say(&format!("{method} /tenants/acme HTTP/1.1"), "");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{method}: {answer}");
    }
    assert!(watch.ask("/", "Host: evil.example.com\r\n").starts_with("HTTP/1.1 421"), "another name leads here");
    watch.signal(Signal::TERM);
    assert_eq!(watch.child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_token_is_asked_for() {
    let home = home();
    let (token, short) = (home.path().join("token"), home.path().join("short"));
    fs::write(&token, "0123456789abcdef0123\n").expect("written");
    fs::write(&short, "secret\n").expect("written");
    let config = configured(home.path());
    let links = home.path().join("links");
    fs::write(&links, "fedcba9876543210fedc of mara\nabcdef0123456789abcd of tom\n").expect("written");
    let (with, and) = (token.display().to_string(), links.display().to_string());
    let watch = Watch::start(home.path(), &config, &["--token-file", &with, "--calendar-tokens", &and]);
    for path in [
        "/",
        "/metrics",
        "/status.json",
        "/calendar.ics",
        "/calendar.ics?token=wrong",
        "/?token=0123456789abcdef0123",
        "/?token=fedcba9876543210fedc",
        "/calendar.ics?token=0123456789abcdef0123",
    ] {
        assert!(watch.get(path).starts_with("HTTP/1.1 401"), "{path}");
    }
    for link in ["fedcba9876543210fedc", "abcdef0123456789abcd"] {
        assert!(watch.get(&format!("/calendar.ics?token={link}")).starts_with("HTTP/1.1 200"), "{link}");
    }
    fs::write(&links, "abcdef0123456789abcd of tom\n").expect("written");
    assert!(watch.get("/calendar.ics?token=fedcba9876543210fedc").starts_with("HTTP/1.1 401"), "it was taken out");
    assert!(watch.get("/calendar.ics?token=abcdef0123456789abcd").starts_with("HTTP/1.1 200"));
    assert!(watch.ask("/", "Authorization: Bearer 0123456789abcdef0123\r\n").starts_with("HTTP/1.1 200"));
    assert!(watch.ask("/calendar.ics", "Authorization: Bearer 0123456789abcdef0123\r\n").starts_with("HTTP/1.1 200"));
    assert!(watch.get("/readyz").starts_with("HTTP/1.1 200"));
    let config = config.display().to_string();
    let open: [&[&str]; 2] =
        [&["--listen", "0.0.0.0:0"], &["--listen", "127.0.0.1:0", "--token-file", &short.display().to_string()]];
    for wrong in open {
        let output = run(home.path(), &[&["--config", &config, "watch"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    }
}

#[test]
fn a_changed_configuration_is_read_and_a_broken_one_is_not() {
    let home = home();
    let config = configured(home.path());
    let mut watch = Watch::start(home.path(), &config, &[]);
    fs::write(&config, tenant("acme") + &tenant("globex")).expect("written");
    watch.signal(Signal::HUP);
    watch.until("/", |page| page.contains("/tenants/globex"));
    fs::write(&config, "this is no configuration").expect("written");
    watch.signal(Signal::HUP);
    watch.signal(Signal::HUP);
    watch.until("/", |page| page.contains("/tenants/globex"));
    fs::write(&config, tenant("initech")).expect("written");
    watch.signal(Signal::HUP);
    watch.until("/", |page| page.contains("/tenants/initech") && !page.contains("/tenants/globex"));
    watch.signal(Signal::INT);
    assert_eq!(watch.child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_round_alone() {
    let home = home();
    let config = configured(home.path()).display().to_string();
    let once = run(home.path(), &["--config", &config, "watch", "--once", "-o", "json"]);
    let line: serde_json::Value = serde_json::from_slice(&once.stdout).expect("JSON");
    assert_eq!(line["tenant"], "acme");
    // What a round comes to depends on the day; a page beside it would be gone at once.
    assert!(matches!(once.status.code(), Some(0 | 9)));
    let both = run(home.path(), &["--config", &config, "watch", "--once", "--listen", "127.0.0.1:0"]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn a_configuration_may_be_as_long_as_ten_thousand_tenants_make_it() {
    let home = home();
    let config = home.path().join("pushcert.toml");
    let check = |bytes: usize| {
        let line = "# A line of a long configuration, as a program would write it for each of its tenants.\n";
        fs::write(&config, tenant("acme") + &line.repeat(bytes / line.len())).expect("written");
        run(home.path(), &["--config", &config.display().to_string(), "config", "check"]).status.code()
    };
    assert_eq!(check(6 << 20), Some(0));
    assert_eq!(check(17 << 20), Some(2), "and no longer");
}
