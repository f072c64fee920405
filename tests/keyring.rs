//! Passwords out of a keyring, in builds that know one: `just keyring` runs these.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::{
    canary,
    shell::{Sandbox, has, home, run, text},
};

#[test]
fn without_a_desktop_it_says_what_to_take_instead() {
    let home = home();
    let arguments = ["init", "acme", "--mdm", "neurons", "--url", "https://127.0.0.1:9", "--username", "a@b.example"];
    let output = run(home.path(), &[&arguments[..], &["--password-keyring", "acme", "--no-input"]].concat());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("there is no keyring here") && said.contains("take a command, a file"), "{said}");
    assert!(!home.path().join(".config/pushcert/pushcert.toml").exists(), "nothing is kept");
}

/// The Secret Service of a desktop, on a bus of its own: the tenant is set up with the password that another program has put
/// there, and before that it is said how to put it there.
#[cfg(target_os = "linux")]
#[test]
fn a_desktops_keyring_gives_the_password() {
    if !(has("dbus-run-session") && has("gnome-keyring-daemon") && has("secret-tool")) {
        return;
    }
    let sandbox_home = home();
    let sandbox = Sandbox::start(sandbox_home.path());
    let home = home();
    let init = format!(
        "'{}' init acme --no-input --mdm mobileiron-cloud --url {} --username {} --ca-file '{}' --password-keyring acme",
        env!("CARGO_BIN_EXE_pushcert"),
        sandbox.get("cloud"),
        sandbox.get("username"),
        sandbox.get("ca_file"),
    );
    let script = format!(
        "printf desk | gnome-keyring-daemon --unlock --components=secrets >/dev/null\n\
         {init} && exit 1\n\
         tr -d '\\n' < '{}' | secret-tool store --label=pushcert service pushcert username acme\n\
         {init}",
        sandbox.get("password_file")
    );
    let mut session = Command::new("dbus-run-session");
    session.args(["--", "sh", "-c", &script]).env("HOME", home.path()).stdin(Stdio::null());
    session.env("XDG_RUNTIME_DIR", home.path()).env_remove("DBUS_SESSION_BUS_ADDRESS");
    let output = session.output().expect("the session runs");
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("it has no such entry; put it there:  secret-tool store"), "{said}");
    assert!(said.contains("The sign-in works: 40 Apple devices."), "{said}");
    canary::assert_none_in(said.as_bytes(), "a run with a keyring");
    let kept = fs::read_to_string(home.path().join(".config/pushcert/pushcert.toml")).expect("a configuration");
    assert!(kept.contains("password = { keyring = \"acme\" }"), "{kept}");
}
