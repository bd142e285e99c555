//! One picture: fetched, looked at, put on the shelf.

use std::sync::Arc;

use contracts::{config::Variant, id::PostId, publish::FileError};
use reqwest::{
    StatusCode,
    header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE},
};
use tokio::sync::Semaphore;
use url::Url;

use crate::{
    error::{Cause, CrawlError},
    fetch::{Answer, Fault, FetchError, Fetcher},
    ledger::{Outcome, Stored},
    picture::{self, Claim, Fingerprint, Flaw, Inspected},
    post::Post,
    shelf::{Partial, Shelf, Suspicion},
};

/// The longest picture that is fetched.
const MOST_BYTES: u64 = 512 << 20;
/// After how many tries in all a picture that is there, but wrong, is given up.
const CONTENT_TRIES: u32 = 12;
/// The same for one that the site does not give.
const REFUSED_TRIES: u32 = 4;

/// What a download works with.
pub(crate) struct Downloader {
    /// Makes the requests.
    pub(crate) fetcher: Arc<Fetcher>,
    /// Takes the pictures.
    pub(crate) shelf: Shelf,
    /// How many pictures are decoded at a time, which bounds memory.
    pub(crate) decoders: Arc<Semaphore>,
    /// Larger pictures are not decoded.
    pub(crate) most_pixels: u64,
}

/// A picture to fetch.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The post.
    pub(crate) post: PostId,
    /// Which rendering.
    pub(crate) variant: Variant,
    /// Where it is.
    pub(crate) url: Url,
    /// The same as written down.
    pub(crate) recorded_url: String,
    /// What the site claims of it.
    pub(crate) claim: Claim,
    /// The MD5 of the original.
    pub(crate) md5_claimed: Option<String>,
}

/// How a job ended.
#[derive(Debug)]
pub(crate) struct Done {
    /// For the ledger.
    pub(crate) outcome: Outcome,
    /// Whether the site could not be spoken to, rather than having no such picture.
    pub(crate) site_silent: bool,
}

/// Why one try came to nothing.
#[derive(Debug)]
enum Miss {
    Fetch(FetchError),
    Flaw(Flaw),
}

impl Job {
    /// The job of fetching a post's picture.
    pub(crate) fn new(post: &Post, id: PostId, variant: Variant, recorded_url: &str, url: Url) -> Self {
        let rendering = post.rendering(variant);
        let md5 = post.md5_of(variant).map(str::to_owned);
        // Where a sample's length is known its sides need not be: not all sites state them exactly.
        let exact = variant != Variant::Sample || rendering.bytes.is_none();
        let dimensions = rendering.dimensions.filter(|_| exact);
        let claim = Claim { md5, bytes: rendering.bytes, dimensions };
        Self { post: id, variant, url, recorded_url: recorded_url.to_owned(), claim, md5_claimed: post.md5.clone() }
    }
}

impl Downloader {
    /// Fetches a picture, trying again as long as that makes sense.
    ///
    /// # Errors
    /// When no picture can be stored any more, or the site wants to be left alone.
    pub(crate) async fn run(&self, job: &Job) -> Result<Done, CrawlError> {
        let mut attempts = 1;
        loop {
            let miss = match self.attempt(job).await? {
                Ok(inspected) => return Ok(Done::ok(job, inspected)),
                Err(Miss::Fetch(error)) if error.fault.is_the_end() => return Err(error.into()),
                Err(miss) => miss,
            };
            tracing::debug!(post = %job.post, attempts, reason = miss.reason(), "no picture");
            match miss {
                Miss::Fetch(error) if attempts >= self.fetcher.patience.tries && error.is_ban() => {
                    return Err(self.fetcher.final_after_all(error).into());
                }
                Miss::Fetch(FetchError { fault: fault @ (Fault::Refused(_) | Fault::NotForAi(_)), .. }) => {
                    return Ok(Done::filtered(fault.reason()));
                }
                miss if attempts >= self.fetcher.patience.tries || !miss.is_passing() => {
                    return Ok(Done::failed(&miss, attempts));
                }
                _ => {}
            }
            self.fetcher.rest(attempts).await;
            attempts += 1;
        }
    }

    async fn attempt(&self, job: &Job) -> Result<Result<Inspected, Miss>, CrawlError> {
        let mut partial =
            self.shelf.resume(&format!("{}-{}-{}", job.post.site, job.post.number, job.variant.name()))?;
        if let Err(error) = self.stream(job, &mut partial).await? {
            if partial.version().is_none() || !matches!(error.fault, Fault::BrokenOff(_) | Fault::Unreachable(_)) {
                self.shelf.discard(partial)?;
            }
            return Ok(Err(Miss::Fetch(error)));
        }
        let decoder = self.decoders.clone().acquire_owned().await;
        let (shelf, job, most_pixels) = (self.shelf.clone(), job.clone(), self.most_pixels);
        let shelved = tokio::task::spawn_blocking(move || {
            let inspected = inspect(&job, &partial, most_pixels)?;
            // Waiting for the disk takes no memory: another picture may be looked at meanwhile.
            drop(decoder);
            shelve(&shelf, &job, partial, inspected)
        })
        .await;
        let shelved = shelved.map_err(|panic| Cause::Panic(panic.to_string()))?;
        Ok(shelved?.map_err(Miss::Flaw))
    }

    /// Writes the answer's body to disk as it comes, after what an earlier answer has brought of it.
    async fn stream(&self, job: &Job, partial: &mut Partial) -> Result<Result<(), FetchError>, FileError> {
        let at = |fault| FetchError { url: job.url.to_string(), fault };
        let mut answer = match self.fetcher.open(&job.url, rest_of(partial)).await {
            Ok(answer) => answer,
            Err(FetchError { fault: Fault::Status(StatusCode::RANGE_NOT_SATISFIABLE), .. }) => {
                partial.begin(None)?;
                return Ok(Err(at(Fault::BrokenOff("the rest of it is not there".into()))));
            }
            Err(error) => return Ok(Err(error)),
        };
        if !goes_on(&answer, partial) {
            let is_part = answer.response.status() == StatusCode::PARTIAL_CONTENT;
            partial.begin(version(&answer).filter(|_| !is_part))?;
            if is_part {
                return Ok(Err(at(Fault::BrokenOff("another part came than was asked for".into()))));
            }
        }
        loop {
            match answer.chunk().await {
                Ok(Some(bytes)) => partial.write(bytes.as_ref())?,
                Ok(None) => return Ok(Ok(())),
                Err(fault) => return Ok(Err(at(fault))),
            }
            if partial.length() > MOST_BYTES {
                return Ok(Err(at(Fault::TooLong)));
            }
        }
    }
}

/// Asks for what is missing of a picture that is there in part, as long as it is still the same.
fn rest_of(partial: &Partial) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(version) = partial.version().and_then(|version| HeaderValue::from_str(version).ok())
        && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", partial.length()))
    {
        headers.insert(RANGE, range);
        headers.insert(IF_RANGE, version);
    }
    headers
}

/// Whether an answer begins where the bytes that are there end, and belongs to the same version.
fn goes_on(answer: &Answer, partial: &Partial) -> bool {
    let range = answer.response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok());
    answer.response.status() == StatusCode::PARTIAL_CONTENT
        && partial.version().is_some()
        && start == Some(partial.length())
        && version(answer).is_none_or(|version| Some(version.as_str()) == partial.version())
}

/// What names the version of a picture: its entity tag, if that is a strong one (a weak one does not promise the same
/// bytes), or when it was last changed.
fn version(answer: &Answer) -> Option<String> {
    let header = |name| answer.response.headers().get(name).and_then(|value| value.to_str().ok());
    let tag = header(ETAG).filter(|tag| tag.starts_with('"'));
    tag.or_else(|| header(LAST_MODIFIED)).map(str::to_owned)
}

/// Looks at a finished download.
fn inspect(
    job: &Job,
    partial: &Partial,
    most_pixels: u64,
) -> Result<(Fingerprint, Result<Inspected, Flaw>), FileError> {
    let mut reader = partial.reader()?;
    let fingerprint = Fingerprint::of(&mut reader).map_err(partial.unreadable())?;
    let inspected = picture::inspect(&mut reader, &fingerprint, &job.claim, most_pixels);
    Ok((fingerprint, inspected.map_err(partial.unreadable())?))
}

/// Puts a finished download where it belongs.
fn shelve(
    shelf: &Shelf,
    job: &Job,
    partial: Partial,
    (fingerprint, inspected): (Fingerprint, Result<Inspected, Flaw>),
) -> Result<Result<Inspected, Flaw>, FileError> {
    match &inspected {
        Ok(inspected) => shelf.put(partial, inspected)?,
        Err(flaw) if flaw.is_mismatch() => {
            let suspicion = Suspicion {
                post: job.post.to_string(),
                url: job.recorded_url.clone(),
                reason: flaw.to_string(),
                md5_claimed: job.md5_claimed.clone(),
                md5: fingerprint.md5,
                sha256: fingerprint.sha256.to_string(),
            };
            shelf.quarantine(partial, &job.post, &suspicion)?;
        }
        Err(_) => shelf.discard(partial)?,
    }
    Ok(inspected)
}

impl Miss {
    fn is_passing(&self) -> bool {
        match self {
            Self::Fetch(error) => error.fault.is_passing(),
            Self::Flaw(flaw) => !matches!(flaw, Flaw::TooLarge),
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Fetch(error) => error.fault.reason(),
            Self::Flaw(flaw) => flaw.to_string(),
        }
    }

    /// After how many tries in all there is no point in another; `None` where there always is.
    fn limit(&self) -> Option<u32> {
        match self {
            Self::Fetch(error) if error.fault.is_passing() => None,
            Self::Fetch(_) => Some(REFUSED_TRIES),
            Self::Flaw(_) => Some(CONTENT_TRIES),
        }
    }
}

impl Done {
    fn ok(job: &Job, inspected: Inspected) -> Self {
        let Inspected { sha256, extension, bytes, dimensions } = inspected;
        let stored = Stored { sha256, extension: extension.into(), bytes, dimensions, url: job.recorded_url.clone() };
        Self { outcome: Outcome::Ok(stored), site_silent: false }
    }

    fn filtered(reason: String) -> Self {
        Self { outcome: Outcome::Filtered { reason }, site_silent: false }
    }

    fn failed(miss: &Miss, attempts: u32) -> Self {
        let outcome = Outcome::Failed { reason: miss.reason(), attempts, limit: miss.limit() };
        Self { outcome, site_silent: matches!(miss, Miss::Fetch(error) if error.fault.is_passing()) }
    }
}
