//! `pushcert` renews the Apple push (APNs) certificate behind a MobileIron server, and watches over it.
//!
//! `app` puts everything together, `cli` takes the words, `web` and `forms` show results, `commands` does the deeds, `mdm`, `apns`, `pingone`, `google`, `store`, `notify`, `portal`, `config` and `world` touch the outside;
//! what is judged and decided is in `pushcert_papers`. This library is the inside of the program of the same name: other
//! programs use `pushcert_papers`.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::panic, reason = "tests make the files they need"))]

pub mod apns;
pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod forms;
pub mod google;
pub mod mdm;
pub mod notify;
pub mod pingone;
pub mod portal;
pub mod store;
pub mod web;
pub mod world;
