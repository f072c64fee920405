//! How fast many tenants are told of, beside the bare SQL that reads the same rows of the same file.
//!
//! `cargo bench --bench store` prints a section of `docs/benchmarks.md`. The tool runs as it is shipped, a process for
//! each measurement; so its start, the configuration and the line for each tenant are in its time.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it measures and prints"
)]

mod measure;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use measure::{Done, at_most, empty_room, hushed, is_wanted, median, over, program, shown, slopes};
use pushcert::store::Sqlite;
use pushcert_papers::{
    Fingerprint, Serial, Time, Topic,
    watch::{Installed, Seen, Source},
};
use rusqlite::{Connection, params};

/// So many tenants, and how often each is measured.
const SIZES: [(usize, usize); 3] = [(100, 300), (1_000, 100), (10_000, 60)];

/// A renewal that came to its end.
const JOURNEY: &str = include_str!("../fixtures/journeys/form-1-renewed.json");

const WHERE_IT_GOES: &str = "\
Where the time goes: the configuration is read and judged, some tenants at a time, a third of all; the store answers three questions for
some hundreds of them at a time; each journey and each sighting is read out of its JSON; and a line of JSON is written for each tenant.
*Bare* runs three such queries on the same file, takes every column out of every row, and does nothing with it; it reads no configuration.
The first hundred tenants pay for what is done once, and the run of an empty configuration does not do: the questions are prepared, and
code and memory are touched for the first time.";

fn main() -> Done<()> {
    if !is_wanted() {
        return Ok(());
    }
    let room = empty_room("store")?;
    program(&room)?;
    println!("## How many tenants stand\n");
    println!(
        "`status --offline -o json` over all tenants in the store, medians, warm cache; *bare* is the SQL that reads the same rows of the same"
    );
    println!(
        "file by rusqlite. *Its configuration* is a run that ends when that is read, since no tenant has the tag that was asked for; *rest*"
    );
    println!(
        "is the ratio without it. *Each* is the time of a tenant, after the run of an empty configuration is taken off.\n"
    );
    println!("| tenants | status | its configuration | bare | ratio | rest | each |\n|---|---|---|---|---|---|---|");
    let (mut whole, mut rest) = (0.0, 0.0);
    let (mut eachs, mut times) = ([Duration::ZERO; 3], [(0, Duration::ZERO); 3]);
    for (at, (size, rounds)) in SIZES.into_iter().enumerate() {
        let [none, nobody, ours, bare] = Field::prepare(&room, size)?.measured(rounds)?;
        let each = ours.saturating_sub(none) / u32::try_from(size)?;
        (whole, rest) = (over(ours, bare), over(ours.saturating_sub(nobody), bare));
        (eachs[at], times[at]) = (each, (size, ours));
        let shown_times = [ours, nobody, bare].map(shown).join(" | ");
        println!("| {size} | {shown_times} | {whole:.1} | {rest:.1} | {} |", shown(each));
    }
    println!("\nThe ratio at {} tenants: {}; of the rest: {}.", SIZES[2].0, at_most(whole, 10.0), at_most(rest, 10.0));
    println!("\n{}", slopes(eachs, times, 0.15)?);
    println!("\n{WHERE_IT_GOES}");
    Ok(())
}

/// A configuration with so many tenants, and a store with a renewal of each; and both without any.
struct Field {
    room: PathBuf,
}

impl Field {
    fn prepare(room: &Path, size: usize) -> Done<Self> {
        let field = Self { room: room.join(size.to_string()) };
        for (name, tenants) in [("none", 0), ("all", size)] {
            fs::create_dir_all(field.path(name))?;
            fs::write(field.path(name).join("pushcert.toml"), (0..tenants).map(configured).collect::<String>())?;
            fill(&field.path(name).join("pushcert.sqlite"), tenants)?;
        }
        Ok(field)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.join(name)
    }

    /// The medians of the run without tenants, of one that chooses nobody, of the run with all, and of the bare SQL, in turn.
    fn measured(&self, rounds: usize) -> Done<[Duration; 4]> {
        let mut times: [Vec<Duration>; 4] = Default::default();
        let store = self.path("all").join("pushcert.sqlite");
        for _ in 0..rounds {
            times[0].push(self.status("none", &[], 6)?);
            times[1].push(self.status("all", &["--tag", "nobody"], 6)?);
            times[2].push(self.status("all", &[], 0)?);
            let begin = Instant::now();
            bare(&store)?;
            times[3].push(begin.elapsed());
        }
        Ok(times.map(median))
    }

    fn status(&self, name: &str, choice: &[&str], code: i32) -> Done<Duration> {
        let folder = self.path(name);
        let mut command = Command::new(self.room.with_file_name("pushcert"));
        command.arg("--config").arg(folder.join("pushcert.toml")).arg("--store").arg(folder.join("pushcert.sqlite"));
        command.args(["status", "--offline", "-o", "json"]).args(choice).env("HOME", &folder);
        let begin = Instant::now();
        let ended = hushed(&mut command).status()?.code();
        let time = begin.elapsed();
        if ended == Some(code) { Ok(time) } else { Err(format!("status of {name} has ended with {ended:?}").into()) }
    }
}

fn name(number: usize) -> String {
    format!("tenant-{number:05}")
}

fn topic(number: usize) -> String {
    format!("com.apple.mgmt.External.{number:08x}-aaaa-4aaa-8aaa-{number:012x}")
}

fn configured(number: usize) -> String {
    format!(
        "[tenants.{}]\nmdm = \"mobileiron-cloud\"\nurl = \"https://na1.example.com\"\nusername = \"push-api@acme.example\"\n\
         password = {{ env = \"PASSWORD\" }}\nenrolled_topic = \"{}\"\napple_account = \"apple-push@acme.example\"\n\
         owner = \"IT Operations <it-ops@acme.example>\"\n\n",
        name(number),
        topic(number)
    )
}

/// A store of the tool's own form, filled past it in one go.
fn fill(path: &Path, tenants: usize) -> Done<()> {
    drop(Sqlite::open(path)?);
    let mut connection = Connection::open(path)?;
    let transaction = connection.transaction()?;
    // A store keeps it without the room that people need between words.
    let journey = serde_json::from_str::<serde_json::Value>(JOURNEY)?.to_string();
    for number in 0..tenants {
        let (name, topic) = (name(number), topic(number));
        let journey = journey.replace("com.apple.mgmt.External.99f2352b-217f-4e00-9e9f-1a14f652a056", &topic);
        transaction.execute("INSERT INTO tenant (name, version) VALUES (?1, 9)", [&name])?;
        transaction.execute(
            "INSERT INTO journey (tenant, number, open, format, json) VALUES (?1, 1, 0, 1, ?2)",
            [&name, &journey],
        )?;
        let seen = seen(&topic, number)?;
        transaction.execute(
            "INSERT INTO sighting (tenant, source, at, json) VALUES (?1, 'console', ?2, ?3)",
            params![name, seen.at.unix(), serde_json::to_string(&seen)?],
        )?;
    }
    transaction.commit()?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

fn seen(topic: &str, number: usize) -> Done<Seen> {
    let begin = 1_790_000_000 + i64::try_from(number)?;
    let installed = Installed {
        topic: Some(Topic::parse(topic)?),
        serial: Some(Serial::from_hex(&format!("{number:016x}"))?),
        shown_serial: None,
        not_before: Some(Time::from_unix(begin)),
        not_after: Some(Time::from_unix(begin + 365 * 86_400)),
        certificate: Some(Fingerprint::of(topic.as_bytes())),
        issuer: None,
        apple_account: None,
    };
    Ok(Seen { at: Time::from_unix(begin), source: Source::Console, installed: Some(installed) })
}

/// Every column of every row that a status depends on.
fn bare(path: &Path) -> Done<()> {
    let connection = Connection::open(path)?;
    for (sql, columns) in [
        (
            "SELECT t.name, t.version, t.confirmed_topic, t.account_used, j.kind, j.number, j.open, j.format, j.json
             FROM tenant t LEFT JOIN journey j ON j.tenant = t.name ORDER BY t.name, j.number",
            9,
        ),
        ("SELECT tenant, json FROM sighting ORDER BY tenant, at", 2),
        ("SELECT tenant, json FROM lookup ORDER BY tenant", 2),
    ] {
        let mut query = connection.prepare(sql)?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                std::hint::black_box(row.get::<_, rusqlite::types::Value>(column)?);
            }
        }
    }
    Ok(())
}
