//! How likely a candidate is what a cascade was to find: a small convolutional network looks at it once more, at a finer scale.

mod convolution;
mod file;
mod network;
mod refining;
mod sampling;

pub use self::{
    convolution::{Convolution, SLOPE},
    file::JudgeError,
    network::{Activations, CONVOLUTIONS, Network, SIDE, WEIGHTS, standardised},
    refining::Judged,
    sampling::{Square, sample},
};
use crate::image::GreyImage;

/// A network with the line that makes probabilities of its answers (Platt, "Probabilistic outputs for support vector machines",
/// 1999).
#[derive(Clone, Debug, PartialEq)]
pub struct Judge {
    network: Network,
    slope: f32,
    offset: f32,
}

/// How many stages of a cascade propose what a judge then decides on: more would keep subjects from it that it knows.
pub const PROPOSING_STAGES: usize = 10;

/// How a candidate is looked at beside straight on: the answers' mean is steadier than one answer.
const LOOKS: [f32; 3] = [0.94, 1.0, 1.06];

impl Judge {
    /// A judge whose probabilities are σ(slope · answer + offset).
    pub fn new(network: Network, slope: f32, offset: f32) -> Self {
        Self { network, slope, offset }
    }

    /// The network's mean answer, as log-odds before calibration: several sizes around the square, each as it is and mirrored.
    pub fn answer(&self, image: GreyImage<'_>, square: Square) -> f32 {
        let look = |look: f32| self.glance(image, Square { side: square.side * look, ..square });
        LOOKS.map(look).iter().sum::<f32>() / LOOKS.len() as f32
    }

    /// The network's mean answer to the square alone, as it is and mirrored.
    fn glance(&self, image: GreyImage<'_>, square: Square) -> f32 {
        let mut activations = Activations::default();
        let pixels = sample(image, square);
        let mut mirrored = pixels;
        mirrored.chunks_exact_mut(SIDE).for_each(<[u8]>::reverse);
        let answers = [pixels, mirrored].map(|pixels| self.network.answer(&standardised(&pixels), &mut activations));
        (answers[0] + answers[1]) / 2.0
    }

    /// The probability, from 0 to 1, that an answer is right.
    pub fn probability(&self, answer: f32) -> f64 {
        let logit = f64::from(self.slope) * f64::from(answer) + f64::from(self.offset);
        1.0 / (1.0 + (-logit).exp())
    }

    /// The probability, from 0 to 1, that the square of a picture frames the subject.
    pub fn confidence(&self, image: GreyImage<'_>, square: Square) -> f64 {
        self.probability(self.answer(image, square))
    }
}
