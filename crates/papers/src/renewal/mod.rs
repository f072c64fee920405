//! A renewal: the journey of one certificate from the request to devices that answer.
//!
//! A [`Journey`] says how far a renewal has come; [`next`] says what is due; [`guide`] says what a person does where
//! there is no interface; [`record`] is the form in which a journey is kept for years.

mod journey;
mod next;
mod rehearsal;

#[doc(hidden)]
pub mod guide;
pub mod record;

pub use journey::{
    Acceptance, Confirmation, End, HandOff, HeldRequest, Install, Journey, Origin, Outcome, Predecessor, Proof,
    Purpose, ReceivedCertificate, Request, Stage, UnsignedRequest,
};
pub use next::{Reach, Shown, Situation, Step, due, next, shown, waits_for_a_person};
pub use rehearsal::{Rehearsal, rehearsed};
