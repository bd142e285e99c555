//! Precision, recall, density and coverage: how much of one set lies among the other.

use crate::{
    MetricError,
    features::{Features, check_comparable},
    neighbours::Points,
};

/// The neighbour whose distance is a ball's radius in precision and recall: as in the paper.
pub const PRECISION_NEIGHBOUR: usize = 3;

/// The neighbour whose distance is a ball's radius in density and coverage: as in the paper.
pub const DENSITY_NEIGHBOUR: usize = 5;

/// What each image says of the four, whose means are the metrics.
///
/// Around each point x of a set lies a ball B(x) that reaches to its k-th nearest neighbour in the same set, the edge
/// included. Precision and recall are those of Kynkäänniemi et al., "Improved precision and recall metric for assessing
/// generative models" (2019), equation 2, k = 3; density and coverage those of Naeem et al., "Reliable fidelity and
/// diversity metrics for generative models" (2020), equations 3 and 6, k = 5.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifold {
    /// For each generated image, whether it lies in a real image's ball.
    pub precision: Vec<f64>,
    /// For each real image, whether it lies in a generated image's ball.
    pub recall: Vec<f64>,
    /// For each generated image, in how many real images' balls it lies, divided by k.
    pub density: Vec<f64>,
    /// For each real image, whether a generated image lies in its ball.
    pub coverage: Vec<f64>,
}

impl Manifold {
    /// Compares generated with real images.
    ///
    /// # Errors
    /// When the features differ in dimensions or a set has no k-th neighbours.
    pub fn of(real: &Features, generated: &Features) -> Result<Self, MetricError> {
        check_comparable(real, generated, DENSITY_NEIGHBOUR + 1)?;
        let (real, generated) = (Points::of(real), Points::of(generated));
        let real_radii = real.radii([PRECISION_NEIGHBOUR, DENSITY_NEIGHBOUR]);
        let generated_radii = generated.radii([PRECISION_NEIGHBOUR]);
        let of_generated = generated.map_distances(&real, |_, distances| {
            let within = |k: usize| distances.iter().zip(&real_radii).filter(|(d, radii)| **d <= radii[k]).count();
            (indicator(within(0) > 0), within(1) as f64 / DENSITY_NEIGHBOUR as f64)
        });
        let of_real = real.map_distances(&generated, |index, distances| {
            let recalled = distances.iter().zip(&generated_radii).any(|(distance, [radius])| distance <= radius);
            let covered = distances.iter().any(|distance| *distance <= real_radii[index][1]);
            (indicator(recalled), indicator(covered))
        });
        let (precision, density) = of_generated.into_iter().unzip();
        let (recall, coverage) = of_real.into_iter().unzip();
        Ok(Self { precision, recall, density, coverage })
    }
}

fn indicator(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: impl IntoIterator<Item = i32>) -> Features {
        Features::new(1, values.into_iter().map(|value| value as f32).collect()).unwrap()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn a_set_lies_wholly_within_itself() {
        let set = line([0, 1, 2, 3, 4, 5, 6, 7]);
        let Manifold { precision, recall, density, coverage } = Manifold::of(&set, &set).unwrap();
        assert_eq!((mean(&precision), mean(&recall), mean(&coverage)), (1.0, 1.0, 1.0));
        // Each of the 8 balls holds its own point and at least 5 others.
        assert!(mean(&density) >= 1.2);
    }

    /// Half of the generated points lie among the real, half far away.
    #[test]
    fn half_within_by_hand() {
        let real = line([0, 10, 20, 30, 40, 50, 60, 70]);
        let generated = line([1, 11, 21, 31, 1000, 2000, 3000, 4000]);
        let manifold = Manifold::of(&real, &generated).unwrap();
        assert_eq!(manifold.precision, [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(manifold.density[4..], [0.0; 4]);
        // The third neighbours of 1, 11, 21 and 31 are 30, 20, 20 and 30 away; that of 1000 is 989 away, at 11.
        assert_eq!(manifold.recall, [1.0; 8]);
        // The fifth neighbour of 70 is 50 away: its ball reaches down to 20.
        assert_eq!(manifold.coverage, [1.0; 8]);
    }

    #[test]
    fn precision_one_way_is_recall_the_other() {
        let (a, b) = (line((0..30).map(|i| i * i % 31)), line((0..30).map(|i| i * i * i % 37)));
        assert_eq!(Manifold::of(&a, &b).unwrap().precision, Manifold::of(&b, &a).unwrap().recall);
    }

    #[test]
    fn too_few_have_no_neighbours() {
        let few = line([1, 2, 3]);
        assert_eq!(Manifold::of(&few, &few), Err(MetricError::TooFew { count: 3, needed: 6 }));
    }
}
