//! Certificates: what they hold, who issued them, and whether they are what was awaited.

mod apple;
mod checks;
mod issuer;
mod parse;
mod revocation;

pub(crate) mod signature;

pub(crate) use apple::COUNTRY;
pub(crate) use parse::{attribute, readable};

pub use apple::{Authorities, Authority, NotAuthorities, Role};
pub use checks::{Expectations, InstalledFacts, Place, check};
pub use issuer::{Issuer, issuer};
pub use parse::{Certificate, Key, ParseError};
pub use revocation::{Revocation, RevocationList};
