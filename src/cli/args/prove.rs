//! `prove`.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use pushcert_papers::TenantName;

use super::{Passphrase, words::duration};

/// `prove`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert prove acme                       # three devices that were seen lately, for two minutes
  pushcert prove acme --wait 15m            # longer
  pushcert prove acme --fleet               # the day after: how many checked in since
  pushcert prove acme --identity acme.p12   # Apple's push service, where you hold the key",
    after_help = "\
Devices that answer on the day of a change may have heard the old certificate, which servers keep in memory for a while: \
        ask again on the next day. Silence proves nothing, since devices may be off; it ends with 7.

Where no device can be asked and pushcert holds the certificate's own key, Apple's push service is asked without a file."
)]
pub struct Prove {
    /// The tenant
    pub tenant: TenantName,
    /// Ask this device, by its identifier in the console; may be given several times
    #[arg(long = "device", value_name = "ID", conflicts_with = "fleet")]
    pub devices: Vec<String>,
    /// Look at the whole fleet instead: how many devices checked in since the change
    #[arg(long)]
    pub fleet: bool,
    /// Look so long for answers [default: 2m]
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "fleet")]
    pub wait: Option<Duration>,
    /// Ask Apple's push service with this certificate and its key (PKCS #12, or both in PEM), where you hold the key
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fleet", "devices", "wait"])]
    pub identity: Option<PathBuf>,
    /// What opens that key, or the own key that is kept here
    #[command(flatten)]
    pub passphrase: Passphrase,
}
