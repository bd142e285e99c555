//! One convolution of the network, forwards and backwards: 3 × 3, a border of zeros one wide, leaky ReLU.
//!
//! Planes carry their border with them, \[row\]\[column\]\[channel\], so that what a row of the kernel looks at lies in one piece. Sums are a
//! product, then a sum, never fused, in an order that hangs on no register's width: every processor gives the same bits.

use super::vector::Vector;

/// What is left of a negative activation.
pub const SLOPE: f32 = 0.1;

/// Neighbouring places whose sums are in registers together. Every layer's side is a multiple of it.
const PLACES: usize = 4;

/// Taps whose gradients are in registers together: a divisor of three times any number of channels.
const TAPS: usize = 3;

/// Input values of a place whose gradients are in registers together: a divisor of three times the channels of all layers but the first.
/// The same with registers of every width, or neighbouring places would be added up in another order.
pub(super) const VALUES: usize = 48;

/// A layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// The side of what goes in, without its border.
    pub side: usize,
    /// Channels in.
    pub channels: usize,
    /// Channels out.
    pub filters: usize,
    /// 1, or 2 to halve the side.
    pub stride: usize,
    /// Where its weights start: \[row\]\[column\]\[channel\]\[filter\], then a bias a filter.
    pub start: usize,
}

impl Convolution {
    /// The side of what comes out, without its border.
    pub const fn output_side(&self) -> usize {
        self.side / self.stride
    }

    /// How many numbers come out, with their border.
    pub(super) const fn output_length(&self) -> usize {
        let side = self.output_side() + 2;
        side * side * self.filters
    }

    /// How many weights there are, without the biases.
    pub const fn taps(&self) -> usize {
        9 * self.channels * self.filters
    }

    pub(super) const fn end(&self) -> usize {
        self.start + self.taps() + self.filters
    }

    /// How many values a row of the kernel looks at.
    const fn reach(&self) -> usize {
        3 * self.channels
    }

    /// Where a row of the kernel starts in the input, for the output's place (x, y).
    #[inline(always)]
    fn seen(&self, x: usize, y: usize, row: usize) -> usize {
        ((y * self.stride + row) * (self.side + 2) + x * self.stride) * self.channels
    }

    /// Where a place lies in the output.
    #[inline(always)]
    fn place(&self, x: usize, y: usize) -> usize {
        ((y + 1) * (self.output_side() + 2) + x + 1) * self.filters
    }

    /// The output's places in groups of neighbours, by the first of each.
    fn places(&self, step: usize) -> impl Iterator<Item = (usize, usize)> {
        let side = self.output_side();
        (0..side).flat_map(move |y| (0..side).step_by(step).map(move |x| (x, y)))
    }

    /// As many filters at a time as `REGISTERS` hold. The border of `output` is left as it is: zeros.
    #[inline(always)]
    pub(super) fn forward<V: Vector, const REGISTERS: usize>(
        &self,
        weights: &[f32],
        input: &[f32],
        output: &mut [f32],
    ) {
        let (rows, biases) = weights[self.start..self.end()].split_at(self.taps());
        let slope = V::splat(SLOPE);
        for (x, y) in self.places(PLACES) {
            for filter in (0..self.filters).step_by(REGISTERS * V::LANES) {
                let mut sums = [loaded::<V, REGISTERS>(biases, filter); PLACES];
                for row in 0..3 {
                    let values: [&[f32]; PLACES] =
                        std::array::from_fn(|place| &input[self.seen(x + place, y, row)..][..self.reach()]);
                    for tap in 0..self.reach() {
                        let weights = loaded::<V, REGISTERS>(rows, (row * self.reach() + tap) * self.filters + filter);
                        for (sums, values) in sums.iter_mut().zip(values) {
                            add_product(sums, values[tap], &weights);
                        }
                    }
                }
                for (place, sums) in sums.into_iter().enumerate() {
                    for (register, sum) in sums.into_iter().enumerate() {
                        let at = self.place(x + place, y) + filter + register * V::LANES;
                        sum.or_sloped(slope).store(output, at);
                    }
                }
            }
        }
    }

    /// From the gradient of the output to that of what was summed there.
    #[inline(always)]
    pub(super) fn through_relu(output: &[f32], back: &mut [f32]) {
        back.iter_mut().zip(output).for_each(|(back, output)| *back *= if *output < 0.0 { SLOPE } else { 1.0 });
    }

    /// Adds the gradients of the weights to `sums`, as many filters at a time as `REGISTERS` hold.
    #[inline(always)]
    pub(super) fn weight_gradients<V: Vector, const REGISTERS: usize>(
        &self,
        input: &[f32],
        back: &[f32],
        sums: &mut [f32],
    ) {
        let (row_sums, bias_sums) = sums[self.start..self.end()].split_at_mut(self.taps());
        for filter in (0..self.filters).step_by(REGISTERS * V::LANES) {
            for row in 0..3 {
                for tap in (0..self.reach()).step_by(TAPS) {
                    let mut gradients = [[V::splat(0.0); REGISTERS]; TAPS];
                    for (x, y) in self.places(1) {
                        let values = &input[self.seen(x, y, row) + tap..][..TAPS];
                        let back = loaded::<V, REGISTERS>(back, self.place(x, y) + filter);
                        for (gradients, value) in gradients.iter_mut().zip(values) {
                            add_product(gradients, *value, &back);
                        }
                    }
                    for (offset, gradients) in gradients.iter().enumerate() {
                        let at = (row * self.reach() + tap + offset) * self.filters + filter;
                        add_to(row_sums, at, gradients);
                    }
                }
            }
            for (x, y) in self.places(1) {
                add_to(bias_sums, filter, &loaded::<V, REGISTERS>(back, self.place(x, y) + filter));
            }
        }
    }

    /// The gradient of the input, with that of its border, which nobody asks for: [`VALUES`] of a place in registers at a time. `transposed` are the weights of [`Self::transposed`].
    #[inline(always)]
    pub(super) fn input_gradients<V: Vector, const REGISTERS: usize>(
        &self,
        transposed: &[f32],
        back: &[f32],
        further: &mut [f32],
    ) {
        assert_eq!(REGISTERS * V::LANES, VALUES);
        further.fill(0.0);
        for (x, y) in self.places(PLACES) {
            let places: [&[f32]; PLACES] =
                std::array::from_fn(|place| &back[self.place(x + place, y)..][..self.filters]);
            for row in 0..3 {
                for first in (0..self.reach()).step_by(VALUES) {
                    let mut sums = [[V::splat(0.0); REGISTERS]; PLACES];
                    for filter in 0..self.filters {
                        let at = (row * self.filters + filter) * self.reach() + first;
                        let weights = loaded::<V, REGISTERS>(transposed, at);
                        for (sums, place) in sums.iter_mut().zip(places) {
                            add_product(sums, place[filter], &weights);
                        }
                    }
                    for (place, sums) in sums.iter().enumerate() {
                        add_to(further, self.seen(x + place, y, row) + first, sums);
                    }
                }
            }
        }
    }

    /// The weights as \[row\]\[filter\]\[column and channel\], without the biases.
    pub(super) fn transposed(&self, weights: &[f32]) -> Vec<f32> {
        let rows = &weights[self.start..][..self.taps()];
        let at = |index: usize| {
            let (row, rest) = (index / (self.filters * self.reach()), index % (self.filters * self.reach()));
            let (filter, tap) = (rest / self.reach(), rest % self.reach());
            rows[(row * self.reach() + tap) * self.filters + filter]
        };
        (0..self.taps()).map(at).collect()
    }
}

#[inline(always)]
fn loaded<V: Vector, const REGISTERS: usize>(numbers: &[f32], at: usize) -> [V; REGISTERS] {
    std::array::from_fn(|register| V::load(numbers, at + register * V::LANES))
}

#[inline(always)]
fn add_product<V: Vector, const REGISTERS: usize>(sums: &mut [V; REGISTERS], value: f32, factors: &[V; REGISTERS]) {
    let value = V::splat(value);
    for (sum, factor) in sums.iter_mut().zip(factors) {
        *sum = sum.plus_product(value, *factor);
    }
}

#[inline(always)]
fn add_to<V: Vector, const REGISTERS: usize>(numbers: &mut [f32], at: usize, sums: &[V; REGISTERS]) {
    for (register, sum) in sums.iter().enumerate() {
        let at = at + register * V::LANES;
        V::load(numbers, at).plus_product(*sum, V::splat(1.0)).store(numbers, at);
    }
}
