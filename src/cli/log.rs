//! The log: what servers are asked, on standard error, when it is wanted.

use std::io::IsTerminal;

use tracing_subscriber::filter::LevelFilter;

use super::args::LogFormat;

/// Begins logging, the more of it the higher the verbosity. Nothing that is logged holds a secret.
pub fn begin(verbosity: u8, format: LogFormat) {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let ansi = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_max_level(level).with_ansi(ansi).with_writer(std::io::stderr);
    // A second start, as in tests, keeps the first log.
    let begun = match format {
        LogFormat::Text => log.with_target(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    drop(begun);
}
