//! How likely a candidate is what a cascade was to find: a small convolutional network looks at it once more, at a finer scale.

mod convolution;
mod file;
mod network;
mod refining;
mod sampling;

pub use self::{
    convolution::{Convolution, SLOPE},
    file::JudgeError,
    network::{
        Activations, CHANNELS, CONVOLUTIONS, FEATURES, Look, Network, OUTPUTS, SIDE, SUMS, Samples, Transposed,
        WEIGHTS, standardised,
    },
    refining::Judged,
    sampling::{Axes, Planes, Sampler, Square},
};

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
    pub fn answer(&self, planes: &Planes, square: Square) -> f32 {
        self.answered(planes, square, &mut Activations::default())
    }

    fn answered(&self, planes: &Planes, square: Square, activations: &mut Activations) -> f32 {
        let looked =
            LOOKS.map(|look| self.both(planes, Square { side: square.side * look, ..square }, activations).answer);
        looked.iter().sum::<f32>() / LOOKS.len() as f32
    }

    /// What the network says of the square as it is.
    fn glance(&self, planes: &Planes, square: Square, activations: &mut Activations) -> Look {
        self.network.look(&standardised(&planes.sample(square)), activations)
    }

    /// The mean of what the network says of the square as it is and mirrored.
    fn both(&self, planes: &Planes, square: Square, activations: &mut Activations) -> Look {
        let mut pixels = planes.sample(square);
        let seen = self.network.look(&standardised(&pixels), activations);
        pixels.chunks_exact_mut(SIDE).for_each(<[_]>::reverse);
        let mirrored = self.network.look(&standardised(&pixels), activations);
        Look {
            answer: (seen.answer + mirrored.answer) / 2.0,
            right: (seen.right - mirrored.right) / 2.0,
            down: (seen.down + mirrored.down) / 2.0,
            size: (seen.size + mirrored.size) / 2.0,
            turn: (seen.turn - mirrored.turn) / 2.0,
        }
    }

    /// The probability, from 0 to 1, that an answer is right.
    pub fn probability(&self, answer: f32) -> f64 {
        let logit = f64::from(self.slope) * f64::from(answer) + f64::from(self.offset);
        1.0 / (1.0 + (-logit).exp())
    }

    /// The probability, from 0 to 1, that the square of a picture frames the subject.
    pub fn confidence(&self, planes: &Planes, square: Square) -> f64 {
        self.probability(self.answer(planes, square))
    }
}
