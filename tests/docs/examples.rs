//! What the pages tell people to type is typed: each line for a shell runs, page by page, against the embedded world.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use super::{book, lines};
use crate::{
    program::with_curl,
    shell::{Sandbox, has, home, run, succeeds, text},
};

/// What is not typed here, by its beginning, and who tries it instead. The definitions of the command line take it all the same.
const ELSEWHERE: [(&str, &str); 12] = [
    ("cargo ", "the README's commands, by .ci/readme"),
    ("kubectl ", "a cluster: tests/packaging.rs holds the job against its schemas"),
    ("createdb ", "a database of their own: tests/store"),
    ("createuser ", "a database of their own: tests/store"),
    ("pushcert --store postgres://", "a database of their own: tests/store"),
    ("openssl s_client -connect core.acme.example", "a host that is not there"),
    ("pushcert init\n", "asks a person: tests/init.rs"),
    ("pushcert sandbox", "serves until it is ended: the stage is one"),
    ("pushcert status --from https://status.example.com", "a host that is not there: tests/monitoring.rs"),
    ("pushcert watch --listen", "serves until it is ended: tests/watch.rs"),
    ("pushcert android check /path/from/that/line/service-account.json --online", "tests/credentials"),
    ("sudo ", "the system's own affairs: tests/packaging.rs"),
];

/// The digest of a TLS certificate in the pages.
const PIN: &str = "7d1e0c3a9b5f48d2a6c4e8f01b2d3c5e7f90a1b2c3d4e5f60718293a4b5c6d7e";

/// Lines that end otherwise than with 0, by page.
const ENDS: [(&str, &str, i32); 13] = [
    // The embedded world's PingID has a token, so there is nothing to set up for the first time.
    ("docs/pingid.md", "pushcert pingid rotate acme --first", 3),
    // A person must act.
    ("docs/android.md", "pushcert android enrol acme", 4),
    ("docs/pingid.md", "pushcert pingid rotate acme", 4),
    ("docs/renewal.md", "pushcert re", 4),
    ("docs/sandbox.md", "pushcert --config", 4),
    ("docs/when-things-go-wrong.md", "pushcert r", 4),
    // Its server keeps the key of its own request.
    ("docs/when-things-go-wrong.md", "pushcert p12 pack --tenant", 6),
    // A certificate that ends in three weeks is a warning.
    ("docs/monitoring.md", "pushcert check /etc/push/acme.pem", 1),
    ("docs/monitoring.md", "pushcert status --fail-on", 9),
    ("docs/monitoring.md", "pushcert status --from", 1),
    ("docs/monitoring.md", "pushcert status acme -o nagios", 1),
    ("docs/monitoring.md", "pushcert watch --once -o nagios", 1),
    // Nothing was renewed yet, so there is no day before.
    ("docs/renewal.md", "pushcert prove acme --fleet", 6),
];

fn read(path: &str) -> String {
    fs::read_to_string(path).expect("a file")
}

/// The topic of the other tenant of the embedded world.
fn topic_of_core(sandbox: &Sandbox) -> String {
    let config = read(sandbox.get("config"));
    let core = config.split("[tenants.core]").nth(1).and_then(|core| core.split("enrolled_topic = \"").nth(1));
    core.and_then(|rest| rest.split('"').next()).expect("a topic").to_owned()
}

/// The digest of the other server's TLS certificate.
fn pin_of_core(sandbox: &Sandbox) -> String {
    let address = sandbox.get("core").trim_start_matches("https://");
    let shown = "</dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256";
    let ask = format!("openssl s_client -connect {address} {shown}");
    let said = text(&succeeds(Command::new("bash").args(["-c", &ask])));
    said.trim().rsplit('=').next().expect("a digest").replace(':', "").to_lowercase()
}

/// Pages on which the tenant is not there yet.
const SETTING_UP: [&str; 3] = ["docs/air-gapped.md", "docs/configuration.md", "docs/setting-up.md"];

/// A place to type in: the embedded world, its tenant under the name that the pages use, and the files that they speak of.
struct Stage {
    home: tempfile::TempDir,
    sandbox: Sandbox,
    /// The topic of the other tenant, and the digest of its server's TLS certificate.
    core: (String, String),
}

impl Stage {
    fn set() -> Self {
        let home = home();
        let sandbox = Sandbox::start(home.path());
        let stage = Self { core: (topic_of_core(&sandbox), pin_of_core(&sandbox)), sandbox, home };
        for folder in ["bin", "desk/archive", "etc/pushcert", "etc/push", "srv", "node_exporter"] {
            fs::create_dir_all(stage.at(folder)).expect("a folder");
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_pushcert"), stage.at("bin/pushcert")).expect("a link");
        stage.write("secret", "correct horse\n");
        stage.write("etc/pushcert/acme.password", &read(stage.sandbox.get("password_file")));
        stage.certificates();
        stage.papers();
        stage
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        pushcert::world::files::write_private(&self.at(name), text.as_bytes()).expect("written");
    }

    /// The tenant's request and its certificates, this year's and last year's, from a renewal in a store of its own.
    fn certificates(&self) {
        let (config, store) = (self.sandbox.get("config"), self.at("before.sqlite").display().to_string());
        let renew = ["--config", config, "--store", &store, "renew", "cloud", "--no-input", "-o", "json"];
        let report: serde_json::Value = serde_json::from_slice(&run(self.home.path(), &renew).stdout).expect("JSON");
        let request = PathBuf::from(report["request"].as_str().expect("a request"));
        let topic = report["topic"].as_str().expect("a topic");
        let put = |name: &str, bytes: &[u8]| fs::write(self.at(name), bytes).expect("written");
        let last_year = self.download(topic);
        for name in ["desk/last-year.pem", "desk/acme.pem", "desk/archive/one.pem", "etc/push/acme.pem"] {
            put(name, &last_year);
        }
        put("desk/installed.pem", &self.download(&self.core.0));
        let new = fs::read(with_curl(&self.sandbox, topic, &request).expect("curl")).expect("a certificate");
        put("desk/new.pem", &new);
        put("desk/some-file", &new);
        put("desk/ApplePushInfo.txt", &fs::read(&request).expect("a request"));
    }

    /// What pages on keys and further credentials speak of.
    fn papers(&self) {
        let desk = |name: &str| self.at("desk").join(name);
        fs::copy(self.sandbox.get("vendor_certificate"), desk("chain.pem")).expect("copied");
        self.write("desk/key.json", &read(self.sandbox.get("service_account_key")));
        self.write("desk/token.txt", "5f0c8f0e-4f5e-4a43-9c0e-0c3f8a2d7b11\n");
        self.write("desk/passphrase", "correct horse\n");
        let export = ["pkcs12", "-export", "-passout", "pass:correct horse", "-in"];
        let pair = [self.sandbox.get("vendor_certificate"), "-inkey", self.sandbox.get("vendor_key"), "-out"];
        succeeds(Command::new("openssl").args(export).args(pair).arg(desk("vendor.p12")));
        self.sealed();
    }

    /// The reply of a signing service, sealed for a key that is at hand.
    fn sealed(&self) {
        let openssl =
            |arguments: &[&str]| succeeds(Command::new("openssl").args(arguments).current_dir(self.at("desk")));
        let files = ["-keyout", "encryption-key.pem", "-out", "encryption.pem"];
        openssl(&[&["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=desk"], &files[..]].concat());
        let message = ["-in", "ApplePushInfo.txt", "-out", "mdm_signed_request.plist.b64.p7", "encryption.pem"];
        openssl(&[&["cms", "-encrypt", "-aes256", "-binary", "-outform", "DER"], &message[..]].concat());
    }

    /// The certificate of the row with this topic.
    fn download(&self, topic: &str) -> Vec<u8> {
        let portal = self.sandbox.get("portal");
        let list = text(&self.sandbox.curl(&[portal]));
        let uuid = topic.rsplit('.').next().expect("a UUID");
        let row = list.split("<tr>").find(|row| row.contains(uuid)).expect("the row");
        let serial = row.split("serial=").nth(1).and_then(|rest| rest.split('"').next()).expect("a serial");
        self.sandbox.curl(&[&format!("{portal}download?csn={serial}")])
    }

    /// A certificate for the request that a page has made, by Create at the portal: the one of a key of one's own.
    fn created(&self, request: &str) {
        let portal = self.sandbox.get("portal");
        let file = format!("file=@{}", self.at("desk").join(request).display());
        let page = text(&self.sandbox.curl(&[
            "-F",
            "action=create",
            "-F",
            "note=own",
            "-F",
            &file,
            &format!("{portal}upload"),
        ]));
        let new = page.split("csn=").nth(1).and_then(|rest| rest.split('"').next()).expect("a download");
        let pem = self.sandbox.curl(&[&format!("{portal}download?csn={new}")]);
        fs::write(self.at("desk/push.pem"), pem).expect("written");
    }

    /// A configuration for a page; pages that set a tenant up begin without one.
    fn configured(&self, name: &str) {
        let config = read(self.sandbox.get("config")).replace("[tenants.cloud", "[tenants.acme");
        let (alone, _) = config.split_once("[tenants.core]").expect("two tenants");
        let channel = "[[channels]]\nkind = \"hook\"\ncommand = [\"/bin/true\"]\n";
        let public = format!("public_dir = \"{}\"\n", self.at("srv").display());
        let config = if SETTING_UP.contains(&name) { String::new() } else { format!("{public}{alone}{channel}") };
        self.write("pushcert.toml", &config);
    }

    /// A store for a block, in which the tenant's certificate is recorded, as `init` does it.
    fn recorded(&self, name: &str, store: &str) {
        if !SETTING_UP.contains(&name) {
            let adopted = self.type_in("pushcert adopt acme last-year.pem", store);
            assert_eq!(adopted.status.code(), Some(0), "{}", text(&adopted.stderr));
        }
    }

    /// The line as it is typed here: addresses and folders of the pages are those of the stage.
    fn here(&self, line: &str) -> String {
        let folder = Path::new(self.sandbox.get("config")).parent().expect("a folder").display().to_string();
        [
            ("/path/from/that/line", folder.as_str()),
            ("https://na1.mobileiron.com", self.sandbox.get("cloud")),
            ("push-api@acme.example", self.sandbox.get("username")),
            ("https://core.acme.example", self.sandbox.get("core")),
            ("/etc/push", &self.at("etc/push").display().to_string()),
            ("/srv/pushcert", &self.at("srv").display().to_string()),
            ("com.apple.mgmt.External.980b6421-2edc-4d9a-aea7-10cd7610ad2b", &self.core.0),
            (PIN, &self.core.1),
            ("/var/lib/node_exporter", &self.at("node_exporter").display().to_string()),
        ]
        .iter()
        .fold(line.to_owned(), |line, (shown, ours)| line.replace(shown, ours))
    }

    fn type_in(&self, line: &str, store: &str) -> Output {
        let authorities = Path::new(self.sandbox.get("config")).with_file_name("authorities.pem");
        Command::new("bash")
            .args(["-c", &format!("set -o pipefail; {}", self.here(line))])
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.at("bin").display()))
            .env("HOME", self.home.path())
            .env("USER", "anna")
            .env("PUSHCERT_CONFIG", self.at("pushcert.toml"))
            .env("PUSHCERT_STORE", self.at(store))
            .env("PUSHCERT_AUTHORITIES", authorities)
            .env("PUSHCERT_PASSPHRASE_FILE", self.at("secret"))
            .env("PUSHCERT_NO_INPUT", "1")
            .current_dir(self.at("desk"))
            .stdin(Stdio::null())
            .output()
            .expect("bash runs")
    }
}

impl Stage {
    /// How a line ends otherwise than the page lets people expect, if it does.
    fn mistaken(&self, page: &str, line: &str, store: &str) -> Option<String> {
        if line.starts_with("pushcert p12 pack") {
            self.created("acme-2027.txt");
        }
        let output = self.type_in(line, store);
        let known = ENDS.iter().find(|(on, beginning, _)| *on == page && line.starts_with(beginning));
        let (expected, found) = (known.map_or(0, |ends| ends.2), output.status.code());
        let said = || format!("{}{}", text(&output.stdout), text(&output.stderr));
        (found != Some(expected)).then(|| format!("{page}: {line}\n  {found:?}, not {expected}\n{}", said()))
    }
}

#[test]
fn what_the_pages_say_to_type_can_be_typed() {
    if !has("bash") || !has("curl") || !has("openssl") {
        return;
    }
    let stage = Stage::set();
    let (mut typed, mut wrong, mut used) = (0, vec![], vec![]);
    for page in book::pages() {
        stage.configured(&page);
        let shell = book::blocks(&page).into_iter().filter(|block| block.language == "sh");
        for (number, block) in shell.enumerate() {
            let store = format!("{}-{number}.sqlite", page.replace('/', "-"));
            stage.recorded(&page, &store);
            for line in lines::of(&block.text) {
                match ELSEWHERE.iter().find(|(beginning, _)| format!("{line}\n").starts_with(beginning)) {
                    Some((beginning, _)) => used.push(*beginning),
                    None => wrong.extend(stage.mistaken(&page, &line, &store)),
                }
                typed += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(typed - used.len() > 35, "{typed}");
    let unused: Vec<_> = ELSEWHERE.iter().filter(|(beginning, _)| !used.contains(beginning)).collect();
    assert!(unused.is_empty(), "no page says these any more: {unused:?}");
}
