//! Booru to pictures: lists the posts of a site, fetches their pictures, and writes down what became of each.
//!
//! ```text
//! site ─dialect─▶ list ─▶ ledger ─selection─▶ crawl ─fetch─▶ store ─▶ tally ─▶ manifest
//! folder ─────────────────┘           └──────────────────────┘
//! ```
//!
//! Invariants: a picture has its final name only after it was found whole, by its MD5 or by decoding it to the end, and
//! is safe on disk; no more than a buffer of a file is in memory while it is fetched; the listing's
//! cursor is committed together with the posts that it covers, so that a run killed anywhere leaves no hole; no
//! address is asked that is not the site's own; no decision goes by a sentence.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod audit;
mod base_url;
mod context;
mod crawl;
mod dialect;
mod duration;
mod error;
mod event;
mod fetch;
mod folder;
mod forget;
mod ledger;
mod list;
mod plan;
mod post;
mod problems;
mod reason;
mod selection;
mod site;
mod stage;
mod store;
mod tally;
mod verify;

pub use error::CrawlError;
pub use stage::Crawl;
