//! Penalties on the discriminator's slope, by first derivatives alone.
//!
//! Each is E\[φ(n)\], n = ‖∇ₓD(x)‖ being the slope at an image. Its gradient for D's weights θ seems to need a second
//! derivative: φ′(n) ∂n/∂θ. But with v = ∇ₓD(x) held still, n ∂n/∂θ = ∂/∂θ (v · ∇ₓD(x)), and v · ∇ₓD(x) is how D
//! changes along v. So the surrogate E\[c · D′ᵥ(x)\], c = φ′(n) / n held still as well, has the penalty's gradient.

use burn::tensor::Tensor;

use crate::discriminator::{Discriminator, ImageBatch};

/// What is asked of the slope n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Penalty {
    /// φ(n) = n² / 2: R1 on real images, R2 on samples. Mescheder et al., "Which training methods for GANs do actually
    /// converge?" (2018), equations 9 and 10, without their γ.
    ZeroCentred,
    /// φ(n) = (n − 1)²: Gulrajani et al., "Improved training of Wasserstein GANs" (2017), equation 3, without its λ.
    OneCentred,
}

/// A penalty as D's step uses it.
#[derive(Clone, Debug)]
pub struct Surrogate {
    /// Has the penalty's gradient for D's weights, and another value: `[1]`.
    pub loss: Tensor<1>,
    /// The penalty itself, off the tape: `[1]`.
    pub value: Tensor<1>,
}

/// A slope shorter than this is taken to be as long: its direction is rounding.
const MIN_SLOPE: f64 = 1e-12;

impl Penalty {
    /// φ(n), elementwise.
    fn value(self, slope: Tensor<1>) -> Tensor<1> {
        match self {
            Self::ZeroCentred => slope.square().div_scalar(2.0),
            Self::OneCentred => slope.sub_scalar(1.0).square(),
        }
    }

    /// φ′(n) / n, elementwise.
    fn factor(self, slope: Tensor<1>) -> Tensor<1> {
        match self {
            Self::ZeroCentred => slope.ones_like(),
            Self::OneCentred => slope.recip().neg().add_scalar(1.0).mul_scalar(2.0),
        }
    }

    /// The penalty at these images, D′ᵥ being the central difference
    ///
    /// n · (D(x + h u) − D(x − h u)) / 2h, u = v / n.
    ///
    /// For any D. It is exact but for h² where D is smooth; leaky activations that change their sign within h make it
    /// another subgradient's mean.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, side, side]`, on a device with autodiff
    /// - `discriminate`: images to `[batch]` logits
    pub fn by_difference(
        self,
        discriminate: impl Fn(Tensor<4>) -> Tensor<1>,
        images: Tensor<4>,
        step: f64,
    ) -> Surrogate {
        self.by_pairs(&discriminate, |ahead, behind| (discriminate(ahead), discriminate(behind)), images, step)
    }

    /// The same, of a whole discriminator, which may judge both ends of the difference at once.
    pub(crate) fn by_difference_of(
        self,
        discriminator: &Discriminator,
        images: impl Into<ImageBatch>,
        step: f64,
    ) -> Surrogate {
        let batch = images.into();
        let frozen = discriminator.without_weight_gradients();
        let both = |ahead, behind| discriminator.forward_both(batch.with_images(ahead), batch.with_images(behind));
        self.by_pairs(&|images| frozen.forward(batch.with_images(images)), both, batch.images.clone(), step)
    }

    fn by_pairs(
        self,
        discriminate: &impl Fn(Tensor<4>) -> Tensor<1>,
        both: impl FnOnce(Tensor<4>, Tensor<4>) -> (Tensor<1>, Tensor<1>),
        images: Tensor<4>,
        step: f64,
    ) -> Surrogate {
        let images = images.detach();
        let Gradient { direction, slope } = Gradient::at(discriminate, images.clone());
        let offset = direction.div(per_image(slope.clone())).mul_scalar(step);
        let (ahead, behind) = both(images.clone() + offset.clone(), images - offset);
        self.surrogate(slope.clone(), (ahead - behind).mul(slope).div_scalar(2.0 * step))
    }

    /// The penalty at these images, exactly: between its leaky activations D is linear, so that D′ᵥ is the network
    /// without biases applied to v, with the activations' slopes that the images give.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, side, side]`, on a device with autodiff, or an [`ImageBatch`] of them
    ///
    /// # Panics
    /// When D has BatchNorm, which is linear nowhere; [`crate::Recipe::validate`] refuses that, and a classifier, whose logits
    /// are not added linearly.
    pub fn by_tangent(self, discriminator: &Discriminator, images: impl Into<ImageBatch>) -> Surrogate {
        let batch = images.into();
        let batch = batch.with_images(batch.images.clone().detach());
        let frozen = discriminator.without_weight_gradients();
        let judge = |images| frozen.forward(batch.with_images(images));
        let Gradient { direction, slope } = Gradient::at(&judge, batch.images.clone());
        self.surrogate(slope, discriminator.directional_derivative(batch.clone(), direction))
    }

    fn surrogate(self, slope: Tensor<1>, derivative: Tensor<1>) -> Surrogate {
        let loss = self.factor(slope.clone()).mul(derivative).mean();
        Surrogate { loss, value: self.value(slope).mean().inner() }
    }
}

/// v = ∇ₓD(x) and n = ‖v‖ of each image, off the tape's reach: constants to whatever uses them.
struct Gradient {
    direction: Tensor<4>,
    slope: Tensor<1>,
}

impl Gradient {
    fn at(discriminate: &impl Fn(Tensor<4>) -> Tensor<1>, images: Tensor<4>) -> Self {
        let images = images.require_grad();
        // The sum's gradient holds each image's own: no logit depends on another image, but for BatchNorm.
        let gradients = discriminate(images.clone()).sum().backward();
        let direction = images.grad(&gradients).expect("the logits come from the images");
        let direction = Tensor::from_inner(direction);
        let [batch, ..] = direction.dims();
        let slope = direction.clone().square().flatten::<2>(1, 3).sum_dim(1).reshape([batch]).sqrt();
        Self { direction, slope: slope.clamp_min(MIN_SLOPE) }
    }
}

/// `[batch]` as `[batch, 1, 1, 1]`.
fn per_image(values: Tensor<1>) -> Tensor<4> {
    let [batch] = values.dims();
    values.reshape([batch, 1, 1, 1])
}

#[cfg(test)]
mod tests;
