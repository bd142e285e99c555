//! A run of phases is Algorithm 1 of the first GAN paper, written out once more and compared to the bit.
#![allow(clippy::unwrap_used)]

mod tiny;

use burn::{
    module::Module as _,
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use dataset::{Dataset, Loader, LoaderOptions, SplitName, Turn};
use gan::{Generator, Operators, Philox, Recipe, Stream};
use tiny::{BATCH, SIDE, Workshop, kimg};

const STEPS: u64 = 3;

/// Discriminator updates a generator update.
const K: u64 = 3;

/// Goodfellow et al., "Generative adversarial nets" (2014), algorithm 1: in each of k inner steps a batch of images and one of
/// latents for the discriminator, then one of latents alone for the generator.
fn by_hand(workshop: &Workshop, recipe: &Recipe) -> Generator {
    let (seed, device) = (workshop.config.general.seed, Device::flex().autodiff());
    let dataset = Dataset::open(&workshop.layout().dataset()).unwrap();
    let options =
        LoaderOptions { seed, batch_size: BATCH as usize, flip: false, turn: Turn::default(), readers: 1, ahead: 1 };
    let images = Loader::start(dataset.split(SplitName::Train), options, 0).map(|batch| {
        let shape = [BATCH as usize, 3, SIDE as usize, SIDE as usize];
        Tensor::<4>::from_data(TensorData::new(batch.unwrap().values, shape), &device)
    });
    let latents = Philox::new(seed, Stream::TrainingLatents);
    let latents = (0..).map(|draw| recipe.latent.sample(&latents, draw, BATCH as usize, &device));
    let (mut images, mut latents) = (images, latents);
    let mut generator = recipe.generator(SIDE, seed, &device).unwrap();
    let mut discriminator = recipe.discriminator(SIDE, seed, &device).unwrap();
    let [mut generator_step, mut discriminator_step] =
        [&recipe.generator, &recipe.discriminator].map(|network| network.optimizer.init(Operators::default()));
    for _ in 0..STEPS {
        for _ in 0..K {
            let (real, latents) = (images.next().unwrap(), latents.next().unwrap());
            let fake = generator.forward(latents).detach();
            let (real, fake) = (discriminator.forward(real), discriminator.forward(fake));
            let gradients = recipe.objective.discriminator_loss(real, fake).backward();
            let gradients = GradientsParams::from_grads(gradients, &discriminator);
            let rate = recipe.discriminator.optimizer.learning_rate;
            discriminator = discriminator_step.step(rate, discriminator, gradients);
        }
        let logits = discriminator.without_weight_gradients().forward(generator.forward(latents.next().unwrap()));
        let gradients = recipe.objective.generator_loss(None, logits).backward();
        let gradients = GradientsParams::from_grads(gradients, &generator);
        generator = generator_step.step(recipe.generator.optimizer.learning_rate, generator, gradients);
    }
    generator.valid()
}

#[test]
fn a_run_with_k_discriminator_steps_is_algorithm_1() {
    let mut workshop = Workshop::new(STEPS * K);
    workshop.config.train.recipe = "gan-2014".into();
    let phases = format!(
        "phases = [{{ update = \"discriminator\", times = {K} }}, {{ update = \"generator\", times = 1 }}]\n\
         latent.size = 3\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2"
    );
    workshop.config.train.r#override = phases.parse().unwrap();
    workshop.config.train.checkpoint_kimg = kimg(1000);
    let report = workshop.train().unwrap();
    assert_eq!((report.figures["steps"], report.figures["images_shown"]), (STEPS as f64, (STEPS * K * BATCH) as f64));
    let recipe = Recipe::named("gan-2014").unwrap().with_overrides(&phases.parse().unwrap()).unwrap();
    let expected = by_hand(&workshop, &recipe).to_safetensors().unwrap();
    let found = std::fs::read(workshop.run_folder().generator()).unwrap();
    let [found, expected] = [&found, &expected].map(|bytes| safetensors::SafeTensors::deserialize(bytes).unwrap());
    assert!(found.names().len() > 4);
    for name in expected.names() {
        assert!(found.tensor(name).unwrap().data() == expected.tensor(name).unwrap().data(), "{name} differs");
    }
}
