//! Listing: a search's posts, asked for page by page and written down with how far that brings the search.

mod batches;
mod by_number;
mod by_page;
mod changes;
mod client;
mod error;
mod found;
mod walk;

pub(crate) use batches::{Batches, Step};
pub(crate) use error::ListError;
pub(crate) use found::{Found, NewPosts};
pub(crate) use walk::Walk;
