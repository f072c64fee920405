//! What a release is made of, as far as it can be tried without one. `just package-test` tries the rest, in a fresh Debian.
#![cfg(unix)]

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::shell::{has, home, skipped_unless, succeeds, text};

/// The libraries that the program may ask the system for: the C library's own, and the compiler's.
const LINKED: [&str; 4] = ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"];

const SCRIPTS: [&str; 10] = [
    "benches/run",
    "packaging/build",
    "packaging/debian/make",
    "packaging/debian/postinst",
    "packaging/debian/postrm",
    "packaging/debian/prerm",
    "packaging/docker/lay-out",
    "packaging/reproduce",
    "packaging/release",
    "packaging/windows",
];

#[cfg(target_os = "linux")]
#[test]
fn the_program_asks_for_the_c_library_and_nothing_else() {
    if !has("readelf") {
        return;
    }
    let program = env!("CARGO_BIN_EXE_pushcert");
    let dynamic = text(&succeeds(Command::new("readelf").args(["--dynamic", "--wide", program])));
    let needed = dynamic.lines().filter(|line| line.contains("(NEEDED)"));
    let needed: BTreeSet<_> = needed.filter_map(|line| line.split(['[', ']']).nth(1)).collect();
    assert!(needed.contains("libc.so.6") && needed.iter().all(|name| LINKED.contains(name)), "{needed:?}");
    // Addresses are random, and tables of the loader are closed once it is done.
    assert!(dynamic.contains("BIND_NOW") && dynamic.contains("PIE"), "{dynamic}");
}

#[test]
fn the_scripts_of_a_release_are_sound() {
    for script in SCRIPTS {
        let shell = fs::read_to_string(script).expect("a script");
        let strict = if shell.starts_with("#!/bin/sh") { "set -e\n" } else { "set -euo pipefail\n" };
        assert!(shell.contains(strict), "{script} goes on after a failure");
    }
    if has("shellcheck") {
        succeeds(Command::new("shellcheck").args(["--severity=warning"]).args(SCRIPTS));
        succeeds(Command::new("shellcheck").args(["--severity=warning", "packaging/try"]));
    }
    if has("hadolint") {
        succeeds(Command::new("hadolint").arg("packaging/docker/Dockerfile"));
    }
    if has("ruby") {
        succeeds(Command::new("ruby").args(["-c", "packaging/homebrew/pushcert.rb"]));
    }
}

#[test]
fn the_image_holds_all_that_the_program_needs_and_no_root() {
    let recipe = fs::read_to_string("packaging/docker/Dockerfile").expect("a recipe");
    let last = recipe.rsplit("FROM ").next().expect("a last stage");
    assert!(last.starts_with("scratch") && last.contains("USER 65532:65532"), "{last}");
    // What the recipe's second stage copies, made by the first one's command, and entered.
    let home = home();
    let image = home.path().join("image");
    if !skipped_unless(rustix::process::geteuid().is_root(), "the administrator's rights") {
        return;
    }
    let mut lay = Command::new("packaging/docker/lay-out");
    succeeds(lay.arg(env!("CARGO_BIN_EXE_pushcert")).arg(&image));
    let mut inside = Command::new("/usr/sbin/chroot");
    inside.args(["--userspec=65532:65532"]).arg(&image).args(["/usr/bin/pushcert", "demo"]);
    inside.env_clear().envs([("HOME", "/var/lib/pushcert"), ("XDG_STATE_HOME", "/var/lib")]);
    assert!(text(&succeeds(&mut inside)).contains("is renewed"));
    let mut shell = Command::new("find");
    let programs = text(&succeeds(shell.arg(image.join("usr/bin")).args(["-type", "f"])));
    assert_eq!(programs.lines().count(), 1, "no shell, and no other program: {programs}");
}

/// Holds a bill of materials against the standard's own schema.
const STANDARD: &str = "import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_5).validate_str(sys.stdin.read())
sys.exit(str(wrong) if wrong else 0)";

#[test]
fn the_bill_of_materials_is_whole_and_by_the_standard() {
    if !has("python3") {
        return;
    }
    let bill = || succeeds(Command::new("packaging/sbom").env("SOURCE_DATE_EPOCH", "1772366400"));
    let first = bill();
    assert_eq!(first, bill(), "the same sources, the same bill");
    let parsed: Value = serde_json::from_slice(&first).expect("JSON");
    let parts = parsed["components"].as_array().expect("components");
    let names: BTreeSet<_> = parts.iter().filter_map(|part| part["name"].as_str()).collect();
    for name in ["openssl", "sqlite", "aws-lc", "rustls", "tokio", "clap", "pushcert-papers"] {
        assert!(names.contains(name), "{name}");
    }
    for name in ["trycmd", "snapbox", "insta", "windows-sys"] {
        assert!(!names.contains(name), "{name} is not built into the program");
    }
    let is_of_others = |part: &&Value| {
        part["purl"].as_str().is_some_and(|purl| purl.starts_with("pkg:cargo/"))
            && !part["name"].as_str().is_some_and(|name| name.starts_with("pushcert"))
    };
    for part in parts.iter().filter(is_of_others) {
        assert_eq!(part["hashes"][0]["alg"], "SHA-256", "{part}");
        assert!(part["licenses"][0]["expression"].is_string(), "{part}");
    }
    let there = Command::new("python3").args(["-c", "import cyclonedx.validation.json, jsonschema"]).output();
    if skipped_unless(there.is_ok_and(|output| output.status.success()), "Python's cyclonedx-python-lib") {
        let folder = home();
        let file = folder.path().join("bill.json");
        fs::write(&file, &first).expect("written");
        let judge = Command::new("python3")
            .args(["-c", STANDARD])
            .stdin(Stdio::from(fs::File::open(file).expect("opened")))
            .output()
            .expect("python3 runs");
        assert!(judge.status.success(), "{}", text(&judge.stderr));
    }
}

/// What a manifest for winget says, as JSON.
fn manifest(name: &str) -> Option<Value> {
    let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let there = Command::new("python3").args(["-c", "import yaml"]).output();
    if !skipped_unless(there.is_ok_and(|output| output.status.success()), "Python's yaml") {
        return None;
    }
    let path = Path::new("packaging/winget").join(name);
    Some(serde_json::from_slice(&succeeds(Command::new("python3").args(["-c", script]).arg(path))).expect("JSON"))
}

#[test]
fn the_manifests_for_winget_belong_together() {
    let kinds = [("", "version"), (".installer", "installer"), (".locale.en-US", "defaultLocale")];
    for (ending, kind) in kinds {
        let Some(said) = manifest(&format!("Pushcert.Pushcert{ending}.yaml")) else { return };
        assert_eq!(said["ManifestType"], kind);
        assert_eq!(
            (&said["PackageIdentifier"], &said["PackageVersion"]),
            (&"Pushcert.Pushcert".into(), &"@VERSION@".into())
        );
        assert_eq!(said["ManifestVersion"], "1.6.0");
        // By the schemas: what each kind must have, beside what all have.
        let wanted: &[&str] = match kind {
            "version" => &["DefaultLocale"],
            "installer" => &["Installers", "InstallerType"],
            _ => &["PackageLocale", "Publisher", "PackageName", "License", "ShortDescription"],
        };
        assert!(wanted.iter().all(|key| !said[key].is_null()), "{said}");
    }
}

#[test]
fn no_package_of_ours_is_unsafe() {
    for (manifest, lints) in [
        ("Cargo.toml", "[lints]\nworkspace = true"),
        ("crates/papers/Cargo.toml", "[lints]\nworkspace = true"),
        ("crates/sandbox/Cargo.toml", "[lints]\nworkspace = true"),
        ("fuzz/Cargo.toml", "unsafe_code = \"forbid\""),
    ] {
        let text = fs::read_to_string(manifest).expect("a manifest");
        assert!(text.contains(lints), "{manifest} allows unsafe code");
    }
    let workspace = fs::read_to_string("Cargo.toml").expect("a manifest");
    assert!(workspace.contains("unsafe_code = \"forbid\""));
}
