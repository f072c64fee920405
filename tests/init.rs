//! A tenant is set up.

use std::{fs, path::Path};

use crate::shell::{Sandbox, home, program, run, text};

fn configuration(home: &Path) -> String {
    fs::read_to_string(home.join(".config/pushcert/pushcert.toml")).unwrap_or_default()
}

fn private(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
}

fn set_up(home: &Path, sandbox: &Sandbox, product: &str, password: &str) -> std::process::Output {
    let address = sandbox.get(product.trim_start_matches("mobileiron-"));
    let mut command = program(home);
    command.args([
        "init",
        "acme",
        "--no-input",
        "--mdm",
        product,
        "--url",
        address,
        "--username",
        sandbox.get("username"),
    ]);
    command.args(["--password-file", password, "--ca-file", sandbox.get("ca_file")]);
    command.args(["--apple-account", "apple-push@acme.example", "--owner", "IT \"Operations\""]);
    command.output().expect("the program runs")
}

#[test]
fn the_sign_in_is_tried_before_anything_is_kept() {
    let sandbox_home = home();
    let sandbox = Sandbox::start(sandbox_home.path());
    for product in ["mobileiron-cloud", "mobileiron-core"] {
        let home = home();
        let wrong = home.path().join("wrong");
        private(&wrong, "not the password\n");
        let refused = set_up(home.path(), &sandbox, product, &wrong.display().to_string());
        assert_eq!(refused.status.code(), Some(5), "{}{}", text(&refused.stdout), text(&refused.stderr));
        assert_eq!(configuration(home.path()), "", "nothing is kept of a tenant that cannot be signed in to");
        let output = set_up(home.path(), &sandbox, product, sandbox.get("password_file"));
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("The sign-in works: 40 Apple devices."), "{said}");
        let kept = configuration(home.path());
        assert!(kept.contains("owner = 'IT \"Operations\"'") && kept.contains("[tenants.acme]"), "{kept}");
        let password = fs::read_to_string(sandbox.get("password_file")).expect("a password");
        assert!(!kept.contains(password.trim()), "a place of the password, never the password");
        let status = run(home.path(), &["status", "acme", "-o", "json"]);
        assert!(text(&status.stdout).contains("apple-push@acme.example"), "{}", text(&status.stdout));
    }
}

#[test]
fn a_server_that_nobody_may_sign_in_to() {
    let home = home();
    let certificate = "fixtures/papers/renewal-after.pem";
    let topic = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";
    let arguments =
        ["init", "acme", "--mdm", "manual", "--certificate", certificate, "--confirm-topic", topic, "--no-input"];
    let output = run(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let before = configuration(home.path());
    let again = run(home.path(), &["init", "acme", "--mdm", "manual", "--no-input"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("configured already"), "{}", text(&again.stderr));
    let second = run(home.path(), &["init", "globex", "--mdm", "mobileiron-cloud", "--url", "nonsense", "--guided"]);
    assert_eq!(second.status.code(), Some(2));
    assert_eq!(configuration(home.path()), before, "a configuration that would not be read is not written");
    let guided = ["init", "globex", "--mdm", "neurons", "--url", "https://na1.example.com", "--guided", "--no-input"];
    let output = run(home.path(), &guided);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(configuration(home.path()).starts_with(&before), "what stood there stands there");
}

#[test]
fn what_is_missing_is_asked_or_named() {
    let home = home();
    for (arguments, missing) in [
        (&["init", "--no-input"][..], "TENANT"),
        (&["init", "acme", "--no-input"], "--mdm"),
        (&["init", "acme", "--mdm", "mobileiron-cloud", "--no-input"], "--url"),
        (&["init", "acme", "--mdm", "epmm", "--url", "https://example.com", "--no-input"], "--username"),
    ] {
        let output = run(home.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(&format!("{missing} is missing")), "{}", text(&output.stderr));
    }
    assert_eq!(configuration(home.path()), "");
}

/// By questions at a real terminal, with the program `script` between.
#[test]
fn by_questions() {
    if !crate::shell::has("script") {
        return;
    }
    let home = home();
    let answers = "acme\nmobileiron-core\nhttps://core.example.com\n\nIT <it@example.com>\n\n\n\n";
    let command = format!("{} init --guided", env!("CARGO_BIN_EXE_pushcert"));
    let mut child = std::process::Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .env("HOME", home.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("script runs");
    std::io::Write::write_all(&mut child.stdin.take().expect("its input"), answers.as_bytes()).expect("typed");
    let output = child.wait_with_output().expect("it ends");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("A short name for the tenant") && said.contains("shared mailbox"), "{said}");
    let kept = configuration(home.path());
    assert!(kept.contains("url = \"https://core.example.com\"") && kept.contains("IT <it@example.com>"), "{kept}");
}

/// A password from a program, the environment, a credential of systemd and standard input signs in, and stands nowhere.
#[test]
fn every_place_of_a_password_signs_in() {
    let sandbox_home = home();
    let sandbox = Sandbox::start(sandbox_home.path());
    let password = fs::read_to_string(sandbox.get("password_file")).expect("a password");
    let command = format!("cat '{}'", sandbox.get("password_file"));
    for (flag, place) in [
        ("--password-command", command.as_str()),
        ("--password-env", "PLACE_OF_A_PASSWORD"),
        ("--password-credential", "acme"),
        ("--password-file", "-"),
    ] {
        let home = home();
        private(&home.path().join("acme"), &password);
        let mut init = program(home.path());
        init.args(["init", "acme", "--no-input", "--mdm", "mobileiron-cloud", "--url", sandbox.get("cloud")]);
        init.args(["--username", sandbox.get("username"), "--ca-file", sandbox.get("ca_file"), flag, place]);
        init.env("PLACE_OF_A_PASSWORD", password.trim()).env("CREDENTIALS_DIRECTORY", home.path());
        init.stdin(fs::File::open(sandbox.get("password_file")).expect("a password"));
        let output = init.output().expect("the program runs");
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{flag}: {said}");
        assert!(said.contains("The sign-in works"), "{flag}: {said}");
        assert!(!said.contains(password.trim()) && !configuration(home.path()).contains(password.trim()), "{flag}");
    }
}

/// What stands in the configuration is taken for done, so nothing stands there while the certificate is not the right one.
#[test]
fn a_certificate_that_is_refused_leaves_nothing_behind() {
    let home = home();
    let topic = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";
    let init = ["init", "acme", "--no-input", "--mdm", "manual", "--confirm-topic", topic, "--certificate"];
    let other = "com.apple.mgmt.External.00000000-aaaa-4aaa-8aaa-000000000000";
    let certificate = "fixtures/papers/renewal-after.pem";
    let not_its = ["init", "acme", "--no-input", "--mdm", "manual", "--confirm-topic", other, "--certificate"];
    for (arguments, file) in [(init, "README.md"), (not_its, certificate)] {
        let refused = run(home.path(), &[&arguments[..], &[file]].concat());
        assert_eq!(refused.status.code(), Some(3), "{file}: {}", text(&refused.stderr));
        assert_eq!(configuration(home.path()), "", "{file}");
    }
    let output = run(home.path(), &[&init[..], &[certificate]].concat());
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn a_topic_is_confirmed_with_its_certificate() {
    let home = home();
    let topic = "com.apple.mgmt.External.11111111-aaaa-4aaa-8aaa-111111111111";
    let alone = run(home.path(), &["init", "acme", "--mdm", "manual", "--no-input", "--confirm-topic", topic]);
    assert_eq!(alone.status.code(), Some(2), "{}{}", text(&alone.stdout), text(&alone.stderr));
    assert!(text(&alone.stderr).contains("--certificate"), "{}", text(&alone.stderr));
    assert_eq!(configuration(home.path()), "");
}
