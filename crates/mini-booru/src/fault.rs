//! Faults that a test may script: what goes wrong, and when.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use crate::pages::error_page;
use crate::response::{Response, reason};

/// What a request is answered with instead of what it asked for.
#[derive(Clone)]
pub enum Fault {
    /// An error page of this status.
    Status {
        /// The status code.
        code: u16,
        /// The `Retry-After` header, in either of its forms.
        retry_after: Option<String>,
    },
    /// The right head, then only so many bytes of the body, then the end of the connection.
    Truncated {
        /// How much of the body is sent, at most.
        after: usize,
    },
    /// The connection is closed in good order before anything is sent.
    Closed,
    /// The connection is reset before anything is sent.
    Reset,
    /// Status 200 with a page, whatever was asked for.
    Html,
    /// Anything else, done by hand on the bare connection, which is closed afterwards.
    Scripted(Script),
}

/// A fault done by hand: it has the connection and the answer that would have been given, and says what to log.
pub type Script = Arc<dyn Fn(&mut TcpStream, &Response) -> io::Result<Sent> + Send + Sync>;

/// What went out, as the request log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The status code; 0 where no status line was sent.
    pub status: u16,
    /// Bytes of the body.
    pub bytes: u64,
}

/// A request as the script of faults sees it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// `GET`, `HEAD`.
    pub method: &'a str,
    /// The decoded path, without the query.
    pub path: &'a str,
    /// Path and query as sent.
    pub target: &'a str,
    /// How many requests for this path have come, this one included.
    pub occurrence: u64,
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

/// Nothing goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn fault(&self, _asked: &Asked<'_>) -> Option<Fault> {
        None
    }
}

/// What becomes of the answer.
pub(crate) enum Outcome {
    /// Another answer, sent in good order.
    Instead(Response),
    /// Something went out, and the connection is finished.
    Over(Sent),
}

impl Fault {
    /// Lets the fault happen to `answer`.
    pub(crate) fn happen(&self, stream: &mut TcpStream, answer: &Response) -> io::Result<Outcome> {
        Ok(match self {
            Self::Status { code, retry_after } => {
                let mut response = Response::html(*code, error_page(*code, reason(*code)));
                response.headers.extend(retry_after.clone().map(|value| ("Retry-After", value)));
                Outcome::Instead(response)
            }
            Self::Html => {
                Outcome::Instead(Response::html(200, error_page(200, "Please wait while we check your browser")))
            }
            Self::Truncated { after } => Outcome::Over(answer.write(stream, *after)?),
            // The server closes the connection after any fault that is over.
            Self::Closed => Outcome::Over(Sent { status: 0, bytes: 0 }),
            Self::Reset => {
                reset(stream)?;
                Outcome::Over(Sent { status: 0, bytes: 0 })
            }
            Self::Scripted(script) => Outcome::Over(script(stream, answer)?),
        })
    }
}

/// With no time to linger, closing sends a reset; the server closes each connection after a fault like this.
pub(crate) fn reset(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO))
}
