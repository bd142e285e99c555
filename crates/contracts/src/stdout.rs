//! The one way to stdout: what a program answers, and nothing else.

use std::{
    fmt::Display,
    io::{self, Write},
    path::Path,
};

use crate::foreign;

/// An answer that could not be given.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to stdout: {0}")]
pub struct StdoutError(io::Error);

/// Writes a text and a line's end, at once. Where whoever reads has gone, nothing more is wanted: that is no error.
///
/// # Errors
/// When the text cannot be written: the disk that it goes to is full, say.
pub fn line(text: impl Display) -> Result<(), StdoutError> {
    write(&format!("{text}\n"))
}

/// Writes lines or JSON, in which words of [others](crate::foreign) steer no terminal.
///
/// # Errors
/// As [`line`].
pub fn write(text: &str) -> Result<(), StdoutError> {
    write_to(&mut io::stdout().lock(), &foreign::escaped_answer(text))
}

/// Writes a path of the user's own as it is: a script may open what it names.
///
/// # Errors
/// As [`line`].
pub fn path(path: &Path) -> Result<(), StdoutError> {
    write_to(&mut io::stdout().lock(), &format!("{}\n", path.display()))
}

fn write_to(stdout: &mut impl Write, text: &str) -> Result<(), StdoutError> {
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(StdoutError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_silence_and_a_full_disk_an_error() {
        assert!(write_to(&mut Failing(io::ErrorKind::BrokenPipe), "text").is_ok());
        let error = write_to(&mut Failing(io::ErrorKind::StorageFull), "text").unwrap_err();
        assert!(error.to_string().starts_with("cannot write to stdout: "), "{error}");
    }
}
