//! One picture: fetched, checked, put into the store.

use std::sync::Arc;

use contracts::publish::FileError;
use reqwest::StatusCode;
use tokio::sync::Semaphore;

use super::{
    attempt_error::AttemptError,
    job::Job,
    resumption::{continues, rest_of, version},
};
use crate::{
    error::{Cause, CrawlError},
    fetch::{Fault, FetchError, Fetcher},
    ledger::{PictureOutcome, Stored},
    reason::{Absence, FailureReason, FilterReason},
    store::{CheckedPicture, Digests, Partial, PictureStore, QuarantineNote, Rejection, check_picture},
};

/// The longest picture that is fetched.
const MAX_BYTES: u64 = 512 << 20;

/// What a download works with.
pub(super) struct Downloader {
    /// Makes the requests.
    pub(super) fetcher: Arc<Fetcher>,
    store: PictureStore,
    /// How many pictures are decoded at a time, which bounds memory.
    decoders: Arc<Semaphore>,
    /// Larger pictures are not decoded.
    max_pixels: u64,
}

/// How a job ended, after all its tries.
#[derive(Debug)]
pub(super) struct JobResult {
    /// What the ledger is told.
    pub(super) outcome: PictureOutcome,
    /// Whether the site could not be spoken to, rather than having no such picture.
    pub(super) site_silent: bool,
}

impl Downloader {
    /// A downloader that decodes a picture a core at a time.
    pub(super) fn new(fetcher: Arc<Fetcher>, store: PictureStore, max_pixels: u64) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { fetcher, store, decoders: Arc::new(Semaphore::new(cores)), max_pixels }
    }

    /// Fetches a picture, trying again as long as that makes sense.
    ///
    /// # Errors
    /// When no picture can be stored any more, or the site wants to be left alone.
    pub(super) async fn run(&self, job: &Job) -> Result<JobResult, CrawlError> {
        let (mut job, mut attempts) = (job, 1);
        loop {
            let error = match self.attempt(job).await? {
                Ok(picture) => return Ok(JobResult::ok(job, picture)),
                Err(AttemptError::Fetch(error)) if error.fault.is_fatal() => return Err(error.into()),
                Err(error) => error,
            };
            let (reason, is_last) = (error.reason(), attempts >= self.fetcher.retry().tries);
            tracing::debug!(post = %job.post, attempts, %reason, "no picture");
            match (error, reason) {
                (AttemptError::Fetch(error), _) if is_last && error.is_ban() => {
                    return Err(self.fetcher.final_after_all(error).into());
                }
                (_, Absence::Filtered(reason)) => match (&reason, &job.instead) {
                    (FilterReason::OtherMedium(_), Some(instead)) => {
                        (job, attempts) = (instead, 1);
                        continue;
                    }
                    _ => return Ok(JobResult::filtered(reason)),
                },
                (error, Absence::Failed(reason)) if is_last || !error.is_transient() => {
                    return Ok(JobResult::failed(&error, reason, attempts));
                }
                _ => {}
            }
            self.fetcher.backoff(attempts).await;
            attempts += 1;
        }
    }

    async fn attempt(&self, job: &Job) -> Result<Result<CheckedPicture, AttemptError>, CrawlError> {
        let mut partial = self.store.resume(&job.partial_name())?;
        // A run that was killed between the last byte and the check has left them all: to ask for more is to be refused.
        let is_whole = partial.version().is_some() && job.claim.bytes == Some(partial.length());
        if !is_whole && let Err(error) = self.stream(job, &mut partial).await? {
            // What broke off can be resumed; after any other answer the bytes are not to be trusted.
            if partial.version().is_none() || !matches!(error.fault, Fault::BrokenOff(_) | Fault::Unreachable(_)) {
                self.store.discard(partial)?;
            }
            return Ok(Err(AttemptError::Fetch(error)));
        }
        let decoder = self.decoders.clone().acquire_owned().await;
        let (store, job, max_pixels) = (self.store.clone(), job.clone(), self.max_pixels);
        let kept = tokio::task::spawn_blocking(move || {
            let checked = check(&job, &partial, max_pixels)?;
            // Waiting for the disk takes no memory: another picture may be decoded meanwhile.
            drop(decoder);
            keep(&store, &job, partial, checked)
        })
        .await;
        let kept = kept.map_err(|panic| Cause::Panic(panic.to_string()))?;
        Ok(kept?.map_err(AttemptError::Rejected))
    }

    /// Writes the answer's body to disk as it comes, after what an earlier answer has brought of it.
    async fn stream(&self, job: &Job, partial: &mut Partial) -> Result<Result<(), FetchError>, FileError> {
        let at = |fault| FetchError::at(&job.url, fault);
        let mut answer = match self.fetcher.open(&job.url, rest_of(partial)).await {
            Ok(answer) => answer,
            // Not every site states a file's length beforehand: all of it had come, and was not yet checked.
            Err(FetchError { fault: Fault::PastTheEnd(whole), .. }) if whole == Some(partial.length()) => {
                return Ok(Ok(()));
            }
            Err(FetchError { fault: Fault::PastTheEnd(_), .. }) => {
                partial.begin(None)?;
                return Ok(Err(at(Fault::BrokenOff("the rest of it is not there".into()))));
            }
            Err(error) => return Ok(Err(error)),
        };
        if !continues(&answer, partial) {
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
            if partial.length() > MAX_BYTES {
                return Ok(Err(at(Fault::TooLong)));
            }
        }
    }
}

/// Reads a finished download twice: for its hashes, and for what it shows.
fn check(
    job: &Job,
    partial: &Partial,
    max_pixels: u64,
) -> Result<(Digests, Result<CheckedPicture, Rejection>), FileError> {
    let mut reader = partial.reader()?;
    let digests = Digests::of(&mut reader).map_err(partial.unreadable())?;
    let checked = check_picture(&mut reader, &digests, &job.claim, max_pixels);
    Ok((digests, checked.map_err(partial.unreadable())?))
}

/// Puts a finished download where it belongs.
fn keep(
    store: &PictureStore,
    job: &Job,
    partial: Partial,
    (digests, checked): (Digests, Result<CheckedPicture, Rejection>),
) -> Result<Result<CheckedPicture, Rejection>, FileError> {
    match &checked {
        Ok(picture) => store.put(partial, picture)?,
        Err(rejection) if rejection.is_mismatch() => {
            let note = QuarantineNote {
                post: job.post.to_string(),
                url: job.recorded_url.clone(),
                reason: rejection.to_string(),
                md5_claimed: job.md5_claimed.clone(),
                md5: digests.md5,
                sha256: digests.sha256.to_string(),
            };
            store.quarantine(partial, &job.post, &note)?;
        }
        Err(_) => store.discard(partial)?,
    }
    Ok(checked)
}

impl JobResult {
    fn ok(job: &Job, picture: CheckedPicture) -> Self {
        let CheckedPicture { sha256, extension, bytes, dimensions, stored } = picture;
        let stored = Stored {
            sha256,
            extension: extension.into(),
            bytes,
            dimensions,
            stored_dimensions: Some(stored).filter(|stored| *stored != dimensions),
            url: job.recorded_url.clone(),
            rendering: Some(job.rendering).filter(|rendering| *rendering != job.variant),
        };
        Self { outcome: PictureOutcome::Ok(stored), site_silent: false }
    }

    pub(super) fn filtered(reason: FilterReason) -> Self {
        Self { outcome: PictureOutcome::Filtered(reason), site_silent: false }
    }

    pub(super) fn failed(error: &AttemptError, reason: FailureReason, attempts: u32) -> Self {
        let outcome = PictureOutcome::Failed { reason, attempts, limit: error.limit() };
        Self { outcome, site_silent: matches!(error, AttemptError::Fetch(error) if error.fault.is_transient()) }
    }
}
