//! Faults that a test may script: what goes wrong, and when.

mod answers;
mod bomb;
mod wire;

use std::{io, net::TcpStream};

use serde::Deserialize;

use crate::{path_class::PathClass, response::Response, shift::Shift};

/// What becomes of a request instead of what it asked for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// An error page of this status.
    Status {
        /// The status code of the error page.
        code: u16,
        /// The `Retry-After` header, as it stands; `+N` becomes the date N seconds from now.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// The page with status 403 that Cloudflare shows while it looks for a browser.
    Cloudflare,
    /// Status 302 to another address: another host, `/banned`.
    Redirect {
        /// What the `Location` header says.
        to: String,
    },
    /// Status 302 to the address that was asked for.
    RedirectLoop,
    /// Status 200 with a page, whatever was asked for.
    Html,
    /// Status 200 with a list that holds nothing.
    EmptyList,
    /// Status 200 with an object that tells of an error, where a list was due.
    ErrorObject,
    /// Whatever a test wants to be answered.
    Body {
        /// The status code.
        code: u16,
        /// What the `Content-Type` header says.
        media_type: String,
        /// The bytes of the answer.
        body: Vec<u8>,
    },
    /// The sound list of records with two more, in its middle, that have no number: `null`, and one whose id is null.
    OddEntries,
    /// The sound answer with one more header, or with another value of a header that it has: another
    /// `Content-Type`, `X-Robots-Tag: noai`.
    Header {
        /// The name of the header that is added or replaced.
        name: String,
        /// The value that it gets.
        value: String,
    },
    /// Status 200 and no byte.
    Empty,
    /// So many zero bytes behind the right ones, and counted in `Content-Length`.
    Oversize {
        /// How many bytes too many.
        by: usize,
    },
    /// One bit in the middle of the body is another: the length is right, the MD5 is not.
    Altered,
    /// A small PNG file that unpacks to a huge picture.
    Bomb,
    /// Where a range was asked for: status 206 with the whole file, said to begin at byte 0.
    WrongContentRange,
    /// Where a range was asked for: status 416.
    Unsatisfiable,
    /// The file as it would be had it changed: another `ETag`, so that no `If-Range` holds, and all of it.
    ChangedEntityTag,
    /// The right head, then only so many bytes of the body, then the end of the connection.
    Truncated {
        /// How much of the body is sent, at most.
        after: usize,
    },
    /// A `Content-Length` that is wrong by so many bytes; the body is whole, and the connection ends after it.
    WrongLength {
        /// More than there is, or less where it is negative.
        by: i64,
    },
    /// The body in chunks without the last, empty one; then the end of the connection.
    UnfinishedChunks,
    /// The body byte by byte.
    Drip {
        /// Milliseconds from one byte to the next.
        pause: u64,
    },
    /// The connection is closed in good order before anything is sent.
    Closed,
    /// The connection is reset before anything is sent.
    Reset,
    /// The site's posts change; the answer is sound, and shows them as they are then.
    Shift(Shift),
}

/// What went out, as the request log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The status code; 0 where no status line was sent.
    pub(crate) status: u16,
    /// How many bytes of the body went out.
    pub(crate) bytes: u64,
}

/// A request as the script of faults sees it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The request's method: `GET`, `HEAD`.
    pub method: &'a str,
    /// The decoded path, without the query.
    pub path: &'a str,
    /// Path and query as sent.
    pub target: &'a str,
    /// What the path leads to.
    pub class: PathClass,
    /// How many requests for this path have come, this one included.
    pub occurrence: u64,
    /// How many requests for paths of this class have come, this one included.
    pub in_class: u64,
}

/// Decides, once a request, whether something goes wrong. Closures over [`Asked`] are such deciders.
pub trait Faults: Send + Sync {
    /// The fault for this request, or none.
    fn fault(&self, asked: &Asked<'_>) -> Option<Fault>;
}

impl<F> Faults for F
where
    F: Fn(&Asked<'_>) -> Option<Fault> + Send + Sync,
{
    fn fault(&self, asked: &Asked<'_>) -> Option<Fault> {
        self(asked)
    }
}

/// A script under which nothing ever goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn fault(&self, _asked: &Asked<'_>) -> Option<Fault> {
        None
    }
}

/// What becomes of the answer.
pub(crate) enum FaultEffect {
    /// Another answer, sent in good order.
    Instead(Response),
    /// Bytes to send as they are, after which the connection is finished.
    Raw {
        /// The bytes, head included.
        wire: Vec<u8>,
        /// What they amount to in the log.
        sent: Sent,
    },
    /// Something went out, and the connection is finished.
    Finished(Sent),
}

impl Fault {
    /// Lets the fault happen to the sound `answer` to a request for `target`.
    pub(crate) fn happen(&self, stream: &mut TcpStream, target: &str, answer: Response) -> io::Result<FaultEffect> {
        match wire::effect(self, stream, &answer)? {
            Some(effect) => Ok(effect),
            None => Ok(FaultEffect::Instead(answers::instead(self, target, answer))),
        }
    }
}
