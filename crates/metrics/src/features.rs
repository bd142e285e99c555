//! Features: what a network makes of images, a row of numbers for each.

use crate::{MetricError, kernel::Kernel};

/// A matrix of finite numbers, one row an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    dimensions: usize,
    values: Vec<f32>,
    kernel: Kernel,
}

impl Features {
    /// Takes rows of `dimensions` numbers each, one after the other, for the cubic kernel.
    ///
    /// # Errors
    /// When the last row is not whole, there are no dimensions, or a number is not finite.
    pub fn new(dimensions: usize, values: Vec<f32>) -> Result<Self, MetricError> {
        if dimensions == 0 || !values.len().is_multiple_of(dimensions) {
            return Err(MetricError::NotRows { dimensions, values: values.len() });
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(MetricError::NotFinite { row: index / dimensions }),
            None => Ok(Self { dimensions, values, kernel: Kernel::Cubic }),
        }
    }

    /// The same rows for another kernel.
    pub fn with_kernel(self, kernel: Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// The kernel of their [`kernel_distance`](crate::kernel_distance).
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Numbers in a row.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The row at an index.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dimensions..][..self.dimensions]
    }

    /// All rows in order.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.dimensions)
    }

    /// The rows at some indices, which may repeat.
    ///
    /// # Panics
    /// When there is no row at one of them.
    pub fn select(&self, indices: &[usize]) -> Self {
        let values = indices.iter().flat_map(|index| self.row(*index)).copied().collect();
        Self { values, ..*self }
    }

    /// The first `count` rows, or all where there are fewer.
    pub fn first(&self, count: usize) -> Self {
        let values = self.values.len().min(count.saturating_mul(self.dimensions));
        Self { values: self.values[..values].to_vec(), ..*self }
    }

    /// All rows in double precision, in which statistics are computed.
    pub(crate) fn to_f64(&self) -> Vec<f64> {
        self.values.iter().map(|value| f64::from(*value)).collect()
    }
}

/// Checks that two sets are of one network and large enough for what is to be computed.
pub(crate) fn check_comparable(a: &Features, b: &Features, needed: usize) -> Result<(), MetricError> {
    if a.dimensions() != b.dimensions() {
        return Err(MetricError::Dimensions(a.dimensions(), b.dimensions()));
    }
    match a.len().min(b.len()) {
        count if count < needed => Err(MetricError::TooFew { count, needed }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_and_finite() {
        assert_eq!(Features::new(2, vec![1.0; 3]), Err(MetricError::NotRows { dimensions: 2, values: 3 }));
        assert_eq!(Features::new(2, vec![1.0, 1.0, 1.0, f32::NAN]), Err(MetricError::NotFinite { row: 1 }));
        let features = Features::new(2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!((features.len(), features.row(1)), (2, &[3.0, 4.0][..]));
        assert_eq!(features.select(&[1, 1, 0]).to_f64(), [3.0, 4.0, 3.0, 4.0, 1.0, 2.0]);
        assert_eq!(features.first(1).to_f64(), [1.0, 2.0]);
    }
}
