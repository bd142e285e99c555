//! Where the operands of the matrix products lie: `[position][block][row][16]`.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::sync::Mutex;

use crate::simd::LANES;

/// One cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; LANES]);

/// Room for floats, aligned to cache lines and given back to a pool when dropped, so that a training loop's second step
/// allocates nothing here. Its contents are whatever was there.
#[derive(Debug)]
pub(crate) struct Scratch(Vec<Line>);

static POOL: Mutex<Vec<Vec<Line>>> = Mutex::new(Vec::new());

impl Scratch {
    /// Room for at least `length` floats.
    pub(crate) fn new(length: usize) -> Self {
        let lines = length.div_ceil(LANES);
        let mut room = from_pool(lines).unwrap_or_default();
        if room.len() < lines {
            // Not `resize`: that would copy the old contents.
            room = vec![Line([0.0; LANES]); lines];
        }
        Self(room)
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
    static ROOM: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// Calls with this thread's own room for `length` floats, whose contents are whatever was there.
pub(crate) fn with_room(length: usize, call: impl FnOnce(*mut f32)) {
    ROOM.with_borrow_mut(|room| {
        let lines = length.div_ceil(LANES);
        if room.len() < lines {
            room.resize(lines, Line([0.0; LANES]));
        }
        call(room.as_mut_ptr().cast());
    });
}

/// A stack of matrices whose columns come in blocks of sixteen: value (position, row, column) lies at
/// `position · position_stride + (column / 16) · block_stride + row · 16 + column % 16`.
///
/// It is a pointer with strides, shared by the threads that fill different parts of it; whoever reads or writes
/// through it vouches that the place was given to this thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Domain {
    start: *mut f32,
    position_stride: usize,
    block_stride: usize,
}

// SAFETY: a Domain only carries an address; every access through it is unsafe and argued where it happens.
unsafe impl Send for Domain {}
// SAFETY: as above.
unsafe impl Sync for Domain {}

/// Positions lie at power-of-two distances in most networks, which would map all of them to one set of the caches.
const SKEW: usize = 5 * LANES;

impl Domain {
    /// Floats that a domain takes.
    pub(crate) fn length(positions: usize, blocks: usize, rows: usize) -> usize {
        positions * (blocks * rows * LANES + SKEW)
    }

    /// Lays a domain over scratch of at least [`Domain::length`] floats.
    pub(crate) fn over(scratch: &mut Scratch, blocks: usize, rows: usize) -> Self {
        let block_stride = rows * LANES;
        Self { start: scratch.as_mut_ptr(), position_stride: blocks * block_stride + SKEW, block_stride }
    }

    /// The sixteen floats at a position, block and row.
    ///
    /// # Safety
    /// All three lie inside the domain, and its scratch is alive.
    #[inline(always)]
    pub(crate) unsafe fn at(&self, position: usize, block: usize, row: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.start.add(position * self.position_stride + block * self.block_stride + row * LANES) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_do_not_overlap_and_fit() {
        let mut scratch = Scratch::new(Domain::length(3, 2, 5));
        let domain = Domain::over(&mut scratch, 2, 5);
        let mut starts = Vec::new();
        for position in 0..3 {
            for block in 0..2 {
                for row in 0..5 {
                    // SAFETY: inside the domain.
                    let place = unsafe { domain.at(position, block, row) };
                    starts.push((place as usize - domain.start as usize) / size_of::<f32>());
                }
            }
        }
        starts.sort_unstable();
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= LANES));
        assert!(starts[starts.len() - 1] + LANES <= Domain::length(3, 2, 5));
    }

    #[test]
    fn scratch_is_aligned_to_cache_lines() {
        assert_eq!(Scratch::new(100).as_mut_ptr() as usize % 64, 0);
    }
}
