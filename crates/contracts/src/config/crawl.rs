//! `[crawl]` and `[mini]`: booru to pictures.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::section::{BadValue, Validate, require, section};
use crate::id::{PostId, SiteName};

/// How posts are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Listing {
    /// The API, by id cursor: immune to posts that move while the crawl runs.
    Json,
    /// The list pages, as people see them.
    Html,
}

/// Which rendering of a picture is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// At most 300 px on the long side.
    Preview,
    /// At most 1500 px on the long side.
    Sample,
    /// As uploaded.
    Original,
}

impl Variant {
    /// Its name in pipeline.toml and in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Sample => "sample",
            Self::Original => "original",
        }
    }

    /// The variant of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Preview, Self::Sample, Self::Original].into_iter().find(|variant| variant.name() == name)
    }
}

section! {
    /// `[crawl]`: what is fetched, from where, and how gently.
    CrawlConfig in "crawl" {
        /// A row of the site table: konachan, konachan-com, yandere, danbooru, safebooru, gelbooru, safebooru-org, mini; or folder: pictures
        /// that lie in crawl.folder already.
        site: SiteName = SiteName::konachan(), Output;
        /// Replaces the site's own address: a mirror, a test server. Empty: the site's own.
        base_url: String = String::new(), Output;
        /// A folder or a tar of pictures that you have, for crawl.site = "folder"; docs/crawling.md says what metadata is read.
        folder: PathBuf = PathBuf::new(), Output, added;
        /// json: the API by id cursor; html: the list pages, as the tutorial walked them.
        listing: Listing = Listing::Json, Output;
        /// The search, in the site's own words.
        tags: String = "rating:s".into(), Output;
        /// Ratings to keep, in the site's own letters; checked here again, the site's filter is not trusted. On Danbooru s is
        /// sensitive, and what others call safe is g.
        ratings: Vec<String> = vec!["s".into()], Output;
        /// Posts with one of these tags are never fetched.
        opt_out_tags: Vec<String> = Vec::new(), Output;
        /// Posts by one of these authors are never fetched: names of those who posted them, or tags of artists.
        opt_out_authors: Vec<String> = Vec::new(), Output;
        /// These posts are never fetched: numbers on the site, or posts of any site as "konachan:123".
        opt_out_posts: Vec<String> = Vec::new(), Output;
        /// preview (at most 300 px), sample (at most 1500 px) or original.
        variant: Variant = Variant::Sample, Output;
        /// How many pictures to end with.
        max_posts: u64 = 8000, Extent;
        /// How many list pages to walk, html listing only; 0: no limit.
        max_pages: u64 = 0, Extent;
        /// Requests a second, of all kinds together.
        requests_per_second: f64 = 2.0, Runtime;
        /// Connections at a time; of these at most 5 for each host and first part of the path, such as /image.
        max_connections: usize = 4, Runtime;
        /// For how long a site may say nothing in the middle of an answer.
        read_timeout_seconds: f64 = 30.0, Runtime;
        /// An answer that comes more slowly than this for as long as the read timeout is given up; 0: any pace will do.
        min_bytes_per_second: u64 = 512, Runtime;
        /// Pictures with more pixels are not decoded: a small file can stand for more of them than fit into memory.
        max_megapixels: u64 = 200, Output;
    }
}

impl CrawlConfig {
    /// Whether the site is the stand-in booru, which paints its pictures from the seed.
    pub fn is_mini(&self) -> bool {
        self.site == SiteName::mini()
    }

    /// Whether there is no site, but a folder of pictures.
    pub fn is_folder(&self) -> bool {
        self.site == SiteName::folder()
    }
}

impl Validate for CrawlConfig {
    fn bad_values(&self) -> Vec<BadValue> {
        let web = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        let blank = |text: &str| text.trim().is_empty();
        let names_a_post = |text: &str| text.parse::<u64>().is_ok() || text.parse::<PostId>().is_ok();
        require! {
            "base_url": self.base_url.is_empty() || web(&self.base_url), "must start with http:// or https://";
            "folder": !self.is_folder() || !self.folder.as_os_str().is_empty(), "must name a folder or a tar where crawl.site is \"folder\"";
            "ratings": !self.ratings.is_empty(), "must name a rating at least, such as [\"s\"]";
            "opt_out_tags": !self.opt_out_tags.iter().any(|tag| blank(tag)), "must not hold an empty tag";
            "opt_out_authors": !self.opt_out_authors.iter().any(|author| blank(author)), "must not hold an empty name";
            "opt_out_posts": self.opt_out_posts.iter().all(|post| names_a_post(post)), "must hold numbers such as \"123\", or posts such as \"konachan:123\"";
            "max_posts": self.max_posts > 0, "must be above 0";
            "requests_per_second": self.requests_per_second > 0.0 && self.requests_per_second.is_finite(), "must be above 0";
            "max_connections": (1..=64).contains(&self.max_connections), "must be from 1 to 64";
            "read_timeout_seconds": self.read_timeout_seconds > 0.0 && self.read_timeout_seconds <= 3600.0, "must be above 0 and at most 3600";
            "max_megapixels": (1..=4096).contains(&self.max_megapixels), "must be from 1 to 4096";
        }
    }
}

section! {
    /// `[mini]`: the stand-in booru that `crawl.site = "mini"` starts.
    MiniConfig in "mini" {
        /// A folder of pictures to serve; empty: painted pictures.
        pictures: PathBuf = PathBuf::new(), Output;
        /// How many pictures to paint.
        count: u64 = 60, Output;
    }
}

impl Validate for MiniConfig {
    fn bad_values(&self) -> Vec<BadValue> {
        require! { "count": (1..=100_000).contains(&self.count), "must be from 1 to 100000"; }
    }
}
