//! Help, manual pages and completions: what they show is true, and the programs that read them take them.

use std::{fs, path::Path, process::Command};

use pushcert::cli::args::Cli;

use super::lines;
use crate::shell::{has, home, run, skipped_unless, succeeds, text};

/// Every command with the words that lead to it.
fn each(command: &clap::Command, words: &[String], visit: &mut impl FnMut(&clap::Command, &[String])) {
    visit(command, words);
    for below in command.get_subcommands() {
        each(below, &[words, &[below.get_name().to_owned()]].concat(), visit);
    }
}

fn definitions() -> clap::Command {
    let mut program = Cli::definitions();
    program.build();
    program
}

#[test]
fn every_command_begins_its_help_with_examples_that_its_own_definitions_take() {
    let mut tried = 0;
    each(&definitions(), &["pushcert".to_owned()], &mut |command, words| {
        let help = command.clone().render_long_help().to_string();
        let examples = help.find("Examples:\n").unwrap_or_else(|| panic!("{words:?} has no example"));
        assert!(!help.contains("://") || !help.contains("<op:") && !help.contains("<http"), "no brackets: {help}");
        assert!(help.find("Usage:").is_some_and(|usage| examples < usage), "{help}");
        let written = command.get_before_help().map(ToString::to_string).unwrap_or_default();
        for line in lines::of(written.strip_prefix("Examples:\n").expect("examples alone")) {
            let calls = lines::calls(&line);
            assert!(calls.iter().any(|call| leads_to(call, words)), "{line}: an example of another command");
            for call in calls {
                assert_eq!(lines::refused(&call), None, "{line}");
            }
            tried += 1;
        }
        assert!(written.lines().all(|line| line.chars().count() < 99), "{written}");
    });
    assert!(tried > 80, "{tried}");
}

/// Whether the words of this call lead to the command, whatever flags stand between them.
fn leads_to(call: &[String], words: &[String]) -> bool {
    let mut wanted = words.iter().peekable();
    for word in call {
        wanted.next_if_eq(&word);
    }
    wanted.peek().is_none()
}

#[test]
fn a_slip_in_a_command_a_flag_or_a_word_is_answered_with_what_was_meant() {
    let home = home();
    for (slip, meant) in [
        (&["chekc"][..], "'check'"),
        (&["renew", "acme", "--certficate", "x"], "'--certificate'"),
        (&["pingid", "rotat", "acme"], "'rotate'"),
        (&["status", "-o", "nagois"], "'nagios'"),
        (&["help", "expird"], "did you mean expired?"),
        (&["man", "cehck"], "did you mean check?"),
    ] {
        let said = text(&run(home.path(), slip).stderr);
        assert!(said.contains(meant), "{slip:?}: {said}");
    }
    let config = home.path().join("pushcert.toml");
    pushcert::world::files::write_private(&config, b"[tenants.acme]\nmdm = \"manual\"\n").expect("written");
    let said = text(&run(home.path(), &["--config", &config.display().to_string(), "status", "acne"]).stderr);
    assert!(said.contains("did you mean acme?"), "{said}");
}

#[test]
fn every_manual_page_is_whole_and_its_readers_are_content() {
    let home = home();
    let folder = home.path().join("man1");
    assert!(run(home.path(), &["man", "--out", &folder.display().to_string()]).status.success());
    let mut pages: Vec<_> = fs::read_dir(&folder).expect("pages").map(|entry| entry.expect("a page").path()).collect();
    pages.sort();
    let mut commands = 0;
    each(&definitions(), &[], &mut |_, _| commands += 1);
    assert_eq!(pages.len(), commands);
    for page in &pages {
        let written = fs::read_to_string(page).expect("a page");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "\"EXIT STATUS\"", "ENVIRONMENT", "\"SEE ALSO\""]
        {
            assert!(written.contains(&format!("\n.SH {section}\n")), "{}: {section}\n{written}", page.display());
        }
    }
    let silent = |program: &str, arguments: &[&str]| {
        if has(program) {
            let output = Command::new(program).args(arguments).args(&pages).output().expect("it runs");
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            // The pages have no date, so that every build of a release makes the same ones.
            let said: Vec<_> = said.lines().filter(|line| !line.contains("missing date")).collect();
            assert!(said.is_empty(), "{program}: {said:#?}");
        }
    };
    silent("mandoc", &["-T", "lint", "-W", "warning"]);
    silent("groff", &["-k", "-man", "-Tutf8", "-ww", "-z"]);
}

/// The script for a shell, in a file.
fn script(home: &Path, shell: &str) -> String {
    let path = home.join(format!("_pushcert.{shell}"));
    fs::write(&path, run(home, &["completions", shell]).stdout).expect("written");
    path.display().to_string()
}

/// What a shell says when it is given these lines.
fn said(program: &mut Command, home: &Path) -> String {
    text(&succeeds(program.env("HOME", home).current_dir(home)))
}

#[test]
fn bash_completes() {
    if !has("bash") {
        return;
    }
    let home = home();
    let file = script(home.path(), "bash");
    succeeds(Command::new("bash").args(["-n", &file]));
    // What bash does when somebody presses Tab: it asks the function that is registered for the command.
    let tab = "source \"$1\"; shift; f=$(complete -p pushcert | sed 's/.*-F \\([^ ]*\\).*/\\1/'); COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
        $f pushcert \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let press = |words: &[&str]| said(Command::new("bash").args(["-c", tab, "bash", &file]).args(words), home.path());
    assert_eq!(press(&["pushcert", "re"]).split_whitespace().collect::<Vec<_>>(), ["renew", "rehearse"]);
    assert!(press(&["pushcert", "renew", "--accept-t"]).contains("--accept-topic-change"));
    assert!(press(&["pushcert", "csr", ""]).contains("sign"));
    assert!(press(&["pushcert", "status", "--output", ""]).contains("nagios"));
}

/// A shell at a terminal of its own, in which somebody presses Tab twice.
const ZSH: &str = r#"zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; autoload -U compinit; compinit -u -D; source $1; print RE''ADY"
zpty -r z said '*READY*'
zpty -w -n z $'pushcert re\t\t'
zpty -r z said '*rehearse*renew *'
print -r -- $said
zpty -d z"#;

#[test]
fn zsh_completes() {
    if !has("zsh") {
        return;
    }
    let home = home();
    let file = script(home.path(), "zsh");
    succeeds(Command::new("zsh").args(["-n", &file]));
    let tab = said(Command::new("timeout").args(["60", "zsh", "-f", "-c", ZSH, "zsh", &file]), home.path());
    assert!(tab.contains("Once a year, without renewing"), "{tab}");
}

#[test]
fn fish_completes() {
    if !has("fish") {
        return;
    }
    let home = home();
    let file = script(home.path(), "fish");
    succeeds(Command::new("fish").args(["--no-execute", &file]));
    let press = |line: &str| {
        let tab = format!("source {file}; complete -C '{line}'");
        said(Command::new("fish").args(["--no-config", "-c", &tab]), home.path())
    };
    let found = press("pushcert re");
    assert!(found.contains("renew\t") && found.contains("rehearse\t") && found.lines().count() == 2, "{found}");
    assert!(press("pushcert renew --accept-t").contains("--accept-topic-change"));
}

#[test]
fn nushell_knows_every_command() {
    let nu = Path::new("tests/browser/node_modules/.bin/nu");
    if !skipped_unless(nu.exists(), "Nushell:  npm install  in tests/browser") {
        return;
    }
    let home = home();
    let file = script(home.path(), "nushell");
    let nu = fs::canonicalize(nu).expect("a path");
    let list = format!("use {file} *; scope externs | where name =~ '^pushcert' | get name | to text");
    let found = said(Command::new("node").arg(nu).args(["--no-config-file", "-c", &list]), home.path());
    each(&definitions(), &["pushcert".to_owned()], &mut |_, words| {
        assert!(found.lines().any(|name| name == words.join(" ")), "{words:?} is missing in {found}");
    });
}
