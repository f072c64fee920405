//! Every wrong file in every place where somebody may hand one in: it is named, there is a next thing to do, and nothing is
//! changed.

use std::{fs, path::Path, process::Output, thread};

use serde_json::Value;

use crate::shell::{home, run, text};

/// A place where files are handed in.
#[derive(Clone, Copy)]
struct Place {
    name: &'static str,
    /// The column of the table below.
    wants: Wants,
    /// The command line; `{}` stands for the file.
    command: &'static [&'static str],
    /// The exit code of a file that is refused.
    exit: i32,
}

#[derive(Clone, Copy)]
enum Wants {
    Certificate,
    Request,
    /// A request, or a signing request alone.
    AnyRequest,
    Csr,
    Key,
    Vendor,
    Pkcs12,
}

const CERTIFICATE: &str = "fixtures/papers/renewal-after.pem";
const TRUST: [&str; 2] = ["--authorities", "fixtures/papers/authorities.pem"];

const PLACES: [Place; 14] = [
    Place { name: "check", wants: Wants::Certificate, command: &["check", "{}", "--as", "push-certificate"], exit: 3 },
    Place {
        name: "check a request",
        wants: Wants::Request,
        command: &["check", "{}", "--as", "push-request"],
        exit: 3,
    },
    Place {
        name: "check --against",
        wants: Wants::Certificate,
        command: &["check", CERTIFICATE, "--against", "{}"],
        exit: 2,
    },
    Place {
        name: "check --request",
        wants: Wants::AnyRequest,
        command: &["check", CERTIFICATE, "--request", "{}"],
        exit: 2,
    },
    Place { name: "check --key", wants: Wants::Key, command: &["check", CERTIFICATE, "--key", "{}"], exit: 2 },
    Place {
        name: "renew --certificate",
        wants: Wants::Certificate,
        command: &["renew", "own", "--no-input", "--certificate", "{}"],
        exit: 3,
    },
    Place {
        name: "renew --request",
        wants: Wants::Request,
        command: &["renew", "own", "--no-input", "--request", "{}"],
        exit: 3,
    },
    Place { name: "install", wants: Wants::Certificate, command: &["install", "own", "{}", "--no-input"], exit: 3 },
    Place { name: "adopt", wants: Wants::Certificate, command: &["adopt", "own", "{}"], exit: 3 },
    Place {
        name: "csr sign",
        wants: Wants::Csr,
        command: &[
            "csr",
            "sign",
            "{}",
            "--vendor",
            "fixtures/papers/vendor.pem",
            "--vendor-key",
            "fixtures/papers/vendor.key",
            "--out",
            "OUT.txt",
        ],
        exit: 3,
    },
    Place {
        name: "csr sign --vendor",
        wants: Wants::Vendor,
        command: &[
            "csr",
            "sign",
            "fixtures/papers/bare.csr",
            "--vendor",
            "{}",
            "--vendor-key",
            "fixtures/papers/vendor.key",
            "--out",
            "OUT.txt",
        ],
        exit: 3,
    },
    Place {
        name: "p12 pack",
        wants: Wants::Certificate,
        command: &["p12", "pack", "{}", "--key", "fixtures/papers/private-key.pem", "--out", "OUT.p12"],
        exit: 3,
    },
    Place {
        name: "p12 pack --key",
        wants: Wants::Key,
        command: &["p12", "pack", CERTIFICATE, "--key", "{}", "--out", "OUT.p12"],
        exit: 3,
    },
    Place { name: "p12 open", wants: Wants::Pkcs12, command: &["p12", "open", "{}", "--out", "OUT"], exit: 3 },
];

/// What is wrong with a file wherever it is handed in.
const EVERYWHERE: [(&str, &str); 21] = [
    ("empty.pem", "empty-file"),
    ("blank.pem", "empty-file"),
    ("sign-in-page.pem", "html-page"),
    ("page-part.pem", "html-page"),
    ("answer.json", "json-answer"),
    ("answer-with-pem.json", "json-answer"),
    ("some.plist", "unknown-kind"),
    ("letter.txt", "unknown-kind"),
    ("letter-utf16.txt", "unknown-kind"),
    ("archive.zip", "unknown-kind"),
    ("request.rtf", "unknown-kind"),
    ("signed.p7b", "unknown-kind"),
    ("sealed-reply.p7", "unknown-kind"),
    ("revoked.crl", "unknown-kind"),
    ("damaged-cut.pem", "damaged"),
    ("damaged-cut.der", "damaged"),
    ("damaged-cut-request.txt", "damaged"),
    ("huge", "too-large"),
    ("link", "not-a-file"),
    ("pipe", "not-a-file"),
    ("nothing", "unreadable"),
];

/// What is wrong with a good paper in the wrong place: a column for each of [`Wants`]; nothing where it is not wrong, or where
/// its own table judges it.
const BY_PLACE: [(&str, [&str; 7]); 10] = [
    (
        "renewal-after.pem",
        [
            "",
            "other-certificate",
            "other-certificate",
            "other-certificate",
            "other-certificate",
            "",
            "other-certificate",
        ],
    ),
    (
        "other-certificate.pem",
        [
            "other-certificate",
            "other-certificate",
            "other-certificate",
            "other-certificate",
            "other-certificate",
            "",
            "other-certificate",
        ],
    ),
    (
        "app-push-certificate.pem",
        [
            "app-push-certificate",
            "app-push-certificate",
            "app-push-certificate",
            "app-push-certificate",
            "app-push-certificate",
            "",
            "app-push-certificate",
        ],
    ),
    (
        "vendor-certificate.pem",
        [
            "vendor-certificate",
            "vendor-certificate",
            "vendor-certificate",
            "vendor-certificate",
            "vendor-certificate",
            "",
            "vendor-certificate",
        ],
    ),
    (
        "authority-certificate.pem",
        [
            "authority-certificate",
            "authority-certificate",
            "authority-certificate",
            "authority-certificate",
            "authority-certificate",
            "",
            "authority-certificate",
        ],
    ),
    (
        "several.pem",
        [
            "several-certificates",
            "several-certificates",
            "several-certificates",
            "several-certificates",
            "several-certificates",
            "",
            "several-certificates",
        ],
    ),
    ("request.txt", ["push-request", "", "", "push-request", "push-request", "push-request", "push-request"]),
    ("bare.csr", ["bare-csr", "bare-csr", "", "", "bare-csr", "bare-csr", "bare-csr"]),
    ("private-key.pem", ["private-key", "private-key", "private-key", "private-key", "", "private-key", "private-key"]),
    (
        "bundle.p12",
        [
            "private-key-included",
            "private-key-included",
            "private-key-included",
            "private-key-included",
            "private-key-included",
            "",
            "",
        ],
    ),
];

#[test]
fn every_wrong_file_has_a_name_in_every_place() {
    let wrong: Vec<String> = thread::scope(|scope| {
        let halves = PLACES.chunks(PLACES.len().div_ceil(2));
        let tried: Vec<_> =
            halves.map(|places| scope.spawn(|| places.iter().flat_map(try_all).collect::<Vec<_>>())).collect();
        tried.into_iter().flat_map(|tried| tried.join().expect("it is tried")).collect()
    });
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Hands every file in at one place: those whose answer is not as it should be.
fn try_all(place: &Place) -> Vec<String> {
    let room = Room::new();
    let by_place = BY_PLACE.iter().map(|(file, codes)| (*file, codes[place.wants as usize]));
    let files = EVERYWHERE.into_iter().chain(by_place).filter(|(_, code)| !code.is_empty());
    files.filter_map(|(file, code)| room.try_one(place, file, code).err()).collect()
}

/// The finding that stands for all of them, and what to do about it: from the failure, or else from the line of the file.
fn named(output: &Output) -> (String, String) {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lines = |bytes: &[u8]| -> Vec<Value> {
        text(bytes).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    if let Some(error) = lines(&output.stderr).iter().find(|line| line["schema"] == "pushcert/error/1") {
        return (word(&error["code"]), word(&error["hint"]));
    }
    let judged = lines(&output.stdout);
    let findings = judged.first().and_then(|line| line["findings"].as_array()).cloned().unwrap_or_default();
    let refusing = findings.iter().find(|finding| finding["severity"] == "refuse");
    refusing.map(|finding| (word(&finding["code"]), word(&finding["remedy"]))).unwrap_or_default()
}

/// A home with a tenant whose steps are done by hand, and files that no fixture can be.
struct Room {
    home: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let home = home();
        let at = |name: &str| home.path().join(name);
        fs::write(at("passphrase"), "correct horse\n").expect("written");
        fs::File::create(at("huge")).and_then(|file| file.set_len(2 << 20)).expect("a large file");
        fs::copy("fixtures/papers/authorities.pem", at("authorities.pem")).expect("copied");
        std::os::unix::fs::symlink(
            Path::new("fixtures/papers").canonicalize().expect("a folder").join("form.der"),
            at("link"),
        )
        .expect("a link");
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), rustix::fs::Mode::RUSR).expect("a pipe");
        fs::write(
            at("own.toml"),
            "[tenants.own]\nmdm = \"manual\"\nauthorities = \"authorities.pem\"\n\
             portal = \"https://127.0.0.1:1/\"\nenrolled_topic = \"com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111\"\n",
        )
        .expect("written");
        Self { home }
    }

    fn try_one(&self, place: &Place, file: &str, wanted: &str) -> Result<(), String> {
        let output = self.hand_in(place, file);
        let (code, remedy) = named(&output);
        let exit = match wanted {
            "unreadable" => 6,
            // What cannot even be read is refused everywhere.
            "too-large" | "not-a-file" => 3,
            _ => place.exit,
        };
        let as_it_should_be = code == wanted && !remedy.is_empty() && output.status.code() == Some(exit);
        if as_it_should_be && self.nothing_was_made() {
            return Ok(());
        }
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        Err(format!(
            "{file} at {}: {code} instead of {wanted}, {:?} instead of {exit}\n{said}",
            place.name,
            output.status.code()
        ))
    }

    fn hand_in(&self, place: &Place, file: &str) -> Output {
        let own = self.home.path().join(file);
        let path = if own.symlink_metadata().is_ok() || file == "nothing" {
            own
        } else {
            Path::new("fixtures/papers").join(file)
        };
        let put = |part: &&str| match *part {
            "{}" => path.display().to_string(),
            out if out.starts_with("OUT") => self.home.path().join(out).display().to_string(),
            part => part.to_owned(),
        };
        let mut arguments: Vec<String> = place.command.iter().map(put).collect();
        let config = self.home.path().join("own.toml").display().to_string();
        let secret = self.home.path().join("passphrase").display().to_string();
        match place.command[0] {
            "renew" | "install" | "adopt" => arguments.extend(["--config".to_owned(), config]),
            "check" => arguments.extend(TRUST.map(str::to_owned)),
            _ => arguments.extend(["--passphrase-file".to_owned(), secret]),
        }
        arguments.extend(["-o".to_owned(), "json".to_owned()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(self.home.path(), &arguments)
    }

    fn nothing_was_made(&self) -> bool {
        ["OUT", "OUT.txt", "OUT.p12"].iter().all(|name| !self.home.path().join(name).exists())
    }
}
