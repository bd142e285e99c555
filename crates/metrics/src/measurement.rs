//! A metric's value with all that is needed to read it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{bootstrap::Interval, metric::Metric};

/// A metric's value, and what it must be read beside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Which metric.
    pub metric: Metric,
    /// Its value.
    pub value: f64,
    /// The 95 % interval of the value, where it was asked for.
    pub interval: Option<Interval>,
    /// The value for other real images in the generated ones' stead, equally many: what a perfect generator could reach.
    pub baseline: Option<f64>,
    /// Real and generated images.
    pub counts: [usize; 2],
    /// What resamples were drawn from.
    pub seed: u64,
    /// What is doubtful about the value.
    pub warning: Option<Warning>,
}

/// A line of a table: `frechet 41.2 (39.8 to 42.6), real images 23.0; 1000 real and 1000 generated images, seed 1`.
impl fmt::Display for Measurement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metric, value, interval, baseline, counts: [real, generated], seed, warning } = self;
        write!(formatter, "{metric} {value:.4}")?;
        if let Some([low, high]) = interval {
            write!(formatter, " ({low:.4} to {high:.4})")?;
        }
        if let Some(baseline) = baseline {
            write!(formatter, ", real images {baseline:.4}")?;
        }
        write!(formatter, "; {real} real and {generated} generated images, seed {seed}")?;
        warning.map_or(Ok(()), |warning| write!(formatter, " (doubtful: {warning})"))
    }
}

/// What is doubtful about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Warning {
    /// There are too few images for the value to say much.
    FewImages {
        /// Images in the smaller set.
        count: usize,
        /// The least with which it does.
        telling: usize,
    },
    /// There are fewer images in the baseline than generated ones, and distances grow as sets shrink.
    SmallBaseline {
        /// Images in the baseline's set.
        count: usize,
        /// Generated images.
        generated: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewImages { count, telling } => {
                write!(formatter, "{count} images in a set say little: {telling} are needed")
            }
            Self::SmallBaseline { count, generated } => {
                write!(formatter, "the baseline is of {count} images and the value of {generated}: it reads too high")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_all() {
        let measurement = Measurement {
            metric: Metric::Recall,
            value: 0.5,
            interval: Some([0.25, 0.75]),
            baseline: Some(0.9),
            counts: [20, 10],
            seed: 7,
            warning: Some(Warning::FewImages { count: 10, telling: 1000 }),
        };
        let expected = "recall 0.5000 (0.2500 to 0.7500), real images 0.9000; 20 real and 10 generated images, seed 7 \
                        (doubtful: 10 images in a set say little: 1000 are needed)";
        assert_eq!(measurement.to_string(), expected);
    }
}
