//! `init`: where a password comes from.

use std::path::PathBuf;

use clap::Args;

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
