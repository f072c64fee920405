//! Servers of every kind, in every mood.

mod apns;
mod clients;
mod contract;
mod faults;
mod log;
mod moods;
mod transport;
mod verbose;
