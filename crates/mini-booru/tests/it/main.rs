//! The mini booru from outside: over the wire and as a program.
#![allow(clippy::unwrap_used, missing_docs)]

mod binary;
mod client;
mod danbooru;
mod faults;
mod gelbooru;
mod painting;
mod serving;
mod shapes;
