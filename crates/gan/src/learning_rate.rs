//! Learning-rate schedules, in thousands of real images from the run's start.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// What the learning rate is multiplied by as training goes on.
///
/// It rises linearly from nothing during the warm-up, stays 1 until `decay_start_kimg`, and falls to `final_share` at
/// `decay_end_kimg`, where it stays. All of it counts images and not steps, so that neither the batch nor a rollback
/// moves it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LearningRateSchedule {
    /// The rate is reached after this many thousand images; 0: at once.
    pub warm_up_kimg: f64,
    /// The curve it falls on from `decay_start_kimg` to `decay_end_kimg`.
    pub decay: Decay,
    /// It falls from this many thousand images on.
    pub decay_start_kimg: f64,
    /// It has fallen to `final_share` at this many thousand images.
    pub decay_end_kimg: f64,
    /// What is left of it then, from 0 to 1.
    pub final_share: f64,
}

/// How a learning rate falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// Not at all; the other three keys mean nothing then.
    None,
    /// On a straight line from 1 to `final_share`.
    Linear,
    /// On half a cosine: Loshchilov and Hutter, "SGDR" (2017), equation 5.
    Cosine,
}

impl Default for LearningRateSchedule {
    fn default() -> Self {
        Self::CONSTANT
    }
}

impl LearningRateSchedule {
    /// The whole rate from the start to the end.
    pub const CONSTANT: Self =
        Self { warm_up_kimg: 0.0, decay: Decay::None, decay_start_kimg: 0.0, decay_end_kimg: 0.0, final_share: 0.0 };

    /// The share of the learning rate that the update takes which brings the images shown to `images`.
    pub fn share(&self, images: u64) -> f64 {
        let kimg = images as f64 / 1000.0;
        let risen = if self.warm_up_kimg > 0.0 { (kimg / self.warm_up_kimg).min(1.0) } else { 1.0 };
        risen * self.left(kimg)
    }

    fn left(&self, kimg: f64) -> f64 {
        let gone = ((kimg - self.decay_start_kimg) / (self.decay_end_kimg - self.decay_start_kimg)).clamp(0.0, 1.0);
        let fallen = match self.decay {
            Decay::None => 0.0,
            Decay::Linear => gone,
            Decay::Cosine => (1.0 - (PI * gone).cos()) / 2.0,
        };
        1.0 - fallen * (1.0 - self.final_share)
    }

    /// What keeps this schedule from working, each beginning with a key.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let keys = [
            ("warm_up_kimg", self.warm_up_kimg),
            ("decay_start_kimg", self.decay_start_kimg),
            ("decay_end_kimg", self.decay_end_kimg),
        ];
        for (key, value) in keys {
            if !(value.is_finite() && value >= 0.0) {
                problems.push(format!("{key} is {value}: it must be 0 or more"));
            }
        }
        if !(0.0..=1.0).contains(&self.final_share) {
            problems.push(format!("final_share is {}: it must be from 0 to 1", self.final_share));
        }
        if self.decay != Decay::None && self.decay_end_kimg <= self.decay_start_kimg {
            problems.push(format!("decay_end_kimg is {}: it must be above decay_start_kimg", self.decay_end_kimg));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn falling(decay: Decay) -> LearningRateSchedule {
        LearningRateSchedule {
            warm_up_kimg: 2.0,
            decay,
            decay_start_kimg: 10.0,
            decay_end_kimg: 20.0,
            final_share: 0.2,
        }
    }

    #[test]
    fn shares_worked_out_by_hand() {
        let check = |schedule: LearningRateSchedule, images, expected: f64| {
            let found = schedule.share(images);
            assert!((found - expected).abs() < 1e-12, "{schedule:?} at {images}: {found}");
        };
        check(LearningRateSchedule::default(), 0, 1.0);
        check(LearningRateSchedule::default(), 1 << 40, 1.0);
        for decay in [Decay::Linear, Decay::Cosine] {
            check(falling(decay), 0, 0.0);
            check(falling(decay), 500, 0.25);
            check(falling(decay), 2000, 1.0);
            check(falling(decay), 10_000, 1.0);
            check(falling(decay), 15_000, 0.6);
            check(falling(decay), 20_000, 0.2);
            check(falling(decay), 1 << 40, 0.2);
        }
        check(falling(Decay::Linear), 12_500, 0.8);
        check(falling(Decay::Cosine), 12_500, 0.2 + 0.4 * (1.0 + (PI / 4.0).cos()));
        check(falling(Decay::None), 15_000, 1.0);
    }

    #[test]
    fn impossible_schedules_are_named() {
        let check = |schedule: LearningRateSchedule, expected: &[&str]| {
            let found = schedule.problems();
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "{found}");
            }
        };
        check(LearningRateSchedule::default(), &[]);
        check(falling(Decay::Cosine), &[]);
        let wrong = LearningRateSchedule { warm_up_kimg: -1.0, final_share: 1.5, ..falling(Decay::Linear) };
        check(wrong, &["warm_up_kimg", "final_share"]);
        check(LearningRateSchedule { decay_end_kimg: 10.0, ..falling(Decay::Linear) }, &["decay_end_kimg"]);
    }
}
