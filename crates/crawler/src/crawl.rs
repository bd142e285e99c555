//! The run: list what is new, then go from the newest post to older ones until enough pictures lie on disk.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Instant,
};

use contracts::{config::CrawlConfig, id::PostId, stage::Progress};
use tokio::task::JoinSet;

use crate::{
    address::Address,
    ahead::Ahead,
    download::{Done, Downloader, Job},
    error::{Cause, CrawlError},
    event::{Event, Events},
    ledger::{Bounds, Changed, Ledger, Outcome, Search},
    listing::{Found, Walk},
    post::other_medium,
    pulse::Pulse,
    selection::Selection,
    tally::stored_file,
};

/// How many pictures are planned together.
const BATCH: usize = 512;
/// How many pictures in a row the site may fail to give before it is taken to be down.
const MOST_SILENT: usize = 12;
/// How often a run looks again for posts that came, and for pictures that went, while it was at work.
const MOST_ROUNDS: usize = 10;

/// What a crawl works with.
pub(crate) struct Means<'a> {
    pub(crate) address: &'a Address,
    pub(crate) config: &'a CrawlConfig,
    pub(crate) selection: &'a Selection,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) downloader: Arc<Downloader>,
    /// Tells people how far it is.
    pub(crate) progress: &'a dyn Progress,
    /// Tells programs what happens.
    pub(crate) events: Events,
}

/// A crawl under way.
pub(crate) struct Run<'a> {
    means: Means<'a>,
    /// Posts that failed in this run: they have had their tries.
    tried: HashSet<u64>,
    silent: usize,
    purpose: Purpose,
    ahead: Ahead,
    began: Instant,
    /// What was done in this run.
    pub(crate) pulse: Pulse,
    /// What following the site's changes has done.
    pub(crate) changed: Changed,
}

/// What a run goes through the posts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To fetch their pictures.
    Fetch,
    /// To count what there is to fetch.
    Count,
}

/// Whether a run takes over what the site has changed of posts that are listed already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changes {
    /// It does.
    Followed,
    /// It leaves them as they are.
    Left,
}

impl<'a> Run<'a> {
    /// A run that has done nothing yet.
    pub(crate) fn new(means: Means<'a>) -> Self {
        Self {
            means,
            tried: HashSet::new(),
            silent: 0,
            purpose: Purpose::Fetch,
            ahead: Ahead::default(),
            began: Instant::now(),
            pulse: Pulse::default(),
            changed: Changed::default(),
        }
    }

    /// Lists what is new and counts what a crawl would fetch; fetches no picture.
    ///
    /// # Errors
    /// When the site cannot be listed; what was listed is in the ledger.
    pub(crate) async fn survey(&mut self, search: Search) -> Result<Ahead, CrawlError> {
        self.purpose = Purpose::Count;
        let fetcher = self.means.downloader.fetcher.clone();
        let mut walk = Walk::new(&fetcher, self.means.address, self.means.config, search);
        self.means.progress.begin("listing", 0);
        self.forget_lost(&walk.search)?;
        self.newer(&mut walk).await?;
        self.pass(&mut walk).await?;
        let listed = self.means.ledger.count_members(&walk.search)?;
        Ok(Ahead { listed, requests: fetcher.requests(), ..self.ahead })
    }

    /// Crawls until the newest posts that are wanted lie on disk, or have failed.
    ///
    /// # Errors
    /// When the site cannot be listed or the disk cannot be written; all that is finished is in the ledger.
    pub(crate) async fn crawl(&mut self, search: Search, changes: Changes) -> Result<(), CrawlError> {
        let fetcher = self.means.downloader.fetcher.clone();
        let mut walk = Walk::new(&fetcher, self.means.address, self.means.config, search);
        self.means.progress.begin("crawling", 0);
        if changes == Changes::Followed {
            self.follow_changes(&mut walk).await?;
        }
        self.pulse.listed = self.means.ledger.count_members(&walk.search)?;
        self.newer(&mut walk).await?;
        for _ in 0..MOST_ROUNDS {
            self.pass(&mut walk).await?;
            let lost = self.forget_lost(&walk.search)?;
            if self.newer(&mut walk).await? == Found::Nothing && lost == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn follow_changes(&mut self, walk: &mut Walk<'_>) -> Result<(), CrawlError> {
        self.changed = walk.follow_changes(self.means.ledger).await?;
        let Changed { updated, joined, left } = self.changed;
        self.means.events.tell(&Event::Changed { updated, joined, left });
        Ok(())
    }

    async fn newer(&mut self, walk: &mut Walk<'_>) -> Result<Found, CrawlError> {
        let found = walk.newer(self.means.ledger).await?;
        self.listed(found);
        Ok(found)
    }

    async fn older(&mut self, walk: &mut Walk<'_>) -> Result<Found, CrawlError> {
        let found = walk.older(self.means.ledger).await?;
        self.listed(found);
        Ok(found)
    }

    fn listed(&mut self, found: Found) {
        if let Found::Posts(new) = found {
            self.pulse.listed += new.count;
            self.means.events.tell(&Event::Listed { new: new.count, listed: self.pulse.listed });
        }
    }

    /// Goes through the posts once, newest first, listing older ones when there are no more.
    async fn pass(&mut self, walk: &mut Walk<'_>) -> Result<(), CrawlError> {
        let (mut kept, mut before) = (0, None);
        while kept < self.means.selection.most {
            let (ledger, selection, tried) = (&*self.means.ledger, self.means.selection, &self.tried);
            let bounds = Bounds { before, room: selection.most - kept, most: BATCH };
            let work = ledger.next_work(&walk.search, selection, bounds, |number| tried.contains(&number))?;
            let Some(last) = work.last else {
                match self.older(walk).await? {
                    Found::Nothing => break,
                    // A list page brought posts that belong among those already passed: begin again.
                    Found::Posts(new) if before.is_some_and(|before| new.highest >= Some(before)) => {
                        (kept, before, self.ahead) = (0, None, Ahead::default());
                    }
                    Found::Posts(_) => {}
                }
                continue;
            };
            before = Some(last);
            kept += work.kept;
            self.pulse.left = self.means.selection.most - kept;
            let jobs = self.jobs(&walk.search, &work.due)?;
            kept += match self.purpose {
                Purpose::Fetch => self.fetch(&walk.search, jobs).await?,
                Purpose::Count => self.count(&walk.search, work.kept, &jobs)?,
            };
        }
        Ok(())
    }

    fn jobs(&mut self, search: &Search, due: &[u64]) -> Result<VecDeque<Job>, CrawlError> {
        let mut jobs = VecDeque::new();
        for number in due {
            jobs.extend(self.job(search, *number)?);
        }
        Ok(jobs)
    }

    /// The job of fetching a post's picture, or a note in the ledger why there is nothing to fetch.
    fn job(&mut self, search: &Search, number: u64) -> Result<Option<Job>, CrawlError> {
        let Some(post) = self.means.ledger.post(search, number)? else { return Ok(None) };
        let variant = self.means.selection.variant;
        let rendering = post.rendering(variant);
        let reason = match &rendering.url {
            None => format!("no {} listed", variant.name()),
            Some(recorded) => match (other_medium(recorded), self.means.address.live(recorded)) {
                (Some(medium), _) => format!("no picture: {medium}"),
                (None, Ok(url)) => return Ok(Some(Job::new(&post, self.id(number), variant, recorded, url))),
                (None, Err(_)) => "not on the site's own hosts".into(),
            },
        };
        self.means.events.tell(&Event::Filtered { post: self.id(number), reason: &reason });
        self.means.ledger.record(search, number, variant, &Outcome::Filtered { reason })?;
        Ok(None)
    }

    /// Adds a batch to what lies ahead. Gives how many pictures it would bring.
    fn count(&mut self, search: &Search, kept: u64, jobs: &VecDeque<Job>) -> Result<u64, CrawlError> {
        self.ahead.kept += kept;
        for job in jobs {
            let post = self.means.ledger.post(search, job.post.number)?;
            let bytes = post.and_then(|post| post.rendering(self.means.selection.variant).bytes);
            self.ahead.pictures += 1;
            self.ahead.bytes += bytes.unwrap_or_default();
            self.ahead.of_unknown_length += u64::from(bytes.is_none());
        }
        Ok(jobs.len() as u64)
    }

    /// Fetches pictures, several at a time, each written down as soon as it is done. Gives how many succeeded.
    async fn fetch(&mut self, search: &Search, jobs: VecDeque<Job>) -> Result<u64, CrawlError> {
        let (mut jobs, mut running, mut succeeded) = (jobs, JoinSet::new(), 0);
        loop {
            while running.len() < self.means.config.max_connections
                && let Some(job) = jobs.pop_front()
            {
                let downloader = self.means.downloader.clone();
                running.spawn(async move { (job.post.number, downloader.run(&job).await) });
            }
            let Some(joined) = running.join_next().await else { return Ok(succeeded) };
            let (number, done) = joined.map_err(|panic| Cause::Panic(panic.to_string()))?;
            succeeded += u64::from(self.write_down(search, number, &done?)?);
        }
    }

    /// Notes how a job ended; whether it brought a picture.
    fn write_down(&mut self, search: &Search, number: u64, done: &Done) -> Result<bool, CrawlError> {
        self.means.ledger.record(search, number, self.means.selection.variant, &done.outcome)?;
        self.silent = if done.site_silent { self.silent + 1 } else { 0 };
        self.tell(number, &done.outcome);
        match &done.outcome {
            Outcome::Ok(_) => Ok(true),
            Outcome::Failed { reason, .. } if self.silent >= MOST_SILENT => {
                Err(Cause::SiteDown { count: self.silent, reason: reason.clone() }.into())
            }
            _ => {
                self.tried.insert(number);
                Ok(false)
            }
        }
    }

    /// Counts an outcome, and tells of it.
    fn tell(&mut self, number: u64, outcome: &Outcome) {
        let post = self.id(number);
        let events = self.means.events;
        match outcome {
            Outcome::Ok(stored) => {
                self.pulse.pictures += 1;
                self.pulse.bytes += stored.bytes;
                self.pulse.left = self.pulse.left.saturating_sub(1);
                let (width, height) = stored.dimensions;
                let (file, bytes) = (&stored_file(stored), stored.bytes);
                events.tell(&Event::Picture {
                    post,
                    file,
                    sha256: stored.sha256,
                    bytes,
                    width,
                    height,
                    url: &stored.url,
                });
            }
            Outcome::Filtered { reason } => events.tell(&Event::Filtered { post, reason }),
            Outcome::Failed { reason, attempts, .. } => {
                self.pulse.failed += 1;
                events.tell(&Event::Failed { post, reason, attempts: *attempts });
            }
        }
        self.means.progress.note(&self.pulse.line(self.began.elapsed()));
        self.means.progress.advance(u64::from(matches!(outcome, Outcome::Ok(_))));
    }

    /// Forgets the pictures that do not lie whole on disk any more, so that they are fetched again. Gives how many.
    fn forget_lost(&mut self, search: &Search) -> Result<u64, CrawlError> {
        let (shelf, variant) = (&self.means.downloader.shelf, self.means.selection.variant);
        let mut lost = Vec::new();
        self.means.ledger.for_each_stored(search, variant, |number, stored| {
            if !shelf.has(&stored_file(stored), stored.bytes) {
                lost.push(number);
            }
        })?;
        if !lost.is_empty() {
            self.means.ledger.forget_stored(search, variant, &lost)?;
            self.means.events.tell(&Event::Lost { pictures: lost.len() as u64 });
        }
        Ok(lost.len() as u64)
    }

    fn id(&self, number: u64) -> PostId {
        PostId { site: self.means.config.site.clone(), number }
    }
}
