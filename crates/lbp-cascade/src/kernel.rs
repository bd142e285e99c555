//! A stage for up to 32 neighbouring windows at once, with whatever registers the processor has.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod lanes;

use crate::program::{Mask, Program, Stumps};

/// The instructions to use. All give the same results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// 32 windows in a register.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 16 windows in a register.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 32 windows in plain arrays, on any processor.
    Portable,
}

impl Kernel {
    /// What this processor can do, from the best to the plainest.
    pub(crate) fn available() -> Vec<Self> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
                kernels.push(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") {
                kernels.push(Self::Avx2);
            }
        }
        kernels.push(Self::Portable);
        kernels
    }

    /// Which of the windows `alive`, the first at `at`, pass a stage.
    ///
    /// # Panics
    /// If `sums` does not hold 32 windows from `at`, alive or not, as far as the program reaches.
    pub(crate) fn pass(self, program: &Program, sums: &[u16], at: usize, stage: usize, alive: Mask) -> Mask {
        if alive.count_ones() > self.few()
            && let Some(stumps) = program.stumps(stage)
        {
            assert!(program.fits(sums, at), "windows lie within the integral image");
            return alive & self.pass_all(stumps, sums, at);
        }
        bits(alive).filter(|i| program.passes(sums, at + i, stage)).fold(0, |passed, i| passed | 1 << i)
    }

    /// Which of 32 windows pass a stage of stumps, all of which lie within `sums` as far as the stumps reach.
    #[allow(unsafe_code, reason = "half of all time is spent here")]
    fn pass_all(self, stumps: Stumps<'_>, sums: &[u16], at: usize) -> Mask {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                // SAFETY: a kernel is chosen because the processor has its instructions, and the caller has checked that
                // every read, at most the program's reach and 32 windows behind `at`, lies within `sums`.
                unsafe { avx512::pass(stumps, sums, at) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                // SAFETY: as for AVX-512.
                unsafe { avx2::pass(stumps, sums, at) }
            }
            Self::Portable => lanes::pass(stumps, sums, at),
        }
    }

    /// So few windows are faster one by one, as was measured with each kind of registers.
    fn few(self) -> u32 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => 1,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 3,
            Self::Portable => 8,
        }
    }
}

/// The positions of the bits that are set, from the lowest.
pub(crate) fn bits(mut mask: Mask) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = (mask != 0).then(|| mask.trailing_zeros() as usize)?;
        mask &= mask - 1;
        Some(lowest)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        cascade::{Cascade, CascadeStage, Feature, Node, Tree},
        level_sums::SumsLayout,
    };

    fn cascade(nodes: Vec<(usize, [u32; 8], f32, f32)>) -> Cascade {
        let features = (0..16).map(|i| Feature { x: i % 3, y: i % 2, width: 1 + i % 7, height: 1 + i / 3 });
        let stump = |(feature, subset, left, right)| Tree {
            nodes: vec![Node { feature, subset, left: 0, right: -1 }],
            leaves: vec![left, right],
        };
        let stages = vec![CascadeStage { threshold: 0.0, trees: nodes.into_iter().map(stump).collect() }];
        Cascade::new((24, 24), stages, features.collect()).unwrap()
    }

    proptest! {
        #[test]
        fn every_kernel_lets_the_same_windows_pass(
            nodes in prop::collection::vec((0..16usize, any::<[u32; 8]>(), -1.0..1.0f32, -1.0..1.0f32), 1..9),
            pixels in prop::collection::vec(any::<u8>(), 64 * 26),
            alive in any::<Mask>(),
            step in 1..=2usize,
        ) {
            let mut program = Program::default();
            program.compile(&cascade(nodes), SumsLayout { stride: 64, step });
            let mut sums = vec![0u16; 64 * 27];
            for i in 65..64 * 27 {
                let (left, above, both) = (sums[i - 1], sums[i - 64], sums[i - 65]);
                sums[i] = left.wrapping_add(above).wrapping_sub(both).wrapping_add(u16::from(pixels[i - 64]));
            }
            let one_by_one = bits(alive).filter(|i| program.passes(&sums, 3 + i, 0));
            let expected = one_by_one.fold(0, |passed, i| passed | 1 << i);
            for kernel in Kernel::available() {
                prop_assert_eq!(kernel.pass(&program, &sums, 3, 0, alive), expected, "{:?}", kernel);
            }
        }
    }
}
