//! Answers, and how they look on the wire.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::fault::Sent;
use crate::http_date::http_date;
use crate::pages::error_page;
use crate::range::{Part, part};
use crate::request::Request;

/// A whole answer, before it is written.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Further headers; `Content-Length`, `Date`, `Server` and `Connection` are added when it is written.
    pub headers: Vec<(&'static str, String)>,
    /// The body, which a `HEAD` request is only told the length of.
    pub body: Body,
}

/// A body, or a part of a file that is shared.
#[derive(Debug, Clone)]
pub struct Body {
    file: Arc<[u8]>,
    first: usize,
    end: usize,
}

impl Body {
    /// All of it.
    pub fn whole(file: Arc<[u8]>) -> Self {
        let end = file.len();
        Self { file, first: 0, end }
    }

    /// The bytes to send.
    pub fn bytes(&self) -> &[u8] {
        &self.file[self.first..self.end]
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::whole(text.into_bytes().into())
    }
}

impl Response {
    /// A page.
    pub(crate) fn html(status: u16, page: String) -> Self {
        Self::of_type(status, "text/html; charset=utf-8", page.into())
    }

    /// A body of some media type.
    pub(crate) fn of_type(status: u16, media_type: &str, body: Body) -> Self {
        Self { status, headers: vec![("Content-Type", media_type.to_owned())], body }
    }

    /// An error's page.
    pub(crate) fn error(status: u16) -> Self {
        Self::html(status, error_page(status, reason(status)))
    }

    /// A file, or the part that the request asks for, or word that the client has it already.
    pub(crate) fn file(request: &Request, media_type: &str, entity_tag: &str, changed: u64, file: Arc<[u8]>) -> Self {
        let (tag, modified) = (format!("\"{entity_tag}\""), http_date(changed));
        let length = file.len();
        let mut answer = Self::of_type(200, media_type, Body::whole(file));
        answer.headers.extend([
            ("ETag", tag.clone()),
            ("Last-Modified", modified.clone()),
            ("Accept-Ranges", "bytes".to_owned()),
        ]);
        if request.header("if-none-match").is_some_and(|held| held == tag || held == "*") {
            return Self { status: 304, body: String::new().into(), ..answer };
        }
        let still_the_same = request.header("if-range").is_none_or(|held| held == tag || held == modified);
        match request.header("range").filter(|_| still_the_same).map_or(Part::Whole, |range| part(range, length)) {
            Part::Whole => answer,
            Part::Slice { first, last } => answer.sliced(first, last, length),
            Part::Unsatisfiable => {
                let mut refusal = Self::error(416);
                refusal.headers.push(("Content-Range", format!("bytes */{length}")));
                refusal
            }
        }
    }

    fn sliced(mut self, first: usize, last: usize, length: usize) -> Self {
        self.status = 206;
        self.headers.push(("Content-Range", format!("bytes {first}-{last}/{length}")));
        (self.body.first, self.body.end) = (first, last + 1);
        self
    }

    /// Writes the answer, and of its body so many bytes at most, onto a bare connection that is closed afterwards: for
    /// scripted faults that change an answer or cut it.
    ///
    /// # Errors
    /// What the connection says.
    pub fn write(&self, stream: &mut TcpStream, most: usize) -> io::Result<Sent> {
        let body = self.body.bytes();
        let part = &body[..most.min(body.len())];
        stream.write_all(self.head(false).as_bytes())?;
        stream.write_all(part)?;
        stream.flush()?;
        Ok(Sent { status: self.status, bytes: part.len() as u64 })
    }

    /// The status line and all headers, up to and with the empty line.
    pub(crate) fn head(&self, keeps_alive: bool) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nServer: mini-booru\r\nDate: {}\r\n",
            self.status,
            reason(self.status),
            http_date(now)
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.status != 304 {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.bytes().len()));
        }
        head.push_str(if keeps_alive { "Connection: keep-alive\r\n\r\n" } else { "Connection: close\r\n\r\n" });
        head
    }
}

/// The phrase that goes with a status code.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        416 => "Range Not Satisfiable",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::RequestReader;

    fn check(headers: &str, status: u16, body: &str) {
        let wire = format!("GET / HTTP/1.1\r\n{headers}\r\n");
        let request = RequestReader::new(wire.as_bytes()).next().unwrap();
        let answer = Response::file(&request, "image/png", "abc", 784_111_777, b"0123456789".as_slice().into());
        let text =
            if status == 416 { String::new() } else { String::from_utf8_lossy(answer.body.bytes()).into_owned() };
        assert_eq!((answer.status, text.as_str()), (status, body), "for {headers:?}");
    }

    #[test]
    fn files_are_given_whole_in_part_or_not_at_all() {
        check("", 200, "0123456789");
        check("Range: bytes=2-4\r\n", 206, "234");
        check("Range: bytes=8-\r\nIf-Range: \"abc\"\r\n", 206, "89");
        check("Range: bytes=8-\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 206, "89");
        check("Range: bytes=8-\r\nIf-Range: \"old\"\r\n", 200, "0123456789");
        check("Range: bytes=10-\r\n", 416, "");
        check("If-None-Match: \"abc\"\r\n", 304, "");
        check("If-None-Match: \"old\"\r\n", 200, "0123456789");
    }
}
