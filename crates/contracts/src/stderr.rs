//! The one way to stderr: what a program tells people.

use std::{
    fmt,
    io::{self, Write as _},
};

/// Tells people something, as `eprintln!` does; but where nobody listens any more, that is no reason to stop.
#[macro_export]
macro_rules! tell {
    ($($argument:tt)*) => {
        $crate::stderr::line(format_args!($($argument)*))
    };
}

/// Writes a line; one that cannot be written is lost.
pub fn line(text: fmt::Arguments<'_>) {
    // At once, so that the lines of two programs do not mix.
    write(&format!("{text}\n"));
}

/// Writes a text as it is; one that cannot be written is lost.
pub fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
