//! `android`: the binding of Android Enterprise. A person does it; the tool judges the key, knows the order, keeps the clock
//! and the record.

mod check;
mod enrol;

pub use check::{Wish as CheckWish, check};
pub use enrol::{Wish as EnrolWish, enrol};
