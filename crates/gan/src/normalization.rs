//! Normalization by a batch that stays the same: what an image becomes does not depend on its batch mates.

use burn::tensor::Tensor;

/// Statistics of a layer's features over a reference batch, which is chosen once.
///
/// BatchNorm normalizes by the batch's own statistics (Ioffe and Szegedy, 2015), so that the images of a batch change each
/// other's outputs, and visibly so in small batches. Of the same batch as reference, [`ReferenceStatistics::normalize`]
/// is BatchNorm.
///
/// The statistics are of one layer and of the weights as they are: in every forward pass the reference batch passes through
/// the layers along with the batch.
#[derive(Clone, Debug)]
pub struct ReferenceStatistics {
    /// E\[x\], `[1, channels, 1, 1]`.
    mean: Tensor<4>,
    /// E\[x²\].
    mean_square: Tensor<4>,
    /// Images of the reference batch.
    count: usize,
}

impl ReferenceStatistics {
    /// The statistics of a reference batch at this layer, on its tape.
    ///
    /// # Shapes
    /// - `features`: `[count, channels, height, width]`
    pub fn of(features: Tensor<4>) -> Self {
        let [count, ..] = features.dims();
        let mean_square = spatial_mean(features.clone().square()).mean_dim(0);
        Self { mean: spatial_mean(features).mean_dim(0), mean_square, count }
    }

    /// Reference BatchNorm: (x − μ) / √(σ² + ε) by the reference batch's statistics alone, before scale and shift. Goodfellow,
    /// "NIPS 2016 tutorial: generative adversarial networks", section 4.3.
    ///
    /// # Shapes
    /// - `features`: `[batch, channels, height, width]`, and the output
    pub fn normalize(&self, features: Tensor<4>, epsilon: f64) -> Tensor<4> {
        standardize(features, self.mean.clone(), self.mean_square.clone(), epsilon)
    }

    /// Virtual BatchNorm: each image by the statistics of the reference batch and itself, as if it were one image more there,
    /// before scale and shift. Salimans et al., "Improved techniques for training GANs" (2016), section 3.5. So an image that is
    /// unlike the reference is held within bounds, which reference BatchNorm does not.
    ///
    /// # Shapes
    /// - `features`: `[batch, channels, height, width]`, and the output
    pub fn normalize_virtually(&self, features: Tensor<4>, epsilon: f64) -> Tensor<4> {
        let share = 1.0 / (self.count as f64 + 1.0);
        let mixed = |own: Tensor<4>, reference: &Tensor<4>| own * share + reference.clone() * (1.0 - share);
        let mean = mixed(spatial_mean(features.clone()), &self.mean);
        let mean_square = mixed(spatial_mean(features.clone().square()), &self.mean_square);
        standardize(features, mean, mean_square, epsilon)
    }
}

/// The mean over pixels: `[batch, channels, 1, 1]`.
fn spatial_mean(features: Tensor<4>) -> Tensor<4> {
    features.mean_dim(2).mean_dim(3)
}

/// σ² = E\[x²\] − E\[x\]², which rounding can make negative.
fn standardize(features: Tensor<4>, mean: Tensor<4>, mean_square: Tensor<4>, epsilon: f64) -> Tensor<4> {
    let variance = (mean_square - mean.clone().square()).clamp_min(0.0);
    (features - mean) / variance.add_scalar(epsilon).sqrt()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData};

    use super::*;

    const EPSILON: f64 = 1e-5;

    /// One channel of one pixel.
    fn features(values: &[f32]) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len(), 1, 1, 1]), &Device::flex())
    }

    fn numbers(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    fn near(found: Tensor<4>, expected: &[f64]) {
        for (found, expected) in numbers(found).into_iter().zip(expected) {
            assert!((f64::from(found) - expected).abs() < 1e-4, "{found}, not {expected}");
        }
    }

    /// The reference 0, 2, 4 has mean 2 and variance 8/3; with 6 as a fourth they are 3 and 5.
    #[test]
    fn outputs_by_hand() {
        let statistics = ReferenceStatistics::of(features(&[0.0, 2.0, 4.0]));
        near(statistics.normalize(features(&[2.0, 6.0]), EPSILON), &[0.0, 4.0 / (8.0f64 / 3.0).sqrt()]);
        near(statistics.normalize_virtually(features(&[2.0, 6.0]), EPSILON), &[0.0, 3.0 / 5f64.sqrt()]);
    }

    fn random(images: usize) -> Tensor<4> {
        Tensor::random([images, 3, 4, 4], Distribution::Normal(1.0, 2.0), &Device::flex())
    }

    #[test]
    fn batch_mates_change_nothing() {
        let (statistics, image) = (ReferenceStatistics::of(random(6)), random(1));
        let among = |mates: Tensor<4>| {
            let batch = Tensor::cat(vec![image.clone(), mates], 0);
            [statistics.normalize(batch.clone(), EPSILON), statistics.normalize_virtually(batch, EPSILON)]
                .map(|output| numbers(output.narrow(0, 0, 1)))
        };
        let alone =
            [statistics.normalize(image.clone(), EPSILON), statistics.normalize_virtually(image.clone(), EPSILON)];
        assert_eq!(among(random(5)), alone.map(numbers));
        assert_eq!(among(random(5)), among(random(9).mul_scalar(100.0)));
    }

    #[test]
    fn of_its_own_batch_it_is_batch_norm() {
        let batch = random(8);
        let norm = burn::nn::BatchNormConfig::new(3).init(&Device::flex().autodiff());
        let expected = numbers(norm.forward(batch.clone().autodiff()).inner());
        let found = numbers(ReferenceStatistics::of(batch.clone()).normalize(batch, norm.epsilon));
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{found}, not {expected}");
        }
    }

    #[test]
    fn what_is_unlike_the_reference_is_bounded_virtually() {
        let statistics = ReferenceStatistics::of(features(&[-1.0, 1.0, -1.0, 1.0]));
        let far = |value| numbers(statistics.normalize_virtually(features(&[value]), EPSILON))[0];
        // Of n + 1 numbers none is further than √n deviations from their mean.
        assert!(far(1e4) < 2.001 && far(1e4) > 1.99, "{}", far(1e4));
        assert!(numbers(statistics.normalize(features(&[1e4]), EPSILON))[0] > 9e3);
    }
}
