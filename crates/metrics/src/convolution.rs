//! Convolutions of one image, as matrix products over copied windows.

use crate::{
    network::Tensor,
    product::{View, multiply},
};

/// Numbers of copied windows that are multiplied at once: a quarter of a common second-level cache, beside the weights.
const WINDOW_VALUES: usize = 1 << 16;

/// A convolution with a bias.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Convolution {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Down and across, as is the padding.
    pub(crate) kernel: [usize; 2],
    pub(crate) padding: [usize; 2],
    pub(crate) stride: usize,
    /// One output a channel, each from its own input alone.
    pub(crate) is_depthwise: bool,
    /// `[outputs, inputs (1 where depthwise), kernel rows, kernel columns]`.
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl Convolution {
    pub(crate) fn forward(&self, input: &Tensor) -> Tensor {
        assert_eq!(input.channels, self.inputs, "the channels fit");
        let [height, width] = self.output_size(input);
        let mut output = Tensor::new([self.outputs, height, width], vec![0.0; self.outputs * height * width]);
        if self.is_depthwise {
            self.each_channel_alone(input, &mut output);
        } else if (self.kernel, self.padding, self.stride) == ([1, 1], [0, 0], 1) {
            let input = View::new(&input.values, height * width);
            multiply(View::new(&self.weights, self.inputs), input, &mut output.values, height * width);
        } else {
            self.over_windows(input, &mut output);
        }
        for (plane, bias) in output.values.chunks_exact_mut(height * width).zip(&self.bias) {
            plane.iter_mut().for_each(|value| *value += bias);
        }
        output
    }

    fn output_size(&self, input: &Tensor) -> [usize; 2] {
        let size = |size: usize, axis: usize| (size + 2 * self.padding[axis] - self.kernel[axis]) / self.stride + 1;
        [size(input.height, 0), size(input.width, 1)]
    }

    fn over_windows(&self, input: &Tensor, output: &mut Tensor) {
        let terms = self.inputs * self.kernel[0] * self.kernel[1];
        let rows_at_once = (WINDOW_VALUES / (terms * output.width)).clamp(1, output.height);
        let (positions, width) = (output.height * output.width, output.width);
        let mut windows = Vec::new();
        for first in (0..output.height).step_by(rows_at_once) {
            let rows = rows_at_once.min(output.height - first);
            windows.clear();
            self.copy_windows(input, first..first + rows, width, &mut windows);
            let windows = View::new(&windows, rows * width);
            multiply(View::new(&self.weights, terms), windows, &mut output.values[first * width..], positions);
        }
    }

    /// Appends, for each input channel and each position in the kernel, what lies there for the output rows given.
    fn copy_windows(&self, input: &Tensor, rows: std::ops::Range<usize>, width: usize, windows: &mut Vec<f32>) {
        for plane in input.planes() {
            for (down, across) in (0..self.kernel[0]).flat_map(|y| (0..self.kernel[1]).map(move |x| (y, x))) {
                for row in rows.clone() {
                    let line = (row * self.stride + down).checked_sub(self.padding[0]).filter(|y| *y < input.height);
                    let Some(line) = line else {
                        windows.resize(windows.len() + width, 0.0);
                        continue;
                    };
                    self.copy_line(&plane[line * input.width..][..input.width], across, width, windows);
                }
            }
        }
    }

    fn copy_line(&self, line: &[f32], across: usize, width: usize, windows: &mut Vec<f32>) {
        let source = |x: usize| (x * self.stride + across).checked_sub(self.padding[1]);
        let left = (0..width).take_while(|x| source(*x).is_none()).count();
        let inside = (left..width).take_while(|x| source(*x).is_some_and(|at| at < line.len())).count();
        windows.resize(windows.len() + left, 0.0);
        let first = source(left).unwrap_or(0);
        if self.stride == 1 {
            windows.extend_from_slice(&line[first.min(line.len())..][..inside]);
        } else {
            windows.extend(line.iter().skip(first).step_by(self.stride).take(inside));
        }
        windows.resize(windows.len() + width - left - inside, 0.0);
    }

    fn each_channel_alone(&self, input: &Tensor, output: &mut Tensor) {
        let (width, size) = (output.width, output.height * output.width);
        let mut lines = Vec::new();
        let channels = input.planes().zip(self.weights.chunks_exact(self.kernel[0] * self.kernel[1]));
        for ((plane, weights), output) in channels.zip(output.values.chunks_exact_mut(size)) {
            let plane = Tensor::new([1, input.height, input.width], plane.to_vec());
            lines.clear();
            self.copy_windows(&plane, 0..size / width, width, &mut lines);
            for (line, weight) in lines.chunks_exact(size).zip(weights) {
                output.iter_mut().zip(line).for_each(|(output, value)| *output += weight * value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::{Philox, Stream};

    fn numbers(step: u64, count: usize) -> Vec<f32> {
        let mut values = vec![0.0; count];
        Philox::new(3, Stream::Tests).fill_normal(step, &mut values);
        values
    }

    /// The definition, term by term.
    fn by_definition(convolution: &Convolution, input: &Tensor) -> Vec<f32> {
        let Convolution { inputs, outputs, kernel: [kh, kw], padding, stride, is_depthwise, weights, bias } =
            convolution;
        let [height, width] = convolution.output_size(input);
        let of_each = if *is_depthwise { 1 } else { *inputs };
        let mut values = Vec::new();
        for (o, y, x) in (0..*outputs).flat_map(|o| (0..height).flat_map(move |y| (0..width).map(move |x| (o, y, x)))) {
            let mut sum = bias[o];
            for (i, ky, kx) in (0..of_each).flat_map(|i| (0..*kh).flat_map(move |y| (0..*kw).map(move |x| (i, y, x)))) {
                let (row, column) = (y * stride + ky, x * stride + kx);
                let inside = (padding[0]..input.height + padding[0]).contains(&row)
                    && (padding[1]..input.width + padding[1]).contains(&column);
                if inside {
                    let channel = if *is_depthwise { o } else { i };
                    let at = (channel * input.height + row - padding[0]) * input.width + column - padding[1];
                    sum += weights[((o * of_each + i) * kh + ky) * kw + kx] * input.values[at];
                }
            }
            values.push(sum);
        }
        values
    }

    proptest! {
        #[test]
        fn the_products_are_the_definition(
            channels in 1_usize..4, outputs in 1_usize..5, height in 7_usize..20, width in 7_usize..20,
            kernel in prop::array::uniform2(1_usize..6), padding in prop::array::uniform2(0_usize..3),
            stride in 1_usize..3, is_depthwise: bool,
        ) {
            let outputs = if is_depthwise { channels } else { outputs };
            let of_each = if is_depthwise { 1 } else { channels };
            let weights = numbers(0, outputs * of_each * kernel[0] * kernel[1]);
            let bias = numbers(1, outputs);
            let convolution =
                Convolution { inputs: channels, outputs, kernel, padding, stride, is_depthwise, weights, bias };
            let input = Tensor::new([channels, height, width], numbers(2, channels * height * width));
            let expected = by_definition(&convolution, &input);
            for (ours, theirs) in convolution.forward(&input).values.iter().zip(&expected) {
                prop_assert!((ours - theirs).abs() < 1e-4, "{} and {}", ours, theirs);
            }
        }
    }
}
