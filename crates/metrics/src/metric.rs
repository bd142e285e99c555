//! The metrics of features by name.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A metric of two sets of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// [`frechet_distance_of`](crate::frechet_distance_of): 0 is best.
    Frechet,
    /// [`kernel_distance`](crate::kernel_distance): 0 is best.
    Kernel,
    /// [`Manifold::precision`](crate::Manifold::precision): 1 is best.
    Precision,
    /// [`Manifold::recall`](crate::Manifold::recall): 1 is best.
    Recall,
    /// [`Manifold::density`](crate::Manifold::density): as the baseline's is best.
    Density,
    /// [`Manifold::coverage`](crate::Manifold::coverage): 1 is best.
    Coverage,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 6] =
        [Self::Frechet, Self::Kernel, Self::Precision, Self::Recall, Self::Density, Self::Coverage];

    /// What the metric is called in options and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frechet => "frechet",
            Self::Kernel => "kernel",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::Density => "density",
            Self::Coverage => "coverage",
        }
    }

    /// Whether less is better.
    pub fn is_distance(self) -> bool {
        matches!(self, Self::Frechet | Self::Kernel)
    }

    /// The least images in a set with which the metric says something.
    ///
    /// A Fréchet distance needs as many as there are dimensions, or the covariances are singular, and a thousand for its
    /// bias to be small; the others' intervals are then below a few hundredths.
    pub fn telling_count(self, dimensions: usize) -> usize {
        match self {
            Self::Frechet => dimensions.max(1000),
            Self::Kernel => 500,
            Self::Precision | Self::Recall | Self::Density | Self::Coverage => 1000,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|metric| metric.name() == name);
        found.ok_or_else(|| format!("no metric is called {name}: there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for metric in Metric::ALL {
            assert_eq!(metric.name().parse(), Ok(metric));
            assert_eq!(serde_json::to_value(metric).unwrap(), metric.name());
        }
        assert!("fid".parse::<Metric>().unwrap_err().contains("frechet, kernel"));
    }
}
