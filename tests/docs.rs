//! The documentation says what the tool does: its tables come from the same definitions.

use std::{fs, path::Path};

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
        assert!(page.contains(&row), "{row}");
    }
    assert_eq!(page.lines().filter(|line| line.starts_with("| `")).count(), Code::ALL.len());
}

#[test]
fn every_state_kind_and_exit_code_stands_in_the_contract() {
    let page = page("docs/contract.md");
    for word in State::ALL.iter().map(|state| state.word()).chain(Kind::ALL.iter().map(|kind| kind.word())) {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
    for code in (0..=255).filter(|code| exit::meaning(*code).is_some()) {
        assert!(page.contains(&format!("\n| {code} | ")), "{code}");
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
