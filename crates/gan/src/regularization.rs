//! Which penalties the discriminator's step adds, and how often.

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::{
    discriminator::{Discriminator, ImageBatch},
    penalty::{Penalty, Surrogate},
    philox::Philox,
};

/// Penalties on the discriminator's slope, each with its weight; 0: none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegularizationConfig {
    /// γ of R1: γ/2 E\[‖∇D(x)‖²\] at real images. Mescheder et al., "Which training methods for GANs do actually converge?"
    /// (2018), equation 9.
    pub r1: f64,
    /// γ of R2, the same at samples: equation 10.
    pub r2: f64,
    /// λ of λ E\[(‖∇D(x̂)‖ − 1)²\] at random mixtures of both. Gulrajani et al., "Improved training of Wasserstein GANs"
    /// (2017), equation 3.
    pub gradient_penalty: f64,
    /// Penalties are part of every n-th step, n times as heavy: Karras et al., "Analyzing and improving the image quality
    /// of StyleGAN" (2020), section 3.1.
    pub every: u32,
    /// How the slope's gradient is found.
    pub slope: Slope,
    /// Half the distance, as the Euclidean norm of an image's change, over which `difference` compares logits.
    pub step: f64,
}

/// How the gradient of a slope is found without second derivatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slope {
    /// From the change of the logits along the gradient; for every discriminator.
    Difference,
    /// From the linear map that the discriminator is between its activations: exact, for those whose images do not see each
    /// other.
    Tangent,
}

impl Default for RegularizationConfig {
    fn default() -> Self {
        // A step short enough that few activations change their sign within it, and long enough for f32 logits to tell.
        Self { r1: 0.0, r2: 0.0, gradient_penalty: 0.0, every: 1, slope: Slope::Difference, step: 1e-3 }
    }
}

impl RegularizationConfig {
    /// Whether the discriminator's updates of this step are penalized; steps count from 0.
    pub fn is_due(&self, step: u64) -> bool {
        self.weights().into_iter().any(|weight| weight > 0.0) && step.is_multiple_of(u64::from(self.every))
    }

    /// All penalties at a batch, with their weights; the surrogate's are `every` times as large, the value's are not.
    ///
    /// The mixtures of real images and samples are a pure function of `philox` and `draw`.
    ///
    /// # Shapes
    /// - `real`, `fake`: `[batch, 3, side, side]`, on a device with autodiff, both with their classes or none
    pub fn surrogate(
        &self,
        discriminator: &Discriminator,
        real: impl Into<ImageBatch>,
        fake: impl Into<ImageBatch>,
        philox: &Philox,
        draw: u64,
    ) -> Surrogate {
        let (real, fake) = (real.into(), fake.into());
        let device = real.images.device();
        let zero = || Tensor::<1>::zeros([1], &device);
        let mut sum = Surrogate { loss: zero(), value: zero().inner() };
        let [r1, r2, gradient_penalty] = self.weights();
        let mut add = |penalty: Penalty, weight: f64, images: &dyn Fn() -> ImageBatch| {
            if weight > 0.0 {
                let Surrogate { loss, value } = self.penalize(penalty, discriminator, images());
                sum.loss = sum.loss.clone() + loss.mul_scalar(weight * f64::from(self.every));
                sum.value = sum.value.clone() + value.mul_scalar(weight);
            }
        };
        add(Penalty::ZeroCentred, r1, &|| real.clone());
        add(Penalty::ZeroCentred, r2, &|| fake.clone());
        add(Penalty::OneCentred, gradient_penalty, &|| mixture(real.clone(), fake.clone(), philox, draw));
        sum
    }

    fn weights(&self) -> [f64; 3] {
        [self.r1, self.r2, self.gradient_penalty]
    }

    fn penalize(&self, penalty: Penalty, discriminator: &Discriminator, images: ImageBatch) -> Surrogate {
        match self.slope {
            Slope::Difference => penalty.by_difference_of(discriminator, images, self.step),
            Slope::Tangent => penalty.by_tangent(discriminator, images),
        }
    }

    /// What keeps these penalties from working on a discriminator, each beginning with a key.
    pub(crate) fn problems(&self, is_piecewise_linear: bool) -> Vec<String> {
        let mut problems = Vec::new();
        for (key, weight) in ["r1", "r2", "gradient_penalty"].into_iter().zip(self.weights()) {
            if !(weight.is_finite() && weight >= 0.0) {
                problems.push(format!("regularization.{key} is {weight}: it must be 0 or more"));
            }
        }
        if self.every == 0 {
            problems.push("regularization.every is 0: choose 1 (every step) or more".into());
        }
        if !(self.step.is_finite() && self.step > 0.0) {
            problems.push(format!("regularization.step is {}: it must be above 0", self.step));
        }
        if self.slope == Slope::Tangent && !is_piecewise_linear {
            problems.push(
                "regularization.slope is tangent: BatchNorm, minibatch_group and minibatch_kernels make images depend on each \
                 other, and classes = \"semi-supervised\" bends the logit; choose difference, or discriminator.norm = \"none\", \
                 other classes and the others 0"
                    .into(),
            );
        }
        problems
    }
}

/// `ε x + (1 − ε) x̃` with ε uniform in [0, 1) for each image, and of their classes' rows alike.
fn mixture(real: ImageBatch, fake: ImageBatch, philox: &Philox, draw: u64) -> ImageBatch {
    let [batch, ..] = real.images.dims();
    let mut shares = vec![0.0f32; batch];
    philox.fill_uniform(draw, &mut shares);
    let shares = Tensor::<4>::from_data(TensorData::new(shares, [batch, 1, 1, 1]), &real.images.device());
    let of_rows = shares.clone().reshape([batch, 1]);
    let classes = real.classes.zip(fake.classes);
    let classes = classes.map(|(real, fake)| fake.clone() + (real - fake) * of_rows);
    let images = fake.images.clone() + (real.images - fake.images) * shares;
    ImageBatch { images, classes }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::{
        classes::Classes,
        conditioning::class_rows,
        philox::Stream,
        recipe::{Recipe, tests::tiny},
    };

    fn value(surrogate: &Surrogate) -> f32 {
        surrogate.value.clone().into_scalar()
    }

    #[test]
    fn a_lazy_penalty_is_due_in_every_nth_step() {
        let due = |config: RegularizationConfig| (0..5).filter(|step| config.is_due(*step)).collect::<Vec<_>>();
        let off = RegularizationConfig::default();
        assert_eq!(due(off), [0; 0]);
        assert_eq!(due(RegularizationConfig { r1: 1.0, every: 2, ..off }), [0, 2, 4]);
    }

    #[test]
    fn weights_scale_and_laziness_does_not_change_the_value() {
        let recipe = tiny().with_overrides(&"discriminator.norm = \"none\"".parse().unwrap()).unwrap();
        let device = Device::flex().autodiff();
        let discriminator = recipe.discriminator(16, 3, &device).unwrap();
        let images = || Tensor::<4>::random([4, 3, 16, 16], Distribution::Uniform(-1.0, 1.0), &device);
        let (real, fake) = (images(), images());
        let philox = Philox::new(1, Stream::Mixture);
        let measure =
            |config: RegularizationConfig| config.surrogate(&discriminator, real.clone(), fake.clone(), &philox, 0);
        let off = RegularizationConfig { slope: Slope::Tangent, ..RegularizationConfig::default() };
        let (r1, r2) =
            (measure(RegularizationConfig { r1: 1.0, ..off }), measure(RegularizationConfig { r2: 1.0, ..off }));
        let both = measure(RegularizationConfig { r1: 2.0, r2: 3.0, every: 4, ..off });
        let expected = 2.0 * value(&r1) + 3.0 * value(&r2);
        assert!((value(&both) - expected).abs() < 1e-4 * expected, "{} and {expected}", value(&both));
        let [alone, lazy] = [&r1, &measure(RegularizationConfig { r1: 1.0, every: 4, ..off })]
            .map(|surrogate| surrogate.loss.clone().into_scalar::<f32>());
        assert!((lazy - 4.0 * alone).abs() < 1e-4 * lazy.abs(), "{lazy} and {alone}");
    }

    /// A projection is part of the logit, and so of its slope: by tangent and by difference alike.
    #[test]
    fn classes_take_part_in_the_slope() {
        let device = Device::flex().autodiff();
        let narrow = "generator.base_channels = 2\ndiscriminator.base_channels = 4\ninitialization.weight_std = 0.3";
        let recipe = Recipe::named("conditional").unwrap().with_overrides(&narrow.parse().unwrap()).unwrap();
        let classes = Classes::new(vec!["a".into(), "b".into()], [Some(0), Some(1), None]);
        let discriminator = recipe.discriminator_of(&classes, 16, 3, &device).unwrap();
        let images = Tensor::<4>::random([3, 3, 16, 16], Distribution::Uniform(-1.0, 1.0), &device);
        let of = |labels: [Option<usize>; 3], slope| {
            let classes = Some(class_rows(&labels, 2, &device));
            let batch = ImageBatch { images: images.clone(), classes };
            let config = RegularizationConfig { r1: 1.0, slope, ..RegularizationConfig::default() };
            let philox = Philox::new(1, Stream::Mixture);
            let Surrogate { loss, value } = config.surrogate(&discriminator, batch.clone(), batch, &philox, 0);
            let [loss, value] = [loss.inner(), value].map(Tensor::into_scalar::<f32>);
            (loss, value)
        };
        let labels = [Some(0), Some(1), None];
        let (tangent, difference) = (of(labels, Slope::Tangent), of(labels, Slope::Difference));
        assert!((tangent.0 - difference.0).abs() < 0.02 * tangent.0, "{tangent:?}, {difference:?}");
        assert!((tangent.1 - difference.1).abs() < 1e-4 * tangent.1, "{tangent:?}, {difference:?}");
        let others = of([Some(1), Some(0), Some(0)], Slope::Tangent);
        assert!((tangent.1 - others.1).abs() > 1e-3 * tangent.1, "{tangent:?}, {others:?}");
    }

    #[test]
    fn impossible_settings_are_named() {
        let wrong = RegularizationConfig {
            r1: -1.0,
            r2: f64::NAN,
            gradient_penalty: 0.0,
            every: 0,
            slope: Slope::Tangent,
            step: 0.0,
        };
        let found = wrong.problems(false);
        assert_eq!(found.len(), 5, "{found:#?}");
        for (found, key) in found.iter().zip(["r1", "r2", "every", "step", "slope"]) {
            assert!(found.starts_with(&format!("regularization.{key} is ")), "{found}");
        }
        assert_eq!(RegularizationConfig::default().problems(false), [""; 0]);
    }
}
