//! The documentation says what the tool does: its tables come from the same definitions.

mod book;
mod codes;
#[cfg(unix)]
mod examples;
mod help;
mod library;
mod lines;
mod pictures;

use std::{
    fs,
    path::{Path, PathBuf},
};

use pushcert::cli::exit;
use pushcert_papers::{Code, Kind, watch::State};

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a page")
}

#[test]
fn every_finding_stands_in_its_table() {
    let page = page("docs/findings.md");
    for code in Code::ALL {
        let row = format!("| `{code}` | {} | {} |", code.severity(), code.meaning());
        assert!(page.contains(&row), "docs/findings.md lacks this line, in the section where it belongs:\n{row}");
    }
    assert_eq!(page.lines().filter(|line| line.starts_with("| `")).count(), Code::ALL.len());
}

#[test]
fn every_state_kind_and_exit_code_stands_in_the_contract() {
    let page = page("docs/contract.md");
    for word in State::ALL.iter().map(|state| state.word()).chain(Kind::ALL.iter().map(|kind| kind.word())) {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
    for (code, meaning) in (0..=255).filter_map(|code| Some((code, exit::meaning(code)?))) {
        assert!(page.contains(&format!("\n| {code} | {meaning} |")), "{code}: {meaning}");
    }
}

#[test]
fn the_example_of_the_configuration_is_one() {
    let page = page("docs/configuration.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pushcert.toml");
    pushcert::world::files::write_private(&path, example.as_bytes()).expect("written");
    let config = pushcert::config::Config::read(&path).expect("a configuration");
    assert_eq!(config.tenants.len(), 1);
}

/// All Rust sources below this folder.
fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Every function that is defined below these folders, by name.
fn functions(folder: &Path, found: &mut std::collections::BTreeSet<String>) {
    let mut files = vec![];
    rust_files(folder, &mut files);
    for path in files {
        let source = fs::read_to_string(&path).expect("source text");
        let names = source.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
        found.extend(names.map(str::to_owned));
    }
}

#[test]
fn every_promise_of_the_threat_model_has_its_tests() {
    let mut known = std::collections::BTreeSet::new();
    for folder in ["src", "crates", "tests"] {
        functions(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut known);
    }
    let page = page("docs/threat-model.md");
    let promises = page.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let mut named = 0;
    for kept_by in promises.filter_map(|row| row.split(" | ").nth(1)) {
        let tests = kept_by.split('`').skip(1).step_by(2).filter(|name| !name.contains(' '));
        for test in tests {
            assert!(known.contains(test), "the test {test} is gone");
            named += 1;
        }
    }
    assert!(named > 30, "{named}");
}
