//! An answer as it comes in: never slower than is bearable, and its connection counted until the end.

use std::time::Duration;

use pictures::Format;
use reqwest::Response;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::fault::Fault;

/// The longest listing that is read.
/// A page of 200 records takes 2 MB at most; what is read of it takes several times its length.
const MAX_TEXT_BYTES: usize = 16 << 20;

/// The slowest answer that is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct MinRate {
    /// Over so long a time.
    pub(crate) window: Duration,
    /// So many bytes a second must come.
    pub(crate) bytes_per_second: u64,
}

/// A good answer whose body is still to come.
pub(crate) struct Answer {
    pub(crate) response: Response,
    min_rate: MinRate,
    /// When the window that is being measured began, and what came since.
    began: Instant,
    came: u64,
    /// Frees its place among the host's connections when the answer is dropped.
    _connection: OwnedSemaphorePermit,
}

impl Answer {
    pub(super) fn new(response: Response, min_rate: MinRate, connection: OwnedSemaphorePermit) -> Self {
        Self { response, min_rate, began: Instant::now(), came: 0, _connection: connection }
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When the answer breaks off, or comes more slowly than is bearable.
    pub(crate) async fn chunk(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, Fault> {
        let chunk = self.response.chunk().await.map_err(|error| Fault::from(&error))?;
        self.came += chunk.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let passed = self.began.elapsed();
        if chunk.is_some() && passed >= self.min_rate.window {
            if (self.came as f64) < self.min_rate.bytes_per_second as f64 * passed.as_secs_f64() {
                return Err(Fault::BrokenOff(format!("only {} bytes came in {} s", self.came, passed.as_secs())));
            }
            (self.began, self.came) = (Instant::now(), 0);
        }
        Ok(chunk)
    }

    /// The whole of it as a text. What is no UTF-8 is replaced, as one byte that is none must not hide a whole listing.
    ///
    /// # Errors
    /// When it breaks off, is longer than any listing, or is a picture.
    pub(super) async fn text(mut self) -> Result<String, Fault> {
        let mut body = Vec::new();
        while let Some(bytes) = self.chunk().await? {
            body.extend_from_slice(bytes.as_ref());
            if body.len() > MAX_TEXT_BYTES {
                return Err(Fault::TooLong);
            }
        }
        match Format::of(&body) {
            // A text may begin as a portable anymap does.
            None | Some(Format::Pnm) => Ok(String::from_utf8_lossy(&body).into_owned()),
            Some(format) => Err(Fault::Picture(format.extension())),
        }
    }
}
