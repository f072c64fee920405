//! demo
use super::{Ask, Outcome, Reporter};
use std::time::Duration;
/// Which server is renewed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// x
    Cloud,
    /// x
    Core,
}
/// x
pub async fn demo(_: &dyn Reporter, _: &dyn Ask, _: Server, _: bool, _: Duration) -> Outcome {
    Ok(None)
}
