//! `config check`: what would be refused when it is used is said before.

use std::{fs, path::Path, process::Output};

use serde_json::Value;

use crate::shell::{home, run, text};

/// The configuration in this home, judged.
fn check(home: &Path, config: &str, more: &[&str]) -> Output {
    let path = home.join("pushcert.toml");
    fs::write(&path, config).expect("written");
    run(home, &[&["--config", &path.display().to_string(), "config", "check"], more].concat())
}

fn result(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one object")
}

const TENANT: &str = "[tenants.acme]\nmdm = \"mobileiron-core\"\nurl = \"https://127.0.0.1:1\"\nusername = \"push\"\n";

#[test]
fn who_is_configured_and_where() {
    let home = home();
    let config = "[tenants.acme]\nmdm = \"manual\"\n[tenants.globex]\nmdm = \"manual\"\n";
    let output = check(home.path(), config, &[]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    assert!(said.contains("2 tenants are configured") && said.contains("acme, globex"), "{said}");
    assert!(said.contains("pushcert.toml"), "{said}");
    let report = result(&check(home.path(), config, &["-o", "json"]));
    assert_eq!(report["schema"], "pushcert/config/1");
    assert_eq!(report["tenants"], serde_json::json!(["acme", "globex"]));
    assert_eq!(report["problems"], serde_json::json!([]));
}

#[test]
fn where_nothing_is_configured_it_is_said_where_was_looked() {
    let home = home();
    let output = run(home.path(), &["config", "check"]);
    let said = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(0), "{said}");
    let own = home.path().join(".config/pushcert/pushcert.toml").display().to_string();
    assert!(said.contains(&own) && said.contains("/etc/pushcert/pushcert.toml"), "{said}");
    assert!(said.contains("No tenant is configured") && !said.contains("nothing is wrong"), "{said}");
}

#[test]
fn a_file_that_would_be_refused_later_is_named_with_its_tenant_and_key() {
    let home = home();
    let absent = |key: &str, value: &str| (format!("{TENANT}{key} = {value}\n"), format!("[tenants.acme] `{key}`"));
    let digest = "0".repeat(64);
    let channel = |line: &str| format!("[[channels]]\nname = \"night\"\n{line}\n");
    for (config, named) in [
        absent("password", "{ file = \"none\" }"),
        absent("ca_file", "\"none.pem\""),
        absent("client_certificate", "{ file = \"none.p12\" }"),
        absent("authorities", "\"none.pem\""),
        absent("console", &format!("{{ profile = \"none.toml\", sha256 = \"{digest}\" }}")),
        absent("password", "{ command = [\"/nowhere/at/all\"] }"),
        (channel("kind = \"slack\"\nurl = { file = \"none\" }"), "[[channels]] night `url`".to_owned()),
        (channel("kind = \"hook\"\ncommand = [\"/nowhere/at/all\"]"), "[[channels]] night `command`".to_owned()),
    ] {
        let output = check(home.path(), &config, &[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{config}: {}{said}", text(&output.stdout));
        assert!(said.contains(&named), "{config}: {said}");
        let output = check(home.path(), &config, &["-o", "json"]);
        let problem = result(&output)["problems"][0].as_str().expect("a problem").to_owned();
        assert!(output.status.code() == Some(2) && problem.contains(&named), "{problem}");
    }
    let retired = format!("{TENANT}retired = true\nca_file = \"none.pem\"\n");
    assert_eq!(check(home.path(), &retired, &[]).status.code(), Some(0), "nobody asks for it any more");
}

#[cfg(unix)]
#[test]
fn a_password_that_others_may_read_is_a_problem_and_no_program_is_run() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    let (password, trace) = (home.path().join("password"), home.path().join("trace"));
    fs::write(&password, "correct horse\n").expect("written");
    for (mode, code) in [(0o644, 2), (0o600, 0)] {
        fs::set_permissions(&password, fs::Permissions::from_mode(mode)).expect("a mode");
        let output = check(home.path(), &format!("{TENANT}password = {{ file = \"password\" }}\n"), &[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(code == 0 || said.contains("chmod 600"), "{said}");
    }
    let touch = format!("password = {{ command = [\"/usr/bin/touch\", \"{}\"] }}\n", trace.display());
    assert_eq!(check(home.path(), &format!("{TENANT}{touch}"), &[]).status.code(), Some(0));
    assert!(!trace.exists());
}

/// A configuration that cannot be read at all has problems too, and nobody knows its tenants.
#[test]
fn a_configuration_that_says_what_cannot_be() {
    let home = home();
    let output = check(home.path(), "[tenants.acme]\nmdm = \"manuel\"\n", &["-o", "json"]);
    let report = result(&output);
    assert_eq!((output.status.code(), &report["tenants"]), (Some(2), &Value::Null));
    assert!(report["problems"][0].as_str().is_some_and(|problem| problem.contains("manual")), "{report}");
}

#[test]
fn a_tenant_that_is_not_there_is_answered_with_those_that_are() {
    let home = home();
    let path = home.path().join("pushcert.toml");
    fs::write(&path, "[tenants.acme]\nmdm = \"manual\"\n[tenants.globex]\nmdm = \"manual\"\n").expect("written");
    let output = run(home.path(), &["--config", &path.display().to_string(), "status", "initech"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("configured: acme, globex"), "{said}");
    let output = run(home.path(), &["status", "initech"]);
    assert!(text(&output.stderr).contains("pushcert init"), "{}", text(&output.stderr));
}
