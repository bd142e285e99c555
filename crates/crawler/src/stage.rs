//! The stage: from a configuration and a site to pictures, a manifest and a report.

use contracts::{Config, Context, Report, Stage, StageId, options::CrawlOptions};

use crate::{
    audit,
    context::CrawlContext,
    crawl::{self, SyncMode},
    error::CrawlError,
    event::{Event, Events},
    folder, forget, plan, problems,
    verify::verify,
};

/// The crawl stage.
#[derive(Debug)]
pub struct Crawl;

impl Stage for Crawl {
    const ID: StageId = StageId::Crawl;
    type Error = CrawlError;
    type Options = CrawlOptions;

    fn is_misconfiguration(error: &CrawlError) -> bool {
        error.is_misconfiguration()
    }

    fn problems(config: &Config) -> Vec<String> {
        problems::of(&config.crawl)
    }

    fn answer(stage: &Context<'_>, options: &CrawlOptions) -> Result<String, CrawlError> {
        if let Some(draw) = options.verify {
            return verify(stage, draw);
        }
        let mut context = CrawlContext::open(stage, Events::Off)?;
        match stage.config.crawl.is_folder() {
            _ if options.audit => audit::audit(&mut context),
            true => folder::plan(&mut context),
            false => plan::plan(&mut context),
        }
    }

    fn run(stage: &Context<'_>, options: &CrawlOptions) -> Result<Report, CrawlError> {
        if !options.forget.is_empty() {
            return forget::forget(stage, &options.forget);
        }
        let events = if options.json { Events::Stdout } else { Events::Off };
        let sync = if options.sync { SyncMode::Changes } else { SyncMode::NewPosts };
        let report = CrawlContext::open(stage, events).and_then(|mut context| {
            if stage.config.crawl.is_folder() { folder::take(&mut context) } else { crawl::crawl(&mut context, sync) }
        });
        if let Err(error) = &report {
            events.emit(&Event::Stopped { reason: &error.to_string() });
        }
        report
    }
}
