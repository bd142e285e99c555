//! Whole crawls against a booru on this machine: what is kept is what the site has, whatever happens on the way.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod agreement;
mod danbooru;
mod downloads;
mod events;
mod failures;
mod folder;
mod gelbooru;
mod manners;
mod media;
mod oracle;
mod place;
mod post_pages;
mod program;
mod questions;
mod refusals;
mod schedules;
mod sync;
mod tutorial;
