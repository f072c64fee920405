//! Completions and manual pages, made from the definitions of the command line.

use std::{io, path::Path};

use clap::Command;
use clap_complete::{aot, generate};
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::{
    args::{Cli, Shell},
    exit, help,
};
use crate::{
    commands::{Failure, Kind},
    config::nearest,
    world::files,
};

/// The script that completes our words in this shell.
pub fn completions(shell: Shell) -> String {
    let (mut command, mut script) = (Cli::definitions(), vec![]);
    match shell {
        Shell::Bash => generate(aot::Bash, &mut command, "pushcert", &mut script),
        Shell::Zsh => generate(aot::Zsh, &mut command, "pushcert", &mut script),
        Shell::Fish => generate(aot::Fish, &mut command, "pushcert", &mut script),
        Shell::PowerShell => generate(aot::PowerShell, &mut command, "pushcert", &mut script),
        Shell::Nushell => generate(clap_complete_nushell::Nushell, &mut command, "pushcert", &mut script),
    }
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page of a command, or of the program itself.
///
/// # Errors
/// When there is no such command.
pub fn page(words: &[String]) -> Result<String, Failure> {
    let mut program = built();
    let names = help::names(&program);
    let command = help::find(&mut program, words).ok_or_else(|| {
        let word = words.join(" ");
        let meant = nearest::meant(&word, names.iter().map(String::as_str));
        Failure::new(Kind::NotFound, "nothing-by-that-name", format!("there is no command {word:?}{meant}"))
            .hinted("pushcert help  lists the commands")
    })?;
    rendered(command).map_err(|error| Failure::new(Kind::Failed, "manual", error))
}

/// The pages of all commands, as files in this folder: `pushcert.1`, `pushcert-renew.1` and so on.
///
/// # Errors
/// When a page cannot be written.
pub fn pages(folder: &Path) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::new(Kind::Failed, "cannot-write", format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    each(&built(), &mut |command| {
        let page = rendered(command)?;
        files::write_public(&folder.join(format!("{}.1", name(command))), page.as_bytes())
    })
    .map_err(failed)
}

/// Every command has its own name then: `pushcert renew` is called `pushcert-renew`.
fn built() -> Command {
    let mut command = Cli::definitions();
    command.build();
    command
}

fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn each(command: &Command, write: &mut impl FnMut(&Command) -> io::Result<()>) -> io::Result<()> {
    write(command)?;
    command.get_subcommands().try_for_each(|command| each(command, write))
}

/// A page: what the library makes of the definitions, and beside it the examples, the exit codes and the environment.
fn rendered(command: &Command) -> io::Result<String> {
    let man = Man::new(command.clone());
    // Without a date, so that every build of a release makes the same page.
    let title = format!(".TH \"{}\" 1 \"\" \"pushcert {}\"\n", name(command).to_uppercase(), env!("CARGO_PKG_VERSION"));
    let mut page = title.into_bytes();
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    notes(command).to_writer(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    ours(command).to_writer(&mut page)?;
    // The library breaks the line around an empty one; readers of manuals call that a mistake.
    Ok(String::from_utf8_lossy(&page).replace("\n.br\n\n.br\n", "\n.sp\n"))
}

/// What the help says at its end belongs to the description.
fn notes(command: &Command) -> Roff {
    let mut roff = Roff::default();
    let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for paragraph in notes.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        roff.control("PP", []).text([roman(paragraph.replace('\n', " "))]);
    }
    roff
}

fn ours(command: &Command) -> Roff {
    let mut roff = Roff::default();
    let examples = command.get_before_help().map(ToString::to_string).unwrap_or_default();
    roff.control("SH", ["EXAMPLES"]).control("nf", []);
    for line in examples.lines().skip(1) {
        roff.text([roman(line.trim_start())]);
    }
    roff.control("fi", []).control("SH", ["EXIT STATUS"]);
    for (code, meaning) in (0..=u8::MAX).filter_map(|code| exit::meaning(code).map(|meaning| (code, meaning))) {
        roff.control("TP", []).text([bold(code.to_string())]).text([roman(meaning)]);
    }
    roff.control("SH", ["ENVIRONMENT"]).text([roman(
        "Every flag has a variable: PUSHCERT_ and its name in capitals, such as PUSHCERT_NO_INPUT. What a person takes \
         upon themselves has none: it is said on the command line or not at all.",
    )]);
    roff.control("SH", ["SEE ALSO"]).text([bold("pushcert"), roman("(1), pushcert help CODE")]);
    roff
}
