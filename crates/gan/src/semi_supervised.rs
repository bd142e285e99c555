//! A classifier as discriminator: K classes of real images, and samples as class K + 1.

use burn::tensor::{Tensor, TensorData, activation};

/// How real an image looks to a classifier: ln Σₖ e^(lₖ), the logit of D(x) for every objective here.
///
/// Samples' own logit is held at 0, which takes nothing away: subtracting a function of x from all logits leaves the softmax as it
/// is. D(x) = Z / (Z + 1), Z = Σₖ e^(lₖ), is then the softmax's sum over the K real classes, and ln Z its logit. Salimans et
/// al., "Improved techniques for training GANs" (2016), section 5.
///
/// # Shapes
/// - `class_logits`: `[batch, classes]`
/// - output: `[batch]`
pub fn realness(class_logits: Tensor<2>) -> Tensor<1> {
    let [batch, _] = class_logits.dims();
    // The largest is taken out first, so that no exponential overflows.
    let largest = class_logits.clone().detach().max_dim(1);
    ((class_logits - largest.clone()).exp().sum_dim(1).log() + largest).reshape([batch])
}

/// The supervised part of the discriminator's loss: −ln p(y | x, x is real), averaged over the images whose class is known; 0 where
/// none is. The same paper, section 5: L_supervised.
///
/// # Shapes
/// - `class_logits`: `[batch, classes]`
/// - `labels`: `batch` classes
/// - output: `[1]`
///
/// # Panics
/// When there is another number of labels, or one is not below the number of classes.
pub fn classification_loss(class_logits: Tensor<2>, labels: &[Option<usize>]) -> Tensor<1> {
    let [batch, classes] = class_logits.dims();
    assert_eq!(labels.len(), batch, "every image has a label or none");
    let known = labels.iter().flatten().count().max(1) as f32;
    let mut weights = vec![0.0f32; batch * classes];
    for (image, label) in labels.iter().enumerate().filter_map(|(image, label)| Some((image, (*label)?))) {
        assert!(label < classes, "class {label} of {classes}");
        weights[image * classes + label] = 1.0 / known;
    }
    let weights = Tensor::from_data(TensorData::new(weights, [batch, classes]), &class_logits.device());
    (activation::log_softmax(class_logits, 1) * weights).sum().neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::{Objective, ObjectiveConfig};

    fn number(tensor: Tensor<1>) -> f32 {
        tensor.into_scalar()
    }

    fn logits(rows: usize) -> Tensor<2> {
        Tensor::random([rows, 4], Distribution::Normal(0.0, 2.0), &Device::flex())
    }

    /// ln D, ln(1 − D) and ln p(y | x) of a softmax over K + 1 classes, the last one samples' with logit 0.
    fn explicit(class_logits: Tensor<2>) -> Tensor<2> {
        let [batch, _] = class_logits.dims();
        activation::log_softmax(Tensor::cat(vec![class_logits, Tensor::zeros([batch, 1], &Device::flex())], 1), 1)
    }

    #[test]
    fn the_losses_are_those_of_an_explicit_softmax() {
        let objective =
            ObjectiveConfig { name: Objective::NonSaturating, label_smoothing: 0.0, fake_label_smoothing: 0.0 };
        let (real, fake) = (logits(6), logits(6));
        let samples = |log: Tensor<2>| log.narrow(1, 4, 1);
        let is_real = |log: Tensor<2>| log.narrow(1, 0, 4).exp().sum_dim(1).log();
        let expected = -(is_real(explicit(real.clone())).mean() + samples(explicit(fake.clone())).mean());
        let found = objective.discriminator_loss(realness(real.clone()), realness(fake.clone()));
        assert!((number(found) - number(expected)).abs() < 1e-5);

        // p(y | x) among K + 1 is p(y | x, real) · D(x).
        let labels = [Some(2), None, Some(0), None, Some(3), Some(2)];
        let log = explicit(real.clone());
        let of = |image: usize, class: usize| {
            let joint = log.clone().narrow(0, image, 1).narrow(1, class, 1);
            number((joint - is_real(log.clone()).narrow(0, image, 1)).reshape([1]))
        };
        let expected = -(of(0, 2) + of(2, 0) + of(4, 3) + of(5, 2)) / 4.0;
        assert!((number(classification_loss(real, &labels)) - expected).abs() < 1e-5);
    }

    #[test]
    fn by_hand_and_without_overflow() {
        let row = |values: [f32; 2]| Tensor::<2>::from_floats([values], &Device::flex());
        assert!((number(realness(row([1f32.ln(), 3f32.ln()]))) - 4f32.ln()).abs() < 1e-6);
        assert_eq!(number(realness(row([200.0, -200.0]))), 200.0);
        assert!((number(realness(row([-200.0, -200.0]))) + 200.0 - 2f32.ln()).abs() < 1e-4);
        assert!((number(classification_loss(row([0.0, 3f32.ln()]), &[Some(1)])) - (4.0f32 / 3.0).ln()).abs() < 1e-6);
        assert_eq!(number(classification_loss(row([0.0, 1.0]), &[None])), 0.0);
    }
}
