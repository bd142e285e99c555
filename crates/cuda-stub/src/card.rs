//! The properties of the card that is not there.

use std::{
    env,
    ffi::{CStr, c_int, c_uint},
    sync::LazyLock,
};

/// The card that the environment names.
pub(crate) static CARD: LazyLock<Card> = LazyLock::new(|| match env::var("CUDA_STUB_ARCHITECTURE").as_deref() {
    Ok("80") => {
        Card { name: c"NVIDIA A100 (stub)", architecture: (8, 0), shared_memory: 163 << 10, multiprocessors: 108 }
    }
    _ => Card { name: c"NVIDIA H100 (stub)", architecture: (9, 0), shared_memory: 227 << 10, multiprocessors: 132 },
});

/// A card, as far as kernels are written for it.
pub(crate) struct Card {
    pub(crate) name: &'static CStr,
    /// The compute capability.
    architecture: (c_int, c_int),
    /// Bytes of shared memory that a block can ask for.
    pub(crate) shared_memory: c_int,
    multiprocessors: c_int,
}

/// Threads of a block, in all and in each direction, and blocks of a grid in each.
const MAX_THREADS: c_int = 1024;
const MAX_BLOCK: [c_int; 3] = [1024, 1024, 64];
const MAX_GRID: [c_int; 3] = [c_int::MAX, 65_535, 65_535];

impl Card {
    /// Bytes of the card's memory: as much as a small host has twice, as what nobody writes to takes none.
    pub(crate) const MEMORY: usize = 32 << 30;

    /// One of CUdevice_attribute; those that nobody asks for are 0.
    pub(crate) fn attribute(&self, attribute: c_int) -> c_int {
        match attribute {
            1 => MAX_THREADS,
            2..=4 => MAX_BLOCK[(attribute - 2) as usize],
            5..=7 => MAX_GRID[(attribute - 5) as usize],
            8 => 48 << 10,
            10 => 32,
            16 => self.multiprocessors,
            75 => self.architecture.0,
            76 => self.architecture.1,
            97 => self.shared_memory,
            // Memory is allocated in the order of a stream.
            115 => 1,
            _ => 0,
        }
    }

    /// Whether it takes a launch of these sizes.
    pub(crate) fn launches(&self, grid: [c_uint; 3], block: [c_uint; 3], shared: c_uint) -> bool {
        let within = |sizes: [c_uint; 3], most: [c_int; 3]| {
            sizes.iter().zip(most).all(|(size, most)| (1..=most as c_uint).contains(size))
        };
        within(grid, MAX_GRID)
            && within(block, MAX_BLOCK)
            && block.iter().product::<c_uint>() <= MAX_THREADS as c_uint
            && shared <= self.shared_memory as c_uint
    }
}
