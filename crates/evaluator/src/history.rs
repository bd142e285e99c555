//! How training went: the lines of `metrics.jsonl` as curves.

use serde_json::{Map, Value};

/// The most points of a curve; more would not be seen.
const MAX_POINTS: usize = 400;

/// A metric over the course of training.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curve {
    /// What the legend calls it.
    pub(crate) name: &'static str,
    /// (thousands of images shown, value), ascending, all finite.
    pub(crate) points: Vec<(f64, f64)>,
}

/// What is shown of training.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    /// Both players' losses.
    pub(crate) losses: Vec<Curve>,
    /// The discriminator's mean score of real and of generated images.
    pub(crate) scores: Vec<Curve>,
}

impl History {
    /// Reads the log. Lines that are torn or of another kind are passed over; a long log is thinned to the means of
    /// equally long stretches.
    pub(crate) fn read(log: &str) -> Self {
        let lines: Vec<Map<String, Value>> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let curves = |metrics: [(&'static str, &str); 2]| {
            let curves = metrics.map(|(name, key)| Curve { name, points: thinned(&points(&lines, key)) });
            curves.into_iter().filter(|curve| !curve.points.is_empty()).collect()
        };
        Self {
            losses: curves([("discriminator", "loss_discriminator"), ("generator", "loss_generator")]),
            scores: curves([("real images", "score_real"), ("generated images", "score_fake")]),
        }
    }
}

fn points(lines: &[Map<String, Value>], key: &str) -> Vec<(f64, f64)> {
    let number = |line: &Map<String, Value>, key: &str| line.get(key)?.as_f64().filter(|value| value.is_finite());
    lines.iter().filter_map(|line| Some((number(line, "kimg")?, number(line, key)?))).collect()
}

fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let stretch = points.len().div_ceil(MAX_POINTS).max(1);
    let mean = |stretch: &[(f64, f64)]| {
        let count = stretch.len() as f64;
        let sum = stretch.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / count, sum.1 / count)
    };
    points.chunks(stretch).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_and_foreign_lines_are_passed_over() {
        let log = "{\"kimg\":0.1,\"loss_generator\":2.5}\n[1]\n\n{\"kimg\":0.2,\"loss_generator\":null}\n\
                   {\"kimg\":0.3,\"loss_generator\":1.5,\"more\":{}}\n{\"kimg\":0.4,\"loss_gen";
        let history = History::read(log);
        assert_eq!(history.losses, [Curve { name: "generator", points: vec![(0.1, 2.5), (0.3, 1.5)] }]);
        assert_eq!(history.scores, []);
        assert_eq!(History::read(""), History::default());
    }

    #[test]
    fn a_long_log_keeps_its_means() {
        let log: String = (0..1000).map(|i| format!("{{\"kimg\":{i},\"loss_generator\":{}}}\n", i % 2)).collect();
        let points = &History::read(&log).losses[0].points;
        assert_eq!(points.len(), 334);
        assert_eq!(points[0], (1.0, 1.0 / 3.0));
    }
}
