//! The list of commands, in the order in which the help shows them.

use clap::Subcommand;

use super::{
    Adopt, Android, Check, Completions, Config, Console, Csr, Demo, Help, History, Init, Inspect, Install, Man, P12,
    Pingid, Prove, Rehearse, Renew, Rollback, Sandbox, Status, Watch,
};

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
    #[command(
        subcommand,
        before_help = "\
Examples:
  pushcert csr new --out acme-2027 --country NL
  pushcert csr sign request.csr --vendor mdm.p12 --chain chain.pem --out request.txt
  pushcert csr open mdm_signed_request.plist.b64.p7 --key encryption-key.pem --out request.txt"
    )]
    Csr(Csr),
    /// Pack a certificate and its key into a PKCS #12 file, or take them out
    #[command(
        subcommand,
        before_help = "\
Examples:
  pushcert p12 pack push.pem --key private-key.pem --out push.p12
  pushcert p12 open push.p12 --out push"
    )]
    P12(P12),
    /// Look at all tenants again and again, and show them on a page, as metrics and in a calendar
    Watch(Watch),
    /// Learn from a recording how a console works, explain it, or forget it
    #[command(
        subcommand,
        before_help = "\
Examples:
  pushcert console learn console.har --tenant acme   # from a recording of your own visit
  pushcert console show acme                         # what the tool would do there, in words
  pushcert console forget acme                       # its steps are guided again"
    )]
    Console(Console),
    /// Look at the configuration
    #[command(
        subcommand,
        before_help = "\
Examples:
  pushcert config check
  pushcert --config pushcert.toml config check"
    )]
    Config(Config),
    /// Look after the token with which the PingID app shows that its device is managed
    #[command(
        subcommand,
        before_help = "\
Examples:
  pushcert pingid rotate acme
  pushcert pingid lint pingid.plist
  pushcert pingid config --platform ios --token-file token.txt --out pingid.plist
  pushcert pingid adopt acme --made 2026-03-01"
    )]
    Pingid(Pingid),
    /// Look after the binding of Android Enterprise
    #[command(
        subcommand,
        before_help = "\
Examples:
  pushcert android check key.json
  pushcert android enrol acme"
    )]
    Android(Android),
    /// Keep the embedded world running, to try things and for training
    Sandbox(Sandbox),
    /// Explain a command, a finding, a state, an error or an exit code
    Help(Help),
    /// Print a script that completes commands and flags in your shell
    Completions(Completions),
    /// Print the manual page of a command, or write all of them into a folder
    Man(Man),
}
