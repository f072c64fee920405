//! A bar for what takes long, on a terminal only.

use std::{
    cell::RefCell,
    io::{self, IsTerminal},
};

use indicatif::{ProgressBar, ProgressStyle};

/// Fewer files are judged before anybody could read a bar.
const FEW: usize = 200;

/// How far a long piece of work is.
#[derive(Default)]
pub struct Progress(RefCell<Option<ProgressBar>>);

impl Progress {
    /// Begins, if somebody watches and there is enough to watch.
    pub fn begin(&self, count: impl Fn() -> usize) {
        if !io::stderr().is_terminal() {
            return;
        }
        let count = count();
        if count < FEW {
            return;
        }
        let bar = ProgressBar::new(count as u64);
        let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} files, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        *self.0.borrow_mut() = Some(bar);
    }

    /// So many more are done; what is printed meanwhile stands above the bar.
    pub fn step(&self, done: usize, print: impl FnOnce()) {
        match &*self.0.borrow() {
            // Where the results go elsewhere, they do not disturb the bar.
            Some(bar) if !io::stdout().is_terminal() => {
                bar.inc(done as u64);
                print();
            }
            Some(bar) => {
                bar.inc(done as u64);
                bar.suspend(print);
            }
            None => print(),
        }
    }

    /// It is all done.
    pub fn end(&self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}
