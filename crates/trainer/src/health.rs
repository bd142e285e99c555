//! Whether a run is well: numbers that ran away, gradients that explode, a generator that makes one picture only.

use std::{collections::VecDeque, fmt};

use crate::metrics::Measured;

/// Lines that an explosion is judged against.
const WINDOW: usize = 32;
/// Fewer lines tell nothing.
const LEAST_LINES: usize = 8;
/// A gradient explodes that is so many times as long as usual …
const EXPLOSION: f32 = 100.0;
/// … and longer than this: where one player wins, gradients are nearly 0 for a while, and a jump from there is no harm.
const LONGEST: f32 = 1e3;
/// A generator whose pictures were at least so different from one another …
const DIVERSE: f32 = 0.3;
/// … has collapsed when this share of it is left.
const COLLAPSE: f32 = 0.2;

/// What a run's lines so far say about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health {
    /// Gradient lengths of the newest lines: discriminator's and generator's.
    gradients: VecDeque<[f32; 2]>,
    /// The most diverse that the generator has been.
    diversity: f32,
}

/// What is wrong with a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// A figure is no finite number.
    NotFinite { figure: &'static str, value: f32 },
    /// A gradient is far longer than it used to be.
    Explosion { figure: &'static str, value: f32, usual: f32 },
    /// Generated pictures have become alike.
    Collapse { diversity: f32, before: f32 },
}

impl Health {
    /// Takes in a line.
    pub(crate) fn take(&mut self, measured: &Measured) {
        if self.gradients.len() == WINDOW {
            self.gradients.pop_front();
        }
        self.gradients.push_back([measured.gradient_norm_discriminator, measured.gradient_norm_generator]);
        self.diversity = self.diversity.max(measured.diversity.unwrap_or(0.0));
    }

    /// What is wrong with a step, if anything is.
    pub(crate) fn judge(&self, measured: &Measured) -> Option<Trouble> {
        let infinite = measured.named().find(|(_, value)| !value.is_finite());
        let infinite = infinite.map(|(figure, value)| Trouble::NotFinite { figure, value });
        infinite.or_else(|| self.explosion(measured)).or_else(|| self.collapse(measured))
    }

    fn explosion(&self, measured: &Measured) -> Option<Trouble> {
        let lengths = [
            ("gradient_norm_discriminator", measured.gradient_norm_discriminator),
            ("gradient_norm_generator", measured.gradient_norm_generator),
        ];
        let exploded = |(player, (figure, value)): (usize, (&'static str, f32))| {
            let usual = self.usual(player)?;
            let limit = LONGEST.max(EXPLOSION * usual);
            (value > limit).then_some(Trouble::Explosion { figure, value, usual })
        };
        lengths.into_iter().enumerate().find_map(exploded)
    }

    /// The median length of a player's gradients.
    fn usual(&self, player: usize) -> Option<f32> {
        let mut lengths: Vec<f32> = self.gradients.iter().map(|pair| pair[player]).collect();
        lengths.sort_by(f32::total_cmp);
        (lengths.len() >= LEAST_LINES).then(|| lengths[lengths.len() / 2])
    }

    fn collapse(&self, measured: &Measured) -> Option<Trouble> {
        let before = self.diversity;
        let diversity = measured.diversity?;
        let collapsed = before >= DIVERSE && diversity < COLLAPSE * before;
        collapsed.then_some(Trouble::Collapse { diversity, before })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { figure, value } => write!(f, "{figure} is {value}"),
            Self::Explosion { figure, value, usual } => {
                write!(f, "{figure} is {value:.3e}, and was {usual:.3e} before")
            }
            Self::Collapse { diversity, before } => write!(
                f,
                "the generator has collapsed: its pictures differ {diversity:.2} times as much as real ones, and did \
                 {before:.2} times before"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Measured = Measured {
        loss_discriminator: 1.0,
        loss_generator: 1.0,
        score_real: 0.5,
        score_fake: 0.5,
        gradient_norm_discriminator: 20.0,
        gradient_norm_generator: 2.0,
        diversity: Some(0.8),
    };

    fn after(lines: &[Measured]) -> Health {
        let mut health = Health::default();
        lines.iter().for_each(|line| health.take(line));
        health
    }

    fn check(before: &Health, measured: Measured, expected: Option<&str>) {
        let found = before.judge(&measured).map(|trouble| trouble.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn what_is_no_number_is_named_at_once() {
        check(&Health::default(), WELL, None);
        let nan = Measured { loss_generator: f32::NAN, ..WELL };
        check(&Health::default(), nan, Some("loss_generator is NaN"));
        let infinite = Measured { gradient_norm_generator: f32::INFINITY, ..WELL };
        check(&Health::default(), infinite, Some("gradient_norm_generator is inf"));
    }

    #[test]
    fn a_gradient_explodes_against_what_is_usual() {
        let usual = after(&[WELL; 40]);
        let exploded = Measured { gradient_norm_discriminator: 2001.0, ..WELL };
        check(&usual, exploded, Some("gradient_norm_discriminator is 2.001e3, and was 2.000e1 before"));
        check(&usual, Measured { gradient_norm_discriminator: 1999.0, ..WELL }, None);
        check(&usual, Measured { gradient_norm_generator: 999.0, ..WELL }, None);
        check(
            &usual,
            Measured { gradient_norm_generator: 1001.0, ..WELL },
            Some("gradient_norm_generator is 1.001e3, and was 2.000e0 before"),
        );
        check(&after(&[WELL; 7]), exploded, None);
        let long = Measured { gradient_norm_discriminator: 1e6, ..WELL };
        let mixed: Vec<_> = [WELL; 30].into_iter().chain([long; 31]).collect();
        check(&after(&mixed), exploded, None);
    }

    #[test]
    fn a_collapse_is_a_loss_of_diversity() {
        let alike = Measured { diversity: Some(0.1), ..WELL };
        let text = "the generator has collapsed: its pictures differ 0.10 times as much as real ones, and did 0.80 times before";
        check(&after(&[WELL, alike]), alike, Some(text));
        check(&after(&[alike, alike]), alike, None);
        check(&after(&[WELL]), Measured { diversity: Some(0.2), ..WELL }, None);
        check(&after(&[WELL]), Measured { diversity: None, ..WELL }, None);
    }
}
