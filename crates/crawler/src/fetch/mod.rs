//! Requests: paced, patient, only to the site's own hosts, and only where robots.txt lets us.

mod account;
mod answer;
mod client;
mod fault;
#[cfg(test)]
mod fuzz_targets;
mod host_limiter;
mod pace;
mod retry_after;
mod robots;
mod robots_cache;
mod transport;
mod x_robots_tag;

pub(crate) use account::{Account, AccountError};
pub(crate) use answer::Answer;
use contracts::config::CrawlConfig;
pub(crate) use fault::{Fault, FetchError};
use pace::RetryPolicy;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use robots_cache::RobotsCache;
use transport::{MAX_REDIRECTS, Reply, Transport, too_many_redirects};
use url::Url;

use crate::{address::Address, ledger::Cooldown};

/// Fetches what robots.txt allows, from any number of tasks.
pub(crate) struct Fetcher {
    transport: Transport,
    robots: RobotsCache,
}

impl Fetcher {
    /// A fetcher for one site, which goes on waiting where the site asked an earlier run to.
    ///
    /// # Errors
    /// When the machine lets no client be made.
    pub(crate) fn new(
        address: &Address,
        account: Account,
        config: &CrawlConfig,
        cooldown: Cooldown,
    ) -> Result<Self, reqwest::Error> {
        let transport = Transport::new(address, account, config, cooldown)?;
        Ok(Self { transport, robots: RobotsCache::default() })
    }

    /// How many requests were made.
    pub(crate) fn requests(&self) -> u64 {
        self.transport.requests()
    }

    /// How often and after how long a request is made again.
    pub(crate) fn retry(&self) -> RetryPolicy {
        self.transport.retry
    }

    /// Waits before another attempt, longer after each.
    pub(crate) async fn backoff(&self, attempt: u32) {
        self.transport.backoff(attempt).await;
    }

    /// Lets no request start before the pause is over that the site has asked an earlier run for.
    ///
    /// # Errors
    /// When that is longer than a run should wait.
    pub(crate) fn respect_cooldown(&self) -> Result<(), FetchError> {
        self.transport.respect_cooldown()
    }

    /// An error after the last try: a site that says "too much" to all of them has shut us out.
    pub(crate) fn final_after_all(&self, error: FetchError) -> FetchError {
        self.transport.final_after_all(error)
    }

    /// The rule of robots.txt that refuses an address; `None` where it is allowed.
    ///
    /// # Errors
    /// When the host's robots.txt cannot be had.
    pub(crate) async fn refusal(&self, url: &Url) -> Result<Option<String>, FetchError> {
        self.robots.refusal(&self.transport, url).await
    }

    /// The text at an address, tried as often as that makes sense.
    ///
    /// # Errors
    /// When it cannot be had.
    pub(crate) async fn text(&self, url: &Url) -> Result<String, FetchError> {
        let mut attempt = 1;
        loop {
            match self.text_once(url).await {
                Err(error) if error.fault.is_transient() && attempt < self.transport.tries() => {
                    tracing::debug!(%error, attempt, "asking again");
                    self.backoff(attempt).await;
                    attempt += 1;
                }
                Err(error) => return Err(self.final_after_all(error)),
                text => return text,
            }
        }
    }

    async fn text_once(&self, url: &Url) -> Result<String, FetchError> {
        let answer = self.follow(url, HeaderMap::new()).await?;
        answer.text().await.map_err(|fault| FetchError::at(url, fault))
    }

    /// Begins to fetch a picture, once.
    ///
    /// # Errors
    /// When the site does not give it, or its owner does not want machines to learn from it.
    pub(crate) async fn open(&self, url: &Url, mut headers: HeaderMap) -> Result<Answer, FetchError> {
        // A compressed answer could not be resumed: ranges count the bytes that go over the wire.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let answer = self.follow(url, headers).await?;
        let tags = answer.response.headers().get_all("x-robots-tag").iter().filter_map(|value| value.to_str().ok());
        match x_robots_tag::refusal(tags) {
            None => Ok(answer),
            Some(directive) => Err(FetchError::at(url, Fault::NotForAi(directive))),
        }
    }

    /// Asks an address that robots.txt allows, and those that it leads to.
    async fn follow(&self, url: &Url, headers: HeaderMap) -> Result<Answer, FetchError> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            if let Some(rule) = self.refusal(&url).await? {
                return Err(FetchError::at(&url, Fault::Refused(rule)));
            }
            match self.transport.send_once(&url, headers.clone()).await? {
                Reply::Here(answer) => return Ok(answer),
                Reply::Elsewhere(next) => url = next,
            }
        }
        Err(too_many_redirects(&url))
    }
}
