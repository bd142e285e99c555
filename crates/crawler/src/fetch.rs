//! Requests: paced, patient, and only to the site's own hosts.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use reqwest::{
    Client, ClientBuilder, Response, StatusCode,
    header::{ACCEPT_ENCODING, HeaderValue, RETRY_AFTER},
    redirect::{Attempt, Policy},
};
use url::Url;

use crate::{
    address::{Address, Foreign},
    pace::{Pacer, Patience},
    retry_after,
};

/// How the crawler introduces itself.
const INTRODUCTION: &str = concat!("nijigen/", env!("CARGO_PKG_VERSION"), " (reproducible dataset crawler)");
/// The environment variable with an address at which the person who crawls can be reached.
const CONTACT_VARIABLE: &str = "NIJIGEN_CONTACT";
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a site may be silent in the middle of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest wait that a site can ask for and get; if it asks for more the run ends.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
const MOST_REDIRECTS: usize = 5;
/// The longest listing that is read.
const MOST_LISTING_BYTES: usize = 32 << 20;

/// Makes requests.
pub(crate) struct Fetcher {
    client: Client,
    pacer: Pacer,
    /// How often and after how long a request is made again.
    pub(crate) patience: Patience,
    requests: AtomicU64,
    /// Whether the site has answered at all: one that never did is not waited for as long.
    answered: AtomicBool,
}

/// A request that did not end as it should.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.describe())]
pub(crate) struct FetchError {
    /// What was asked for.
    pub(crate) url: String,
    pub(crate) fault: Fault,
}

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection came about.
    Unreachable(String),
    /// The connection broke, or nothing more came.
    BrokenOff(String),
    /// The site answered with an error.
    Status(StatusCode),
    /// The site wants to be left alone for longer than a run should wait.
    Cooldown(Duration),
    /// The site sent us elsewhere, where we do not go.
    Redirect(String),
    /// The answer does not end.
    TooLong,
}

impl Fetcher {
    /// A fetcher for one site at so many requests a second.
    ///
    /// # Errors
    /// When the machine lets no client be made.
    pub(crate) fn new(address: &Address, requests_per_second: f64) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: client(address)?,
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
                other => return other,
            }
        }
    }

    /// Begins to fetch a picture, once.
    pub(crate) async fn open(&self, url: &Url) -> Result<Response, FetchError> {
        self.pacer.turn().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let at = |fault| FetchError { url: url.to_string(), fault };
        let request = self.client.get(url.clone()).header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let response = request.send().await.map_err(|error| at(Fault::from(&error)))?;
        self.judge(response).map_err(at)
    }

    /// Waits before another attempt.
    pub(crate) async fn rest(&self, attempt: u32) {
        tokio::time::sleep(self.patience.delay(attempt)).await;
    }

    fn tries(&self) -> u32 {
        if self.answered.load(Ordering::Relaxed) { self.patience.tries } else { self.patience.tries.min(2) }
    }

    async fn text_once(&self, url: &Url) -> Result<String, FetchError> {
        let at = |fault| FetchError { url: url.to_string(), fault };
        self.pacer.turn().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = self.client.get(url.clone()).send().await.map_err(|error| at(Fault::from(&error)))?;
        let mut response = self.judge(response).map_err(at)?;
        let mut body = Vec::new();
        while let Some(bytes) = response.chunk().await.map_err(|error| at(Fault::from(&error)))? {
            body.extend_from_slice(&bytes);
            if body.len() > MOST_LISTING_BYTES {
                return Err(at(Fault::TooLong));
            }
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// Lets a good answer through. After one that says "too fast", all requests wait as long as the site wants.
    fn judge(&self, response: Response) -> Result<Response, Fault> {
        self.answered.store(true, Ordering::Relaxed);
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
            Some(wanted) if wanted > LONGEST_WAIT => return Err(Fault::Cooldown(wanted)),
            Some(wanted) => self.pacer.hold(wanted),
            None if too_fast => self.pacer.hold(self.patience.delay(1)),
            None => {}
        }
        Err(Fault::Status(status))
    }
}

impl Fault {
    /// Whether the same request may well succeed a little later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::BrokenOff(_) => true,
            Self::Status(status) => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::MISDIRECTED_REQUEST | StatusCode::REQUEST_TIMEOUT
                    )
            }
            Self::Cooldown(_) | Self::Redirect(_) | Self::TooLong => false,
        }
    }

    /// The fault in a few words, the same for all addresses: a reason in reports.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Unreachable(_) => "no connection".into(),
            Self::BrokenOff(_) => "the connection broke off".into(),
            Self::Status(status) => format!("status {}", status.as_u16()),
            Self::Cooldown(_) => "the site wants a pause".into(),
            Self::Redirect(_) => "a redirect elsewhere".into(),
            Self::TooLong => "an answer without end".into(),
        }
    }
}

impl From<&reqwest::Error> for Fault {
    fn from(error: &reqwest::Error) -> Self {
        let cause = root_cause(error);
        if error.is_redirect() {
            Self::Redirect(cause)
        } else if error.is_connect() {
            Self::Unreachable(cause)
        } else if error.is_timeout() {
            Self::BrokenOff(format!("nothing came for {} s", READ_TIMEOUT.as_secs()))
        } else {
            Self::BrokenOff(cause)
        }
    }
}

impl FetchError {
    fn describe(&self) -> String {
        let url = &self.url;
        match &self.fault {
            Fault::Unreachable(cause) => format!(
                "cannot reach {url}: {cause}; see whether the site is up, whether the network is, and what crawl.base_url says"
            ),
            Fault::BrokenOff(cause) => {
                format!("the answer of {url} broke off: {cause}; run the same command again: finished work is kept")
            }
            Fault::Status(status) => format!("{url} answers {status}{}", advice(*status)),
            Fault::Cooldown(wanted) => format!(
                "the site wants to be left alone for {} ({url}); run the same command again after that: finished work is \
                 kept, and lower crawl.requests_per_second",
                minutes(*wanted)
            ),
            Fault::Redirect(cause) => {
                format!("{url} sends us elsewhere: {cause}; nothing is asked outside the site's own hosts")
            }
            Fault::TooLong => format!("the answer of {url} does not end; see what crawl.base_url points at"),
        }
    }
}

fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        403 => "; the site refuses programs, or this network: it has to be asked for permission",
        404 => "; see what crawl.base_url and crawl.site say",
        421 | 429 | 503 => {
            "; it is asked too much: lower crawl.requests_per_second and run the same command again later"
        }
        500.. => "; the site has trouble: run the same command again later",
        _ => "",
    }
}

fn minutes(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..=600 => format!("{seconds} s"),
        seconds if seconds > 7 * 86_400 => "more than a week".into(),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn client(address: &Address) -> Result<Client, reqwest::Error> {
    // Another part of the process may have chosen a provider already; that one serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match builder(address).build() {
        Ok(client) => Ok(client),
        Err(error) => without_certificates(address).unwrap_or(Err(error)),
    }
}

/// A machine without certificates can still speak plain HTTP. `None` where that is no help.
fn without_certificates(address: &Address) -> Option<Result<Client, reqwest::Error>> {
    if address.endpoint("").scheme() != "http" {
        return None;
    }
    let provider = rustls::crypto::ring::default_provider().into();
    let trusting_nobody = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Some(builder(address).tls_backend_preconfigured(trusting_nobody).build())
}

fn builder(address: &Address) -> ClientBuilder {
    let allowed = address.clone();
    let builder = Client::builder()
        .user_agent(introduction())
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .cookie_store(true)
        .redirect(Policy::custom(move |attempt| redirect(attempt, &allowed)));
    if address.is_loopback() { builder.no_proxy() } else { builder }
}

fn introduction() -> HeaderValue {
    let contact = std::env::var(CONTACT_VARIABLE).ok().filter(|contact| !contact.is_empty());
    let introduction = contact.map(|contact| format!("{} +{contact})", INTRODUCTION.trim_end_matches(')')));
    introduction.and_then(|text| text.parse().ok()).unwrap_or(HeaderValue::from_static(INTRODUCTION))
}

fn redirect(attempt: Attempt<'_>, allowed: &Address) -> reqwest::redirect::Action {
    if attempt.previous().len() > MOST_REDIRECTS {
        return attempt.error(format!("more than {MOST_REDIRECTS} redirects"));
    }
    if !allowed.owns(attempt.url()) {
        let foreign = Foreign(attempt.url().to_string());
        return attempt.error(foreign);
    }
    attempt.follow()
}

/// The innermost cause, which is what people understand: "connection refused".
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
