//! How tenants stand: once, again and again, and what was done until now.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use pushcert_papers::{Fingerprint, TenantName, Time};

use super::words::{duration, state};

/// `status`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert status                                              # everybody, in a table
  pushcert status acme -o nagios                               # for Nagios, with its exit codes
  pushcert status --from /srv/pushcert/status.json -o nagios   # needs no store and no password
  pushcert status -o prometheus --output-file pushcert.prom    # a text file for node_exporter
  pushcert status --offline --fail-on warning                  # ends with 9 when one is due")]
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
#[command(
    before_help = "\
Examples:
  pushcert watch --listen 127.0.0.1:9108                           # the page, metrics, a calendar
  pushcert watch --listen 127.0.0.1:9108 --calendar-tokens links   # a token for each link
  pushcert watch --once -o nagios                                  # one round, for a timer
  pushcert watch --test-alert                                      # tries every channel",
    after_help = "\
Alerts go to the [[channels]] of the configuration; docs/alerts.md describes them. SIGHUP reads the configuration \
        anew, SIGTERM ends the watch once the letters in hand are sent."
)]
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

/// `history`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert history acme       # who did what, when, and why
  pushcert history --verify   # was anything edited? Ends with 3 if so
  pushcert history acme --verify \\
      --head 3f1c0a6d2b7e4f58a9c1d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f7081")]
pub struct History {
    /// The tenant [default: all]
    pub tenant: Option<TenantName>,
    /// Look for edits
    #[arg(long)]
    pub verify: bool,
    /// Look for a cut end too: the digest that a card, an alert or a log shows
    #[arg(long, value_name = "DIGEST", requires = "verify", requires = "tenant")]
    pub head: Option<Fingerprint>,
}
