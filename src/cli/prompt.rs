//! Questions to the person at the terminal.

use std::io::{self, BufRead, IsTerminal};

use super::printer;
use crate::commands::Ask;

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
}

fn answer(question: &str) -> String {
    printer::to_stderr(question);
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(_) => line.trim().to_owned(),
        Err(_) => String::new(),
    }
}
