//! What a discriminator sees of the other images of its batch.

use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor},
};

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

/// How near each image's features are to those of all images of the batch, itself among them: Salimans et al., "Improved
/// techniques for training GANs" (2016), section 3.2.
///
/// M = f(x) T; o(xᵢ)_b = Σⱼ exp(−‖M_{i,b} − M_{j,b}‖₁). A batch of one image again and again has the batch's size for each kernel
/// b, one of images far apart 1. The discriminator sees o(x) beside f(x), and so a generator that makes one sample alone.
///
/// # Shapes
/// - `features`: `[batch, inputs]`, f(x)
/// - `projection`: `[inputs, kernels, dimensions]`, T
/// - output: `[batch, kernels]`
pub fn minibatch_discrimination(features: Tensor<2>, projection: Tensor<3>) -> Tensor<2> {
    let [batch, inputs] = features.dims();
    let [_, kernels, dimensions] = projection.dims();
    let projected = features.matmul(projection.reshape([inputs, kernels * dimensions]));
    let each = projected.clone().reshape([batch, 1, kernels, dimensions]);
    let other = projected.reshape([1, batch, kernels, dimensions]);
    let distance = (each - other).abs().sum_dim(3);
    distance.neg().exp().sum_dim(1).reshape([batch, kernels])
}

/// Numbers that a kernel compares: the paper's C.
pub(crate) const KERNEL_DIMENSIONS: usize = 5;

/// Minibatch discrimination's T, which the discriminator learns.
#[derive(Module, Debug)]
pub(crate) struct MinibatchKernels {
    /// `[channels, kernels, KERNEL_DIMENSIONS]`.
    weight: Param<Tensor<3>>,
}

impl MinibatchKernels {
    /// Kernels whose weights are zero.
    pub(crate) fn new(channels: usize, kernels: usize, device: &Device) -> Self {
        Self { weight: Initializer::Zeros.init([channels, kernels, KERNEL_DIMENSIONS], device) }
    }

    /// Appends a channel for each kernel: how near the image is to the others of its batch by [`minibatch_discrimination`] of the
    /// features' means, less 1 for itself.
    ///
    /// The paper takes all features of a layer; their means over pixels have as many weights at any side.
    ///
    /// # Shapes
    /// - features: `[batch, channels, height, width]`
    /// - output: `[batch, channels + kernels, height, width]`
    pub(crate) fn append_nearness(&self, features: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = features.dims();
        let means = features.clone().reshape([batch, channels, height * width]).mean_dim(2).reshape([batch, channels]);
        let nearness = minibatch_discrimination(means, self.weight.val()).sub_scalar(1.0);
        let [_, kernels] = nearness.dims();
        let nearness = nearness.reshape([batch, kernels, 1, 1]).expand([batch, kernels, height, width]);
        Tensor::cat(vec![features, nearness], 1)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData};

    use super::*;

    fn numbers(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// Features 0, 1 and 3 of one kernel each of slope 1 and ½: e^(−1), e^(−2), e^(−3) and their roots.
    #[test]
    fn nearness_by_hand() {
        let device = Device::flex();
        let features = Tensor::<2>::from_floats([[0.0], [1.0], [3.0]], &device);
        let projection = Tensor::<3>::from_floats([[[1.0], [0.5]]], &device);
        let e = |x: f32| (-x).exp();
        let expected = [
            [1.0 + e(1.0) + e(3.0), 1.0 + e(0.5) + e(1.5)],
            [1.0 + e(1.0) + e(2.0), 1.0 + e(0.5) + e(1.0)],
            [1.0 + e(2.0) + e(3.0), 1.0 + e(1.0) + e(1.5)],
        ];
        let found = numbers(minibatch_discrimination(features, projection));
        for (found, expected) in found.into_iter().zip(expected.concat()) {
            assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
        }
    }

    #[test]
    fn one_image_again_and_again_has_the_batch_s_size_and_order_moves_along() {
        let device = Device::flex();
        let random = |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), &device);
        let projection = Tensor::<3>::random([5, 4, 3], Distribution::Normal(0.0, 1.0), &device);
        let same = random([1, 5]).repeat_dim(0, 7);
        assert_eq!(numbers(minibatch_discrimination(same, projection.clone())), [7.0; 28]);
        let features = random([6, 5]);
        let straight = numbers(minibatch_discrimination(features.clone(), projection.clone()));
        let turned = numbers(minibatch_discrimination(features.flip([0]), projection).flip([0]));
        for (straight, turned) in straight.into_iter().zip(turned) {
            assert!((straight - turned).abs() < 1e-5, "{straight}, {turned}");
        }
    }

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
