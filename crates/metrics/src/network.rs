//! What convolution networks are made of besides convolutions, forwards only, one image at a time.
//!
//! Images are what threads share out: the sums within an image run in a fixed order.

/// The activations of one image: planes of `height` · `width`, one a channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
}

impl Tensor {
    pub(crate) fn new([channels, height, width]: [usize; 3], values: Vec<f32>) -> Self {
        assert_eq!(values.len(), channels * height * width, "a tensor is whole");
        Self { channels, height, width, values }
    }

    /// One interleaved RGB image as three planes of 0 to 255.
    pub(crate) fn of_pixels(pixels: &[u8], side: usize) -> Self {
        let planes = (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3));
        Self::new([3, side, side], planes.map(|value| f32::from(*value)).collect())
    }

    pub(crate) fn planes(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.height * self.width)
    }

    pub(crate) fn map(mut self, of: impl Fn(f32) -> f32) -> Self {
        self.values.iter_mut().for_each(|value| *value = of(*value));
        self
    }

    /// The mean of each channel.
    pub(crate) fn channel_means(&self) -> Vec<f32> {
        let count = (self.height * self.width) as f64;
        self.planes().map(|plane| (plane.iter().map(|value| f64::from(*value)).sum::<f64>() / count) as f32).collect()
    }

    /// The channels of all, one tensor's after the other's.
    pub(crate) fn concatenate(parts: &[Self]) -> Self {
        let channels = parts.iter().map(|part| part.channels).sum();
        let values = parts.iter().flat_map(|part| &part.values).copied().collect();
        Self::new([channels, parts[0].height, parts[0].width], values)
    }

    /// 3 × 3 windows, the padding left out of the mean, as TensorFlow has it.
    pub(crate) fn average_pool_3x3(&self) -> Self {
        self.pool(1, 1, |window| window.iter().sum::<f32>() / window.len() as f32)
    }

    /// The largest of 3 × 3 windows, `stride` apart.
    pub(crate) fn max_pool_3x3(&self, stride: usize, padding: usize) -> Self {
        self.pool(stride, padding, |window| window.iter().copied().fold(f32::NEG_INFINITY, f32::max))
    }

    fn pool(&self, stride: usize, padding: usize, of_window: impl Fn(&[f32]) -> f32) -> Self {
        let outer = |size: usize| (size + 2 * padding - 3) / stride + 1;
        let inside = |position: usize, size: usize| {
            let start = position * stride;
            start.saturating_sub(padding)..(start + 3 - padding).min(size)
        };
        let (height, width) = (outer(self.height), outer(self.width));
        let mut values = Vec::with_capacity(self.channels * height * width);
        let mut window = Vec::with_capacity(9);
        for plane in self.planes() {
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                window.clear();
                for row in inside(y, self.height) {
                    window.extend_from_slice(&plane[row * self.width..][inside(x, self.width)]);
                }
                values.push(of_window(&window));
            }
        }
        Self::new([self.channels, height, width], values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(height: usize, width: usize) -> Tensor {
        Tensor::new([1, height, width], (1..=height * width).map(|i| i as f32).collect())
    }

    #[test]
    fn averages_leave_the_padding_out() {
        let pooled = counting(3, 3).average_pool_3x3();
        assert_eq!(pooled.values, [3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0]);
    }

    #[test]
    fn maxima_with_and_without_padding() {
        assert_eq!(counting(5, 5).max_pool_3x3(2, 0).values, [13.0, 15.0, 23.0, 25.0]);
        assert_eq!(counting(2, 2).max_pool_3x3(1, 1).values, [4.0; 4]);
    }

    #[test]
    fn pixels_become_planes() {
        let tensor = Tensor::of_pixels(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 2);
        assert_eq!(tensor.values[..8], [1.0, 4.0, 7.0, 10.0, 2.0, 5.0, 8.0, 11.0]);
        assert_eq!(tensor.channel_means(), [5.5, 6.5, 7.5]);
        assert_eq!(Tensor::concatenate(&[tensor.clone(), tensor]).channels, 6);
    }
}
