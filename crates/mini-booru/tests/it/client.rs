//! A client that does no more than the tests need, and hides nothing.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A connection that is kept for several requests.
pub(crate) struct Connection {
    stream: TcpStream,
    pending: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(url: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(url.strip_prefix("http://").unwrap())?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream, pending: Vec::new() })
    }

    /// Sends a request and reads its answer. A body that ends before its length is an error.
    pub(crate) fn ask(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: mini\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.send(&format!("{head}\r\n"))?;
        self.answer(method == "HEAD")
    }

    pub(crate) fn send(&mut self, raw: &str) -> io::Result<()> {
        self.stream.write_all(raw.as_bytes())
    }

    pub(crate) fn answer(&mut self, without_body: bool) -> io::Result<Answer> {
        let end = loop {
            if let Some(end) = self.pending.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            self.read_more()?;
        };
        let head = String::from_utf8(self.pending.drain(..end + 4).collect()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        if !without_body {
            while self.pending.len() < length {
                self.read_more()?;
            }
            answer.body = self.pending.drain(..length).collect();
        }
        Ok(answer)
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 8192];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            length => {
                self.pending.extend_from_slice(&chunk[..length]);
                Ok(())
            }
        }
    }
}

/// One request over a connection of its own.
pub(crate) fn get(url: &str, target: &str) -> Answer {
    Connection::open(url).unwrap().ask("GET", target, &[]).unwrap()
}

/// The path of an absolute URL of the site.
pub(crate) fn path_of<'a>(site: &str, url: &'a str) -> &'a str {
    url.strip_prefix(site).unwrap_or_else(|| panic!("{url} is not of {site}"))
}
