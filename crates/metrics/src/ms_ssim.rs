//! Structural similarity at several scales, and how alike the images of a set are by it.

use rayon::prelude::*;

use crate::{
    MetricError,
    bootstrap::{Interval, Resampling, interval_of_mean, mean},
    images::{CHANNELS, Images},
    random::{Philox, Stream, below},
};

/// Pixels across the window.
const WINDOW: usize = 11;

/// The window's standard deviation in pixels.
const WINDOW_DEVIATION: f64 = 1.5;

/// The weights of the scales, finest first.
const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/// (0.01 · 255)² and (0.03 · 255)²: they keep flat windows from dividing by zero.
const STABILIZERS: [f64; 2] = [6.5025, 58.5225];

/// Where among the metrics' random numbers the pairs lie: above the patches', below the resamples'.
const PAIRS: u64 = 1 << 59;

/// How alike the images of one set are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diversity {
    /// The mean MS-SSIM of pairs: 1 where all images are the same; to be read beside that of real images.
    pub similarity: f64,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
    /// Pairs of images.
    pub pairs: usize,
}

/// The mean [`ms_ssim`] of random pairs within a set.
///
/// Odena et al., "Conditional image synthesis with auxiliary classifier GANs" (2017), section 4.2: a generator that
/// collapses makes pairs more alike than pairs of real images are.
///
/// # Errors
/// When there are fewer than two images or they are smaller than the window.
pub fn diversity(images: &Images, pairs: usize, resampling: Resampling) -> Result<Diversity, MetricError> {
    if images.len() < 2 || pairs == 0 {
        return Err(MetricError::TooFew { count: images.len().min(pairs), needed: 2 });
    }
    let of_pair = |pair: usize| {
        let [first, second] = draw_pair(images.len(), pair, resampling.seed).map(|index| images.get(index));
        ms_ssim(first, second, images.side())
    };
    let values: Vec<f64> = (0..pairs).into_par_iter().map(of_pair).collect::<Result<_, _>>()?;
    Ok(Diversity { similarity: mean(&values), interval: interval_of_mean(&values, resampling), pairs })
}

/// Two different indices.
fn draw_pair(count: usize, pair: usize, seed: u64) -> [usize; 2] {
    let mut words = [0; 2];
    Philox::new(seed, Stream::Metrics).u32s(PAIRS | pair as u64, &mut words);
    let (first, other) = (below(words[0], count), below(words[1], count - 1));
    [first, if other < first { other } else { other + 1 }]
}

/// The structural similarity of two images at several scales, the mean of their channels'.
///
/// Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality assessment" (2003), equation 7: with
/// l, c and s those of SSIM, and each scale half of the one before,
///
/// ```text
/// l_M^α_M ∏ⱼ (cⱼ sⱼ)^βⱼ
/// ```
///
/// Of the paper's five scales those are taken that hold the window of 11 pixels (three at 64 px), and their weights scaled
/// to add up to 1. A similarity below 0 counts as 0.
///
/// # Shapes
/// - `a`, `b`: `side · side · 3`, RGB interleaved
///
/// # Errors
/// When the images are smaller than the window.
pub fn ms_ssim(a: &[u8], b: &[u8], side: usize) -> Result<f64, MetricError> {
    let scales = (0..WEIGHTS.len()).take_while(|scale| side >> scale >= WINDOW).count();
    if scales == 0 {
        return Err(MetricError::TooSmall { side, needed: WINDOW });
    }
    let window = window();
    let of_channel = |channel: usize| {
        let plane = |pixels: &[u8]| pixels.iter().skip(channel).step_by(CHANNELS).map(|v| f64::from(*v)).collect();
        of_planes(plane(a), plane(b), side, scales, &window)
    };
    Ok(mean(&[0, 1, 2].map(of_channel)))
}

fn of_planes(mut a: Vec<f64>, mut b: Vec<f64>, mut side: usize, scales: usize, window: &[f64]) -> f64 {
    let total: f64 = WEIGHTS[..scales].iter().sum();
    let mut similarity = 1.0;
    for (scale, weight) in WEIGHTS[..scales].iter().enumerate() {
        let [structure, whole] = ssim(&a, &b, side, window);
        let of_scale = if scale + 1 == scales { whole } else { structure };
        similarity *= of_scale.max(0.0).powf(weight / total);
        (a, b) = (halve(&a, side), halve(&b, side));
        side /= 2;
    }
    similarity
}

/// The means over all windows of contrast times structure, and of that times luminance.
fn ssim(a: &[f64], b: &[f64], side: usize, window: &[f64]) -> [f64; 2] {
    let products = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).collect::<Vec<_>>();
    let [mean_a, mean_b] = [a, b].map(|plane| filter(plane, side, window));
    let [square_a, square_b, mixed] =
        [products(a, a), products(b, b), products(a, b)].map(|plane| filter(&plane, side, window));
    let (mut structures, mut wholes) = (0.0, 0.0);
    for i in 0..mean_a.len() {
        let (a, b) = (mean_a[i], mean_b[i]);
        let variances = (square_a[i] - a * a) + (square_b[i] - b * b);
        let structure = (2.0 * (mixed[i] - a * b) + STABILIZERS[1]) / (variances + STABILIZERS[1]);
        structures += structure;
        wholes += structure * (2.0 * a * b + STABILIZERS[0]) / (a * a + b * b + STABILIZERS[0]);
    }
    [structures, wholes].map(|sum| sum / mean_a.len() as f64)
}

fn window() -> Vec<f64> {
    let centre = (WINDOW / 2) as f64;
    let bell = |i: usize| (-(i as f64 - centre).powi(2) / (2.0 * WINDOW_DEVIATION * WINDOW_DEVIATION)).exp();
    let total: f64 = (0..WINDOW).map(bell).sum();
    (0..WINDOW).map(|i| bell(i) / total).collect()
}

/// The weighted means of all windows that lie within the plane.
fn filter(plane: &[f64], side: usize, window: &[f64]) -> Vec<f64> {
    let inner = side + 1 - WINDOW;
    let mut lines = Vec::with_capacity(side * inner);
    for line in plane.chunks_exact(side) {
        lines.extend(line.windows(WINDOW).map(|values| values.iter().zip(window).map(|(v, w)| v * w).sum::<f64>()));
    }
    let mut means = vec![0.0; inner * inner];
    for (row, means) in means.chunks_exact_mut(inner).enumerate() {
        for (line, weight) in lines.chunks_exact(inner).skip(row).zip(window) {
            means.iter_mut().zip(line).for_each(|(mean, value)| *mean += weight * value);
        }
    }
    means
}

/// Means of 2 × 2 pixels; an odd last line is left out.
fn halve(plane: &[f64], side: usize) -> Vec<f64> {
    let half = side / 2;
    let of_block = |i: usize| {
        let corner = i / half * 2 * side + i % half * 2;
        (plane[corner] + plane[corner + 1] + plane[corner + side] + plane[corner + side + 1]) / 4.0
    };
    (0..half * half).map(of_block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESAMPLING: Resampling = Resampling { replicates: 20, seed: 3 };

    fn noise(count: usize, side: usize) -> Images {
        let mut words = vec![0; count * side * side * 3];
        Philox::new(1, Stream::Tests).u32s(0, &mut words);
        Images::new(side, words.into_iter().map(|word| (word >> 24) as u8).collect()).unwrap()
    }

    #[test]
    fn an_image_is_like_itself_and_unlike_noise() {
        let images = noise(2, 32);
        let (a, b) = (images.get(0), images.get(1));
        assert!((ms_ssim(a, a, 32).unwrap() - 1.0).abs() < 1e-12);
        assert!(ms_ssim(a, b, 32).unwrap() < 0.5);
        assert_eq!(ms_ssim(a, b, 32), ms_ssim(b, a, 32));
        assert_eq!(ms_ssim(&[0; 300], &[0; 300], 10), Err(MetricError::TooSmall { side: 10, needed: 11 }));
    }

    #[test]
    fn copies_are_not_diverse() {
        let various = diversity(&noise(20, 16), 30, RESAMPLING).unwrap();
        let copies = Images::new(16, noise(1, 16).into_pixels().repeat(20)).unwrap();
        let copies = diversity(&copies, 30, RESAMPLING).unwrap();
        assert!(various.similarity < 0.5 && (copies.similarity - 1.0).abs() < 1e-9, "{various:?} {copies:?}");
    }

    #[test]
    fn a_pair_is_of_two_images() {
        for pair in 0..200 {
            let [first, second] = draw_pair(3, pair, 1);
            assert!(first != second && first < 3 && second < 3);
        }
    }
}
