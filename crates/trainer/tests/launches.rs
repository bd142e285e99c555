//! How many kernels a GPU is told to run in a step of training: each costs the processor some microseconds, and while it
//! is at that the card may have nothing to do.
//!
//! On the device that `BURN_DEVICE` names, `wgpu` or `cuda`; `CUBECL_WGPU_DEFAULT_DEVICE=Cpu` makes that a software one.
#![cfg(any(feature = "gpu", feature = "cuda"))]
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use burn::{
    module::Module as _,
    optim::GradientsParams,
    tensor::{Device, Distribution, Tensor},
};
use gan::{Discriminator, Ema, Generator, Gradients, NetworkOptimizer, Operators, Philox, Recipe, Stream};

const SIDE: u32 = 64;
const BATCH: usize = 2;

/// What a step of `dcgan` takes at most, the norms of its gradients among it: 161, and a few copies that tuning may choose.
const LAUNCHES: usize = 170;

/// Launches are counted over the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

struct Networks {
    recipe: Recipe,
    generator: Generator,
    discriminator: Discriminator,
    optimizers: [NetworkOptimizer; 2],
    average: Ema,
    device: Device,
}

impl Networks {
    fn new(recipe: Recipe, device: Device) -> Self {
        let generator = recipe.generator(SIDE, 1, &device).unwrap();
        let discriminator = recipe.discriminator(SIDE, 1, &device).unwrap();
        let optimizers =
            [&recipe.generator, &recipe.discriminator].map(|network| network.optimizer.init(Operators::default()));
        let average = Ema::new(recipe.ema, &generator);
        Self { recipe, generator, discriminator, optimizers, average, device }
    }

    /// One update of each network on images that are there already, as the trainer does it: the lengths of both networks' gradients.
    fn step(&mut self, index: u64, real: Tensor<4>) -> [Tensor<1>; 2] {
        let Self { recipe, device, .. } = self;
        let latents = recipe.latent.sample(&Philox::new(1, Stream::TrainingLatents), index, BATCH, device);
        let fake = self.generator.forward(latents);
        let (real, judged) = self.discriminator.forward_both(real, fake.clone().detach());
        let loss = recipe.objective.discriminator_loss(real, judged);
        let gradients = Gradients::of_part(&self.discriminator, loss, 1);
        let (gradients, of_discriminator) = gradients.finish(&self.discriminator, 0.0);
        let rate = recipe.discriminator.optimizer.learning_rate;
        self.discriminator = self.optimizers[1].step(rate, self.discriminator.clone(), gradients);

        let judged = self.discriminator.without_weight_gradients().forward(fake);
        let loss = recipe.objective.generator_loss(None, judged);
        let gradients = Gradients::of_part(&self.generator, loss, 1);
        let (gradients, of_generator) = gradients.finish(&self.generator, 0.0);
        let rate = recipe.generator.optimizer.learning_rate;
        self.generator = self.optimizers[0].step(rate, self.generator.clone(), gradients);
        self.average.update(&self.generator, BATCH as u64, (index + 1) * BATCH as u64);
        [of_discriminator.unwrap(), of_generator.unwrap()]
    }
}

#[test]
fn a_step_takes_few_launches() {
    if std::env::var_os("BURN_DEVICE").is_none() {
        contracts::tell!("skipped: BURN_DEVICE names no GPU");
        return;
    }
    let _alone = ALONE.lock().unwrap();
    let device = Device::default();
    let mut networks = Networks::new(Recipe::named("dcgan").unwrap(), device.clone().autodiff());
    let shape = [BATCH, 3, SIDE as usize, SIDE as usize];
    let real = Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), &device.clone().autodiff());
    let mut step = |index| {
        let lengths = networks.step(index, real.clone());
        let lengths = lengths.map(|length| length.into_scalar::<f32>());
        assert!(lengths.iter().all(|length| length.is_finite() && *length > 0.0), "step {index}: {lengths:?}");
        device.sync().unwrap();
    };
    // The first steps tune kernels, and find out what can be fused.
    (0..2).for_each(&mut step);
    let ((), counts) = fast_conv::count_launches(|| step(2));
    for (kernel, count) in &counts {
        contracts::tell!("{count:4} {kernel}");
    }
    let launches: usize = counts.values().sum();
    contracts::tell!("{launches} launches");
    assert!(launches <= LAUNCHES, "{launches} launches");
}

/// Real images and samples pass as one batch, in which BatchNorm keeps them apart: logits, gradients and running statistics are those
/// of one pass after the other.
#[test]
fn two_batches_at_once_are_judged_as_one_after_the_other() {
    if std::env::var_os("BURN_DEVICE").is_none() {
        contracts::tell!("skipped: BURN_DEVICE names no GPU");
        return;
    }
    let _alone = ALONE.lock().unwrap();
    let device = Device::default().autodiff();
    let small = "discriminator.base_channels = 8".parse().unwrap();
    let recipe = Recipe::named("dcgan").unwrap().with_overrides(&small).unwrap();
    let images = |range| Tensor::<4>::random([4, 3, 32, 32], range, &device);
    // So unlike each other that statistics of both together would show.
    let (real, fake) = (images(Distribution::Uniform(-1.0, 0.0)), images(Distribution::Uniform(0.5, 1.0)));
    type Judge = fn(&Discriminator, Tensor<4>, Tensor<4>) -> (Tensor<1>, Tensor<1>);
    let pass = |judge: Judge| {
        let discriminator = recipe.discriminator(32, 1, &device).unwrap();
        device.sync().unwrap();
        let ((real, judged), counts) = fast_conv::count_launches(|| {
            let logits = judge(&discriminator, real.clone(), fake.clone());
            device.sync().unwrap();
            logits
        });
        let logits = [real.clone(), judged.clone()].map(Tensor::inner);
        let loss = recipe.objective.discriminator_loss(real, judged);
        let gradients = Gradients::of_part(&discriminator, loss, 1);
        let statistics = gan::running_statistics(&discriminator);
        let found = logits.into_iter().chain(gradients.values().to_vec()).chain(statistics);
        let normalizations = counts.iter().filter(|(kernel, _)| kernel.contains("Normalize")).map(|(_, count)| count);
        let values: Vec<Vec<f32>> = found.map(|tensor| tensor.into_data().try_to_vec().unwrap()).collect();
        (values, normalizations.sum::<usize>())
    };
    let (found, launches) = pass(|discriminator, real, fake| discriminator.forward_both(real, fake));
    let one_after_the_other: Judge = |discriminator, real, fake| {
        let real = discriminator.forward(real);
        (real, discriminator.forward(fake))
    };
    let (expected, twice) = pass(one_after_the_other);
    assert_eq!([2 * launches, found.len()], [twice, expected.len()]);
    assert!(launches > 0);
    for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found.len(), expected.len());
        let largest = expected.iter().fold(1e-6f32, |largest, value| largest.max(value.abs()));
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-3 * largest, "tensor {index}: {found} instead of {expected}");
        }
    }
}

/// The moments that a GPU's walks over the network leave are all that is remembered, and are found again in their bytes.
#[test]
fn an_optimizer_s_memory_of_a_gpu_survives_its_bytes() {
    if std::env::var_os("BURN_DEVICE").is_none() {
        contracts::tell!("skipped: BURN_DEVICE names no GPU");
        return;
    }
    let _alone = ALONE.lock().unwrap();
    let device = Device::default().autodiff();
    let recipe =
        Recipe::named("dcgan").unwrap().with_overrides(&"generator.base_channels = 2".parse().unwrap()).unwrap();
    let config = recipe.generator.optimizer;
    let step = |optimizer: &mut NetworkOptimizer, generator: Generator, index| {
        let latents = recipe.latent.sample(&Philox::new(1, Stream::TrainingLatents), index, BATCH, &device);
        let gradients = generator.forward(latents).square().mean().backward();
        let gradients = GradientsParams::from_grads(gradients, &generator);
        optimizer.step(1e-2, generator, gradients)
    };
    let mut whole = config.init(Operators::default());
    let generator =
        (0..2).fold(recipe.generator(16, 5, &device).unwrap(), |generator, index| step(&mut whole, generator, index));
    let mut loaded = config.init(Operators::default()).from_bytes(whole.into_bytes().unwrap()).unwrap();
    // A copy with running statistics of its own, which a plain clone shares.
    let next =
        |optimizer: &mut NetworkOptimizer| step(optimizer, generator.valid().train(), 2).to_safetensors().unwrap();
    let (on, again, anew) = (next(&mut whole), next(&mut loaded), next(&mut config.init(Operators::default())));
    assert!(on == again, "the loaded memory leads elsewhere");
    assert!(on != anew, "the memory makes no difference");
}
