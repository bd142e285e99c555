//! How likely a candidate is what a cascade was to find: a small convolutional network looks at it once more, at a finer scale.

mod convolution;
mod file;
mod network;
mod refining;
mod sampling;
mod vector;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge() -> Judge {
        let weight = |i: usize| ((i * 7919 % 1009) as f32 / 1009.0 - 0.5) * 0.2;
        Judge::new(Network::new((0..WEIGHTS).map(weight).collect()).unwrap(), 1.0, 0.0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_mirrored_picture_is_judged_as_it_is(
            (x, y, side) in (10.0..70.0f32, 10.0..50.0f32, 20.0..60.0f32),
            angle in -30.0..30.0f32,
            seed in 1..1000usize,
        ) {
            let (width, height) = (80, 60);
            // Smooth, so that a point that is rounded to the other side of a pixel's middle has about the same colour.
            let pixel = |x: usize, y: usize| [x * 3, y * 4, (x + y * seed % 7) % 200].map(|value| value as u8);
            let rows = |mirrored: bool| {
                let across = move |x: usize| if mirrored { width - 1 - x } else { x };
                (0..width * height).map(|i| pixel(across(i % width), i / width)).collect::<Vec<_>>()
            };
            let [planes, mirrored] = [false, true].map(|it| Planes::new(width, height, &rows(it)).unwrap());
            let square = Square { x, y, side, angle };
            let other = Square { x: width as f32 - x, angle: -angle, ..square };
            let (judge, mut activations) = (judge(), Activations::default());
            let look = judge.both(&planes, square, &mut activations);
            let seen = judge.both(&mirrored, other, &mut activations);
            for (one, other) in [
                (look.answer, seen.answer),
                (look.right, -seen.right),
                (look.down, seen.down),
                (look.size, seen.size),
                (look.turn, -seen.turn),
            ] {
                prop_assert!((one - other).abs() < 0.1, "{look:?} {seen:?}");
            }
        }
    }
}
