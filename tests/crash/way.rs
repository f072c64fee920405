//! A renewal of one tenant, by runs of the real program.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use openssl::{
    pkey::{PKey, Private},
    x509::X509,
};
use pushcert::world::{files::write_private, visitor::Visitor};
use pushcert_papers::Topic;
use pushcert_sandbox::World;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{
    Keep,
    blow::{Blow, Deed, Point},
};
use crate::{
    canary,
    shell::{home, program, text},
    store::{Place, cluster::PASSWORD},
};

pub const PASSPHRASE: &str = "correct horse battery";

/// A renewal: its runs, one after the other.
pub struct Way {
    pub tenant: &'static str,
    pub runs: &'static [Run],
}

/// One run of a renewal.
pub struct Run {
    /// What is typed; `~` is the home.
    pub typed: &'static str,
    /// The code that it ends with.
    pub code: i32,
    /// Whose turn it is afterwards.
    pub then: Turn,
}

/// Whose turn it is between two runs.
pub enum Turn {
    Nobodys,
    ThePortals,
    TheVendors,
}

/// The server keeps the key, and gives its request.
pub const FETCHED: Way = Way {
    tenant: "cloud",
    runs: &[
        Run { typed: "renew cloud --no-input -o json", code: 4, then: Turn::ThePortals },
        Run { typed: "renew cloud --no-input -o json --certificate ~/renewed.pem", code: 0, then: Turn::Nobodys },
    ],
};

/// The tool makes the key, a vendor signs its request, and a person uploads key and certificate, and says so.
pub const OWN_KEY: Way = Way {
    tenant: "own",
    runs: &[
        Run { typed: "renew own --no-input -o json", code: 4, then: Turn::TheVendors },
        Run { typed: "renew own --no-input -o json --request ~/signed.txt", code: 4, then: Turn::ThePortals },
        Run { typed: "renew own --no-input -o json --certificate ~/renewed.pem", code: 4, then: Turn::Nobodys },
        Run { typed: "adopt own ~/renewed.pem", code: 0, then: Turn::Nobodys },
        Run { typed: "renew own --no-input -o json --certificate ~/renewed.pem", code: 0, then: Turn::Nobodys },
    ],
};

/// A renewal of one tenant, by runs of the program in a fresh home with a fresh store.
pub struct Trial<'w> {
    world: &'w World,
    way: &'w Way,
    place: Place,
    home: tempfile::TempDir,
    topic: Topic,
}

impl<'w> Trial<'w> {
    pub async fn begin(world: &'w World, keep: Keep, way: &'w Way) -> Self {
        let config = fs::read_to_string(&world.announcement().config).expect("a configuration");
        let line = |key: &str| config.lines().find(|line| line.starts_with(key)).expect(key).to_owned();
        let topic = line("enrolled_topic").split('"').nth(1).map(Topic::parse).expect("a text").expect("a topic");
        let trial = Self { world, way, place: keep.fresh().await, home: home(), topic };
        // Devices tell by the second when they checked in, and an earlier run is not to be taken for a later one.
        world.clock().advance(1);
        // More than a year before the end, so that every renewal is due, one after the other.
        let always = "thresholds = { notice = 400 }";
        let own = format!(
            "[tenants.own]\nmdm = \"manual\"\nurl = \"https://127.0.0.1\"\n{}\n{}\n{}\n{}\n{}\n{always}\n\
             own_key = {{ country = \"NL\", passphrase = {{ file = \"{}\" }} }}\n\n",
            line("enrolled_topic"),
            line("authorities"),
            line("portal"),
            line("apns"),
            line("ca_file"),
            shown(&trial.path("passphrase"))
        );
        let config = own + &config.replace("[tenants.cloud]", &format!("[tenants.cloud]\n{always}"));
        fs::write(trial.path("pushcert.toml"), config).expect("written");
        write_private(&trial.path("passphrase"), PASSPHRASE.as_bytes()).expect("written");
        trial.settle_in().await;
        trial
    }

    /// What a person does once, before the first renewal. A server that cannot be asked is known by its certificate.
    async fn settle_in(&self) {
        if self.way.tenant == "own" {
            let installed = self.downloaded(&self.row().await, "installed.pem").await;
            let adopted = self.run(&[], &format!("adopt own {}", shown(&installed))).await;
            assert_eq!(adopted.status.code(), Some(0), "{}", said(&adopted));
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The folder of the store.
    pub fn state(&self) -> PathBuf {
        self.path(".local/state/pushcert")
    }

    /// The calls of a renewal that nothing befalls.
    pub async fn points(&self, blow: &Blow) -> Vec<Point> {
        let mut points = vec![];
        for (number, run) in self.way.runs.iter().enumerate() {
            let output = self.run(&self.strace(&["-y", "-e", &format!("trace={}", blow.traced())]), run.typed).await;
            assert_eq!(output.status.code(), Some(run.code), "{}", said(&output));
            points.extend(blow.points(number, &fs::read_to_string(self.path("trace")).expect("a trace")));
            self.takes_turns(&run.then, &output).await;
        }
        points
    }

    /// Lets it befall the tool at this point, and looks whether the next runs come to the end all the same.
    pub async fn survives(&self, blow: &Blow, point: &Point) {
        let before = self.requests_made();
        for run in &self.way.runs[..point.run] {
            self.goes(run).await;
        }
        let handed_off = self.requests_made();
        self.befalls(blow, point).await;
        self.world.clock().advance(1);
        match blow.deed {
            // Nothing is known any more, so it is all done once again.
            Deed::Removed => {
                self.settle_in().await;
                self.ends(self.way.runs).await;
            }
            Deed::Struck(_) | Deed::MovedAway => {
                self.ends(&self.way.runs[point.run..]).await;
                let made = self.requests_made();
                assert!(made - before <= 2, "a fetch is repeated once");
                assert!(point.run == 0 || made == handed_off, "none is fetched after the hand-off");
            }
        }
        let verified = self.run(&[], &format!("history {} --verify", self.way.tenant)).await;
        assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
        canary::assert_none_below(self.home.path());
    }

    /// These runs, the last of the renewal among them, come to its end.
    pub async fn ends(&self, runs: &[Run]) {
        let (last, earlier) = runs.split_last().expect("a way has runs");
        for run in earlier {
            self.goes(run).await;
        }
        let made = self.requests_made();
        self.goes(last).await;
        assert_eq!(self.requests_made(), made, "none is fetched after the hand-off");
        match self.way.tenant {
            "own" => self.key_is_kept().await,
            _ => self.is_installed_once().await,
        }
    }

    /// A run that nothing befalls, and what others do afterwards.
    pub async fn goes(&self, run: &Run) {
        let output = self.run(&[], run.typed).await;
        assert_eq!(output.status.code(), Some(run.code), "{}: {}", run.typed, said(&output));
        self.takes_turns(&run.then, &output).await;
    }

    fn requests_made(&self) -> usize {
        deeds(self.world, "request-made").len()
    }

    async fn befalls(&self, blow: &Blow, point: &Point) {
        let run = &self.way.runs[point.run];
        let output = match blow.deed {
            Deed::Struck(_) => output(self.struck(blow, point)).await,
            Deed::MovedAway | Deed::Removed => self.loses_its_store(blow, point).await,
        };
        let expected = match output.status.code() {
            Some(code) => code == run.code || blow.codes.contains(&code),
            None => output.status.signal() == blow.signal,
        };
        assert!(expected && !said(&output).contains("panicked"), "{}", said(&output));
    }

    /// Takes the folder of the store away as soon as the tool stands still; after the run it is put back, unless it is to be
    /// gone for good.
    async fn loses_its_store(&self, blow: &Blow, point: &Point) -> Output {
        let (state, taken) = (self.state(), self.path("taken away"));
        let (output, _) = self
            .stands_still(blow, point, {
                let (state, taken) = (state.clone(), taken.clone());
                move |_| {
                    if state.is_dir() {
                        fs::rename(&state, &taken).expect("moved");
                    }
                }
            })
            .await;
        if matches!(blow.deed, Deed::Removed) {
            fs::remove_dir_all(&taken).ok();
        } else if taken.is_dir() {
            fs::remove_dir_all(&state).ok();
            fs::rename(&taken, &state).expect("put back");
        }
        output
    }

    /// Has the tool stand still at this point, does something meanwhile, and lets it go on to its end.
    pub async fn stands_still<T: Send + 'static>(
        &self,
        blow: &Blow,
        point: &Point,
        meanwhile: impl FnOnce(Pid) -> T + Send + 'static,
    ) -> (Output, Option<T>) {
        let trace = self.path("trace");
        fs::remove_file(&trace).ok();
        let mut tool = self.struck(blow, point);
        let run = move || {
            let mut child = tool.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
            let found = until_it_stands_still(&mut child, &trace).map(|stopped| {
                let found = meanwhile(stopped);
                kill_process(stopped, Signal::CONT).expect("it goes on");
                found
            });
            (child.wait_with_output().expect("it ends"), found)
        };
        tokio::task::spawn_blocking(run).await.expect("no panic")
    }

    /// The run of this point, with what befalls it.
    fn struck(&self, blow: &Blow, point: &Point) -> Command {
        let trace = format!("trace={}", point.call);
        self.command(&self.strace(&["-e", &trace, "-e", &blow.injected(point)]), self.way.runs[point.run].typed)
    }

    /// The own key that the store keeps.
    pub fn kept_key(&self) -> PKey<Private> {
        let store = rusqlite::Connection::open(self.state().join("pushcert.sqlite")).expect("the store");
        let sql = "SELECT bytes FROM artefact WHERE kind = 'private-key'";
        let sealed: Vec<u8> = store.query_row(sql, [], |row| row.get(0)).expect("a key");
        PKey::private_key_from_pem_passphrase(&sealed, PASSPHRASE.as_bytes()).expect("it opens")
    }

    /// What others do between two runs.
    async fn takes_turns(&self, turn: &Turn, waiting: &Output) {
        if matches!(turn, Turn::Nobodys) {
            return;
        }
        let report: Value = serde_json::from_slice(&waiting.stdout).expect("a report");
        let request = report["request"].as_str().expect("a path").to_owned();
        if matches!(turn, Turn::TheVendors) {
            return self.vendor_signs(&request).await;
        }
        let request = fs::read(request).expect("the request");
        let serial = self.portal().renew(&self.row().await, "request.txt", request).await.expect("renewed");
        self.downloaded(&serial, "renewed.pem").await;
    }

    async fn vendor_signs(&self, csr: &str) {
        let world = self.world.announcement();
        let signed = self.path("signed.txt");
        fs::remove_file(&signed).ok();
        let authorities = shown(&world.config.with_file_name("authorities.pem"));
        let (vendor, key) = (shown(&world.vendor_certificate), shown(&world.vendor_key));
        let typed = format!(
            "csr sign {csr} --vendor {vendor} --vendor-key {key} --authorities {authorities} --out ~/signed.txt"
        );
        let output = self.run(&[], &typed).await;
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }

    fn portal(&self) -> Visitor {
        let world = self.world.announcement();
        Visitor::new(&world.portal, &world.ca_file).expect("a visitor")
    }

    /// The row of the enrolled topic.
    async fn row(&self) -> String {
        self.portal().row(&self.topic.common_name()).await.expect("a row")
    }

    async fn downloaded(&self, serial: &str, name: &str) -> PathBuf {
        fs::write(self.path(name), self.portal().download(serial).await.expect("a download")).expect("saved");
        self.path(name)
    }

    /// How often each of these stands in the record.
    async fn stand_once(&self, words: &[&str]) {
        let history = self.run(&[], &format!("history {} -o json", self.way.tenant)).await;
        let lines: Vec<Value> =
            text(&history.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        for word in words {
            let told = lines.iter().filter(|line| line["entry"]["what"] == *word).count();
            assert_eq!(told, 1, "{word} in {}", text(&history.stdout));
        }
    }

    /// The server got the certificate once, and devices answer.
    async fn is_installed_once(&self) {
        let status = self.run(&[], "status cloud --offline -o json").await;
        let line: Value = serde_json::from_slice(&status.stdout).expect("a line");
        assert_eq!((&line["step"], &line["source"]), (&"done".into(), &"console".into()), "{line}");
        let digest = openssl_sha256(&self.path("renewed.pem"));
        let installed = deeds(self.world, "certificate-installed");
        assert_eq!(installed.iter().filter(|sha256| **sha256 == digest).count(), 1, "installed once");
        let words =
            ["renewal-begun", "certificate-accepted", "certificate-installed", "devices-answered", "renewal-closed"];
        self.stand_once(&words).await;
    }

    /// The one key that was made lies beside the certificate, opens, and is the certificate's.
    async fn key_is_kept(&self) {
        self.stand_once(&["renewal-begun", "key-made", "certificate-accepted", "renewal-closed"]).await;
        let key = below(&self.home.path().join("pushcert"))
            .into_iter()
            .find(|path| path.to_string_lossy().ends_with(".key.pem"))
            .expect("a key was handed out");
        let sealed = fs::read(key).expect("the key");
        let key = PKey::private_key_from_pem_passphrase(&sealed, PASSPHRASE.as_bytes()).expect("it opens");
        let certificate = certificate(&self.path("renewed.pem")).public_key().expect("a key");
        assert!(certificate.public_eq(&key), "another key");
    }

    /// The words before the tool's own that have strace watch it, or do something to it.
    fn strace(&self, told: &[&str]) -> Vec<String> {
        let always = ["strace", "-f", "-qq", "-o"].map(str::to_owned).into_iter().chain([shown(&self.path("trace"))]);
        always.chain(told.iter().map(|word| (*word).to_owned())).collect()
    }

    /// Runs the program, by the words that stand before its own. The world goes on meanwhile.
    pub async fn run(&self, before: &[String], typed: &str) -> Output {
        output(self.command(before, typed)).await
    }

    fn command(&self, before: &[String], typed: &str) -> Command {
        let tool = program(self.home.path());
        let mut words = before.iter().map(AsRef::as_ref).chain([tool.get_program()]);
        let mut command = Command::new(words.next().expect("the program at least"));
        command.args(words);
        command.env_clear().env("HOME", self.home.path()).env("USER", "tester").env("PATH", "/usr/bin:/bin");
        let home = shown(self.home.path());
        let typed = typed.split(' ').map(|word| word.replacen('~', &home, usize::from(word.starts_with('~'))));
        command.arg("--config").arg(self.path("pushcert.toml")).args(typed).stdin(Stdio::null());
        if let Place::Postgres(database) = &self.place {
            let line = format!("*:*:*:*:{}\n", PASSWORD.replace('\\', "\\\\").replace(':', "\\:"));
            write_private(&self.path("pgpass"), line.as_bytes()).expect("written");
            command.env("PGPASSFILE", self.path("pgpass")).env("PUSHCERT_STORE", database.address("postgres"));
        }
        command
    }
}

async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("it runs")
}

/// Waits until strace tells that the program stands still; `None` when it ends before.
fn until_it_stands_still(child: &mut Child, trace: &Path) -> Option<Pid> {
    while child.try_wait().expect("a child").is_none() {
        let told = fs::read_to_string(trace).unwrap_or_default();
        if let Some(line) = told.lines().find(|line| line.ends_with("stopped by SIGSTOP ---")) {
            let number = line.split(' ').next().and_then(|number| number.parse().ok()).expect("a number");
            return Pid::from_raw(number);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    None
}

fn deeds(world: &World, what: &str) -> Vec<String> {
    let record = world.record().into_iter().filter(|entry| entry.tenant == "cloud" && entry.deed == Some(what));
    record.map(|entry| entry.sha256.unwrap_or_default()).collect()
}

fn certificate(path: &Path) -> X509 {
    X509::from_pem(&fs::read(path).expect("a file")).expect("a certificate")
}

fn openssl_sha256(path: &Path) -> String {
    let digest = certificate(path).digest(openssl::hash::MessageDigest::sha256()).expect("a digest");
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Every file below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

pub fn said(output: &Output) -> String {
    format!("{:?}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}
