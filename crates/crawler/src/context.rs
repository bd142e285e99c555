//! What every part of a crawl works with.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use contracts::{
    Context, Layout,
    config::{CrawlConfig, Listing},
    id::PostId,
    record::PictureRecord,
    stage::{Interrupt, Progress},
    tombstone::Tombstones,
};

use crate::{
    address::{Address, MINI_VARIABLE},
    error::{Cause, CrawlError},
    event::{Event, Events},
    fetch::{Account, Fetcher},
    ledger::{Ledger, LedgerError, SearchKey, SearchState, Stored},
    reason::FilterReason,
    selection::Selection,
    site::{self, PostIds},
    store::PictureStore,
    tally::{Tally, stored_file},
};

/// A configuration's site, ledger and folders.
pub(crate) struct CrawlContext<'a> {
    /// The stage's own context.
    pub(crate) stage: &'a Context<'a>,
    /// The site at its address.
    pub(crate) address: Address,
    /// Which posts are wanted.
    pub(crate) selection: Selection,
    /// Takes the pictures.
    pub(crate) store: PictureStore,
    /// Knows what became of each post.
    pub(crate) ledger: Ledger,
    /// Tells programs what happens.
    pub(crate) events: Events,
}

impl<'a> CrawlContext<'a> {
    /// Opens the ledger, or makes one.
    ///
    /// # Errors
    /// When the configuration names no site, or what lies on disk cannot be used.
    pub(crate) fn open(stage: &'a Context<'a>, events: Events) -> Result<Self, CrawlError> {
        let config = &stage.config.crawl;
        let address = address(config)?;
        let ledger = Ledger::open(&stage.layout.ledger())?;
        let selection = Selection::of(config, Tombstones::read(stage.layout)?);
        Ok(Self { stage, address, selection, store: PictureStore::new(stage.layout), ledger, events })
    }

    /// `[crawl]`.
    pub(crate) fn config(&self) -> &'a CrawlConfig {
        &self.stage.config.crawl
    }

    /// Where things lie.
    pub(crate) fn layout(&self) -> &'a Layout {
        self.stage.layout
    }

    /// Tells people how far it is.
    pub(crate) fn progress(&self) -> &'a dyn Progress {
        self.stage.progress
    }

    /// The post of that number.
    pub(crate) fn post_id(&self, number: u64) -> PostId {
        PostId { site: self.config().site.clone(), number }
    }

    /// Finds or begins the search that the configuration asks for.
    ///
    /// # Errors
    /// When the ledger cannot be used.
    pub(crate) fn search(&mut self) -> Result<SearchState, LedgerError> {
        let (config, address) = (self.config(), self.address.identity());
        let site = self.address.site().name;
        self.ledger.search(&SearchKey { site, address: &address, listing: config.listing, tags: &config.tags })
    }

    /// The search, without what is not to be believed from one run to the next.
    ///
    /// # Errors
    /// When the ledger cannot be used.
    pub(crate) fn renewed_search(&mut self) -> Result<SearchState, LedgerError> {
        let mut search = self.search()?;
        if self.address.site().post_ids == PostIds::Reused {
            self.ledger.restart(&mut search)?;
        }
        self.ledger.forget_filtered(&search, FilterReason::RobotsTxt(String::new()).tag())?;
        if self.config().listing == Listing::Html && self.address.dialect().has_details_on_post_pages() {
            // An earlier version did not ask the pages of posts.
            self.ledger.forget_filtered(&search, FilterReason::NotListed(self.selection.variant).tag())?;
        }
        self.turn_upright(&search)?;
        Ok(search)
    }

    /// What makes the requests.
    ///
    /// # Errors
    /// When the account cannot be used, or the site still wants to be left alone.
    pub(crate) fn fetcher(&self, search: &SearchState) -> Result<Arc<Fetcher>, CrawlError> {
        let account = Account::from_environment(&self.address)?;
        let cooldown = self.ledger.cooldown(search);
        let fetcher = Fetcher::new(&self.address, account, self.config(), cooldown).map_err(Cause::Client)?;
        fetcher.respect_cooldown()?;
        Ok(Arc::new(fetcher))
    }

    /// Brings sides that an earlier version wrote down to the upright frame, each once.
    fn turn_upright(&mut self, search: &SearchState) -> Result<(), LedgerError> {
        let variant = self.selection.variant;
        let is_turned = |stored: &Stored| {
            let (width, height) = stored.dimensions;
            width != height && self.store.upright_sides(&stored_file(stored)) == Some((height, width))
        };
        let unknown = self.ledger.unknown_frames(search, variant)?;
        let looked_at: Vec<_> = unknown.iter().map(|(number, stored)| (*number, is_turned(stored))).collect();
        if looked_at.is_empty() { Ok(()) } else { self.ledger.set_upright(search, variant, &looked_at) }
    }

    /// Forgets the pictures that do not lie whole on disk any more, so that they are fetched again. Gives how many.
    ///
    /// # Errors
    /// When the ledger cannot be used.
    pub(crate) fn forget_lost(&mut self, search: &SearchState) -> Result<u64, LedgerError> {
        let (store, variant) = (&self.store, self.selection.variant);
        let mut lost = Vec::new();
        self.ledger.for_each_stored(search, variant, |number, stored| {
            if !store.has(&stored_file(stored), stored.bytes) {
                lost.push(number);
            }
        })?;
        if !lost.is_empty() {
            self.ledger.forget_stored(search, variant, &lost)?;
            self.events.emit(&Event::Lost { pictures: lost.len() as u64 });
        }
        Ok(lost.len() as u64)
    }

    /// How the search stands.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn tally(&self, search: &SearchState) -> Result<Tally, LedgerError> {
        Tally::of(&self.ledger, search, self.config(), &self.selection)
    }

    /// Calls with the record of each picture that the tally keeps, in the order of their posts, until `look` wants no more.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn for_each_record(
        &self,
        search: &SearchState,
        tally: &Tally,
        look: impl FnMut(PictureRecord) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        tally.for_each_record((&self.ledger, search), &self.address, self.config(), &self.selection, look)
    }
}

fn address(config: &CrawlConfig) -> Result<Address, CrawlError> {
    let site = site::find(&config.site).ok_or_else(|| Cause::NoSite { name: config.site.to_string() })?;
    let mini = std::env::var(MINI_VARIABLE).ok().filter(|address| !address.is_empty());
    Ok(Address::new(site, &config.base_url, mini.as_deref())?)
}

/// Brings some work to its end, or drops it when the user wants it to stop: what it has finished is in the ledger.
///
/// # Errors
/// When the work fails, or threads cannot be had.
pub(crate) fn until_interrupted<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = Result<T, CrawlError>>,
) -> Result<Option<T>, CrawlError> {
    let raised = async {
        while !interrupt.is_raised() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Cause::Runtime)?;
    runtime.block_on(async {
        tokio::select! {
            done = work => done.map(Some),
            () = raised => Ok(None),
        }
    })
}
