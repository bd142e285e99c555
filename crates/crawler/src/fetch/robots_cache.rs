//! Asking robots.txt before anything else of a host.

use std::{collections::HashMap, sync::Arc, time::Duration};

use reqwest::{StatusCode, header::HeaderMap};
use tokio::sync::Mutex;
use url::{Position, Url};

use super::{
    fault::{Fault, FetchError},
    robots::Robots,
    transport::{MAX_REDIRECTS, Reply, Transport, too_many_redirects},
};

/// The longest pause between requests that is kept: with a longer one no crawl comes to its end.
const MAX_CRAWL_DELAY: Duration = Duration::from_secs(300);

/// The robots.txt of each host that was asked, by the host's origin.
#[derive(Default)]
pub(super) struct RobotsCache(Mutex<HashMap<String, Arc<Robots>>>);

impl RobotsCache {
    /// The rule of robots.txt that refuses an address; `None` where it is allowed.
    ///
    /// # Errors
    /// [`Fault::NoRobots`] where the file cannot be read, because then nothing is allowed.
    pub(super) async fn refusal(&self, transport: &Transport, url: &Url) -> Result<Option<String>, FetchError> {
        let robots = self.robots(transport, url).await?;
        let path = &url[Position::BeforePath..Position::AfterQuery];
        Ok(robots.refusal(path).map(str::to_owned))
    }

    /// The rules of an address's host. While they are asked for, all requests wait.
    async fn robots(&self, transport: &Transport, url: &Url) -> Result<Arc<Robots>, FetchError> {
        let mut known = self.0.lock().await;
        let origin = url.origin().ascii_serialization();
        if let Some(robots) = known.get(&origin) {
            return Ok(robots.clone());
        }
        let robots = Arc::new(ask(transport, &file_of(url)).await?);
        if let Some(delay) = robots.crawl_delay {
            if delay > MAX_CRAWL_DELAY {
                return Err(FetchError::at(&file_of(url), Fault::CrawlDelay(delay)));
            }
            if transport.slow_down(delay) {
                tracing::info!(%origin, seconds = delay.as_secs_f64(), "robots.txt wants a longer pause between requests");
            }
        }
        known.insert(origin, robots.clone());
        Ok(robots)
    }
}

/// Asks for a host's robots.txt, as often as that makes sense.
async fn ask(transport: &Transport, file: &Url) -> Result<Robots, FetchError> {
    let mut attempt = 1;
    loop {
        match ask_once(transport, file).await {
            Ok(robots) => return Ok(robots),
            Err(error) if error.fault.is_transient() && attempt < transport.tries() => {
                transport.backoff(attempt).await;
            }
            Err(error) => return Err(unreadable(transport.final_after_all(error))),
        }
        attempt += 1;
    }
}

async fn ask_once(transport: &Transport, file: &Url) -> Result<Robots, FetchError> {
    let mut url = file.clone();
    for _ in 0..=MAX_REDIRECTS {
        match transport.send_once(&url, HeaderMap::new()).await {
            Ok(Reply::Here(answer)) => {
                let text = answer.text().await.map_err(|fault| FetchError::at(&url, fault))?;
                return Ok(Robots::parse(&text));
            }
            Ok(Reply::Elsewhere(next)) => url = next,
            Err(error) if is_absence(&error.fault) => return Ok(Robots::default()),
            Err(error) => return Err(error),
        }
    }
    Err(too_many_redirects(&url))
}

/// Whether a site answers so that has no robots.txt. One that finds us too fast has not said what it allows.
fn is_absence(fault: &Fault) -> bool {
    matches!(fault, Fault::Status(status, _) if status.is_client_error() && *status != StatusCode::TOO_MANY_REQUESTS)
        && !fault.is_transient()
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
