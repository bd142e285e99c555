//! The Fréchet distance between sets of features.

use crate::{
    MetricError, eigen,
    features::{Features, check_comparable},
    moments::{self, Moments, mirror, square_root},
    product::{View, product},
};

/// The squared Fréchet distance of the normal distributions with the moments given.
///
/// Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium" (2017), equation 6,
/// after Dowson and Landau, "The Fréchet distance between multivariate normal distributions" (1982):
///
/// ```text
/// d² = |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½)
/// ```
///
/// The last trace is that of the symmetric `(Σ₁^½ Σ₂ Σ₁^½)^½`, which has the same eigenvalues. The distance falls with the
/// number of images in the sets: only figures for equal counts say anything about one another.
///
/// # Errors
/// When the moments differ in dimensions or the eigenvalues do not converge.
pub fn frechet_distance(a: &Moments, b: &Moments) -> Result<f64, MetricError> {
    let side = a.mean().len();
    if side != b.mean().len() {
        return Err(MetricError::Dimensions(side, b.mean().len()));
    }
    let between = squared_distance(a.mean(), b.mean());
    // Rounding can leave a distance of equal sets a little below zero.
    Ok((between + a.trace() + b.trace() - 2.0 * trace_of_root(a, b)?).max(0.0))
}

/// The distance of two sets of features; see [`frechet_distance`].
///
/// Where a set has fewer rows than dimensions, the trace is taken of a matrix of rows instead of dimensions: with the
/// centred rows A and B, the eigenvalues of Σ₁Σ₂ other than 0 are those of MMᵀ for M = ABᵀ / √((n₁ − 1)(n₂ − 1)).
///
/// # Errors
/// When the features differ in dimensions, or a set has fewer than two rows.
pub fn frechet_distance_of(a: &Features, b: &Features) -> Result<f64, MetricError> {
    check_comparable(a, b, 2)?;
    if a.len().min(b.len()) >= a.dimensions() {
        return frechet_distance(&Moments::of(a)?, &Moments::of(b)?);
    }
    let (fewer, more) =
        if a.len() <= b.len() { (Centred::of(a), Centred::of(b)) } else { (Centred::of(b), Centred::of(a)) };
    let mixed = product(fewer.view(), more.view().transposed());
    let mixed = View::new(&mixed, more.count());
    let root = sum_of_roots(product(mixed, mixed.transposed()), fewer.count())?;
    Ok((squared_distance(&fewer.mean, &more.mean) + fewer.trace() + more.trace() - 2.0 * root).max(0.0))
}

/// The rows of a set less their mean, divided by √(n − 1): XᵀX is the covariance.
struct Centred {
    mean: Vec<f64>,
    values: Vec<f64>,
}

impl Centred {
    fn of(features: &Features) -> Self {
        let mean = moments::mean(features);
        let mut values = features.to_f64();
        let scale = ((features.len() - 1) as f64).sqrt();
        for row in values.chunks_exact_mut(mean.len()) {
            row.iter_mut().zip(&mean).for_each(|(value, mean)| *value = (*value - mean) / scale);
        }
        Self { mean, values }
    }

    fn count(&self) -> usize {
        self.values.len() / self.mean.len()
    }

    fn view(&self) -> View<'_, f64> {
        View::new(&self.values, self.mean.len())
    }

    fn trace(&self) -> f64 {
        self.values.iter().map(|value| value * value).sum()
    }
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

fn trace_of_root(a: &Moments, b: &Moments) -> Result<f64, MetricError> {
    let side = a.mean().len();
    let root = square_root(a.covariance(), side)?;
    let root = View::new(&root, side);
    let half = product(root, View::new(b.covariance(), side));
    sum_of_roots(product(View::new(&half, side), root), side)
}

/// Σ √λ over the eigenvalues of a matrix that is symmetric but for rounding.
fn sum_of_roots(mut matrix: Vec<f64>, side: usize) -> Result<f64, MetricError> {
    mirror(&mut matrix, side);
    let mut values = eigen::values(matrix, side)?;
    // Added up from the smallest, so that the many small ones are not lost beside the large.
    values.sort_by(f64::total_cmp);
    Ok(values.into_iter().map(|value| value.max(0.0).sqrt()).sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn features(dimensions: usize, values: &[f32]) -> Features {
        let whole = values.len() / dimensions * dimensions;
        Features::new(dimensions, values[..whole].to_vec()).unwrap()
    }

    /// In one dimension d² = (μ₁ − μ₂)² + (σ₁ − σ₂)².
    #[test]
    fn one_dimension_by_hand() {
        let (a, b) = (features(1, &[-1.0, 0.0, 1.0]), features(1, &[1.0, 4.0, 7.0]));
        let distance = frechet_distance_of(&a, &b).unwrap();
        assert!((distance - (16.0 + 4.0)).abs() < 1e-12, "{distance}");
    }

    #[test]
    fn few_rows_give_what_their_covariances_do() {
        let values: Vec<f32> = (0..20 * 9).map(|i| (i * i % 23) as f32).collect();
        let (a, b) = (features(20, &values[..80]), features(20, &values[80..]));
        let by_covariance = frechet_distance(&Moments::of(&a).unwrap(), &Moments::of(&b).unwrap()).unwrap();
        for distance in [frechet_distance_of(&a, &b).unwrap(), frechet_distance_of(&b, &a).unwrap()] {
            assert!((distance / by_covariance - 1.0).abs() < 1e-6, "{distance} and {by_covariance}");
        }
    }

    #[test]
    fn sets_must_match() {
        let one = features(1, &[1.0, 2.0]);
        assert_eq!(frechet_distance_of(&one, &features(2, &[1.0; 4])), Err(MetricError::Dimensions(1, 2)));
        let single = MetricError::TooFew { count: 1, needed: 2 };
        assert_eq!(frechet_distance_of(&one, &features(1, &[1.0])), Err(single));
    }

    proptest! {
        #[test]
        fn symmetric_zero_on_itself_and_blind_to_order(
            dimensions in 1_usize..12,
            a in prop::collection::vec(-8.0_f32..8.0, 24..200),
            b in prop::collection::vec(-8.0_f32..8.0, 24..200),
        ) {
            let (a, b) = (features(dimensions, &a), features(dimensions, &b));
            let distance = frechet_distance_of(&a, &b).unwrap();
            let back = frechet_distance_of(&b, &a).unwrap();
            // The root of a singular covariance's zeros, known to 10⁻¹⁶, is known to 10⁻⁸.
            let tolerance = 1e-6 * (Moments::of(&a).unwrap().trace() + Moments::of(&b).unwrap().trace());
            prop_assert!((distance - back).abs() < tolerance, "{} and {}", distance, back);
            prop_assert!(frechet_distance_of(&a, &a).unwrap() < tolerance);
            let reversed = a.select(&(0..a.len()).rev().collect::<Vec<_>>());
            prop_assert!((frechet_distance_of(&reversed, &b).unwrap() - distance).abs() < tolerance);
        }
    }
}
