//! How benchmarks begin, take times and show them. Times alone say little about another machine; so every one stands beside what
//! cannot be avoided, measured in the same run, and a ratio beside what it may be.

#![allow(dead_code, reason = "not every benchmark needs all of it")]

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Whatever goes wrong ends the run.
pub type Done<T> = Result<T, Box<dyn Error>>;

/// Whether to measure: `cargo test --benches` only wants to know that it builds.
pub fn is_wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// A folder for a benchmark's files. What an earlier run has left is still there.
pub fn room(name: &str) -> Done<PathBuf> {
    let room = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{name}"));
    fs::create_dir_all(&room)?;
    Ok(room)
}

/// The same, empty.
pub fn empty_room(name: &str) -> Done<PathBuf> {
    fs::remove_dir_all(room(name)?)?;
    room(name)
}

/// The program, as an installation copies it: what the linker has just written lies in the page cache in small pieces. It is the
/// one that `benches/run` names, which is built as releases are; a plain `cargo bench` takes its own.
pub fn program(room: &Path) -> Done<PathBuf> {
    let copy = room.join("pushcert");
    let built =
        std::env::var_os("PUSHCERT_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_pushcert").into(), PathBuf::from);
    fs::copy(built, &copy)?;
    Ok(copy)
}

/// How many threads the machine runs at once.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The medians of so many starts of each of these, from start to exit: one after the other in turn, so that whatever else the
/// machine does falls on all of them.
pub fn in_turn<const N: usize>(starts: usize, mut commands: [&mut Command; N]) -> Done<[Duration; N]> {
    let mut times = [(); N].map(|()| vec![]);
    for _ in 0..starts {
        for (command, times) in commands.iter_mut().zip(&mut times) {
            let begin = Instant::now();
            hushed(command).status()?;
            times.push(begin.elapsed());
        }
    }
    Ok(times.map(median))
}

/// The one in the middle.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How many times the other.
pub fn over(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

/// A ratio beside what it may be at most.
pub fn at_most(ratio: f64, target: f64) -> String {
    let word = if ratio <= target { "" } else { "**missed**, " };
    format!("{ratio:.2} ({word}target {target})")
}

/// A ratio that is to be one, within so much.
fn the_same(ratio: f64, within: f64) -> String {
    let word = if (ratio - 1.0).abs() <= within { "" } else { "**missed**, " };
    format!("{ratio:.2} ({word}target 1 ± {within})")
}

/// How the time of each, after an empty run is taken off, changes with their number, in words. The first of them pay for what is done
/// once and an empty run does not do; so what each further one costs, by the times of whole runs, is told beside it.
pub fn slopes(each: [Duration; 3], times: [(usize, Duration); 3], within: f64) -> Done<String> {
    let between = |(few, short): (usize, Duration), (many, long): (usize, Duration)| {
        Done::Ok(long.saturating_sub(short) / u32::try_from(many - few)?)
    };
    let [few, more, most] = times;
    let (early, late) = (between(few, more)?, between(more, most)?);
    Ok(format!(
        "Each of {} takes {} of the time of each of {}. Each further one costs {} from {} to {}, and\n{} from there on: {}.",
        most.0,
        the_same(over(each[2], each[0]), within),
        few.0,
        shown(early),
        few.0,
        more.0,
        shown(late),
        the_same(over(late, early), within)
    ))
}

/// A time for people.
pub fn shown(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 0.001 => format!("{:.2} ms", seconds * 1e3),
        seconds => format!("{:.1} µs", seconds * 1e6),
    }
}

/// Processor time, in the system's ticks of a hundredth of a second.
#[derive(Clone, Copy)]
pub struct Cost {
    /// In the program.
    pub user: Duration,
    /// In the kernel for it.
    pub system: Duration,
}

impl Cost {
    /// What this process has had, by all its threads.
    pub fn of(pid: u32) -> Self {
        Self::at(pid, 14)
    }

    /// What all children of this process have had that have ended.
    pub fn of_ended_children() -> Self {
        Self::at(std::process::id(), 16)
    }

    /// The two numbers of `/proc/PID/stat` that begin at this field, counted as in its manual page.
    fn at(pid: u32, field: usize) -> Self {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name in parentheses may hold blanks; everything behind it is words, the third field first.
        let words: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |field: usize| words.get(field - 3).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
        Self { user: Duration::from_millis(ticks(field) * 10), system: Duration::from_millis(ticks(field + 1) * 10) }
    }

    pub fn since(self, before: Self) -> Self {
        Self { user: self.user.saturating_sub(before.user), system: self.system.saturating_sub(before.system) }
    }

    pub fn each(self, of: u32) -> Self {
        Self { user: self.user / of, system: self.system / of }
    }

    pub fn together(self) -> Duration {
        self.user + self.system
    }
}

/// A number in `/proc/PID/status`, in KiB.
pub fn memory(pid: u32, what: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

/// This program without a word on its output.
pub fn hushed(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
