//! One connection, from its first request to its last.

use std::{
    io::{self, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::{
    fault::{FaultEffect, Sent},
    log::LoggedRequest,
    path_class::PathClass,
    request::{Request, RequestError, RequestReader},
    response::Response,
    server::Shared,
};

/// A connection that says nothing for so long is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection and what it is part of.
pub(crate) struct Connection<'a> {
    pub(crate) shared: &'a Shared,
    /// Its number among all connections, counted from 1.
    pub(crate) number: u64,
    /// The address of the other end.
    pub(crate) peer: SocketAddr,
    /// Whether it is one too many, to be turned away.
    pub(crate) over_limit: bool,
}

impl Connection<'_> {
    /// Answers request after request until either side has enough.
    pub(crate) fn run(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(IDLE_TIMEOUT))?;
        stream.set_write_timeout(Some(IDLE_TIMEOUT))?;
        let mut reader = RequestReader::new(stream.try_clone()?);
        loop {
            let request = match reader.next() {
                Ok(request) => request,
                Err(RequestError::Closed) => return Ok(()),
                Err(RequestError::Malformed) => return refuse(&mut stream, 400),
                Err(RequestError::TooLong) => return refuse(&mut stream, 431),
            };
            if !self.answer(&mut stream, &request)? {
                return Ok(());
            }
        }
    }

    /// Answers one request; false where the connection is finished.
    fn answer(&self, stream: &mut TcpStream, request: &Request) -> io::Result<bool> {
        let mut noted = self.note(request);
        if self.over_limit {
            self.send(stream, request, &Response::error(503), false, noted)?;
            return Ok(false);
        }
        let fault = self.shared.faults.fault(&self.shared.asked(request, &noted.path));
        let answer = self.shared.answer(request, fault.as_ref());
        let effect = match &fault {
            Some(fault) => fault.happen(stream, &request.target, answer),
            None => Ok(FaultEffect::Instead(answer)),
        };
        noted.fault = fault;
        match effect {
            Ok(FaultEffect::Instead(answer)) => {
                let keeps_alive = request.keeps_alive();
                self.send(stream, request, &answer, keeps_alive, noted).map(|()| keeps_alive)
            }
            Ok(FaultEffect::Raw { wire, sent }) => {
                self.log(noted, sent);
                stream.write_all(&wire).map(|()| false)
            }
            Ok(FaultEffect::Finished(sent)) => {
                self.log(noted, sent);
                Ok(false)
            }
            Err(cause) => {
                self.log(noted, NOTHING);
                Err(cause)
            }
        }
    }

    /// Sends an answer. It is logged just before the last of it goes out, so that no client has the whole answer
    /// while the log knows nothing of it.
    fn send(
        &self,
        stream: &mut TcpStream,
        request: &Request,
        answer: &Response,
        keeps_alive: bool,
        noted: LoggedRequest,
    ) -> io::Result<()> {
        let body = if request.method == "HEAD" { &[] } else { answer.body.bytes() };
        let (early, last) = body.split_at(body.len().saturating_sub(LAST_BYTES));
        let mut head = answer.head(keeps_alive, &answer.framing()).into_bytes();
        let begun = if early.is_empty() {
            head.extend_from_slice(last);
            Ok(())
        } else {
            stream.write_all(&head).and_then(|()| stream.write_all(early))
        };
        let sent = Sent { status: answer.status, bytes: body.len() as u64 };
        self.log(noted, if begun.is_ok() { sent } else { NOTHING });
        begun?;
        stream.write_all(if early.is_empty() { &head } else { last })
    }

    /// What is known of a request before it is answered.
    fn note(&self, request: &Request) -> LoggedRequest {
        let path = request.path();
        let started = Instant::now();
        let header = |name| request.header(name).map(str::to_owned);
        LoggedRequest {
            connection: self.number,
            open_connections: self.shared.open_connections().len(),
            peer: self.peer,
            method: request.method.clone(),
            class: PathClass::of(&path),
            path,
            target: request.target.clone(),
            range: header("range"),
            if_range: header("if-range"),
            user_agent: header("user-agent"),
            authorization: header("authorization"),
            cookie: header("cookie"),
            fault: None,
            status: NOTHING.status,
            bytes: NOTHING.bytes,
            started,
            ended: started,
        }
    }

    fn log(&self, noted: LoggedRequest, sent: Sent) {
        let Sent { status, bytes } = sent;
        self.shared.log.push(LoggedRequest { status, bytes, ended: Instant::now(), ..noted });
    }
}

/// What is logged where an answer could not be sent.
const NOTHING: Sent = Sent { status: 0, bytes: 0 };

/// The most that is held back until a request is logged.
const LAST_BYTES: usize = 4096;

fn refuse(stream: &mut TcpStream, status: u16) -> io::Result<()> {
    let answer = Response::error(status);
    stream.write_all(answer.head(false, &answer.framing()).as_bytes())?;
    stream.write_all(answer.body.bytes())
}
