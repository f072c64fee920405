//! Commands on files alone: own keys, vendor signatures, PKCS #12 files, folders.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::shell::{Sandbox, has, home, run, text};

/// Runs the program on files of the fixtures, judged when and by whom they are meant to be.
fn judged(home: &Path, arguments: &[&str]) -> (Vec<Value>, Option<i32>) {
    let fixed = ["--authorities", "fixtures/papers/authorities.pem", "--at", "2026-06-01", "-o", "json"];
    let output = run(home, &[arguments, &fixed].concat());
    (lines(&output), output.status.code())
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn code(line: &Value) -> &str {
    line["findings"][0]["code"].as_str().unwrap_or_default()
}

#[cfg(unix)]
#[test]
fn a_folder_is_walked_in_order() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = home();
    let tree = home.path().join("tree");
    fs::create_dir_all(tree.join("b/closed")).expect("folders");
    fs::copy("fixtures/papers/renewal-after.pem", tree.join("a.pem")).expect("copied");
    fs::copy("fixtures/papers/request.txt", tree.join("b/request.txt")).expect("copied");
    fs::copy("fixtures/papers/sign-in-page.pem", tree.join("c.pem")).expect("copied");
    symlink(&tree, tree.join("b/loop")).expect("a link");
    rustix::fs::mkfifoat(rustix::fs::CWD, tree.join("b/pipe"), rustix::fs::Mode::RUSR).expect("a pipe");
    fs::set_permissions(tree.join("b/closed"), fs::Permissions::from_mode(0o000)).expect("closed");
    let (found, exit) = judged(home.path(), &["check", &tree.display().to_string()]);
    let mut wanted = vec![
        ("a.pem", "warn", "topic-unknown"),
        ("b/closed", "refuse", "unreadable"),
        ("b/loop", "refuse", "not-a-file"),
        ("b/pipe", "refuse", "not-a-file"),
        ("b/request.txt", "accept", ""),
        ("c.pem", "refuse", "html-page"),
    ];
    // Nothing is closed to the superuser.
    if rustix::process::getuid().is_root() {
        wanted.remove(1);
    }
    let found: Vec<_> = found
        .iter()
        .map(|line| {
            let path = Path::new(line["path"].as_str().expect("a path"));
            let name = path.strip_prefix(&tree).expect("below").display().to_string();
            (name, line["verdict"].as_str().expect("a word"), code(line))
        })
        .collect();
    let shown: Vec<_> = found.iter().map(|(name, verdict, code)| (name.as_str(), *verdict, *code)).collect();
    assert_eq!((shown, exit), (wanted, Some(3)));
    fs::set_permissions(tree.join("b/closed"), fs::Permissions::from_mode(0o700)).expect("opened");
}

#[test]
fn an_empty_folder_and_one_that_is_not_there() {
    let home = home();
    assert_eq!(judged(home.path(), &["check", &home.path().display().to_string()]), (vec![], Some(0)));
    let (found, exit) = judged(home.path(), &["check", "/nowhere/at/all", "fixtures/papers/request.txt"]);
    assert_eq!((found.len(), code(&found[0]), exit), (2, "unreadable", Some(6)));
}

#[test]
fn the_same_files_give_the_same_lines_every_time() {
    let home = home();
    let all = || judged(home.path(), &["check", "fixtures/papers"]);
    let first = all();
    assert!(first.0.len() > 90, "{}", first.0.len());
    for _ in 0..3 {
        assert_eq!(all(), first);
    }
}

/// A terminal of its own for the program, by Python; what it showed is printed.
const AT_A_TERMINAL: &str = "import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    seen += part
os.write(1, seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))";

#[test]
fn a_bar_shows_how_far_it_is_at_a_terminal_only() {
    if !has("python3") {
        return;
    }
    let home = home();
    let many = home.path().join("many");
    fs::create_dir(&many).expect("a folder");
    let certificate = fs::read("fixtures/papers/renewal-after.pem").expect("a fixture");
    for number in 0..300 {
        put(&many, &format!("{number:03}.pem"), &certificate);
    }
    let folder = many.display().to_string();
    let check = ["check", &folder, "--authorities", "fixtures/papers/authorities.pem", "--at", "2026-06-01"];
    let seen = Command::new("python3")
        .args(["-c", AT_A_TERMINAL, env!("CARGO_BIN_EXE_pushcert")])
        .args(check)
        .env("TERM", "xterm")
        .output()
        .expect("python3 runs");
    let shown = text(&seen.stdout);
    assert_eq!(seen.status.code(), Some(0), "{shown}{}", text(&seen.stderr));
    assert!(shown.contains(" of 300 files"), "{shown}");
    assert!((0..300).all(|number| shown.contains(&format!("{number:03}.pem"))), "every file has its line");
    let piped = run(home.path(), &check);
    assert!(!text(&piped.stdout).contains(" of 300 files") && piped.stderr.is_empty());
}

#[test]
fn a_private_key_beside_a_certificate() {
    let home = home();
    let secret = put(home.path(), "passphrase", "correct horse\n");
    let with = |arguments: &[&str]| {
        let (found, exit) = judged(home.path(), &[&["check", "fixtures/papers/renewal-after.pem"], arguments].concat());
        (found.first().map(|line| code(line).to_owned()), exit)
    };
    let unknown = || Some("topic-unknown".to_owned());
    assert_eq!(with(&["--key", "fixtures/papers/private-key.pem"]), (unknown(), Some(0)));
    let sealed = ["--key", "fixtures/papers/private-key-encrypted.pem", "--passphrase-file", &secret];
    assert_eq!(with(&sealed), (unknown(), Some(0)));
    let command = format!("cat '{secret}'");
    let sealed = ["--key", "fixtures/papers/private-key-encrypted.pem", "--passphrase-command", &command];
    assert_eq!(with(&sealed), (unknown(), Some(0)));
    assert_eq!(with(&sealed[..2]), (None, Some(2)));
    let both = ["--key", "fixtures/papers/vendor.key", "--request", "fixtures/papers/request.txt"];
    assert_eq!(with(&both), (None, Some(3)), "the key is not the request's");
    assert_eq!(with(&["--key", "fixtures/papers/request.txt"]), (None, Some(2)));
}

#[test]
fn revoked_certificates() {
    let home = home();
    let list = ["--crl", "fixtures/papers/revoked.crl"];
    let with = |file: &str, arguments: &[&str]| {
        let (found, exit) = judged(home.path(), &[&["check", file], arguments].concat());
        (found[0]["certificate"]["revocation"].as_str().map(str::to_owned), exit)
    };
    assert_eq!(with("fixtures/papers/revoked.pem", &list), (Some("revoked".into()), Some(3)));
    assert_eq!(with("fixtures/papers/renewal-after.pem", &list), (Some("good".into()), Some(0)));
    assert_eq!(with("fixtures/papers/renewal-after.pem", &[]), (Some("not-looked-up".into()), Some(0)));
    let wrong = ["check", "fixtures/papers/revoked.pem", "--crl", "fixtures/papers/request.txt"];
    assert_eq!(judged(home.path(), &wrong), (vec![], Some(2)));
}

#[test]
fn nothing_of_an_own_key_is_written_over_or_readable() {
    let home = home();
    let secret = put(home.path(), "passphrase", "correct horse\n");
    let out = home.path().join("own");
    let out = out.display().to_string();
    let new = ["csr", "new", "--out", &out, "--country", "NL", "--passphrase-file", &secret];
    let output = run(home.path(), &[&new[..], &["-o", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let line = &lines(&output)[0];
    assert_eq!(line["schema"], "pushcert/made/1");
    let key = PathBuf::from(line["files"]["private_key"].as_str().expect("a path"));
    let before = fs::read(&key).expect("a key");
    assert!(before.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert_eq!(run(home.path(), &new).status.code(), Some(2));
    assert_eq!(fs::read(&key).expect("a key"), before, "the first key is still there");
    #[cfg(unix)]
    for path in [key.clone(), key.with_file_name("request.csr"), key.parent().expect("a folder").to_owned()] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is open to others", path.display());
    }
    for wrong in [&["--country", "XX"][..], &["--country", "NL"]] {
        let elsewhere = home.path().join("elsewhere").display().to_string();
        let output = run(home.path(), &[&["csr", "new", "--out", &elsewhere], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "no such country, or no passphrase");
        assert!(!Path::new(&elsewhere).exists());
    }
}

#[test]
fn a_vendor_certificate_that_apple_would_refuse() {
    let home = home();
    let sign = |vendor: &str, key: &str, more: &[&str]| {
        let out = home.path().join("request.txt").display().to_string();
        let fixed = ["--authorities", "fixtures/papers/authorities.pem", "--out", &out, "-o", "json"];
        let arguments = ["csr", "sign", "fixtures/papers/bare.csr", "--vendor", vendor, "--vendor-key", key];
        let output = run(home.path(), &[&arguments, more, &fixed].concat());
        assert!(!Path::new(&out).exists());
        let code = lines(&output).first().map(|line| code(line).to_owned());
        (code, output.status.code())
    };
    let chain = ["--chain", "fixtures/papers/vendor-chain.pem"];
    let refused = |code: &str| (Some(code.to_owned()), Some(3));
    // These hold at any time; what depends on dates is proven where the time can be given.
    let (vendor, key) = ("fixtures/papers/vendor.pem", "fixtures/papers/vendor.key");
    assert_eq!(sign(vendor, "fixtures/papers/private-key.pem", &chain), refused("key-mismatch"));
    assert_eq!(sign(vendor, key, &[]), refused("chain-broken"));
    let other = "fixtures/papers/other-certificate.pem";
    assert_eq!(sign(other, key, &chain), refused("vendor-marker-missing"));
    assert_eq!(sign("fixtures/papers/request.txt", key, &chain), (None, Some(3)));
}

/// The whole year of a server that takes a key from its administrator: request, vendor, portal, checks, PKCS #12, push.
#[test]
fn a_renewal_with_an_own_key() {
    if !has("curl") {
        return;
    }
    let home = home();
    let sandbox = Sandbox::start(home.path());
    let room = Room { home: home.path(), sandbox: &sandbox };
    let secret = put(home.path(), "passphrase", "correct horse\n");
    let first = room.request("first", &secret);
    let page = room.upload(&["-F", "action=create"], &first);
    let installed = room.download(&page, "installed.pem");
    let topic = lines(&run(home.path(), &["inspect", &installed, "-o", "json"]))[0]["certificate"]["topic"].clone();
    let topic = topic.as_str().expect("a topic").to_owned();

    let config = put(
        home.path(),
        "own.toml",
        format!(
            "[tenants.own]\nmdm = \"manual\"\nenrolled_topic = \"{topic}\"\nauthorities = \"{}\"\nportal = \"{}\"\n",
            room.authorities().display(),
            sandbox.get("portal")
        ),
    );
    let tool = |arguments: &[&str]| run(home.path(), &[&["--config", config.as_str()], arguments].concat());
    assert_eq!(tool(&["adopt", "own", &installed]).status.code(), Some(0));
    let second = room.request("second", &secret);
    let waiting = tool(&["renew", "own", "--request", &second, "--no-input"]);
    assert_eq!(waiting.status.code(), Some(4), "{}{}", text(&waiting.stdout), text(&waiting.stderr));
    let serial = room.serial(&topic);
    let page = room.upload(&["-F", "action=renew", "-F", &format!("serial={serial}")], &second);
    let renewed = room.download(&page, "renewed.pem");
    let judged = tool(&["renew", "own", "--certificate", &renewed, "--no-input"]);
    assert_eq!(judged.status.code(), Some(4), "a person installs it: {}{}", text(&judged.stdout), text(&judged.stderr));

    let key = home.path().join("second/private-key.pem").display().to_string();
    let packed = home.path().join("push.p12").display().to_string();
    let anchors = room.authorities().display().to_string();
    let pack = ["p12", "pack", &renewed, "--key", &key, "--out", &packed, "--passphrase-file", &secret];
    let pack = run(home.path(), &[&pack[..], &["--authorities", &anchors]].concat());
    assert_eq!(pack.status.code(), Some(0), "{}{}", text(&pack.stdout), text(&pack.stderr));
    let wrong = home.path().join("first/private-key.pem").display().to_string();
    let other = home.path().join("other.p12").display().to_string();
    let mismatch = ["p12", "pack", &renewed, "--key", &wrong, "--out", &other, "--passphrase-file", &secret];
    let mismatch = run(home.path(), &[&mismatch[..], &["--authorities", &anchors]].concat());
    assert_eq!(mismatch.status.code(), Some(3));
    assert!(text(&mismatch.stdout).contains("key-mismatch") && !Path::new(&other).exists());

    // The push service takes certificate, key and topic; the token was made up.
    let answer = sandbox.curl(&[
        "--http2",
        "--cert-type",
        "P12",
        "--cert",
        &format!("{packed}:correct horse"),
        "-H",
        &format!("apns-topic: {topic}"),
        "-H",
        "apns-push-type: mdm",
        "-d",
        "{\"mdm\":\"x\"}",
        &format!("https://{}/3/device/{}", sandbox.get("apns"), "ab".repeat(32)),
    ]);
    assert!(text(&answer).contains("BadDeviceToken"), "{}", text(&answer));
    let adopted = tool(&["adopt", "own", &renewed]);
    assert_eq!(adopted.status.code(), Some(0), "{}{}", text(&adopted.stdout), text(&adopted.stderr));
    let status = &lines(&tool(&["status", "own", "-o", "json"]))[0];
    assert_eq!((status["state"].as_str(), status["topic"].as_str()), (Some("ok"), Some(topic.as_str())));
}

/// A room with a sandbox in it.
struct Room<'a> {
    home: &'a Path,
    sandbox: &'a Sandbox,
}

impl Room<'_> {
    fn authorities(&self) -> PathBuf {
        Path::new(self.sandbox.get("config")).with_file_name("authorities.pem")
    }

    /// A fresh key, its signing request, and the vendor's signature.
    fn request(&self, name: &str, secret: &str) -> String {
        let folder = self.home.join(name).display().to_string();
        let made = run(self.home, &["csr", "new", "--out", &folder, "--country", "NL", "--passphrase-file", secret]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let out = self.home.join(format!("{name}.txt")).display().to_string();
        let (csr, anchors) = (format!("{folder}/request.csr"), self.authorities().display().to_string());
        let (vendor, key) = (self.sandbox.get("vendor_certificate"), self.sandbox.get("vendor_key"));
        let sign =
            ["csr", "sign", &csr, "--vendor", vendor, "--vendor-key", key, "--out", &out, "--authorities", &anchors];
        let signed = run(self.home, &sign);
        let said = text(&signed.stdout);
        assert_eq!(signed.status.code(), Some(0), "{said}{}", text(&signed.stderr));
        assert!(said.contains("not Apple's"), "{said}");
        out
    }

    fn upload(&self, what: &[&str], request: &str) -> String {
        let (file, address) = (format!("file=@{request}"), format!("{}upload", self.sandbox.get("portal")));
        text(&self.sandbox.curl(&[what, &["-F", "note=own", "-F", &file, &address]].concat()))
    }

    fn download(&self, page: &str, name: &str) -> String {
        let serial = page.split("csn=").nth(1).and_then(|rest| rest.split('"').next()).expect("a download");
        let pem = self.sandbox.curl(&[&format!("{}download?csn={serial}", self.sandbox.get("portal"))]);
        put(self.home, name, pem)
    }

    fn serial(&self, topic: &str) -> String {
        let list = text(&self.sandbox.curl(&[self.sandbox.get("portal")]));
        let uuid = topic.rsplit('.').next().expect("a UUID");
        let row = list.split("<tr>").find(|row| row.contains(uuid)).expect("the row");
        row.split("serial=").nth(1).and_then(|rest| rest.split('"').next()).expect("a serial").to_owned()
    }
}

/// Whoever trusted others than Apple's authorities is told so wherever something was made.
#[test]
fn other_authorities_are_named_wherever_they_were_trusted() {
    let home = home();
    let secret = put(home.path(), "passphrase", "correct horse\n");
    let authorities = "fixtures/papers/authorities.pem";
    let pack = |out: &str, more: &[&str]| {
        let out = home.path().join(out).display().to_string();
        let fixed = ["--out", &out, "--passphrase-file", &secret, "--authorities", authorities];
        let wanted = ["p12", "pack", "fixtures/papers/renewal-after.pem", "--key", "fixtures/papers/private-key.pem"];
        run(home.path(), &[&wanted[..], &fixed, more].concat())
    };
    let line = &lines(&pack("one.p12", &["-o", "json"]))[0];
    assert_eq!(line["authorities"], authorities, "{line}");
    let said = text(&pack("two.p12", &[]).stdout);
    let judged = "judged by the authorities in fixtures/papers/authorities.pem, not Apple's";
    assert!(said.contains(judged), "{said}");
    let out = home.path().join("request.txt").display().to_string();
    let sign = ["csr", "sign", "fixtures/papers/bare.csr", "--vendor", "fixtures/papers/vendor.pem"];
    let with = ["--vendor-key", "fixtures/papers/private-key.pem", "--authorities", authorities, "--out", &out];
    let said = text(&run(home.path(), &[&sign[..], &with].concat()).stdout);
    assert!(said.contains(judged), "{said}");
}

#[test]
fn a_bundle_that_does_not_open_is_said_to_be_closed() {
    let home = home();
    let secret = put(home.path(), "passphrase", "another horse\n");
    let inspect = ["inspect", "fixtures/papers/bundle.p12"];
    let said = text(&run(home.path(), &[&inspect[..], &["--passphrase-file", &secret]].concat()).stdout);
    assert!(said.contains("the passphrase does not open the file"), "{said}");
    let said = text(&run(home.path(), &inspect).stdout);
    assert!(said.contains("a passphrase protects the file, and none was given"), "{said}");
}

#[test]
fn a_passphrase_that_was_not_given_is_not_a_wrong_one() {
    let home = home();
    let config = put(home.path(), "pushcert.toml", "[tenants.acme]\nmdm = \"manual\"\n");
    let prove = ["--config", &config, "prove", "acme", "--identity", "fixtures/papers/bundle.p12"];
    let output = run(home.path(), &prove);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("needs a passphrase") && !said.contains("does not open"), "{said}");
}

#[test]
fn a_file_that_names_no_app() {
    let home = home();
    let file = put(home.path(), "plain.json", "{\"token\": \"x\"}");
    let said = text(&run(home.path(), &["pingid", "lint", &file]).stdout);
    assert!(said.contains("not named in the file"), "{said}");
}
