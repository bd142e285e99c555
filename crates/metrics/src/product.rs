//! Matrix products: the one place where metrics spend their time.
#![allow(unsafe_code)]

use gemm::Parallelism;
use rayon::prelude::*;

/// Rows of a product that one thread computes. Fixed, so that the sums are the same on any number of threads.
const ROWS_AT_ONCE: usize = 128;

/// A matrix as it lies in memory: row by row, or as its transpose does.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, T> {
    values: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> View<'a, T> {
    /// A matrix that lies row by row.
    pub(crate) fn new(values: &'a [T], columns: usize) -> Self {
        assert!(columns > 0 && values.len().is_multiple_of(columns), "a matrix has whole rows");
        Self { values, rows: values.len() / columns, columns, row_stride: columns, column_stride: 1 }
    }

    /// The transpose, without moving anything.
    pub(crate) fn transposed(self) -> Self {
        let Self { values, rows, columns, row_stride, column_stride } = self;
        Self { values, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }

    /// Up to `count` rows from `first` on.
    fn strip(self, first: usize, count: usize) -> Self {
        Self { values: &self.values[first * self.row_stride..], rows: count.min(self.rows - first), ..self }
    }
}

/// The product of two matrices, row by row, on all threads.
pub(crate) fn product(left: View<'_, f64>, right: View<'_, f64>) -> Vec<f64> {
    let mut result = vec![0.0; left.rows * right.columns];
    let strips = result.par_chunks_mut(ROWS_AT_ONCE * right.columns).enumerate();
    strips
        .for_each(|(strip, rows)| multiply(left.strip(strip * ROWS_AT_ONCE, ROWS_AT_ONCE), right, rows, right.columns));
    result
}

/// Computes a product on this thread, into rows that begin `stride` numbers after one another.
pub(crate) fn multiply<T: Scalar>(left: View<'_, T>, right: View<'_, T>, result: &mut [T], stride: usize) {
    let (rows, columns) = (left.rows, right.columns);
    if rows == 0 {
        return;
    }
    assert!(left.columns == right.rows && stride >= columns, "the shapes fit");
    assert!(result.len() >= (rows - 1) * stride + columns, "the result has room");
    // SAFETY: each view holds all its rows and columns, as was checked on its making, the result has room for its own, as
    // was checked above, and is borrowed alone.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            left.columns,
            result.as_mut_ptr(),
            1,
            stride as isize,
            false,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            T::ZERO,
            T::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// The numbers that products are computed in.
pub(crate) trait Scalar: Copy + 'static {
    const ZERO: Self;
    const ONE: Self;
}

impl Scalar for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
}

impl Scalar for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_by_hand() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 2.0, 1.0, 0.0, 3.0]);
        assert_eq!(product(View::new(&a, 3), View::new(&b, 2)), [5.0, 11.0, 14.0, 23.0]);
        assert_eq!(product(View::new(&a, 3), View::new(&b, 3).transposed()), [7.0, 10.0, 16.0, 22.0]);
        assert_eq!(product(View::new(&a, 2).transposed(), View::new(&b, 2)), [7.0, 18.0, 10.0, 22.0]);
    }

    #[test]
    fn many_rows_are_many_strips() {
        let values: Vec<f64> = (0..300 * 2).map(f64::from).collect();
        let result = product(View::new(&values, 2), View::new(&[1.0, -1.0], 1));
        assert!(result.len() == 300 && result.iter().all(|value| *value == -1.0));
    }
}
