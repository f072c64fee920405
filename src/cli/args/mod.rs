//! The command line: what may be said, and its help. Parsing does nothing else.

mod console;
mod credentials;
mod journey;
mod papers;
mod prove;
mod setting_up;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{
    ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, builder::BoolishValueParser,
};
use pushcert_papers::{Fingerprint, TenantName, Time, Topic};

pub use console::{Allow, Console, Forget, Learn, Show};
pub use credentials::{
    Android, AndroidCheck, AndroidEnrol, AskGoogle, ConfigFormat, LockoutWord, Pingid, PingidAdopt, PingidConfig,
    PingidLint, PingidRotate, Platform, RotateDone,
};
pub use journey::{Rehearse, Rollback};
pub use papers::{
    Check, Csr, CsrAlone, CsrFetch, CsrNew, CsrOpen, CsrSign, Inspect, P12, P12Open, P12Pack, Packing, Passphrase,
    Wanted,
};
pub use prove::Prove;
pub use setting_up::PasswordFrom;

/// Renews the Apple push (APNs) certificate behind a MobileIron server, and watches over it all year.
#[derive(Debug, Parser)]
#[command(name = "pushcert", version, about, disable_help_subcommand = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
}

/// What a person takes upon themselves, and the time that is judged by: these are said on the command line or not at all.
const NEVER_BY_VARIABLE: [&str; 21] = [
    "abort",
    "accept-issuer",
    "accept-key",
    "accept-lockout",
    "accept-topic-change",
    "allow",
    "at",
    "confirm-topic",
    "done",
    "effective-date",
    "evidence",
    "first",
    "made",
    "on",
    "put-back",
    "reason",
    "replaces",
    "restart",
    "row-missing",
    "skip",
    "undo",
];

impl Cli {
    /// The definitions of the command line, each flag with its variable: `PUSHCERT_` and its name.
    pub fn definitions() -> clap::Command {
        with_variables(Self::command(), &|_| true)
    }

    /// What the command line of this process says.
    ///
    /// # Errors
    /// When it is no command line of ours; help and version are such errors too.
    pub fn read() -> Result<Self, clap::Error> {
        let words: Vec<OsString> = std::env::args_os().collect();
        // A run may last two milliseconds: only the command that is named gets its variables, and the definitions are not
        // taken apart again before the process ends.
        let named = |command: &clap::Command| words.iter().any(|word| word == command.get_name());
        let definitions = Box::leak(Box::new(with_variables(Self::command(), &named)));
        let matches = definitions.try_get_matches_from_mut(&words)?;
        Self::from_arg_matches(&matches)
    }
}

fn with_variables(command: clap::Command, chosen: &dyn Fn(&clap::Command) -> bool) -> clap::Command {
    let below = |command: clap::Command| if chosen(&command) { with_variables(command, chosen) } else { command };
    command.mut_args(with_variable).mut_subcommands(below)
}

fn with_variable(argument: clap::Arg) -> clap::Arg {
    let Some(name) = argument.get_long().filter(|name| !NEVER_BY_VARIABLE.contains(name)) else { return argument };
    let variable = format!("PUSHCERT_{}", name.to_uppercase().replace('-', "_"));
    let argument = if matches!(argument.get_action(), ArgAction::SetTrue) {
        argument.value_parser(BoolishValueParser::new())
    } else {
        argument
    };
    argument.env(variable).hide_env(true)
}

const EXAMPLES: &str = "\
Examples:
  pushcert demo                                   a whole renewal in an embedded world, no account needed
  pushcert check new.pem --against last-year.pem  is this the renewed certificate?
  pushcert status                                 what is installed, when it ends, what comes next
  pushcert renew acme                             the renewal: run it again until it says it is done

A finding, a state or an exit code is explained by  pushcert help CODE";

/// Flags that every command takes.
#[derive(Args, Debug)]
pub struct Global {
    /// Read this configuration, and no other
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// Keep journeys and records there [default: the platform's state folder]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub store: Option<String>,
    /// How to print
    #[arg(short, long, global = true, value_enum, default_value = "human", help_heading = "Global options")]
    pub output: Output,
    /// Never ask; exit with 4 where a person must act
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_input: bool,
    /// Give a server this long to answer, such as 30s or 2m
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, default_value = "30s", help_heading = "Global options")]
    pub timeout: Duration,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value = "auto", help_heading = "Global options")]
    pub color: Color,
    /// Say more (twice: everything that is asked of servers)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// Say only what is wrong
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub quiet: bool,
    /// How to write the log
    #[arg(long, global = true, value_enum, default_value = "text", help_heading = "Global options")]
    pub log_format: LogFormat,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Output {
    /// For people
    Human,
    /// For programs: one object a line, with a schema name
    Json,
    /// For Nagios and Icinga: one line, and their exit codes
    Nagios,
    /// For Prometheus: metrics in its text format
    Prometheus,
    /// For pipelines: a test report
    Junit,
    /// A calendar: when to renew, and when it ends
    Ics,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The form of the log on standard error.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a whole renewal in the embedded world, and see the disaster avoided
    Demo(Demo),
    /// Write a tenant into the configuration, and try its sign-in
    Init(Init),
    /// Show what is installed, when it ends, and what comes next
    Status(Status),
    /// Renew a tenant's push certificate: one step or many, as far as it goes today
    Renew(Renew),
    /// Once a year, without renewing: find the row at Apple, and prove account and row
    Rehearse(Rehearse),
    /// Put the previous certificate back, where its key is known to be held
    Rollback(Rollback),
    /// Record what is installed, or was; nothing is uploaded
    Adopt(Adopt),
    /// Upload a certificate that passes every check
    Install(Install),
    /// Ask devices to check in, and look who does
    Prove(Prove),
    /// Show a tenant's record: who did what, when
    History(History),
    /// Judge certificates, requests and PKCS #12 files, and whole folders of them
    Check(Check),
    /// Show what a file is and holds; nothing is judged
    Inspect(Inspect),
    /// Make an own key and its signing request, or sign one as a vendor
    #[command(subcommand)]
    Csr(Csr),
    /// Pack a certificate and its key into a PKCS #12 file, or take them out
    #[command(subcommand)]
    P12(P12),
    /// Look at all tenants again and again, and show them on a page, as metrics and in a calendar
    Watch(Watch),
    /// Learn from a recording how a console works, explain it, or forget it
    #[command(subcommand)]
    Console(Console),
    /// Look at the configuration
    #[command(subcommand)]
    Config(Config),
    /// Look after the token with which the PingID app shows that its device is managed
    #[command(subcommand)]
    Pingid(Pingid),
    /// Look after the binding of Android Enterprise
    #[command(subcommand)]
    Android(Android),
    /// Keep the embedded world running, to try things and for training
    Sandbox(Sandbox),
    /// Explain a command, a finding, a state or an exit code
    Help(Help),
    /// Print a script that completes commands and flags in your shell
    Completions(Completions),
    /// Print the manual page of a command, or write all of them into a folder
    Man(Man),
}

/// `completions`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  pushcert completions bash > ~/.local/share/bash-completion/completions/pushcert
  pushcert completions zsh > \"${fpath[1]}/_pushcert\"")]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// The shells that are known.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Shell {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
    /// `PowerShell`
    #[value(name = "powershell")]
    PowerShell,
    /// Nushell
    Nushell,
}

/// `man`
#[derive(Args, Debug)]
pub struct Man {
    /// The command [default: the program itself]
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Write the pages of all commands there
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub out: Option<PathBuf>,
}

/// `demo`
#[derive(Args, Debug)]
pub struct Demo {
    /// The server to renew
    #[arg(long, value_enum, default_value = "cloud")]
    pub mdm: DemoMdm,
    /// Leave the portal's part to you and your browser
    #[arg(long)]
    pub browser: bool,
}

/// The servers of the embedded world.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum DemoMdm {
    /// `MobileIron` Cloud
    Cloud,
    /// `MobileIron` Core
    Core,
}

/// `init`
#[derive(Args, Debug)]
#[command(after_help = "\
Whatever is not given is asked for at the terminal.

Examples:
  pushcert init                                            by questions
  pushcert init acme --mdm manual --certificate acme.pem   a server that nobody may sign in to
  pushcert init acme --mdm mobileiron-cloud --url https://na1.mobileiron.com --username push-api@acme.example \\
      --password-command 'op read op://it/mobileiron/password'")]
pub struct Init {
    /// A short name for the tenant, such as acme
    pub tenant: Option<TenantName>,
    /// The kind of its server: mobileiron-cloud, mobileiron-core or manual
    #[arg(long, value_name = "KIND")]
    pub mdm: Option<String>,
    /// The address of its console
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The account of its interface
    #[arg(long, value_name = "NAME", conflicts_with = "guided")]
    pub username: Option<String>,
    /// Where its password comes from
    #[command(flatten)]
    pub password: PasswordFrom,
    /// Trust these authorities for the server's TLS (PEM)
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Trust this very TLS certificate of the server, and no other
    #[arg(long, value_name = "SHA256")]
    pub server_certificate_sha256: Option<Fingerprint>,
    /// The Apple account that owns the row at Apple's portal
    #[arg(long, value_name = "ACCOUNT")]
    pub apple_account: Option<String>,
    /// Who answers for it: a team with a mail address
    #[arg(long, value_name = "WHO")]
    pub owner: Option<String>,
    /// Who stands in
    #[arg(long, value_name = "WHO")]
    pub deputy: Option<String>,
    /// The shared mailbox behind the Apple account
    #[arg(long, value_name = "ADDRESS")]
    pub mailbox: Option<String>,
    /// No sign-in at all: single sign-on, a second factor, or nobody who may
    #[arg(long)]
    pub guided: bool,
    /// The installed certificate, to be recorded
    #[arg(long, value_name = "FILE", conflicts_with = "page")]
    pub certificate: Option<PathBuf>,
    /// The console's page, saved from the browser, to be recorded
    #[arg(long, value_name = "SAVED.html")]
    pub page: Option<PathBuf>,
    /// Confirm that devices are enrolled with that certificate's topic
    #[arg(long)]
    pub confirm_topic: Option<Topic>,
}

/// `status`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  pushcert status                                                  everybody, in a table
  pushcert status acme -o nagios                                   one line, and Nagios' exit codes
  pushcert status --from /srv/pushcert/status.json -o nagios       for an account without store and passwords
  pushcert status -o prometheus --output-file pushcert.prom        a text file for node_exporter
  pushcert status --offline --fail-on warning                      ends with 9 when somebody should act")]
pub struct Status {
    /// These tenants only
    #[arg(value_name = "TENANT")]
    pub tenants: Vec<TenantName>,
    /// Tenants with this tag only
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Ask a server only when the last look is older than this
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "12h")]
    pub max_age: Duration,
    /// Ask no server at all
    #[arg(long)]
    pub offline: bool,
    /// Exit with 9 when a tenant has reached this state, or a worse one
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub fail_on: Option<pushcert_papers::watch::State>,
    /// Judge as if it were this time
    #[arg(long, value_name = "TIME")]
    pub at: Option<Time>,
    /// Read status.json or TENANT.pem from there instead of the store: a file, or an https address
    #[arg(long, value_name = "FILE|URL", conflicts_with_all = ["tag", "offline"])]
    pub from: Option<String>,
    /// Write there, whole or not at all, instead of printing
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
}

/// `watch`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  pushcert watch --listen 127.0.0.1:9108      the page, /metrics, /calendar.ics, /status.json, /healthz, /readyz
  pushcert watch --listen 127.0.0.1:9108 --calendar-tokens links    the same, with a token for each calendar link
  pushcert watch --once -o nagios             one round, for a timer: looks, and sends the alerts that are due
  pushcert watch --test-alert                 a marked alert to every channel, to see whether it arrives

Alerts go to the [[channels]] of the configuration; docs/alerts.md describes them. SIGHUP reads the configuration
anew, SIGTERM ends the watch once the letters in hand are sent.")]
pub struct Watch {
    /// One round, and then the end; ends with 9 when somebody should act
    #[arg(long, conflicts_with = "listen")]
    pub once: bool,
    /// Send a marked alert to every channel, say which of them took it, and end; ends with 7 when one did not
    #[arg(long, conflicts_with_all = ["once", "listen"])]
    pub test_alert: bool,
    /// Serve the page there, such as 127.0.0.1:9108
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<std::net::SocketAddr>,
    /// Whoever reads the page must show the token in this file
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub token_file: Option<PathBuf>,
    /// Calendar programs may show a token of this file in their link, one a line; a line that is taken out closes its link
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub calendar_tokens: Option<PathBuf>,
    /// A proxy stands before the page, speaks TLS, and asks who it is
    #[arg(long, requires = "listen")]
    pub behind_proxy: bool,
    /// Time between two rounds, a tenth more or less
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "15m")]
    pub every: Duration,
    /// Ask a server only when the last look is older than this
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "12h")]
    pub max_age: Duration,
}

/// `renew`
#[derive(Args, Debug)]
#[command(after_help = "\
Run it again whenever you like: it goes on where it stopped.

Examples:
  pushcert renew acme                                  as far as it goes today
  pushcert renew acme --request ApplePushInfo.txt      with the request that you downloaded in the console
  pushcert renew acme --certificate 'MDM_ MobileIron_Certificate.pem'
  pushcert renew acme --row-missing                    the row is not in Apple's list
  pushcert renew acme --restart --reason 'the request was lost'")]
pub struct Renew {
    /// The tenant
    pub tenant: TenantName,
    /// The request file that you downloaded from the console
    #[arg(long, value_name = "FILE")]
    pub request: Option<PathBuf>,
    /// The certificate that you downloaded from Apple's portal; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Look for the certificate there [default: your downloads folder, when you are present]
    #[arg(long, value_name = "DIR")]
    pub downloads: Option<PathBuf>,
    /// The very first certificate of this server: the only time that Create is right
    #[arg(long, conflicts_with_all = ["row_missing", "restart"])]
    pub first: bool,
    /// The row is not in Apple's list: what now
    #[arg(long)]
    pub row_missing: bool,
    /// Give up the open renewal and begin a new one; the record keeps both
    #[arg(long)]
    pub restart: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What is to protect an own key, where the server takes one [default: asked for]
    #[command(flatten)]
    pub passphrase: Passphrase,
    /// Do not open the console and Apple's portal in your browser
    #[arg(long)]
    pub no_browser: bool,
    /// What you take upon yourself
    #[command(flatten)]
    pub accept: Accept,
}

/// Blocking findings that a person may accept, with a reason. Flags only: no environment, no default.
#[derive(Args, Clone, Debug, Default)]
pub struct Accept {
    /// Accept a certificate with this public key although no request is at hand to compare it with
    #[arg(long = "accept-key", value_name = "SHA256", requires = "reason")]
    pub key: Option<Fingerprint>,
    /// Accept the unknown authority with this public key
    #[arg(long = "accept-issuer", value_name = "SHA256", requires = "reason")]
    pub issuer: Option<Fingerprint>,
    /// Accept that the certificate has this other topic: every device enrolled with the old one will be lost
    #[arg(long = "accept-topic-change", value_name = "TOPIC", requires = "reason")]
    pub topic_change: Option<Topic>,
    /// Why; it goes on record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// `adopt`
#[derive(Args, Debug)]
pub struct Adopt {
    /// The tenant
    pub tenant: TenantName,
    /// The installed certificate; - reads standard input
    #[arg(value_name = "FILE", required_unless_present = "page", conflicts_with = "page")]
    pub file: Option<PathBuf>,
    /// The console's page, saved from the browser
    #[arg(long, value_name = "SAVED.html")]
    pub page: Option<PathBuf>,
    /// Confirm that devices are enrolled with this certificate's topic
    #[arg(long)]
    pub confirm_topic: Option<Topic>,
}

/// `install`
#[derive(Args, Debug)]
pub struct Install {
    /// The tenant
    pub tenant: TenantName,
    /// The certificate; - reads standard input
    pub file: PathBuf,
    /// What you take upon yourself
    #[command(flatten)]
    pub accept: Accept,
}

/// `history`
#[derive(Args, Debug)]
pub struct History {
    /// The tenant [default: all]
    pub tenant: Option<TenantName>,
    /// Look for edits
    #[arg(long)]
    pub verify: bool,
    /// Look for a cut end too: the digest that a card, an alert or a log shows
    #[arg(long, value_name = "DIGEST", requires = "verify", requires = "tenant")]
    pub head: Option<String>,
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Judge the configuration
    Check,
}

/// `sandbox`
#[derive(Args, Debug)]
pub struct Sandbox {
    /// Keep its files there [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Days until the installed certificates end
    #[arg(long, value_name = "DAYS", default_value_t = 21, allow_negative_numbers = true)]
    pub ends_in: i64,
    /// Apple devices of each server
    #[arg(long, value_name = "N", default_value_t = 1204)]
    pub devices: usize,
    /// Servers at their very beginning, for a first certificate: no certificate, no Apple device, no row at Apple
    #[arg(long, conflicts_with_all = ["ends_in", "devices"])]
    pub bare: bool,
}

/// `help`
#[derive(Args, Debug)]
pub struct Help {
    /// A command, a finding, a state or an exit code
    #[arg(value_name = "COMMAND or CODE")]
    pub about: Vec<String>,
}

/// A span of time: a number of seconds, or one with `s`, `m`, `h` or `d`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(['s', 'm', 'h', 'd']);
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("write it like 30s, 5m, 12h or 3d".into()),
    };
    let number: u64 = digits.parse().map_err(|_| "write it like 30s, 5m, 12h or 3d".to_owned())?;
    number.checked_mul(unit).map(Duration::from_secs).ok_or_else(|| "that is too long".into())
}

fn state(text: &str) -> Result<pushcert_papers::watch::State, String> {
    use pushcert_papers::watch::State;
    let words: Vec<_> = State::ALL.iter().map(|state| state.word()).collect();
    let known = State::ALL.into_iter().find(|state| state.word() == text);
    known.ok_or_else(|| format!("one of {}", words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Cli::definitions().debug_assert();
    }

    #[test]
    fn every_flag_has_a_variable_but_those_that_a_person_must_say() {
        fn flags(command: &clap::Command, found: &mut Vec<(String, bool)>) {
            let named = command.get_arguments().filter_map(|argument| Some((argument.get_long()?, argument)));
            found.extend(named.map(|(name, argument)| (name.to_owned(), argument.get_env().is_some())));
            command.get_subcommands().for_each(|command| flags(command, found));
        }
        let mut found = vec![];
        flags(&Cli::definitions(), &mut found);
        for (name, has_variable) in &found {
            assert_eq!(*has_variable, !NEVER_BY_VARIABLE.contains(&name.as_str()), "{name}");
        }
        assert!(found.len() > 40, "{}", found.len());
    }

    #[test]
    fn spans_of_time() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("12h"), Ok(Duration::from_hours(12)));
        for wrong in ["", "h", "5 m", "1ms", "-3s", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
