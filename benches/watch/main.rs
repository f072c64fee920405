//! What watching costs: a look by a monitoring job, a pass over ten thousand tenants, metrics, memory.
//!
//! `cargo bench --bench watch` prints a section of `docs/benchmarks.md`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it measures and prints"
)]

#[path = "../measure/mod.rs"]
mod measure;
mod slow_servers;

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use measure::{Cost, Done, at_most, empty_room, in_turn, is_wanted, median, memory, over, program, shown};
use pushcert::{
    config::Config,
    store::{Sqlite, Store},
};
use pushcert_papers::{
    DAY, Fingerprint, Time, Topic,
    watch::{Installed, Seen, Source},
};
use slow_servers::{ANSWERS, LATENCY, SlowServers};

/// Tenants of the passes.
const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// Servers that are asked at a time.
const AT_A_TIME: u32 = 64;

/// How often a program is started, and how often metrics are asked for.
const STARTS: usize = 200;
const SCRAPES: usize = 15;

/// The topic that all tenants share.
const TOPIC: &str = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";

fn main() -> Done<()> {
    if std::env::args().any(|argument| argument == "--slow-servers") {
        return slow_servers::serve();
    }
    if !is_wanted() {
        return Ok(());
    }
    let room = empty_room("watch")?;
    program(&room)?;
    starts(&room)?;
    passes(&room)?;
    daemons(&room)
}

/// A configuration with so many tenants, and a store that knows all of them.
struct House {
    home: PathBuf,
    program: PathBuf,
}

impl House {
    fn build(room: &Path, name: &str, tenants: usize, servers: Option<&SlowServers>) -> Done<Self> {
        let home = room.join(name);
        let folder = home.join(".config/pushcert");
        fs::create_dir_all(&folder)?;
        let mut text = String::new();
        for number in 0..tenants {
            write!(
                text,
                "[tenants.tenant-{number:05}]\nenrolled_topic = \"{TOPIC}\"\nowner = \"IT Operations <it@acme.example>\"\napple_account = \"apple-push-{number:05}@acme.example\"\n"
            )?;
            match servers {
                None => text.push_str("mdm = \"manual\"\n"),
                Some(servers) => write!(text, "mdm = \"mobileiron-cloud\"\n{}\n", servers.tenant(number, &home)?)?,
            }
        }
        fs::write(folder.join("pushcert.toml"), text)?;
        let house = Self { home, program: room.join("pushcert") };
        house.remember(&folder.join("pushcert.toml"))?;
        Ok(house)
    }

    /// Puts a sighting of each tenant into the store, as an earlier look would have.
    fn remember(&self, config: &Path) -> Done<()> {
        let now = now();
        let store = Sqlite::open(&self.home.join(".local/state/pushcert/pushcert.sqlite"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        for (number, name) in Config::read(config)?.tenants.keys().enumerate() {
            let installed = Installed {
                topic: Topic::parse(TOPIC).ok(),
                not_before: Some(now.plus(-30 * DAY)),
                not_after: Some(now.plus(i64::try_from(number % 335)? * DAY + 5_000)),
                certificate: Some(Fingerprint::of(&number.to_be_bytes())),
                ..Installed::default()
            };
            let seen = Seen { at: now.plus(-3_600), source: Source::Console, installed: Some(installed) };
            runtime.block_on(store.record_sighting(name, &seen))?;
        }
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", &self.home).env("PATH", "/usr/bin:/bin").args(arguments);
        command
    }
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// A look by a monitoring job, when nothing must be fetched.
fn starts(room: &Path) -> Done<()> {
    let house = House::build(room, "one", 1, None)?;
    let certificate = "fixtures/papers/renewal-after.pem";
    let mut ours = house.command(&["status", "-o", "nagios"]);
    let mut theirs = Command::new("openssl");
    theirs.args(["x509", "-noout", "-checkend", "0", "-in", certificate]);
    let [ours, theirs] = in_turn(STARTS, [&mut ours, &mut theirs])?;
    println!(
        "## One tenant, from start to exit\n\nNothing must be fetched. Medians of {STARTS} starts each, in turn.\n"
    );
    println!("| program | median | ratio |\n|---|---|---|");
    println!("| `pushcert status -o nagios` | {} | |", shown(ours));
    println!(
        "| `openssl x509 -noout -checkend 0 -in one.pem` | {} | {} |",
        shown(theirs),
        at_most(over(ours, theirs), 0.3)
    );
    Ok(())
}

/// Passes over tenants whose servers take their time.
fn passes(room: &Path) -> Done<()> {
    println!("\n## A pass over tenants whose servers answer in {} ms\n", LATENCY.as_millis());
    println!(
        "`watch --once --max-age 0s`: each tenant's console is signed in to and read by TLS, {ANSWERS} answers one after the other, {AT_A_TIME} tenants at a time."
    );
    println!(
        "*Theory* is what latency and concurrency allow. *Ours* and *servers'* are processor times; the servers' stand beside it, for they run on the same machine.\n"
    );
    println!("| tenants | pass | theory | ratio | ours | servers’ | ours, each |\n|---|---|---|---|---|---|---|");
    let servers = SlowServers::start(room)?;
    let mut each = vec![];
    let (mut pass, mut allowed) = (Duration::ZERO, Duration::ZERO);
    for size in SIZES {
        let house = House::build(room, &format!("slow-{size}"), size, Some(&servers))?;
        let (before, others) = (Cost::of_ended_children(), Cost::of(servers.id()));
        let begin = Instant::now();
        let output =
            house.command(&["watch", "--once", "--max-age", "0s", "-o", "json"]).stderr(Stdio::null()).output()?;
        pass = begin.elapsed();
        let asked = String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.contains("not_asked")).count();
        if asked != size {
            return Err(
                format!("only {asked} of {size} could be asked: {}", String::from_utf8_lossy(&output.stdout)).into()
            );
        }
        let ours = Cost::of_ended_children().since(before).together();
        let others = Cost::of(servers.id()).since(others).together();
        let theory = LATENCY * ANSWERS * u32::try_from(size)?.div_ceil(AT_A_TIME);
        each.push(ours / u32::try_from(size)?);
        allowed = theory.mul_f64(1.3) + others;
        println!(
            "| {size} | {} | {} | {:.2} | {} | {} | {} |",
            shown(pass),
            shown(theory),
            over(pass, theory),
            shown(ours),
            shown(others),
            shown(each[each.len() - 1])
        );
    }
    println!(
        "\nThe target is 1.3 at {} tenants, the servers' own processor time off the books: {}. The pass is {} times that. The cost of each is to stay the same: the last is {:.2} of the first.",
        SIZES[2],
        shown(allowed),
        at_most(over(pass, allowed), 1.0),
        over(each[2], each[0])
    );
    Ok(())
}

/// A watch in a process of its own.
struct Watch {
    child: Child,
    address: String,
}

impl Watch {
    fn start(house: &House) -> Done<Self> {
        let mut command = house.command(&["watch", "--listen", "127.0.0.1:0", "-o", "json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("its output")?).read_line(&mut line)?;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).ok_or("an address")?;
        Ok(Self { child, address: address.to_owned() })
    }

    fn get(&self, path: &str) -> Done<usize> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
        drain(&mut stream)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn drain(stream: &mut TcpStream) -> Done<usize> {
    let (mut buffer, mut all) = (vec![0; 256 << 10], 0);
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(all),
            read => all += read,
        }
    }
}

/// What the daemon costs while it runs: its metrics, and its memory.
fn daemons(room: &Path) -> Done<()> {
    println!(
        "\n## The watch while it runs\n\n*Bare* sends as many bytes over a loopback socket, and does nothing else. Medians of {SCRAPES} scrapes each, in turn.\n"
    );
    println!(
        "| tenants | `/metrics` | bytes | bare | ratio | `/` | RssAnon | after every form |\n|---|---|---|---|---|---|---|---|"
    );
    for (size, limit) in [(2, 10.0), (100, 80.0), (10_000, 80.0)] {
        let house = House::build(room, &format!("calm-{size}"), size, None)?;
        let watch = Watch::start(&house)?;
        let (mut ours, mut bares, mut pages, mut bytes) = (vec![], vec![], vec![], 0);
        for _ in 0..SCRAPES {
            let begin = Instant::now();
            bytes = watch.get("/metrics")?;
            ours.push(begin.elapsed());
            bares.push(bare(bytes)?);
            let begin = Instant::now();
            watch.get("/")?;
            pages.push(begin.elapsed());
        }
        let (ours, bares, pages) = (median(ours), median(bares), median(pages));
        let private = || memory(watch.child.id(), "RssAnon") as f64 / 1024.0;
        let calm = private();
        let mut most = calm;
        for path in ["/status.json", "/calendar.ics", "/", "/tenants/tenant-00001", "/metrics"] {
            for _ in 0..3 {
                watch.get(path)?;
                most = most.max(private());
            }
        }
        println!(
            "| {size} | {} | {bytes} | {} | {} | {} | {calm:.1} MiB | {} MiB |",
            shown(ours),
            shown(bares),
            at_most(over(ours, bares), 3.0),
            shown(pages),
            at_most(most, limit)
        );
    }
    println!(
        "\n*RssAnon* is the private memory after the scrapes; *after every form* the most after `/status.json`, `/calendar.ics`, `/`, a tenant's page and `/metrics`, three times each."
    );
    Ok(())
}

/// So many bytes over a loopback socket, from a thread that has them ready.
fn bare(bytes: usize) -> Done<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let ready = vec![b'x'; bytes];
    let sender = thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        let mut asked = [0; 64];
        let _ = stream.read(&mut asked)?;
        ready.chunks(64 << 10).try_for_each(|part| stream.write_all(part))
    });
    let begin = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET")?;
    drain(&mut stream)?;
    let time = begin.elapsed();
    sender.join().map_err(|_| "the sender has failed")??;
    Ok(time)
}
