//! Which algorithm computes a convolution, from its shape alone.

use crate::geometry::Geometry;
use crate::lowering::{Lowering, Operands};
use crate::patches::Patches;
use crate::winograd::{self, Winograd};

/// An algorithm, ready for a geometry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    /// The definition, as one matrix product.
    Patches(Patches),
    /// `F(4 × 4, 2 × 2)` on each phase.
    TwoTaps(Winograd<winograd::TwoTaps>),
    /// `F(4 × 4, 3 × 3)` on each phase.
    ThreeTaps(Winograd<winograd::ThreeTaps>),
}

impl Plan {
    /// The cheapest algorithm by a static estimate, so that the same shape always gives the same sums in the same order.
    pub(crate) fn new(geometry: Geometry) -> Self {
        let patches = Patches::new(geometry);
        let direct = cost(patches.operands(), PATCH_COST);
        let [stride, across] = geometry.stride;
        let [kernel, kernel_width] = geometry.kernel;
        if stride != across || kernel != kernel_width || stride > 2 {
            return Self::Patches(patches);
        }
        let (two, three) =
            (Winograd::<winograd::TwoTaps>::new(geometry), Winograd::<winograd::ThreeTaps>::new(geometry));
        match kernel.div_ceil(stride) {
            1 | 2 if kernel > 1 && cost(two.operands(), TILE_COST) < direct => Self::TwoTaps(two),
            3 if cost(three.operands(), TILE_COST) < direct => Self::ThreeTaps(three),
            _ => Self::Patches(patches),
        }
    }
}

/// Multiplications that the processor could have done while it writes and reads back one value of V or M.
const TILE_COST: usize = 12;
/// The same where that is a copy of a window.
const PATCH_COST: usize = 16;

/// An estimate of the work for one picture, in multiplications.
fn cost(operands: Operands, value: usize) -> usize {
    let Operands { positions, tiles, big_blocks, small_blocks, .. } = operands;
    16 * positions * tiles * (16 * big_blocks * small_blocks + value * (big_blocks + small_blocks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Map;

    fn check([inputs, outputs, side]: [usize; 3], kernel: usize, stride: usize, expected: &str) {
        let geometry = Geometry {
            batch: 64,
            big: Map { channels: inputs, height: stride * side, width: stride * side },
            small: Map { channels: outputs, height: side, width: side },
            kernel: [kernel; 2],
            stride: [stride; 2],
            top: 1,
            left: 1,
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
        check([3, 64, 32], 4, 2, "Patches");
        check([512, 1, 1], 4, 1, "Patches");
        check([64, 64, 16], 5, 1, "Patches");
    }
}
