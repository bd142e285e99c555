//! Sixteen floats at a time, in whatever registers the processor has, chosen at run time.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

/// Floats in a [`Lanes`] value: the innermost dimension of every buffer of this crate.
pub(crate) const LANES: usize = 16;

/// Sixteen floats. Every operation works lane by lane.
///
/// All methods are unsafe because an implementation may use instructions that only [`Level::detect`] proves present;
/// they are called from inside [`Level::run`] alone.
pub(crate) trait Lanes: Copy {
    /// Rows and blocks of sixteen columns that the matrix kernel keeps in registers.
    const TILE: Tile;

    /// The same value in every lane.
    unsafe fn splat(value: f32) -> Self;
    /// Reads 16 floats at `from`, aligned or not.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes 16 floats at `to`, aligned or not.
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn subtract(self, other: Self) -> Self;
    unsafe fn multiply(self, other: Self) -> Self;
    /// `self · factor + sum`, rounded once where the processor can.
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self;
    /// A 16 × 16 square's rows become its columns.
    unsafe fn transpose(rows: [Self; LANES]) -> [Self; LANES];
}

/// How many accumulators a register file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tile {
    /// 8 rows by 2 blocks of 16: 16 of AVX-512's 32 registers, twice the 8 sums that two multiply-adds a cycle of four
    /// cycles' latency must not wait for each other on.
    EightByTwo,
    /// 6 rows by 1 block of 16: 12 of AVX2's 16 registers, two for B and one for A.
    SixByOne,
    /// 4 rows by 1 block of 16: 16 of NEON's 32 registers.
    FourByOne,
}

/// Work that is compiled once for each kind of register.
pub(crate) trait Job {
    /// # Safety
    /// The processor has the instructions of `L`.
    unsafe fn run<L: Lanes>(self);
}

/// The widest registers that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Level {
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// Every level that this processor can run, the widest first.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        let mut levels = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        match Self::detect() {
            Self::Avx512 => levels.splice(0..0, [Self::Avx512, Self::Avx2]).for_each(drop),
            Self::Avx2 => levels.insert(0, Self::Avx2),
            Self::Portable => {}
        }
        levels
    }

    #[inline]
    pub(crate) fn run(self, job: impl Job) {
        // SAFETY: a level other than Portable is only made by `detect` (or by `all`, from what it found: a processor
        // with AVX-512 has AVX2 and FMA), which asked the processor.
        unsafe {
            match self {
                #[cfg(target_arch = "x86_64")]
                Self::Avx512 => avx512::run(job),
                #[cfg(target_arch = "x86_64")]
                Self::Avx2 => avx2::run(job),
                Self::Portable => job.run::<portable::Sixteen>(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Arithmetic<'a>(&'a mut Vec<f32>);

    impl Job for Arithmetic<'_> {
        unsafe fn run<L: Lanes>(self) {
            let ramp: [f32; LANES] = std::array::from_fn(|lane| lane as f32);
            let mut out = [0.0; LANES];
            // SAFETY: `run`'s own promise; the arrays have 16 floats.
            unsafe {
                let ramp = L::load(ramp.as_ptr());
                ramp.multiply_add(L::splat(2.0), ramp.add(L::splat(1.0)).multiply(ramp)).store(out.as_mut_ptr());
            }
            self.0.extend(out);
        }
    }

    struct Transpose<'a>(&'a mut Vec<f32>);

    impl Job for Transpose<'_> {
        unsafe fn run<L: Lanes>(self) {
            let square: Vec<f32> = (0..256u16).map(f32::from).collect();
            let mut out = vec![0.0; 256];
            // SAFETY: `run`'s own promise; both buffers have 256 floats.
            unsafe {
                let rows = std::array::from_fn(|row| L::load(square.as_ptr().add(row * LANES)));
                for (row, lanes) in L::transpose(rows).into_iter().enumerate() {
                    lanes.store(out.as_mut_ptr().add(row * LANES));
                }
            }
            self.0.extend(out);
        }
    }

    #[test]
    fn every_level_computes_lane_by_lane() {
        for level in Level::all() {
            let mut out = Vec::new();
            level.run(Arithmetic(&mut out));
            let expected: Vec<f32> = (0..16u8).map(f32::from).map(|x| 2.0 * x + (x + 1.0) * x).collect();
            assert_eq!(out, expected, "{level:?}");
        }
    }

    #[test]
    fn every_level_transposes() {
        for level in Level::all() {
            let mut out = Vec::new();
            level.run(Transpose(&mut out));
            for (index, value) in out.iter().enumerate() {
                assert_eq!(*value, (index % 16 * 16 + index / 16) as f32, "{level:?} at {index}");
            }
        }
    }
}
