//! What a shell would do: programs run, theirs and ours.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use crate::canary;

pub fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pushcert"));
    command.env_clear().env("HOME", home).env("USER", "tester").current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Runs the program; no password may be in what it prints.
pub fn run(home: &Path, arguments: &[&str]) -> Output {
    let output = program(home).args(arguments).stdin(Stdio::null()).output().expect("the program runs");
    for printed in [&output.stdout, &output.stderr] {
        canary::assert_none_in(printed, &arguments.join(" "));
    }
    output
}

pub fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a home")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A sandbox in a process of its own; it is ended when this goes.
pub struct Sandbox {
    pub child: Child,
    pub announcement: serde_json::Value,
}

impl Sandbox {
    pub fn start(home: &Path) -> Self {
        let mut child =
            program(home).args(["sandbox", "--devices", "40"]).stdout(Stdio::piped()).spawn().expect("a sandbox");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        Self { child, announcement: serde_json::from_str(&line).expect("JSON") }
    }

    pub fn get(&self, key: &str) -> &str {
        self.announcement[key].as_str().expect("a text")
    }

    /// What curl, a program that we did not write, answers.
    pub fn curl(&self, arguments: &[&str]) -> Vec<u8> {
        succeeds(Command::new("curl").args(["-sS", "--cacert", self.get("ca_file")]).args(arguments))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a program prints that must succeed.
pub fn succeeds(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    let shown = format!("{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{shown}");
    output.stdout
}

/// Whether this program is here. A test that needs it says so and passes; where everything is installed it fails.
pub fn has(program: &str) -> bool {
    let there = |folder: &Path| folder.join(program).is_file();
    let here = std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| there(&folder)));
    skipped_unless(here, program)
}

/// The same for what cannot be seen in the path.
pub fn skipped_unless(here: bool, what: &str) -> bool {
    assert!(here || std::env::var_os("CI").is_none(), "{what} is missing, and CI installs it");
    if !here {
        std::io::stdout().write_all(format!("skipped: needs {what}\n").as_bytes()).ok();
    }
    here
}
