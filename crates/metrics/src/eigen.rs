//! The eigen-decomposition of symmetric matrices.
//!
//! Golub and Van Loan, "Matrix computations" (2013), sections 8.3.1 and 8.3.3: Householder reflections make the matrix
//! tridiagonal, QR steps with Wilkinson's shift, carried out implicitly as rotations, make that diagonal.

use rayon::prelude::*;

use crate::MetricError;

/// QR steps for one eigenvalue: two are usual, and none that is known needs ten times as many.
const MAX_STEPS: usize = 40;

/// Columns on which one thread carries out a step's rotations: they stay in its cache.
const COLUMNS_AT_ONCE: usize = 64;

/// The decomposition `A = Vᵀ Λ V`.
pub(crate) struct Eigen {
    /// The eigenvalues, in no particular order.
    pub(crate) values: Vec<f64>,
    /// Row i is the unit eigenvector of the i-th value.
    pub(crate) vectors: Vec<f64>,
}

/// Decomposes the symmetric matrix whose rows lie one after the other.
///
/// # Errors
/// When the steps do not converge, as with numbers that are not finite.
pub(crate) fn decompose(matrix: Vec<f64>, side: usize) -> Result<Eigen, MetricError> {
    let mut tridiagonal = Tridiagonal::of(matrix, side);
    let mut vectors = tridiagonal.basis();
    tridiagonal.diagonalize(|rotations| rotate_rows(&mut vectors, side, rotations))?;
    Ok(Eigen { values: tridiagonal.diagonal, vectors })
}

/// The eigenvalues alone, which take a fraction of the time.
///
/// # Errors
/// When the steps do not converge, as with numbers that are not finite.
pub(crate) fn values(matrix: Vec<f64>, side: usize) -> Result<Vec<f64>, MetricError> {
    let mut tridiagonal = Tridiagonal::of(matrix, side);
    tridiagonal.diagonalize(|_| ())?;
    Ok(tridiagonal.diagonal)
}

/// A tridiagonal matrix similar to the one that it was made of, and the reflections that made it.
struct Tridiagonal {
    side: usize,
    diagonal: Vec<f64>,
    /// Element i stands beside diagonal elements i and i + 1.
    off_diagonal: Vec<f64>,
    /// Unit vectors u of the reflections I − 2uuᵀ, the k-th over the rows k + 1 and below.
    reflections: Vec<Vec<f64>>,
}

impl Tridiagonal {
    fn of(mut matrix: Vec<f64>, side: usize) -> Self {
        assert_eq!(matrix.len(), side * side, "the matrix is square");
        let mut off_diagonal = Vec::with_capacity(side.saturating_sub(1));
        let mut reflections = Vec::with_capacity(side.saturating_sub(1));
        for k in 1..side {
            let column: Vec<f64> = (k..side).map(|row| matrix[row * side + k - 1]).collect();
            let (reflection, length) = reflection(column);
            reflect_both_sides(&mut matrix[k * side..], side, k, &reflection);
            off_diagonal.push(length);
            reflections.push(reflection);
        }
        let diagonal = (0..side).map(|i| matrix[i * side + i]).collect();
        Self { side, diagonal, off_diagonal, reflections }
    }

    /// The orthogonal matrix whose rows are the basis in which the matrix is tridiagonal.
    fn basis(&self) -> Vec<f64> {
        let side = self.side;
        let mut basis: Vec<f64> = (0..side * side).map(|i| f64::from(u8::from(i % (side + 1) == 0))).collect();
        // Backwards, so that the k-th reflection meets rows and columns below k alone.
        for (k, reflection) in self.reflections.iter().enumerate().rev() {
            basis[(k + 1) * side..].par_chunks_mut(side).for_each(|row| {
                let row = &mut row[k + 1..];
                add_scaled(row, -2.0 * dot(row, reflection), reflection);
            });
        }
        basis
    }

    /// Makes the matrix diagonal; `each` sees the rotations of each step, as (first of the two rows, cosine, sine).
    fn diagonalize(&mut self, mut each: impl FnMut(&[Rotation])) -> Result<(), MetricError> {
        let mut rotations = Vec::with_capacity(self.side);
        for start in 0..self.side {
            for step in 0.. {
                let end = self.end_of_block(start);
                if end == start {
                    break;
                }
                if step == MAX_STEPS {
                    return Err(MetricError::NotConverged(self.side));
                }
                rotations.clear();
                self.step(start, end, &mut rotations);
                each(&rotations);
            }
        }
        Ok(())
    }

    /// The last row that is coupled with row `start`; couplings below rounding are cut.
    fn end_of_block(&mut self, start: usize) -> usize {
        for i in start..self.side - 1 {
            let scale = self.diagonal[i].abs() + self.diagonal[i + 1].abs();
            if self.off_diagonal[i].abs() <= f64::EPSILON * scale {
                self.off_diagonal[i] = 0.0;
                return i;
            }
        }
        self.side - 1
    }

    /// One implicit QR step over the rows `start` to `end`, from the bottom up, which makes the eigenvalue at the top
    /// stand alone.
    fn step(&mut self, start: usize, end: usize, rotations: &mut Vec<Rotation>) {
        let (d, e) = (&mut self.diagonal, &mut self.off_diagonal);
        let shift = wilkinson_shift(d[start], e[start], d[start + 1]);
        // The bulge: what a rotation leaves outside the three diagonals, and the next chases on.
        let (mut lead, mut bulge) = (d[end] - shift, e[end - 1]);
        for i in (start..end).rev() {
            let length = lead.hypot(bulge);
            let (cosine, sine) = if length == 0.0 { (1.0, 0.0) } else { (lead / length, bulge / length) };
            if i + 1 < end {
                e[i + 1] = length;
            }
            let (upper, lower, beside) = (d[i], d[i + 1], e[i]);
            d[i + 1] = cosine * cosine * lower + 2.0 * cosine * sine * beside + sine * sine * upper;
            d[i] = sine * sine * lower - 2.0 * cosine * sine * beside + cosine * cosine * upper;
            e[i] = cosine * sine * (upper - lower) + (cosine * cosine - sine * sine) * beside;
            lead = e[i];
            if i > start {
                bulge = sine * e[i - 1];
                e[i - 1] *= cosine;
            }
            rotations.push(Rotation { row: i, cosine, sine });
        }
    }
}

/// A rotation of the rows `row` and `row + 1` into one another.
#[derive(Clone, Copy)]
struct Rotation {
    row: usize,
    cosine: f64,
    sine: f64,
}

/// The unit vector u for which (I − 2uuᵀ)x is a multiple of the first unit vector, and that multiple.
fn reflection(mut x: Vec<f64>) -> (Vec<f64>, f64) {
    let length = dot(&x, &x).sqrt();
    // Away from x's own sign, so that nothing cancels.
    let target = if x[0] > 0.0 { -length } else { length };
    x[0] -= target;
    let norm = dot(&x, &x).sqrt();
    if norm > 0.0 {
        x.iter_mut().for_each(|value| *value /= norm);
    }
    (x, target)
}

/// A ← (I − 2uuᵀ) A (I − 2uuᵀ) on the rows given, from column `first` on: A − 2uwᵀ − 2wuᵀ with w = Au − (uᵀAu) u.
fn reflect_both_sides(rows: &mut [f64], side: usize, first: usize, u: &[f64]) {
    let mut w: Vec<f64> = rows.par_chunks(side).map(|row| dot(&row[first..], u)).collect();
    let height = dot(&w, u);
    add_scaled(&mut w, -height, u);
    rows.par_chunks_mut(side).zip(u.par_iter().zip(&w)).for_each(|(row, (u_row, w_row))| {
        let row = &mut row[first..];
        add_scaled(row, -2.0 * u_row, &w);
        add_scaled(row, -2.0 * w_row, u);
    });
}

/// The eigenvalue of [[a, b], [b, c]] that is nearer to a.
fn wilkinson_shift(a: f64, b: f64, c: f64) -> f64 {
    let half = (c - a) / 2.0;
    let root = half.hypot(b);
    match half + root.copysign(half) {
        0.0 => a,
        denominator => a - b * b / denominator,
    }
}

fn rotate_rows(matrix: &mut [f64], side: usize, rotations: &[Rotation]) {
    let mut columns: Vec<Vec<&mut [f64]>> = Vec::new();
    for row in matrix.chunks_mut(side) {
        for (index, piece) in row.chunks_mut(COLUMNS_AT_ONCE).enumerate() {
            if columns.len() == index {
                columns.push(Vec::with_capacity(side));
            }
            columns[index].push(piece);
        }
    }
    columns.par_iter_mut().for_each(|rows| {
        for Rotation { row, cosine, sine } in rotations {
            let (upper, lower) = rows.split_at_mut(row + 1);
            for (upper, lower) in upper[*row].iter_mut().zip(lower[0].iter_mut()) {
                (*upper, *lower) = (cosine * *upper - sine * *lower, sine * *upper + cosine * *lower);
            }
        }
    });
}

/// The inner product, in eight sums that a CPU computes side by side; their order is fixed.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_blocks, b_blocks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_blocks.remainder().iter().zip(b_blocks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_blocks.zip(b_blocks) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum::<f64>() + rest
}

fn add_scaled(to: &mut [f64], factor: f64, of: &[f64]) {
    to.iter_mut().zip(of).for_each(|(to, of)| *to += factor * of);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::product::{View, product};

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn eigenvalues_by_hand() {
        let check = |matrix: &[f64], side: usize, expected: &[f64]| {
            for (ours, theirs) in sorted(values(matrix.to_vec(), side).unwrap()).iter().zip(expected) {
                assert!((ours - theirs).abs() < 1e-12, "{ours} and {theirs}");
            }
        };
        check(&[], 0, &[]);
        check(&[3.0], 1, &[3.0]);
        check(&[2.0, 1.0, 1.0, 2.0], 2, &[1.0, 3.0]);
        check(&[0.0; 9], 3, &[0.0; 3]);
        // The second difference on a line of three: 2 − 2 cos(kπ / 4).
        let second_difference = [2.0, -1.0, 0.0, -1.0, 2.0, -1.0, 0.0, -1.0, 2.0];
        check(&second_difference, 3, &[2.0 - 2f64.sqrt(), 2.0, 2.0 + 2f64.sqrt()]);
        check(&[1.0; 16], 4, &[0.0, 0.0, 0.0, 4.0]);
    }

    #[test]
    fn numbers_that_are_not_finite_are_said() {
        assert_eq!(values(vec![f64::NAN; 9], 3), Err(MetricError::NotConverged(3)));
    }

    proptest! {
        #[test]
        fn the_parts_make_the_matrix_again(side in 1_usize..70, seed: u64) {
            let mut random = congruence(seed);
            let mut matrix = vec![0.0; side * side];
            for row in 0..side {
                for column in 0..=row {
                    let value = random();
                    (matrix[row * side + column], matrix[column * side + row]) = (value, value);
                }
            }
            let Eigen { values, vectors } = decompose(matrix.clone(), side).unwrap();
            let scaled: Vec<f64> = vectors.iter().enumerate().map(|(i, v)| v * values[i / side]).collect();
            let again = product(View::new(&vectors, side).transposed(), View::new(&scaled, side));
            for (ours, theirs) in again.iter().zip(&matrix) {
                prop_assert!((ours - theirs).abs() < 1e-12 * side as f64, "{} and {}", ours, theirs);
            }
            let unit = product(View::new(&vectors, side), View::new(&vectors, side).transposed());
            for (i, value) in unit.iter().enumerate() {
                let expected = f64::from(u8::from(i % (side + 1) == 0));
                prop_assert!((value - expected).abs() < 1e-12 * side as f64);
            }
        }
    }

    /// Numbers in [−1, 1) by a linear congruence: enough to fill a matrix.
    fn congruence(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        }
    }
}
