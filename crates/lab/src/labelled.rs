//! Games of the shipped recipes over painted faces, with classes.

use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Device, Tensor},
};
use gan::{
    ClassUse, Classes, Decay, Discriminator, Ema, Generator, ImageBatch, LearningRateSchedule, Operators, Philox,
    Recipe, Stream, class_rows, classification_loss, realness,
};

use crate::faces::{CLASSES, Faces, SIDE};

/// Images of a step.
const BATCH: usize = 16;

/// A recipe as it is shipped.
pub(crate) fn recipe(name: &str) -> Recipe {
    Recipe::named(name).expect("it is shipped")
}

/// The recipe with learning rates that fall in the second half of so many steps: what the last step happens to leave decides less
/// then.
pub(crate) fn with_falling_rates(mut recipe: Recipe, steps: u64) -> Recipe {
    let end = (steps * BATCH as u64) as f64 / 1000.0;
    for network in [&mut recipe.generator, &mut recipe.discriminator] {
        network.optimizer.schedule = LearningRateSchedule {
            decay: Decay::Cosine,
            decay_start_kimg: end / 2.0,
            decay_end_kimg: end,
            ..LearningRateSchedule::CONSTANT
        };
    }
    recipe
}

/// What training knows of these faces' classes.
pub(crate) fn classes(faces: &Faces) -> Classes {
    Classes::new(CLASSES.map(str::to_owned).into(), faces.labels.iter().copied())
}

/// Plays a recipe for so many steps, as the trainer does: the averaged generator, and the discriminator.
pub(crate) fn play(recipe: &Recipe, faces: &Faces, steps: u64, seed: u64) -> (Generator, Discriminator) {
    let device = Device::flex().autodiff();
    let classes = classes(faces);
    let mut generator = recipe.generator_of(&classes, SIDE as u32, seed, &device).expect("it is made for this side");
    let mut discriminator =
        recipe.discriminator_of(&classes, SIDE as u32, seed, &device).expect("it is made for this side");
    let [mut of_generator, mut of_discriminator] =
        [&recipe.generator, &recipe.discriminator].map(|network| network.optimizer.init(Operators::default()));
    let mut average = Ema::new(recipe.ema, &generator);
    let philox = |stream| Philox::new(seed, stream);
    for step in 0..steps {
        let shown = (step + 1) * BATCH as u64;
        let chosen = drawn(&philox(Stream::Laboratory), step, faces.len());
        let labels: Vec<_> = chosen.iter().map(|index| faces.labels[*index]).collect();
        let is_told = recipe.classes == ClassUse::Conditional;
        let rows = is_told.then(|| class_rows(&labels, classes.len(), &device));
        let real = ImageBatch { images: faces.batch(&chosen, &device), classes: rows };
        let latents = generator.sample_latents(&philox(Stream::TrainingLatents), step, BATCH, &device);
        let (_, rows) = generator.split_classes(latents.clone());
        let samples = ImageBatch { images: generator.forward(latents), classes: rows };
        let still = samples.with_images(samples.images.clone().detach());
        let mut loss = discriminator_loss(recipe, &discriminator, &real, &still, &labels);
        if recipe.regularization.is_due(step) {
            let mixtures = philox(Stream::Mixture);
            loss = loss + recipe.regularization.surrogate(&discriminator, real, still, &mixtures, step).loss;
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &discriminator);
        discriminator = of_discriminator.step(recipe.discriminator.optimizer.rate(shown), discriminator, gradients);
        let logits = discriminator.without_weight_gradients().forward(samples);
        let gradients = recipe.objective.generator_loss(None, logits).backward();
        let gradients = GradientsParams::from_grads(gradients, &generator);
        generator = of_generator.step(recipe.generator.optimizer.rate(shown), generator, gradients);
        average.update(&generator, BATCH as u64, shown);
    }
    (average.generator(), discriminator.valid())
}

fn discriminator_loss(
    recipe: &Recipe,
    discriminator: &Discriminator,
    real: &ImageBatch,
    samples: &ImageBatch,
    labels: &[Option<usize>],
) -> Tensor<1> {
    if recipe.classes != ClassUse::SemiSupervised {
        let (real, samples) = discriminator.forward_both(real.clone(), samples.clone());
        return recipe.objective.discriminator_loss(real, samples);
    }
    let (real, samples) = discriminator.class_logits_of_both(real.images.clone(), samples.images.clone());
    let supervised = classification_loss(real.clone(), labels);
    recipe.objective.discriminator_loss(realness(real), realness(samples)) + supervised
}

/// The same discriminator, trained for as many steps on the faces whose class is known, and on nothing else.
pub(crate) fn classify_alone(recipe: &Recipe, faces: &Faces, steps: u64, seed: u64) -> Discriminator {
    let device = Device::flex().autodiff();
    let mut network =
        recipe.discriminator_of(&classes(faces), SIDE as u32, seed, &device).expect("it is made for this side");
    let mut optimizer = recipe.discriminator.optimizer.init(Operators::default());
    let known: Vec<usize> = (0..faces.len()).filter(|index| faces.labels[*index].is_some()).collect();
    for step in 0..steps {
        let chosen: Vec<usize> = drawn(&Philox::new(seed, Stream::Laboratory), step, known.len())
            .into_iter()
            .map(|index| known[index])
            .collect();
        let labels: Vec<_> = chosen.iter().map(|index| faces.labels[*index]).collect();
        let loss = classification_loss(network.class_logits(faces.batch(&chosen, &device)), &labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(recipe.discriminator.optimizer.rate((step + 1) * BATCH as u64), network, gradients);
    }
    network.valid()
}

/// The share of faces whose class the classifier names.
pub(crate) fn accuracy(classifier: &Discriminator, faces: &Faces) -> f64 {
    let indices: Vec<usize> = (0..faces.len()).collect();
    let mut right = 0;
    for some in indices.chunks(64) {
        let logits = classifier.class_logits(faces.batch(some, &Device::flex()));
        let named: Vec<i64> =
            logits.argmax(1).into_data().convert::<i64>().try_to_vec().expect("indices are whole numbers");
        let is_right = |(index, named): &(&usize, i64)| faces.labels[**index] == Some(*named as usize);
        right += some.iter().zip(named).filter(is_right).count();
    }
    right as f64 / faces.len() as f64
}

/// A batch of indices below `count`, the same for a seed and a step.
fn drawn(philox: &Philox, step: u64, count: usize) -> Vec<usize> {
    let mut words = [0; BATCH];
    philox.u32s(step, &mut words);
    words.iter().map(|word| ((u64::from(*word) * count as u64) >> 32) as usize).collect()
}
