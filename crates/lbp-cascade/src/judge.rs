//! How likely a candidate is what a cascade was to find: a small convolutional network looks at it once more, at a finer scale.

mod file;
mod network;
mod sampling;

pub use self::{
    file::JudgeError,
    network::{Activations, CONVOLUTIONS, Convolution, Network, SIDE, SLOPE, WEIGHTS, standardised},
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

/// How a candidate is looked at beside straight on: the answers' mean is steadier than one answer.
const LOOKS: [f32; 3] = [0.94, 1.0, 1.06];

impl Judge {
    /// A judge whose probabilities are σ(slope · answer + offset).
    pub fn new(network: Network, slope: f32, offset: f32) -> Self {
        Self { network, slope, offset }
    }

    /// The network's mean answer, as log-odds before calibration: several sizes around the square, each as it is and mirrored.
    pub fn answer(&self, image: GreyImage<'_>, square: Square) -> f32 {
        let mut activations = Activations::default();
        let mut sum = 0.0;
        for look in LOOKS {
            let pixels = sample(image, Square { side: square.side * look, ..square });
            let mut mirrored = pixels;
            mirrored.chunks_exact_mut(SIDE).for_each(<[u8]>::reverse);
            for pixels in [pixels, mirrored] {
                sum += self.network.answer(&standardised(&pixels), &mut activations);
            }
        }
        sum / (2 * LOOKS.len()) as f32
    }

    /// The probability, from 0 to 1, that the square of a picture frames the subject.
    pub fn confidence(&self, image: GreyImage<'_>, square: Square) -> f64 {
        let logit = f64::from(self.slope) * f64::from(self.answer(image, square)) + f64::from(self.offset);
        1.0 / (1.0 + (-logit).exp())
    }
}
