//! Push certificate requests: a signing request, an MDM vendor's signature over it, and the vendor's chain, in the
//! form that Apple's portal takes.

mod checks;
mod csr;
mod envelope;
mod vendor;

pub mod sealed;

pub(crate) use checks::vendor_name;
pub use checks::{Known, age, check};
pub use csr::Csr;
pub(crate) use envelope::unwrap;
pub use envelope::{Layout, Part, PushRequest, Wrapping, for_the_portal};
pub use vendor::{SigningError, Vendor};
