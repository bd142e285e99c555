//! Serves pages to browsers on this machine, and to nobody else: plain threads over 127.0.0.1.
//!
//! Any page that a browser has open may send requests to this machine, and any user of it may connect. So the address carries a
//! random token, without which there is nothing; the `Host` must be the address itself, or a site could have its own name
//! resolve to 127.0.0.1 and read the answers; and a body is taken only by a handler that asks for it.
//!
//! ```no_run
//! use loopback::{Response, Server};
//!
//! let server = Server::start(|request: &loopback::Request| match request.path() {
//!     "" => Response::html("<!doctype html><title>Hello</title>"),
//!     _ => Response::not_found(),
//! })?;
//! let address = server.address();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Invariants: it knows nothing of what it serves; it listens on no other interface; a connection costs a thread, of which
//! there are no more than [`MAX_CONNECTIONS`]; nothing that is sent to it makes it hold more than [`MAX_HEAD_BYTES`] and
//! [`MAX_BODY_BYTES`] for a connection; who takes an answer too slowly loses the connection.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod channel;
mod connection;
mod pace;
mod policy;
mod request;
mod response;
mod server;
mod token;

pub use channel::{Channel, Subscription};
pub use policy::hash_source;
pub use request::{MAX_BODY_BYTES, MAX_HEAD_BYTES, Method, Request};
pub use response::Response;
pub use server::{MAX_CONNECTIONS, Server};
pub use token::Token;
