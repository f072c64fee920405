//! Whatever befalls the tool in the middle of a renewal, the next run goes on, and nothing is lost or done twice.
//!
//! `strace` strikes the real program from outside, at one of the calls that it makes to the system: it kills it there,
//! or lets the call fail. Every such call of a renewal has its turn with `PUSHCERT_CRASH_POINTS=all` (`just crashes`);
//! otherwise a sample of them, evenly spread.

use std::{
    collections::HashMap,
    fs,
    os::unix::process::ExitStatusExt,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use futures_util::FutureExt;
use openssl::x509::X509;
use pushcert::world::{files::write_private, visitor::Visitor};
use pushcert_papers::Topic;
use pushcert_sandbox::{Options, World};
use serde_json::Value;

use crate::{
    canary,
    shell::{has, home, program, text},
    store::{Place, cluster::PASSWORD},
};

/// Every call that changes something outside: files, folders, and what goes over the network and comes back.
const EVERY: &str = "openat mkdir mkdirat write writev pwrite64 pwritev ftruncate fallocate fsync fdatasync rename \
    renameat renameat2 link linkat unlink unlinkat connect sendto sendmsg recvfrom";

const PASSPHRASE: &str = "correct horse battery";

/// What befalls the tool.
struct Blow {
    /// At which calls.
    calls: &'static str,
    /// How strace is told; `#` is the number of the call.
    told: &'static str,
    /// How the tool may end, beside as if nothing had happened: by this signal, or with these codes.
    signal: Option<i32>,
    codes: &'static [i32],
}

const KILLED: Blow = Blow { calls: EVERY, told: "signal=SIGKILL:when=#", signal: Some(9), codes: &[] };

const TERMINATED: Blow = Blow { calls: EVERY, told: "signal=SIGTERM:when=#", signal: Some(15), codes: &[130] };

const INTERRUPTED: Blow = Blow { calls: EVERY, told: "signal=SIGINT:when=#", signal: Some(2), codes: &[130] };

/// From this call on there is no room.
const DISK_FULL: Blow = Blow {
    calls: "openat mkdir mkdirat pwrite64 pwritev ftruncate fallocate fsync fdatasync link linkat",
    told: "error=ENOSPC:when=#+",
    signal: None,
    codes: &[1],
};

/// This call fails, and the next may do.
const DISK_FAILS: Blow = Blow {
    calls: "pwrite64 pwritev ftruncate fsync fdatasync rename renameat renameat2",
    told: "error=EIO:when=#",
    signal: None,
    codes: &[1],
};

/// Nothing can be made, replaced or removed any more.
const READ_ONLY: Blow = Blow {
    calls: "openat mkdir mkdirat rename renameat renameat2 link linkat unlink unlinkat",
    told: "error=EROFS:when=#",
    signal: None,
    codes: &[1],
};

/// A renewal: its runs, one after the other.
struct Way {
    tenant: &'static str,
    runs: &'static [Run],
}

/// One run of a renewal.
struct Run {
    /// What is typed; `~` is the home.
    typed: &'static str,
    /// The code that it ends with.
    code: i32,
    /// Whose turn it is afterwards.
    then: Turn,
}

/// Whose turn it is between two runs.
enum Turn {
    Nobodys,
    ThePortals,
    TheVendors,
}

/// The server keeps the key, and gives its request.
const FETCHED: Way = Way {
    tenant: "cloud",
    runs: &[
        Run { typed: "renew cloud --no-input -o json", code: 4, then: Turn::ThePortals },
        Run { typed: "renew cloud --no-input -o json --certificate ~/renewed.pem", code: 0, then: Turn::Nobodys },
    ],
};

/// The tool makes the key, a vendor signs its request, and a person uploads key and certificate.
const OWN_KEY: Way = Way {
    tenant: "own",
    runs: &[
        Run { typed: "renew own --no-input -o json", code: 4, then: Turn::TheVendors },
        Run { typed: "renew own --no-input -o json --request ~/signed.txt", code: 4, then: Turn::ThePortals },
        Run { typed: "renew own --no-input -o json --certificate ~/renewed.pem", code: 4, then: Turn::Nobodys },
    ],
};

/// A call that the tool makes: in which run, which, and the how manieth of its name.
#[derive(Clone, Debug)]
struct Point {
    run: usize,
    call: String,
    number: usize,
}

macro_rules! blows {
    ($($name:ident: $blow:ident, $way:ident on $keep:ident, every $every:literal;)*) => {
        $(#[tokio::test]
        async fn $name() {
            if has("strace") && Keep::$keep.is_here() { sweep(Keep::$keep, &$way, &$blow, $every).await }
        })*
    };
}

blows! {
    killed_anywhere: KILLED, FETCHED on Sqlite, every 10;
    killed_anywhere_with_a_store_for_teams: KILLED, FETCHED on Postgres, every 10;
    killed_anywhere_with_an_own_key: KILLED, OWN_KEY on Sqlite, every 20;
    killed_anywhere_with_an_own_key_and_a_store_for_teams: KILLED, OWN_KEY on Postgres, every 40;
    terminated_anywhere: TERMINATED, FETCHED on Sqlite, every 60;
    interrupted_anywhere: INTERRUPTED, FETCHED on Sqlite, every 60;
    the_disk_is_full: DISK_FULL, FETCHED on Sqlite, every 30;
    the_disk_fails: DISK_FAILS, FETCHED on Sqlite, every 40;
    a_folder_is_read_only: READ_ONLY, FETCHED on Sqlite, every 10;
}

/// Where state is kept.
#[derive(Clone, Copy)]
enum Keep {
    Sqlite,
    Postgres,
}

impl Keep {
    fn is_here(self) -> bool {
        matches!(self, Self::Sqlite) || crate::store::cluster().is_some()
    }

    async fn fresh(self) -> Place {
        match self {
            Self::Sqlite => Place::sqlite(),
            Self::Postgres => Place::postgres().await.expect("it was here a moment ago"),
        }
    }
}

/// Lets it befall the tool at every so manieth call, or at all where that is wanted; each time in a fresh home.
async fn sweep(keep: Keep, way: &Way, blow: &Blow, every: usize) {
    let world = World::start(Options { devices: 4, ..Options::default() }).await.expect("a world");
    let points = Trial::begin(&world, keep, way).await.points(blow).await;
    assert!(points.len() > 10, "{points:?}");
    let all = std::env::var("PUSHCERT_CRASH_POINTS").is_ok_and(|points| points == "all");
    let mut lost = vec![];
    for point in points.into_iter().step_by(if all { 1 } else { every }) {
        let trial = Trial::begin(&world, keep, way).await;
        // Each says by itself what went wrong; the others have their turn all the same.
        if AssertUnwindSafe(trial.survives(blow, &point)).catch_unwind().await.is_err() {
            lost.push(point);
        }
    }
    assert!(lost.is_empty(), "{} points: {lost:?}", lost.len());
}

/// A renewal of one tenant, by runs of the program in a fresh home with a fresh store.
struct Trial<'w> {
    world: &'w World,
    way: &'w Way,
    place: Place,
    home: tempfile::TempDir,
    topic: Topic,
}

impl<'w> Trial<'w> {
    async fn begin(world: &'w World, keep: Keep, way: &'w Way) -> Self {
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
        if way.tenant == "own" {
            let installed = trial.downloaded(&trial.row().await, "installed.pem").await;
            let adopted = trial.run(&[], &format!("adopt own {}", shown(&installed))).await;
            assert_eq!(adopted.status.code(), Some(0), "{}", said(&adopted));
        }
        trial
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The calls of a renewal that nothing befalls.
    async fn points(&self, blow: &Blow) -> Vec<Point> {
        let mut points = vec![];
        for (number, run) in self.way.runs.iter().enumerate() {
            let trace = self.path("trace");
            let strace = ["-o".into(), shown(&trace), "-e".into(), format!("trace={}", names(blow.calls))];
            let output = self.run(&strace, run.typed).await;
            assert_eq!(output.status.code(), Some(run.code), "{}", said(&output));
            points.extend(points_of(number, &fs::read_to_string(&trace).expect("a trace")));
            self.takes_turns(&run.then, &output).await;
        }
        points
    }

    /// Lets it befall the tool at this point, and looks whether the next runs come to the end all the same.
    async fn survives(&self, blow: &Blow, point: &Point) {
        let made_before = deeds(self.world, "request-made").len();
        let mut made = made_before;
        for (number, run) in self.way.runs.iter().enumerate() {
            if number == point.run {
                self.is_struck(blow, point, run).await;
                self.world.clock().advance(1);
            }
            // The same command again, without anything befalling it.
            let output = self.run(&[], run.typed).await;
            assert_eq!(output.status.code(), Some(run.code), "{point:?}: {}: {}", run.typed, said(&output));
            self.takes_turns(&run.then, &output).await;
            if number == 0 {
                made = deeds(self.world, "request-made").len();
            }
        }
        assert!(made - made_before <= 2, "{point:?}: a fetch is repeated once");
        assert_eq!(deeds(self.world, "request-made").len(), made, "{point:?}: none is fetched after the hand-off");
        match self.way.tenant {
            "own" => self.key_is_kept(point).await,
            _ => self.is_installed_once(point).await,
        }
        let verified = self.run(&[], &format!("history {} --verify", self.way.tenant)).await;
        assert_eq!(verified.status.code(), Some(0), "{point:?}: {}", said(&verified));
        canary::assert_none_below(self.home.path());
    }

    async fn is_struck(&self, blow: &Blow, point: &Point, run: &Run) {
        let inject = format!("inject={}:{}", point.call, blow.told.replace('#', &point.number.to_string()));
        let strace = ["-o", "/dev/null", "-e", &format!("trace={}", point.call), "-e", &inject].map(str::to_owned);
        let output = self.run(&strace, run.typed).await;
        let expected = match output.status.code() {
            Some(code) => code == run.code || blow.codes.contains(&code),
            None => output.status.signal() == blow.signal,
        };
        assert!(expected && !said(&output).contains("panicked"), "{point:?}: {}", said(&output));
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
    async fn stand_once(&self, point: &Point, words: &[&str]) {
        let history = self.run(&[], &format!("history {} -o json", self.way.tenant)).await;
        let lines: Vec<Value> =
            text(&history.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        for word in words {
            let told = lines.iter().filter(|line| line["entry"]["what"] == *word).count();
            assert_eq!(told, 1, "{point:?}: {word} in {}", text(&history.stdout));
        }
    }

    /// The server got the certificate once, and devices answer.
    async fn is_installed_once(&self, point: &Point) {
        let status = self.run(&[], "status cloud --offline -o json").await;
        let line: Value = serde_json::from_slice(&status.stdout).expect("a line");
        assert_eq!((&line["step"], &line["source"]), (&"done".into(), &"console".into()), "{point:?}: {line}");
        let digest = openssl_sha256(&self.path("renewed.pem"));
        let installed = deeds(self.world, "certificate-installed");
        assert_eq!(installed.iter().filter(|sha256| **sha256 == digest).count(), 1, "{point:?}: installed once");
        let words =
            ["renewal-begun", "certificate-accepted", "certificate-installed", "devices-answered", "renewal-closed"];
        self.stand_once(point, &words).await;
    }

    /// The one key that was made lies beside the certificate, opens, and is the certificate's.
    async fn key_is_kept(&self, point: &Point) {
        self.stand_once(point, &["renewal-begun", "key-made", "certificate-accepted"]).await;
        let key = below(&self.home.path().join("pushcert"))
            .into_iter()
            .find(|path| path.to_string_lossy().ends_with(".key.pem"))
            .unwrap_or_else(|| panic!("{point:?}: no key was handed out"));
        let sealed = fs::read(key).expect("the key");
        let key =
            openssl::pkey::PKey::private_key_from_pem_passphrase(&sealed, PASSPHRASE.as_bytes()).expect("it opens");
        let certificate = certificate(&self.path("renewed.pem")).public_key().expect("a key");
        assert!(certificate.public_eq(&key), "{point:?}: another key");
    }

    /// Runs the program, under strace where it is given something to do. The world goes on meanwhile.
    async fn run(&self, strace: &[String], typed: &str) -> Output {
        let tool = program(self.home.path());
        let mut command = Command::new(if strace.is_empty() { tool.get_program() } else { "strace".as_ref() });
        if !strace.is_empty() {
            command.args(["-f", "-qq"]).args(strace).arg(tool.get_program());
        }
        command.env_clear().env("HOME", self.home.path()).env("USER", "tester").env("PATH", "/usr/bin:/bin");
        let home = shown(self.home.path());
        let typed = typed.split(' ').map(|word| word.replacen('~', &home, usize::from(word.starts_with('~'))));
        command.arg("--config").arg(self.path("pushcert.toml")).args(typed).stdin(Stdio::null());
        if let Place::Postgres(database) = &self.place {
            let line = format!("*:*:*:*:{}\n", PASSWORD.replace('\\', "\\\\").replace(':', "\\:"));
            write_private(&self.path("pgpass"), line.as_bytes()).expect("written");
            command.env("PGPASSFILE", self.path("pgpass")).env("PUSHCERT_STORE", database.address("postgres"));
        }
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends");
        output.expect("it runs")
    }
}

/// The calls in a trace, each with its number among those of its name. A file that is only read is left out.
fn points_of(run: usize, trace: &str) -> Vec<Point> {
    let (mut points, mut numbers) = (vec![], HashMap::new());
    for line in trace.lines() {
        let Some((call, rest)) = line.split_once(' ').and_then(|(_, call)| call.trim_start().split_once('(')) else {
            continue;
        };
        let number = numbers.entry(call.to_owned()).or_insert(0);
        *number += 1;
        if call != "openat" || rest.contains("O_CREAT") {
            points.push(Point { run, call: call.to_owned(), number: *number });
        }
    }
    points
}

/// Names for strace; some are unknown on some machines.
fn names(calls: &str) -> String {
    calls.split_whitespace().map(|call| format!("?{call}")).collect::<Vec<_>>().join(",")
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

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn said(output: &Output) -> String {
    format!("{:?}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}
