//! What somebody else on the machine, or on the network, might try.
#![cfg(unix)]

mod folders;
mod scanners;
