//! The one way to stderr: what a program tells people.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    fmt,
    io::{self, Write as _},
    panic,
};

use crate::foreign;

/// Tells people something, as `eprintln!` does; but where nobody listens any more, that is no reason to stop, and words of
/// [others](crate::foreign) steer no terminal.
#[macro_export]
macro_rules! tell {
    ($($argument:tt)*) => {
        $crate::stderr::line(format_args!($($argument)*))
    };
}

/// Writes a line; one that cannot be written is lost.
pub fn line(text: fmt::Arguments<'_>) {
    // At once, so that the lines of two programs do not mix.
    self::text(&format!("{text}\n"));
}

/// Writes a text of one line or more; what cannot be written is lost.
pub fn text(text: &str) {
    write(&foreign::escaped(text));
}

/// Writes a line of the log, in which colours are ours.
pub fn log_line(line: &str) {
    write(&foreign::escaped_but_colours(line));
}

/// Has panics told as everything else is: a library may put what it was given into its words.
pub fn tell_panics() {
    panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        match backtrace.status() {
            BacktraceStatus::Captured => tell!("{panic}\n{backtrace}"),
            _ => tell!("{panic}"),
        }
    }));
}

fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
