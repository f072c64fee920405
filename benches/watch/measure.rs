//! How times are taken and shown, by all benchmarks alike.

#![allow(dead_code, reason = "not every benchmark needs all of it")]

use std::{fs, process::Command, thread, time::Duration};

/// Whatever goes wrong ends the run.
pub type Done<T> = Result<T, Box<dyn std::error::Error>>;

/// Where and on what it was measured.
pub fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).and_then(|line| line.split(':').nth(1));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    format!("The machine: {}, {cores} cores, {}", model.unwrap_or("unknown").trim(), std::env::consts::OS)
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

/// A time for people.
pub fn shown(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 0.001 => format!("{:.2} ms", seconds * 1e3),
        seconds => format!("{:.1} µs", seconds * 1e6),
    }
}

/// The processor time that a process has had, by all its threads; a child that has ended and was waited for counts with `ended`.
pub fn processor_time(pid: u32, ended: bool) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<i64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // Behind the name and the state: user and system time stand at 10 and 11 of the numbers, those of ended children behind them.
    let at = if ended { 12 } else { 10 };
    let ticks = fields.get(at).copied().unwrap_or(0) + fields.get(at + 1).copied().unwrap_or(0);
    Duration::from_millis(u64::try_from(ticks).unwrap_or(0) * 10)
}

/// A number in `/proc/PID/status`, in KiB.
pub fn memory(pid: u32, what: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

/// This program without a word on its output.
pub fn hushed(command: &mut Command) -> &mut Command {
    use std::process::Stdio;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
