//! Which algorithm computes a convolution, from its shape alone.

use crate::{
    geometry::Geometry,
    im2col::Im2col,
    lowering::{Lowering, OperandSizes},
    winograd::{self, Winograd},
};

/// An algorithm, ready for a geometry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    /// The definition, as one matrix product.
    Im2col(Im2col),
    /// `F(4 × 4, 2 × 2)` on each phase.
    TwoTaps(Winograd<winograd::TwoTaps>),
    /// `F(4 × 4, 3 × 3)` on each phase.
    ThreeTaps(Winograd<winograd::ThreeTaps>),
}

impl Plan {
    /// The cheapest algorithm by a static estimate, so that the same shape always gives the same sums in the same
    /// order.
    pub(crate) fn new(geometry: Geometry) -> Self {
        let im2col = Im2col::new(geometry);
        let direct = cost(im2col.sizes(), IM2COL_COST);
        let [stride, across] = geometry.stride;
        let [kernel, kernel_width] = geometry.kernel;
        if stride != across || kernel != kernel_width || stride > 2 {
            return Self::Im2col(im2col);
        }
        let (two, three) =
            (Winograd::<winograd::TwoTaps>::new(geometry), Winograd::<winograd::ThreeTaps>::new(geometry));
        match kernel.div_ceil(stride) {
            // A kernel of one tap has nothing to save; kernel 2 at stride 2 has one tap a phase and is seldom cheaper.
            1 | 2 if kernel > 1 && cost(two.sizes(), TILE_COST) < direct => Self::TwoTaps(two),
            3 if cost(three.sizes(), TILE_COST) < direct => Self::ThreeTaps(three),
            _ => Self::Im2col(im2col),
        }
    }
}

/// Multiplications that the processor could have done while it writes and reads back one value of V or M. An
/// estimate: memory takes more or less on each processor, but one that is measured would choose another order of sums
/// on another day.
const TILE_COST: usize = 12;
/// The same where that is a copy of a window.
const IM2COL_COST: usize = 16;

/// An estimate of the work for one image, in multiplications.
fn cost(operands: OperandSizes, value: usize) -> usize {
    let OperandSizes { positions, tiles, big_blocks, small_blocks, .. } = operands;
    16 * positions * tiles * (16 * big_blocks * small_blocks + value * (big_blocks + small_blocks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{geometry::FeatureMap, precision::Precision};

    fn check([inputs, outputs, side]: [usize; 3], kernel: usize, stride: usize, expected: &str) {
        let geometry = Geometry {
            batch: 64,
            big: FeatureMap { channels: inputs, height: stride * side, width: stride * side },
            small: FeatureMap { channels: outputs, height: side, width: side },
            kernel: [kernel; 2],
            stride: [stride; 2],
            top: 1,
            left: 1,
            groups: 1,
            precision: Precision::Single,
        };
        let plan = format!("{:?}", Plan::new(geometry));
        assert!(plan.starts_with(expected), "{inputs} to {outputs} at {side}, kernel {kernel}: {plan}");
    }

    #[test]
    fn shapes_get_the_algorithm_that_suits_them() {
        check([64, 128, 16], 4, 2, "TwoTaps");
        check([256, 512, 4], 4, 2, "TwoTaps");
        check([64, 128, 12], 5, 2, "ThreeTaps");
        check([64, 64, 32], 3, 1, "ThreeTaps");
        check([3, 64, 32], 4, 2, "Im2col");
        check([512, 1, 1], 4, 1, "Im2col");
        check([64, 64, 16], 5, 1, "Im2col");
    }
}
