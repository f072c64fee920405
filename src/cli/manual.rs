//! Completions and manual pages, made from the definitions of the command line.

use std::{io, path::Path};

use clap::Command;
use clap_complete::{aot, generate};

use super::args::{Cli, Shell};
use crate::commands::{Failure, Kind};

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
    let mut command = built();
    let mut found = &mut command;
    for word in words {
        found = found.find_subcommand_mut(word).ok_or_else(|| {
            Failure::new(Kind::NotFound, "nothing-by-that-name", format!("there is no command {:?}", words.join(" ")))
                .hinted("pushcert help  lists the commands")
        })?;
    }
    rendered(found).map_err(|error| Failure::new(Kind::Failed, "manual", error))
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
        crate::world::files::write_public(&folder.join(format!("{}.1", name(command))), page.as_bytes())
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

fn rendered(command: &Command) -> io::Result<String> {
    let mut page = vec![];
    clap_mangen::Man::new(command.clone()).title(name(command).to_uppercase()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn each(command: &Command, write: &mut impl FnMut(&Command) -> io::Result<()>) -> io::Result<()> {
    write(command)?;
    command.get_subcommands().try_for_each(|command| each(command, write))
}
