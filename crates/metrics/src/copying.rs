//! Nearest neighbours, and whether samples are copies of what the generator was trained on.

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

/// Each image as 16 × 16 pixels: features in which a copy, not a likeness, is near.
///
/// # Errors
/// Never for images: their features are finite.
pub fn thumbnails(images: &Images) -> Result<Features, MetricError> {
    let shrunk = |pixels: &[u8]| resize::triangle(&Tensor::of_pixels(pixels, images.side()), THUMBNAIL).values;
    Features::new(3 * THUMBNAIL * THUMBNAIL, images.iter().flat_map(shrunk).collect())
}

/// For each row of `queries`, the nearest `count` rows of `set`, nearest first; equally near ones by index.
///
/// # Errors
/// When the features come from different networks.
pub fn nearest(queries: &Features, set: &Features, count: usize) -> Result<Vec<Vec<Neighbour>>, MetricError> {
    check_comparable(queries, set, 1)?;
    Ok(Points::of(queries).map_distances(&Points::of(set), |_, distances| nearest_of(distances, count)))
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

/// Compares how near samples and held-out images lie to the training images.
///
/// Meehan, Chaudhuri and Dasgupta, "A non-parametric test to detect data-copying in generative models" (2020), section 3:
/// the Mann-Whitney test on the distances to the nearest training image, over the whole space.
///
/// # Errors
/// When the features come from different networks or a set is empty.
pub fn copying(train: &Features, holdout: &Features, samples: &Features) -> Result<Copying, MetricError> {
    let of_samples = nearest_distances(samples, train)?;
    let mut of_holdout = nearest_distances(holdout, train)?;
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
    let near_copies = of_samples.iter().filter(|distance| **distance < near).count() as f64 / m;
    Ok(Copying {
        nearer,
        deviations: (nearer - 0.5) / deviation,
        near_copies,
        counts: [of_samples.len(), of_holdout.len()],
    })
}

fn nearest_distances(queries: &Features, set: &Features) -> Result<Vec<f64>, MetricError> {
    check_comparable(queries, set, 1)?;
    let smallest = |_, squares: &mut [f64]| squares.iter().copied().fold(f64::INFINITY, f64::min).sqrt();
    Ok(Points::of(queries).map_distances(&Points::of(set), smallest))
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
