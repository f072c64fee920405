//! The command line: what may be said, and its help. Parsing does nothing else.

mod commands;
mod console;
mod credentials;
mod global;
mod journey;
mod manual;
mod papers;
mod prove;
mod setting_up;
mod trying;
mod watching;
mod words;

use std::ffi::OsString;

use anstyle::Style;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, builder::BoolishValueParser};

pub use commands::Command;
pub use console::{Allow, Console, Forget, Learn, Show};
pub use credentials::{
    Android, AndroidCheck, AndroidEnrol, AskGoogle, ConfigFormat, LockoutWord, Pingid, PingidAdopt, PingidConfig,
    PingidLint, PingidRotate, Platform, RotateDone,
};
pub use global::{Color, Global, LogFormat, Output};
pub use journey::{Accept, Adopt, Install, Rehearse, Renew, Rollback};
pub use manual::{Completions, Help, Man, Shell};
pub use papers::{
    Check, Csr, CsrAlone, CsrFetch, CsrNew, CsrOpen, CsrSign, Inspect, P12, P12Open, P12Pack, Packing, Passphrase,
    Wanted,
};
pub use prove::Prove;
pub use setting_up::{Config, Init, PasswordFrom};
pub use trying::{Demo, DemoMdm, Sandbox};
pub use watching::{History, Status, Watch};

/// Renews the Apple push (APNs) certificate behind a MobileIron server, and watches over it all year.
#[derive(Debug, Parser)]
#[command(
    name = "pushcert",
    version,
    about,
    disable_help_subcommand = true,
    before_help = "\
Examples:
  pushcert demo                                    # a whole renewal, in an embedded world
  pushcert check new.pem --against last-year.pem   # is this the renewed certificate?
  pushcert status                                  # what is installed, and what comes next
  pushcert renew acme                              # run it again until it says it is done",
    after_help = "\
A finding, a state, an error or an exit code is explained by  pushcert help CODE"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
}

/// The help of every command: what it does, how it is called, and only then all that it takes.
const HELP: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// As the parser writes its own headings.
const HEADING: Style = Style::new().bold().underline();

/// What a person takes upon themselves, and the time that is judged by: these are said on the command line or not at all.
const NEVER_BY_VARIABLE: [&str; 21] = [
    "abort",
    "accept-issuer",
    "accept-key",
    "accept-lockout",
    "accept-topic-change",
    "allow",
    "at",
    "confirm-topic",
    "done",
    "effective-date",
    "evidence",
    "first",
    "made",
    "on",
    "put-back",
    "reason",
    "replaces",
    "restart",
    "row-missing",
    "skip",
    "undo",
];

impl Cli {
    /// The definitions of the command line, each flag with its variable: `PUSHCERT_` and its name.
    pub fn definitions() -> clap::Command {
        dressed(Self::command(), &|_| true)
    }

    /// What the command line of this process says.
    ///
    /// # Errors
    /// When it is no command line of ours; help and version are such errors too.
    pub fn read() -> Result<Self, clap::Error> {
        let words: Vec<OsString> = std::env::args_os().collect();
        // A run may last two milliseconds: only the command that is named is dressed, and the definitions are not
        // taken apart again before the process ends.
        let named = |command: &clap::Command| words.iter().any(|word| word == command.get_name());
        let definitions = Box::leak(Box::new(dressed(Self::command(), &named)));
        let matches = definitions.try_get_matches_from_mut(&words)?;
        Self::from_arg_matches(&matches)
    }
}

/// The command with the order of its help and its flags' variables, and those below it that are chosen.
fn dressed(command: clap::Command, chosen: &dyn Fn(&clap::Command) -> bool) -> clap::Command {
    let below = |command: clap::Command| if chosen(&command) { dressed(command, chosen) } else { command };
    let examples = command.get_before_help().map(ToString::to_string).unwrap_or_default();
    let command = command.before_help(examples.replacen("Examples:", &format!("{HEADING}Examples:{HEADING:#}"), 1));
    command.help_template(HELP).mut_args(with_variable).mut_subcommands(below)
}

fn with_variable(argument: clap::Arg) -> clap::Arg {
    let Some(name) = argument.get_long().filter(|name| !NEVER_BY_VARIABLE.contains(name)) else { return argument };
    let variable = format!("PUSHCERT_{}", name.to_uppercase().replace('-', "_"));
    let argument = if matches!(argument.get_action(), ArgAction::SetTrue) {
        argument.value_parser(BoolishValueParser::new())
    } else {
        argument
    };
    argument.env(variable).hide_env(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Cli::definitions().debug_assert();
    }

    #[test]
    fn every_flag_has_a_variable_but_those_that_a_person_must_say() {
        fn flags(command: &clap::Command, found: &mut Vec<(String, bool)>) {
            let named = command.get_arguments().filter_map(|argument| Some((argument.get_long()?, argument)));
            found.extend(named.map(|(name, argument)| (name.to_owned(), argument.get_env().is_some())));
            command.get_subcommands().for_each(|command| flags(command, found));
        }
        let mut found = vec![];
        flags(&Cli::definitions(), &mut found);
        for (name, has_variable) in &found {
            assert_eq!(*has_variable, !NEVER_BY_VARIABLE.contains(&name.as_str()), "{name}");
        }
        assert!(found.len() > 40, "{}", found.len());
    }
}
