//! The tool: builds the real world and hands it to the command line.

mod mdm;

fn main() {}
