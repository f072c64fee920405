//! The program itself, as a shell meets it.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::shell::{Sandbox, has, home, program, run, text};

#[test]
fn the_demonstration_comes_to_its_end() {
    let home = home();
    for mdm in ["cloud", "core"] {
        let output = run(home.path(), &["demo", "--mdm", mdm]);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
        for part in [
            "✓ 1 of 5",
            "● 2 of 5",
            "html-page",
            "✓ 3 of 5",
            "✓ 4 of 5",
            "✓ 5 of 5",
            "is renewed",
            "topic-changed",
            "Nothing was uploaded",
        ] {
            assert!(said.contains(part), "{part} is missing in:\n{said}");
        }
    }
    assert_eq!(std::fs::read_dir(home.path()).expect("a home").count(), 0, "it leaves nothing behind");
}

#[test]
fn a_renewal_by_three_programs() {
    let home = home();
    let sandbox = Sandbox::start(home.path());
    let config = sandbox.get("config");
    let waiting = run(home.path(), &["--config", config, "renew", "cloud", "--no-input", "-o", "json"]);
    assert_eq!(waiting.status.code(), Some(4), "{}", text(&waiting.stderr));
    let report: serde_json::Value = serde_json::from_slice(&waiting.stdout).expect("JSON");
    assert_eq!(
        (report["schema"].as_str(), report["waiting_for"].as_str()),
        (Some("pushcert/renew/1"), Some("certificate"))
    );
    let request = PathBuf::from(report["request"].as_str().expect("a path"));
    assert!(request.is_file() && request.with_file_name("card.txt").is_file());
    let Some(certificate) = with_curl(&sandbox, report["topic"].as_str().expect("a topic"), &request) else { return };
    let path = certificate.display().to_string();
    let renewed = run(home.path(), &["--config", config, "renew", "cloud", "--certificate", &path]);
    assert_eq!(renewed.status.code(), Some(0), "{}{}", text(&renewed.stdout), text(&renewed.stderr));
    let status = run(home.path(), &["--config", config, "status", "cloud", "-o", "json"]);
    let line: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    assert_eq!((line["state"].as_str(), line["step"].as_str()), (Some("ok"), Some("done")));
    let history = run(home.path(), &["--config", config, "history", "cloud"]);
    assert!(text(&history.stdout).contains("certificate-installed"));
    let password = std::fs::read_to_string(sandbox.get("password_file")).expect("a password");
    for output in [&waiting, &renewed, &status, &history] {
        assert!(!text(&output.stdout).contains(&password) && !text(&output.stderr).contains(&password));
    }
}

/// Works the portal's form by curl, a program that we did not write.
pub fn with_curl(sandbox: &Sandbox, topic: &str, request: &Path) -> Option<PathBuf> {
    if !has("curl") {
        return None;
    }
    let curl = |arguments: &[&str]| sandbox.curl(arguments);
    let list = text(&curl(&[sandbox.get("portal")]));
    let uuid = topic.rsplit('.').next().expect("a UUID");
    let row = list.split("<tr>").find(|row| row.contains(uuid)).expect("the row");
    let serial = row.split("serial=").nth(1).and_then(|rest| rest.split('"').next()).expect("a serial");
    let upload = format!("{}upload", sandbox.get("portal"));
    let file = format!("file=@{}", request.display());
    let page = text(&curl(&[
        "-F",
        "action=renew",
        "-F",
        &format!("serial={serial}"),
        "-F",
        "note=test",
        "-F",
        &file,
        &upload,
    ]));
    let new = page.split("csn=").nth(1).and_then(|rest| rest.split('"').next()).expect("a download");
    let pem = curl(&[&format!("{}download?csn={new}", sandbox.get("portal"))]);
    let path = request.with_file_name("downloaded.pem");
    std::fs::write(&path, pem).expect("saved");
    Some(path)
}

#[cfg(unix)]
#[test]
fn the_sandbox_ends_well_on_sigterm() {
    let home = home();
    let mut sandbox = Sandbox::start(home.path());
    let pid = rustix::process::Pid::from_child(&sandbox.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    assert_eq!(sandbox.child.wait().expect("it ends").code(), Some(0));
    let folder = Path::new(sandbox.get("config")).parent().expect("a folder");
    assert!(!folder.exists(), "its temporary folder is gone");
}

#[test]
fn openssl_agrees_with_what_the_sandbox_issues() {
    let home = home();
    let state = home.path().join("world");
    let mut child = program(home.path())
        .args(["sandbox", "--devices", "1", "--state"])
        .arg(&state)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a sandbox");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let sandbox = Sandbox { child, announcement: serde_json::from_str(&line).expect("JSON") };
    if !has("openssl") {
        return;
    }
    let waiting = run(home.path(), &["--config", sandbox.get("config"), "renew", "core", "--no-input", "-o", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&waiting.stdout).expect("JSON");
    let request = PathBuf::from(report["request"].as_str().expect("a path"));
    let Some(certificate) = with_curl(&sandbox, report["topic"].as_str().expect("a topic"), &request) else { return };
    let anchors = state.join("authorities.pem");
    let verified = Command::new("openssl")
        .args(["verify", "-purpose", "sslclient", "-CAfile"])
        .args([&anchors, &certificate])
        .output()
        .expect("openssl runs");
    assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
    let pem = std::fs::read(&certificate).expect("a certificate");
    assert!(pem.starts_with(b"-----BEGIN CERTIFICATE-----\n") && pem.ends_with(b"-----END CERTIFICATE-----"));
    let shown = Command::new("openssl")
        .args(["x509", "-noout", "-text", "-in"])
        .arg(&certificate)
        .output()
        .expect("openssl runs");
    let shown = text(&shown.stdout);
    for part in [
        "UID = com.apple.mgmt.External.",
        "CN = APSP:",
        "C = NL",
        "CA:FALSE",
        "TLS Web Client Authentication",
        "Digital Signature",
        "1.2.840.113635.100.6.3.2",
        "1.2.840.113635.100.5.1",
        "sha256WithRSAEncryption",
        "(2048 bit)",
    ] {
        assert!(
            shown.replace('=', " = ").replace("  =  ", " = ").contains(part) || shown.contains(part),
            "{part} in {shown}"
        );
    }
    assert!(!shown.contains("critical"), "nothing in it is critical");
}

#[cfg(unix)]
#[test]
fn files_that_are_none() {
    let home = home();
    let pipe = home.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).expect("a pipe");
    let huge = home.path().join("huge.pem");
    std::fs::File::create(&huge).and_then(|file| file.set_len(10 << 30)).expect("a sparse file");
    let (pipe, huge) = (pipe.display().to_string(), huge.display().to_string());
    for (path, code, exit) in
        [(pipe.as_str(), "not-a-file", 3), (huge.as_str(), "too-large", 3), ("/nowhere.pem", "unreadable", 6)]
    {
        let output = run(home.path(), &["check", path, "-o", "json"]);
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((line["findings"][0]["code"].as_str(), output.status.code()), (Some(code), Some(exit)), "{path}");
    }
}

#[test]
fn standard_input_and_a_reader_that_goes_away() {
    let home = home();
    let mut child = program(home.path())
        .args(["check", "-", "--authorities", "fixtures/papers/authorities.pem", "--at", "2026-06-01", "-o", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let pem = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/papers/renewal-after.pem"))
        .expect("a fixture");
    child.stdin.take().expect("its input").write_all(&pem).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("\"kind\":\"push-certificate\""));
    let mut child = program(home.path())
        .args(["check", "fixtures/papers/renewal-after.pem"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(3), "the exit code stays true");
}

#[test]
fn completions_and_manual_pages() {
    let home = home();
    for shell in ["bash", "zsh", "fish", "powershell", "nushell"] {
        let script = text(&run(home.path(), &["completions", shell]).stdout);
        assert!(script.contains("accept-topic-change"), "{shell}");
    }
    let page = text(&run(home.path(), &["man", "renew"]).stdout);
    assert!(page.starts_with(".TH \"PUSHCERT-RENEW\" 1") && page.contains("pushcert\\-renew"), "{page}");
    assert_eq!(run(home.path(), &["man", "no-such-command"]).status.code(), Some(6));
}

/// A full disk behind standard output ends with an error: an empty file must not look like an answer.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_no_success() {
    let home = home();
    let init = ["init", "acme", "--no-input", "--mdm", "manual", "--certificate", "fixtures/papers/renewal-after.pem"];
    assert_eq!(run(home.path(), &init).status.code(), Some(0));
    let paper = "fixtures/papers/renewal-after.pem";
    for (arguments, code) in [
        (&["status", "-o", "json"][..], 1),
        (&["status"], 1),
        (&["status", "-o", "prometheus"], 1),
        (&["status", "-o", "nagios"], 3),
        (&["history", "-o", "json"], 1),
        (&["inspect", paper], 1),
        (&["check", paper, "-o", "json"], 1),
        (&["check", "fixtures/papers"], 1),
        (&["help", "renew"], 1),
        (&["--version"], 1),
        (&["--help"], 1),
        (&["completions", "bash"], 1),
        (&["man"], 1),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("a device that is full");
        let output = program(home.path()).args(arguments).stdout(full).output().expect("it runs");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.lines().count() == 1 && said.contains("standard output"), "{arguments:?}: {said}");
    }
}
