//! Winograd's short convolutions with four outputs, as the sums that their matrices stand for.
#![allow(unsafe_code)]

use crate::simd::Lanes;

/// Outputs of one tile along one axis.
pub(crate) const OUTPUTS: usize = 4;
/// The most values that a transformed tile has along one axis: ThreeTaps'.
pub(crate) const MAX_SIZE: usize = 6;

/// A linear map of a few values to a few others: one of the matrices below, without its zeros. It uses and fills the
/// first values of its array.
pub(crate) trait Line {
    /// Values read and written.
    const SHAPE: [usize; 2];
    /// # Safety
    /// The processor has the instructions of `L`.
    unsafe fn apply<L: Lanes>(x: [L; MAX_SIZE]) -> [L; MAX_SIZE];
}

/// `F(4, r)`: `y = Aᵀ [(G g) ⊙ (Bᵀ d)]` for `y_i = Σ_j d_{i+j} g_j`, i < 4, j < r (Winograd 1980; Lavin and Gray 2016,
/// arXiv:1509.09308).
///
/// The matrices come from multiplying polynomials by way of their values at `r + 2` points and at infinity (Toom and
/// Cook), transposed: Aᵀ has the values of 1, x, x², x³ at each point p; row p of Bᵀ the coefficients of `Π (x − q)`
/// over the other points q; row p of G the values of 1, x, … at p over `Π (p − q)`.
///
/// The result is exact at any points; in f32 they decide what rounding costs. Powers of a point beyond 1 enlarge the
/// terms of Aᵀ, which cancel at last, and near points make `Π (p − q)` small, and G large. Those below are the small
/// fractions with the least error: ±1 and ±2, which the literature favours, err up to four times as much.
pub(crate) trait Scheme: Copy + std::fmt::Debug + Send + Sync {
    /// Values of a transformed tile along one axis: `r + 3`.
    const SIZE: usize;
    /// Taps r.
    const TAPS: usize;
    /// Bᵀ.
    type Input: Line;
    /// B.
    type InputTransposed: Line;
    /// Aᵀ.
    type Output: Line;
    /// A.
    type OutputTransposed: Line;
    /// G.
    type Kernel: Line;
    /// Gᵀ.
    type KernelTransposed: Line;
}

/// `F(4, 2)` with the points 0, 1, −½, −2 and infinity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TwoTaps;

/// `F(4, 3)` with the points 0, ±¾, ±1½ and infinity: pairs of opposite sign share their even and odd parts, which
/// halves the transforms' sums.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreeTaps;

/// Declares the six maps of a scheme. Inside, `$x` is the array read; each map lists the values it writes, using short
/// names for `constant · value + sum` and the like.
macro_rules! scheme {
    ($scheme:ty, $size:literal, $taps:literal, {
        $($role:ident = $name:ident($from:expr => $to:expr) |$x:ident| { $(let $names:pat = $sums:expr;)* [$($value:expr),*] })*
    }) => {
        impl Scheme for $scheme {
            const SIZE: usize = $size;
            const TAPS: usize = $taps;
            $(type $role = $name;)*
        }
        $(
            #[derive(Clone, Copy, Debug)]
            pub(crate) struct $name;

            impl Line for $name {
                const SHAPE: [usize; 2] = [$from, $to];

                #[inline(always)]
                unsafe fn apply<L: Lanes>($x: [L; MAX_SIZE]) -> [L; MAX_SIZE] {
                    // SAFETY: the caller's promise covers every operation on lanes.
                    unsafe {
                        $(let $names = $sums;)*
                        let values = [$($value),*];
                        let mut result = [L::splat(0.0); MAX_SIZE];
                        result[..values.len()].copy_from_slice(&values);
                        result
                    }
                }
            }
        )*
    };
}

scheme!(TwoTaps, 5, 2, {
    Input = TwoInput(5 => 5) |d| {
        [
            add(sub(d[3], d[0]), mul(1.5, sub(d[2], d[1]))),
            fma(2.5, d[2], add(d[1], d[3])),
            fma(-2.0, d[1], add(d[2], d[3])),
            fma(-0.5, add(d[1], d[2]), d[3]),
            fma(1.5, sub(d[3], d[2]), sub(d[4], d[1]))
        ]
    }
    InputTransposed = TwoInputTransposed(5 => 5) |v| {
        [
            mul(-1.0, v[0]),
            fma(-0.5, v[3], fma(-2.0, v[2], fma(-1.5, v[0], sub(v[1], v[4])))),
            fma(-0.5, v[3], fma(2.5, v[1], fma(1.5, sub(v[0], v[4]), v[2]))),
            fma(1.5, v[4], add(add(v[0], v[1]), add(v[2], v[3]))),
            v[4]
        ]
    }
    Output = TwoOutput(5 => 4) |m| {
        [
            add(add(m[0], m[1]), add(m[2], m[3])),
            fma(-2.0, m[3], fma(-0.5, m[2], m[1])),
            fma(4.0, m[3], fma(0.25, m[2], m[1])),
            fma(-8.0, m[3], fma(-0.125, m[2], add(m[1], m[4])))
        ]
    }
    OutputTransposed = TwoOutputTransposed(4 => 5) |y| {
        [
            y[0],
            add(add(y[0], y[1]), add(y[2], y[3])),
            fma(-0.125, y[3], fma(0.25, y[2], fma(-0.5, y[1], y[0]))),
            fma(-8.0, y[3], fma(4.0, y[2], fma(-2.0, y[1], y[0]))),
            y[3]
        ]
    }
    Kernel = TwoKernel(2 => 5) |g| {
        [
            mul(-1.0, g[0]),
            mul(1.0 / 4.5, add(g[0], g[1])),
            mul(1.0 / 1.125, fma(-0.5, g[1], g[0])),
            mul(-1.0 / 9.0, fma(-2.0, g[1], g[0])),
            g[1]
        ]
    }
    KernelTransposed = TwoKernelTransposed(5 => 2) |u| {
        [
            fma(-1.0 / 9.0, u[3], fma(1.0 / 1.125, u[2], fma(1.0 / 4.5, u[1], mul(-1.0, u[0])))),
            fma(2.0 / 9.0, u[3], fma(-0.5 / 1.125, u[2], fma(1.0 / 4.5, u[1], u[4])))
        ]
    }
});

/// `Π (p − q)` over the finite points q, at p = ±¾ and at p = ±1½.
const INNER: f32 = -1.898_437_5;
const OUTER: f32 = 7.593_75;

scheme!(ThreeTaps, 6, 3, {
    Input = ThreeInput(6 => 6) |d| {
        let even = fma(-2.25, d[2], d[4]);
        let odd = fma(0.75, d[3], mul(-1.6875, d[1]));
        let outer_even = fma(-0.5625, d[2], d[4]);
        let outer_odd = fma(1.5, d[3], mul(-0.84375, d[1]));
        [
            fma(1.265_625, d[0], fma(-2.8125, d[2], d[4])),
            add(even, odd),
            sub(even, odd),
            add(outer_even, outer_odd),
            sub(outer_even, outer_odd),
            fma(1.265_625, d[1], fma(-2.8125, d[3], d[5]))
        ]
    }
    InputTransposed = ThreeInputTransposed(6 => 6) |v| {
        let (even, odd) = (add(v[1], v[2]), sub(v[1], v[2]));
        let (outer_even, outer_odd) = (add(v[3], v[4]), sub(v[3], v[4]));
        [
            mul(1.265_625, v[0]),
            fma(-1.6875, odd, fma(-0.84375, outer_odd, mul(1.265_625, v[5]))),
            fma(-2.25, even, fma(-0.5625, outer_even, mul(-2.8125, v[0]))),
            fma(0.75, odd, fma(1.5, outer_odd, mul(-2.8125, v[5]))),
            add(v[0], add(even, outer_even)),
            v[5]
        ]
    }
    Output = ThreeOutput(6 => 4) |m| {
        let (even, odd) = (add(m[1], m[2]), sub(m[1], m[2]));
        let (outer_even, outer_odd) = (add(m[3], m[4]), sub(m[3], m[4]));
        [
            add(m[0], add(even, outer_even)),
            fma(0.75, odd, mul(1.5, outer_odd)),
            fma(0.5625, even, mul(2.25, outer_even)),
            fma(0.421_875, odd, fma(3.375, outer_odd, m[5]))
        ]
    }
    OutputTransposed = ThreeOutputTransposed(4 => 6) |y| {
        let even = fma(0.5625, y[2], y[0]);
        let odd = fma(0.75, y[1], mul(0.421_875, y[3]));
        let outer_even = fma(2.25, y[2], y[0]);
        let outer_odd = fma(1.5, y[1], mul(3.375, y[3]));
        [
            y[0],
            add(even, odd),
            sub(even, odd),
            add(outer_even, outer_odd),
            sub(outer_even, outer_odd),
            y[3]
        ]
    }
    Kernel = ThreeKernel(3 => 6) |g| {
        let even = mul(1.0 / INNER, fma(0.5625, g[2], g[0]));
        let odd = mul(0.75 / INNER, g[1]);
        let outer_even = mul(1.0 / OUTER, fma(2.25, g[2], g[0]));
        let outer_odd = mul(1.5 / OUTER, g[1]);
        [
            mul(1.0 / 1.265_625, g[0]),
            add(even, odd),
            sub(even, odd),
            add(outer_even, outer_odd),
            sub(outer_even, outer_odd),
            g[2]
        ]
    }
    KernelTransposed = ThreeKernelTransposed(6 => 3) |u| {
        let (even, odd) = (add(u[1], u[2]), sub(u[1], u[2]));
        let (outer_even, outer_odd) = (add(u[3], u[4]), sub(u[3], u[4]));
        [
            fma(1.0 / INNER, even, fma(1.0 / OUTER, outer_even, mul(1.0 / 1.265_625, u[0]))),
            fma(0.75 / INNER, odd, mul(1.5 / OUTER, outer_odd)),
            fma(0.5625 / INNER, even, fma(2.25 / OUTER, outer_even, u[5]))
        ]
    }
});

#[inline(always)]
unsafe fn add<L: Lanes>(a: L, b: L) -> L {
    // SAFETY: the caller runs with the instructions of `L`.
    unsafe { a.add(b) }
}

#[inline(always)]
unsafe fn sub<L: Lanes>(a: L, b: L) -> L {
    // SAFETY: as for `add`.
    unsafe { a.subtract(b) }
}

#[inline(always)]
unsafe fn mul<L: Lanes>(constant: f32, x: L) -> L {
    // SAFETY: as for `add`.
    unsafe { L::splat(constant).multiply(x) }
}

/// `constant · x + sum`
#[inline(always)]
unsafe fn fma<L: Lanes>(constant: f32, x: L, sum: L) -> L {
    // SAFETY: as for `add`.
    unsafe { L::splat(constant).multiply_add(x, sum) }
}

#[cfg(test)]
mod tests;
