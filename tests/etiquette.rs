//! How a guest behaves: folders, colours, width, languages, names, pipes, and no word to anybody who was not asked.
#![cfg(unix)]

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::shell::{has, home, program, run, text};

const PAPER: &str = "fixtures/papers/renewal-after.pem";
const TRUST: [&str; 4] = ["--authorities", "fixtures/papers/authorities.pem", "--at", "2026-06-01"];
/// Something that is refused at length.
const REFUSED: [&str; 5] =
    ["check", PAPER, "--topic", "com.apple.mgmt.External.22222222-aaaa-4aaa-8aaa-222222222222", "--at=2026-06-01"];

fn with(home: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    program(home).envs(variables.iter().copied()).args(arguments).stdin(Stdio::null()).output().expect("it runs")
}

/// What it prints on a terminal that `script` makes, so wide.
fn on_a_terminal(home: &Path, variables: &[(&str, &str)], columns: u16, arguments: &[&str]) -> String {
    let line = format!("stty rows 24 cols {columns}; exec {} {}", env!("CARGO_BIN_EXE_pushcert"), arguments.join(" "));
    let mut script = Command::new("script");
    script.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").envs(variables.iter().copied());
    text(&script.args(["-qc", &line, "/dev/null"]).stdin(Stdio::null()).output().expect("script runs").stdout)
}

#[test]
fn xdgs_folders_are_used_where_they_are_named() {
    let home = home();
    let (config, state) = (home.path().join("elsewhere/config"), home.path().join("elsewhere/state"));
    fs::create_dir_all(config.join("pushcert")).expect("a folder");
    fs::write(config.join("pushcert/pushcert.toml"), "[tenants.acme]\nmdm = \"manual\"\n").expect("written");
    let (config, state) = (config.display().to_string(), state.display().to_string());
    let variables = [("XDG_CONFIG_HOME", config.as_str()), ("XDG_STATE_HOME", state.as_str())];
    let status = with(home.path(), &variables, &["status", "--offline"]);
    assert!(text(&status.stdout).contains("acme"), "{}{}", text(&status.stdout), text(&status.stderr));
    assert!(Path::new(&state).join("pushcert/pushcert.sqlite").is_file());
    assert_eq!(fs::read_dir(home.path()).expect("a home").count(), 1, "and nothing else was made");
    // By the specification a relative path in them counts for nothing.
    let relative = [("XDG_CONFIG_HOME", "elsewhere/config"), ("XDG_STATE_HOME", "elsewhere/state")];
    let status = with(home.path(), &relative, &["status", "--offline"]);
    assert_eq!(status.status.code(), Some(6), "{}", text(&status.stdout));
    assert!(!Path::new(env!("CARGO_MANIFEST_DIR")).join("elsewhere").exists());
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let home = home();
    let is_coloured = |printed: &str| printed.contains("\u{1b}[");
    let piped = |variables: &[(&str, &str)], more: &[&str]| {
        is_coloured(&text(&with(home.path(), variables, &[&REFUSED[..], more].concat()).stdout))
    };
    assert!(!piped(&[("TERM", "xterm-256color")], &[]), "a pipe");
    assert!(piped(&[("CLICOLOR_FORCE", "1")], &[]), "a pipe behind which somebody wants them");
    assert!(piped(&[], &["--color", "always"]));
    assert!(piped(&[("NO_COLOR", "1")], &["--color", "always"]), "what is typed comes before what surrounds");
    assert!(!piped(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    assert!(!piped(&[("CLICOLOR_FORCE", "1")], &["-o", "json"]), "data has none");
    if !has("script") {
        return;
    }
    let shown = |variables: &[(&str, &str)]| is_coloured(&on_a_terminal(home.path(), variables, 100, &REFUSED));
    assert!(shown(&[("TERM", "xterm-256color")]));
    assert!(!shown(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]));
    assert!(shown(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]), "an empty one says nothing");
    assert!(!shown(&[("TERM", "dumb")]));
    assert!(!shown(&[("TERM", "xterm-256color"), ("CLICOLOR", "0")]));
}

/// The widest line of prose: values and names are never broken, and may be wider.
fn widest(printed: &str) -> usize {
    let is_unbroken = |line: &str| ["expected  ", "found     ", "APSP:"].iter().any(|word| line.contains(word));
    let prose = printed.lines().filter(|line| line.starts_with("          ") && !is_unbroken(line));
    prose.map(|line| line.trim_end().chars().count()).max().unwrap_or(0)
}

#[test]
fn text_is_as_wide_as_it_may_be() {
    let home = home();
    let piped = |columns: &str| widest(&text(&with(home.path(), &[("COLUMNS", columns)], &REFUSED).stdout));
    let (narrow, wide) = (piped("50"), piped("100"));
    assert!(narrow > 30 && narrow <= 50 && wide > 50 && wide <= 100, "{narrow} {wide}");
    for nonsense in ["0", "-3", "wide", "99999999999999999999", ""] {
        assert!(piped(nonsense) > 50, "{nonsense}");
    }
    if has("script") {
        let shown = widest(&on_a_terminal(home.path(), &[("TERM", "dumb")], 60, &REFUSED));
        assert!(shown > 30 && shown <= 60, "{shown}");
    }
}

#[test]
fn no_language_and_no_place_changes_a_letter() {
    let home = home();
    let arguments = [&["check", PAPER], &TRUST[..]].concat();
    let plain = with(home.path(), &[], &arguments);
    assert_eq!(plain.status.code(), Some(0), "{}", text(&plain.stdout));
    for variables in [
        [("LANG", "C"), ("TZ", "Asia/Kathmandu")],
        [("LC_ALL", "tr_TR.UTF-8"), ("TZ", "America/St_Johns")],
        [("LC_ALL", "ar_EG.UTF-8"), ("TZ", ":/nowhere")],
        [("LC_TIME", "de_DE.ISO-8859-1"), ("LANGUAGE", "de:fr")],
    ] {
        assert_eq!(text(&with(home.path(), &variables, &arguments).stdout), text(&plain.stdout), "{variables:?}");
    }
    assert!(text(&plain.stdout).contains("2027"), "a day is named");
}

#[test]
fn names_that_are_not_utf_8_are_files_like_others() {
    let home = home();
    let tree = home.path().join("tree");
    fs::create_dir(&tree).expect("a folder");
    let odd = tree.join(OsStr::from_bytes(b"caf\xe9 \xff.pem"));
    for path in [&odd, &tree.join("zo\u{eb}-\u{1f34f}.pem")] {
        fs::copy(PAPER, path).expect("copied");
    }
    for what in [&odd, &tree] {
        for (language, form) in [("C", "human"), ("C.UTF-8", "json")] {
            let mut command = program(home.path());
            command.env("LC_ALL", language).arg("check").arg(what).args(TRUST).args(["-o", form]);
            let output = command.stdin(Stdio::null()).output().expect("it runs");
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
            let printed = String::from_utf8(output.stdout).expect("UTF-8, whatever the names are");
            assert!(printed.contains("caf\u{fffd} \u{fffd}.pem"), "{printed}");
            assert!(
                form == "human" || printed.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
            );
        }
    }
}

/// A pipe of a shell: what came out of its end, what was said, and how the program itself ended.
fn piped(home: &Path, arguments: &str, into: &str) -> (String, String, String) {
    let line = format!(
        "{} {arguments} | {into}; echo \"${{PIPESTATUS[0]}}\" >\"$HOME/ended\"",
        env!("CARGO_BIN_EXE_pushcert")
    );
    let mut shell = Command::new("bash");
    shell.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").args(["-c", &line]).stdin(Stdio::null());
    let output = shell.output().expect("a shell");
    let ended = fs::read_to_string(home.join("ended")).expect("it ended");
    (text(&output.stdout), text(&output.stderr), ended.trim().to_owned())
}

#[test]
fn a_reader_that_goes_away_is_nobodys_trouble() {
    if !has("bash") {
        return;
    }
    let home = home();
    let tree = home.path().join("tree");
    fs::create_dir(&tree).expect("a folder");
    for number in 0..2_000 {
        fs::copy(PAPER, tree.join(format!("{number:04}.pem"))).expect("copied");
    }
    let (trust, tree) = (TRUST.join(" "), tree.display().to_string());
    for form in ["human", "json"] {
        let (out, said, ended) = piped(home.path(), &format!("check {tree} {trust} --strict -o {form}"), "head -n 1");
        assert_eq!((out.lines().count(), said.as_str()), (1, ""), "{form}");
        // The verdict on all of them, not on as many as were printed: a note is a warning, and strictly a refusal.
        let (_, _, whole) = piped(home.path(), &format!("check {tree} {trust} --strict -o {form}"), "cat");
        assert_eq!(ended, whole, "{form}");
    }
    for command in ["--help", "help topic-changed", "completions bash", "man renew", "demo"] {
        let (_, said, ended) = piped(home.path(), command, "true");
        assert_eq!((said.as_str(), ended.as_str()), ("", "0"), "{command}");
    }
    // A disk without room is another matter: what was not written is not claimed.
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    if let Ok(full) = full {
        let output = program(home.path()).args(["help", "topic-changed"]).stdout(full).output().expect("it runs");
        assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    }
}

/// What a command asks of the system that has to do with networks.
fn calls(home: &Path, arguments: &[&str]) -> String {
    let trace = home.join("trace");
    let mut strace = Command::new("strace");
    strace.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(env!("CARGO_MANIFEST_DIR"));
    strace.args(["-f", "-qq", "-e", "trace=socket,connect,bind,sendto", "-o"]).arg(&trace);
    let output = strace.arg(env!("CARGO_BIN_EXE_pushcert")).args(arguments).stdin(Stdio::null()).output();
    let output = output.expect("strace runs");
    let calls = fs::read_to_string(&trace).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    fs::remove_file(trace).expect("gone");
    calls
}

#[test]
fn what_needs_no_network_opens_no_socket() {
    if !has("strace") {
        return;
    }
    let home = home();
    fs::create_dir_all(home.path().join(".config/pushcert")).expect("a folder");
    let config = "[tenants.acme]\nmdm = \"manual\"\n";
    fs::write(home.path().join(".config/pushcert/pushcert.toml"), config).expect("written");
    assert_eq!(run(home.path(), &["adopt", "acme", PAPER]).status.code(), Some(0));
    for arguments in [
        &[&["check", PAPER], &TRUST[..]].concat()[..],
        &["inspect", PAPER],
        &["--version"],
        &["--help"],
        &["help", "revoked"],
        &["man", "renew"],
        &["config", "check"],
        &["status", "--offline"],
        &["status", "-o", "prometheus"],
        &["history", "--verify"],
        &["renew", "acme", "--dry-run"],
        &["p12", "open", "fixtures/papers/nothing.p12", "--out", "/nowhere"],
    ] {
        let made = calls(home.path(), arguments);
        assert!(!made.contains("AF_INET") && !made.contains("connect("), "{arguments:?}:\n{made}");
    }
}

#[test]
fn nobody_is_told_anything_who_was_not_asked() {
    if !has("strace") {
        return;
    }
    let home = home();
    // A whole renewal, with servers, portal and devices: all of it on this machine.
    let made = calls(home.path(), &["demo"]);
    let reached: Vec<_> = made.lines().filter(|line| line.contains("AF_INET") && !line.contains("socket(")).collect();
    assert!(reached.len() > 4, "{made}");
    for call in reached {
        assert!(call.contains("\"127.0.0.1\"") || call.contains("\"::1\""), "{call}");
    }
}

#[test]
fn it_does_not_renew_itself() {
    let home = home();
    for word in ["update", "upgrade", "self-update"] {
        assert_eq!(run(home.path(), &[word]).status.code(), Some(2), "there is no such command as {word}");
    }
}
