//! Requests: paced, patient, only to the site's own hosts, and only where robots.txt lets us.

mod account;
mod admission;
mod ai_use;
mod answer;
mod client;
mod fault;
mod lanes;

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

pub(crate) use account::{Account, AccountError};
pub(crate) use answer::{Answer, LeastRate};
use contracts::config::CrawlConfig;
pub(crate) use fault::{Fault, FetchError};
use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER},
};
use url::Url;

use crate::{
    address::{Address, Foreign},
    ledger::Cooldown,
    pace::{Pacer, Patience},
    retry_after,
};

/// The longest wait that a site can ask for and get; if it asks for more the run ends.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// For how long such sites shut out whom they find too fast.
const BAN: Duration = Duration::from_secs(3600);
const MOST_REDIRECTS: usize = 5;
/// The longest listing that is read.
const MOST_LISTING_BYTES: usize = 32 << 20;

/// Makes requests.
pub(crate) struct Fetcher {
    client: Client,
    address: Address,
    account: Account,
    admission: admission::Admission,
    lanes: lanes::Lanes,
    least_rate: LeastRate,
    cooldown: Cooldown,
    pacer: Pacer,
    /// How often and after how long a request is made again.
    pub(crate) patience: Patience,
    requests: AtomicU64,
    /// Whether the site has answered at all: one that never did is not waited for as long.
    answered: AtomicBool,
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
        let requests_per_second = config.requests_per_second;
        let window = Duration::from_secs_f64(config.read_timeout_seconds);
        Ok(Self {
            client: client::client(address, account.jar(), window)?,
            address: address.clone(),
            account,
            admission: admission::Admission::default(),
            lanes: lanes::Lanes::default(),
            least_rate: LeastRate { window, bytes_per_second: config.min_bytes_per_second },
            cooldown,
            pacer: Pacer::new(requests_per_second),
            patience: Patience::new(requests_per_second),
            requests: AtomicU64::new(0),
            answered: AtomicBool::new(false),
        })
    }

    /// How many requests were made.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The text at an address, tried as often as patience lasts.
    pub(crate) async fn text(&self, url: &Url) -> Result<String, FetchError> {
        let mut attempt = 1;
        loop {
            match self.text_once(url).await {
                Err(error) if error.fault.is_passing() && attempt < self.tries() => {
                    tracing::debug!(%error, attempt, "asking again");
                    self.rest(attempt).await;
                    attempt += 1;
                }
                Err(error) => return Err(self.final_after_all(error)),
                text => return text,
            }
        }
    }

    /// Lets no request start before the pause is over that the site has asked an earlier run for.
    ///
    /// # Errors
    /// When that is longer than a run should wait.
    pub(crate) fn respect_cooldown(&self) -> Result<(), FetchError> {
        match self.cooldown.remaining(SystemTime::now()) {
            Some(pause) if pause > LONGEST_WAIT => {
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

    /// Begins to fetch a picture, once.
    pub(crate) async fn open(&self, url: &Url, mut headers: HeaderMap) -> Result<Answer, FetchError> {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let answer = self.follow(url, headers).await?;
        let tags = answer.response.headers().get_all("x-robots-tag").iter().filter_map(|value| value.to_str().ok());
        match ai_use::refusal(tags) {
            None => Ok(answer),
            Some(directive) => Err(FetchError { url: url.to_string(), fault: Fault::NotForAi(directive) }),
        }
    }

    /// An error after the last try: a site that says "too much" to all of them has shut us out.
    pub(crate) fn final_after_all(&self, error: FetchError) -> FetchError {
        if !error.is_ban() {
            return error;
        }
        self.cooldown.begin(BAN);
        FetchError { fault: Fault::Cooldown(BAN), ..error }
    }

    /// Waits before another attempt.
    pub(crate) async fn rest(&self, attempt: u32) {
        tokio::time::sleep(self.patience.delay(attempt)).await;
    }

    fn tries(&self) -> u32 {
        if self.answered.load(Ordering::Relaxed) { self.patience.tries } else { self.patience.tries.min(2) }
    }

    async fn text_once(&self, url: &Url) -> Result<String, FetchError> {
        let answer = self.follow(url, HeaderMap::new()).await?;
        let body = read(answer).await.map_err(|fault| FetchError { url: url.to_string(), fault })?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// Asks an address that robots.txt allows, and those that it leads to.
    async fn follow(&self, url: &Url, headers: HeaderMap) -> Result<Answer, FetchError> {
        let mut url = url.clone();
        for _ in 0..=MOST_REDIRECTS {
            self.admit(&url).await?;
            match self.hop(&url, headers.clone()).await? {
                Hop::Here(answer) => return Ok(answer),
                Hop::Elsewhere(next) => url = next,
            }
        }
        Err(too_many_redirects(&url))
    }

    /// One request.
    async fn hop(&self, url: &Url, headers: HeaderMap) -> Result<Hop, FetchError> {
        let at = |fault| FetchError { url: url.to_string(), fault };
        let lane = self.lanes.enter(url).await;
        self.pacer.turn().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let request = match self.address.is_listing(url) {
            true => self.account.signed(self.client.get(self.account.signed_address(url))),
            false => self.client.get(url.clone()),
        };
        let response = request.headers(headers).send().await.map_err(|error| at(Fault::from(&error)))?;
        self.answered.store(true, Ordering::Relaxed);
        match self.redirect(url, &response).map_err(at)? {
            Some(next) => Ok(Hop::Elsewhere(next)),
            None => {
                let response = self.judge(response).map_err(at)?;
                Ok(Hop::Here(Answer::new(response, self.least_rate, lane)))
            }
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
    fn judge(&self, response: Response) -> Result<Response, Fault> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let too_fast = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::MISDIRECTED_REQUEST
        );
        let wanted = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        match wanted.and_then(|value| retry_after::parse(value, SystemTime::now())) {
            Some(wanted) => {
                self.cooldown.begin(wanted);
                if wanted > LONGEST_WAIT {
                    return Err(Fault::Cooldown(wanted));
                }
                self.pacer.hold(wanted);
            }
            None if too_fast => self.pacer.hold(self.patience.delay(1)),
            None => {}
        }
        Err(Fault::Status(status))
    }
}

/// What one request led to.
enum Hop {
    Here(Answer),
    Elsewhere(Url),
}

fn too_many_redirects(url: &Url) -> FetchError {
    let fault = Fault::Redirect(format!("more than {MOST_REDIRECTS} redirects"));
    FetchError { url: url.to_string(), fault }
}

async fn read(mut answer: Answer) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(bytes) = answer.chunk().await? {
        body.extend_from_slice(bytes.as_ref());
        if body.len() > MOST_LISTING_BYTES {
            return Err(Fault::TooLong);
        }
    }
    Ok(body)
}
