//! What a browser asks for.

use std::io::{self, Read};

use crate::response::Response;

/// No head of a request may be longer: a browser's are below 2 kB.
pub const MAX_HEAD_BYTES: usize = 16 << 10;

/// No body may be longer: handlers take forms, not files.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// No request may have more header fields.
const MAX_FIELDS: usize = 64;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Something is to be shown.
    Get,
    /// Something is to be changed.
    Post,
}

/// A request that has passed the token and the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(crate) method: Method,
    /// The target behind the first slash, the query included.
    pub(crate) target: String,
    pub(crate) host: Option<String>,
    /// Where the page is from that sends it, as browsers say of all that changes something.
    pub(crate) origin: Option<String>,
    pub(crate) last_event: Option<u64>,
    pub(crate) content_length: usize,
    pub(crate) expects_continue: bool,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// What is to be done.
    pub fn method(&self) -> Method {
        self.method
    }

    /// What is asked for, behind the token and its slash, without the query: "" is the page itself.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// What follows the question mark, as it was sent; empty where there is none.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The number of the last event that the browser got before its connection broke, where it says so.
    pub fn last_event(&self) -> Option<u64> {
        self.last_event
    }

    /// What was sent along with a [`Method::Post`].
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Reads the head of a request.
    pub(crate) fn read(connection: &mut impl Read) -> Result<Self, Refusal> {
        let (head, rest) = read_head(connection)?;
        let mut request = parse(&head)?;
        if request.content_length > MAX_BODY_BYTES {
            return Err(Refusal::Answer(Response::refusal(413, "the body is too long")));
        }
        request.body = rest;
        Ok(request)
    }

    /// Reads the rest of the body, of which some came with the head.
    pub(crate) fn read_body(&mut self, connection: &mut impl Read) -> io::Result<()> {
        let read = self.body.len().min(self.content_length);
        self.body.resize(self.content_length, 0);
        connection.read_exact(&mut self.body[read..])
    }
}

/// A request that is not handed on.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The other side has gone, or is too slow: there is nobody to answer.
    Gone,
    /// It is told why.
    Answer(Response),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Answer(Response::refusal(408, "the request did not come in time")),
            _ => Self::Gone,
        }
    }
}

/// The bytes up to the empty line, and those that came after it.
fn read_head(connection: &mut impl Read) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
    let mut read = Vec::new();
    loop {
        let mut piece = [0; 2048];
        let count = connection.read(&mut piece)?;
        if count == 0 {
            return Err(Refusal::Gone);
        }
        // The end may lie across two pieces.
        let before = read.len().saturating_sub(3);
        read.extend_from_slice(&piece[..count]);
        let end = read[before..].windows(4).position(|window| window == b"\r\n\r\n").map(|end| before + end + 4);
        if end.unwrap_or(read.len()) > MAX_HEAD_BYTES {
            return Err(Refusal::Answer(Response::refusal(431, "the request's head is too long")));
        }
        if let Some(end) = end {
            let rest = read.split_off(end);
            return Ok((read, rest));
        }
    }
}

fn parse(head: &[u8]) -> Result<Request, Refusal> {
    let bad = |why| Refusal::Answer(Response::refusal(400, why));
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Refusal::Answer(Response::refusal(431, "the request has too many fields")));
        }
        _ => return Err(bad("this is no HTTP")),
    }
    let method = match parsed.method {
        Some("GET") => Method::Get,
        Some("POST") => Method::Post,
        _ => return Err(Refusal::Answer(Response::refusal(405, "only GET and POST are understood"))),
    };
    let target = parsed.path.and_then(|path| path.strip_prefix('/')).ok_or_else(|| bad("the target is no path"))?;
    let field = |name: &str| unique(parsed.headers, name).map_err(|()| bad("a field is there twice"));
    // Lengths are known beforehand, so that none can be smuggled in.
    if field("transfer-encoding")?.is_some() {
        return Err(Refusal::Answer(Response::refusal(411, "give the body's length")));
    }
    let length = field("content-length")?.map(|text| text.parse());
    Ok(Request {
        method,
        target: target.to_owned(),
        host: field("host")?.map(str::to_owned),
        origin: field("origin")?.map(str::to_owned),
        last_event: field("last-event-id")?.and_then(|text| text.parse().ok()),
        content_length: length.transpose().map_err(|_| bad("the body's length is no number"))?.unwrap_or(0),
        expects_continue: field("expect")?.is_some_and(|text| text.eq_ignore_ascii_case("100-continue")),
        body: Vec::new(),
    })
}

/// A field's value; two fields of one name are an error.
fn unique<'a>(fields: &[httparse::Header<'a>], name: &str) -> Result<Option<&'a str>, ()> {
    let mut named = fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        (Some(field), None) => std::str::from_utf8(field.value).map(|text| Some(text.trim())).map_err(drop),
        (Some(_), Some(_)) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Request, u16> {
        Request::read(&mut text.as_bytes()).map_err(|refusal| match refusal {
            Refusal::Gone => 0,
            Refusal::Answer(response) => response.status,
        })
    }

    #[test]
    fn a_request_is_its_target_host_and_length() {
        let request =
            read("POST /t/a?b=c HTTP/1.1\r\nHOST: 127.0.0.1:1\r\nContent-Length: 3\r\nLast-Event-ID: 7\r\n\r\nabc")
                .unwrap();
        assert_eq!((request.method(), request.path(), request.query()), (Method::Post, "t/a", "b=c"));
        assert_eq!((request.host.as_deref(), request.content_length), (Some("127.0.0.1:1"), 3));
        assert_eq!((request.last_event(), request.body()), (Some(7), &b"abc"[..]));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let check = |text: &str, expected: u16| assert_eq!(read(text).err(), Some(expected), "{text:.60}");
        check("", 0);
        check("GET / HTTP/1.1\r\nHost: a\r\n", 0);
        check("nonsense\r\n\r\n", 400);
        check("PUT / HTTP/1.1\r\n\r\n", 405);
        check("GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400);
        check("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);
        check("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400);
        check("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413);
        check("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411);
        check(&format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(MAX_HEAD_BYTES)), 431);
        check(&format!("GET / HTTP/1.1\r\n{}\r\n", "A: a\r\n".repeat(MAX_FIELDS + 1)), 431);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Request::read(&mut &bytes[..]);
        }

        #[test]
        fn pieces_of_any_length_make_the_same_request(cut in 1usize..60) {
            let text = b"GET /token/path HTTP/1.1\r\nHost: 127.0.0.1:80\r\nA: b\r\n\r\n";
            let (first, second) = text.split_at(cut.min(text.len()));
            let request = Request::read(&mut first.chain(second)).unwrap();
            prop_assert_eq!(request.path(), "token/path");
        }
    }
}
