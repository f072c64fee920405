//! Receivers of alerts that we did not write: Python's web server and its mail server, over real TLS.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver as Lines},
    thread,
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

use crate::shell::skipped_unless;

/// How long anything is waited for.
const LONGEST: Duration = Duration::from_mins(1);

/// An authority, and what it issued: for 127.0.0.1, or for another name.
pub struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    pub fn new() -> Self {
        let room = Self { folder: tempfile::tempdir().expect("a folder") };
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(parameters, key).expect("an authority");
        fs::write(room.at("ca.pem"), authority.pem()).expect("written");
        for (name, host) in [("own", "127.0.0.1"), ("foreign", "mail.example.com")] {
            let key = KeyPair::generate().expect("a key");
            let parameters = CertificateParams::new([host.to_owned()]).expect("a name");
            let certificate = parameters.signed_by(&key, &authority).expect("a certificate");
            fs::write(room.at(&format!("{name}.pem")), certificate.pem()).expect("written");
            fs::write(room.at(&format!("{name}.key")), key.serialize_pem()).expect("written");
        }
        room
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn path(&self, name: &str) -> String {
        self.at(name).display().to_string()
    }

    /// A secret in a file that only we may read.
    pub fn secret(&self, name: &str, text: &str) -> String {
        pushcert::world::files::write_private(&self.at(name), text.as_bytes()).expect("written");
        format!("{{ file = {:?} }}", self.path(name))
    }
}

/// A receiver in a process of its own.
pub struct Receiver {
    child: Child,
    lines: Lines<Value>,
    pub port: u16,
}

impl Receiver {
    /// A web server that shows this certificate of the room.
    pub fn https(room: &Room, certificate: &str) -> Self {
        let switches = room.path("");
        Self::start("https.py", room, certificate, &switches)
    }

    /// A mail server of this manner: `starttls`, `implicit` or `plain`.
    pub fn smtp(room: &Room, certificate: &str, manner: &str) -> Self {
        Self::start("smtp.py", room, certificate, manner)
    }

    fn start(script: &str, room: &Room, certificate: &str, last: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receivers").join(script);
        let mut child = Command::new("python3")
            .arg(script)
            .arg(room.at(&format!("{certificate}.pem")))
            .arg(room.at(&format!("{certificate}.key")))
            .arg(last)
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                drop(sender.send(serde_json::from_str(&line).expect("JSON")));
            }
        });
        let mut receiver = Self { child, lines, port: 0 };
        let ready = receiver.next("ready");
        receiver.port = u16::try_from(ready["port"].as_u64().expect("a port")).expect("a port");
        receiver
    }

    /// The next thing of this kind that happens.
    pub fn next(&self, event: &str) -> Value {
        loop {
            let line = self.lines.recv_timeout(LONGEST).unwrap_or_else(|_| panic!("no {event} happens"));
            if line["event"] == event {
                return line;
            }
        }
    }

    /// The next request's body, which is an alert.
    pub fn alert(&self) -> Value {
        let request = self.next("request");
        serde_json::from_str(request["body"].as_str().expect("a body")).expect("JSON")
    }

    /// Whatever has happened by now.
    pub fn so_far(&self) -> Vec<Value> {
        self.lines.try_iter().collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Whether Python has its mail server.
pub fn has_mail_server() -> bool {
    let found = Command::new("python3").args(["-c", "import aiosmtpd"]).output();
    skipped_unless(found.is_ok_and(|output| output.status.success()), "Python's aiosmtpd")
}
