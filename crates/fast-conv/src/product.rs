//! Products of matrices in the layout of [`Packed`], with no packing: the transforms already wrote what the kernel
//! reads.
#![allow(unsafe_code)]

use rayon::prelude::*;

use crate::{
    packed::Packed,
    simd::{Job, LANES, Lanes, Level, Tile},
};

/// Which index of the left operand is summed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Summed {
    /// Its columns: `C = A · B`.
    Columns,
    /// Its rows: `C = Aᵀ · B`.
    Rows,
}

/// Whether a product replaces what is there or adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Replace,
    Add,
}

/// `positions` independent products. Each sum runs in the order of its index, whatever the number of threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    pub(crate) summed: Summed,
    pub(crate) write: Write,
    pub(crate) positions: usize,
    /// Rows of C.
    pub(crate) rows: usize,
    /// Blocks of sixteen columns of C and B.
    pub(crate) blocks: usize,
    /// Terms of each sum; a multiple of 16 where columns are summed.
    pub(crate) terms: usize,
    pub(crate) left: Packed,
    pub(crate) right: Packed,
    pub(crate) result: Packed,
}

/// Rows of C that one task computes: enough to reuse a panel of B (two blocks of sixteen columns, which a second cache
/// holds up to some thousand terms), few enough to share among threads.
const TASK_ROWS: usize = 256;

impl Product {
    /// Computes all products.
    ///
    /// # Safety
    /// The three operands hold the shapes given, are alive, do not overlap, and nobody else uses `result`.
    pub(crate) unsafe fn compute(&self, level: Level) {
        let pairs = self.blocks.div_ceil(2);
        let strips = self.rows.div_ceil(TASK_ROWS);
        (0..self.positions * strips * pairs).into_par_iter().with_min_len(1).for_each(|task| {
            let (rest, pair) = (task / pairs, task % pairs);
            let (position, strip) = (rest / strips, rest % strips);
            let first = strip * TASK_ROWS;
            let rows = (self.rows - first).min(TASK_ROWS);
            level.run(Task { product: *self, position, block: 2 * pair, first, rows });
        });
    }
}

/// Up to [`TASK_ROWS`] rows of up to two blocks of one product.
struct Task {
    product: Product,
    position: usize,
    block: usize,
    first: usize,
    rows: usize,
}

impl Job for Task {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let columns = (self.product.blocks - self.block).min(2);
        // SAFETY: `compute`'s caller vouches for the operands; tasks write different rows or blocks.
        unsafe {
            match (L::TILE, columns) {
                (Tile::EightByTwo, 2) => self.strip::<L, 8, 2>(self.block),
                (Tile::EightByTwo, _) => self.strip::<L, 8, 1>(self.block),
                (Tile::SixByOne, _) => {
                    for block in self.block..self.block + columns {
                        self.strip::<L, 6, 1>(block);
                    }
                }
                (Tile::FourByOne, _) => {
                    for block in self.block..self.block + columns {
                        self.strip::<L, 4, 1>(block);
                    }
                }
            }
        }
    }
}

impl Task {
    /// All rows of the task, `R` at a time, then those left over.
    #[inline(always)]
    unsafe fn strip<L: Lanes, const R: usize, const N: usize>(&self, block: usize) {
        let mut row = self.first;
        let end = self.first + self.rows;
        // SAFETY: rows from `first` to `end` are this task's.
        unsafe {
            while row < end {
                // Where rows are summed, a tile's rows are columns of one block of A.
                let whole = match self.product.summed {
                    Summed::Columns => end - row,
                    Summed::Rows => (LANES - row % LANES).min(end - row),
                };
                if whole >= R {
                    self.tile::<L, R, N>(row, block);
                    row += R;
                } else if whole >= 4 {
                    // What is left over in fours: rows in ones would load B four times as often.
                    self.tile::<L, 4, N>(row, block);
                    row += 4;
                } else {
                    self.tile::<L, 1, N>(row, block);
                    row += 1;
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<L: Lanes, const R: usize, const N: usize>(&self, row: usize, block: usize) {
        let Product { left, right, result, terms, .. } = self.product;
        let position = self.position;
        // SAFETY: as for `strip`; the sums read `terms` rows of B, and of A either `terms / 16` blocks of R rows or
        // `terms` rows of R columns that one block holds.
        unsafe {
            let mut sums = [[L::splat(0.0); N]; R];
            let b: [*const f32; N] = std::array::from_fn(|n| right.at(position, block + n, 0).cast_const());
            match self.product.summed {
                Summed::Columns => {
                    for chunk in 0..terms / LANES {
                        let a = left.at(position, chunk, row).cast_const();
                        add_terms::<L, R, N, LANES, 1>(a, b.map(|b| b.add(chunk * LANES * LANES)), LANES, &mut sums);
                    }
                }
                Summed::Rows => {
                    let a = left.at(position, row / LANES, 0).cast_const().add(row % LANES);
                    add_terms::<L, R, N, 1, LANES>(a, b, terms, &mut sums);
                }
            }
            for (offset, sums) in sums.iter().enumerate() {
                for (n, sum) in sums.iter().enumerate() {
                    let address = result.at(position, block + n, row + offset);
                    match self.product.write {
                        Write::Replace => sum.store(address),
                        Write::Add => L::load(address).add(*sum).store(address),
                    }
                }
            }
        }
    }
}

/// `sums[r][n] += Σ a[r · ROW + t · STEP] · b[n][t]` over `terms` terms t.
#[inline(always)]
unsafe fn add_terms<L: Lanes, const R: usize, const N: usize, const ROW: usize, const STEP: usize>(
    a: *const f32,
    b: [*const f32; N],
    terms: usize,
    sums: &mut [[L; N]; R],
) {
    // SAFETY: the caller vouches for what is read.
    unsafe {
        for term in 0..terms {
            // Loops and not `from_fn`: its closure would not inherit the enabled instructions.
            let mut columns = [L::splat(0.0); N];
            for n in 0..N {
                columns[n] = L::load(b[n].add(term * LANES));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let a = L::splat(*a.add(row * ROW + term * STEP));
                for n in 0..N {
                    sums[n] = a.multiply_add(columns[n], sums[n]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn fill(operand: Packed, rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) {
        for row in 0..rows {
            for column in 0..columns {
                // SAFETY: the test's operands are at least this large.
                unsafe { *operand.at(1, column / 16, row).add(column % 16) = value(row, column) };
            }
        }
    }

    fn check(level: Level, summed: Summed, rows: usize, blocks: usize, terms: usize) {
        let (left_rows, left_columns) = match summed {
            Summed::Columns => (rows, terms),
            Summed::Rows => (terms, rows),
        };
        let mut scratch = [left_rows, terms, rows].map(|r| Scratch::new(Packed::length(2, 8, r)));
        let [a, b, c] = &mut scratch;
        let (left, right, result) =
            (Packed::over(a, 8, left_rows), Packed::over(b, blocks, terms), Packed::over(c, blocks, rows));
        let (a, b) =
            (|i: usize, j: usize| ((i * 7 + j * 3) % 11) as f32, |i: usize, j: usize| ((i + j * 5) % 7) as f32);
        fill(left, left_rows, left_columns, a);
        fill(right, terms, blocks * 16, b);
        fill(result, rows, blocks * 16, |_, _| 1.0);
        let product = Product { summed, write: Write::Add, positions: 2, rows, blocks, terms, left, right, result };
        // SAFETY: the operands were allocated for these shapes.
        unsafe {
            product.compute(level);
            product.compute(level);
        }
        for row in 0..rows {
            for column in 0..blocks * 16 {
                let sum: f32 = (0..terms)
                    .map(
                        |t| if summed == Summed::Columns { a(row, t) * b(t, column) } else { a(t, row) * b(t, column) },
                    )
                    .sum();
                // SAFETY: inside the operand.
                let found = unsafe { *result.at(1, column / 16, row).add(column % 16) };
                assert_eq!(found, 1.0 + 2.0 * sum, "{level:?} {summed:?} at ({row}, {column})");
            }
        }
    }

    #[test]
    fn products_are_exact_on_small_integers() {
        for level in Level::all() {
            for blocks in [1, 2, 3] {
                check(level, Summed::Columns, 13, blocks, 32);
                check(level, Summed::Columns, 300, blocks, 16);
                check(level, Summed::Rows, 32, blocks, 5);
                check(level, Summed::Rows, 23, blocks, 3);
            }
        }
    }
}
