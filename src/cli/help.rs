//! `pushcert help`: a command, a finding, a state or an exit code explained, from the tables that the tool runs on.

use pushcert_papers::{
    Code, Severity,
    watch::{Problem, State},
};

use super::{args::Cli, exit};
use crate::commands::{Failure, Kind};

/// The explanation of this word.
///
/// # Errors
/// When nothing bears this name.
pub fn about(words: &[String]) -> Result<String, Failure> {
    let word = words.join(" ");
    if words.is_empty() {
        return Ok(Cli::definitions().render_long_help().to_string());
    }
    let kinds = [finding, problem, state, exit_code];
    let found = kinds.iter().find_map(|explained| explained(&word));
    command(words).or(found).ok_or_else(|| {
        Failure::new(
            Kind::NotFound,
            "nothing-by-that-name",
            format!("there is no command, finding, problem, state or exit code {word:?}"),
        )
        .hinted("pushcert help  lists the commands; docs/findings.md lists the findings")
    })
}

fn command(words: &[String]) -> Option<String> {
    let mut command = Cli::definitions();
    command.build();
    let mut found = &mut command;
    for word in words {
        found = found.find_subcommand_mut(word)?;
    }
    Some(found.render_long_help().to_string())
}

fn finding(word: &str) -> Option<String> {
    let code = Code::from_word(word)?;
    let weight = match code.severity() {
        Severity::Refuse => "refused: nothing that has it is installed or handed on",
        Severity::Warn => "a warning: look at it",
        Severity::Note => "a note",
    };
    Some(format!("{code}: a finding ({weight})\n\n  {}\n", code.meaning()))
}

fn problem(word: &str) -> Option<String> {
    let problem = Problem::ALL.into_iter().find(|problem| problem.word() == word)?;
    Some(format!("{word}: a problem that  pushcert status  shows\n\n  {}\n", problem.meaning()))
}

fn state(word: &str) -> Option<String> {
    let state = State::ALL.into_iter().find(|state| state.word() == word)?;
    Some(format!("{word}: a state\n\n  {}\n", state.meaning()))
}

fn exit_code(word: &str) -> Option<String> {
    let number: u8 = word.parse().ok()?;
    let meaning = exit::meaning(number)?;
    Some(format!("{number}: an exit code\n\n  {meaning}\n"))
}
