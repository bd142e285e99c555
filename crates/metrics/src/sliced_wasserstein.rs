//! The sliced Wasserstein distance between sets of images, scale by scale.
//!
//! Karras et al., "Progressive growing of GANs for improved quality, stability, and variation" (2018), section 5: two
//! sets are alike if the patches of their Laplacian pyramids are distributed alike. The distance of two clouds of n
//! points in the direction u is that of their projections on the line of u, which sorting solves,
//!
//! ```text
//! W(A, B; u) = 1/n Σᵢ |a₍ᵢ₎ − b₍ᵢ₎|,   a₍₁₎ ≤ … ≤ a₍ₙ₎ the sorted ⟨u, aᵢ⟩
//! ```
//!
//! and the sliced distance is its mean over random unit vectors u (Rabin et al., "Wasserstein barycenter and its
//! application to texture mixing", 2011). As in the paper, the figures are a thousand times that, and depend on how many
//! images are compared: only figures for equal counts say anything about one another.

use rayon::prelude::*;

use crate::{
    MetricError,
    images::Images,
    patches::{DIMENSIONS, Descriptors, PATCH_SIDE},
    pyramid,
    random::{Philox, Stream},
};

/// Directions at each level: the paper's 4 repeats of 128, whose mean is the mean over all.
pub const DIRECTIONS: usize = 512;

/// What the paper multiplies distances by, so that they are easy to read.
const SCALE: f64 = 1000.0;

/// Directions that are worked on together, and patches: as many sums as fit a CPU's registers.
const DIRECTIONS_AT_ONCE: usize = 8;
const PATCHES_AT_ONCE: usize = 4;

/// The distances between each pair of some sets: `distances[level][pair]`, the pairs in the order (0, 1), (0, 2), …,
/// (1, 2), …, the levels as in [`pyramid::sides`].
///
/// A pure function of the images and the seed, whatever the number of threads.
///
/// # Errors
/// When the sets differ in count or side, are empty, or the images are smaller than a patch.
pub fn pairwise(sets: &[&Images], seed: u64) -> Result<Vec<Vec<f64>>, MetricError> {
    check_comparable(sets)?;
    let levels = sets.first().map_or(0, |set| pyramid::sides(set.side()).len());
    let distances = (0..levels).map(|level| {
        let described: Vec<_> = sets.iter().map(|set| Descriptors::of(set, level, seed)).collect();
        pairwise_at_level(&described, &directions(level, seed))
    });
    Ok(distances.collect())
}

fn check_comparable(sets: &[&Images]) -> Result<(), MetricError> {
    for pair in sets.windows(2) {
        if pair[0].side() != pair[1].side() {
            return Err(MetricError::Sides(pair[0].side(), pair[1].side()));
        }
        if pair[0].len() != pair[1].len() {
            return Err(MetricError::Counts(pair[0].len(), pair[1].len()));
        }
    }
    match sets.first() {
        Some(set) if set.is_empty() => Err(MetricError::TooFew { count: 0, needed: 1 }),
        Some(set) if set.side() < PATCH_SIDE => Err(MetricError::TooSmall { side: set.side(), needed: PATCH_SIDE }),
        _ => Ok(()),
    }
}

/// A unit vector u in the space of patches.
type Direction = [f32; DIMENSIONS];

/// The random directions of a level: normal numbers scaled to length 1, uniform on the sphere.
fn directions(level: usize, seed: u64) -> Vec<Direction> {
    let philox = Philox::new(seed, Stream::Metrics);
    let direction = |index: usize| {
        // Directions take the counters from 0; patches take those above (see `patches::step`).
        let mut direction = [0.0; DIMENSIONS];
        philox.fill_normal((level * DIRECTIONS + index) as u64, &mut direction);
        let length = direction.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        direction.map(|value| (f64::from(value) / length) as f32)
    };
    (0..DIRECTIONS).map(direction).collect()
}

fn pairwise_at_level(sets: &[Descriptors], directions: &[Direction]) -> Vec<f64> {
    let of_tiles: Vec<Vec<f64>> =
        directions.par_chunks(DIRECTIONS_AT_ONCE).map(|tile| pairwise_sums(sets, tile)).collect();
    // Added up in the directions' order, so that the threads that share the work do not show in the last digit.
    let mut totals = vec![0.0; of_tiles.first().map_or(0, Vec::len)];
    for sums in of_tiles {
        totals.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
    }
    totals.into_iter().map(|total| SCALE * total / directions.len() as f64).collect()
}

/// For each pair of sets, the sum of W over some directions.
fn pairwise_sums(sets: &[Descriptors], directions: &[Direction]) -> Vec<f64> {
    let projections: Vec<_> = sets.iter().map(|set| sorted_projections(set, directions)).collect();
    let mut sums = Vec::new();
    for (index, first) in projections.iter().enumerate() {
        for second in &projections[index + 1..] {
            sums.push(first.iter().zip(second).map(|(a, b)| mean_difference(a, b)).sum());
        }
    }
    sums
}

/// 1/n Σ |aᵢ − bᵢ|: the Wasserstein-1 distance of two equally long sorted lists.
fn mean_difference(a: &[f32], b: &[f32]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs()).sum();
    sum / a.len() as f64
}

/// For each direction, the sorted projections of all patches.
fn sorted_projections(set: &Descriptors, directions: &[Direction]) -> Vec<Vec<f32>> {
    let mut tile = [[0.0; DIRECTIONS_AT_ONCE]; DIMENSIONS];
    for (index, direction) in directions.iter().enumerate() {
        tile.iter_mut().zip(direction).for_each(|(row, value)| row[index] = *value);
    }
    let mut projections = vec![Vec::with_capacity(set.len()); directions.len()];
    for patches in set.values().chunks(PATCHES_AT_ONCE * DIMENSIONS) {
        let products = project(patches, &tile);
        for (index, projection) in projections.iter_mut().enumerate() {
            projection.extend(products.iter().take(patches.len() / DIMENSIONS).map(|products| products[index]));
        }
    }
    projections.iter_mut().for_each(|projection| projection.sort_unstable_by(f32::total_cmp));
    projections
}

/// The inner products of up to four patches with eight directions, each summed in the order of the dimensions.
fn project(
    patches: &[f32],
    tile: &[[f32; DIRECTIONS_AT_ONCE]; DIMENSIONS],
) -> [[f32; DIRECTIONS_AT_ONCE]; PATCHES_AT_ONCE] {
    let mut products = [[0.0; DIRECTIONS_AT_ONCE]; PATCHES_AT_ONCE];
    if patches.len() == PATCHES_AT_ONCE * DIMENSIONS {
        // All four in one pass: the sums of one patch alone would wait for one another.
        for (dimension, row) in tile.iter().enumerate() {
            for (patch, products) in products.iter_mut().enumerate() {
                add_scaled(products, patches[patch * DIMENSIONS + dimension], row);
            }
        }
    } else {
        for (patch, products) in patches.chunks_exact(DIMENSIONS).zip(&mut products) {
            patch.iter().zip(tile).for_each(|(value, row)| add_scaled(products, *value, row));
        }
    }
    products
}

fn add_scaled(products: &mut [f32; DIRECTIONS_AT_ONCE], value: f32, row: &[f32; DIRECTIONS_AT_ONCE]) {
    products.iter_mut().zip(row).for_each(|(product, weight)| *product += value * weight);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn noise(count: usize, side: usize, seed: u64) -> Images {
        let mut words = vec![0; count * side * side * 3];
        Philox::new(seed, Stream::Tests).u32s(0, &mut words);
        Images::new(side, words.into_iter().map(|word| (word >> 24) as u8).collect()).unwrap()
    }

    #[test]
    fn a_shifted_list_is_as_far_as_its_shift() {
        let check = |a: &[f32], b: &[f32], expected: f64| assert_eq!(mean_difference(a, b), expected);
        check(&[0.0, 1.0, 5.0], &[0.0, 1.0, 5.0], 0.0);
        check(&[0.0, 1.0, 5.0], &[2.0, 3.0, 7.0], 2.0);
        check(&[0.0, 1.0], &[1.0, 4.0], 2.0);
        check(&[-1.0, 1.0], &[0.0, 0.0], 1.0);
    }

    #[test]
    fn directions_have_length_1_and_differ_between_levels() {
        let first = directions(0, 5);
        assert_eq!(first.len(), DIRECTIONS);
        for direction in &first {
            let length: f32 = direction.iter().map(|value| value * value).sum();
            assert!((length - 1.0).abs() < 1e-5, "{length}");
        }
        assert!(!directions(1, 5).iter().any(|direction| first.contains(direction)));
    }

    #[test]
    fn a_set_is_at_distance_0_from_itself_and_not_from_others() {
        let (a, b) = (noise(3, 32, 1), noise(3, 32, 2));
        let distances = pairwise(&[&a, &a, &b], 9).unwrap();
        assert_eq!(distances.len(), 2);
        for level in distances {
            assert_eq!(level[0], 0.0);
            assert!(level[1] > 0.0 && level[1] == level[2], "{level:?}");
        }
    }

    /// Smooth images against noise are farther apart than two sets of noise, at the finest level by far.
    #[test]
    fn other_textures_are_far() {
        let smooth = (0..4 * 32 * 32 * 3).map(|i| (i / 3 % 32 * 4 + i / 96 % 32) as u8).collect();
        let smooth = Images::new(32, smooth).unwrap();
        let distances = pairwise(&[&noise(4, 32, 1), &noise(4, 32, 2), &smooth], 3).unwrap();
        assert!(distances[0][1] > 5.0 * distances[0][0], "{distances:?}");
    }

    #[test]
    fn sets_must_match() {
        let check = |a: &Images, b: &Images, expected: MetricError| assert_eq!(pairwise(&[a, b], 1), Err(expected));
        check(&noise(2, 16, 1), &noise(3, 16, 1), MetricError::Counts(2, 3));
        check(&noise(2, 16, 1), &noise(2, 32, 1), MetricError::Sides(16, 32));
        check(&noise(0, 16, 1), &noise(0, 16, 1), MetricError::TooFew { count: 0, needed: 1 });
        check(&noise(1, 6, 1), &noise(1, 6, 1), MetricError::TooSmall { side: 6, needed: 7 });
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let (a, b) = (noise(5, 48, 1), noise(5, 48, 2));
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| pairwise(&[&a, &b], 4).unwrap())
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn a_rest_of_patches_is_projected_as_the_others() {
        let mut patches = vec![0.0; PATCHES_AT_ONCE * DIMENSIONS];
        Philox::new(1, Stream::Tests).fill_normal(0, &mut patches);
        let mut tile = [[0.0; DIRECTIONS_AT_ONCE]; DIMENSIONS];
        for (row, direction) in tile.iter_mut().enumerate() {
            direction[3] = patches[row];
        }
        let whole = project(&patches, &tile);
        assert_eq!(project(&patches[..2 * DIMENSIONS], &tile)[..2], whole[..2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn the_order_of_two_sets_does_not_matter(first: u64, second: u64, seed: u64) {
            let (a, b) = (noise(1, 16, first), noise(1, 16, second));
            prop_assert_eq!(pairwise(&[&a, &b], seed), pairwise(&[&b, &a], seed));
        }
    }
}
