//! One request at a time, with good manners: paced, counted by host, signed where that matters, and held back as long
//! as the site wants.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use contracts::config::CrawlConfig;
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{CONTENT_RANGE, HeaderMap, LOCATION, RETRY_AFTER},
};
use url::Url;

use super::{
    account::Account,
    answer::{Answer, MinRate},
    client,
    fault::{Fault, FetchError},
    host_limiter::HostLimiter,
    pace::{Pacer, RetryPolicy},
    retry_after,
};
use crate::{
    address::{Address, Foreign},
    dialect,
    ledger::Cooldown,
};

/// The longest wait that a site can ask for and get; if it asks for more the run ends.
const MAX_WAIT: Duration = Duration::from_secs(120);
/// For how long such sites shut out whom they find too fast.
const BAN: Duration = Duration::from_secs(3600);
/// As much of an error's body as is looked at for what the site says.
const MAX_EXPLANATION_BYTES: usize = 64 << 10;
/// For how long it is waited for.
const MAX_EXPLANATION_WAIT: Duration = Duration::from_secs(5);
/// How often an answer may send us elsewhere.
pub(super) const MAX_REDIRECTS: usize = 5;

/// Makes requests, whatever robots.txt says: that is asked through here too.
pub(super) struct Transport {
    client: Client,
    address: Address,
    account: Account,
    host_limiter: HostLimiter,
    min_rate: MinRate,
    cooldown: Cooldown,
    pacer: Pacer,
    /// How often and after how long a request is made again.
    pub(super) retry: RetryPolicy,
    requests: AtomicU64,
    /// Whether the site has answered at all: one that never did is not waited for as long.
    answered: AtomicBool,
}

/// What one request led to.
pub(super) enum Reply {
    /// A good answer, whose body is still to come.
    Here(Answer),
    /// Another address of the site.
    Elsewhere(Url),
}

impl Transport {
    /// The transport to one site.
    ///
    /// # Errors
    /// When the machine lets no client be made.
    pub(super) fn new(
        address: &Address,
        account: Account,
        config: &CrawlConfig,
        cooldown: Cooldown,
    ) -> Result<Self, reqwest::Error> {
        let requests_per_second = config.requests_per_second;
        let window = Duration::from_secs_f64(config.read_timeout_seconds);
        Ok(Self {
            client: client::client(address, account.jar(), window)?,
            address: address.clone(),
            account,
            host_limiter: HostLimiter::default(),
            min_rate: MinRate { window, bytes_per_second: config.min_bytes_per_second },
            cooldown,
            pacer: Pacer::new(requests_per_second),
            retry: RetryPolicy::new(requests_per_second),
            requests: AtomicU64::new(0),
            answered: AtomicBool::new(false),
        })
    }

    /// How many requests were made.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How often a request is made at most, as things are.
    pub(super) fn tries(&self) -> u32 {
        if self.answered.load(Ordering::Relaxed) { self.retry.tries } else { self.retry.tries.min(2) }
    }

    /// Waits before another attempt, longer after each.
    pub(super) async fn backoff(&self, attempt: u32) {
        tokio::time::sleep(self.retry.delay(attempt)).await;
    }

    /// Leaves at least `interval` between two requests from now on; whether that is longer than before.
    pub(super) fn slow_down(&self, interval: Duration) -> bool {
        self.pacer.slow_down(interval)
    }

    /// As [`Fetcher::respect_cooldown`](super::Fetcher::respect_cooldown).
    ///
    /// # Errors
    /// When the pause is longer than a run should wait.
    pub(super) fn respect_cooldown(&self) -> Result<(), FetchError> {
        match self.cooldown.remaining(SystemTime::now()) {
            Some(pause) if pause > MAX_WAIT => {
                Err(FetchError { url: self.address.identity(), fault: Fault::Cooldown(pause) })
            }
            Some(pause) => {
                tracing::info!(seconds = pause.as_secs(), "waiting as long as the site has asked for");
                self.pacer.hold(pause);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// As [`Fetcher::final_after_all`](super::Fetcher::final_after_all).
    pub(super) fn final_after_all(&self, error: FetchError) -> FetchError {
        if !error.is_ban() {
            return error;
        }
        self.cooldown.begin(BAN);
        FetchError { fault: Fault::Cooldown(BAN), ..error }
    }

    /// Makes one request, as soon as host and pace allow it.
    ///
    /// # Errors
    /// When no good answer comes.
    pub(super) async fn send_once(&self, url: &Url, headers: HeaderMap) -> Result<Reply, FetchError> {
        let at = |fault| FetchError::at(url, fault);
        // First a free connection, then a slot: a slot that waits for a connection would be lost to the others.
        let connection = self.host_limiter.acquire(url).await;
        self.pacer.turn().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let sent = self.request(url).headers(headers).send().await;
        let response = sent.map_err(|error| at(Fault::from(&error)))?;
        self.answered.store(true, Ordering::Relaxed);
        if let Some(next) = self.redirect(url, &response).map_err(at)? {
            return Ok(Reply::Elsewhere(next));
        }
        let response = self.accept(response).await.map_err(at)?;
        Ok(Reply::Here(Answer::new(response, self.min_rate, connection)))
    }

    /// A request, with the account where it matters.
    fn request(&self, url: &Url) -> RequestBuilder {
        if self.address.is_listing(url) {
            self.account.signed(self.client.get(self.account.signed_address(url)))
        } else {
            self.client.get(url.clone())
        }
    }

    /// Where an answer sends us, if it does. Only within the site's own hosts.
    fn redirect(&self, url: &Url, response: &Response) -> Result<Option<Url>, Fault> {
        if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
        let next = location.to_str().ok().and_then(|location| url.join(location).ok());
        let next = next.ok_or_else(|| Fault::Redirect("its Location is no address".into()))?;
        let next = self.account.unsigned(next);
        if !self.address.owns(&next) {
            return Err(Fault::Redirect(Foreign(next.into()).to_string()));
        }
        if next.path().ends_with("/banned") {
            self.cooldown.begin(BAN);
            return Err(Fault::Cooldown(BAN));
        }
        Ok(Some(next))
    }

    /// Lets a good answer through. After one that says "too fast", all requests wait as long as the site wants.
    async fn accept(&self, response: Response) -> Result<Response, Fault> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status == StatusCode::RANGE_NOT_SATISFIABLE {
            return Err(Fault::PastTheEnd(whole_length(&response)));
        }
        // Some proxies in front of boorus say 421 to who is too fast.
        let too_fast = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::MISDIRECTED_REQUEST
        );
        let wanted = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        match wanted.and_then(|value| retry_after::parse(value, SystemTime::now())) {
            Some(wanted) => {
                self.cooldown.begin(wanted);
                if wanted > MAX_WAIT {
                    return Err(Fault::Cooldown(wanted));
                }
                self.pacer.hold(wanted);
            }
            None if too_fast => self.pacer.hold(self.retry.delay(1)),
            None => {}
        }
        Err(Fault::Status(status, explanation(response).await))
    }
}

/// How long a file is of which a part was asked for that it has not: `Content-Range: bytes */LENGTH`, RFC 9110, section 14.4.
fn whole_length(response: &Response) -> Option<u64> {
    response.headers().get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes */")?.trim().parse().ok()
}

/// What the site says in the body of an error, as far as that comes soon.
async fn explanation(mut response: Response) -> Option<String> {
    let mut body = Vec::new();
    let read = async {
        while body.len() < MAX_EXPLANATION_BYTES
            && let Ok(Some(bytes)) = response.chunk().await
        {
            body.extend_from_slice(&bytes);
        }
    };
    // What has come by then is enough, or there is nothing to wait for.
    let _ = tokio::time::timeout(MAX_EXPLANATION_WAIT, read).await;
    body.truncate(MAX_EXPLANATION_BYTES);
    dialect::explanation(&String::from_utf8_lossy(&body))
}

/// The error of an address that leads ever on.
pub(super) fn too_many_redirects(url: &Url) -> FetchError {
    FetchError::at(url, Fault::Redirect(format!("more than {MAX_REDIRECTS} redirects")))
}
