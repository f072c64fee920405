//! Lists of revoked certificates, got by the running watch from a web server, and made by OpenSSL.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    shell::{has, home, run, succeeds, text},
    watch::Watch,
};

const TOPIC: &str = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";

/// How OpenSSL is told to be an authority.
const AUTHORITY: &str = "
[ ca ]
default_ca = here
[ here ]
database = index
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 300
default_crl_days = 30
policy = anything
crl_extensions = list
x509_extensions = push
[ anything ]
userId = optional
commonName = supplied
countryName = optional
[ list ]
authorityKeyIdentifier = keyid
[ push ]
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
1.2.840.113635.100.6.3.2 = ASN1:NULL
[ req ]
distinguished_name = name
x509_extensions = authority
[ name ]
[ authority ]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
keyUsage = critical, keyCertSign, cRLSign
";

/// An authority with one push certificate, and a tenant that has it.
struct House {
    home: tempfile::TempDir,
}

impl House {
    fn build(list: &str) -> Option<Self> {
        if !has("openssl") {
            return None;
        }
        let house = Self { home: home() };
        for (name, content) in [("openssl.cnf", AUTHORITY), ("index", ""), ("serial", "1001\n")] {
            fs::write(house.home.path().join(name), content).expect("written");
        }
        house.openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3000 -subj /CN=Authority");
        let subject = format!("/UID={TOPIC}/CN=APSP:11111111-aaaa-4aaa-8aaa-111111111111/C=DE");
        house.openssl(&format!("req -new -newkey rsa:2048 -nodes -keyout push.key -out push.csr -subj {subject}"));
        house.openssl("ca -batch -notext -preserveDN -in push.csr -out push.pem");
        let here = house.home.path().display();
        let told = house.home.path().join("told");
        let config = format!(
            "[tenants.acme]\nmdm = \"mobileiron-core\"\nurl = \"https://127.0.0.1:1\"\nauthorities = \"{here}/ca.pem\"\n\
             enrolled_topic = \"{TOPIC}\"\nrevocation_list = \"{list}\"\nthresholds = {{ notice = 400 }}\n\
             [[channels]]\nkind = \"hook\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> {}\"]\n",
            told.display()
        );
        fs::write(house.config(), config).expect("written");
        let adopted = house.run(&["adopt", "acme", &format!("{here}/push.pem")]);
        assert_eq!(adopted.1, Some(0), "{}", adopted.0);
        Some(house)
    }

    fn openssl(&self, arguments: &str) {
        let mut command = Command::new("openssl");
        command.current_dir(self.home.path()).args(arguments.split(' '));
        if !arguments.starts_with("crl") {
            command.args(["-config", "openssl.cnf"]);
        }
        succeeds(&mut command);
    }

    /// The authority's list, as OpenSSL makes it now.
    fn list(&self) -> Vec<u8> {
        self.openssl("ca -gencrl -out list.pem");
        self.openssl("crl -in list.pem -outform DER -out list.crl");
        fs::read(self.home.path().join("list.crl")).expect("a list")
    }

    fn config(&self) -> std::path::PathBuf {
        self.home.path().join("pushcert.toml")
    }

    fn run(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let output = run(self.home.path(), &[&["--config", &self.config().display().to_string()], arguments].concat());
        (text(&output.stdout) + &text(&output.stderr), output.status.code())
    }

    fn watch(&self) -> Watch {
        Watch::start(self.home.path(), &self.config(), &["--every", "1s", "--timeout", "5s"])
    }

    fn told(&self) -> String {
        fs::read_to_string(self.home.path().join("told")).unwrap_or_default()
    }
}

/// A web server on a loopback address that serves this to everybody, and counts how often.
fn serve(list: impl Fn() -> Vec<u8> + Send + 'static) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let count = Arc::new(AtomicUsize::new(0));
    let served = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4096]);
            served.fetch_add(1, Ordering::SeqCst);
            let body = list();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.into_bytes(), body].concat());
        }
    });
    (format!("http://{address}/list.crl"), count)
}

/// Lets a few more rounds of a watch end.
fn rounds(watch: &Watch, many: usize) {
    let at = |page: &str| {
        let line = page.lines().find(|line| line.starts_with("pushcert_watch_round_timestamp_seconds "));
        line.map(str::to_owned)
    };
    for _ in 0..many {
        let before = at(&watch.get("/metrics"));
        watch.until("/metrics", |page| at(page) != before);
    }
}

/// The list of a house is known only once the house stands, and the house needs the list's address first.
fn listed(change: impl FnOnce(&House)) -> Option<(House, Arc<AtomicUsize>)> {
    let place = tempfile::tempdir().expect("a folder").keep();
    let file = place.join("list.crl");
    let served = file.clone();
    let (address, count) = serve(move || fs::read(&served).unwrap_or_default());
    let house = House::build(&address)?;
    change(&house);
    write(&file, &house.list());
    Some((house, count))
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("written");
}

#[test]
fn a_revoked_certificate_is_found_by_the_running_watch() {
    let Some((house, count)) = listed(|house| house.openssl("ca -revoke push.pem")) else { return };
    let watch = house.watch();
    watch.until("/status.json", |list| list.contains("\"revocation\":\"revoked\""));
    watch.until("/", |page| page.contains("revoked"));
    assert!(watch.get("/tenants/acme").contains("<strong>yes</strong>, since "));
    assert!(watch.get("/metrics").contains("pushcert_tenant_problem{tenant=\"acme\",code=\"revoked\"} 1"));
    assert!(watch.get("/metrics").contains("issuer=\"CN=Authority\""), "{}", watch.get("/metrics"));
    let (said, code) = house.run(&["status", "--offline", "-o", "nagios"]);
    assert!(said.starts_with("PUSHCERT CRITICAL") && said.contains("revoked") && code == Some(2), "{said}");
    let (said, _) = house.run(&["status", "--offline"]);
    assert!(said.contains("revoked") && !said.contains("not looked up"), "{said}");
    for _ in 0..100 {
        if house.told().contains("\"matter\":\"revoked\"") {
            break;
        }
        rounds(&watch, 1);
    }
    assert_eq!(house.told().matches("\"matter\":\"revoked\"").count(), 1, "{}", house.told());
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_list_is_got_daily_and_not_in_each_round() {
    let Some((house, count)) = listed(|_| {}) else { return };
    {
        let watch = house.watch();
        watch.until("/status.json", |list| list.contains("\"revocation\":\"good\""));
        rounds(&watch, 2);
        assert!(watch.get("/tenants/acme").contains("no, by the list of revoked certificates on "));
        assert!(!watch.get("/").contains("not looked up"));
        assert_eq!(count.load(Ordering::SeqCst), 1, "once for all rounds");
    }
    let again = house.watch();
    rounds(&again, 2);
    assert_eq!(count.load(Ordering::SeqCst), 1, "a watch that is started anew knows what was looked up");
    drop(again);
    let store = house.home.path().join(".local/state/pushcert/pushcert.sqlite");
    let raw = rusqlite::Connection::open(store).expect("the store");
    let yesterday =
        "UPDATE lookup SET json = json_set(json, '$.at', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-25 hours'))";
    assert_eq!(raw.execute(yesterday, []).expect("changed"), 1);
    let tomorrow = house.watch();
    rounds(&tomorrow, 2);
    assert_eq!(count.load(Ordering::SeqCst), 2, "after a day it is got again");
}

#[test]
fn a_list_that_cannot_be_had_leaves_it_open_and_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let Some(house) = House::build(&format!("http://{free}/list.crl")) else { return };
    let watch = house.watch();
    rounds(&watch, 2);
    assert!(watch.get("/").contains("Whether a certificate is revoked was not looked up."));
    let page = watch.get("/tenants/acme");
    assert!(page.contains("<dt>Revoked</dt><dd><span class=\"faint\">not looked up</span></dd>"), "{page}");
    assert!(watch.get("/status.json").contains("\"revocation\":\"not-looked-up\",\"revocation_at\":null"));
    let (said, _) = house.run(&["status", "--offline"]);
    assert!(said.contains("revocation not looked up: acme"), "{said}");
    let (said, _) = house.run(&["status", "--offline", "-o", "json"]);
    assert!(said.contains("\"revocation\":\"not-looked-up\""), "{said}");
    assert!(
        house.told().contains("\"revocation\":\"not-looked-up\""),
        "the alert on the end says it, too: {}",
        house.told()
    );
    assert!(!house.told().contains("\"matter\":\"revoked\""));
}

#[test]
fn only_a_world_of_its_own_has_a_list_of_its_own() {
    let home = home();
    let config = home.path().join("pushcert.toml");
    let tenant = "[tenants.acme]\nmdm = \"manual\"\nrevocation_list = \"http://127.0.0.1:1/list.crl\"\n";
    for list in [tenant.to_owned(), tenant.replace("127.0.0.1:1", "crl.example.com")] {
        fs::write(&config, list).expect("written");
        let output = run(home.path(), &["--config", &config.display().to_string(), "config", "check"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("there is one list of Apple's"), "{}", text(&output.stderr));
    }
}
