//! What watching costs: a look by a monitoring job, a pass over ten thousand tenants, metrics, memory.
//!
//! `cargo bench --bench watch` prints the second half of `docs/benchmarks.md`. Everything is a ratio of times of the same run.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it measures and prints"
)]

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

use measure::{Done, hushed, machine, median, memory, over, processor_time, shown};
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
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--slow-servers") {
        return slow_servers::serve();
    }
    // `cargo test --benches` only wants to know that it builds.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let room = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-watch");
    fs::remove_dir_all(&room).ok();
    fs::create_dir_all(&room)?;
    fs::copy(env!("CARGO_BIN_EXE_pushcert"), room.join("pushcert"))?;
    println!("# Watching\n\nMeasured by `just bench`. {}.", machine());
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
    let mut times: [Vec<Duration>; 2] = Default::default();
    // One after the other in turn, so that whatever else the machine does falls on both.
    for _ in 0..STARTS {
        for (command, times) in [&mut ours, &mut theirs].into_iter().zip(&mut times) {
            let begin = Instant::now();
            hushed(command).status()?;
            times.push(begin.elapsed());
        }
    }
    let [ours, theirs] = times.map(median);
    println!(
        "\n## One tenant, from start to exit\n\nNothing must be fetched. Medians of {STARTS} starts each, in turn.\n"
    );
    println!("| program | median | ratio |\n|---|---|---|");
    println!("| `pushcert status -o nagios` | {} | |", shown(ours));
    println!(
        "| `openssl x509 -noout -checkend 0 -in one.pem` | {} | {:.2} (target 0.3) |",
        shown(theirs),
        over(ours, theirs)
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
    let mut allowed = Duration::ZERO;
    for size in SIZES {
        let house = House::build(room, &format!("slow-{size}"), size, Some(&servers))?;
        let (before, others) = (processor_time(std::process::id(), true), processor_time(servers.id(), false));
        let begin = Instant::now();
        let output =
            house.command(&["watch", "--once", "--max-age", "0s", "-o", "json"]).stderr(Stdio::null()).output()?;
        let pass = begin.elapsed();
        let asked = String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.contains("not_asked")).count();
        if asked != size {
            return Err(
                format!("only {asked} of {size} could be asked: {}", String::from_utf8_lossy(&output.stdout)).into()
            );
        }
        let ours = processor_time(std::process::id(), true).saturating_sub(before);
        let others = processor_time(servers.id(), false).saturating_sub(others);
        let theory = LATENCY * ANSWERS * u32::try_from(size)?.div_ceil(AT_A_TIME);
        each.push(ours / u32::try_from(size)?);
        allowed = theory.mul_f64(1.3) + others;
        println!(
            "| {size} | {} | {} | {:.2}{} | {} | {} | {} |",
            shown(pass),
            shown(theory),
            over(pass, theory),
            if size == SIZES[2] { " (target 1.3)" } else { "" },
            shown(ours),
            shown(others),
            shown(each[each.len() - 1])
        );
    }
    println!(
        "\nThe servers' own processor time is off the books: with it the target is {} at {} tenants. The cost of each is to stay the same: the last is {:.2} of the first.",
        shown(allowed),
        SIZES[2],
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
    for (size, limit) in [(2, 10), (100, 80), (10_000, 80)] {
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
            "| {size} | {} | {bytes} | {} | {:.2} (target 3) | {} | {calm:.1} MiB | {most:.1} MiB (target {limit}) |",
            shown(ours),
            shown(bares),
            over(ours, bares),
            shown(pages)
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
