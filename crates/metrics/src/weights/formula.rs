//! Weights and images from formulas, which the scripts of other implementations share, and what those recorded.

use serde::Deserialize;

use super::{Array, Weights};
use crate::images::Images;

const IMAGES: usize = 8;
const SIDE: usize = 40;

/// What is recorded of a tensor: some of its values, evenly spaced, and two means.
#[derive(Deserialize)]
pub(crate) struct Summary {
    #[serde(default)]
    name: String,
    mean: f64,
    size: f64,
    shown: Vec<f64>,
}

impl Summary {
    /// Single values may differ by a thousandth of what is usual: both sides compute in single precision.
    #[track_caller]
    pub(crate) fn assert_near(&self, values: &[f32]) {
        let mean = |of: fn(f64) -> f64| values.iter().map(|v| of(f64::from(*v))).sum::<f64>() / values.len() as f64;
        let near = |ours: f64, theirs: f64, tolerance: f64| {
            assert!((ours - theirs).abs() < tolerance * self.size, "{}: {ours} and {theirs}", self.name);
        };
        near(mean(|value| value), self.mean, 1e-4);
        near(mean(f64::abs), self.size, 1e-4);
        for (i, shown) in self.shown.iter().enumerate() {
            near(f64::from(values[i * (values.len() - 1) / (self.shown.len() - 1)]), *shown, 1e-3);
        }
    }
}

/// A line of a list of shapes: the name and the sizes.
pub(crate) fn shape(line: &str) -> (String, Vec<usize>) {
    let mut words = line.split(' ');
    let name = words.next().unwrap().to_owned();
    (name, words.map(|size| size.parse().unwrap()).collect())
}

/// Weights that keep activations at the same size from layer to layer.
pub(crate) fn weights(shapes: &[(String, Vec<usize>)]) -> Weights {
    let tensors = shapes.iter().map(|(name, shape)| {
        let inputs: usize = shape[1..].iter().product();
        let scaled = |value: f64| match shape.len() {
            1 if name.ends_with("running_var") => 1.0 + 0.5 * value,
            1 if name.ends_with("weight") => 1.0 + 0.2 * value,
            1 => 0.2 * value,
            _ => value * (6.0 / inputs as f64).sqrt(),
        };
        let values = uniform(name, shape.iter().product()).map(|value| scaled(value) as f32).collect();
        (name.clone(), Array { shape: shape.clone(), values })
    });
    Weights::from_tensors(tensors)
}

/// Noise over slopes whose direction and colour differ from image to image.
pub(crate) fn images() -> Images {
    let slope = |i: usize| {
        let (n, y, x) = (i / 3 / SIDE / SIDE, i / 3 / SIDE % SIDE, i / 3 % SIDE);
        ((x * (n % 3) + y * ((n + 1) % 4)) * (5 + n) % 200) as f64
    };
    let noise = uniform("images", IMAGES * SIDE * SIDE * 3).enumerate();
    Images::new(SIDE, noise.map(|(i, noise)| (slope(i) + 28.0 + 27.0 * noise) as u8).collect()).unwrap()
}

/// Numbers in [−1, 1), multiples of 2⁻²³: SplitMix64 of the position, keyed by the FNV-1a hash of the name.
fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let hash = |key: u64, byte: u8| (key ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
    let key = name.bytes().fold(0xCBF2_9CE4_8422_2325, hash);
    (1..=count as u64).map(move |position| {
        let z = key.wrapping_add(position.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) >> 40) as f64 / (1 << 23) as f64 - 1.0
    })
}
