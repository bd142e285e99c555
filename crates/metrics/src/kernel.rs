//! The kernel distance between sets of features.

use rayon::prelude::*;

use crate::{
    MetricError,
    bootstrap::mean,
    features::{Features, check_comparable},
    mersenne::RandomState,
    product::{View, product},
};

/// What two images have in common, by the features of a network: each network's features name the kernel that suits them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernel {
    /// k(x, y) = (xᵀy / d + 1)³, of the distance that is published for InceptionV3's features ("KID").
    ///
    /// Bińkowski et al., "Demystifying MMD GANs" (2018).
    #[default]
    Cubic,
    /// k(x, y) = exp(−‖x − y‖² / (2 · 3² · d)), for features of no natural bound.
    ///
    /// The cubic weighs a common shift of far features above all else: by it, samples of a generator after 5,000 images came
    /// nearer to real faces than after 60,000. Jayasumana et al., "Rethinking FID" (2024), use a Gaussian for that reason. The
    /// width is three times what a feature deviates by over pictures.
    Gaussian,
}

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

/// The squared maximum mean discrepancy under the features' [`Kernel`], averaged over subsets.
///
/// Bińkowski et al., "Demystifying MMD GANs" (2018), section 4:
///
/// ```text
/// MMD² = 1/(m(m−1)) Σᵢ≠ⱼ k(xᵢ, xⱼ) + 1/(m(m−1)) Σᵢ≠ⱼ k(yᵢ, yⱼ) − 2/m² Σᵢⱼ k(xᵢ, yⱼ)
/// ```
///
/// Subsets are drawn in the order in which torch-fidelity draws them.
///
/// # Errors
/// When the features differ in dimensions or kernel, a set has fewer than two rows, or there is no subset.
pub fn kernel_distance(a: &Features, b: &Features, options: KernelOptions) -> Result<KernelDistance, MetricError> {
    check_comparable(a, b, 2)?;
    if a.kernel() != b.kernel() {
        return Err(MetricError::Kernels);
    }
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
    let (of_a, of_b) = (squares(a), squares(b));
    let row = |(row, x): (&[f64], &f64)| -> f64 {
        row.iter().zip(&of_b).map(|(xy, y)| a.kernel().of(*xy, [*x, *y], a.dimensions())).sum()
    };
    products.chunks(b.len()).zip(&of_a).map(row).sum()
}

/// xᵀx of each row.
fn squares(features: &Features) -> Vec<f64> {
    features.rows().map(|row| row.iter().map(|value| f64::from(*value).powi(2)).sum()).collect()
}

/// Σᵢ k(xᵢ, xᵢ), which the unbiased estimate leaves out.
fn diagonal_sum(features: &Features) -> f64 {
    squares(features).into_iter().map(|square| features.kernel().of(square, [square; 2], features.dimensions())).sum()
}

/// What a feature may be apart by before the Gaussian kernel tells, in deviations over pictures: those of all real faces are
/// within, those of early generators beyond.
const WIDTH: f64 = 3.0;

impl Kernel {
    /// k(x, y), of xᵀy and of xᵀx and yᵀy.
    fn of(self, product: f64, [x, y]: [f64; 2], dimensions: usize) -> f64 {
        match self {
            Self::Cubic => (product / dimensions as f64 + 1.0).powi(3),
            Self::Gaussian => (-(x + y - 2.0 * product).max(0.0) / (2.0 * WIDTH.powi(2) * dimensions as f64)).exp(),
        }
    }
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

    /// {0, 3} against {3, 6}: e^(−1/2) a step of three; within each set one pair a step apart, between them two pairs a
    /// step apart, one at two, one at none.
    #[test]
    fn two_against_two_by_hand_under_the_gaussian() {
        let of = |values: &[f32]| features(values).with_kernel(Kernel::Gaussian);
        let options = KernelOptions { subsets: 1, ..KernelOptions::default() };
        let distance = kernel_distance(&of(&[0.0, 3.0]), &of(&[3.0, 6.0]), options).unwrap();
        let (step, two) = ((-0.5_f64).exp(), (-2.0_f64).exp());
        assert!((distance.mean - (2.0 * step - (2.0 * step + two + 1.0) / 2.0)).abs() < 1e-12, "{distance:?}");
        assert!(kernel_distance(&of(&[0.0, 3.0]), &features(&[3.0, 6.0]), options).is_err());
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
