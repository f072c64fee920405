//! The arguments of `console`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use pushcert_papers::TenantName;

/// `console`
#[derive(Debug, Subcommand)]
pub enum Console {
    /// Learn from a recording (HAR) of your own visit how the console signs in, shows, gives out and takes
    Learn(Learn),
    /// Explain in words what the tenant's console profile does
    Show(Show),
    /// Forget the tenant's console profile: its steps are guided again
    Forget(Forget),
}

/// `console learn`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert console learn console.har --tenant acme
  pushcert console learn console.har --tenant acme --allow fetch,upload \\
      --request-file ApplePushInfo.txt --certificate-file MDM_MobileIron_Certificate.pem",
    after_help = "\
Nobody needs to press Download or Upload only to have it recorded: a visit that only looked teaches to read. How to record \
        in each browser, and what each leaves out: docs/recording-a-console.md"
)]
pub struct Learn {
    /// The recording; it holds your password and your session, and is read nowhere but here
    #[arg(value_name = "FILE.har")]
    pub har: PathBuf,
    /// Whose console it shows
    #[arg(long, value_name = "NAME")]
    pub tenant: TenantName,
    /// Besides reading, allow these; each first use is confirmed by a person
    #[arg(long, value_name = "DEED", value_enum, value_delimiter = ',')]
    pub allow: Vec<Allow>,
    /// The request file that you downloaded in this visit
    #[arg(long, value_name = "FILE")]
    pub request_file: Option<PathBuf>,
    /// The certificate that you uploaded in this visit
    #[arg(long, value_name = "FILE")]
    pub certificate_file: Option<PathBuf>,
    /// The name of the field in which the certificate was uploaded, where the browser left it out
    #[arg(long, value_name = "NAME")]
    pub upload_field: Option<String>,
    /// Write the profile there [default: TENANT.console.toml beside the configuration]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What a profile may be used for besides reading.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Allow {
    /// Download the request
    Fetch,
    /// Upload the certificate
    Upload,
}

/// `console show`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert console show acme")]
pub struct Show {
    /// The tenant
    pub tenant: TenantName,
}

/// `console forget`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert console forget acme")]
pub struct Forget {
    /// The tenant
    pub tenant: TenantName,
}
