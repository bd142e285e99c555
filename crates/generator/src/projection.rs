//! The latent whose image comes nearest to a given one.

use burn::{
    module::Module as _,
    tensor::{Device, Tensor, TensorData},
};
use gan::{Generator, LatentDistribution};
use pictures::Rgb;

use crate::{discriminator::planes, error::GeneratorError, readback::read_values, trained::TrainedGenerator};

/// How long is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProjectionOptions {
    /// What the first latents are drawn from.
    pub seed: u64,
    /// Samples among which the beginnings are chosen.
    pub candidates: u64,
    /// Latents that are improved side by side, the nearest samples first.
    pub starts: usize,
    /// Steps of the improvement.
    pub steps: u32,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// The latent.
    pub latent: Vec<f32>,
    /// Its image.
    pub image: Rgb,
    /// Root of the mean squared difference to the target, in grey levels, 0 to 255.
    pub distance: f64,
    /// That of the nearest sample at the beginning.
    pub first_distance: f64,
}

/// Adam's, of Kingma and Ba (2015), for latents, whose numbers are about 1.
const LEARNING_RATE: f32 = 0.1;
const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.99;
const EPSILON: f32 = 1e-8;

/// How much a long latent costs beside the squared difference of images: without, it leaves for where the generator has never
/// been, and its image for what is no face.
const PRIOR: f64 = 2e-3;

/// Squared differences are taken at so many scales, each half of the one before: those of pixels alone change little until
/// outlines match.
const SCALES: u32 = 3;

impl TrainedGenerator {
    /// Searches the latent whose image is nearest to `target`, by gradient descent from the nearest of many samples.
    /// `advance` is told of each step.
    ///
    /// # Panics
    /// When the target has another side than the generator's images.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    pub fn project(
        &self,
        target: &Rgb,
        options: ProjectionOptions,
        advance: impl Fn(),
    ) -> Result<Projection, GeneratorError> {
        assert_eq!(target.sides(), (self.side(), self.side()), "the target has the side of samples");
        let (beginnings, first_distance) = self.beginnings(target, options)?;
        let mut latents = beginnings.clone();
        let device = self.device.clone().autodiff();
        // Frozen, its BatchNorm keeps to the running statistics on a device with autodiff too.
        let network = self.network.clone().train().freeze();
        let wanted = target_of(target, latents.len(), &device);
        let mut adam = Adam::new(latents.concat().len());
        for step in 0..options.steps {
            let gradient = gradient(&network, &latents.concat(), latents.len(), &wanted, &device)?;
            // A half cosine down to 0, so that the last steps settle.
            let rate = 0.5 + 0.5 * (std::f32::consts::PI * step as f32 / options.steps as f32).cos();
            let change = adam.step(&gradient, LEARNING_RATE * rate);
            for (latent, change) in latents.iter_mut().zip(change.chunks(self.latent_size())) {
                // The class stays as it is: a row that is no mixture of classes was never trained.
                let drawn = latent[..self.drawn_size()].iter_mut().zip(change);
                drawn.for_each(|(number, change)| *number = self.within(*number - change));
            }
            advance();
        }
        // Blurred scales and the prior may lead away from a target that a sample is already.
        latents.extend(beginnings);
        let images = self.images(&latents)?;
        let distances: Vec<f64> = images.iter().map(|image| distance(image, target)).collect();
        let best = (0..distances.len()).min_by(|a, b| distances[*a].total_cmp(&distances[*b])).unwrap_or(0);
        Ok(Projection {
            latent: latents.swap_remove(best),
            image: images[best].clone(),
            distance: distances[best],
            first_distance,
        })
    }

    /// The latents of the samples nearest to the target, and the nearest one's distance. The mean of all latents, 0, is among
    /// them: it makes the most common face.
    fn beginnings(&self, target: &Rgb, options: ProjectionOptions) -> Result<(Vec<Vec<f32>>, f64), GeneratorError> {
        let mut latents = self.latents(options.seed, 0..options.candidates.max(1));
        let mut mean = latents[0].clone();
        mean[..self.drawn_size()].fill(0.0);
        latents.push(mean);
        let distances: Vec<f64> = self.images(&latents)?.iter().map(|image| distance(image, target)).collect();
        let mut order: Vec<usize> = (0..latents.len()).collect();
        order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]));
        let chosen = order.iter().take(options.starts.max(1)).map(|index| latents[*index].clone()).collect();
        Ok((chosen, distances[order[0]]))
    }

    /// A number that latents can have.
    fn within(&self, number: f32) -> f32 {
        match self.latent().distribution {
            LatentDistribution::Normal => number,
            LatentDistribution::Uniform => number.clamp(-1.0, 1.0),
        }
    }
}

/// The target once for each latent.
fn target_of(target: &Rgb, count: usize, device: &Device) -> Tensor<4> {
    let side = target.width() as usize;
    Tensor::from_data(TensorData::new(planes(target).repeat(count), [count, 3, side, side]), device)
}

/// The derivative of every latent's own loss.
fn gradient(
    network: &Generator,
    latents: &[f32],
    count: usize,
    target: &Tensor<4>,
    device: &Device,
) -> Result<Vec<f32>, GeneratorError> {
    let shape = [count, latents.len() / count];
    let latents = Tensor::<2>::from_data(TensorData::new(latents.to_vec(), shape), device).require_grad();
    let mut difference = network.forward(latents.clone()) - target.clone();
    let mut loss = latents.clone().square().mean().mul_scalar(PRIOR);
    for scale in 0..SCALES {
        if scale > 0 {
            difference = halved(difference);
        }
        loss = loss + difference.clone().square().mean();
    }
    // A mean over latents that do not depend on each other: each one's own gradient over their number.
    let gradients = loss.mul_scalar(count as f64).backward();
    let gradient = latents.grad(&gradients).expect("the images come from the latents");
    Ok(read_values("the latents' gradient", Tensor::<2>::from_inner(gradient).inner())?)
}

/// Means of 2 × 2 pixels.
fn halved(images: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = images.dims();
    let blocks: Tensor<6> = images.reshape([batch, channels, height / 2, 2, width / 2, 2]);
    blocks.mean_dim(5).mean_dim(3).reshape([batch, channels, height / 2, width / 2])
}

fn distance(image: &Rgb, target: &Rgb) -> f64 {
    let square = |(a, b): (&u8, &u8)| f64::from(a.abs_diff(*b)).powi(2);
    let bytes = image.bytes();
    (bytes.iter().zip(target.bytes()).map(square).sum::<f64>() / bytes.len() as f64).sqrt()
}

struct Adam {
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: i32,
}

impl Adam {
    fn new(numbers: usize) -> Self {
        Self { mean: vec![0.0; numbers], square: vec![0.0; numbers], steps: 0 }
    }

    /// What is to be subtracted.
    fn step(&mut self, gradient: &[f32], rate: f32) -> Vec<f32> {
        self.steps += 1;
        let corrections = [BETA_1, BETA_2].map(|beta| 1.0 - beta.powi(self.steps));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        let change = |((mean, square), gradient): ((&mut f32, &mut f32), &f32)| {
            *mean = BETA_1 * *mean + (1.0 - BETA_1) * gradient;
            *square = BETA_2 * *square + (1.0 - BETA_2) * gradient * gradient;
            rate * (*mean / corrections[0]) / ((*square / corrections[1]).sqrt() + EPSILON)
        };
        moments.zip(gradient).map(change).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adam_s_first_step_is_the_rate_whatever_the_gradient() {
        let change = Adam::new(3).step(&[5.0, -1e-3, 0.0], 0.1);
        for (found, expected) in change.iter().zip([0.1, -0.1, 0.0]) {
            assert!((found - expected).abs() < 1e-5, "{found}");
        }
    }
}
