//! The renewal and what belongs to it: the rehearsal, the way back, and certificates that others brought.

use std::path::PathBuf;

use clap::Args;
use pushcert_papers::{Fingerprint, TenantName, Topic};

use super::Passphrase;

/// `renew`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert renew acme                               # as far as it goes today
  pushcert renew acme --request ApplePushInfo.txt   # you downloaded it in the console
  pushcert renew acme --certificate 'MDM_ MobileIron_Certificate.pem'
  pushcert renew acme --row-missing                 # the row is not in Apple's list
  pushcert renew acme --restart --reason 'the request was lost'",
    after_help = "\
Run it again whenever you like: it goes on where it stopped."
)]
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
#[command(
    before_help = "\
Examples:
  pushcert adopt acme installed.pem                   # this is installed, whoever installed it
  pushcert adopt acme --page 'MDM Certificate.html'   # the console's page, saved from the browser
  pushcert adopt acme last-year.pem \\
      --confirm-topic com.apple.mgmt.External.980b6421-2edc-4d9a-aea7-10cd7610ad2b",
    after_help = "\
Nothing is uploaded. It also closes a renewal that a colleague ended by hand."
)]
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
#[command(
    before_help = "\
Examples:
  pushcert install acme 'MDM_ MobileIron_Certificate.pem'
  pushcert install acme new.pem --no-input -o json   # by a job; 3: refused",
    after_help = "\
The last step of a renewal alone, behind the same checks.  pushcert renew  does all of it."
)]
pub struct Install {
    /// The tenant
    pub tenant: TenantName,
    /// The certificate; - reads standard input
    pub file: PathBuf,
    /// What you take upon yourself
    #[command(flatten)]
    pub accept: Accept,
}

/// `rehearse`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert rehearse acme   # shows the card, and watches your downloads
  pushcert rehearse acme --certificate downloaded.pem",
    after_help = "\
Sign in at Apple, find the row, press Download, and nothing else. The certificate that is installed proves that you have \
        the right account and the right row; it is kept as a backup. `status` reminds you after a year."
)]
pub struct Rehearse {
    /// The tenant
    pub tenant: TenantName,
    /// What Download gave you; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Look for it there [default: your downloads folder, when you are present]
    #[arg(long, value_name = "DIR")]
    pub downloads: Option<PathBuf>,
}

/// `rollback`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert rollback acme
  pushcert rollback acme --no-input --reason 'devices are silent since the upload'",
    after_help = "\
It is put back only where its key is known to be held still: an own key, the same key, or a server of which the \
        configuration says `keeps_keys = true`. Otherwise the enrolled topic's row is renewed instead, and it is said why."
)]
pub struct Rollback {
    /// The tenant
    pub tenant: TenantName,
    /// Why; it goes on record, and confirms it where nobody can be asked
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// What is to protect an own key, where there is no way back and a new one is made [default: asked for]
    #[command(flatten)]
    pub passphrase: Passphrase,
}
