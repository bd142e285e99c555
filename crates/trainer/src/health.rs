//! Whether a run is healthy: numbers that are none, gradients that explode, a generator that makes one image only.

use std::{collections::VecDeque, fmt};

use crate::step_metrics::StepMetrics;

/// Lines that an explosion is held against: a line is ten steps, so that what is usual follows the training.
const WINDOW: usize = 32;

/// With fewer lines nothing is usual yet.
const MIN_LINES: usize = 8;

/// A gradient explodes that is so many times as long as the median: far beyond what batches differ by, because a false
/// alarm throws work away.
const MIN_EXPLOSION: f32 = 100.0;

/// A gradient explodes only if it is longer than this too: where one player wins, gradients are nearly 0 for a while, and
/// a jump from there is no harm.
const MIN_EXPLODED_NORM: f32 = 1e3;

/// A generator can collapse only if its images were once at least so different from one another, 1 being as different as
/// real ones: the first weights make images that are all alike, and nothing has collapsed yet.
const MIN_DIVERSE: f32 = 0.3;

/// A generator has collapsed when less than this share of its greatest diversity is left.
const MAX_COLLAPSED_SHARE: f32 = 0.2;

/// What a run's lines so far say about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health {
    /// Gradient lengths of the newest lines: discriminator's and generator's.
    gradients: VecDeque<[f32; 2]>,
    /// The most diverse that the generator has been.
    diversity: f32,
}

/// How a run has diverged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Divergence {
    /// A metric is infinite or no number.
    NotFinite { metric: &'static str, value: f32 },
    /// A gradient is far longer than it used to be.
    Explosion { metric: &'static str, value: f32, usual: f32 },
    /// Generated images have become alike.
    Collapse { diversity: f32, before: f32 },
}

impl Health {
    /// Remembers a line's metrics, which later steps are compared with.
    pub(crate) fn observe(&mut self, metrics: &StepMetrics) {
        if self.gradients.len() == WINDOW {
            self.gradients.pop_front();
        }
        self.gradients.push_back([metrics.gradient_norm_discriminator, metrics.gradient_norm_generator]);
        self.diversity = self.diversity.max(metrics.diversity.unwrap_or(0.0));
    }

    /// How a step has diverged, if it has, compared with the lines before it.
    pub(crate) fn divergence(&self, metrics: &StepMetrics) -> Option<Divergence> {
        // First, because no comparison with a NaN is true.
        let infinite = metrics.named().find(|(_, value)| !value.is_finite());
        let infinite = infinite.map(|(metric, value)| Divergence::NotFinite { metric, value });
        infinite.or_else(|| self.explosion(metrics)).or_else(|| self.collapse(metrics))
    }

    fn explosion(&self, metrics: &StepMetrics) -> Option<Divergence> {
        let lengths = [
            ("gradient_norm_discriminator", metrics.gradient_norm_discriminator),
            ("gradient_norm_generator", metrics.gradient_norm_generator),
        ];
        let exploded = |(player, (metric, value)): (usize, (&'static str, f32))| {
            let usual = self.usual(player)?;
            let limit = MIN_EXPLODED_NORM.max(MIN_EXPLOSION * usual);
            (value > limit).then_some(Divergence::Explosion { metric, value, usual })
        };
        lengths.into_iter().enumerate().find_map(exploded)
    }

    /// The median length of a player's gradients.
    fn usual(&self, player: usize) -> Option<f32> {
        let mut lengths: Vec<f32> = self.gradients.iter().map(|pair| pair[player]).collect();
        lengths.sort_by(f32::total_cmp);
        (lengths.len() >= MIN_LINES).then(|| lengths[lengths.len() / 2])
    }

    fn collapse(&self, metrics: &StepMetrics) -> Option<Divergence> {
        let before = self.diversity;
        let diversity = metrics.diversity?;
        let collapsed = before >= MIN_DIVERSE && diversity < MAX_COLLAPSED_SHARE * before;
        collapsed.then_some(Divergence::Collapse { diversity, before })
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { metric, value } => write!(f, "{metric} is {value}"),
            Self::Explosion { metric, value, usual } => {
                write!(f, "{metric} is {value:.3e}, and was {usual:.3e} before")
            }
            Self::Collapse { diversity, before } => write!(
                f,
                "the generator has collapsed: its images differ {diversity:.2} times as much as real ones, and did \
                 {before:.2} times before"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: StepMetrics = StepMetrics {
        loss_discriminator: 1.0,
        loss_generator: 1.0,
        score_real: 0.5,
        score_fake: 0.5,
        gradient_norm_discriminator: 20.0,
        gradient_norm_generator: 2.0,
        diversity: Some(0.8),
        augmentation: None,
    };

    fn after(lines: &[StepMetrics]) -> Health {
        let mut health = Health::default();
        lines.iter().for_each(|line| health.observe(line));
        health
    }

    fn check(before: &Health, metrics: StepMetrics, expected: Option<&str>) {
        let found = before.divergence(&metrics).map(|divergence| divergence.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn what_is_no_number_is_named_at_once() {
        check(&Health::default(), WELL, None);
        let nan = StepMetrics { loss_generator: f32::NAN, ..WELL };
        check(&Health::default(), nan, Some("loss_generator is NaN"));
        let infinite = StepMetrics { gradient_norm_generator: f32::INFINITY, ..WELL };
        check(&Health::default(), infinite, Some("gradient_norm_generator is inf"));
    }

    #[test]
    fn a_gradient_explodes_against_what_is_usual() {
        let usual = after(&[WELL; 40]);
        let exploded = StepMetrics { gradient_norm_discriminator: 2001.0, ..WELL };
        check(&usual, exploded, Some("gradient_norm_discriminator is 2.001e3, and was 2.000e1 before"));
        check(&usual, StepMetrics { gradient_norm_discriminator: 1999.0, ..WELL }, None);
        check(&usual, StepMetrics { gradient_norm_generator: 999.0, ..WELL }, None);
        check(
            &usual,
            StepMetrics { gradient_norm_generator: 1001.0, ..WELL },
            Some("gradient_norm_generator is 1.001e3, and was 2.000e0 before"),
        );
        check(&after(&[WELL; 7]), exploded, None);
        let long = StepMetrics { gradient_norm_discriminator: 1e6, ..WELL };
        let mixed: Vec<_> = [WELL; 30].into_iter().chain([long; 31]).collect();
        check(&after(&mixed), exploded, None);
    }

    #[test]
    fn a_collapse_is_a_loss_of_diversity() {
        let alike = StepMetrics { diversity: Some(0.1), ..WELL };
        let text =
            "the generator has collapsed: its images differ 0.10 times as much as real ones, and did 0.80 times before";
        check(&after(&[WELL, alike]), alike, Some(text));
        check(&after(&[alike, alike]), alike, None);
        check(&after(&[WELL]), StepMetrics { diversity: Some(0.2), ..WELL }, None);
        check(&after(&[WELL]), StepMetrics { diversity: None, ..WELL }, None);
    }
}
