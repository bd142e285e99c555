//! One convolution of the network, forwards and backwards.

/// What is left of a negative activation: leaky ReLU.
pub const SLOPE: f32 = 0.1;

/// How many products are summed side by side in [`dot`]: what the widest registers hold.
const LANES: usize = 8;

/// 3 × 3, stride 2, a border of zeros one wide, then leaky ReLU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// The side of what goes in; half of that comes out.
    pub side: usize,
    /// Channels in.
    pub channels: usize,
    /// Channels out.
    pub filters: usize,
    /// Where its weights start: \[row\]\[column\]\[channel\]\[filter\], then a bias a filter.
    pub start: usize,
}

impl Convolution {
    /// How many numbers come out: \[row\]\[column\]\[filter\].
    pub const fn outputs(&self) -> usize {
        self.places() * self.filters
    }

    pub(super) const fn end(&self) -> usize {
        self.start + self.taps() + self.filters
    }

    const fn places(&self) -> usize {
        self.side / 2 * (self.side / 2)
    }

    const fn taps(&self) -> usize {
        9 * self.channels * self.filters
    }

    /// Where the channels start of the input's place that a tap of an output's place looks at; `None` on the border.
    #[inline(always)]
    fn seen(&self, place: usize, tap: usize) -> Option<usize> {
        let half = self.side / 2;
        // One is taken away for the border; what wraps around lies outside on the other side.
        let y = (place / half * 2 + tap / 3).wrapping_sub(1);
        let x = (place % half * 2 + tap % 3).wrapping_sub(1);
        (y < self.side && x < self.side).then(|| (y * self.side + x) * self.channels)
    }

    /// `F` is the number of filters, so that a place's sums stay in registers.
    #[inline(always)]
    pub(super) fn forward<const F: usize>(&self, weights: &[f32], input: &[f32], output: &mut Vec<f32>) {
        let (rows, biases) = weights[self.start..self.end()].split_at(self.taps());
        let (rows, biases) = (rows.as_chunks::<F>().0, biases.as_chunks::<F>().0);
        output.clear();
        for place in 0..self.places() {
            let mut sums = biases[0];
            for tap in 0..9 {
                let Some(from) = self.seen(place, tap) else { continue };
                let values = &input[from..][..self.channels];
                for (value, row) in values.iter().zip(&rows[tap * self.channels..][..self.channels]) {
                    // A product, then a sum, never fused: every processor gives the same bits.
                    sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * weight);
                }
            }
            output.extend(sums.map(|sum| sum.max(sum * SLOPE)));
        }
    }

    /// From the gradient of the output to those of the weights, added, and of the input.
    #[inline(always)]
    pub(super) fn backward<const F: usize>(
        &self,
        weights: &[f32],
        input: &[f32],
        output: &[f32],
        back: &mut [f32],
        sums: &mut [f32],
    ) -> Vec<f32> {
        back.iter_mut().zip(output).filter(|(_, out)| **out < 0.0).for_each(|(back, _)| *back *= SLOPE);
        let rows = weights[self.start..][..self.taps()].as_chunks::<F>().0;
        let (row_sums, bias_sums) = sums[self.start..self.end()].split_at_mut(self.taps());
        let row_sums = row_sums.as_chunks_mut::<F>().0;
        let mut further = vec![0.0; input.len()];
        for (place, back) in back.as_chunks::<F>().0.iter().enumerate() {
            bias_sums.iter_mut().zip(back).for_each(|(sum, back)| *sum += back);
            for tap in 0..9 {
                let Some(from) = self.seen(place, tap) else { continue };
                for channel in 0..self.channels {
                    let (row, value) = (tap * self.channels + channel, input[from + channel]);
                    row_sums[row].iter_mut().zip(back).for_each(|(sum, back)| *sum += value * back);
                    further[from + channel] += dot(&rows[row], back);
                }
            }
        }
        further
    }
}

/// The sum of products, in an order that is the same for registers of all widths.
#[inline(always)]
fn dot<const F: usize>(a: &[f32; F], b: &[f32; F]) -> f32 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        (0..LANES).for_each(|lane| sums[lane] += a[lane] * b[lane]);
    }
    sums.iter().sum()
}
