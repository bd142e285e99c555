//! What classes do to the two networks. A class is a row of numbers, one 1 among zeros, so that mixtures of classes are too.

use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor, TensorData},
};

/// Classes as rows, for networks of so many classes: each has one more, of images whose class is not known.
///
/// # Shapes
/// - output: `[labels, classes + 1]`
///
/// # Panics
/// When a label is not below `classes`.
pub fn class_rows(labels: &[Option<usize>], classes: usize, device: &Device) -> Tensor<2> {
    let mut rows = vec![0.0f32; labels.len() * (classes + 1)];
    for (row, label) in labels.iter().enumerate() {
        let class = label.unwrap_or(classes);
        assert!(class < classes || label.is_none(), "class {class} of {classes}");
        rows[row * (classes + 1) + class] = 1.0;
    }
    Tensor::from_data(TensorData::new(rows, [labels.len(), classes + 1]), device)
}

/// Scale and shift of each class, behind a BatchNorm: class-conditional BatchNorm. De Vries et al., "Modulating early visual
/// processing by language" (2017); Miyato and Koyama, "cGANs with projection discriminator" (2018), section 5.
#[derive(Module, Debug)]
pub struct ClassModulation {
    /// `[classes + 1, channels]`, about 1.
    gamma: Param<Tensor<2>>,
    /// `[classes + 1, channels]`, 0 at first.
    beta: Param<Tensor<2>>,
}

impl ClassModulation {
    /// Modulation that leaves features as they are.
    pub fn new(classes: usize, channels: usize, device: &Device) -> Self {
        Self {
            gamma: Initializer::Ones.init([classes + 1, channels], device),
            beta: Initializer::Zeros.init([classes + 1, channels], device),
        }
    }

    /// γ_y x + β_y.
    ///
    /// # Shapes
    /// - `features`: `[batch, channels, height, width]`, and the output
    /// - `classes`: `[batch, classes + 1]`
    pub fn modulate(&self, features: Tensor<4>, classes: Tensor<2>) -> Tensor<4> {
        let [batch, channels, ..] = features.dims();
        let of_class = |table: &Param<Tensor<2>>| classes.clone().matmul(table.val()).reshape([batch, channels, 1, 1]);
        features * of_class(&self.gamma) + of_class(&self.beta)
    }
}

/// The projection discriminator's class vectors: Miyato and Koyama, "cGANs with projection discriminator" (2018), equation 3.
///
/// logit(x, y) = yᵀ V φ(x) + ψ(φ(x)): the last features' sum over pixels times the class's vector, beside the logit that does not
/// look at the class.
#[derive(Module, Debug)]
pub struct ClassProjection {
    /// V: `[classes + 1, channels]`.
    weight: Param<Tensor<2>>,
}

impl ClassProjection {
    /// Vectors that are zero.
    pub fn new(classes: usize, channels: usize, device: &Device) -> Self {
        Self { weight: Initializer::Zeros.init([classes + 1, channels], device) }
    }

    /// yᵀ V φ(x) of each image.
    ///
    /// # Shapes
    /// - `features`: `[batch, channels, height, width]`
    /// - `classes`: `[batch, classes + 1]`
    /// - output: `[batch]`
    pub fn project(&self, features: Tensor<4>, classes: Tensor<2>) -> Tensor<1> {
        let [batch, channels, height, width] = features.dims();
        let sums = features.reshape([batch, channels, height * width]).sum_dim(2).reshape([batch, channels]);
        (sums * classes.matmul(self.weight.val())).sum_dim(1).reshape([batch])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(values: [[f32; 2]; 3]) -> Param<Tensor<2>> {
        Param::from_tensor(Tensor::from_floats(values, &Device::flex()))
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// Two images of two channels and two pixels.
    fn features() -> Tensor<4> {
        Tensor::from_floats([[[[1.0, 2.0]], [[3.0, 4.0]]], [[[5.0, 6.0]], [[7.0, 8.0]]]], &Device::flex())
    }

    #[test]
    fn classes_are_rows_and_none_is_the_last() {
        let rows = class_rows(&[Some(1), None], 2, &Device::flex());
        assert_eq!(numbers(rows), [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn each_image_has_its_class_s_scale_and_shift() {
        let modulation = ClassModulation {
            gamma: table([[9.0, 9.0], [2.0, 3.0], [1.0, -1.0]]),
            beta: table([[9.0, 9.0], [0.5, 0.0], [0.0, 1.0]]),
        };
        let found = modulation.modulate(features(), class_rows(&[Some(1), None], 2, &Device::flex()));
        assert_eq!(numbers(found), [2.5, 4.5, 9.0, 12.0, 5.0, 6.0, -6.0, -7.0]);
        let blank = ClassModulation::new(2, 2, &Device::flex());
        let untouched = blank.modulate(features(), class_rows(&[Some(0), None], 2, &Device::flex()));
        assert_eq!(numbers(untouched), numbers(features()));
    }

    #[test]
    fn each_image_is_projected_on_its_class_s_vector() {
        let projection = ClassProjection { weight: table([[9.0, 9.0], [1.0, 2.0], [0.0, -1.0]]) };
        let found = projection.project(features(), class_rows(&[Some(1), None], 2, &Device::flex()));
        // Sums (3, 7) and (11, 15).
        assert_eq!(numbers(found), [17.0, -15.0]);
    }
}
