//! Faults below HTTP: done by hand on the bare connection, which the server closes afterwards.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Fault, Sent};
use crate::response::Response;

/// The body goes out in chunks of this length.
const CHUNK: usize = 1024;

/// Sends what the fault leaves of the answer; `None` where the fault is not one of these.
pub(super) fn sent(fault: &Fault, stream: &mut TcpStream, answer: &Response) -> io::Result<Option<Sent>> {
    let body = answer.body.bytes();
    let length = |length: usize| format!("Content-Length: {length}\r\n");
    let bytes = match fault {
        Fault::Closed => return Ok(Some(Sent { status: 0, bytes: 0 })),
        Fault::Reset => {
            reset(stream)?;
            return Ok(Some(Sent { status: 0, bytes: 0 }));
        }
        Fault::Truncated { after } => {
            let part = &body[..body.len().min(*after)];
            send(stream, answer, &length(body.len()), part)?;
            part.len()
        }
        Fault::WrongLength { by } => {
            send(stream, answer, &length(body.len().saturating_add_signed(*by as isize)), body)?;
            body.len()
        }
        Fault::UnfinishedChunks => {
            send(stream, answer, "Transfer-Encoding: chunked\r\n", &chunks(body))?;
            body.len()
        }
        Fault::Drip { pause } => {
            send(stream, answer, &length(body.len()), &[])?;
            drip(stream, body, Duration::from_millis(*pause))
        }
        _ => return Ok(None),
    };
    Ok(Some(Sent { status: answer.status, bytes: bytes as u64 }))
}

fn send(stream: &mut TcpStream, answer: &Response, framing: &str, body: &[u8]) -> io::Result<()> {
    stream.write_all(answer.head(false, framing).as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
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
fn reset(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
