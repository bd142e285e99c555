//! Answers, and how they look on the wire.

use std::{sync::Arc, time::SystemTime};

use crate::{
    dates::{http_date, seconds_since_1970},
    html::error_page,
    range::{ByteRange, byte_range},
    request::Request,
};

/// A whole answer, before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    /// The status code of the first line.
    pub(crate) status: u16,
    /// Further headers; `Content-Length`, `Date`, `Server` and `Connection` are added when it is written.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, which a `HEAD` request is only told the length of.
    pub(crate) body: Body,
}

/// A body, or a part of a file that is shared.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    file: Arc<[u8]>,
    first: usize,
    end: usize,
}

impl Body {
    /// All of it.
    pub(crate) fn whole(file: Arc<[u8]>) -> Self {
        let end = file.len();
        Self { file, first: 0, end }
    }

    /// The bytes that are to be sent.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.file[self.first..self.end]
    }

    /// The file that the bytes are of.
    pub(crate) fn whole_file(&self) -> &[u8] {
        &self.file
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
        Self { status, headers: vec![("Content-Type".to_owned(), media_type.to_owned())], body }
    }

    /// An error's page.
    pub(crate) fn error(status: u16) -> Self {
        Self::html(status, error_page(status, reason(status)))
    }

    /// A file, or the part that the request asks for, or word that the client has it already.
    pub(crate) fn file(request: &Request, media_type: &str, entity_tag: &str, changed: u64, file: Arc<[u8]>) -> Self {
        let (tag, modified) = (format!("\"{entity_tag}\""), http_date(changed));
        let length = file.len();
        let answer = Self::of_type(200, media_type, Body::whole(file))
            .with_header("ETag", &tag)
            .with_header("Last-Modified", &modified)
            .with_header("Accept-Ranges", "bytes");
        if request.header("if-none-match").is_some_and(|held| held == tag || held == "*") {
            return Self { status: 304, body: String::new().into(), ..answer };
        }
        let still_the_same = request.header("if-range").is_none_or(|held| held == tag || held == modified);
        match request
            .header("range")
            .filter(|_| still_the_same)
            .map_or(ByteRange::Whole, |range| byte_range(range, length))
        {
            ByteRange::Whole => answer,
            ByteRange::Slice { first, last } => answer.sliced(first, last, length),
            ByteRange::Unsatisfiable => Self::unsatisfiable(length),
        }
    }

    fn sliced(mut self, first: usize, last: usize, length: usize) -> Self {
        self.status = 206;
        (self.body.first, self.body.end) = (first, last + 1);
        self.with_header("Content-Range", &format!("bytes {first}-{last}/{length}"))
    }

    /// The refusal of a range that a file of `length` bytes does not have.
    pub(crate) fn unsatisfiable(length: usize) -> Self {
        Self::error(416).with_header("Content-Range", &format!("bytes */{length}"))
    }

    /// The answer without this header.
    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(held, _)| !held.eq_ignore_ascii_case(name));
        self
    }

    /// The answer with this header, whatever it was before.
    pub(crate) fn with_header(self, name: &str, value: &str) -> Self {
        let mut answer = self.without_header(name);
        answer.headers.push((name.to_owned(), value.to_owned()));
        answer
    }

    /// The answer to a request for all of the file, were these its bytes.
    pub(crate) fn whole_with(mut self, bytes: Vec<u8>) -> Self {
        self.headers.retain(|(name, _)| name != "Content-Range");
        Self { status: 200, body: Body::whole(bytes.into()), ..self }
    }

    /// The header that says how long the body is.
    pub(crate) fn framing(&self) -> String {
        if self.status == 304 { String::new() } else { format!("Content-Length: {}\r\n", self.body.bytes().len()) }
    }

    /// The status line and all headers, up to and with the empty line; `framing` tells where the body ends.
    pub(crate) fn head(&self, keeps_alive: bool, framing: &str) -> String {
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nServer: mini-booru\r\nDate: {}\r\n",
            self.status,
            reason(self.status),
            http_date(seconds_since_1970(SystemTime::now()))
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(framing);
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
