//! Sixteen floats as an array, which compilers turn into SSE2 or NEON registers.

use super::{LANES, Lanes, Tile};

/// An array of sixteen floats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sixteen([f32; LANES]);

impl Lanes for Sixteen {
    const TILE: Tile = Tile::FourByOne;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller gives 16 floats.
        Self(unsafe { from.cast::<[f32; LANES]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller gives 16 floats to write.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }

    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] - other.0[lane]))
    }

    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] * other.0[lane]))
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
        // Only aarch64 always has a fused instruction; elsewhere `mul_add` would call a function for every float.
        if cfg!(target_arch = "aarch64") {
            Self(std::array::from_fn(|lane| self.0[lane].mul_add(factor.0[lane], sum.0[lane])))
        } else {
            Self(std::array::from_fn(|lane| self.0[lane] * factor.0[lane] + sum.0[lane]))
        }
    }

    #[inline(always)]
    unsafe fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        std::array::from_fn(|row| Self(std::array::from_fn(|lane| rows[lane].0[row])))
    }
}
