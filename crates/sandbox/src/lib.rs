//! The embedded world.
use std::path::PathBuf;
/// x
#[derive(Default)]
pub struct Options {
    /// x
    pub state: Option<PathBuf>,
    /// x
    pub ends_in_days: i64,
    /// x
    pub devices: usize,
}
/// x
#[derive(serde::Serialize, Debug)]
pub struct Announcement {
    /// x
    pub config: String,
    /// x
    pub portal: String,
    /// x
    pub ca_file: String,
}
/// x
pub struct World(Announcement);
/// x
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct StartError;
impl World {
    /// x
    pub async fn start(_: Options) -> Result<World, StartError> {
        Err(StartError)
    }
    /// x
    pub fn announcement(&self) -> &Announcement {
        &self.0
    }
    /// x
    pub async fn stop(self) {}
}
