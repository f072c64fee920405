//! Android's binding: the key of the Google service account that speaks for the organisation.

mod key;
mod published;
mod wrong;

pub use key::{ServiceAccountFacts, ServiceAccountKey, is_googles, judge_key};
pub use published::{NotPublished, Published, judge_published};
