//! What a discriminator sees of the other images of its batch.

use burn::tensor::Tensor;

/// Keeps the root's derivative finite where all images of a group are equal: StyleGAN's.
const EPSILON: f64 = 1e-8;

/// Appends a channel with the standard deviation of each group's features, averaged over channels and pixels: Karras et al.,
/// "Progressive growing of GANs for improved quality, stability, and variation" (2018), section 3. Samples that are all
/// alike show there.
///
/// A group has `group` images, or as many fewer as divide the batch.
///
/// # Shapes
/// - features: `[batch, channels, height, width]`
/// - output: `[batch, channels + 1, height, width]`
pub(crate) fn append_deviation(features: Tensor<4>, group: usize) -> Tensor<4> {
    let [batch, channels, height, width] = features.dims();
    let group = (1..=group).rev().find(|group| batch.is_multiple_of(*group)).unwrap_or(1);
    // As in the paper's code an image's group are those a multiple of `batch / group` away.
    let grouped = features.clone().reshape([group, batch / group, channels * height * width]);
    let distance = grouped.clone() - grouped.mean_dim(0);
    let deviation = distance.square().mean_dim(0).add_scalar(EPSILON).sqrt().mean_dim(2);
    let channel = deviation.repeat_dim(0, group).reshape([batch, 1, 1, 1]).expand([batch, 1, height, width]);
    Tensor::cat(vec![features, channel], 1)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    /// Four images of one value: 0, 1, 4, 1. In pairs, 0 with 4 and 1 with 1, the deviations are 2 and 0.
    #[test]
    fn deviations_by_hand() {
        let values = TensorData::new(vec![0.0f32, 1.0, 4.0, 1.0], [4, 1, 1, 1]);
        let check = |group, expected: [f32; 4]| {
            let features = append_deviation(Tensor::from_data(values.clone(), &Device::flex()), group);
            assert_eq!(features.dims(), [4, 2, 1, 1]);
            let found: Vec<f32> = features.narrow(1, 1, 1).into_data().try_to_vec().unwrap();
            for (found, expected) in found.into_iter().zip(expected) {
                assert!((found - expected).abs() < 2e-4, "groups of {group}: {found} instead of {expected}");
            }
        };
        check(2, [2.0, 0.0, 2.0, 0.0]);
        // Three do not divide four, so that these are pairs as well.
        check(3, [2.0, 0.0, 2.0, 0.0]);
        // The mean is 1.5, the squares 2.25, 0.25, 6.25 and 0.25.
        check(4, [1.5; 4]);
        check(1, [0.0; 4]);
    }
}
