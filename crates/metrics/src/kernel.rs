//! The kernel distance between sets of features.

use rayon::prelude::*;

use crate::{
    MetricError,
    bootstrap::mean,
    features::{Features, check_comparable},
    mersenne::RandomState,
    product::{View, product},
};

/// How the kernel distance is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelOptions {
    /// Subsets over which it is averaged.
    pub subsets: usize,
    /// Images of each set in a subset; all where a set has fewer.
    pub subset_size: usize,
    /// What subsets are drawn from: NumPy's `RandomState` of that seed.
    pub seed: u32,
}

impl Default for KernelOptions {
    /// What torch-fidelity does unless it is told otherwise.
    fn default() -> Self {
        Self { subsets: 100, subset_size: 1000, seed: 2020 }
    }
}

/// A kernel distance over subsets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelDistance {
    /// The mean over the subsets; unbiased, so that it can be below zero for sets that are alike.
    pub mean: f64,
    /// The standard deviation of the subsets' distances.
    pub deviation: f64,
    /// Images of each set in a subset.
    pub subset_size: usize,
}

/// The squared maximum mean discrepancy under a cubic kernel, averaged over subsets ("KID").
///
/// Bińkowski et al., "Demystifying MMD GANs" (2018), section 4: with k(x, y) = (xᵀy / d + 1)³,
///
/// ```text
/// MMD² = 1/(m(m−1)) Σᵢ≠ⱼ k(xᵢ, xⱼ) + 1/(m(m−1)) Σᵢ≠ⱼ k(yᵢ, yⱼ) − 2/m² Σᵢⱼ k(xᵢ, yⱼ)
/// ```
///
/// Subsets are drawn in the order in which torch-fidelity draws them.
///
/// # Errors
/// When the features differ in dimensions, a set has fewer than two rows, or there is no subset.
pub fn kernel_distance(a: &Features, b: &Features, options: KernelOptions) -> Result<KernelDistance, MetricError> {
    check_comparable(a, b, 2)?;
    let subset_size = options.subset_size.min(a.len()).min(b.len());
    if options.subsets == 0 || subset_size < 2 {
        return Err(MetricError::TooFew { count: options.subsets.min(subset_size), needed: 2 });
    }
    // Where each subset would be all images, one is all that there are.
    let subsets = if a.len().max(b.len()) == subset_size { 1 } else { options.subsets };
    let mut random = RandomState::new(options.seed);
    let draws: Vec<_> =
        (0..subsets).map(|_| (random.choice(a.len(), subset_size), random.choice(b.len(), subset_size))).collect();
    let distances: Vec<f64> =
        draws.into_par_iter().map(|(of_a, of_b)| squared_discrepancy(&a.select(&of_a), &b.select(&of_b))).collect();
    let mean = mean(&distances);
    let variance = distances.iter().map(|distance| (distance - mean).powi(2)).sum::<f64>() / distances.len() as f64;
    Ok(KernelDistance { mean, deviation: variance.sqrt(), subset_size })
}

/// The unbiased MMD² of two equally large sets.
fn squared_discrepancy(a: &Features, b: &Features) -> f64 {
    let count = a.len() as f64;
    let [within_a, within_b, between] = [(a, a), (b, b), (a, b)].map(|(left, right)| kernel_sum(left, right));
    let pairs = count * (count - 1.0);
    (within_a - diagonal_sum(a) + within_b - diagonal_sum(b)) / pairs - 2.0 * between / (count * count)
}

fn kernel_sum(a: &Features, b: &Features) -> f64 {
    let (left, right) = (a.to_f64(), b.to_f64());
    let products = product(View::new(&left, a.dimensions()), View::new(&right, b.dimensions()).transposed());
    products.chunks(b.len()).map(|row| row.iter().map(|value| cubic(*value, a.dimensions())).sum::<f64>()).sum()
}

/// Σᵢ k(xᵢ, xᵢ), which the unbiased estimate leaves out.
fn diagonal_sum(features: &Features) -> f64 {
    let square = |row: &[f32]| row.iter().map(|value| f64::from(*value).powi(2)).sum();
    features.rows().map(|row| cubic(square(row), features.dimensions())).sum()
}

fn cubic(product: f64, dimensions: usize) -> f64 {
    (product / dimensions as f64 + 1.0).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(values: &[f32]) -> Features {
        Features::new(1, values.to_vec()).unwrap()
    }

    /// {0, 1} against {1, 2}: k within is (0 + 1)³ = 1 and (2 + 1)³ = 27, between 1, 1, 8 and 27.
    #[test]
    fn two_against_two_by_hand() {
        let options = KernelOptions { subsets: 3, ..KernelOptions::default() };
        let distance = kernel_distance(&features(&[0.0, 1.0]), &features(&[1.0, 2.0]), options).unwrap();
        assert!((distance.mean - (1.0 + 27.0 - 37.0 / 2.0)).abs() < 1e-12, "{distance:?}");
        assert_eq!((distance.deviation, distance.subset_size), (0.0, 2));
    }

    #[test]
    fn the_whole_sets_distance_is_symmetric_and_blind_to_order() {
        let values: Vec<f32> = (0..40).map(|i| (i * i % 17) as f32 / 5.0).collect();
        let (a, b) = values.split_at(20);
        let options = KernelOptions { subsets: 1, ..KernelOptions::default() };
        let of = |a: &[f32], b: &[f32]| kernel_distance(&features(a), &features(b), options).unwrap().mean;
        let reversed: Vec<f32> = a.iter().rev().copied().collect();
        assert!((of(a, b) - of(b, a)).abs() < 1e-9);
        assert!((of(a, b) - of(&reversed, b)).abs() < 1e-9);
    }

    #[test]
    fn no_subset_is_no_distance() {
        let options = KernelOptions { subsets: 0, ..KernelOptions::default() };
        assert!(kernel_distance(&features(&[0.0, 1.0]), &features(&[1.0, 2.0]), options).is_err());
    }
}
