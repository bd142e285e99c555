//! Nearest neighbours, and whether samples are copies of what the generator was trained on.

use rayon::prelude::*;

use crate::{
    MetricError,
    features::{Features, check_comparable},
    images::Images,
    neighbours::Points,
    network::Tensor,
    resize,
};

/// The side to which images are shrunk for [`thumbnails`].
const THUMBNAIL: usize = 16;

/// A row of a set, as seen from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The index of the row.
    pub index: usize,
    /// The Euclidean distance.
    pub distance: f64,
}

/// Whether samples lie nearer to the training images than other real images do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Copying {
    /// The share of pairs of a sample and a held-out image in which the sample lies nearer to its nearest training image
    /// than the held-out one to its own: ½ for a generator that neither copies nor strays, 1 for a copier.
    pub nearer: f64,
    /// How many standard deviations that is from ½, were samples and held-out images alike: above 3 says that it copies.
    pub deviations: f64,
    /// The share of samples that lie nearer to a training image than all but one in a hundred held-out images.
    pub near_copies: f64,
    /// Samples, and held-out images.
    pub counts: [usize; 2],
}

impl Copying {
    /// Compares distances to the nearest training image: of samples, and of images that were kept out of training.
    ///
    /// Meehan, Chaudhuri and Dasgupta, "A non-parametric test to detect data-copying in generative models" (2020), section 3:
    /// the Mann-Whitney test, over the whole space. Both lists have one distance at least.
    pub fn of_distances(of_samples: &[f64], of_holdout: &[f64]) -> Self {
        let mut of_holdout = of_holdout.to_vec();
        of_holdout.sort_by(f64::total_cmp);
        let [m, n] = [of_samples.len(), of_holdout.len()].map(|count| count as f64);
        // Of the held-out distances, those above a sample's count whole and equal ones half.
        let above = |distance: &f64| {
            let smaller = of_holdout.partition_point(|other| other < distance);
            let not_larger = of_holdout.partition_point(|other| other <= distance);
            n - (smaller + not_larger) as f64 / 2.0
        };
        let nearer = of_samples.iter().map(above).sum::<f64>() / (m * n);
        let deviation = ((m + n + 1.0) / (12.0 * m * n)).sqrt();
        let near = of_holdout[of_holdout.len() / 100];
        Self {
            nearer,
            deviations: (nearer - 0.5) / deviation,
            near_copies: of_samples.iter().filter(|distance| **distance < near).count() as f64 / m,
            counts: [of_samples.len(), of_holdout.len()],
        }
    }
}

/// Each image as 16 × 16 pixels: features in which a copy, not a likeness, is near.
///
/// # Errors
/// Never for images: their features are finite.
pub fn thumbnails(images: &Images) -> Result<Features, MetricError> {
    let shrunk = |pixels: &[u8]| resize::triangle(&Tensor::of_pixels(pixels, images.side()), THUMBNAIL).values;
    let rows: Vec<_> = images.par_iter().map(shrunk).collect();
    Features::new(3 * THUMBNAIL * THUMBNAIL, rows.concat())
}

/// For each row of `queries`, the nearest `count` rows of `set`, nearest first; equally near ones by index.
///
/// # Errors
/// When the features come from different networks.
pub fn nearest(queries: &Features, set: &Features, count: usize) -> Result<Vec<Vec<Neighbour>>, MetricError> {
    let mut search = NearestSearch::new(queries, count);
    search.add(set)?;
    Ok(search.into_neighbours())
}

/// The same as [`nearest`] of a set that comes in parts, so that it need not be in memory.
pub struct NearestSearch {
    queries: Features,
    points: Points,
    count: usize,
    found: Vec<Vec<Neighbour>>,
    seen: usize,
}

impl NearestSearch {
    /// Begins to look for the nearest `count` rows to each of `queries`.
    pub fn new(queries: &Features, count: usize) -> Self {
        let found = vec![Vec::new(); queries.len()];
        Self { queries: queries.clone(), points: Points::of(queries), count, found, seen: 0 }
    }

    /// Takes more rows of the set; their indices count on.
    ///
    /// # Errors
    /// When the features come from different networks.
    pub fn add(&mut self, part: &Features) -> Result<(), MetricError> {
        check_comparable(&self.queries, part, 1)?;
        let of_part = self.points.map_distances(&Points::of(part), |_, distances| nearest_of(distances, self.count));
        for (found, more) in self.found.iter_mut().zip(of_part) {
            found.extend(
                more.into_iter().map(|neighbour| Neighbour { index: self.seen + neighbour.index, ..neighbour }),
            );
            // Stable: of equally near ones, those seen first stay first.
            found.sort_by(|a, b| a.distance.total_cmp(&b.distance));
            found.truncate(self.count);
        }
        self.seen += part.len();
        Ok(())
    }

    /// For each query, what was found, nearest first.
    pub fn into_neighbours(self) -> Vec<Vec<Neighbour>> {
        self.found
    }
}

fn nearest_of(squares: &[f64], count: usize) -> Vec<Neighbour> {
    let mut order: Vec<usize> = (0..squares.len()).collect();
    let by_distance = |a: &usize, b: &usize| squares[*a].total_cmp(&squares[*b]).then(a.cmp(b));
    if count < order.len() {
        order.select_nth_unstable_by(count, by_distance);
        order.truncate(count);
    }
    order.sort_unstable_by(by_distance);
    order.into_iter().map(|index| Neighbour { index, distance: squares[index].sqrt() }).collect()
}

/// Compares how near samples and held-out images lie to the training images; see [`Copying::of_distances`].
///
/// # Errors
/// When the features come from different networks or a set is empty.
pub fn copying(train: &Features, holdout: &Features, samples: &Features) -> Result<Copying, MetricError> {
    Ok(Copying::of_distances(&nearest_distances(samples, train)?, &nearest_distances(holdout, train)?))
}

fn nearest_distances(queries: &Features, set: &Features) -> Result<Vec<f64>, MetricError> {
    Ok(nearest(queries, set, 1)?.into_iter().flatten().map(|neighbour| neighbour.distance).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Philox, Stream};

    fn cloud(step: u64, count: usize) -> Vec<f32> {
        let mut values = vec![0.0; count * 3];
        Philox::new(5, Stream::Tests).fill_normal(step, &mut values);
        values
    }

    fn features(values: Vec<f32>) -> Features {
        Features::new(3, values).unwrap()
    }

    #[test]
    fn neighbours_by_hand() {
        let set = Features::new(1, vec![5.0, 1.0, 3.0, 1.0]).unwrap();
        let found = nearest(&Features::new(1, vec![2.0]).unwrap(), &set, 3).unwrap();
        let expected = [(1, 1.0), (2, 1.0), (3, 1.0)].map(|(index, distance)| Neighbour { index, distance });
        assert_eq!(found, [expected]);
    }

    #[test]
    fn a_set_in_parts_is_searched_as_a_whole() {
        let (queries, set) = (features(cloud(0, 20)), features(cloud(1, 100)));
        let mut search = NearestSearch::new(&queries, 4);
        for first in (0..100).step_by(30) {
            search.add(&set.select(&(first..100.min(first + 30)).collect::<Vec<_>>())).unwrap();
        }
        assert_eq!(search.into_neighbours(), nearest(&queries, &set, 4).unwrap());
    }

    #[test]
    fn a_copier_is_found_and_a_fair_generator_is_not() {
        let (train, holdout) = (features(cloud(0, 400)), features(cloud(1, 400)));
        let fair = copying(&train, &holdout, &features(cloud(2, 400))).unwrap();
        assert!(fair.deviations.abs() < 3.0 && (fair.nearer - 0.5).abs() < 0.1, "{fair:?}");
        let jitter = cloud(3, 400);
        let copies = cloud(0, 400).iter().zip(jitter).map(|(value, noise)| value + 0.01 * noise).collect();
        let copier = copying(&train, &holdout, &features(copies)).unwrap();
        assert!(copier.deviations > 10.0 && copier.near_copies > 0.5, "{copier:?}");
        let strayed = features(cloud(2, 400).into_iter().map(|value| value + 9.0).collect());
        assert!(copying(&train, &holdout, &strayed).unwrap().deviations < -10.0);
    }

    #[test]
    fn a_thumbnail_keeps_the_colours() {
        let images = Images::new(64, [200, 100, 50].repeat(64 * 64)).unwrap();
        let row = thumbnails(&images).unwrap();
        for (index, expected) in [(0, 200.0), (256, 100.0), (767, 50.0)] {
            assert!((row.row(0)[index] - expected).abs() < 1e-3);
        }
    }
}
