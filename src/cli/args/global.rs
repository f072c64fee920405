//! What every command takes.

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, ValueEnum};

use super::words::duration;

/// Flags that every command takes.
#[derive(Args, Debug)]
pub struct Global {
    /// Read this configuration, and no other
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// Keep journeys and records there [default: the platform's state folder]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub store: Option<String>,
    /// How to print
    #[arg(short, long, global = true, value_enum, default_value = "human", help_heading = "Global options")]
    pub output: Output,
    /// Never ask; exit with 4 where a person must act
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_input: bool,
    /// Give a server this long to answer, such as 30s or 2m
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, default_value = "30s", help_heading = "Global options")]
    pub timeout: Duration,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value = "auto", help_heading = "Global options")]
    pub color: Color,
    /// Say more (twice: everything that is asked of servers)
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// Say only what is wrong
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub quiet: bool,
    /// How to write the log
    #[arg(long, global = true, value_enum, default_value = "text", help_heading = "Global options")]
    pub log_format: LogFormat,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Output {
    /// For people
    Human,
    /// For programs: one object a line, with a schema name
    Json,
    /// For Nagios and Icinga: one line, and their exit codes
    Nagios,
    /// For Prometheus: metrics in its text format
    Prometheus,
    /// For pipelines: a test report
    Junit,
    /// A calendar: when to renew, and when it ends
    Ics,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The form of the log on standard error.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}
