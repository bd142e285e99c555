//! How long a browser may take for an answer: one that reads a byte now and then must not keep its place for good.

use std::{
    io::{self, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

/// How long a browser may take none of an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What it has to take a second on the average: a tunnel to another machine may be slow, but not slower.
const MIN_BYTES_PER_SECOND: u32 = 64 << 10;

/// The moment until which a browser has time, put off by what it takes.
#[derive(Clone, Copy, Debug)]
struct Deadline(Instant);

impl Deadline {
    fn from(now: Instant) -> Self {
        Self(now + PATIENCE)
    }

    fn put_off(&mut self, bytes: usize) {
        self.0 += Duration::from_secs_f64(bytes as f64 / f64::from(MIN_BYTES_PER_SECOND));
    }

    /// The time that is left, `None` where there is none.
    fn left(self, now: Instant) -> Option<Duration> {
        self.0.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

/// A connection that is given up when a browser takes an answer too slowly. What is flushed is an answer of its own: time spent on
/// waiting for the next event is nobody's delay.
pub(crate) struct Paced<'a> {
    stream: &'a TcpStream,
    deadline: Option<Deadline>,
}

impl<'a> Paced<'a> {
    pub(crate) fn new(stream: &'a TcpStream) -> Self {
        Self { stream, deadline: None }
    }
}

impl Write for Paced<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let now = Instant::now();
        let deadline = self.deadline.get_or_insert_with(|| Deadline::from(now));
        let left = deadline.left(now).ok_or(io::ErrorKind::TimedOut)?;
        self.stream.set_write_timeout(Some(left))?;
        let written = self.stream.write(bytes)?;
        deadline.put_off(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.deadline = None;
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_now_and_then_do_not_keep_a_place_and_a_steady_pace_does() {
        /// After how many seconds a browser is given up that takes so many bytes a second, or `None` where it has 10 MiB before.
        fn check(bytes_a_second: usize, expected: Option<u64>) {
            let began = Instant::now();
            let (mut deadline, mut taken) = (Deadline::from(began), 0);
            let end = (1..).find(|second| {
                taken += bytes_a_second;
                deadline.put_off(bytes_a_second);
                taken >= 10 << 20 || deadline.left(began + Duration::from_secs(*second)).is_none()
            });
            assert_eq!(end.filter(|_| taken < 10 << 20), expected, "{bytes_a_second}");
        }
        check(0, Some(20));
        check(1, Some(21));
        check(32 << 10, Some(40));
        check(64 << 10, None);
        check(10 << 20, None);
    }
}
