//! One connection, from the request to the end of its answer.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use crate::{
    pace::Paced,
    request::{Method, Refusal, Request},
    response::{Body, Response},
    server::Shared,
};

/// How long a request may take to come: it is sent within this machine.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves a connection. What goes wrong with it is nobody's business but the browser's.
pub(crate) fn serve(stream: &TcpStream, shared: &Shared) {
    let _ = answer(stream, shared);
    let _ = stream.shutdown(Shutdown::Both);
}

fn answer(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = Deadline { stream, end: Instant::now() + REQUEST_TIMEOUT };
    let response = match request(&mut reader, stream, shared) {
        Ok(request) => (shared.handler)(&request),
        Err(Refusal::Answer(response)) => response,
        Err(Refusal::Gone) => return Ok(()),
    };
    let mut writer = Paced::new(stream);
    response.write_head(&mut writer)?;
    match response.body {
        Body::Whole(bytes) => writer.write_all(&bytes)?,
        Body::Shared(bytes) => writer.write_all(&bytes)?,
        Body::Events(subscription) => subscription.serve(&mut writer)?,
    }
    writer.flush()?;
    linger(stream)
}

/// A request that is for us: for this address, and with the token.
fn request(reader: &mut Deadline<'_>, stream: &TcpStream, shared: &Shared) -> Result<Request, Refusal> {
    let mut request = Request::read(reader)?;
    let refuse = |status, sentence| Err(Refusal::Answer(Response::refusal(status, sentence)));
    if !request.host.as_deref().is_some_and(|host| shared.is_own_host(host)) {
        return refuse(421, "this is not the address to ask at");
    }
    let (token, rest) = request.target.split_once('/').unwrap_or((&request.target, ""));
    if !shared.token.is(token) {
        return refuse(404, "there is nothing here");
    }
    request.target = rest.to_owned();
    if request.method == Method::Post {
        if !shared.takes_posts {
            return refuse(405, "nothing can be changed here");
        }
        // Addresses with their tokens are copied and logged: a page that got hold of one still changes nothing.
        if request.origin.as_deref().is_some_and(|origin| !shared.is_own_origin(origin)) {
            return refuse(403, "only the page itself changes something here");
        }
        if request.expects_continue {
            Paced::new(stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        request.read_body(reader)?;
    }
    Ok(request)
}

/// Takes what is still sent, for a moment: closing with bytes unread would have the system throw the answer away.
fn linger(stream: &TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    let mut reader = Deadline { stream, end: Instant::now() + Duration::from_millis(500) };
    let mut ignored = [0; 4096];
    while reader.read(&mut ignored).is_ok_and(|count| count > 0) {}
    Ok(())
}

/// Reads until a moment, however the bytes trickle in.
struct Deadline<'a> {
    stream: &'a TcpStream,
    end: Instant,
}

impl Read for Deadline<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut stream = self.stream;
        // Unix calls a timeout a read that would block.
        stream.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
            _ => error,
        })
    }
}
