//! What a shell may limit (`ulimit`), so that it ends no program without a word.

use std::{panic, thread};

use contracts::Outcome;

/// The stack that a program works on: what systems give unless told otherwise.
const STACK_BYTES: usize = 8 << 20;

/// Works on a thread of its own, whose stack is as large as it should be whatever `ulimit -s` says, and takes a file that
/// becomes longer than `ulimit -f` allows for an error of that file.
pub(crate) fn within<T: From<Outcome> + Send>(work: impl FnOnce() -> T + Send) -> T {
    ignore_long_files();
    contracts::stderr::tell_panics();
    thread::scope(|scope| match thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work) {
        Ok(worker) => worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic)),
        Err(error) => {
            contracts::tell!("error: the system gives no thread to work on: {error}");
            Outcome::Failed.into()
        }
    })
}

/// Without the signal, whose way is to end the process, the system answers the write with an error.
#[cfg(unix)]
fn ignore_long_files() {
    // SAFETY: no handler is installed, so no code of ours ever runs in a signal's context.
    #[allow(unsafe_code)]
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

#[cfg(not(unix))]
fn ignore_long_files() {}
