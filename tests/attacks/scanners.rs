//! What a scanner sends to whatever listens: the page, and the embedded world.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use crate::{
    shell::{Sandbox, has, home, text},
    watch::{Watch, configured},
};

/// Requests for what is not there, or not for anybody: each a whole request, or the beginning of one.
const PROBES: [&str; 44] = [
    // Out of the folder that there is not.
    "GET /../../../../etc/passwd HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/..%252f..%252fetc%252fpasswd HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/....//....//etc/passwd HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/..\\..\\windows\\win.ini HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/%00 HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/acme%00.pem HTTP/1.1\r\n{host}\r\n",
    "GET //evil.example.com/%2f.. HTTP/1.1\r\n{host}\r\n",
    // What others forget on their servers.
    "GET /.git/config HTTP/1.1\r\n{host}\r\n",
    "GET /.env HTTP/1.1\r\n{host}\r\n",
    "GET /pushcert.toml HTTP/1.1\r\n{host}\r\n",
    "GET /pushcert.sqlite HTTP/1.1\r\n{host}\r\n",
    "GET /private-key.pem HTTP/1.1\r\n{host}\r\n",
    "GET /server-status HTTP/1.1\r\n{host}\r\n",
    "GET /debug/pprof/ HTTP/1.1\r\n{host}\r\n",
    "GET /actuator/env HTTP/1.1\r\n{host}\r\n",
    "GET /cgi-bin/test.cgi?x=() { :; }; echo HTTP/1.1\r\n{host}\r\n",
    "GET /phpinfo.php HTTP/1.1\r\n{host}\r\n",
    // Words that something behind might carry out.
    "GET /tenants/<script>alert(1)</script> HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/acme'%20OR%20'1'='1 HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/%7B%7B7*7%7D%7D HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/$(id) HTTP/1.1\r\n{host}\r\n",
    "GET /tenants/x%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\n{host}\r\n",
    // Another name than ours.
    "GET /?a=%27%20OR%201=1-- HTTP/1.1\r\nHost: evil.example.com\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: {address}@evil.example.com\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: evil.example.com\r\nX-Forwarded-Host: {address}\r\n\r\n",
    "GET http://evil.example.com/ HTTP/1.1\r\nHost: evil.example.com\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    // Other methods.
    "POST / HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nhello",
    "PUT /tenants/acme HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nhello",
    "PATCH /tenants/acme HTTP/1.1\r\n{host}Content-Length: 0\r\n\r\n",
    "DELETE /tenants/acme HTTP/1.1\r\n{host}\r\n",
    "TRACE / HTTP/1.1\r\n{host}\r\n",
    "PROPFIND / HTTP/1.1\r\n{host}Depth: 1\r\n\r\n",
    "CONNECT evil.example.com:443 HTTP/1.1\r\n{host}\r\n",
    // One request for us, and two for somebody before us.
    "POST /metrics HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\n{host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "POST / HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\n{host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\n{host}X-Folded: a\r\n b\0c\r\n\r\n",
    // No HTTP at all, or of another age.
    "GET / HTTP/9.9\r\n{host}\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\u{16}\u{3}\u{1} this is no HTTP\r\n\r\n",
];

#[test]
fn a_scanner_finds_nothing_on_the_page() {
    let home = home();
    let watch = Watch::start(home.path(), &configured(home.path()), &[]);
    let long = format!("GET /{} HTTP/1.1\r\n{{host}}\r\n", "a".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\n{{host}}{}\r\n", "X-Many: 1\r\n".repeat(10_000));
    for probe in PROBES.into_iter().chain([long.as_str(), many.as_str()]) {
        let host = format!("Host: {}\r\nConnection: close\r\n", watch.address);
        let request = probe.replace("{host}", &host).replace("{address}", &watch.address);
        let answer = sent(&watch.address, &request);
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        let shown: String = request.chars().take(80).collect();
        assert!(answer.is_empty() || status.starts_with('4'), "{shown:?} was answered {status}");
        for word in ["root:", "<script", "\r\nSet-Cookie", "\r\nLocation", "evil.example.com", "panicked"] {
            assert!(!answer.contains(word), "{shown:?}: {answer}");
        }
    }
    assert!(watch.get("/").starts_with("HTTP/1.1 200"), "it goes on as if nothing had happened");
}

/// What is answered to a request, or to the beginning of one.
fn sent(address: &str, request: &str) -> String {
    answered(address, request, true)
}

/// What is answered; the other side may close before it has read everything. It may be told that nothing more comes.
fn answered(address: &str, request: &str, is_all: bool) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let mut answer = vec![];
    stream.write_all(request.as_bytes()).ok();
    if is_all {
        stream.shutdown(Shutdown::Write).ok();
    }
    stream.read_to_end(&mut answer).ok();
    text(&answer)
}

/// Whoever takes every place and says nothing loses it again, and others have their turn.
#[test]
fn slow_readers_do_not_keep_others_out() {
    let home = home();
    let watch = Watch::start(home.path(), &configured(home.path()), &[]);
    let slow: Vec<_> = (0..150)
        .map(|_| {
            let mut stream = TcpStream::connect(&watch.address).expect("a connection");
            stream.write_all(b"GET / HTTP/1.1\r\nX-Slow: ").expect("sent");
            stream
        })
        .collect();
    // It waits for a place as long as those may take for their headers, and no longer.
    assert!(watch.get("/healthz").starts_with("HTTP/1.1 200"));
    for mut stream in slow.into_iter().take(20) {
        let mut rest = vec![];
        stream.read_to_end(&mut rest).ok();
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"), "{}", text(&rest));
    }
}

/// Requests one behind the other on a connection are answered one behind the other, and a refused one ends it.
#[test]
fn nothing_is_smuggled_behind_a_request() {
    let home = home();
    let watch = Watch::start(home.path(), &configured(home.path()), &[]);
    let hidden = format!("GET /status.json HTTP/1.1\r\nHost: {}\r\n\r\n", watch.address);
    for body in [
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Content-Length: +5",
    ] {
        let answer =
            sent(&watch.address, &format!("POST / HTTP/1.1\r\nHost: {}\r\n{body}\r\n\r\n{hidden}", watch.address));
        assert!(!answer.contains("pushcert/status-list/1"), "{body}: {answer}");
    }
    let last = hidden.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let both = answered(&watch.address, &format!("{hidden}{last}"), false);
    assert_eq!(both.matches("pushcert/status-list/1").count(), 2, "{both}");
}

/// Paths below each address of the embedded world at which nothing is.
const PATHS: [&str; 12] = [
    "../../etc/passwd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5cwindows%5cwin.ini",
    "%00",
    ".env",
    ".git/config",
    "admin.php",
    "mifs/aad/api/v2/ping",
    "mifs/rs/api/v2/admins/users",
    "server-status",
    "_sandbox/",
    "_sandbox/../authority.key",
];

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
        for path in PATHS {
            let status = asked(&format!("{base}{path}"), &[]);
            assert!(status.starts_with('4'), "{base}{path} was answered {status}");
        }
        let elsewhere = asked(&base, &["-H", "Host: evil.example.com"]);
        assert!(elsewhere.starts_with('4'), "another name was answered {elsewhere}");
    }
    let asked_with = ["-X", "POST", "--data-binary", "{\"where\":"];
    assert!(asked(&format!("{}/_sandbox/faults", sandbox.get("cloud")), &asked_with).starts_with('4'));
}
