//! `pushcert help`: a command, a finding, a state, an error or an exit code explained, from the tables that the tool runs on.

use clap::Command;
use pushcert_papers::{
    Code, Severity,
    watch::{Matter, Problem, State},
};

use super::{args::Cli, exit};
use crate::{
    commands::{
        Failure, Kind,
        errors::{self, ERRORS},
    },
    config::nearest,
};

/// The explanation of this word: everything that bears the name.
///
/// # Errors
/// When nothing does; the nearest name is part of the answer.
pub fn about(words: &[String]) -> Result<String, Failure> {
    let word = stable(words.join(" ").replace(' ', "-"));
    let code = |explained: fn(&str) -> Option<String>| explained(&word);
    let codes = [finding, problem, state, freshness, matter, error, exit_code].into_iter().filter_map(code);
    let found: Vec<_> = command(words).into_iter().chain(codes).collect();
    if found.is_empty() { Err(nothing(&words.join(" "))) } else { Ok(found.join("\n")) }
}

/// The stable word for what people see in tables and on the page.
fn stable(shown: String) -> String {
    match shown.as_str() {
        "wrong-topic" => "topic-changed".into(),
        _ => shown,
    }
}

/// The command of these words; the program itself when there are none.
pub(super) fn find<'a>(program: &'a mut Command, words: &[String]) -> Option<&'a mut Command> {
    words.iter().try_fold(program, |command, word| command.find_subcommand_mut(word))
}

/// The names of all commands.
pub(super) fn names(program: &Command) -> Vec<String> {
    let below = |command: &Command| {
        let name = command.get_name().to_owned();
        let longer: Vec<_> = names(command).iter().map(|below| format!("{name} {below}")).collect();
        [vec![name], longer].concat()
    };
    program.get_subcommands().flat_map(below).collect()
}

fn nothing(word: &str) -> Failure {
    let commands = names(&Cli::definitions());
    let errors = ERRORS.iter().flat_map(|(_, codes)| codes.iter()).map(|(word, _)| *word);
    let known = commands.iter().map(String::as_str).chain(errors);
    let known = known.chain(Code::ALL.iter().map(|code| code.word()));
    let known = known.chain(State::ALL.iter().map(|state| state.word()));
    let known = known.chain(Problem::ALL.iter().map(|problem| problem.word()));
    let known = known.chain(Matter::ALL.iter().map(|matter| matter.word()));
    let meant = nearest::meant(word, known);
    let message = format!("there is no command, finding, problem, state, error or exit code {word:?}{meant}");
    Failure::new(Kind::NotFound, "nothing-by-that-name", message)
        .hinted("pushcert help  lists the commands; docs/findings.md and docs/codes.md list the words")
}

fn command(words: &[String]) -> Option<String> {
    let mut program = Cli::definitions();
    program.build();
    find(&mut program, words).map(|command| command.render_long_help().ansi().to_string())
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

/// What an alert is about; where that is a problem as well, it is explained as one.
fn matter(word: &str) -> Option<String> {
    let matter = Matter::ALL.into_iter().find(|matter| matter.word() == word)?;
    let meaning = Some(matter.meaning()).filter(|_| problem(word).is_none())?;
    Some(format!("{word}: what an alert is about\n\n  {meaning}\n"))
}

fn freshness(word: &str) -> Option<String> {
    let meaning = "The last look at the server is older than the tenant's limit: three days, or its stale_after.";
    (word == "stale").then(|| format!("stale: what  pushcert status  shows in the place of ok\n\n  {meaning}\n"))
}

/// An error; a finding that ends a run is explained as a finding.
fn error(word: &str) -> Option<String> {
    let meaning = errors::meaning(word).filter(|_| Code::from_word(word).is_none())?;
    Some(format!("{word}: the code of an error\n\n  {meaning}\n"))
}

fn exit_code(word: &str) -> Option<String> {
    let number: u8 = word.parse().ok()?;
    let meaning = exit::meaning(number)?;
    Some(format!("{number}: an exit code\n\n  {meaning}\n"))
}
