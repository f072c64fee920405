//! The one place that prints. Data goes to standard output, talk to standard error; where people read, a renewal's
//! talk is its result and goes to standard output.
//!
//! A reader that goes away (`| head`) ends the printing, not the work.

use std::{
    cell::{Cell, RefCell},
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use pushcert_papers::watch::Level;

use super::{args::Output, human, progress::Progress};
use crate::{
    commands::{Event, Failure, Kind, Reporter, Telling, Watched},
    forms,
    world::files,
};

/// How results and talk are shown.
pub struct Printer {
    output: Output,
    quiet: bool,
    progress: Progress,
    into: Option<PathBuf>,
    level: Cell<Option<Level>>,
    unwritten: RefCell<Option<Failure>>,
}

impl Printer {
    /// A printer of this kind.
    pub fn new(output: Output, quiet: bool) -> Self {
        Self {
            output,
            quiet,
            progress: Progress::default(),
            into: None,
            level: Cell::new(None),
            unwritten: RefCell::new(None),
        }
    }

    /// The same, writing results into this file instead.
    #[must_use]
    pub fn into_file(mut self, path: Option<PathBuf>) -> Self {
        self.into = path;
        self
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
            // One line and no more: after an answer, the rest is talk.
            Output::Nagios if self.level.get().is_none() => {
                let line = forms::unknown(&failure.message);
                if to_stdout(&line).is_err() {
                    to_stderr(&line);
                }
            }
            Output::Human | Output::Nagios | Output::Prometheus | Output::Junit | Output::Ics => {
                to_stderr(&human::failure(failure));
            }
        }
    }

    /// The level of what was told to monitoring; `None` when nothing was.
    pub fn level(&self) -> Option<Level> {
        self.level.get()
    }

    /// Why the results could not be written, if they could not.
    pub fn unwritten(&self) -> Option<Failure> {
        self.unwritten.take()
    }

    fn print(&self, event: &Event<'_>) {
        match self.output {
            Output::Json => self.json(event),
            Output::Human => {
                if let Some(text) = human::text(event, self.quiet) {
                    self.result(&text);
                }
            }
            Output::Nagios | Output::Prometheus | Output::Junit | Output::Ics => match event {
                Event::Watched(watched) => self.monitoring(watched),
                Event::Status(lines) => self.monitoring(&lines.iter().map(Watched::from).collect::<Vec<_>>()),
                _ => {}
            },
        }
    }

    fn monitoring(&self, watched: &[Watched]) {
        let text = match self.output {
            Output::Nagios => {
                let (line, level) = forms::nagios(watched);
                self.result(&line);
                return self.level.set(self.unwritten.borrow().is_none().then_some(level));
            }
            Output::Junit => forms::junit(watched),
            Output::Ics => forms::ics(watched),
            _ => forms::prometheus(watched),
        };
        self.result(&text);
    }

    fn json(&self, event: &Event<'_>) {
        if let Event::Judged(looked) | Event::NotTaken(looked) = event {
            let mut line = String::new();
            super::json::judged(looked, &mut line);
            return self.wrote(raw_to_stdout(&line));
        }
        if let Event::Status(lines) = event {
            return self.written(|to| super::json::statuses(lines, to));
        }
        if let Some(lines) = super::json::lines(event) {
            self.result(&lines.iter().map(json_line).collect::<String>());
        }
    }

    /// A result: printed, or written into a file that others may read, whole or not at all.
    fn result(&self, text: &str) {
        if self.into.is_none() && self.output == Output::Human {
            self.wrote(to_stdout(text));
        } else {
            self.written(|to| to.write_all(text.as_bytes()));
        }
    }

    /// A result that is written bit by bit, for there may be much of it.
    fn written(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let Some(path) = &self.into else {
            let mut stdout = BufWriter::new(io::stdout().lock());
            return self.wrote(unless_nobody_reads(write(&mut stdout).and_then(|()| stdout.flush())));
        };
        let mut whole = Vec::new();
        let made = write(&mut whole).and_then(|()| files::write_public(path, &whole));
        if let Err(error) = made {
            self.wrote(Err(cannot_write(&path.display().to_string(), &error)));
        }
    }

    /// Remembers the first failure: the work goes on, and the run ends with it.
    fn wrote(&self, written: Result<(), Failure>) {
        if let Err(failure) = written {
            self.unwritten.borrow_mut().get_or_insert(failure);
        }
    }
}

impl Reporter for Printer {
    fn tell(&self, event: Event<'_>) {
        match event {
            Event::Scanning { count } if !self.quiet => self.progress.begin(count),
            Event::Scanned { files, text } => self.progress.step(files, || {
                self.wrote(match self.output {
                    Output::Human => to_stdout(text),
                    _ => raw_to_stdout(text),
                });
            }),
            Event::ScanOver => self.progress.end(),
            // What is for a pipe goes there as it is, whatever the form of the output.
            Event::Rendered(text) => self.wrote(raw_to_stdout(text.reveal())),
            Event::Aside(note) if self.output == Output::Human && !self.quiet => to_stderr(&human::aside(note)),
            event => self.print(&event),
        }
    }

    fn telling(&self) -> Telling {
        match self.output {
            Output::Json => Telling::Each(super::json::judged),
            Output::Human if self.quiet => Telling::Each(human::judged_if_noteworthy),
            Output::Human => Telling::Each(human::judged),
            Output::Nagios | Output::Prometheus | Output::Junit | Output::Ics => Telling::Together,
        }
    }
}

fn json_line(value: &serde_json::Value) -> String {
    format!("{value}\n")
}

/// Writes to standard output; a reader that has gone away is not an error.
///
/// # Errors
/// When it cannot be written there, such as to a full disk.
pub fn to_stdout(text: &str) -> Result<(), Failure> {
    unless_nobody_reads(write_all(&mut anstream::stdout().lock(), text))
}

/// Writes lines for programs, as they are.
fn raw_to_stdout(lines: &str) -> Result<(), Failure> {
    unless_nobody_reads(write_all(&mut io::stdout().lock(), lines))
}

/// Writes to standard error. Where that fails there is nobody left to tell.
pub fn to_stderr(text: &str) {
    drop(write_all(&mut anstream::stderr().lock(), text));
}

fn write_all(stream: &mut impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush())
}

/// A reader that has gone away has had enough; whatever else goes wrong would leave half an answer that looks whole.
fn unless_nobody_reads(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(cannot_write("standard output", &error)),
        _ => Ok(()),
    }
}

fn cannot_write(place: &str, error: &io::Error) -> Failure {
    Failure::new(Kind::Failed, "cannot-write", format!("{place} cannot be written: {error}"))
}
