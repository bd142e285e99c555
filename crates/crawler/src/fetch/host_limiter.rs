//! How many connections at a time a host's paths of one class see.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

/// The most that sites allow to each of `/image` and `/sample`.
const MAX_CONNECTIONS: usize = 5;

/// Limits connections for each host and first part of the path.
#[derive(Default)]
pub(super) struct HostLimiter(Mutex<HashMap<String, Arc<Semaphore>>>);

impl HostLimiter {
    /// Waits until one more request may go there; it counts until the permit is dropped.
    pub(super) async fn acquire(&self, url: &Url) -> OwnedSemaphorePermit {
        let class = url.path_segments().and_then(|mut parts| parts.next()).unwrap_or_default();
        let name = format!("{}/{class}", url.origin().ascii_serialization());
        let limit = {
            let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            limits.entry(name).or_insert_with(|| Arc::new(Semaphore::new(MAX_CONNECTIONS))).clone()
        };
        limit.acquire_owned().await.unwrap_or_else(|_| unreachable!("no semaphore here is ever closed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_by_host_and_first_part_of_the_path() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let limiter = HostLimiter::default();
            let acquire =
                async |path: &str| limiter.acquire(&format!("http://a.example/{path}").parse().unwrap()).await;
            let mut held = Vec::new();
            for number in 0..MAX_CONNECTIONS {
                held.push(acquire(&format!("image/{number}.jpg")).await);
            }
            let limit = limiter.0.lock().unwrap()["http://a.example/image"].clone();
            assert_eq!(limit.available_permits(), 0);
            drop(acquire("sample/1.jpg").await);
            held.pop();
            assert_eq!(limit.available_permits(), 1);
        });
    }
}
