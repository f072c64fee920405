//! Commands that explain the others: help, manual pages, completions.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `help`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert help renew           # a command
  pushcert help topic-changed   # a finding, a state, a problem, or an error's code
  pushcert help 4               # an exit code")]
pub struct Help {
    /// A command, a finding, a state, an error or an exit code
    #[arg(value_name = "COMMAND or CODE")]
    pub about: Vec<String>,
}

/// `completions`
#[derive(Args, Debug)]
#[command(before_help = "\
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
#[command(before_help = "\
Examples:
  pushcert man renew
  pushcert man csr sign | man -l -   # to be read at once
  pushcert man --out ~/.local/share/man/man1")]
pub struct Man {
    /// The command [default: the program itself]
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Write the pages of all commands there
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub out: Option<PathBuf>,
}
