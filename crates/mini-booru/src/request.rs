//! Requests as they come over the wire.

use std::io::{self, Read};

use crate::address::percent_decoded;

/// Heads longer than this are refused.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// Bodies are read and thrown away up to this length.
const MAX_BODY_BYTES: usize = 1 << 20;

/// A request's first line and headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// `GET`, `HEAD` or whatever was sent.
    pub(crate) method: String,
    /// Path and query as sent.
    pub(crate) target: String,
    /// Names in lower case, with their values.
    pub(crate) headers: Vec<(String, String)>,
    keep_alive_by_default: bool,
}

/// Why no request could be read.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// The client has closed the connection, or said nothing for too long.
    Closed,
    /// What came is not HTTP.
    Malformed,
    /// The head is longer than the server takes.
    TooLong,
}

impl Request {
    /// The path, decoded, without the query.
    pub(crate) fn path(&self) -> String {
        percent_decoded(self.target.split('?').next().unwrap_or_default())
    }

    /// What follows the question mark.
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The same request with another query.
    pub(crate) fn with_query(&self, query: &str) -> Self {
        let path = self.target.split('?').next().unwrap_or_default();
        Self { target: format!("{path}?{query}"), ..self.clone() }
    }

    /// The first header of that name, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the client wants to use the connection again.
    pub(crate) fn keeps_alive(&self) -> bool {
        let said =
            |word: &str| self.header("connection").is_some_and(|value| value.to_ascii_lowercase().contains(word));
        if self.keep_alive_by_default { !said("close") } else { said("keep-alive") }
    }

    fn body_length(&self) -> Result<usize, RequestError> {
        if self.header("transfer-encoding").is_some() {
            return Err(RequestError::Malformed);
        }
        let length = self.header("content-length").map_or(Ok(0), str::parse).map_err(|_| RequestError::Malformed)?;
        if length > MAX_BODY_BYTES { Err(RequestError::TooLong) } else { Ok(length) }
    }

    fn parse(head: &[u8]) -> Result<Option<(Self, usize)>, RequestError> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(length) = parsed.parse(head).map_err(|_| RequestError::Malformed)? else {
            return Ok(None);
        };
        let headers = parsed
            .headers
            .iter()
            .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).trim().to_owned()))
            .collect();
        let request = Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            target: parsed.path.unwrap_or_default().to_owned(),
            headers,
            keep_alive_by_default: parsed.version == Some(1),
        };
        Ok(Some((request, length)))
    }
}

/// Reads request after request from one connection.
pub(crate) struct RequestReader<R> {
    from: R,
    pending: Vec<u8>,
}

impl<R: Read> RequestReader<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from, pending: Vec::new() }
    }

    /// The next request; its body, if it has one, is passed over.
    pub(crate) fn next(&mut self) -> Result<Request, RequestError> {
        loop {
            if let Some((request, length)) = Request::parse(&self.pending)? {
                let end = length + request.body_length()?;
                while self.pending.len() < end {
                    self.read_more()?;
                }
                self.pending.drain(..end);
                return Ok(request);
            }
            if self.pending.len() > MAX_HEAD_BYTES {
                return Err(RequestError::TooLong);
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> Result<(), RequestError> {
        let mut chunk = [0; 4096];
        loop {
            match self.from.read(&mut chunk) {
                Ok(0) => return Err(RequestError::Closed),
                Ok(length) => {
                    self.pending.extend_from_slice(&chunk[..length]);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(RequestError::Closed),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(wire: impl Read) -> Vec<Result<Request, String>> {
        let mut reader = RequestReader::new(wire);
        let mut all = Vec::new();
        loop {
            match reader.next() {
                Ok(request) => all.push(Ok(request)),
                Err(RequestError::Closed) => return all,
                Err(other) => {
                    all.push(Err(format!("{other:?}")));
                    return all;
                }
            }
        }
    }

    #[test]
    fn requests_follow_one_another() {
        let wire = b"GET /image/a%20b?x=%31 HTTP/1.1\r\nHost: h\r\nRange: bytes=1-\r\n\r\n\
            HEAD /two HTTP/1.0\r\nContent-Length: 3\r\n\r\nabcGET /three HTTP/1.1\r\nConnection: close\r\n\r\n";
        let requests: Vec<Request> = read(wire.as_slice()).into_iter().map(|request| request.unwrap()).collect();
        assert_eq!(requests.len(), 3);
        assert_eq!((requests[0].path().as_str(), requests[0].query()), ("/image/a b", "x=%31"));
        assert_eq!(requests[0].header("range"), Some("bytes=1-"));
        let alive: Vec<_> = requests.iter().map(Request::keeps_alive).collect();
        assert_eq!(alive, [true, false, false]);
    }

    #[test]
    fn nonsense_is_refused() {
        let check = |wire: &[u8], expected: &str| {
            let last = read(wire).pop();
            assert_eq!(last, Some(Err(expected.to_owned())));
        };
        check(b"hello there\r\n\r\n", "Malformed");
        check(b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n", "Malformed");
        check(b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "Malformed");
        check(format!("GET /{} HTTP/1.1\r\n", "a".repeat(40_000)).as_bytes(), "TooLong");
        check(b"GET / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", "TooLong");
    }

    proptest! {
        #[test]
        fn any_bytes_end_somehow(wire in proptest::collection::vec(any::<u8>(), 0..2000)) {
            read(wire.as_slice());
        }

        #[test]
        fn the_pieces_that_bytes_come_in_change_nothing(wire in nearly_requests(), piece in 1usize..40) {
            prop_assert_eq!(read(InPieces(&wire, piece)), read(wire.as_slice()));
        }
    }

    /// Requests, and what goes wrong with them: parts that fit together often enough.
    fn nearly_requests() -> impl Strategy<Value = Vec<u8>> {
        let parts = [
            "GET / HTTP/1.1\r\n",
            "HEAD /image/%41?x=1 HTTP/1.0\r\n",
            "GET",
            " ",
            "/",
            " HTTP/1.1",
            "\r\n",
            "\r\n\r\n",
            "Host: mini\r\n",
            "Range: bytes=1-\r\n",
            "Connection: close\r\n",
            "Content-Length: 5\r\n",
            "Content-Length: -1\r\n",
            "Transfer-Encoding: chunked\r\n",
            "12345",
            "\n",
            "\0",
            "\u{e9}: \u{e9}\r\n",
        ];
        proptest::collection::vec(proptest::sample::select(parts.to_vec()), 0..24)
            .prop_map(|parts| parts.concat().into_bytes())
    }

    struct InPieces<'a>(&'a [u8], usize);

    impl Read for InPieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len());
            self.0.read(&mut buffer[..length])
        }
    }
}
