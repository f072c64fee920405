//! The embedded world: the demonstration, and the sandbox.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `demo`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert demo              # MobileIron Cloud, from the request to devices that answer
  pushcert demo --mdm core   # the same with MobileIron Core
  pushcert demo --browser    # you press Renew yourself, on a portal of this machine",
    after_help = "\
Nothing leaves this machine, and nothing stays on it."
)]
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

/// `sandbox`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert sandbox                    # prints where everything is, and serves until Ctrl-C
  pushcert sandbox --ends-in=-3       # certificates that ended three days ago
  pushcert sandbox --state training   # keeps its files, for the next day of a training",
    after_help = "\
Its line of JSON names a configuration:  pushcert --config FILE renew cloud  goes on from there."
)]
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
