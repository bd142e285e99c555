//! The stage: from a configuration and a site to pictures, a manifest and a report.

use std::{sync::Arc, time::Duration};

use contracts::{
    Config, Context, Report, Stage, StageId,
    config::{CrawlConfig, Listing},
    manifest::{self, Header},
    options::CrawlOptions,
    record::PictureRecord,
    report::State,
    stage::Interrupt,
    tombstone::Tombstones,
};
use tokio::sync::Semaphore;

use crate::{
    address::{Address, MINI_VARIABLE},
    audit,
    crawl::{Changes, Means, Run},
    download::Downloader,
    error::{Cause, CrawlError},
    event::{Event, Events},
    fetch::{Account, Fetcher},
    forget,
    ledger::{Changed, Ledger, Search, SearchKey},
    pulse::Pulse,
    selection::Selection,
    shelf::Shelf,
    site::{self, Flavour, Memory},
    tally::Tally,
};

/// The crawl stage.
#[derive(Debug)]
pub struct Crawl;

impl Stage for Crawl {
    const ID: StageId = StageId::Crawl;
    type Error = CrawlError;
    type Options = CrawlOptions;

    fn problems(config: &Config) -> Vec<String> {
        let Some(site) = site::find(&config.crawl.site) else {
            return vec![format!(
                "crawl.site: there is no site {:?}; the sites are {}",
                config.crawl.site.as_str(),
                site::names()
            )];
        };
        let mut problems = unknown_ratings(&config.crawl, site.flavour);
        problems.extend(foreign_terms(&config.crawl));
        problems
    }

    fn answer(context: &Context<'_>, options: &CrawlOptions) -> Result<String, CrawlError> {
        let config = &context.config.crawl;
        let mut desk = Desk::open(context)?;
        let mut search = desk.search(config)?;
        if options.audit {
            let tally = Tally::of(&desk.ledger, &search, &desk.address, config, &desk.selection)?;
            return audit::audit(context, &desk.ledger, &search, &tally);
        }
        desk.renew(&mut search)?;
        let fetcher = desk.fetcher(config, &search)?;
        let mut run = desk.crawl(context, &fetcher, Events::Untold);
        let ahead = until_interrupted(context.interrupt, run.survey(search))?.ok_or(Cause::Interrupted)?;
        Ok(ahead.table(config))
    }

    fn run(context: &Context<'_>, options: &CrawlOptions) -> Result<Report, CrawlError> {
        if !options.forget.is_empty() {
            return forget::forget(context, &options.forget);
        }
        let events = if options.json { Events::Stdout } else { Events::Untold };
        let changes = if options.sync { Changes::Followed } else { Changes::Left };
        let report = crawl(context, changes, events);
        match &report {
            Ok(report) => events.tell(&ended(report)),
            Err(error) => events.tell(&Event::Stopped { reason: &error.to_string() }),
        }
        report
    }
}

fn crawl(context: &Context<'_>, changes: Changes, events: Events) -> Result<Report, CrawlError> {
    let config = &context.config.crawl;
    let mut desk = Desk::open(context)?;
    if changes == Changes::Followed {
        desk.expect_changes(config.listing)?;
    }
    desk.shelf.prepare()?;
    let mut search = desk.search(config)?;
    desk.renew(&mut search)?;
    let fetcher = desk.fetcher(config, &search)?;
    events.tell(&Event::begun(config, &desk.address.identity()));
    let mut run = desk.crawl(context, &fetcher, events);
    let ended = until_interrupted(context.interrupt, run.crawl(search, changes))?;
    let (pulse, changed) = (run.pulse, run.changed);
    desk.shelf.settle()?;
    let search = desk.search(config)?;
    let tally = Tally::of(&desk.ledger, &search, &desk.address, config, &desk.selection)?;
    let mut report = report(&tally, pulse, changed, &fetcher);
    report.warnings.extend(sensitive_taken_for_safe(config, desk.address.site().flavour));
    match ended {
        None => report.state = State::Interrupted,
        Some(()) => {
            desk.shelf.clear_partial()?;
            tally.demand_something(config)?;
            report.output = Some(publish(context, tally.records)?);
        }
    }
    Ok(report)
}

/// What a crawl works with.
struct Desk {
    address: Address,
    selection: Selection,
    shelf: Shelf,
    ledger: Ledger,
}

impl Desk {
    fn open(context: &Context<'_>) -> Result<Self, CrawlError> {
        let config = &context.config.crawl;
        let address = address(config)?;
        let ledger = Ledger::open(&context.layout.ledger())?;
        let selection = Selection::of(config, Tombstones::read(context.layout)?);
        Ok(Self { address, selection, shelf: Shelf::new(context.layout), ledger })
    }

    /// Whether the site tells what it changes.
    fn expect_changes(&self, listing: Listing) -> Result<(), Cause> {
        let site = self.address.site();
        match listing {
            Listing::Html => Err(Cause::SyncByPages),
            Listing::Json if !site.flavour.tells_changes() => Err(Cause::NoChanges { site: site.name }),
            Listing::Json => Ok(()),
        }
    }

    fn search(&mut self, config: &CrawlConfig) -> Result<Search, CrawlError> {
        let (site, address) = (self.address.site().name, self.address.identity());
        Ok(self.ledger.search(&SearchKey { site, address: &address, listing: config.listing, tags: &config.tags })?)
    }

    /// Drops what is not to be believed from one run to the next.
    fn renew(&mut self, search: &mut Search) -> Result<(), CrawlError> {
        if self.address.site().memory == Memory::Fresh {
            self.ledger.restart(search)?;
        }
        Ok(self.ledger.forget_refusals(search)?)
    }

    /// What makes the requests; an error while the site wants to be left alone.
    fn fetcher(&self, config: &CrawlConfig, search: &Search) -> Result<Arc<Fetcher>, CrawlError> {
        let account = Account::from_environment(&self.address)?;
        let cooldown = self.ledger.cooldown(search);
        let fetcher = Fetcher::new(&self.address, account, config, cooldown).map_err(Cause::Client)?;
        fetcher.respect_cooldown()?;
        Ok(Arc::new(fetcher))
    }

    fn crawl<'a>(&'a mut self, context: &'a Context<'_>, fetcher: &Arc<Fetcher>, events: Events) -> Run<'a> {
        let decoders = Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));
        let config = &context.config.crawl;
        let downloader = Arc::new(Downloader {
            fetcher: fetcher.clone(),
            shelf: self.shelf.clone(),
            decoders,
            most_pixels: config.max_megapixels * 1_000_000,
        });
        Run::new(Means {
            address: &self.address,
            config,
            selection: &self.selection,
            ledger: &mut self.ledger,
            downloader,
            progress: context.progress,
            events,
        })
    }
}

fn address(config: &CrawlConfig) -> Result<Address, CrawlError> {
    let site = site::find(&config.site).ok_or_else(|| Cause::NoSite { name: config.site.to_string() })?;
    let mini = std::env::var(MINI_VARIABLE).ok().filter(|address| !address.is_empty());
    Ok(Address::new(site, &config.base_url, mini.as_deref())?)
}

/// Runs a crawl to its end, or drops it when the user wants it to stop: what it has finished is in the ledger.
fn until_interrupted<T>(
    interrupt: &Interrupt,
    crawl: impl Future<Output = Result<T, CrawlError>>,
) -> Result<Option<T>, CrawlError> {
    let raised = async {
        while !interrupt.is_raised() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Cause::Runtime)?;
    runtime.block_on(async {
        tokio::select! {
            ended = crawl => ended.map(Some),
            () = raised => Ok(None),
        }
    })
}

fn report(tally: &Tally, pulse: Pulse, changed: Changed, fetcher: &Fetcher) -> Report {
    let mut report = Report::new(StageId::Crawl);
    report.taken = tally.listed;
    report.kept = tally.records.len() as u64;
    report.dropped = tally.dropped();
    report.failed = tally.failed;
    report.bytes = pulse.bytes;
    let changes = changed.updated + changed.joined + changed.left;
    let figures = [("pictures_fetched", pulse.pictures), ("posts_changed", changes), ("requests", fetcher.requests())];
    report.figures.extend(figures.map(|(name, count)| (name.to_owned(), count as f64)));
    if tally.given_up > 0 {
        let given_up = tally.given_up;
        let warning = format!(
            "{given_up} pictures were tried often enough and are not asked for again; what came instead of some lies in data/raw/quarantine"
        );
        report.warnings.push(warning);
    }
    report
}

fn ended(report: &Report) -> Event<'_> {
    let count = |name: &str| report.figures.get(name).map_or(0, |count| *count as u64);
    Event::Ended {
        state: report.state,
        listed: report.taken,
        kept: report.kept,
        dropped: &report.dropped,
        pictures: count("pictures_fetched"),
        bytes: report.bytes,
        requests: count("requests"),
    }
}

fn publish(context: &Context<'_>, mut records: Vec<PictureRecord>) -> Result<contracts::ContentHash, CrawlError> {
    let keys = context.config.output_keys(StageId::Crawl);
    let header = Header::new::<PictureRecord>(env!("CARGO_PKG_VERSION"), None, keys, context.config.seed());
    Ok(manifest::write(&context.layout.raw_manifest(), &header, &mut records)?)
}

fn unknown_ratings(config: &CrawlConfig, flavour: Flavour) -> Vec<String> {
    let known: Vec<&str> = flavour.ratings().iter().map(|rating| rating.letter).collect();
    let unknown = config.ratings.iter().filter(|rating| !known.contains(&rating.as_str()));
    let problem =
        |rating| format!("crawl.ratings: {} gives no rating {rating:?}; it gives {}", config.site, known.join(", "));
    unknown.map(problem).collect()
}

/// A configuration for other sites means something else on Danbooru.
fn sensitive_taken_for_safe(config: &CrawlConfig, flavour: Flavour) -> Option<String> {
    let has = |letter: &str| config.ratings.iter().any(|rating| rating == letter);
    let mistaken = flavour == Flavour::Danbooru && has("s") && !has("g");
    mistaken.then(|| {
        "crawl.ratings names \"s\", which is sensitive on Danbooru; \"g\" is what other sites call safe".to_owned()
    })
}

/// Search words that would turn the listing by post number into another one.
fn foreign_terms(config: &CrawlConfig) -> Vec<String> {
    let clashes = |word: &&str| ["order:", "id:", "limit:"].iter().any(|term| word.starts_with(term));
    let words = config.tags.split_whitespace().filter(|word| config.listing == Listing::Json && clashes(word));
    words
        .map(|word| {
            format!("crawl.tags: {word:?} clashes with the JSON listing, which goes by post number; leave it out, or set crawl.listing to \"html\"")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut CrawlConfig), expected: &[&str]) {
        let mut config = Config::default();
        change(&mut config.crawl);
        let problems = Crawl::problems(&config);
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, part) in problems.iter().zip(expected) {
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn what_the_site_cannot_do_is_said_before_it_is_asked() {
        check(|_| {}, &[]);
        check(
            |crawl| crawl.site = "nowhere".parse().unwrap(),
            &["the sites are konachan, konachan-com, yandere, danbooru, safebooru, mini"],
        );
        check(
            |crawl| crawl.ratings = vec!["s".into(), "g".into(), "x".into()],
            &["no rating \"g\"", "no rating \"x\""],
        );
        let danbooru = |crawl: &mut CrawlConfig| {
            crawl.site = "danbooru".parse().unwrap();
            crawl.ratings = vec!["g".into(), "s".into(), "safe".into()];
        };
        check(danbooru, &["danbooru gives no rating \"safe\"; it gives g, s, q, e"]);
        check(|crawl| crawl.tags = "solo order:score id:5".into(), &["order:score", "id:5"]);
        let by_pages = |crawl: &mut CrawlConfig| {
            crawl.tags = "order:score".into();
            crawl.listing = Listing::Html;
        };
        check(by_pages, &[]);
    }
}
