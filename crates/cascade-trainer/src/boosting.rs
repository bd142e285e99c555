//! One stage of a cascade, boosted: stumps until nearly every positive window passes and enough negative ones do not.

use lbp_cascade::THRESHOLD_SLACK;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    feature::Codes,
    stump::{Histogram, Stump},
};

/// When a stage is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goals {
    /// The share of positive windows that must pass.
    pub minimum_hit_rate: f64,
    /// The share of negative windows that may pass.
    pub maximum_false_alarm: f64,
    /// The largest number of stumps.
    pub maximum_stumps: usize,
}

/// A sum of stumps with the threshold that most positive windows reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoostedStage {
    /// Asked in this order. Their answers are added up in single precision; detectors, which add in double precision, come out
    /// within the slack.
    pub stumps: Vec<Stump>,
    /// A window passes whose sum is not below this, less [`THRESHOLD_SLACK`].
    pub threshold: f32,
}

/// How a stage did on its own training windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageRates {
    /// The share of positive windows that pass.
    pub hit_rate: f64,
    /// The share of negative windows that pass.
    pub false_alarm: f64,
}

impl BoostedStage {
    /// Whether a window passes, by its code for a feature.
    pub fn passes(&self, code: impl Fn(usize) -> u8) -> bool {
        let sum: f32 = self.stumps.iter().fold(0.0, |sum, stump| sum + stump.answer(code(stump.feature)));
        sum >= self.threshold - THRESHOLD_SLACK
    }

    /// Boosts a stage on windows of which the first `positives` are positive: gentle AdaBoost, the weights of both kinds
    /// equal in sum at the start.
    ///
    /// The result is the same on any number of threads.
    pub fn boost(codes: &Codes, positives: usize, goals: &Goals) -> (Self, StageRates) {
        let windows = codes.row(0).len();
        let mut weights = vec![0.5 / positives as f64; positives];
        weights.resize(windows, 0.5 / (windows - positives) as f64);
        let mut sums = vec![0.0f32; windows];
        let mut stage = Self { stumps: Vec::new(), threshold: 0.0 };
        loop {
            let stump = best_stump(codes, &weights, positives);
            let row = codes.row(stump.feature);
            for (window, code) in row.iter().enumerate() {
                let answer = stump.answer(*code);
                sums[window] += answer;
                let right = if window < positives { answer } else { -answer };
                weights[window] *= f64::from(-right).exp();
            }
            // Weights would run out of digits otherwise; only their ratios count.
            let total: f64 = weights.iter().sum();
            weights.iter_mut().for_each(|weight| *weight /= total);
            stage.stumps.push(stump);
            stage.threshold = threshold(&sums[..positives], goals.minimum_hit_rate);
            let rates = stage.rates(&sums, positives);
            if rates.false_alarm <= goals.maximum_false_alarm || stage.stumps.len() == goals.maximum_stumps {
                return (stage, rates);
            }
        }
    }

    fn rates(&self, sums: &[f32], positives: usize) -> StageRates {
        let share = |sums: &[f32]| {
            let passing = sums.iter().filter(|sum| **sum >= self.threshold - THRESHOLD_SLACK).count();
            passing as f64 / sums.len().max(1) as f64
        };
        StageRates { hit_rate: share(&sums[..positives]), false_alarm: share(&sums[positives..]) }
    }
}

/// The stump with the most gain over all features; of equals the first.
fn best_stump(codes: &Codes, weights: &[f64], positives: usize) -> Stump {
    let candidates = (0..codes.features()).into_par_iter();
    let stumps = candidates.map(|feature| Histogram::of(codes.row(feature), weights, positives).best_stump(feature));
    // In a fixed order of equals, whichever thread comes first.
    let better = |a: (f64, Stump), b: (f64, Stump)| match b.0.total_cmp(&a.0).then(a.1.feature.cmp(&b.1.feature)) {
        std::cmp::Ordering::Greater => b,
        _ => a,
    };
    stumps.reduce_with(better).expect("a window has features").1
}

/// The highest threshold that the wanted share of the positives reaches.
fn threshold(positives: &[f32], minimum_hit_rate: f64) -> f32 {
    let mut sums = positives.to_vec();
    sums.sort_by(f32::total_cmp);
    let lost = ((1.0 - minimum_hit_rate) * sums.len() as f64).floor() as usize;
    sums[lost.min(sums.len() - 1)]
}

#[cfg(test)]
mod tests {
    use lbp_cascade::{GreyImage, IntegralImage};

    use super::*;
    use crate::feature::all_features;

    /// Windows bright on the left are positive, on the right negative, with some noise.
    fn windows(count: u32, left: bool) -> Vec<IntegralImage> {
        let pixel = |window: u32, x: u32, y: u32| {
            let bright = (x < 6) == left;
            let noise = (window * 7919 + x * 131 + y * 31) % 97;
            (if bright { 120 + noise } else { 30 + noise }) as u8
        };
        let pixels = |window| (0..144).map(|i| pixel(window, i % 12, i / 12)).collect::<Vec<_>>();
        (0..count).map(|window| IntegralImage::of(GreyImage::new(12, 12, &pixels(window)).unwrap())).collect()
    }

    #[test]
    fn a_stage_tells_left_from_right_and_does_not_depend_on_threads() {
        let features = all_features(12);
        let all = [windows(60, true), windows(40, false)].concat();
        let codes = Codes::of(&features, &all);
        let goals = Goals { minimum_hit_rate: 0.99, maximum_false_alarm: 0.1, maximum_stumps: 20 };
        let boost = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| BoostedStage::boost(&codes, 60, &goals))
        };
        let (stage, rates) = boost(1);
        assert!(rates.hit_rate >= 0.99 && rates.false_alarm <= 0.1, "{rates:?}");
        assert_eq!(boost(3), (stage.clone(), rates));
        let passes = |window: usize| stage.passes(|feature| codes.row(feature)[window]);
        let passing = (0..60).filter(|window| passes(*window)).count();
        assert!(passing as f64 / 60.0 >= 0.99, "the stage passes what it said that it passes: {passing}");
    }

    #[test]
    fn the_threshold_keeps_the_wanted_share() {
        let sums: Vec<f32> = (0..100).map(|i| i as f32).collect();
        assert_eq!(threshold(&sums, 0.995), 0.0);
        assert_eq!(threshold(&sums, 0.95), 5.0);
        assert_eq!(threshold(&sums, 0.0), 99.0);
    }
}
