//! Every channel against a receiver that somebody else wrote, by the command that people try them with.
#![cfg(unix)]

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::{
    receivers::{Receiver, Room, has_mail_server},
    shell::{has, home, run, succeeds, text},
};

/// What `watch --test-alert` says with these channels: a line for each, and the exit code.
fn try_out(home: &Path, channels: &str) -> (Vec<Value>, Option<i32>) {
    let config = home.join("pushcert.toml");
    fs::write(&config, channels).expect("written");
    let arguments = ["watch", "--test-alert", "-o", "json", "--timeout", "20", "--config"];
    let output = run(home, &[&arguments[..], &[&config.display().to_string()]].concat());
    let lines = text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (lines, output.status.code())
}

fn mail(room: &Room, receiver: &Receiver, tls: &str, password: &str, to: &str) -> String {
    format!(
        "[[channels]]\nkind = \"mail\"\nname = \"{to}\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"{tls}\"\nca_file = {:?}\n\
         username = \"push@acme.example\"\npassword = {password}\nfrom = \"Push <push@acme.example>\"\nto = [{to:?}, \"deputy@acme.example\"]\n",
        receiver.port,
        room.path("ca.pem"),
    )
}

#[test]
fn mail_with_sign_in_over_both_kinds_of_tls() {
    if !(has("python3") && has_mail_server()) {
        return;
    }
    let (home, room) = (home(), Room::new());
    let password = room.secret("password", "correct horse\n");
    for (manner, tls) in [("starttls", "starttls"), ("implicit", "implicit")] {
        let server = Receiver::smtp(&room, "own", manner);
        let said = try_out(home.path(), &mail(&room, &server, tls, &password, "it@acme.example"));
        assert_eq!(said.1, Some(0), "{said:?}");
        let mail = server.next("mail");
        assert_eq!(mail["encrypted"], true, "{manner}");
        assert_eq!((&mail["user"], &mail["sender"]), (&json!("push@acme.example"), &json!("push@acme.example")));
        assert_eq!(mail["receivers"], json!(["it@acme.example", "deputy@acme.example"]));
        let text = mail["text"].as_str().expect("a mail").replace("=\r\n", "");
        for part in ["From: Push <push@acme.example>", "Subject: [pushcert] TEST: ", "Message-ID: <", "What to do now"]
        {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}

#[test]
fn mail_goes_to_no_server_that_cannot_be_trusted() {
    if !(has("python3") && has_mail_server()) {
        return;
    }
    let (home, room) = (home(), Room::new());
    let (right, wrong) = (room.secret("password", "correct horse\n"), room.secret("wrong", "wrong horse\n"));
    // Which certificate it shows, its manner, ours, the password, who gets it, and what is said.
    let table = [
        ("foreign", "implicit", "implicit", &right, "it@acme.example", "not trusted: it is for another host name"),
        ("foreign", "starttls", "starttls", &right, "it@acme.example", "not trusted: it is for another host name"),
        ("own", "plain", "starttls", &right, "it@acme.example", "STARTTLS"),
        ("own", "starttls", "starttls", &wrong, "it@acme.example", "535"),
        ("own", "starttls", "starttls", &right, "nobody@acme.example", "550"),
        ("own", "starttls", "starttls", &right, "later@acme.example", "450"),
    ];
    for (certificate, manner, tls, password, to, says) in table {
        let server = Receiver::smtp(&room, certificate, manner);
        let (lines, code) = try_out(home.path(), &mail(&room, &server, tls, password, to));
        let why = lines[0]["why"].as_str().unwrap_or_default();
        assert_eq!(code, Some(7), "{certificate} {manner}");
        assert!(
            why.to_lowercase().contains(&says.to_lowercase()) && !why.contains("horse"),
            "{certificate} {manner}: {why}"
        );
        assert!(server.so_far().is_empty(), "nothing was handed over");
    }
}

#[test]
fn web_receivers_get_what_they_understand() {
    if !has("python3") {
        return;
    }
    let (home, room) = (home(), Room::new());
    let server = Receiver::https(&room, "own");
    let ca = room.path("ca.pem");
    let mut channels = vec![];
    for (kind, more) in [
        ("webhook", format!("secret = {}", room.secret("key", "correct horse"))),
        ("slack", String::new()),
        ("teams", String::new()),
        ("ntfy", format!("token = {}", room.secret("token", "tk_secret"))),
    ] {
        let url =
            room.secret(&format!("{kind}.url"), &format!("https://127.0.0.1:{}/in/{kind}?sig=s3cret", server.port));
        channels.push(format!("[[channels]]\nkind = \"{kind}\"\nurl = {url}\nca_file = {ca:?}\n{more}\n"));
    }
    let (lines, code) = try_out(home.path(), &channels.concat());
    assert_eq!(code, Some(0), "{lines:?}");
    let mut requests: Vec<Value> = (0..4).map(|_| server.next("request")).collect();
    requests.sort_by_key(|request| request["path"].to_string());
    let body =
        |at: usize| -> Value { serde_json::from_str(requests[at]["body"].as_str().expect("a body")).expect("JSON") };
    let paths: Vec<_> = requests.iter().map(|request| request["path"].as_str().expect("a path")).collect();
    assert_eq!(paths, ["/in/slack?sig=s3cret", "/in/teams?sig=s3cret", "/in/webhook?sig=s3cret", "/in?sig=s3cret"]);
    assert!(body(0)["text"].as_str().is_some_and(|text| text.starts_with("[pushcert] TEST: pushcert-watch:")));
    assert_eq!(body(1)["attachments"][0]["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!((&body(2)["schema"], &body(2)["test"]), (&json!("pushcert/alert/1"), &json!(true)));
    assert_eq!(requests[2]["headers"]["idempotency-key"], body(2)["id"]);
    assert_eq!(
        (&body(3)["topic"], &requests[3]["headers"]["authorization"]),
        (&json!("ntfy"), &json!("Bearer tk_secret"))
    );
    verify_as_documented(&requests[2]);
}

/// The signature, verified by the lines of docs/alerts.md.
fn verify_as_documented(request: &Value) {
    let documented = fs::read_to_string("docs/alerts.md").expect("the page");
    let lines = documented.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).expect("its lines");
    let script = format!(
        "import hmac, json, sys\nrequest = json.loads(sys.argv[1])\nsecret = b'correct horse'\nbody = request['body'].encode()\n\
         headers = {{name.title(): value for name, value in request['headers'].items()}}\n{lines}\nassert good"
    );
    succeeds(Command::new("python3").args(["-c", &script, &request.to_string()]));
}

#[test]
fn an_address_is_told_to_nobody() {
    if !has("python3") {
        return;
    }
    let (home, room) = (home(), Room::new());
    let (own, foreign) = (Receiver::https(&room, "own"), Receiver::https(&room, "foreign"));
    fs::write(room.at("status"), "403").expect("written");
    let ca = room.path("ca.pem");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let mut channels = vec![];
    for (name, port) in [("refusing", own.port), ("foreign", foreign.port), ("closed", closed.port())] {
        let url = room.secret(&format!("{name}.url"), &format!("https://127.0.0.1:{port}/s3cret?sig=s3cret"));
        channels.push(format!("[[channels]]\nkind = \"slack\"\nname = \"{name}\"\nurl = {url}\nca_file = {ca:?}\n"));
    }
    let none = room.secret("none.url", "s3cret, and no address");
    let plain = room.secret("plain.url", "http://127.0.0.1/s3cret");
    channels.push(format!("[[channels]]\nkind = \"teams\"\nname = \"none\"\nurl = {none}\n"));
    channels.push(format!("[[channels]]\nkind = \"teams\"\nname = \"plain\"\nurl = {plain}\n"));
    let config = home.path().join("pushcert.toml");
    fs::write(&config, channels.concat()).expect("written");
    let arguments = ["watch", "--test-alert", "-vv", "--config", &config.display().to_string()].map(str::to_owned);
    let output = run(home.path(), &arguments.each_ref().map(String::as_str));
    assert_eq!(output.status.code(), Some(7));
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(!said.contains("s3cret"), "{said}");
    for why in ["status 403", "another host name", "https://"] {
        assert!(said.contains(why), "{why} is missing in\n{said}");
    }
}

#[test]
fn without_channels_it_says_so() {
    let home = home();
    let (lines, code) = try_out(home.path(), "[tenants.acme]\nmdm = \"manual\"\n");
    assert_eq!((lines.len(), code), (0, Some(6)));
}
