//! Commands beside the renewal: the rehearsal, and the way back.

use std::path::PathBuf;

use clap::Args;
use pushcert_papers::TenantName;

use super::Passphrase;

/// `rehearse`
#[derive(Args, Debug)]
#[command(after_help = "\
Sign in at Apple, find the row, press Download, and nothing else. The certificate that is installed proves that you have
the right account and the right row; it is kept as a backup. `status` reminds you after a year.

Examples:
  pushcert rehearse acme                               shows the card, and watches your downloads
  pushcert rehearse acme --certificate downloaded.pem")]
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
#[command(after_help = "\
It is put back only where its key is known to be held still: an own key, the same key, or a server of which the
configuration says `keeps_keys = true`. Otherwise the enrolled topic's row is renewed instead, and it is said why.

Examples:
  pushcert rollback acme
  pushcert rollback acme --no-input --reason 'devices are silent since the upload'")]
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
