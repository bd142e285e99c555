//! The passes against their definition in f64.

use proptest::prelude::*;

use super::*;
use crate::{geometry::FeatureMap, precision::Precision};

/// Largest allowed error, as a share of the largest magnitude in the reference.
const TOLERANCE: f64 = 1e-4;

fn numbers(length: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Calls with the indices into big, small and weights of every multiplication of the definition.
fn each_term(geometry: Geometry, mut visit: impl FnMut(usize, usize, usize)) {
    let Geometry { batch, big, small, kernel, stride, top, left, groups, .. } = geometry;
    let (inputs, outputs) = (big.channels / groups, small.channels / groups);
    for n in 0..batch {
        for o in 0..small.channels {
            for (y, x) in (0..small.height).flat_map(|y| (0..small.width).map(move |x| (y, x))) {
                for input in 0..inputs {
                    let c = o / outputs * inputs + input;
                    for (i, j) in (0..kernel[0]).flat_map(|i| (0..kernel[1]).map(move |j| (i, j))) {
                        let (row, column) = (stride[0] * y + i, stride[1] * x + j);
                        if (top..top + big.height).contains(&row) && (left..left + big.width).contains(&column) {
                            visit(
                                ((n * big.channels + c) * big.height + row - top) * big.width + column - left,
                                ((n * small.channels + o) * small.height + y) * small.width + x,
                                ((o * inputs + input) * kernel[0] + i) * kernel[1] + j,
                            );
                        }
                    }
                }
            }
        }
    }
}

fn check_close(what: &str, geometry: Geometry, found: &[f32], expected: &[f64]) {
    let largest = expected.iter().fold(1e-6f64, |largest, x| largest.max(x.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs() / largest;
        assert!(error < TOLERANCE, "{what} at {index}: {found} instead of {expected} for {geometry:?}");
    }
}

/// Memory that a pass may take for uninitialized.
fn blank(values: &mut [f32]) -> &mut [MaybeUninit<f32>] {
    // SAFETY: the same size and alignment; the passes write numbers alone.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len()) }
}

fn check(geometry: Geometry, level: Level) {
    let [bigs, smalls, kernels] = geometry.lengths();
    let (big, small, weights) = (numbers(bigs, 1), numbers(smalls, 2), numbers(kernels, 3));
    let mut expected = (vec![0.0f64; smalls], vec![0.0f64; bigs], vec![0.0f64; kernels]);
    each_term(geometry, |b, s, w| {
        let (x, y, k) = (f64::from(big[b]), f64::from(small[s]), f64::from(weights[w]));
        expected.0[s] += x * k;
        expected.1[b] += y * k;
        expected.2[w] += x * y;
    });
    // Not zeros, so that a value that is not written shows.
    let mut found = (vec![f32::NAN; smalls], vec![f32::NAN; bigs], vec![f32::NAN; kernels]);
    convolve(geometry, level, &big, &weights, blank(&mut found.0));
    transpose(geometry, level, &small, &weights, blank(&mut found.1));
    weight_gradient(geometry, level, &big, &small, blank(&mut found.2));
    check_close("small", geometry, &found.0, &expected.0);
    check_close("big", geometry, &found.1, &expected.1);
    check_close("weights", geometry, &found.2, &expected.2);
}

/// A geometry with a big side of the given size, or none if the kernel does not fit.
fn geometry(
    [batch, inputs, outputs]: [usize; 3],
    [height, width]: [usize; 2],
    [kernel, stride]: [usize; 2],
    [top, left, bottom, right]: [usize; 4],
) -> Option<Geometry> {
    let side = |length: usize| Some(length.checked_sub(kernel)? / stride + 1);
    Some(Geometry {
        batch,
        big: FeatureMap { channels: inputs, height, width },
        small: FeatureMap {
            channels: outputs,
            height: side(height + top + bottom)?,
            width: side(width + left + right)?,
        },
        kernel: [kernel; 2],
        stride: [stride; 2],
        top,
        left,
        groups: 1,
        precision: Precision::Single,
    })
}

#[test]
fn networks_shapes_agree_with_their_definition_at_every_level() {
    let shapes = [
        ([3, 20, 33], [16, 16], [4, 2], [1, 1, 1, 1]),
        ([70, 64, 64], [8, 8], [4, 2], [1, 1, 1, 1]),
        ([2, 17, 40], [12, 12], [5, 2], [1, 1, 2, 2]),
        ([2, 40, 17], [9, 13], [3, 1], [1, 1, 1, 1]),
        ([5, 48, 1], [4, 4], [4, 1], [0, 0, 0, 0]),
        ([2, 3, 16], [24, 24], [4, 2], [1, 1, 1, 1]),
        ([1, 33, 20], [6, 6], [3, 2], [0, 0, 1, 1]),
        ([128, 9, 11], [8, 8], [4, 2], [1, 1, 1, 1]),
        ([3, 40, 19], [5, 7], [1, 1], [0, 0, 0, 0]),
        ([2, 18, 5], [4, 4], [1, 1], [1, 1, 1, 1]),
    ];
    for (channels, side, kernel, padding) in shapes {
        for level in Level::all() {
            check(geometry(channels, side, kernel, padding).unwrap(), level);
        }
    }
}

/// TensorFlow's SAME: an output of ⌈side / stride⌉, the odd row and column of zeros at the end, whatever the side.
#[test]
fn same_padding_agrees_with_its_definition_at_every_side() {
    for (kernel, stride) in [(3, 1), (4, 1), (5, 1), (3, 2), (4, 2), (5, 2)] {
        for side in [7usize, 8, 11, 12] {
            let total = ((side.div_ceil(stride) - 1) * stride + kernel).saturating_sub(side);
            let (begin, end) = (total / 2, total - total / 2);
            let geometry = geometry([2, 18, 21], [side; 2], [kernel, stride], [begin, begin, end, end]).unwrap();
            assert_eq!(geometry.small.height, side.div_ceil(stride), "kernel {kernel}, stride {stride}, side {side}");
            for level in Level::all() {
                check(geometry, level);
            }
        }
    }
}

#[test]
fn unequal_kernels_and_strides_agree_with_their_definition() {
    let big = FeatureMap { channels: 3, height: 11, width: 9 };
    let small = FeatureMap { channels: 5, height: 5, width: 3 };
    let geometry = Geometry {
        batch: 2,
        big,
        small,
        kernel: [3, 4],
        stride: [2, 3],
        top: 1,
        left: 1,
        groups: 1,
        precision: Precision::Single,
    };
    for level in Level::all() {
        check(geometry, level);
    }
}

/// The passes in a pool of its own, twice, since the second run finds used scratch.
fn bits(geometry: Geometry, threads: usize) -> Vec<u32> {
    let [bigs, smalls, kernels] = geometry.lengths();
    let (big, small, weights) = (numbers(bigs, 4), numbers(smalls, 5), numbers(kernels, 6));
    let mut found = (vec![0.0; smalls], vec![0.0; bigs], vec![0.0; kernels]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        for _ in 0..2 {
            convolve(geometry, Level::detect(), &big, &weights, blank(&mut found.0));
            transpose(geometry, Level::detect(), &small, &weights, blank(&mut found.1));
            weight_gradient(geometry, Level::detect(), &big, &small, blank(&mut found.2));
        }
    });
    [found.0, found.1, found.2].concat().into_iter().map(f32::to_bits).collect()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (channels, side, kernel, groups) in
        [([67, 33, 40], [16, 16], [4, 2], 1), ([40, 3, 20], [32, 32], [4, 2], 1), ([40, 32, 32], [16, 16], [3, 1], 4)]
    {
        let geometry = Geometry { groups, ..geometry(channels, side, kernel, [1, 1, 1, 1]).unwrap() };
        let alone = bits(geometry, 1);
        for threads in [2, 3, 7] {
            assert!(bits(geometry, threads) == alone, "{threads} threads, {geometry:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_shape_agrees_with_its_definition(
        channels in (1usize..6, 1usize..40, 1usize..40).prop_map(<[usize; 3]>::from),
        side in (1usize..15, 1usize..15).prop_map(<[usize; 2]>::from),
        kernel in (1usize..7, 1usize..4).prop_map(<[usize; 2]>::from),
        padding in (0usize..4, 0usize..4, 0usize..4, 0usize..4).prop_map(<[usize; 4]>::from),
        level in proptest::sample::select(Level::all()),
    ) {
        if let Some(geometry) = geometry(channels, side, kernel, padding) {
            check(geometry, level);
        }
    }

    #[test]
    fn any_groups_agree_with_their_definition(
        (batch, groups) in (1usize..4, 2usize..9),
        (inputs, outputs) in (1usize..20, 1usize..20),
        side in (1usize..15, 1usize..15).prop_map(<[usize; 2]>::from),
        (kernel, stride) in prop_oneof![Just((3, 1)), Just((1, 1)), Just((4, 2)), Just((5, 1))],
        level in proptest::sample::select(Level::all()),
    ) {
        let channels = [batch, groups * inputs, groups * outputs];
        if let Some(geometry) = geometry(channels, side, [kernel, stride], [kernel / 2; 4]) {
            check(Geometry { groups, ..geometry }, level);
        }
    }
}
