//! The run: list what is new, then go from the newest post to older ones until enough pictures lie on disk.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Instant,
};

use tokio::task::JoinSet;

use super::{
    download::{Downloader, JobResult},
    job::Job,
    progress::CrawlProgress,
};
use crate::{
    context::CrawlContext,
    error::{Cause, CrawlError},
    event::Event,
    fetch::Fetcher,
    ledger::{ChangeCounts, LedgerError, PictureOutcome, SearchState, Stored},
    list::{Batches, Found, ListError, NewPosts, Step, Walk},
    post::Status,
    tally::stored_file,
};

/// How many pictures in a row the site may fail to give before it is taken to be down: more than are under way at a time
/// by default, so that one broken moment is not enough.
const MAX_SILENT: usize = 12;
/// How often a run looks again for posts that came, and for pictures that went, while it was at work.
const MAX_ROUNDS: usize = 10;

/// What a run takes over from the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SyncMode {
    /// Posts that are new, and nothing else.
    NewPosts,
    /// Also what was changed of those that are listed already.
    Changes,
}

/// A crawl under way, and what it remembers of itself until it ends.
pub(super) struct Run<'r, 'c> {
    pub(super) context: &'r mut CrawlContext<'c>,
    pub(super) downloader: Arc<Downloader>,
    /// Posts that failed in this run: they have had their tries.
    tried: HashSet<u64>,
    /// How many pictures in a row the site has failed to give.
    silent: usize,
    began: Instant,
    progress: CrawlProgress,
    changed: ChangeCounts,
}

/// What a run has done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Done {
    pub(crate) pictures: u64,
    /// The bytes of these pictures.
    pub(crate) bytes: u64,
    /// Posts that the site has changed, found anew or lost.
    pub(crate) posts_changed: u64,
    pub(crate) requests: u64,
}

impl<'r, 'c> Run<'r, 'c> {
    /// A run that has done nothing yet.
    pub(super) fn new(context: &'r mut CrawlContext<'c>, fetcher: Arc<Fetcher>) -> Self {
        let max_pixels = context.config().max_megapixels * 1_000_000;
        let downloader = Arc::new(Downloader::new(fetcher, context.store.clone(), max_pixels));
        Self {
            context,
            downloader,
            tried: HashSet::new(),
            silent: 0,
            began: Instant::now(),
            progress: CrawlProgress::default(),
            changed: ChangeCounts::default(),
        }
    }

    /// What it has done so far.
    pub(super) fn done(&self) -> Done {
        Done {
            pictures: self.progress.pictures,
            bytes: self.progress.bytes,
            posts_changed: self.changed.total(),
            requests: self.downloader.fetcher.requests(),
        }
    }

    /// Crawls until the newest posts that are wanted lie on disk, or have failed.
    ///
    /// # Errors
    /// When the site cannot be listed or the disk cannot be written; all that is finished is in the ledger.
    pub(super) async fn crawl(&mut self, search: SearchState, sync: SyncMode) -> Result<(), CrawlError> {
        let (fetcher, address) = (self.downloader.fetcher.clone(), self.context.address.clone());
        let mut walk = Walk::new(&fetcher, &address, self.context.config(), search);
        self.context.progress().begin("crawling", 0);
        if sync == SyncMode::Changes {
            match walk.tells_changes() {
                true => self.follow_changes(&mut walk).await?,
                false => self.list_anew(&mut walk)?,
            }
        }
        self.progress.listed = self.context.ledger.count_members(&walk.search)?;
        self.list_newer(&mut walk).await?;
        for _ in 0..MAX_ROUNDS {
            self.pass(&mut walk).await?;
            let lost = self.context.forget_lost(&walk.search)?;
            if self.list_newer(&mut walk).await? == Found::Nothing && lost == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn follow_changes(&mut self, walk: &mut Walk<'_>) -> Result<(), ListError> {
        self.changed = walk.follow_changes(&mut self.context.ledger).await?;
        let ChangeCounts { updated, joined, left } = self.changed;
        self.context.events.emit(&Event::Changed { updated, joined, left });
        Ok(())
    }

    /// Where a site tells no changes, they show when its posts are listed from the newest on again. What is known of posts and
    /// pictures stays, so that only what is another picture now is fetched; a run that is killed leaves a listing to be gone on with.
    fn list_anew(&mut self, walk: &mut Walk<'_>) -> Result<(), LedgerError> {
        tracing::info!("the site tells no changes: its posts are listed from the newest on again, a page at a time");
        self.context.ledger.restart(&mut walk.search)
    }

    async fn list_newer(&mut self, walk: &mut Walk<'_>) -> Result<Found, ListError> {
        let found = walk.list_newer(&mut self.context.ledger).await?;
        if let Found::Posts(new) = found {
            self.listed(new);
        }
        Ok(found)
    }

    fn listed(&mut self, new: NewPosts) {
        self.progress.listed += new.count;
        self.context.events.emit(&Event::Listed { new: new.count, listed: self.progress.listed });
    }

    /// Goes through the posts once, newest first, and fetches the pictures that are due.
    async fn pass(&mut self, walk: &mut Walk<'_>) -> Result<(), CrawlError> {
        let mut batches = Batches::new(&self.context.selection);
        loop {
            let (CrawlContext { ledger, selection, .. }, tried) = (&mut *self.context, &self.tried);
            match batches.next(walk, ledger, selection, |number| tried.contains(&number)).await? {
                Step::Batch(batch) => {
                    self.progress.left = batches.left();
                    self.complete(&walk.search, &batch.due).await?;
                    let jobs = self.jobs(&walk.search, &batch.due)?;
                    batches.count(self.fetch(&walk.search, jobs).await?);
                }
                Step::Listed(new) | Step::Restarted(new) => self.listed(new),
                Step::End => return Ok(()),
            }
        }
    }

    /// The jobs of fetching posts' pictures, and notes in the ledger why there is nothing to fetch of some.
    fn jobs(&mut self, search: &SearchState, due: &[u64]) -> Result<VecDeque<Job>, CrawlError> {
        let variant = self.context.selection.variant;
        let mut jobs = VecDeque::new();
        for number in due.iter().filter(|number| !self.tried.contains(number)) {
            let Some(post) = self.context.ledger.post(search, *number)? else { continue };
            // Its own page may have said so; the list did not.
            if post.status != Status::Active {
                continue;
            }
            match Job::of(&post, self.context.post_id(*number), variant, &self.context.address) {
                Ok(job) => jobs.push_back(job),
                Err(reason) => {
                    self.context.events.emit(&Event::filtered(self.context.post_id(*number), &reason));
                    self.context.ledger.record(search, *number, variant, &PictureOutcome::Filtered(reason))?;
                }
            }
        }
        Ok(jobs)
    }

    /// Fetches pictures, several at a time, each written down as soon as it is done. Gives how many succeeded.
    async fn fetch(&mut self, search: &SearchState, mut jobs: VecDeque<Job>) -> Result<u64, CrawlError> {
        let (mut running, mut succeeded) = (JoinSet::new(), 0);
        loop {
            while running.len() < self.context.config().max_connections
                && let Some(job) = jobs.pop_front()
            {
                let downloader = self.downloader.clone();
                running.spawn(async move { (job.post.number, downloader.run(&job).await) });
            }
            let Some(joined) = running.join_next().await else { return Ok(succeeded) };
            let (number, result) = joined.map_err(|panic| Cause::Panic(panic.to_string()))?;
            succeeded += u64::from(self.write_down(search, number, &result?)?);
        }
    }

    /// Notes how a job ended; whether it brought a picture.
    pub(super) fn write_down(
        &mut self,
        search: &SearchState,
        number: u64,
        result: &JobResult,
    ) -> Result<bool, CrawlError> {
        self.context.ledger.record(search, number, self.context.selection.variant, &result.outcome)?;
        self.silent = if result.site_silent { self.silent + 1 } else { 0 };
        self.tell(number, &result.outcome);
        match &result.outcome {
            PictureOutcome::Ok(_) => Ok(true),
            PictureOutcome::Failed { reason, .. } if self.silent >= MAX_SILENT => {
                Err(Cause::SiteDown { count: self.silent, reason: reason.clone() }.into())
            }
            _ => {
                self.tried.insert(number);
                Ok(false)
            }
        }
    }

    /// Counts an outcome, and tells people and programs of it.
    fn tell(&mut self, number: u64, outcome: &PictureOutcome) {
        let post = self.context.post_id(number);
        match outcome {
            PictureOutcome::Ok(stored) => self.tell_picture(number, stored),
            PictureOutcome::Filtered(reason) => self.context.events.emit(&Event::filtered(post, reason)),
            PictureOutcome::Failed { reason, attempts, .. } => {
                self.progress.failed += 1;
                self.context.events.emit(&Event::failed(post, reason, *attempts));
            }
        }
        self.context.progress().note(&self.progress.line(self.began.elapsed()));
        self.context.progress().advance(u64::from(matches!(outcome, PictureOutcome::Ok(_))));
    }

    fn tell_picture(&mut self, number: u64, stored: &Stored) {
        self.progress.pictures += 1;
        self.progress.bytes += stored.bytes;
        self.progress.left = self.progress.left.saturating_sub(1);
        self.context.events.emit(&Event::picture(self.context.post_id(number), stored, &stored_file(stored)));
    }
}
