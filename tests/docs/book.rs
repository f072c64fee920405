//! The book: every page stands in its summary, and every block in it is what it says to be.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use pushcert::config::Config;
use pushcert_papers::console::Profile;

use super::{lines, page};
use crate::shell::{has, home, succeeds};

/// A fenced block of a page: its language, and what stands in it.
pub struct Block {
    pub language: String,
    pub text: String,
}

/// The pages of the book, and the README.
pub fn pages() -> Vec<String> {
    let entries = fs::read_dir("docs").expect("the pages").map(|entry| entry.expect("an entry").path());
    let mut pages: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.sort();
    let pages = pages.iter().map(|path| path.display().to_string()).filter(|path| path != "docs/SUMMARY.md");
    pages.chain(["README.md".to_owned()]).collect()
}

/// Its fenced blocks, in order.
pub fn blocks(name: &str) -> Vec<Block> {
    let text = page(name);
    let parts = text.split("\n```").collect::<Vec<_>>();
    let inside = parts.into_iter().skip(1).step_by(2);
    inside
        .map(|block| block.split_once('\n').expect("a block"))
        .map(|(language, text)| Block { language: language.trim().into(), text: format!("{text}\n") })
        .collect()
}

fn of_language(language: &str) -> Vec<(String, String)> {
    let all = pages().into_iter().flat_map(|name| blocks(&name).into_iter().map(move |block| (name.clone(), block)));
    all.filter(|(_, block)| block.language == language).map(|(name, block)| (name, block.text)).collect()
}

#[test]
fn every_page_stands_in_the_summary_once() {
    let summary = page("docs/SUMMARY.md");
    let listed: Vec<_> = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let named: BTreeSet<_> = listed.iter().map(|name| format!("docs/{name}")).collect();
    assert_eq!(named.len(), listed.len(), "a page stands there twice");
    let there: BTreeSet<_> = pages().into_iter().filter(|name| name.starts_with("docs/")).collect();
    assert_eq!(named, there);
}

/// A link that leaves the folder leads nowhere in the book.
#[test]
fn no_page_links_out_of_the_book() {
    for name in pages().iter().filter(|name| name.starts_with("docs/")) {
        assert!(!page(name).contains("](../"), "{name}");
    }
}

#[test]
fn every_block_says_what_it_is() {
    let known = ["console", "ini", "json", "python", "rust", "sh", "sql", "text", "toml", "yaml"];
    for name in pages() {
        for block in blocks(&name) {
            assert!(
                known.contains(&block.language.as_str()),
                "{name}: a block of {:?}\n{}",
                block.language,
                block.text
            );
        }
    }
}

#[test]
fn mdbook_makes_the_book_without_a_word_of_complaint() {
    if !has("mdbook") {
        return;
    }
    let home = home();
    let output = Command::new("mdbook")
        .args(["build", "docs", "--dest-dir"])
        .arg(home.path().join("book"))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("WARN") && !said.contains("ERROR"), "{said}");
    for name in pages().iter().filter_map(|name| name.strip_prefix("docs/")) {
        let made = home.path().join("book").join(name).with_extension("html");
        assert!(made.is_file(), "{}", made.display());
    }
}

/// A part of a configuration is completed by the table that it belongs to.
fn completed(text: &str) -> String {
    let own = text.contains("[tenants.acme]\n");
    format!("{text}\n{}", if own { "" } else { "[tenants.acme]\nmdm = \"manual\"\n" })
}

#[test]
fn every_configuration_is_one() {
    let (found, mut wrong) = (of_language("toml"), vec![]);
    for (name, text) in &found {
        if text.starts_with("schema = \"pushcert/console/1\"") {
            let profile = Profile::parse(text);
            assert!(profile.is_ok(), "{name}: {:?}", profile.err());
            continue;
        }
        if let Err(problems) = Config::parse(&completed(text), Path::new("/etc/pushcert")) {
            wrong.push(format!("{name}: {problems:?}\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found.len() > 8, "{}", found.len());
}

/// Values within sentences, such as the sources of secrets, are TOML.
#[test]
fn every_value_within_a_sentence_is_one() {
    let mut tried = 0;
    for name in pages() {
        for span in spans(&page(&name)).iter().filter(|span| span.starts_with("{ ") && span.contains(" = ")) {
            let value = toml::from_str::<toml::Table>(&format!("value = {span}"));
            assert!(value.is_ok(), "{name}: {span}");
            tried += 1;
        }
    }
    assert!(tried > 8, "{tried}");
}

/// Every line of JSON, in blocks of its own and between marks within sentences.
#[test]
fn every_json_is_json() {
    for (name, text) in of_language("json") {
        for line in text.lines().filter(|line| !line.is_empty()) {
            assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{name}: {line}");
        }
    }
}

#[test]
fn what_other_programs_read_is_read_by_them() {
    let home = home();
    let file = |text: &str| {
        let path = home.path().join("block");
        fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    for (_, text) in of_language("yaml") {
        if has("promtool") {
            succeeds(Command::new("promtool").args(["check", "config", "--syntax-only", &file(&text)]));
        }
    }
    for (_, text) in of_language("python") {
        if has("python3") {
            succeeds(Command::new("python3").args(["-m", "py_compile", &file(&text)]));
        }
    }
    for (_, text) in of_language("sh") {
        if has("bash") {
            succeeds(Command::new("bash").args(["-n", &file(&text)]));
        }
    }
}

#[test]
fn the_definitions_take_every_call_in_a_block() {
    let mut tried = 0;
    for (name, text) in [of_language("sh"), of_language("console")].concat() {
        for line in lines::of(&text) {
            for call in lines::calls(line.strip_prefix("$ ").unwrap_or(&line)) {
                assert_eq!(lines::refused(&call), None, "{name}: {line}");
                tried += 1;
            }
        }
    }
    assert!(tried > 45, "{tried}");
}

/// Calls within sentences may leave out what everybody must give; their commands and flags are real.
#[test]
fn the_definitions_know_every_word_of_a_call_within_a_sentence() {
    let mut tried = 0;
    for name in pages() {
        for call in spans(&page(&name)).iter().filter(|span| span.starts_with("pushcert ")) {
            let unknown = unknown(call);
            assert_eq!(unknown, None, "{name}: {call}");
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
}

/// The contract has a line for each command.
#[test]
fn every_command_stands_in_the_contract() {
    fn ends(command: &clap::Command, words: &str, found: &mut Vec<String>) {
        if !command.has_subcommands() {
            found.push(words.to_owned());
        }
        command.get_subcommands().for_each(|below| ends(below, &format!("{words} {}", below.get_name()), found));
    }
    let (mut found, contract) = (vec![], page("docs/contract.md"));
    ends(&pushcert::cli::args::Cli::definitions(), "pushcert", &mut found);
    let spans = spans(&contract);
    let missing: Vec<_> = found.iter().filter(|words| !spans.iter().any(|span| span.starts_with(*words))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What stands between marks in sentences and tables.
fn spans(text: &str) -> Vec<String> {
    let sentences = text.split("\n```").step_by(2);
    let within = sentences.flat_map(|part| part.split('`').skip(1).step_by(2));
    within.map(|span| span.replace("\\|", "|")).collect()
}

/// The first word of a call that is no command or flag of ours, where one must be.
fn unknown(call: &str) -> Option<String> {
    let mut command = pushcert::cli::args::Cli::definitions();
    command.build();
    let words = call.split([' ', '[', ']', '|', '…']).filter(|word| !word.is_empty()).skip(1);
    for word in words {
        if let Some(flag) = word.strip_prefix("--") {
            let flag = flag.split('=').next().unwrap_or(flag);
            let known = command.get_arguments().any(|argument| argument.get_long() == Some(flag));
            if !known && flag != "help" {
                return Some(word.to_owned());
            }
        } else if command.has_subcommands() {
            command = command
                .find_subcommand(word)
                .cloned()
                .or_else(|| (word.to_uppercase() == word).then(|| command.clone()))?;
        }
    }
    None
}
