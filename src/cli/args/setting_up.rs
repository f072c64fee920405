//! Setting a tenant up, and the configuration.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use pushcert_papers::{Fingerprint, TenantName, Topic};

/// `init`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert init                                            # by questions
  pushcert init acme --mdm manual --certificate acme.pem   # a server that nobody may sign in to
  pushcert init acme --mdm mobileiron-cloud --url https://na1.mobileiron.com \\
      --username push-api@acme.example --password-command 'op read op://it/mobileiron/password'",
    after_help = "\
Whatever is not given is asked for at the terminal."
)]
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
    #[arg(long, value_name = "FILE", group = "installed")]
    pub certificate: Option<PathBuf>,
    /// The console's page, saved from the browser, to be recorded
    #[arg(long, value_name = "SAVED.html", group = "installed")]
    pub page: Option<PathBuf>,
    /// Confirm that devices are enrolled with that certificate's topic
    #[arg(long, requires = "installed")]
    pub confirm_topic: Option<Topic>,
}

/// Where a password comes from; at most one of these.
#[derive(Args, Clone, Debug, Default)]
#[group(multiple = false, conflicts_with = "guided")]
pub struct PasswordFrom {
    /// The file with its password, which only you may read; - reads standard input in every run
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The program that prints its password
    #[arg(long, value_name = "COMMAND")]
    pub password_command: Option<String>,
    /// The environment variable that holds its password
    #[arg(long, value_name = "NAME")]
    pub password_env: Option<String>,
    /// The entry of your keyring that holds its password (in builds with the feature keyring)
    #[arg(long, value_name = "NAME")]
    pub password_keyring: Option<String>,
    /// The systemd credential that is its password
    #[arg(long, value_name = "NAME")]
    pub password_credential: Option<String>,
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Judge the configuration
    #[command(before_help = "\
Examples:
  pushcert config check
  pushcert --config pushcert.toml config check   # a file, before it is put in its place")]
    Check,
}
