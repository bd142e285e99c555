//! How many connections at a time a host's paths of one class see.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

/// The most that sites allow to each of `/image` and `/sample`.
const MOST: usize = 5;

/// A lane for each host and first part of the path.
#[derive(Default)]
pub(super) struct Lanes(Mutex<HashMap<String, Arc<Semaphore>>>);

impl Lanes {
    /// Waits until one more request may go there; it counts until the permit is dropped.
    pub(super) async fn enter(&self, url: &Url) -> OwnedSemaphorePermit {
        let class = url.path_segments().and_then(|mut parts| parts.next()).unwrap_or_default();
        let name = format!("{}/{class}", url.origin().ascii_serialization());
        let lane = {
            let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lanes.entry(name).or_insert_with(|| Arc::new(Semaphore::new(MOST))).clone()
        };
        lane.acquire_owned().await.unwrap_or_else(|_| unreachable!("lanes are never closed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_a_host_and_the_first_part_of_the_path() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let lanes = Lanes::default();
            let enter = async |path: &str| lanes.enter(&format!("http://a.example/{path}").parse().unwrap()).await;
            let mut held = Vec::new();
            for number in 0..MOST {
                held.push(enter(&format!("image/{number}.jpg")).await);
            }
            let lane = lanes.0.lock().unwrap()["http://a.example/image"].clone();
            assert_eq!(lane.available_permits(), 0);
            drop(enter("sample/1.jpg").await);
            held.pop();
            assert_eq!(lane.available_permits(), 1);
        });
    }
}
