//! The same seed gives the same trained weights, bit for bit, on any number of worker threads.
#![allow(clippy::unwrap_used)]

use burn::{
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use gan::{ClassUse, Classes, Ema, ImageBatch, Operators, Philox, Recipe, Stream, class_rows, classification_loss};

/// The average's and the discriminator's bytes after three steps of training on noise.
fn train(recipe: &Recipe, seed: u64) -> (Vec<u8>, Vec<u8>) {
    const SIDE: u32 = 32;
    const BATCH: usize = 8;
    let device = Device::flex().autodiff();
    let labels: Vec<_> = [Some(0), None, Some(2), Some(1)].into_iter().cycle().take(BATCH).collect();
    let classes = Classes::new(["a", "b", "c"].map(str::to_owned).into(), labels.iter().copied());
    let mut generator = recipe.generator_of(&classes, SIDE, seed, &device).unwrap();
    let mut discriminator = recipe.discriminator_of(&classes, SIDE, seed, &device).unwrap();
    let [mut adam_g, mut adam_d] =
        [&recipe.generator, &recipe.discriminator].map(|network| network.optimizer.init(Operators::default()));
    let mut ema = Ema::new(recipe.ema, &generator);
    let latents = Philox::new(seed, Stream::TrainingLatents);
    let learning_rate = recipe.generator.optimizer.learning_rate;
    for step in 0..3 {
        discriminator = discriminator.with_power_iteration();
        let mut images = vec![0.0; BATCH * 3 * (SIDE * SIDE) as usize];
        Philox::new(seed, Stream::Augmentation).fill_normal(step, &mut images);
        let shape = [BATCH, 3, SIDE as usize, SIDE as usize];
        let is_told = recipe.classes == ClassUse::Conditional;
        let real = ImageBatch {
            images: Tensor::from_data(TensorData::new(images, shape), &device),
            classes: is_told.then(|| class_rows(&labels, classes.len(), &device)),
        };
        let latents = generator.sample_latents(&latents, step, BATCH, &device);
        let (_, rows) = generator.split_classes(latents.clone());
        let sample = ImageBatch { images: generator.forward(latents), classes: rows };
        let fake = sample.with_images(sample.images.clone().detach());
        let (real_logits, fake_logits) = (discriminator.forward(real.clone()), discriminator.forward(fake.clone()));
        let mut loss = recipe.objective.discriminator_loss(real_logits, fake_logits);
        if recipe.classes == ClassUse::SemiSupervised {
            loss = loss + classification_loss(discriminator.class_logits(real.images.clone()), &labels);
        }
        if recipe.regularization.is_due(step) {
            let philox = Philox::new(seed, Stream::Mixture);
            loss = loss + recipe.regularization.surrogate(&discriminator, real, fake, &philox, step).loss;
        }
        let gradients = loss.backward();
        let gradients = GradientsParams::from_grads(gradients, &discriminator);
        discriminator = adam_d.step(learning_rate, discriminator, gradients);
        let fake_logits = discriminator.without_weight_gradients().forward(sample);
        let gradients = recipe.objective.generator_loss(None, fake_logits).backward();
        let gradients = GradientsParams::from_grads(gradients, &generator);
        generator = adam_g.step(learning_rate, generator, gradients);
        ema.update(&generator, BATCH as u64, (step + 1) * BATCH as u64);
    }
    (ema.generator().to_safetensors().unwrap(), discriminator.to_safetensors().unwrap())
}

fn check(name: &str) {
    check_changed(name, "");
}

fn check_changed(name: &str, overrides: &str) {
    let narrow = format!("generator.base_channels = 16\ndiscriminator.base_channels = 16\n{overrides}");
    let recipe = Recipe::named(name).unwrap().with_overrides(&narrow.parse().unwrap()).unwrap();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| train(&recipe, 7))
    };
    let one = on(1);
    assert!(one == on(1), "{name}: two runs on one thread differ");
    assert!(one == on(2), "{name}: one and two threads differ");
    assert!(one == on(3), "{name}: one and three threads differ");
    assert!(one == on(5), "{name}: one and five threads differ");
    assert!(one != train(&recipe, 8), "{name}: the seed changes nothing");
}

#[test]
fn dcgan_trains_the_same_on_any_number_of_threads() {
    check("dcgan");
}

#[test]
fn the_tutorials_network_trains_the_same_on_any_number_of_threads() {
    check("dcgan-tutorial");
}

#[test]
fn the_modern_networks_train_the_same_on_any_number_of_threads() {
    check("modern");
}

#[test]
fn spectral_normalization_trains_the_same_on_any_number_of_threads() {
    check_changed("modern", "discriminator.norm = \"spectral\"\nregularization.r1 = 1.0");
}

#[test]
fn sgd_and_minimax_train_the_same_on_any_number_of_threads() {
    check("gan-2014");
}

#[test]
fn minibatch_discrimination_trains_the_same_on_any_number_of_threads() {
    check("improved-2016");
}

#[test]
fn an_f_gan_trains_the_same_on_any_number_of_threads() {
    check("f-gan");
}

#[test]
fn conditional_networks_train_the_same_on_any_number_of_threads() {
    check("conditional");
    check_changed(
        "conditional",
        "generator.family = \"dcgan\"\ngenerator.kernel = 4\nregularization.slope = \"tangent\"",
    );
    let residual = "generator.family = \"resnet\"\ndiscriminator.family = \"resnet\"\ndiscriminator.kernel = 3";
    check_changed("conditional", residual);
}

#[test]
fn a_classifier_trains_the_same_on_any_number_of_threads() {
    check("semi-supervised");
}
