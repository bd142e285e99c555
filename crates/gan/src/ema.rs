//! An exponential moving average of the generator's weights.

use std::collections::BTreeMap;

use burn::module::Module;
use serde::{Deserialize, Serialize};

use crate::{
    generator::Generator,
    parameters::{parameters, replace_parameters},
};

/// How long the average remembers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmaConfig {
    /// After this many thousand real images, a weight counts half. 0: no average, its weights are always the newest.
    pub half_life_kimg: f64,
    /// The half-life is at most this share of the images shown so far, so that the first weights are soon forgotten.
    /// 0: the whole half-life from the start.
    pub ramp_up: f64,
}

impl EmaConfig {
    /// The share β of the old average that stays when `images` more are shown, `images_shown` in all with them.
    ///
    /// β = 0.5^(images / half-life), half-life = min(1000 · `half_life_kimg`, `ramp_up` · `images_shown`): Karras et
    /// al., "Analyzing and improving the image quality of StyleGAN" (2020), its code's training loop.
    pub fn beta(&self, images: u64, images_shown: u64) -> f64 {
        let settled = self.half_life_kimg * 1000.0;
        let half_life = if self.ramp_up > 0.0 { settled.min(self.ramp_up * images_shown as f64) } else { settled };
        if half_life > 0.0 { 0.5f64.powf(images as f64 / half_life) } else { 0.0 }
    }

    /// What keeps this average from working, each beginning with a key.
    pub(crate) fn problems(&self) -> Vec<String> {
        [("half_life_kimg", self.half_life_kimg), ("ramp_up", self.ramp_up)]
            .into_iter()
            .filter(|(_, value)| !(value.is_finite() && *value >= 0.0))
            .map(|(key, value)| format!("ema.{key} is {value}: it must be 0 or more"))
            .collect()
    }
}

/// The averaged generator. It lives beside the trained one, off the tape, and shares no state with it.
#[derive(Clone, Debug)]
pub struct Ema {
    config: EmaConfig,
    generator: Generator,
}

impl Ema {
    /// An average that begins (or, after a restart, is resumed) at `generator`'s weights.
    pub fn new(config: EmaConfig, generator: &Generator) -> Self {
        Self { config, generator: generator.valid() }
    }

    /// The half-life and ramp-up that it was made with.
    pub fn config(&self) -> EmaConfig {
        self.config
    }

    /// Takes in the weights that `source` has after `images` more were shown, `images_shown` in all with them.
    ///
    /// Weights θ become source + β (θ − source), which is exactly `source` where both agree. So do BatchNorm's running
    /// statistics: those of the newest weights do not fit averaged ones, and shift the brightness of its samples.
    pub fn update(&mut self, source: &Generator, images: u64, images_shown: u64) {
        let beta = self.config.beta(images, images_shown);
        let (averages, mut newest) = (parameters(&self.generator), parameters(source));
        let pairs = averages.into_iter().filter_map(|(name, average)| {
            let newest = newest.remove(&name)?;
            Some((name, [average.values, newest.values]))
        });
        let (names, pairs): (Vec<_>, Vec<_>) = pairs.unzip();
        let mut blended: BTreeMap<_, _> = names.into_iter().zip(fast_conv::blend_all(pairs, beta)).collect();
        self.generator = replace_parameters(&self.generator, |name, average| blended.remove(name).unwrap_or(average));
    }

    /// A copy of the averaged generator, ready to make images: on the plain device, BatchNorm at rest.
    pub fn generator(&self) -> Generator {
        self.generator.valid()
    }
}

#[cfg(test)]
mod tests {
    use burn::{optim::GradientsParams, tensor::Device};

    use super::*;
    use crate::{
        philox::{Philox, Stream},
        recipe::tests::tiny,
    };

    fn values(generator: &Generator) -> BTreeMap<String, Vec<f32>> {
        let read = parameters(generator).into_iter();
        read.map(|(name, parameter)| (name, parameter.values.into_data().try_to_vec().unwrap())).collect()
    }

    fn train(generator: Generator, step: u64) -> Generator {
        let recipe = tiny();
        let device = Device::flex().autodiff();
        let latents = recipe.latent.sample(&Philox::new(1, Stream::TrainingLatents), step, 4, &device);
        let gradients = generator.forward(latents).square().mean().backward();
        let gradients = GradientsParams::from_grads(gradients, &generator);
        recipe.generator.optimizer.init(crate::Operators::default()).step(1e-2, generator, gradients)
    }

    fn fresh() -> Generator {
        tiny().generator(16, 5, &Device::flex().autodiff()).unwrap()
    }

    #[test]
    fn beta_halves_at_the_half_life() {
        let check = |half_life_kimg, ramp_up, images, shown, expected: f64| {
            let found = EmaConfig { half_life_kimg, ramp_up }.beta(images, shown);
            assert!((found - expected).abs() < 1e-12, "β({half_life_kimg}, {ramp_up}, {images}, {shown}) = {found}");
        };
        check(10.0, 0.0, 10_000, 10_000, 0.5);
        check(10.0, 0.0, 20_000, 20_000, 0.25);
        check(10.0, 0.05, 64, 1 << 40, 0.5f64.powf(64.0 / 10_000.0));
        check(10.0, 0.05, 64, 64, 0.5f64.powf(20.0));
        check(10.0, 0.05, 64, 128_000, 0.5f64.powf(0.01));
        check(0.0, 0.05, 64, 6400, 0.0);
    }

    #[test]
    fn weights_and_statistics_are_blended() {
        let config = EmaConfig { half_life_kimg: 0.064, ramp_up: 0.0 };
        let generator = fresh();
        let mut ema = Ema::new(config, &generator);
        let before = values(&generator);
        let generator = train(generator, 0);
        let after = values(&generator);
        ema.update(&generator, 64, 64);
        for (name, found) in values(&ema.generator()) {
            for (index, found) in found.into_iter().enumerate() {
                let (old, new) = (before[&name][index], after[&name][index]);
                assert_eq!(found, new + 0.5 * (old - new), "{name}[{index}]");
            }
        }
    }

    #[test]
    fn training_the_source_leaves_the_average_alone() {
        let generator = fresh();
        let ema = Ema::new(tiny().ema, &generator);
        let before = values(&ema.generator());
        let trained = train(train(generator, 0), 1);
        assert_eq!(values(&ema.generator()), before);
        let moved = values(&trained);
        for name in ["layers.0.norm.running_mean", "layers.0.norm.running_var", "layers.1.conv.weight"] {
            assert_ne!(moved[name], before[name], "{name} did not train");
        }
    }

    #[test]
    fn updating_the_average_leaves_the_source_alone() {
        let source = train(fresh(), 0);
        let other = train(train(fresh(), 5), 6);
        let mut ema = Ema::new(tiny().ema, &source);
        let (before, held) = (values(&source), ema.generator());
        let held_before = values(&held);
        ema.update(&other, 64, 640);
        assert_eq!(values(&source), before);
        assert_eq!(values(&held), held_before, "a copy given out changed");
        assert_ne!(values(&ema.generator()), before);
    }

    #[test]
    fn without_a_half_life_it_is_the_source() {
        let mut ema = Ema::new(EmaConfig { half_life_kimg: 0.0, ramp_up: 0.05 }, &fresh());
        let source = train(fresh(), 0);
        ema.update(&source, 64, 64);
        assert_eq!(values(&ema.generator()), values(&source));
    }
}
