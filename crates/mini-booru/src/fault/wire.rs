//! Faults below HTTP: done by hand on the bare connection, which the server closes afterwards.

use std::{
    io::{self, Write},
    net::TcpStream,
    time::Duration,
};

use super::{Fault, FaultEffect, Sent};
use crate::response::Response;

/// The body goes out in chunks of this length.
const CHUNK: usize = 1024;

/// What the fault leaves of the answer; `None` where the fault is not one of these.
pub(super) fn effect(fault: &Fault, stream: &mut TcpStream, answer: &Response) -> io::Result<Option<FaultEffect>> {
    let body = answer.body.bytes();
    Ok(Some(match fault {
        Fault::Closed => NOTHING,
        Fault::Reset => {
            reset_when_closed(stream)?;
            NOTHING
        }
        Fault::Truncated { after } => raw(answer, body.len(), &body[..body.len().min(*after)]),
        Fault::WrongLength { by } => raw(answer, body.len().saturating_add_signed(*by as isize), body),
        Fault::UnfinishedChunks => {
            let head = answer.head(false, "Transfer-Encoding: chunked\r\n");
            let sent = Sent { status: answer.status, bytes: body.len() as u64 };
            FaultEffect::Raw { wire: [head.into_bytes(), chunks(body)].concat(), sent }
        }
        Fault::Drip { pause } => {
            stream.write_all(answer.head(false, &length(body.len())).as_bytes())?;
            // The last byte is left to the caller, who logs before it goes out.
            let (early, last) = body.split_at(body.len().saturating_sub(1));
            let sent = |bytes: usize| Sent { status: answer.status, bytes: bytes as u64 };
            match drip(stream, early, Duration::from_millis(*pause)) {
                bytes if bytes < early.len() => FaultEffect::Finished(sent(bytes)),
                _ => FaultEffect::Raw { wire: last.to_vec(), sent: sent(body.len()) },
            }
        }
        _ => return Ok(None),
    }))
}

const NOTHING: FaultEffect = FaultEffect::Finished(Sent { status: 0, bytes: 0 });

fn length(length: usize) -> String {
    format!("Content-Length: {length}\r\n")
}

/// A body under a `Content-Length` that need not be its own.
fn raw(answer: &Response, said: usize, body: &[u8]) -> FaultEffect {
    let wire = [answer.head(false, &length(said)).as_bytes(), body].concat();
    FaultEffect::Raw { wire, sent: Sent { status: answer.status, bytes: body.len() as u64 } }
}

fn chunks(body: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(body.len() + body.len() / 64 + 16);
    for chunk in body.chunks(CHUNK) {
        wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

/// How many bytes the client waited for.
fn drip(stream: &mut TcpStream, body: &[u8], pause: Duration) -> usize {
    for (sent, byte) in body.iter().enumerate() {
        if stream.write_all(&[*byte]).is_err() {
            return sent;
        }
        std::thread::sleep(pause);
    }
    body.len()
}

/// With no time to linger, closing sends a reset.
fn reset_when_closed(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
