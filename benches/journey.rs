//! How much work a renewal is for the processor: people, servers and disks apart.
//!
//! `cargo bench --bench journey` prints a section of `docs/benchmarks.md`. The tool runs as it is shipped, as a process
//! of its own for each command; the servers and Apple's portal are the embedded world, in another process. What the
//! system counts for the tool's processes is what is told here.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it measures and prints"
)]

mod measure;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use measure::{Cost, Done, at_most, empty_room, is_wanted, over, program};
use pushcert::world::visitor::Visitor;
use serde_json::Value;

/// Renewals of each server.
const RENEWALS: u32 = 40;

/// What a renewal may cost.
const TARGET: Duration = Duration::from_millis(50);

const WHERE_IT_GOES: &str = "\
A renewal with a fetched key is two commands: one up to the hand-off to a person, one from the certificate to devices that answered.
Where the time goes: starting and ending the program twice, TLS with the server, a dozen transactions of SQLite, and the judgement of
request and certificate, each several times. The system's own part includes writing to the disk, but not waiting for it. AWS-LC is built to
take its randomness from the kernel (`.cargo/config.toml`): its own gathering of the processor's jitter cost more than all the rest.";

fn main() -> Done<()> {
    if !is_wanted() {
        return Ok(());
    }
    let field = Field::prepare(&empty_room("journey")?)?;
    println!("## A renewal's own processor time\n");
    println!(
        "Means of {RENEWALS} whole renewals each, against the embedded world in another process; user and system time of the tool's processes, as the\n\
         system counts them. The target is {} ms.\n",
        TARGET.as_millis()
    );
    println!(
        "| renewal | user | system | together | of the target | beside one `openssl x509` |\n|---|---|---|---|---|---|"
    );
    let openssl = field.openssl()?;
    for server in ["cloud", "core"] {
        let cost = field.renewals(server)?;
        println!(
            "| {server} | {} | {} | {} | {} | {:.1} |",
            shown(cost.user),
            shown(cost.system),
            shown(cost.together()),
            at_most(over(cost.together(), TARGET), 1.0),
            over(cost.together(), openssl.together())
        );
    }
    println!(
        "| `openssl x509 -noout -subject -enddate`, once | {} | {} | {} | | |",
        shown(openssl.user),
        shown(openssl.system),
        shown(openssl.together())
    );
    println!("\n{WHERE_IT_GOES}");
    Ok(())
}

fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

/// The embedded world, and the tool beside it.
struct Field {
    room: PathBuf,
    world: Child,
    announced: Value,
    runtime: tokio::runtime::Runtime,
}

impl Drop for Field {
    fn drop(&mut self) {
        let _ = self.world.kill();
        let _ = self.world.wait();
    }
}

impl Field {
    fn prepare(room: &Path) -> Done<Self> {
        let mut world = Command::new(program(room)?);
        world.args(["sandbox", "--devices", "60", "--state"]).arg(room.join("world"));
        let mut world = world.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(world.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { room: room.into(), world, announced: serde_json::from_str(&line)?, runtime })
    }

    fn told(&self, key: &str) -> Done<&str> {
        Ok(self.announced[key].as_str().ok_or("it was not announced")?)
    }

    fn tool(&self, arguments: &[&str]) -> Done<Value> {
        let mut tool = Command::new(self.room.join("pushcert"));
        tool.args(["--config", self.told("config")?, "--no-input", "-o", "json", "--store"]);
        tool.arg(self.room.join("state/pushcert.sqlite")).args(arguments);
        tool.env("HOME", self.room.join("home")).stdin(Stdio::null());
        let output = tool.output()?;
        let text = String::from_utf8(output.stdout)?;
        let last = text.lines().rfind(|line| line.contains("pushcert/renew/1"));
        let last = last.ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok(serde_json::from_str(last)?)
    }

    /// What a renewal costs: the tool's two commands, without the person between them.
    fn renewals(&self, server: &str) -> Done<Cost> {
        self.renewal(server)?;
        let before = Cost::of_ended_children();
        for _ in 0..RENEWALS {
            self.renewal(server)?;
        }
        Ok(Cost::of_ended_children().since(before).each(RENEWALS))
    }

    fn renewal(&self, server: &str) -> Done<()> {
        let report = self.tool(&["renew", server, "--restart"])?;
        let request = fs::read(report["request"].as_str().ok_or("no request")?)?;
        let topic = report["topic"].as_str().ok_or("no topic")?;
        let certificate = self.room.join("renewed.pem");
        let visitor = Visitor::new(self.told("portal")?, Path::new(self.told("ca_file")?))?;
        let pem = self.runtime.block_on(async {
            let row = visitor.row(topic).await?;
            let serial = visitor.renew(&row, "ApplePushInfo.txt", request).await?;
            // A device that was asked this very second has to be asked a second later.
            visitor.seconds_pass(2).await?;
            visitor.download(&serial).await
        })?;
        fs::write(&certificate, pem)?;
        let report = self.tool(&["renew", server, "--certificate", &certificate.display().to_string()])?;
        if report["done"] == true { Ok(()) } else { Err(format!("it did not come to its end: {report}").into()) }
    }

    fn openssl(&self) -> Done<Cost> {
        self.renewal("cloud")?;
        let before = Cost::of_ended_children();
        for _ in 0..RENEWALS * 4 {
            let mut openssl = Command::new("openssl");
            openssl.args(["x509", "-noout", "-subject", "-enddate", "-in"]).arg(self.room.join("renewed.pem"));
            openssl.stdout(Stdio::null()).status()?;
        }
        Ok(Cost::of_ended_children().since(before).each(RENEWALS * 4))
    }
}
