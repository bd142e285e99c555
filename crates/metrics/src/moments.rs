//! Mean and covariance of features, and the square root of a covariance.

use crate::{
    MetricError,
    eigen::{self, Eigen},
    features::Features,
    product::{View, product},
};

/// The first two moments of a set of features, in double precision.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    count: usize,
    mean: Vec<f64>,
    covariance: Vec<f64>,
}

impl Moments {
    /// The mean and the unbiased covariance, 1/(n − 1) Σ (x − μ)(x − μ)ᵀ.
    ///
    /// # Errors
    /// When there are fewer than two rows.
    pub fn of(features: &Features) -> Result<Self, MetricError> {
        let (count, side) = (features.len(), features.dimensions());
        if count < 2 {
            return Err(MetricError::TooFew { count, needed: 2 });
        }
        let mean = mean(features);
        let mut centred = features.to_f64();
        for row in centred.chunks_exact_mut(side) {
            row.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
        }
        let rows = View::new(&centred, side);
        let mut covariance = product(rows.transposed(), rows);
        covariance.iter_mut().for_each(|value| *value /= (count - 1) as f64);
        mirror(&mut covariance, side);
        Ok(Self { count, mean, covariance })
    }

    /// Rows that the moments were taken of.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The mean of each dimension.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The covariance, row by row.
    pub fn covariance(&self) -> &[f64] {
        &self.covariance
    }

    /// The sum of the variances.
    pub fn trace(&self) -> f64 {
        self.covariance.iter().step_by(self.mean.len() + 1).sum()
    }
}

/// The mean of each dimension.
pub(crate) fn mean(features: &Features) -> Vec<f64> {
    let mut sums = vec![0.0; features.dimensions()];
    for row in features.rows() {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    sums.into_iter().map(|sum| sum / features.len() as f64).collect()
}

/// Copies the upper triangle below the diagonal: the two may differ in the last bit, and what follows takes them as equal.
pub(crate) fn mirror(matrix: &mut [f64], side: usize) {
    for row in 1..side {
        for column in 0..row {
            matrix[row * side + column] = matrix[column * side + row];
        }
    }
}

/// The symmetric square root of a positive semidefinite matrix: Vᵀ √Λ V.
///
/// Its square is the matrix to about 10⁻¹² of the largest eigenvalue. Eigenvalues below zero are rounding, and taken as 0.
///
/// # Errors
/// When the eigenvalues do not converge.
pub fn square_root(matrix: &[f64], side: usize) -> Result<Vec<f64>, MetricError> {
    let Eigen { values, vectors } = eigen::decompose(matrix.to_vec(), side)?;
    let scaled: Vec<f64> =
        vectors.iter().enumerate().map(|(i, value)| value * values[i / side].max(0.0).sqrt()).collect();
    Ok(product(View::new(&vectors, side).transposed(), View::new(&scaled, side)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_by_hand() {
        let moments = Moments::of(&Features::new(2, vec![0.0, 0.0, 2.0, 0.0, 4.0, 3.0]).unwrap()).unwrap();
        assert_eq!((moments.count(), moments.mean()), (3, &[2.0, 1.0][..]));
        assert_eq!(moments.covariance(), [4.0, 3.0, 3.0, 3.0]);
        assert_eq!(moments.trace(), 7.0);
        assert_eq!(
            Moments::of(&Features::new(1, vec![1.0]).unwrap()),
            Err(MetricError::TooFew { count: 1, needed: 2 })
        );
    }

    #[test]
    fn a_root_by_hand() {
        // [[5, 4], [4, 5]] has the eigenvalues 9 and 1, so its root has 3 and 1.
        let root = square_root(&[5.0, 4.0, 4.0, 5.0], 2).unwrap();
        for (ours, theirs) in root.iter().zip([2.0, 1.0, 1.0, 2.0]) {
            assert!((ours - theirs).abs() < 1e-14, "{root:?}");
        }
    }

    proptest! {
        /// Also where there are fewer rows than dimensions, so that the covariance is singular.
        #[test]
        fn the_root_squared_is_the_covariance(
            dimensions in 1_usize..24, rows in prop::collection::vec(-8.0_f32..8.0, 48..400)
        ) {
            let whole = rows.len() / dimensions * dimensions;
            let moments = Moments::of(&Features::new(dimensions, rows[..whole].to_vec()).unwrap()).unwrap();
            let root = square_root(moments.covariance(), dimensions).unwrap();
            let square = product(View::new(&root, dimensions), View::new(&root, dimensions));
            for (ours, theirs) in square.iter().zip(moments.covariance()) {
                prop_assert!((ours - theirs).abs() <= 1e-12 * moments.trace(), "{} and {}", ours, theirs);
            }
        }
    }
}
