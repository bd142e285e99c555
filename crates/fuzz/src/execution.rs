//! One input read.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    sync::Once,
    time::{Duration, Instant},
};

use crate::allocator;

/// What a reader said of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It was read.
    Accepted,
    /// It was refused, in these words.
    Refused(String),
    /// The reader panicked, at this place in these words.
    Panicked(String),
}

/// What came of reading an input.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) said: Said,
    /// The most bytes that were held at once.
    pub(crate) memory: usize,
    pub(crate) duration: Duration,
}

thread_local! {
    static LISTENS: Cell<bool> = const { Cell::new(false) };
    static HEARD: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Reads an input.
pub(crate) fn execute(read: &dyn Fn(&[u8]) -> Result<(), String>, input: &[u8]) -> Execution {
    hear_panics();
    LISTENS.set(true);
    let started = Instant::now();
    let (read, memory) = allocator::most_held(|| panic::catch_unwind(AssertUnwindSafe(|| read(input))));
    let duration = started.elapsed();
    LISTENS.set(false);
    let said = match read {
        Ok(Ok(())) => Said::Accepted,
        Ok(Err(words)) => Said::Refused(words),
        Err(_) => Said::Panicked(HEARD.take()),
    };
    Execution { said, memory, duration }
}

/// Panics of a reader are noted and not printed: there may be thousands of the same.
fn hear_panics() {
    static HEARING: Once = Once::new();
    HEARING.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if LISTENS.get() {
                HEARD.set(panic.to_string());
            } else {
                before(panic);
            }
        }));
    });
}
