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
use pushcert::world::visitor::Visitor;
use pushcert_papers::Topic;
use pushcert_sandbox::{Options, World};
use serde_json::Value;

use crate::{
    shell::{has, home, program, text},
    store::{Place, cluster::PASSWORD},
};

/// Every call that changes something outside: files, folders, and what goes over the network and comes back.
const EVERY: &str = "openat mkdir mkdirat write writev pwrite64 pwritev ftruncate fallocate fsync fdatasync rename \
    renameat renameat2 link linkat unlink unlinkat connect sendto sendmsg recvfrom";

/// What befalls the tool.
struct Blow {
    /// At which calls.
    calls: &'static str,
    /// How strace is told; `#` is the number of the call.
    told: &'static str,
    /// How the tool may end, beside as if nothing had happened: by this signal, or with these codes.
    signal: Option<i32>,
    codes: &'static [i32],
    /// Every so manieth call, unless all are wanted.
    every: usize,
}

const KILLED: Blow = Blow { calls: EVERY, told: "signal=SIGKILL:when=#", signal: Some(9), codes: &[], every: 10 };

const TERMINATED: Blow =
    Blow { calls: EVERY, told: "signal=SIGTERM:when=#", signal: Some(15), codes: &[130], every: 60 };

const INTERRUPTED: Blow =
    Blow { calls: EVERY, told: "signal=SIGINT:when=#", signal: Some(2), codes: &[130], every: 60 };

/// From this call on there is no room.
const DISK_FULL: Blow = Blow {
    calls: "openat mkdir mkdirat pwrite64 pwritev ftruncate fallocate fsync fdatasync link linkat",
    told: "error=ENOSPC:when=#+",
    signal: None,
    codes: &[1],
    every: 20,
};

/// This call fails, and the next may do.
const DISK_FAILS: Blow = Blow {
    calls: "pwrite64 pwritev ftruncate fsync fdatasync rename renameat renameat2",
    told: "error=EIO:when=#",
    signal: None,
    codes: &[1],
    every: 20,
};

/// Nothing can be made, replaced or removed any more.
const READ_ONLY: Blow = Blow {
    calls: "openat mkdir mkdirat rename renameat renameat2 link linkat unlink unlinkat",
    told: "error=EROFS:when=#",
    signal: None,
    codes: &[1],
    every: 10,
};

/// The two runs of a renewal: until a person's turn at Apple's portal, and after it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Half {
    First,
    Second,
}

/// A call that the tool makes: in which run, which, and the how manieth of its name.
#[derive(Clone, Debug)]
struct Point {
    half: Half,
    call: String,
    number: usize,
}

macro_rules! blows {
    ($($name:ident: $blow:ident on $keep:ident;)*) => {
        $(#[tokio::test]
        async fn $name() {
            if has("strace") && Keep::$keep.is_here() { sweep(Keep::$keep, &$blow).await }
        })*
    };
}

blows! {
    killed_anywhere: KILLED on Sqlite;
    killed_anywhere_with_a_store_for_teams: KILLED on Postgres;
    terminated_anywhere: TERMINATED on Sqlite;
    interrupted_anywhere: INTERRUPTED on Sqlite;
    the_disk_is_full: DISK_FULL on Sqlite;
    the_disk_fails: DISK_FAILS on Sqlite;
    a_folder_is_read_only: READ_ONLY on Sqlite;
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

/// Lets it befall the tool at one call after the other, each time in a fresh home.
async fn sweep(keep: Keep, blow: &Blow) {
    let world = World::start(Options { devices: 4, ..Options::default() }).await.expect("a world");
    let points = Trial::begin(&world, keep).await.points(blow).await;
    assert!(points.len() > 10, "{points:?}");
    let all = std::env::var("PUSHCERT_CRASH_POINTS").is_ok_and(|points| points == "all");
    let mut lost = vec![];
    for point in points.into_iter().step_by(if all { 1 } else { blow.every }) {
        let trial = Trial::begin(&world, keep).await;
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
    place: Place,
    home: tempfile::TempDir,
    made_before: usize,
}

impl<'w> Trial<'w> {
    async fn begin(world: &'w World, keep: Keep) -> Self {
        let trial =
            Self { world, place: keep.fresh().await, home: home(), made_before: deeds(world, "request-made").len() };
        // Devices tell by the second when they checked in, and an earlier run is not to be taken for a later one.
        world.clock().advance(1);
        // A year and more before the end, so that every renewal is due, one after the other.
        let config = fs::read_to_string(&world.announcement().config).expect("a configuration");
        let config = config.replace("[tenants.cloud]", "[tenants.cloud]\nthresholds = { notice = 400 }");
        fs::write(trial.path("pushcert.toml"), config).expect("written");
        trial
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The calls of a renewal that nothing befalls.
    async fn points(&self, blow: &Blow) -> Vec<Point> {
        let mut points = vec![];
        let mut certificate = None;
        for half in [Half::First, Half::Second] {
            let trace = self.path("trace");
            let strace = ["-o".into(), shown(&trace), "-e".into(), format!("trace={}", names(blow.calls))];
            let output = self.run(&strace, &half.arguments(certificate.as_deref())).await;
            assert_eq!(output.status.code(), Some(half.code()), "{}", said(&output));
            points.extend(points_of(half, &fs::read_to_string(&trace).expect("a trace")));
            if half == Half::First {
                certificate = Some(self.at_the_portal(&output).await);
            }
        }
        points
    }

    /// Lets it befall the tool at this point, and looks whether the next runs come to the end all the same.
    async fn survives(&self, blow: &Blow, point: &Point) {
        if point.half == Half::First {
            self.is_struck(blow, point, None).await;
        }
        let waiting = self.goes_through(point, Half::First, None).await;
        let certificate = self.at_the_portal(&waiting).await;
        let made = deeds(self.world, "request-made").len();
        if point.half == Half::Second {
            self.is_struck(blow, point, Some(&certificate)).await;
            self.world.clock().advance(1);
        }
        self.goes_through(point, Half::Second, Some(&certificate)).await;
        self.is_whole(point, &certificate).await;
        assert!(made - self.made_before <= 2, "{point:?}: a fetch is repeated once");
        assert_eq!(deeds(self.world, "request-made").len(), made, "{point:?}: none is fetched after the hand-off");
    }

    async fn is_struck(&self, blow: &Blow, point: &Point, certificate: Option<&Path>) {
        let told = blow.told.replace('#', &point.number.to_string());
        let strace = [
            "-o".into(),
            "/dev/null".into(),
            "-e".into(),
            format!("trace={}", point.call),
            "-e".into(),
            format!("inject={}:{told}", point.call),
        ];
        let output = self.run(&strace, &point.half.arguments(certificate)).await;
        let expected = match output.status.code() {
            Some(code) => code == point.half.code() || blow.codes.contains(&code),
            None => output.status.signal() == blow.signal,
        };
        assert!(expected && !said(&output).contains("panicked"), "{point:?}: {}", said(&output));
    }

    /// The same command again, without anything befalling it.
    async fn goes_through(&self, point: &Point, half: Half, certificate: Option<&Path>) -> Output {
        let output = self.run(&[], &half.arguments(certificate)).await;
        assert_eq!(output.status.code(), Some(half.code()), "{point:?}: {half:?}: {}", said(&output));
        output
    }

    /// What a person does at Apple's portal with the request that was handed off.
    async fn at_the_portal(&self, waiting: &Output) -> PathBuf {
        let report: Value = serde_json::from_slice(&waiting.stdout).expect("a report");
        let request = fs::read(report["request"].as_str().expect("a path")).expect("the request");
        let topic = Topic::parse(report["topic"].as_str().expect("a topic")).expect("a topic");
        let announcement = self.world.announcement();
        let visitor = Visitor::new(&announcement.portal, &announcement.ca_file).expect("a visitor");
        let row = visitor.row(&topic.common_name()).await.expect("a row");
        let serial = visitor.renew(&row, "ApplePushInfo.txt", request).await.expect("renewed");
        let path = self.path("renewed.pem");
        fs::write(&path, visitor.download(&serial).await.expect("a download")).expect("saved");
        path
    }

    /// Nothing is lost, and nothing was done twice.
    async fn is_whole(&self, point: &Point, certificate: &Path) {
        let status = self.run(&[], &["status", "cloud", "--offline", "-o", "json"].map(str::to_owned)).await;
        let line: Value = serde_json::from_slice(&status.stdout).expect("a line");
        assert_eq!(
            (line["step"].as_str(), line["source"].as_str()),
            (Some("done"), Some("console")),
            "{point:?}: {line}\n{}",
            text(&self.run(&[], &["history", "cloud"].map(str::to_owned)).await.stdout)
        );
        let digest = sha256(certificate);
        let installed = deeds(self.world, "certificate-installed");
        assert_eq!(installed.iter().filter(|sha256| **sha256 == digest).count(), 1, "{point:?}: installed once");
        let history = self.run(&[], &["history", "cloud", "-o", "json"].map(str::to_owned)).await;
        let lines: Vec<Value> =
            text(&history.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let told = |what: &str| lines.iter().filter(|line| line["entry"]["what"] == what).count();
        for what in
            ["renewal-begun", "certificate-accepted", "certificate-installed", "devices-answered", "renewal-closed"]
        {
            assert_eq!(told(what), 1, "{point:?}: {what} in {}", text(&history.stdout));
        }
        let verified = self.run(&[], &["history", "cloud", "--verify"].map(str::to_owned)).await;
        assert_eq!(verified.status.code(), Some(0), "{point:?}: {}", said(&verified));
    }

    /// Runs the program, under strace where it is given something to do. The world goes on meanwhile.
    async fn run(&self, strace: &[String], arguments: &[String]) -> Output {
        let tool = program(self.home.path());
        let mut command = if strace.is_empty() {
            Command::new(tool.get_program())
        } else {
            let mut command = Command::new("strace");
            command.args(["-f", "-qq"]).args(strace).arg(tool.get_program());
            command
        };
        command.env_clear().env("HOME", self.home.path()).env("USER", "tester").env("PATH", "/usr/bin:/bin");
        command.arg("--config").arg(self.path("pushcert.toml")).args(arguments).stdin(Stdio::null());
        self.keep(&mut command);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends");
        output.expect("it runs")
    }

    fn keep(&self, command: &mut Command) {
        let Place::Postgres(database) = &self.place else { return };
        let passwords = self.path("pgpass");
        pushcert::world::files::write_private(&passwords, format!("*:*:*:*:{}\n", escaped(PASSWORD)).as_bytes())
            .expect("written");
        command.env("PGPASSFILE", passwords).env("PUSHCERT_STORE", database.address("postgres"));
    }
}

impl Half {
    fn arguments(self, certificate: Option<&Path>) -> Vec<String> {
        let mut arguments = ["renew", "cloud", "--no-input", "-o", "json"].map(str::to_owned).to_vec();
        if self == Self::Second {
            arguments.extend(["--certificate".into(), shown(certificate.expect("there is one by then"))]);
        }
        arguments
    }

    const fn code(self) -> i32 {
        match self {
            Self::First => 4,
            Self::Second => 0,
        }
    }
}

/// The calls in a trace, each with its number among those of its name. A file that is only read is left out.
fn points_of(half: Half, trace: &str) -> Vec<Point> {
    let (mut points, mut numbers) = (vec![], HashMap::new());
    for line in trace.lines() {
        let Some((call, rest)) = line.split_once(' ').and_then(|(_, call)| call.trim_start().split_once('(')) else {
            continue;
        };
        let number = numbers.entry(call.to_owned()).or_insert(0);
        *number += 1;
        if call != "openat" || rest.contains("O_CREAT") {
            points.push(Point { half, call: call.to_owned(), number: *number });
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

fn sha256(certificate: &Path) -> String {
    let pem = openssl::x509::X509::from_pem(&fs::read(certificate).expect("a file")).expect("a certificate");
    let digest = pem.digest(openssl::hash::MessageDigest::sha256()).expect("a digest");
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn escaped(password: &str) -> String {
    password.replace('\\', "\\\\").replace(':', "\\:")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn said(output: &Output) -> String {
    format!("{:?}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}
