//! Questions to the person at the terminal.

use std::io::{self, IsTerminal};

use pushcert_papers::Secret;

use super::printer;
use crate::commands::Ask;

/// A pasted page is never longer.
const PASTE_LIMIT: usize = 1 << 20;

/// The terminal, if somebody sits there and may be asked.
pub struct Terminal {
    present: bool,
}

impl Terminal {
    /// Somebody is there when input and output are a terminal, and `--no-input` was not given.
    pub fn new(no_input: bool) -> Self {
        let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
        Self { present: terminal && !no_input }
    }
}

impl Ask for Terminal {
    fn present(&self) -> bool {
        self.present
    }

    fn confirm(&self, question: &str) -> bool {
        self.present && matches!(answer(&format!("{question} [y/N] ")).to_lowercase().as_str(), "y" | "yes")
    }

    fn typed(&self, question: &str, word: &str) -> bool {
        self.present && answer(&format!("{question}: ")) == word
    }

    fn words(&self, question: &str) -> Option<String> {
        let typed = self.present.then(|| answer(&format!("{question}: ")))?;
        Some(typed).filter(|words| !words.is_empty())
    }

    /// Lines until one that is a full stop alone, or the end of input; a page is never longer than a paper.
    fn pasted(&self, question: &str) -> Option<String> {
        if !self.present {
            return None;
        }
        printer::to_stderr(&format!("{question}\n"));
        let mut text = String::new();
        while let Ok(line) = line() {
            if line.is_empty() || line.trim() == "." || text.len() > PASTE_LIMIT {
                break;
            }
            text.push_str(&line);
        }
        Some(text).filter(|text| !text.trim().is_empty())
    }

    fn secret(&self, question: &str) -> Option<Secret> {
        let typed = self.present.then(|| rpassword::prompt_password(format!("{question}: ")))?;
        typed.ok().filter(|text| !text.is_empty()).map(Secret::new)
    }
}

fn answer(question: &str) -> String {
    printer::to_stderr(question);
    line().unwrap_or_default().trim().to_owned()
}

/// A line from the terminal. Ctrl-C while it is awaited is no answer, and the run then ends at its next step: a read
/// would begin again after the signal, but the wait before it does not.
#[cfg(unix)]
fn line() -> io::Result<String> {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut line = vec![];
    let mut part = [0; 256];
    while !line.contains(&b'\n') {
        poll(&mut [PollFd::new(&io::stdin(), PollFlags::IN)], None)?;
        let read = rustix::io::read(io::stdin(), &mut part)?;
        if read == 0 {
            break;
        }
        line.extend_from_slice(&part[..read]);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// A line from the terminal.
#[cfg(not(unix))]
fn line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line)
}
