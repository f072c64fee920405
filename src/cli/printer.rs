//! The one place that prints. Data goes to standard output, talk to standard error; where people read, a renewal's
//! talk is its result and goes to standard output.
//!
//! A reader that goes away (`| head`) ends the printing, not the work.

use std::io::{self, Write};

use super::{args::Output, human, progress::Progress};
use crate::commands::{Event, Failure, Looked, Reporter};

/// How results and talk are shown.
pub struct Printer {
    output: Output,
    quiet: bool,
    progress: Progress,
}

impl Printer {
    /// A printer of this kind.
    pub fn new(output: Output, quiet: bool) -> Self {
        Self { output, quiet, progress: Progress::default() }
    }

    /// Tells of a failure, with the next thing to do.
    pub fn failure(&self, failure: &Failure) {
        match self.output {
            Output::Json => to_stderr(&json_line(&serde_json::json!({
                "schema": "pushcert/error/1",
                "code": failure.code,
                "message": failure.message,
                "hint": failure.hint,
            }))),
            Output::Human => to_stderr(&human::failure(failure)),
        }
    }

    fn print(&self, event: &Event<'_>) {
        match self.output {
            Output::Json => Self::json(event),
            Output::Human => {
                if let Some(text) = human::text(event, self.quiet) {
                    to_stdout(&text);
                }
            }
        }
    }

    fn json(event: &Event<'_>) {
        if let Event::Judged(looked) = event {
            let mut line = String::new();
            super::json::judged(looked, &mut line);
            return raw_to_stdout(&line);
        }
        if let Some(lines) = super::json::lines(event) {
            for line in lines {
                to_stdout(&json_line(&line));
            }
        }
    }
}

impl Reporter for Printer {
    fn tell(&self, event: Event<'_>) {
        match event {
            Event::Scanning { count } if !self.quiet => self.progress.begin(count),
            Event::Scanned { files, text } => self.progress.step(files, || match self.output {
                Output::Json => raw_to_stdout(text),
                Output::Human => to_stdout(text),
            }),
            Event::ScanOver => self.progress.end(),
            event => self.print(&event),
        }
    }

    fn judged(&self) -> fn(&Looked<'_>, &mut String) {
        match self.output {
            Output::Json => super::json::judged,
            Output::Human if self.quiet => human::judged_if_noteworthy,
            Output::Human => human::judged,
        }
    }
}

fn json_line(value: &serde_json::Value) -> String {
    format!("{value}\n")
}

/// Writes to standard output; a reader that has gone away is not an error.
pub fn to_stdout(text: &str) {
    write_all(&mut anstream::stdout().lock(), text);
}

/// Writes lines for programs, as they are.
fn raw_to_stdout(lines: &str) {
    write_all(&mut io::stdout().lock(), lines);
}

/// Writes to standard error.
pub fn to_stderr(text: &str) {
    write_all(&mut anstream::stderr().lock(), text);
}

fn write_all(stream: &mut impl Write, text: &str) {
    let written: io::Result<()> = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    // There is nobody left to tell that nobody listens.
    drop(written);
}
