//! Ctrl-C, SIGTERM and the runner's end, turned into an interrupt.

use std::{
    io::{self, Read},
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use contracts::{Outcome, stage::Interrupt};

/// Whether a stop is told to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It is, as it may take a while.
    Told,
    /// It is not: it is how the program ends.
    Quiet,
}

/// Raises `interrupt` at the first signal, and leaves at once at the second.
pub(crate) fn listen(interrupt: &Arc<Interrupt>, stop_with_stdin: bool, manner: Manner) {
    let (raised, signalled) = (Arc::clone(interrupt), AtomicBool::new(false));
    let handler = move || {
        // Counted apart from the interrupt: Ctrl-C reaches the runner too, which then closes stdin.
        if signalled.swap(true, Ordering::Relaxed) {
            process::exit(Outcome::Interrupted.code().into());
        }
        if manner == Manner::Told {
            tracing::info!("stopping after the item in hand; once more to leave at once");
        }
        raised.raise();
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!("Ctrl-C will not stop cleanly: {error}");
    }
    if stop_with_stdin {
        let interrupt = Arc::clone(interrupt);
        thread::spawn(move || {
            // Nothing is ever sent: the read returns when the other end is gone.
            let _ = io::stdin().read(&mut [0]);
            interrupt.raise();
        });
    }
}
