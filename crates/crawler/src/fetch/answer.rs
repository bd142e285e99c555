//! An answer as it comes in: never slower than is bearable, and its connection counted until the end.

use std::time::Duration;

use reqwest::Response;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::Fault;

/// The slowest answer that is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeastRate {
    /// Over so long a time.
    pub(crate) window: Duration,
    /// So many bytes a second must come.
    pub(crate) bytes_per_second: u64,
}

/// A good answer whose body is still to come.
pub(crate) struct Answer {
    pub(crate) response: Response,
    least: LeastRate,
    /// When the window that is being measured began, and what came since.
    began: Instant,
    came: u64,
    _lane: OwnedSemaphorePermit,
}

impl Answer {
    pub(super) fn new(response: Response, least: LeastRate, lane: OwnedSemaphorePermit) -> Self {
        Self { response, least, began: Instant::now(), came: 0, _lane: lane }
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, Fault> {
        let chunk = self.response.chunk().await.map_err(|error| Fault::from(&error))?;
        self.came += chunk.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let passed = self.began.elapsed();
        if chunk.is_some() && passed >= self.least.window {
            if (self.came as f64) < self.least.bytes_per_second as f64 * passed.as_secs_f64() {
                return Err(Fault::BrokenOff(format!("only {} bytes came in {} s", self.came, passed.as_secs())));
            }
            (self.began, self.came) = (Instant::now(), 0);
        }
        Ok(chunk)
    }
}
