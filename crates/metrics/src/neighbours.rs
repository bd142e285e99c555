//! Distances between the rows of two sets, strip by strip: all of them at once would not fit into memory.

use rayon::prelude::*;

use crate::{
    features::Features,
    product::{View, multiply},
};

/// Rows whose distances are held at once. Fixed, so that nothing depends on the number of threads.
const ROWS_AT_ONCE: usize = 128;

/// A set of features made ready for distances.
pub(crate) struct Points {
    dimensions: usize,
    values: Vec<f64>,
    squares: Vec<f64>,
}

impl Points {
    pub(crate) fn of(features: &Features) -> Self {
        let values = features.to_f64();
        let dimensions = features.dimensions();
        let squares = values.chunks_exact(dimensions).map(|row| row.iter().map(|value| value * value).sum()).collect();
        Self { dimensions, values, squares }
    }

    pub(crate) fn len(&self) -> usize {
        self.squares.len()
    }

    /// What `of_row` makes of each row's index and squared distances to all of `others`, in the rows' order.
    pub(crate) fn map_distances<T: Send>(
        &self,
        others: &Self,
        of_row: impl Fn(usize, &mut [f64]) -> T + Sync,
    ) -> Vec<T> {
        let strips = self.values.par_chunks(ROWS_AT_ONCE * self.dimensions).enumerate();
        let results = strips.flat_map_iter(|(strip, rows)| {
            let first = strip * ROWS_AT_ONCE;
            let mut distances = others.distances_from(rows, &self.squares[first..]);
            let rows = distances.chunks_exact_mut(others.len()).enumerate();
            rows.map(|(row, distances)| of_row(first + row, distances)).collect::<Vec<_>>()
        });
        results.collect()
    }

    /// |a − b|² = |a|² + |b|² − 2 aᵀb; rounding can leave equal points a little below zero.
    fn distances_from(&self, rows: &[f64], squares: &[f64]) -> Vec<f64> {
        let count = rows.len() / self.dimensions;
        let mut distances = vec![0.0; count * self.len()];
        let others = View::new(&self.values, self.dimensions).transposed();
        multiply(View::new(rows, self.dimensions), others, &mut distances, self.len());
        for (row, square) in distances.chunks_exact_mut(self.len()).zip(squares) {
            for (distance, other) in row.iter_mut().zip(&self.squares) {
                *distance = (square + other - 2.0 * *distance).max(0.0);
            }
        }
        distances
    }

    /// For each point, the squared distances to its nearest others of the same set: to the k-th, for each k given.
    pub(crate) fn radii<const N: usize>(&self, ks: [usize; N]) -> Vec<[f64; N]> {
        self.map_distances(self, |index, distances| {
            distances[index] = f64::INFINITY;
            ks.map(|k| *distances.select_nth_unstable_by(k - 1, f64::total_cmp).1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radii_by_hand() {
        let points = Points::of(&Features::new(1, vec![0.0, 1.0, 3.0, 7.0]).unwrap());
        assert_eq!(points.radii([1, 2]), [[1.0, 9.0], [1.0, 4.0], [4.0, 9.0], [16.0, 36.0]]);
    }

    #[test]
    fn rows_of_every_strip_come_in_order() {
        let points = Points::of(&Features::new(1, (0..300).map(|i| i as f32).collect()).unwrap());
        let origin = Points::of(&Features::new(1, vec![0.0]).unwrap());
        let distances = points.map_distances(&origin, |index, distances| (index, distances[0]));
        assert!(distances.iter().enumerate().all(|(i, found)| *found == (i, (i * i) as f64)));
    }
}
