//! Asking robots.txt before anything else of a host.

use std::{collections::HashMap, sync::Arc};

use reqwest::{StatusCode, header::HeaderMap};
use tokio::sync::Mutex;
use url::Url;

use super::{Fault, FetchError, Fetcher, Hop, MOST_REDIRECTS, read, too_many_redirects};
use crate::robots::Robots;

/// The robots.txt of each host that was asked, by the host's origin.
#[derive(Default)]
pub(super) struct Admission {
    known: Mutex<HashMap<String, Arc<Robots>>>,
}

impl Fetcher {
    /// Lets a request go on if its host's robots.txt has nothing against it.
    ///
    /// # Errors
    /// [`Fault::Refused`] where it has; [`Fault::NoRobots`] where it cannot be read, because then nothing is allowed.
    pub(super) async fn admit(&self, url: &Url) -> Result<(), FetchError> {
        match self.refusal(url).await? {
            None => Ok(()),
            Some(rule) => Err(FetchError { url: url.to_string(), fault: Fault::Refused(rule) }),
        }
    }

    /// The rule of robots.txt that refuses an address.
    pub(crate) async fn refusal(&self, url: &Url) -> Result<Option<String>, FetchError> {
        let robots = self.robots(url).await?;
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        Ok(robots.refusal(path).map(str::to_owned))
    }

    /// The rules of an address's host. While they are asked for, all requests wait.
    async fn robots(&self, url: &Url) -> Result<Arc<Robots>, FetchError> {
        let mut known = self.admission.known.lock().await;
        let origin = url.origin().ascii_serialization();
        if let Some(robots) = known.get(&origin) {
            return Ok(robots.clone());
        }
        let robots = Arc::new(self.ask_patiently(&file_of(url)).await?);
        if let Some(delay) = robots.crawl_delay {
            tracing::debug!(%origin, ?delay, "robots.txt wants a pause between requests");
            self.pacer.slow_down(delay);
        }
        known.insert(origin, robots.clone());
        Ok(robots)
    }

    async fn ask_patiently(&self, file: &Url) -> Result<Robots, FetchError> {
        let mut attempt = 1;
        loop {
            match self.ask(file).await {
                Ok(robots) => return Ok(robots),
                Err(error) if error.fault.is_passing() && attempt < self.tries() => self.rest(attempt).await,
                Err(error) => return Err(unreadable(self.final_after_all(error))),
            }
            attempt += 1;
        }
    }

    async fn ask(&self, file: &Url) -> Result<Robots, FetchError> {
        let mut url = file.clone();
        for _ in 0..=MOST_REDIRECTS {
            match self.hop(&url, HeaderMap::new()).await {
                Ok(Hop::Here(answer)) => {
                    let body = read(answer).await.map_err(|fault| FetchError { url: url.to_string(), fault })?;
                    return Ok(Robots::parse(&String::from_utf8_lossy(&body)));
                }
                Ok(Hop::Elsewhere(next)) => url = next,
                Err(error) if error.fault.is_absence() => return Ok(Robots::default()),
                Err(error) => return Err(error),
            }
        }
        Err(too_many_redirects(&url))
    }
}

impl Fault {
    /// Whether a site answers so that has no robots.txt. One that finds us too fast has not said what it allows.
    fn is_absence(&self) -> bool {
        matches!(self, Self::Status(status) if status.is_client_error() && *status != StatusCode::TOO_MANY_REQUESTS)
            && !self.is_passing()
    }
}

fn unreadable(error: FetchError) -> FetchError {
    match error.fault {
        Fault::Cooldown(_) => error,
        _ => FetchError { fault: Fault::NoRobots(error.to_string()), url: error.url },
    }
}

fn file_of(url: &Url) -> Url {
    let mut file = url.clone();
    file.set_path("/robots.txt");
    file.set_query(None);
    file.set_fragment(None);
    file
}
