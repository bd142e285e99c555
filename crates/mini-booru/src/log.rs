//! The log of requests, for tests to read.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// One request and what became of it.
#[derive(Debug, Clone)]
pub struct LoggedRequest {
    /// Which connection it came over, counted from 1.
    pub connection: u64,
    /// The other end of that connection.
    pub peer: SocketAddr,
    /// `GET`, `HEAD`.
    pub method: String,
    /// The decoded path, without the query.
    pub path: String,
    /// Path and query as sent.
    pub target: String,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The status sent; 0 where there was none.
    pub status: u16,
    /// Bytes of the body handed over.
    pub bytes: u64,
    /// When its head had been read.
    pub started: Instant,
    /// When its answer was about to be complete: a client that has all of it finds it logged, and whatever that
    /// client asks for next begins later.
    pub ended: Instant,
}

/// All requests answered so far, in the order in which their answers ended. Clones share one log.
#[derive(Debug, Clone, Default)]
pub struct RequestLog {
    requests: Arc<Mutex<Vec<LoggedRequest>>>,
}

impl RequestLog {
    /// A copy of the log as it stands.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.lock().clone()
    }

    /// How many requests were answered.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The requests for paths that begin so.
    pub fn under(&self, start: &str) -> Vec<LoggedRequest> {
        self.lock().iter().filter(|request| request.path.starts_with(start)).cloned().collect()
    }

    /// The most requests for such paths that were under way at once.
    pub fn peak(&self, start: &str) -> usize {
        let requests = self.under(start);
        requests
            .iter()
            .map(|one| {
                requests.iter().filter(|other| other.started <= one.started && one.started < other.ended).count()
            })
            .max()
            .unwrap_or(0)
    }

    /// Forgets what was logged.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn push(&self, request: LoggedRequest) {
        self.lock().push(request);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<LoggedRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
