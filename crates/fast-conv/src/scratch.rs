//! Memory that the passes write into, kept from one call to the next.

use std::{cell::RefCell, sync::Mutex};

use crate::simd::LANES;

/// One cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; LANES]);

/// A buffer of floats, aligned to cache lines and given back to a pool when dropped, so that a training loop's second
/// step allocates nothing here. Its contents are whatever was there.
#[derive(Debug)]
pub(crate) struct Scratch(Vec<Line>);

static POOL: Mutex<Vec<Vec<Line>>> = Mutex::new(Vec::new());

impl Scratch {
    /// A buffer of at least `length` floats.
    pub(crate) fn new(length: usize) -> Self {
        let lines = length.div_ceil(LANES);
        let mut buffer = from_pool(lines).unwrap_or_default();
        if buffer.len() < lines {
            // Not `resize`: that would copy the old contents.
            buffer = vec![Line([0.0; LANES]); lines];
        }
        Self(buffer)
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }
}

/// The smallest pooled buffer that is large enough, or else the largest one, to be replaced.
fn from_pool(lines: usize) -> Option<Vec<Line>> {
    let mut pool = POOL.lock().ok()?;
    let fitting = (0..pool.len()).filter(|&i| pool[i].len() >= lines).min_by_key(|&i| pool[i].len());
    let chosen = fitting.or_else(|| (0..pool.len()).max_by_key(|&i| pool[i].len()))?;
    Some(pool.swap_remove(chosen))
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Ok(mut pool) = POOL.lock() {
            pool.push(std::mem::take(&mut self.0));
        }
    }
}

thread_local! {
    static WORKSPACE: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// Calls with this thread's own workspace of `length` floats, whose contents are whatever was there.
pub(crate) fn with_workspace(length: usize, call: impl FnOnce(*mut f32)) {
    WORKSPACE.with_borrow_mut(|workspace| {
        let lines = length.div_ceil(LANES);
        if workspace.len() < lines {
            workspace.resize(lines, Line([0.0; LANES]));
        }
        call(workspace.as_mut_ptr().cast());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scratch_is_aligned_to_cache_lines() {
        assert_eq!(Scratch::new(100).as_mut_ptr() as usize % 64, 0);
    }
}
