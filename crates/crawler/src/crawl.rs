//! The run: list what is new, then go from the newest post to older ones until enough pictures lie on disk.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use contracts::{config::CrawlConfig, id::PostId, stage::Progress};
use tokio::task::JoinSet;

use crate::{
    address::Address,
    ahead::Ahead,
    download::{Done, Downloader, Job},
    error::{Cause, CrawlError},
    ledger::{Ledger, Member, Outcome, Search},
    listing::{Found, Walk},
    post::other_medium,
    selection::{Selection, Standing},
    tally::stored_file,
};

/// How many posts are looked at together.
const BATCH: usize = 512;
/// How many pictures in a row the site may fail to give before it is taken to be down.
const MOST_SILENT: usize = 12;
/// How often a run looks again for posts that came while it was at work.
const MOST_ROUNDS: usize = 10;

/// A crawl under way.
pub(crate) struct Run<'a> {
    pub(crate) address: &'a Address,
    pub(crate) config: &'a CrawlConfig,
    pub(crate) selection: &'a Selection,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) downloader: Arc<Downloader>,
    pub(crate) progress: &'a dyn Progress,
    /// Posts that failed in this run: they have had their tries.
    tried: HashSet<u64>,
    silent: usize,
    /// What was fetched in this run.
    pub(crate) fetched: Fetched,
    purpose: Purpose,
    ahead: Ahead,
}

/// What a run goes through the posts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To fetch their pictures.
    Fetch,
    /// To count what there is to fetch.
    Count,
}

/// What a run has fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// Pictures.
    pub(crate) pictures: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

impl<'a> Run<'a> {
    /// A run that has done nothing yet.
    pub(crate) fn new(
        address: &'a Address,
        config: &'a CrawlConfig,
        selection: &'a Selection,
        ledger: &'a mut Ledger,
        downloader: Arc<Downloader>,
        progress: &'a dyn Progress,
    ) -> Self {
        let (tried, silent, fetched) = (HashSet::new(), 0, Fetched::default());
        let (purpose, ahead) = (Purpose::Fetch, Ahead::default());
        Self { address, config, selection, ledger, downloader, progress, tried, silent, fetched, purpose, ahead }
    }

    /// Lists what is new and counts what a crawl would fetch; fetches no picture.
    ///
    /// # Errors
    /// When the site cannot be listed; what was listed is in the ledger.
    pub(crate) async fn survey(&mut self, search: Search) -> Result<Ahead, CrawlError> {
        self.purpose = Purpose::Count;
        let fetcher = self.downloader.fetcher.clone();
        let mut walk = Walk::new(&fetcher, self.address, self.config, search);
        self.progress.begin("listing", 0);
        walk.newer(self.ledger).await?;
        self.pass(&mut walk).await?;
        let listed = self.ledger.count_members(&walk.search)?;
        Ok(Ahead { listed, requests: fetcher.requests(), ..self.ahead })
    }

    /// Crawls until the newest posts that are wanted lie on disk, or have failed.
    ///
    /// # Errors
    /// When the site cannot be listed or the disk cannot be written; all that is finished is in the ledger.
    pub(crate) async fn crawl(&mut self, search: Search) -> Result<(), CrawlError> {
        let fetcher = self.downloader.fetcher.clone();
        let mut walk = Walk::new(&fetcher, self.address, self.config, search);
        self.progress.begin("crawling", 0);
        walk.newer(self.ledger).await?;
        for _ in 0..MOST_ROUNDS {
            self.pass(&mut walk).await?;
            if walk.newer(self.ledger).await? == Found::Nothing {
                break;
            }
        }
        Ok(())
    }

    /// Goes through the posts once, newest first, listing older ones when there are no more.
    async fn pass(&mut self, walk: &mut Walk<'_>) -> Result<(), CrawlError> {
        let (mut kept, mut before) = (0, None);
        while kept < self.selection.most {
            let batch = self.ledger.members_below(&walk.search, self.selection, before, BATCH)?;
            if batch.is_empty() {
                match walk.older(self.ledger).await? {
                    Found::Nothing => break,
                    // A list page brought posts that belong among those already passed: begin again.
                    Found::Posts(highest) if before.is_some_and(|before| highest >= Some(before)) => {
                        (kept, before, self.ahead) = (0, None, Ahead::default());
                    }
                    Found::Posts(_) => {}
                }
                continue;
            }
            let plan = self.plan(&walk.search, &batch, self.selection.most - kept)?;
            before = Some(plan.last);
            kept += plan.kept;
            kept += match self.purpose {
                Purpose::Fetch => self.fetch(&walk.search, plan.jobs).await?,
                Purpose::Count => self.count(&walk.search, &plan)?,
            };
        }
        Ok(())
    }

    /// Decides over posts in order, until `room` pictures are there or on their way.
    fn plan(&mut self, search: &Search, batch: &[Member], room: u64) -> Result<Plan, CrawlError> {
        let mut plan = Plan::default();
        for member in batch {
            if plan.kept + plan.jobs.len() as u64 == room {
                break;
            }
            plan.last = member.number;
            match self.selection.standing(member) {
                Standing::Ok(stored) if self.downloader.shelf.has(&stored_file(stored), stored.bytes) => plan.kept += 1,
                Standing::Ok(_) => plan.jobs.extend(self.job(search, member.number)?),
                Standing::Due { .. } if !self.tried.contains(&member.number) => {
                    plan.jobs.extend(self.job(search, member.number)?);
                }
                _ => {}
            }
        }
        Ok(plan)
    }

    /// The job of fetching a post's picture, or a note in the ledger why there is nothing to fetch.
    fn job(&mut self, search: &Search, number: u64) -> Result<Option<Job>, CrawlError> {
        let Some(post) = self.ledger.post(search, number)? else { return Ok(None) };
        let variant = self.selection.variant;
        let rendering = post.rendering(variant);
        let reason = match &rendering.url {
            None => format!("no {} listed", variant.name()),
            Some(recorded) => match (other_medium(recorded), self.address.live(recorded)) {
                (Some(medium), _) => format!("no picture: {medium}"),
                (None, Ok(url)) => return Ok(Some(Job::new(&post, self.id(number), variant, recorded, url))),
                (None, Err(_)) => "not on the site's own hosts".into(),
            },
        };
        self.ledger.record(search, number, variant, &Outcome::Filtered { reason })?;
        Ok(None)
    }

    /// Adds a batch to what lies ahead. Gives how many pictures it would bring.
    fn count(&mut self, search: &Search, plan: &Plan) -> Result<u64, CrawlError> {
        self.ahead.kept += plan.kept;
        for job in &plan.jobs {
            let post = self.ledger.post(search, job.post.number)?;
            let bytes = post.and_then(|post| post.rendering(self.selection.variant).bytes);
            self.ahead.pictures += 1;
            self.ahead.bytes += bytes.unwrap_or_default();
            self.ahead.of_unknown_length += u64::from(bytes.is_none());
        }
        Ok(plan.jobs.len() as u64)
    }

    /// Fetches pictures, several at a time, each written down as soon as it is done. Gives how many succeeded.
    async fn fetch(&mut self, search: &Search, jobs: VecDeque<Job>) -> Result<u64, CrawlError> {
        let (mut jobs, mut running, mut succeeded) = (jobs, JoinSet::new(), 0);
        loop {
            while running.len() < self.config.max_connections
                && let Some(job) = jobs.pop_front()
            {
                let downloader = self.downloader.clone();
                running.spawn(async move { (job.post.number, downloader.run(&job).await) });
            }
            let Some(joined) = running.join_next().await else { return Ok(succeeded) };
            let (number, done) = joined.map_err(|panic| Cause::Panic(panic.to_string()))?;
            succeeded += u64::from(self.write_down(search, number, &done?)?);
        }
    }

    /// Notes how a job ended; whether it brought a picture.
    fn write_down(&mut self, search: &Search, number: u64, done: &Done) -> Result<bool, CrawlError> {
        self.ledger.record(search, number, self.selection.variant, &done.outcome)?;
        self.silent = if done.site_silent { self.silent + 1 } else { 0 };
        match &done.outcome {
            Outcome::Ok(stored) => {
                self.fetched.pictures += 1;
                self.fetched.bytes += stored.bytes;
                self.progress.advance(1);
                Ok(true)
            }
            Outcome::Failed { reason, .. } if self.silent >= MOST_SILENT => {
                Err(Cause::SiteDown { count: self.silent, reason: reason.clone() }.into())
            }
            _ => {
                self.tried.insert(number);
                Ok(false)
            }
        }
    }

    fn id(&self, number: u64) -> PostId {
        PostId { site: self.config.site.clone(), number }
    }
}

/// What is to be done about a batch of posts.
#[derive(Default)]
struct Plan {
    /// Pictures that lie on disk already.
    kept: u64,
    /// Pictures to fetch.
    jobs: VecDeque<Job>,
    /// The last post that was decided over.
    last: u64,
}
