//! What somebody else on the machine, or on the network, might try.
#![cfg(unix)]

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
    process::{Command, Stdio},
};

use pushcert::world::files;
use rustix::process::geteuid;

use crate::{
    canary,
    shell::{Sandbox, has, home, run, skipped_unless, text},
    watch::{Watch, configured},
};

/// A user who is neither we nor the administrator.
const SOMEBODY: u32 = 65_534;

#[test]
fn whatever_the_mask_says_our_files_are_ours() {
    let home = home();
    let sandbox = Sandbox::start(home.path());
    let unmasked = Command::new("sh")
        .args(["-c", "umask 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_pushcert"), "--config", sandbox.get("config")])
        .args(["renew", "cloud", "--no-input"])
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert_eq!(unmasked.status.code(), Some(4), "{}", text(&unmasked.stderr));
    let seen = [".local/state/pushcert/pushcert.sqlite", "pushcert/cloud"].map(|path| home.path().join(path));
    assert!(seen.iter().all(|path| path.exists()), "the store and the hand-off are there");
    for place in [".local", "pushcert"] {
        assert_private(&home.path().join(place));
    }
    canary::assert_none_below(&home.path().join(".local"));
    canary::assert_none_below(&home.path().join("pushcert"));
}

/// Nobody else may do anything with what stands here.
fn assert_private(path: &Path) {
    let metadata = fs::symlink_metadata(path).expect("it is there");
    assert_eq!(metadata.mode() & 0o077, 0, "{} is {:o}", path.display(), metadata.mode());
    if metadata.is_dir() {
        fs::read_dir(path).expect("a folder").for_each(|entry| assert_private(&entry.expect("an entry").path()));
    }
}

#[test]
fn a_state_folder_in_the_hands_of_others_is_refused() {
    let home = home();
    let elsewhere = home.path().join("elsewhere");
    fs::create_dir_all(&elsewhere).expect("a folder");
    fs::create_dir_all(home.path().join(".local/state")).expect("a folder");
    let state = home.path().join(".local/state/pushcert");
    symlink(&elsewhere, &state).expect("a link");
    let refused = || {
        let output = run(home.path(), &["status"]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    assert!(refused().contains("is not a folder"));
    assert_eq!(fs::read_dir(&elsewhere).expect("a folder").count(), 0, "nothing was written through the link");
    fs::remove_file(&state).expect("removed");
    fs::create_dir(&state).expect("a folder");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).expect("opened");
    assert!(refused().contains("others may write"));
}

#[test]
fn what_belongs_to_somebody_else_counts_for_nothing() {
    if !skipped_unless(geteuid().is_root(), "the administrator's rights") {
        return;
    }
    let home = home();
    let (config, password) = (home.path().join("pushcert.toml"), home.path().join("password"));
    fs::write(&config, "[tenants.acme]\nmdm = \"manual\"\n").expect("written");
    files::write_private(&password, b"word").expect("written");
    assert!(files::read_trusted(&config, 1024).is_ok() && files::read_secret(&password, 1024).is_ok());
    for path in [&config, &password] {
        chown(path, Some(SOMEBODY), None).expect("given away");
    }
    // Its mode is fine; its owner could change it, and us, at any moment.
    assert!(matches!(files::read_trusted(&config, 1024), Err(files::Untrusted::OpenToOthers)));
    assert!(matches!(files::read_secret(&password, 1024), Err(files::Untrusted::OpenToOthers)));
    let output = run(home.path(), &["--config", &config.display().to_string(), "status"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("may be written to by others"), "{}", text(&output.stderr));
}

#[test]
fn a_link_that_was_planted_is_replaced_and_not_followed() {
    let room = home();
    let (victim, planted) = (room.path().join("victim"), room.path().join("ApplePushInfo.txt"));
    fs::write(&victim, "mine").expect("written");
    symlink(&victim, &planted).expect("a link");
    files::write_private(&planted, b"request").expect("written");
    assert_eq!(fs::read_to_string(&victim).expect("read"), "mine");
    assert_eq!(fs::read_to_string(&planted).expect("read"), "request");
    assert!(fs::symlink_metadata(&planted).expect("it is there").is_file());
    let beside = room.path().join("key.pem");
    symlink(&victim, &beside).expect("a link");
    assert!(files::write_new(&beside, b"key").is_err(), "a new file never takes the place of anything");
    assert_eq!(fs::read_to_string(&victim).expect("read"), "mine");
}

/// What scanners send to whatever listens: each is a whole request, or the beginning of one.
const PROBES: [&str; 14] = [
    "GET /../../../../etc/passwd HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/%00 HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/<script>alert(1)</script> HTTP/1.1\r\n{host}\r\n",
    "GET /.git/config HTTP/1.1\r\n{host}\r\n",
    "GET /?a=%27%20OR%201=1-- HTTP/1.1\r\nHost: evil.example.com\r\n\r\n",
    "GET http://evil.example.com/ HTTP/1.1\r\nHost: evil.example.com\r\n\r\n",
    "POST / HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nhello",
    "POST /metrics HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "DELETE /tenants/acme HTTP/1.1\r\n{host}\r\n",
    "TRACE / HTTP/1.1\r\n{host}\r\n",
    "CONNECT evil.example.com:443 HTTP/1.1\r\n{host}\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "\u{16}\u{3}\u{1} this is no HTTP\r\n\r\n",
];

#[test]
fn a_scanner_finds_nothing_on_the_page() {
    let home = home();
    let watch = Watch::start(home.path(), &configured(home.path()), &[]);
    let long = format!("GET /{} HTTP/1.1\r\n{{host}}\r\n", "a".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\n{{host}}{}\r\n", "X-Many: 1\r\n".repeat(10_000));
    for probe in PROBES.into_iter().chain([long.as_str(), many.as_str()]) {
        let request = probe.replace("{host}", &format!("Host: {}\r\nConnection: close\r\n", watch.address));
        let answer = sent(&watch.address, &request);
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        let shown: String = request.chars().take(80).collect();
        assert!(answer.is_empty() || status.starts_with('4'), "{shown:?} was answered {status}");
        assert!(!answer.contains("root:") && !answer.contains("<script"), "{shown:?}: {answer}");
    }
    assert!(watch.get("/").starts_with("HTTP/1.1 200"), "it goes on as if nothing had happened");
}

/// What is answered; the other side may close before it has read everything.
fn sent(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let mut answer = vec![];
    stream.write_all(request.as_bytes()).ok();
    stream.shutdown(std::net::Shutdown::Write).ok();
    stream.read_to_end(&mut answer).ok();
    text(&answer)
}

#[test]
fn a_scanner_finds_nothing_in_the_sandbox() {
    if !has("curl") {
        return;
    }
    let home = home();
    let sandbox = Sandbox::start(home.path());
    let asked = |address: &str, more: &[&str]| {
        let arguments =
            [&["-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", "--max-time", "20"], more, &[address]];
        text(&sandbox.curl(&arguments.concat()))
    };
    let portal = sandbox.get("portal").trim_end_matches("pushcert/").to_owned();
    for base in [sandbox.get("cloud").to_owned() + "/", sandbox.get("core").to_owned() + "/", portal] {
        for path in ["../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", ".env", "admin.php", "mifs/aad/api/v2/ping"] {
            let status = asked(&format!("{base}{path}"), &[]);
            assert!(status.starts_with('4'), "{base}{path} was answered {status}");
        }
        let elsewhere = asked(&base, &["-H", "Host: evil.example.com"]);
        assert!(elsewhere.starts_with('4'), "another name was answered {elsewhere}");
    }
    let asked_with = ["-X", "POST", "--data-binary", "{\"where\":"];
    assert!(asked(&format!("{}/_sandbox/faults", sandbox.get("cloud")), &asked_with).starts_with('4'));
}
