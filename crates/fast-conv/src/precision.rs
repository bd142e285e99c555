//! What a convolution's inputs are rounded to.

// Public because the extension trait's generated code is; the module is private all the same.
#![allow(unreachable_pub)]

use std::borrow::Cow;

use rayon::prelude::*;

/// What the values are rounded to that a convolution multiplies, in all three of its passes: image, weights and the gradient of
/// the output. Sums, outputs and gradients are f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Not rounded here. A card's matrix units may still read f32 as TF32, with a mantissa of 10 bits for 23.
    #[default]
    Single,
    /// To the nearest bfloat16, ties to even: f32's exponent, and a mantissa of 7 bits. Kalamkar et al., "A study of BFLOAT16 for
    /// deep learning training" (2019), whose sums are f32 too.
    Bf16,
}

/// Values that a task rounds.
const TASK: usize = 1 << 14;

impl Precision {
    /// The values as they are multiplied.
    pub(crate) fn rounded(self, values: &[f32]) -> Cow<'_, [f32]> {
        match self {
            Self::Single => Cow::Borrowed(values),
            Self::Bf16 => Cow::Owned(values.par_iter().with_min_len(TASK).map(|value| to_bf16(*value)).collect()),
        }
    }
}

/// The nearest bfloat16, ties to even. What is not finite stays what it is.
fn to_bf16(value: f32) -> f32 {
    if !value.is_finite() {
        return value;
    }
    let bits = value.to_bits();
    // Half of the last bit that is kept, less where that bit is 0: a tie then goes down.
    let rounding = 0x7fff + (bits >> 16 & 1);
    f32::from_bits(bits.wrapping_add(rounding) & 0xffff_0000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_to_bf16() {
        let check = |value: f32, expected: f32| assert_eq!(to_bf16(value).to_bits(), expected.to_bits(), "{value}");
        // Between 1 and 2 they are 2⁻⁷ apart.
        let step = 2.0f32.powi(-7);
        for exact in [0.0, -0.0, 1.0, -1.5, 1.0 + step, f32::INFINITY, f32::NEG_INFINITY] {
            check(exact, exact);
        }
        check(1.0 + 0.4 * step, 1.0);
        check(1.0 + 0.6 * step, 1.0 + step);
        check(1.0 + 0.5 * step, 1.0);
        check(1.0 + 1.5 * step, 1.0 + 2.0 * step);
        check(-1.0 - 0.6 * step, -1.0 - step);
        check(0.1, 0.100_097_656);
        // Above the largest one is infinity, as hardware has it.
        check(f32::MAX, f32::INFINITY);
        assert!(to_bf16(f32::NAN).is_nan());
    }

    #[test]
    fn single_values_are_not_copied() {
        assert!(matches!(Precision::Single.rounded(&[0.1]), Cow::Borrowed([0.1])));
        assert_eq!(Precision::Bf16.rounded(&[0.1, 1.0])[..], [0.100_097_656, 1.0]);
    }
}
