//! What recordings teach: those that a browser made of the embedded world's consoles, those of other browsers' dialects,
//! and those of nobody.

#![allow(clippy::disallowed_methods, clippy::panic, reason = "tests read their fixtures, and say what is wrong")]

use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
};

use pushcert_papers::console::{
    Deed, Evidence, From, Method, OnPage, Profile,
    har::{HarError, Recording},
    learn::{Hints, LearnError, Learned, learn},
};
use serde_json::{Value, json};

const ORIGIN: &str = "https://console.example.com";

const HINTS: Hints<'static> = Hints {
    username: Some("push-api@example.com"),
    apple_account: Some("apple-push@example.com"),
    request: None,
    certificate_name: None,
    upload_field: None,
};

/// Every recording among the fixtures, and how sure its download and its upload are.
const RECORDINGS: [(&str, Option<Evidence>, Option<Evidence>); 8] = [
    ("cloud-devtools.har", Some(Evidence::Inferred), Some(Evidence::Inferred)),
    ("cloud-playwright.har", Some(Evidence::Inferred), Some(Evidence::Inferred)),
    ("cloud-firefox.har", Some(Evidence::Seen), Some(Evidence::Seen)),
    ("cloud-safari.har", Some(Evidence::Seen), None),
    ("cloud-two-pages-devtools.har", Some(Evidence::Inferred), Some(Evidence::Inferred)),
    ("core-page-playwright.har", Some(Evidence::Seen), Some(Evidence::Inferred)),
    ("core-devtools.har", Some(Evidence::Seen), Some(Evidence::Inferred)),
    ("core-playwright.har", Some(Evidence::Seen), Some(Evidence::Inferred)),
];

fn text(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recordings");
    fs::read_to_string(folder.join(name)).expect("a fixture")
}

fn document(name: &str) -> Value {
    serde_json::from_str(&text(name)).expect("JSON")
}

fn taught(har: &str, hints: &Hints<'_>) -> Result<Learned, LearnError> {
    let recording = Recording::read(har.as_bytes(), ORIGIN).expect("a recording");
    learn(&recording, ORIGIN, "mobileiron-cloud", hints)
}

fn evidence(learned: &Learned, deed: Deed) -> Option<Evidence> {
    learned.lessons.iter().find(|lesson| lesson.deed == deed).map(|lesson| lesson.evidence)
}

/// The entries of a recording, changed.
fn changed(name: &str, change: impl Fn(&mut Vec<Value>)) -> String {
    let mut har = document(name);
    change(har["log"]["entries"].as_array_mut().expect("entries"));
    har.to_string()
}

fn url(entry: &Value) -> String {
    entry["request"]["url"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn each_dialect_teaches_what_it_shows() {
    for (name, fetch, upload) in RECORDINGS {
        let learned = taught(&text(name), &HINTS).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(evidence(&learned, Deed::SignIn), Some(Evidence::Seen), "{name}");
        assert_eq!(evidence(&learned, Deed::Read), Some(Evidence::Seen), "{name}");
        assert_eq!(evidence(&learned, Deed::Fetch), fetch, "{name}");
        assert_eq!(evidence(&learned, Deed::Upload), upload, "{name}");
        assert_eq!(learned.missing.len(), usize::from(upload.is_none()), "{name}: {:?}", learned.missing);
        let again = Profile::parse(&learned.profile.to_string()).expect("a profile");
        assert_eq!(again, learned.profile, "{name}");
        for (deed, wanted) in [(Deed::Fetch, fetch), (Deed::Upload, upload)] {
            let own = again.requests(deed).last().map(|request| request.evidence);
            assert_eq!(own, wanted, "{name}: the profile says it too");
        }
    }
}

#[test]
fn anti_forgery_values_come_from_where_they_came_from() {
    let learned = taught(&text("cloud-devtools.har"), &HINTS).expect("learned");
    let [page, form] = learned.profile.sign_in.as_slice() else { panic!("{}", learned.profile) };
    assert_eq!((page.take[0].from, page.take[0].key.as_str()), (From::Html, "_csrf"));
    assert_eq!((form.take[0].from, form.take[0].key.as_str()), (From::Script, "csrfToken"));
    let learned = taught(&text("core-devtools.har"), &HINTS).expect("learned");
    let takes: Vec<_> = learned.profile.sign_in[0].take.iter().map(|take| take.key.as_str()).collect();
    assert_eq!(takes, ["csrfNonce", "csrfKey"], "{}", learned.profile);
    let guard = learned.profile.read[0].headers.iter().find(|field| field.name == "{csrf_key}");
    assert_eq!(guard.map(|field| field.value.as_str()), Some("{csrf_nonce}"));
    let literal = &learned.profile.fetch[0].literals[0];
    assert_eq!(literal.text, "sandboxRequestMDMCertificate");
    assert_eq!(literal.source, "the page /mifs/admin/admin.html");
}

#[test]
fn a_sign_in_on_two_pages_and_an_upload_of_the_bare_file() {
    let learned = taught(&text("cloud-two-pages-devtools.har"), &HINTS).expect("learned");
    let steps: Vec<_> = learned.profile.sign_in.iter().map(|step| (step.method, step.path.as_str())).collect();
    let wanted = [
        (Method::Get, "/admin/login"),
        (Method::Post, "/admin/login/name"),
        (Method::Get, "/admin/login/password"),
        (Method::Post, "/admin/login"),
    ];
    assert_eq!(steps, wanted, "{}", learned.profile);
    let sent = |at: usize, value: &str| learned.profile.sign_in[at].texts().any(|text| text == value);
    assert!(sent(1, "{username}") && !sent(1, "{password}") && sent(3, "{password}"), "{}", learned.profile);
    let body = learned.profile.upload[0].body.clone().expect("the file itself");
    assert_eq!((body.value.as_str(), body.content_type.as_deref()), ("{certificate}", Some("application/x-pem-file")));
    // Another browser may keep what was sent; then it was seen.
    let kept = changed("cloud-two-pages-devtools.har", |entries| {
        for entry in entries.iter_mut().filter(|entry| entry["request"]["method"] == "PUT") {
            entry["request"]["postData"]["text"] =
                "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n".into();
        }
    });
    let seen = taught(&kept, &HINTS).expect("learned");
    assert_eq!(evidence(&seen, Deed::Upload), Some(Evidence::Seen));
    assert_eq!(seen.profile.upload[0].body, learned.profile.upload[0].body);
    // A media type is a literal, and has to be a known one.
    let odd = text("cloud-two-pages-devtools.har").replace("application/x-pem-file", "application/x-a5c3e1f7");
    let odd = taught(&odd, &HINTS).expect("learned");
    assert!(!odd.knows(Deed::Upload), "{}", odd.profile);
}

#[test]
fn a_page_that_the_server_fills_is_read_as_a_saved_one() {
    let learned = taught(&text("core-page-playwright.har"), &HINTS).expect("learned");
    let [read] = learned.profile.read.as_slice() else { panic!("{}", learned.profile) };
    assert_eq!((read.method, read.path.as_str()), (Method::Get, "/mifs/admin/admin.html"));
    let answer = read.answer.clone().expect("what it came for");
    assert_eq!(answer.page, [OnPage::Topic, OnPage::NotBefore, OnPage::NotAfter]);
    // A page that has an end somewhere, and does not say of what, teaches nothing.
    let topic = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";
    let unnamed = text("core-page-playwright.har").replace(topic, "x").replace("MDM certificate", "licence");
    let unnamed = taught(&unnamed, &HINTS).expect("learned");
    assert!(!unnamed.knows(Deed::Read), "{}", unnamed.profile);
}

/// Every password, cookie and token of a recording, gathered without the learner's help.
fn secrets(har: &Value) -> Vec<String> {
    let mut found = vec![];
    let entries = har["log"]["entries"].as_array().expect("entries");
    for entry in entries {
        for side in ["request", "response"] {
            let list = |key: &str| entry[side][key].as_array().cloned().unwrap_or_default();
            found.extend(list("cookies").iter().filter_map(|cookie| Some(cookie["value"].as_str()?.to_owned())));
            for header in list("headers") {
                let (name, value) =
                    (header["name"].as_str().unwrap_or_default(), header["value"].as_str().unwrap_or_default());
                match name.to_ascii_lowercase().as_str() {
                    "cookie" => {
                        found.extend(value.split("; ").filter_map(|pair| Some(pair.split_once('=')?.1.to_owned())));
                    }
                    "set-cookie" => {
                        found.extend(value.split(';').next().and_then(|pair| Some(pair.split_once('=')?.1.to_owned())));
                    }
                    name if name.contains("csrf") => found.push(value.to_owned()),
                    _ => {}
                }
            }
        }
        let form = entry["request"]["postData"]["text"].as_str().unwrap_or_default();
        let fields = form.split('&').filter_map(|pair| pair.split_once('='));
        found.extend(
            fields
                .filter(|(name, _)| name.contains("password") || name.contains("csrf"))
                .map(|(_, value)| value.to_owned()),
        );
    }
    found.retain(|value| !value.is_empty() && value.len() < 200);
    found
}

#[test]
fn no_secret_of_any_recording_stands_in_its_profile() {
    for (name, ..) in RECORDINGS {
        let secrets = secrets(&document(name));
        assert!(secrets.len() > 4, "{name}: {secrets:?}");
        let learned = taught(&text(name), &HINTS).expect("learned");
        let shown = format!("{}{:?}{:?}", learned.profile, learned.lessons, learned.missing);
        for secret in secrets {
            let decoded = secret.replace('+', " ");
            assert!(!shown.contains(&secret) && !shown.contains(&decoded), "{name}: {secret} in {shown}");
        }
    }
}

#[test]
fn a_password_that_the_profile_would_hold_is_not_written() {
    let har = text("cloud-firefox.har").replace("correct+horse+battery+staple", "application");
    let error = taught(&har, &HINTS).expect_err("the password is a word of the profile");
    assert!(matches!(&error, LearnError::Secret { what } if what.contains("password")), "{error}");
    assert!(!error.to_string().contains("application"));
}

#[test]
fn a_visit_that_only_looked_teaches_only_to_read() {
    for name in ["cloud-devtools.har", "core-playwright.har"] {
        let har = changed(name, |entries| {
            let read = entries.iter().position(|entry| {
                url(entry).ends_with("/api/mdm-certificate")
                    || entry["request"]["postData"]["text"].as_str().unwrap_or_default().contains("getMDMCertificate")
            });
            entries.truncate(read.expect("a read") + 1);
        });
        let learned = taught(&har, &HINTS).expect("learned");
        assert!(learned.profile.fetch.is_empty() && learned.profile.upload.is_empty(), "{name}");
        assert_eq!(learned.profile.read.len(), 1, "{name}");
        let missing: Vec<_> = learned.missing.iter().map(|missing| missing.deed).collect();
        assert_eq!(missing, [Deed::Fetch, Deed::Upload], "{name}");
        assert!(
            learned.missing.iter().all(|missing| missing.remedy.contains("not before")),
            "nobody presses for a recording"
        );
    }
}

#[test]
fn a_persons_flags_say_what_the_browser_left_out() {
    let hints = Hints { upload_field: Some("file"), ..HINTS };
    let learned = taught(&text("cloud-safari.har"), &hints).expect("learned");
    assert_eq!(evidence(&learned, Deed::Upload), Some(Evidence::Inferred));
    assert_eq!(learned.profile.upload[0].multipart.as_ref().expect("parts")[0].name, "file");
    // Without a name that says so, the length of the file does.
    let bare = changed("cloud-devtools.har", |entries| {
        for entry in entries.iter_mut().filter(|entry| url(entry).ends_with("/request")) {
            let headers = entry["response"]["headers"].as_array_mut().expect("headers");
            headers.retain(|header| header["name"] != "content-disposition" && header["name"] != "content-type");
            entry["response"]["content"]["mimeType"] = json!("");
            entry["request"]["url"] = json!(format!("{ORIGIN}/admin/api/give"));
        }
    });
    assert_eq!(evidence(&taught(&bare, &HINTS).expect("learned"), Deed::Fetch), None);
    let file = vec![b'a'; 7_656];
    let learned = taught(&bare, &Hints { request: Some(&file), ..HINTS }).expect("learned");
    assert_eq!(evidence(&learned, Deed::Fetch), Some(Evidence::Inferred));
    // A file without an ending is known by its name.
    let renamed = text("cloud-devtools.har")
        .replace("filename=\\\"MDM_ MobileIron_Certificate.pem\\\"", "filename=\\\"acme2026\\\"");
    assert_eq!(evidence(&taught(&renamed, &HINTS).expect("learned"), Deed::Upload), None);
    let hints = Hints { certificate_name: Some("acme2026"), ..HINTS };
    assert_eq!(evidence(&taught(&renamed, &hints).expect("learned"), Deed::Upload), Some(Evidence::Inferred));
}

#[test]
fn values_without_an_origin_are_reported_and_not_learned() {
    // The page that shows the value was not recorded.
    let har = changed("cloud-firefox.har", |entries| {
        entries.retain(|entry| !url(entry).ends_with("/admin/apple/mdm-certificate"));
    });
    let error = taught(&har, &HINTS).expect_err("nothing can be made again");
    assert!(matches!(error, LearnError::Nothing), "{error}");
    // Only the upload's value is another one.
    let har = changed("cloud-firefox.har", |entries| {
        let upload = entries.last_mut().expect("an upload");
        let headers = upload["request"]["headers"].as_array_mut().expect("headers");
        headers.iter_mut().find(|header| header["name"] == "X-CSRF-Token").expect("a guard")["value"] =
            json!("0123456789abcdef0123");
    });
    let learned = taught(&har, &HINTS).expect("learned");
    assert_eq!((learned.profile.fetch.len(), learned.profile.upload.len()), (1, 0));
    assert!(learned.missing[0].what.contains("x-csrf-token"), "{:?}", learned.missing);
}

#[test]
fn a_value_may_come_from_json_from_a_header_and_from_a_cookie() {
    let value = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
    let without_script =
        text("cloud-firefox.har").replace(&format!("csrfToken = \\\"{value}\\\""), "csrfToken = take()");
    let with = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut har: Value = serde_json::from_str(&without_script).expect("JSON");
        change(har["log"]["entries"].as_array_mut().expect("entries"));
        taught(&har.to_string(), &HINTS).expect("learned")
    };
    let json = with(&|entries| {
        let mut entry = entries[3].clone();
        entry["startedDateTime"] = json!("2026-03-01T13:00:04.000+01:00");
        entry["request"]["url"] = json!(format!("{ORIGIN}/admin/api/session"));
        entry["request"]["method"] = json!("GET");
        entry["response"]["content"] =
            json!({"mimeType": "application/json", "text": format!("{{\"guard\":{{\"token\":\"{value}\"}}}}")});
        entries.insert(4, entry);
    });
    let [session, read] = json.profile.read.as_slice() else { panic!("{}", json.profile) };
    assert_eq!(
        (session.path.as_str(), session.take[0].from, session.take[0].key.as_str()),
        ("/admin/api/session", From::Json, "guard.token")
    );
    assert!(read.headers.iter().any(|field| field.value == "{token}"));
    let header = with(&|entries| {
        let landing =
            entries.iter_mut().find(|entry| url(entry).ends_with("/admin/apple/mdm-certificate")).expect("a page");
        landing["response"]["headers"]
            .as_array_mut()
            .expect("headers")
            .push(json!({"name": "X-Csrf-Token", "value": value}));
    });
    let take = &header.profile.sign_in[1].take[0];
    assert_eq!((take.from, take.key.as_str()), (From::Header, "x-csrf-token"));
    let cookie = with(&|entries| {
        let form = entries.iter_mut().find(|entry| entry["request"]["method"] == "POST").expect("a form");
        form["response"]["cookies"]
            .as_array_mut()
            .expect("cookies")
            .push(json!({"name": "XSRF-TOKEN", "value": value}));
    });
    let take = &cookie.profile.sign_in[1].take[0];
    assert_eq!((take.from, take.key.as_str()), (From::Cookie, "XSRF-TOKEN"));
    assert_eq!(evidence(&cookie, Deed::Read), Some(Evidence::Seen));
}

#[test]
fn a_cookie_that_the_browser_left_out_is_inferred_from_the_convention() {
    let har =
        text("cloud-devtools.har").replace("csrfToken = \\\"", "other = \\\"x").replace("X-CSRF-Token", "X-XSRF-TOKEN");
    let learned = taught(&har, &HINTS).expect("learned");
    let take = &learned.profile.sign_in[1].take[0];
    assert_eq!((take.from, take.key.as_str()), (From::Cookie, "XSRF-TOKEN"), "{}", learned.profile);
    assert_eq!(evidence(&learned, Deed::Read), Some(Evidence::Inferred));
}

#[test]
fn a_sign_in_by_json_gives_a_bearer_token() {
    let har = json!({"log": {"entries": [
        {"request": {"method": "POST", "url": format!("{ORIGIN}/api/session"), "postData": {"mimeType": "application/json", "text": "{\"login\":{\"email\":\"push-api@example.com\",\"password\":\"correct horse\"},\"remember\":false}"}},
         "response": {"status": 200, "content": {"mimeType": "application/json", "text": "{\"access\":{\"token\":\"eyJhbGciOi.J9e30.abc123XYZ\"}}"}}},
        {"request": {"method": "GET", "url": format!("{ORIGIN}/api/mdm/certificate?space=4711"), "headers": [{"name": "authorization", "value": "Bearer eyJhbGciOi.J9e30.abc123XYZ"}]},
         "response": {"status": 200, "content": {"mimeType": "application/json", "text": "{\"subject\":\"CN=APSP:1, UID=com.apple.mgmt.External.1111\",\"notAfter\":\"2027-02-20T01:27:33Z\"}"}}},
    ]}});
    let error = taught(&har.to_string(), &HINTS).expect_err("nobody says where the space comes from");
    assert!(matches!(error, LearnError::Nothing), "{error}");
    let har = har.to_string().replace("\\\"access\\\":{", "\\\"access\\\":{\\\"defaultSpace\\\":4711,");
    let learned = taught(&har, &HINTS).expect("learned");
    let [session] = learned.profile.sign_in.as_slice() else { panic!("{}", learned.profile) };
    let body = session.json.as_deref().expect("JSON");
    assert_eq!(body, "{{\"login\":{{\"email\":\"{username}\",\"password\":\"{password}\"}},\"remember\":false}}");
    let read = &learned.profile.read[0];
    assert_eq!(
        (read.path.as_str(), read.headers[0].value.as_str()),
        ("/api/mdm/certificate?space={default_space}", "Bearer {token}")
    );
    let answer = read.answer.as_ref().expect("an answer");
    assert_eq!((answer.topic.as_deref(), answer.not_after.as_deref()), (Some("subject"), Some("notAfter")));
}

#[test]
fn a_sign_in_by_another_host_is_named() {
    let har = json!({"log": {"entries": [
        {"request": {"method": "GET", "url": format!("{ORIGIN}/admin")},
         "response": {"status": 302, "headers": [{"name": "Location", "value": "https://login.example.org/sso?SAMLRequest=fZ"}]}},
        {"request": {"method": "POST", "url": "https://login.example.org/sso", "postData": {"mimeType": "application/x-www-form-urlencoded", "text": "user=a&password=b"}},
         "response": {"status": 200}},
        {"request": {"method": "POST", "url": format!("{ORIGIN}/acs"), "postData": {"mimeType": "application/x-www-form-urlencoded", "text": "SAMLResponse=PD94"}},
         "response": {"status": 302}},
    ]}});
    let error = taught(&har.to_string(), &HINTS).expect_err("not learned");
    assert!(
        matches!(&error, LearnError::Federated { host, protocol: "SAML" } if host == "login.example.org"),
        "{error}"
    );
    let code = json!({"log": {"entries": [
        {"request": {"method": "GET", "url": "https://login.example.org/authorize?client_id=a&redirect_uri=b"}, "response": {"status": 200}},
        {"request": {"method": "GET", "url": format!("{ORIGIN}/callback?code=abc&state=def")}, "response": {"status": 302}},
    ]}});
    let error = taught(&code.to_string(), &HINTS).expect_err("not learned");
    assert!(
        matches!(&error, LearnError::Federated { host, protocol: "OpenID Connect" } if host == "login.example.org"),
        "{error}"
    );
}

#[test]
fn sign_ins_that_no_program_can_make() {
    let late = changed("cloud-firefox.har", |entries| drop(entries.drain(..2)));
    assert!(matches!(taught(&late, &HINTS), Err(LearnError::NoSignIn)));
    let factor = changed("cloud-firefox.har", |entries| {
        let mut entry = entries[1].clone();
        entry["request"]["url"] = json!(format!("{ORIGIN}/admin/verify"));
        entry["request"]["postData"] = json!({"mimeType": "application/x-www-form-urlencoded", "text": "otp=123456"});
        entries.insert(2, entry);
    });
    let error = taught(&factor, &HINTS).expect_err("not learned");
    assert!(matches!(&error, LearnError::SecondFactor { path } if path == "/admin/verify"), "{error}");
}

#[test]
fn only_the_tenants_own_origin() {
    let other = text("cloud-firefox.har");
    for origin in [
        "https://console.example.com:8443",
        "http://console.example.com",
        "https://example.com",
        "https://console.example.com.evil.example",
    ] {
        let error = Recording::read(other.as_bytes(), origin).expect_err(origin);
        assert!(matches!(&error, HarError::OtherHosts { .. }), "{error}");
        assert!(error.to_string().contains("console.example.com (6)"), "{error}");
    }
    let hostile = json!({"log": {"entries": [
        {"request": {"url": "https://console.example.com@evil.example/admin"}},
        {"request": {"url": "https://evil.example/https://console.example.com/"}},
        {"request": {"url": "https://xn--nxasmq6b.example/\u{1b}[2J"}},
        {"request": {"url": "file:///etc/passwd"}}, {"request": {"url": "javascript:alert(1)"}}, {"request": {"url": "//"}}, {"request": 3},
    ]}});
    let error = Recording::read(hostile.to_string().as_bytes(), ORIGIN).expect_err("nothing of ours");
    assert!(error.to_string().contains("evil.example (2)") && !error.to_string().contains('\u{1b}'), "{error}");
}

#[test]
fn the_example_of_the_documentation_is_a_profile() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/console-profiles.md");
    let page = fs::read_to_string(path).expect("a page");
    let example = page.split("```toml\n").nth(2).and_then(|rest| rest.split("```").next()).expect("an example");
    let profile = Profile::parse(example).expect("a profile");
    assert!(Deed::ALL.into_iter().all(|deed| !profile.requests(deed).is_empty()));
}

#[test]
fn files_that_are_no_recordings_say_what_they_are() {
    let read = |bytes: &[u8]| Recording::read(bytes, ORIGIN).expect_err("no recording");
    let whole = text("cloud-firefox.har");
    for cut in [1, 9, 100, whole.len() / 2, whole.trim_end().len() - 1] {
        assert!(matches!(read(&whole.as_bytes()[..cut]), HarError::CutOff), "{cut}");
    }
    assert!(matches!(read(b""), HarError::Empty));
    assert!(matches!(read(b"PK\x03\x04\x14\0\0"), HarError::OtherKind { .. }));
    assert!(matches!(read(b"hello"), HarError::NotJson { .. }));
    assert!(matches!(read(b"{\"a\": 1,}"), HarError::NotJson { line: 1, .. }));
    for other in ["{}", "[]", "3", "{\"log\": 3}", "{\"log\": {}}", "{\"log\": {\"entries\": {}}}", "{\"entries\": []}"]
    {
        assert!(matches!(read(other.as_bytes()), HarError::OtherJson), "{other}");
    }
    assert!(matches!(read(b"{\"log\": {\"entries\": []}}"), HarError::NoRequests));
    let nested = format!("{{\"log\": {{\"entries\": {}", "[".repeat(100_000));
    assert!(matches!(read(nested.as_bytes()), HarError::NotJson { .. }));
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(whole.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(Recording::read(wide.as_slice(), ORIGIN).expect("a recording").exchanges.len(), 6);
}

/// A long recording that is made while it is read: the true one, in the middle of pictures and of other hosts.
struct Long {
    ready: io::Cursor<Vec<u8>>,
    left: usize,
    end: Option<String>,
}

impl Read for Long {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.ready.read(buffer)?;
        if read > 0 {
            return Ok(read);
        }
        let next = if self.left > 0 {
            self.left -= 1;
            let host = if self.left.is_multiple_of(2) { "cdn.example.net" } else { "console.example.com" };
            let body = "A".repeat(64 << 10);
            format!(
                "{{\"request\":{{\"method\":\"GET\",\"url\":\"https://{host}/{}.png\"}},\"response\":{{\"status\":200,\"content\":{{\"mimeType\":\"image/png\",\"text\":\"{body}\"}}}}}},",
                self.left
            )
        } else {
            let Some(end) = self.end.take() else { return Ok(0) };
            end
        };
        self.ready = io::Cursor::new(next.into_bytes());
        self.ready.read(buffer)
    }
}

#[test]
fn a_long_recording_is_read_piece_by_piece() {
    let true_one = document("core-devtools.har")["log"]["entries"].to_string();
    let long = Long {
        ready: io::Cursor::new(b"{\"log\":{\"entries\":[".to_vec()),
        left: 400,
        end: Some(format!("{}}}}}", &true_one[1..])),
    };
    let recording = Recording::read(long, ORIGIN).expect("a recording");
    assert_eq!(recording.elsewhere["cdn.example.net"].requests, 200);
    assert!(recording.exchanges.iter().all(|exchange| exchange.body.as_ref().is_none_or(|body| body.len() < 20_000)));
    let learned = learn(&recording, ORIGIN, "mobileiron-core", &HINTS).expect("learned");
    assert!(learned.knows(Deed::Upload));
}
