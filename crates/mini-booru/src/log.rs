//! The log of requests, for tests to read.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::{fault::Fault, path_class::PathClass};

/// One request and what became of it.
#[derive(Debug, Clone)]
pub struct LoggedRequest {
    /// Which connection it came over, counted from 1.
    pub connection: u64,
    /// How many connections were open when it came.
    pub open_connections: usize,
    /// The other end of its connection.
    pub peer: SocketAddr,
    /// The request's method: `GET`, `HEAD`.
    pub method: String,
    /// The decoded path, without the query.
    pub path: String,
    /// What the path leads to.
    pub class: PathClass,
    /// Path and query as sent.
    pub target: String,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `If-Range` header.
    pub if_range: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `Cookie` header.
    pub cookie: Option<String>,
    /// What went wrong, as it was scripted.
    pub fault: Option<Fault>,
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

impl LoggedRequest {
    /// Whether the file was given soundly up to its end.
    pub fn succeeded(&self) -> bool {
        let sound = matches!(self.fault, None | Some(Fault::Shift(_)));
        sound && self.method == "GET" && matches!(self.status, 200 | 206)
    }
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

    /// Whether no request was logged.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The requests for paths that begin so.
    pub fn under(&self, start: &str) -> Vec<LoggedRequest> {
        self.lock().iter().filter(|request| request.path.starts_with(start)).cloned().collect()
    }

    /// The requests for paths of that class.
    pub fn of(&self, class: PathClass) -> Vec<LoggedRequest> {
        self.lock().iter().filter(|request| request.class == class).cloned().collect()
    }

    /// The most requests for such paths that were under way at once.
    pub fn peak(&self, start: &str) -> usize {
        peak(&self.under(start))
    }

    /// The most requests for paths of that class that were under way at once: as many connections were in use.
    pub fn peak_of(&self, class: PathClass) -> usize {
        peak(&self.of(class))
    }

    /// The files that were asked for again after they had been given soundly up to their end.
    pub fn asked_again(&self) -> Vec<String> {
        let mut requests = self.requests();
        requests.sort_by_key(|request| request.started);
        let mut given = HashMap::new();
        let mut again = Vec::new();
        for request in requests.iter().filter(|request| request.class.is_file()) {
            if given.get(&request.path).is_some_and(|ended| *ended <= request.started) {
                again.push(request.target.clone());
            }
            if request.succeeded() {
                given.insert(&request.path, request.ended);
            }
        }
        again
    }

    /// Forgets what was logged.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn push(&self, request: LoggedRequest) {
        self.lock().push(request);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<LoggedRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that ends when another begins makes room for it.
fn peak(requests: &[LoggedRequest]) -> usize {
    let ends = requests.iter().map(|request| (request.ended, -1));
    let mut events: Vec<(Instant, isize)> = requests.iter().map(|request| (request.started, 1)).chain(ends).collect();
    events.sort();
    let counts = events.iter().scan(0isize, |under_way, (_, step)| {
        *under_way += step;
        Some(*under_way)
    });
    counts.max().unwrap_or(0).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A log of requests for `/image/<name>` from one millisecond to another; `false`: it went wrong.
    fn log(requests: &[(&str, u64, u64, bool)]) -> RequestLog {
        let epoch = Instant::now();
        let log = RequestLog::default();
        for (name, started, ended, sound) in requests {
            let path = format!("/image/{name}");
            log.push(LoggedRequest {
                connection: 1,
                open_connections: 1,
                peer: SocketAddr::from(([127, 0, 0, 1], 9)),
                method: "GET".to_owned(),
                class: PathClass::of(&path),
                target: path.clone(),
                path,
                range: None,
                if_range: None,
                user_agent: None,
                authorization: None,
                cookie: None,
                fault: (!sound).then_some(Fault::Reset),
                status: 200,
                bytes: 1,
                started: epoch + Duration::from_millis(*started),
                ended: epoch + Duration::from_millis(*ended),
            });
        }
        log
    }

    #[test]
    fn the_peak_counts_what_overlaps() {
        let log =
            log(&[("a", 0, 10, true), ("b", 2, 4, true), ("c", 4, 6, true), ("d", 5, 9, true), ("e", 10, 12, true)]);
        assert_eq!((log.peak("/image/"), log.peak("/image/b"), log.peak("/other")), (3, 1, 0));
        assert_eq!(log.peak_of(PathClass::Image), 3);
    }

    #[test]
    fn a_file_is_asked_for_again_only_after_it_was_given() {
        let check = |requests: &[(&str, u64, u64, bool)], expected: &[&str]| {
            assert_eq!(log(requests).asked_again(), expected, "for {requests:?}");
        };
        check(&[("a", 0, 1, false), ("a", 2, 3, true), ("b", 2, 3, true)], &[]);
        check(&[("a", 0, 1, true), ("a", 2, 3, true)], &["/image/a"]);
        check(&[("a", 2, 3, false), ("a", 0, 1, true)], &["/image/a"]);
        check(&[("a", 0, 3, true), ("a", 2, 4, true)], &[]);
    }
}
