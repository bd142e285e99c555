//! A stand-in booru: it serves pictures, found or painted, the way Moebooru, Danbooru and Gelbooru sites do.
//!
//! It knows nothing of the crawler that it is there to try out, and shares no code with it.
//!
//! ```no_run
//! use mini_booru::{Catalogue, MiniBooru, Options};
//! let booru = MiniBooru::start(Catalogue::painted(1, 60)?, Options::default())?;
//! println!("{}/post.json", booru.url());
//! # Ok::<(), mini_booru::BooruError>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod catalogue;
mod connection;
mod danbooru;
mod dates;
mod dialect;
mod error;
mod fault;
mod gelbooru;
mod html;
mod log;
mod moebooru;
mod numbers;
pub mod painter;
mod path_class;
pub mod post;
mod query;
mod random;
mod range;
mod request;
mod response;
mod schedule;
mod server;
mod shift;
mod site;
mod variant;

pub use catalogue::{Catalogue, PassedOver};
pub use danbooru::DetailPages;
pub use dialect::Dialect;
pub use error::BooruError;
pub use fault::{Asked, Fault, Faults, NoFaults};
pub use log::{LoggedRequest, RequestLog};
pub use moebooru::pages::PreviewAddresses;
pub use path_class::PathClass;
pub use post::{Post, PostId, Rating, Status};
pub use schedule::{Rule, Schedule};
pub use server::{MiniBooru, Options};
pub use shift::Shift;
