//! The commands for files, as a shell runs them, and other programs that read what they write.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::shell::{has, home, program, run, skipped_unless, succeeds, text};

const TOKEN: &str = "6f1c2d3e-0a1b-4c2d-8e3f-9a0b1c2d3e4f";
const ODD: &str = "our <own> & \"odd\" words";

fn fixture(name: &str) -> String {
    format!("fixtures/credentials/{name}")
}

/// A configuration that the tool wrote.
fn written(home: &Path, token: &str, arguments: &[&str]) -> PathBuf {
    let secret = home.join("token");
    fs::write(&secret, token).expect("written");
    let out = home.join(format!("out-{}", arguments.join("")));
    let (secret, path) = (secret.display().to_string(), out.display().to_string());
    let all = [&["pingid", "config", "--token-file", &secret, "--out", &path], arguments].concat();
    let output = run(home, &all);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    out
}

#[test]
fn python_reads_our_property_lists() {
    if skipped_unless(has("python3"), "Python") {
        return;
    }
    let home = home();
    let script =
        "import plistlib,sys; d=plistlib.load(open(sys.argv[1],'rb')); print(d['PINGID_MDM_TOKEN'],len(d),end='')";
    for token in [TOKEN, ODD] {
        let path = written(home.path(), token, &["--platform", "ios"]);
        let read = text(&succeeds(Command::new("python3").args(["-c", script]).arg(&path)));
        assert_eq!(read, format!("{token} 1"));
        fs::remove_file(path).expect("removed");
    }
    let binary = "import plistlib,sys; plistlib.dump({'PINGID_MDM_TOKEN': sys.argv[2]}, open(sys.argv[1],'wb'), fmt=plistlib.FMT_BINARY)";
    let path = home.path().join("binary.plist");
    succeeds(Command::new("python3").args(["-c", binary]).arg(&path).arg(TOKEN));
    let output = run(home.path(), &["pingid", "lint", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn xmllint_reads_our_specifications() {
    if skipped_unless(has("xmllint"), "xmllint") {
        return;
    }
    let home = home();
    let path = written(home.path(), ODD, &["--platform", "ios", "--format", "appconfig"]);
    let ask = |path_in: &str| {
        let query = format!("string({path_in})");
        text(&succeeds(Command::new("xmllint").args(["--nonet", "--xpath", &query]).arg(&path))).trim().to_owned()
    };
    assert_eq!(ask("/managedAppConfiguration/dict/string[@keyName='PINGID_MDM_TOKEN']/defaultValue/value"), ODD);
    assert_eq!(ask("/managedAppConfiguration/bundleId"), "com.pingidentity.pingid.prod");
}

#[test]
fn a_pipe_gets_the_configuration_alone_and_a_file_is_private_and_never_written_over() {
    let home = home();
    let secret = home.path().join("token");
    fs::write(&secret, TOKEN).expect("written");
    let secret = secret.display().to_string();
    let piped = ["pingid", "config", "--platform", "android", "--token-file", &secret];
    let output = run(home.path(), &piped);
    let read: Value = serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    assert_eq!((read["PINGID_MDM_TOKEN"].as_str(), output.status.code()), (Some(TOKEN), Some(0)));
    let out = home.path().join("out.json").display().to_string();
    let into = [&piped[..], &["--out", &out]].concat();
    let output = run(home.path(), &into);
    assert!(output.status.success() && !text(&output.stdout).contains(TOKEN));
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&out).expect("a file")) & 0o777, 0o600);
    let again = run(home.path(), &into);
    assert_eq!(again.status.code(), Some(1), "{}", text(&again.stderr));
    let wrong = run(home.path(), &[&piped[..], &["--format", "plist"]].concat());
    assert_eq!(wrong.status.code(), Some(2));
}

/// `script` gives the program a terminal of its own.
#[test]
fn a_terminal_gets_no_token() {
    if skipped_unless(has("script"), "script, of util-linux") {
        return;
    }
    let home = home();
    let secret = home.path().join("token");
    fs::write(&secret, TOKEN).expect("written");
    let line =
        format!("{} pingid config --platform ios --token-file {}", env!("CARGO_BIN_EXE_pushcert"), secret.display());
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .expect("script runs");
    let shown = text(&output.stdout);
    assert!(shown.contains("a token is not shown on a terminal") && !shown.contains(TOKEN), "{shown}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_token_comes_by_standard_input_too() {
    let home = home();
    let mut child = program(home.path())
        .args(["pingid", "config", "--platform", "android", "--format", "card", "--token-file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    child.stdin.take().expect("its input").write_all(TOKEN.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("its end");
    assert!(text(&output.stdout).contains(&format!("Value  {TOKEN}")));
}

#[test]
fn refused_files_exit_with_3_and_show_no_secret() {
    let home = home();
    let table = [
        (&["pingid", "lint"][..], "good.plist", 0),
        (&["pingid", "lint"], "token-not-uuid.plist", 0),
        (&["pingid", "lint", "--strict"], "token-not-uuid.plist", 3),
        (&["pingid", "lint"], "token-quoted.plist", 3),
        (&["pingid", "lint"], "nowhere.plist", 6),
        (&["android", "check"], "good-key.json", 0),
        (&["android", "check"], "oauth-client.json", 3),
        (&["android", "check"], "nowhere.json", 6),
    ];
    for (command, file, code) in table {
        let path = fixture(file);
        let output = run(home.path(), &[command, &[path.as_str()]].concat());
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{command:?} {file}: {said}");
        assert!(!said.contains("6f1c2d3e") && !said.contains("PRIVATE"), "{said}");
    }
}

#[test]
fn a_key_in_a_work_tree_that_others_may_read_is_warned_about() {
    let home = home();
    let tree = home.path().join("tree");
    fs::create_dir_all(tree.join(".git")).expect("a folder");
    let path = tree.join("key.json");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture("good-key.json")), &path).expect("copied");
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("changed");
    let output = run(home.path(), &["-o", "json", "android", "check", &path.display().to_string()]);
    let line: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let codes: Vec<_> = line["findings"].as_array().expect("findings").iter().map(|found| &found["code"]).collect();
    assert_eq!(codes, ["readable-by-others", "in-git"]);
    assert_eq!(line["kind"], "service-account-key");
    assert!(line["service_account"]["public_key_sha256"].is_string() && line["certificate"].is_null());
}
