//! A place to crawl into, and what must lie there afterwards.

use std::{collections::BTreeMap, fs, path::PathBuf};

use contracts::{
    Config, ContentHash, Context, Layout, Report, Stage,
    config::{Listing, Variant},
    id::SiteName,
    manifest,
    options::CrawlOptions,
    record::PictureRecord,
    stage::{Interrupt, Silent},
};
use crawler::{Crawl, CrawlError};
use mini_booru::{Catalogue, MiniBooru, Options, Rating, Status};
use tempfile::TempDir;

use crate::oracle::Held;

/// A folder with a configuration that crawls a mini booru.
pub(crate) struct Place {
    pub(crate) config: Config,
    pub(crate) interrupt: Interrupt,
    folder: TempDir,
}

impl Place {
    /// An empty place.
    pub(crate) fn new(url: &str) -> Self {
        let mut config = Config::default();
        config.crawl.site = SiteName::mini();
        config.crawl.base_url = url.into();
        config.crawl.requests_per_second = 100_000.0;
        Self { config, interrupt: Interrupt::default(), folder: tempfile::tempdir().unwrap() }
    }

    /// The same with other settings.
    pub(crate) fn with(url: &str, listing: Listing, variant: Variant) -> Self {
        let mut place = Self::new(url);
        place.config.crawl.listing = listing;
        place.config.crawl.variant = variant;
        place
    }

    /// The same for a booru that speaks Danbooru, crawled for what is general.
    pub(crate) fn danbooru(url: &str, listing: Listing, variant: Variant) -> Self {
        let mut place = Self::with(url, listing, variant);
        place.config.crawl.site = "danbooru".parse().unwrap();
        place.config.crawl.tags = "rating:g".into();
        place.config.crawl.ratings = vec!["g".into()];
        place
    }

    /// The same for a booru that speaks Gelbooru.
    pub(crate) fn gelbooru(url: &str, listing: Listing, variant: Variant) -> Self {
        let mut place = Self::danbooru(url, listing, variant);
        place.config.crawl.site = "gelbooru".parse().unwrap();
        place
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::new(self.folder.path(), &self.config.paths)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    pub(crate) fn try_crawl(&self) -> Result<Report, CrawlError> {
        self.run(&CrawlOptions::default())
    }

    pub(crate) fn run(&self, options: &CrawlOptions) -> Result<Report, CrawlError> {
        assert_eq!(Crawl::problems(&self.config), [""; 0]);
        let layout = self.layout();
        let context = Context { config: &self.config, layout: &layout, progress: &Silent, interrupt: &self.interrupt };
        Crawl::run(&context, options)
    }

    pub(crate) fn crawl(&self) -> Report {
        let report = self.try_crawl().unwrap();
        let dropped: u64 = report.dropped_in_all();
        assert_eq!(report.taken, report.kept + dropped, "the states add up: {report:?}");
        report
    }

    pub(crate) fn error(&self) -> String {
        self.try_crawl().unwrap_err().to_string()
    }

    /// The manifest's records, after a look at every file.
    pub(crate) fn records(&self) -> Vec<PictureRecord> {
        let layout = self.layout();
        let records = manifest::read::<PictureRecord>(&layout.raw_manifest()).unwrap().records;
        for record in &records {
            let path = layout.raw().join(&record.file);
            let bytes = fs::read(&path).unwrap();
            assert_eq!((ContentHash::of(&bytes), bytes.len() as u64), (record.sha256, record.bytes), "{record:?}");
            let picture = image::load_from_memory(&bytes).unwrap();
            // The decoder leaves pictures as they are stored.
            let stored = record.stored_sides.unwrap_or([record.width, record.height]);
            assert_eq!([picture.width(), picture.height()], stored);
        }
        assert_eq!(fs::read_dir(layout.raw_partial()).unwrap().count(), 0, "no half files");
        records
    }

    /// The bytes of each post's picture.
    pub(crate) fn held(&self) -> Held {
        let layout = self.layout();
        let bytes = |record: &PictureRecord| fs::read(layout.raw().join(&record.file)).unwrap();
        self.records().iter().map(|record| (record.post.number, bytes(record))).collect()
    }

    /// The sides of each post's picture.
    pub(crate) fn sides(&self) -> BTreeMap<u64, (u32, u32)> {
        self.records().iter().map(|record| (record.post.number, (record.width, record.height))).collect()
    }

    /// The post numbers of the manifest.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.records().iter().map(|record| record.post.number).collect()
    }
}

/// A booru of tiny pictures.
pub(crate) fn booru(seed: u64, count: usize) -> MiniBooru {
    MiniBooru::start(Catalogue::swatches(seed, count).unwrap(), Options::default()).unwrap()
}

/// The posts that a crawl of everything safe must end with, lowest first.
pub(crate) fn safe_posts(booru: &MiniBooru) -> Vec<u64> {
    let catalogue = booru.catalogue();
    let safe = |post: &&mini_booru::Post| post.rating == Rating::Safe && post.status == Status::Active;
    catalogue.posts().filter(safe).map(|post| post.id).collect()
}
