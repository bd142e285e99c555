//! Training a cascade: stage after stage, each boosted on windows that the stages before it get wrong.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use contracts::publish;
use lbp_cascade::{Feature, GreyImage, IntegralImage};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    boosting::{BoostedStage, Goals},
    error::TrainingError,
    feature::{Codes, all_features},
    negatives::{Mining, Negatives},
    partial_cascade::PartialCascade,
    positives::Positives,
};

/// Fewer hard negatives than this share of those wanted, and a stage would learn them by heart: the cascade is done.
const MIN_NEGATIVES: f64 = 0.1;
/// Crops drawn for each positive window wanted before giving up.
const MAX_DRAWS_EACH: usize = 4;
/// Windows drawn at a time: enough for the threads, few enough not to draw many for nothing at the end.
const DRAWN_AT_ONCE: usize = 1024;
/// Counts the changes of how windows are mined and stages boosted, so that no training ends otherwise than it was begun. History:
/// none, windows of a pyramid of our own; 2, of the detector's.
const METHOD: u32 = 2;

/// What a cascade is a function of, beside the pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The window's side in pixels.
    pub side: u8,
    /// How many stages to train, unless the negatives run out before.
    pub stages: usize,
    /// Positive windows for each stage.
    pub positives: usize,
    /// Negative windows for each stage.
    pub negatives: usize,
    /// Noise textures among the negatives.
    #[serde(rename = "grain")]
    pub noise_textures: usize,
    /// When a stage is good enough.
    pub goals: Goals,
    /// What everything random follows from.
    pub seed: u64,
    /// How many crops there are: others make another cascade.
    pub crops: usize,
}

/// A training as it stands after some stage, kept beside the model so that a killed one goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// How it mines and boosts: [`METHOD`].
    #[serde(default)]
    method: u32,
    /// What it was begun with.
    pub settings: Settings,
    /// The stages that are done.
    pub stages: Vec<BoostedStage>,
    /// How many negative windows were taken from a picture at most: later stages find few, and need not begin with too small a number.
    pub quota: usize,
    /// The share of negative windows that passes all of them, by each stage's own count.
    pub false_alarm: f64,
}

impl Training {
    /// A new training, or the unfinished one of the same settings; the number of stages may be another.
    ///
    /// # Errors
    /// When there is one of other settings, or it cannot be read.
    pub fn resume(settings: Settings, model: &Path) -> Result<Self, TrainingError> {
        let path = unfinished(model);
        if !path.exists() {
            return Ok(Self { method: METHOD, settings, stages: Vec::new(), quota: 0, false_alarm: 1.0 });
        }
        let bytes = publish::read_file(&path)?;
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(training) if training.goes_on_with(&settings) => Ok(Self { settings, ..training }),
            _ => Err(TrainingError::OtherSettings(path)),
        }
    }

    /// Whether what was begun is what would be begun now; only the number of stages may be another.
    fn goes_on_with(&self, settings: &Settings) -> bool {
        self.method == METHOD && Settings { stages: settings.stages, ..self.settings.clone() } == *settings
    }

    /// Trains the stages that are missing, keeps each when it is done, and says so to `report`.
    ///
    /// # Errors
    /// When the crops no longer pass, or the disk fails.
    pub fn run(
        &mut self,
        positives: &Positives,
        negatives: &Negatives<'_>,
        model: &Path,
        report: &mut dyn FnMut(String),
    ) -> Result<(), TrainingError> {
        let features = all_features(self.settings.side);
        let (started, before) = (Instant::now(), self.stages.len());
        while self.stages.len() < self.settings.stages {
            let index = self.stages.len();
            // Mined first: where nothing is left to learn from, no positives need be drawn.
            let mut quota = self.quota;
            let mined = negatives.mine(&self.mining(&features), &mut quota);
            self.quota = quota;
            if (mined.len() as f64) < MIN_NEGATIVES * self.settings.negatives as f64 {
                report(format!("only {} windows of the negatives pass {index} stages: done", mined.len()));
                break;
            }
            let mut windows = self.positive_windows(positives, &features)?;
            let hits = windows.len();
            windows.extend(mined);
            let (stage, rates) = BoostedStage::boost(&Codes::of(&features, &windows), hits, &self.settings.goals);
            self.false_alarm *= rates.false_alarm;
            let stumps = stage.stumps.len();
            self.stages.push(stage);
            // Kept before it is reported, so that what somebody saw done stays done.
            self.keep(model)?;
            let seconds = started.elapsed().as_secs_f64();
            let left = seconds / (index + 1 - before) as f64 * (self.settings.stages - index - 1) as f64;
            report(format!(
                "stage {} of {}: {stumps} stumps, {hits} positives, {} negatives, hit rate {:.4}, false alarm {:.4} \
                 ({:.1e} so far), {seconds:.0} s, about {left:.0} s left",
                index + 1,
                self.settings.stages,
                windows.len() - hits,
                rates.hit_rate,
                rates.false_alarm,
                self.false_alarm,
            ));
        }
        Ok(())
    }

    fn cascade<'a>(&'a self, features: &'a [Feature]) -> PartialCascade<'a> {
        PartialCascade { side: self.settings.side.into(), features, stages: &self.stages }
    }

    fn mining<'a>(&'a self, features: &'a [Feature]) -> Mining<'a> {
        // Another seed for each stage, so that each sees other windows.
        let seed = self.settings.seed.wrapping_add(self.stages.len() as u64);
        Mining { cascade: self.cascade(features), wanted: self.settings.negatives, seed }
    }

    /// The first windows of the series that pass all stages so far.
    fn positive_windows(
        &self,
        positives: &Positives,
        features: &[Feature],
    ) -> Result<Vec<IntegralImage>, TrainingError> {
        let Settings { positives: wanted, seed, .. } = self.settings;
        let side = usize::from(self.settings.side);
        let cascade = self.cascade(features);
        let window = |index: usize| {
            let pixels = positives.window(seed, index as u64, self.settings.side.into());
            IntegralImage::of(GreyImage::new(side, side, &pixels).expect("a window has side × side pixels"))
        };
        let mut windows = Vec::new();
        for first in (0..wanted * MAX_DRAWS_EACH).step_by(DRAWN_AT_ONCE) {
            let drawn = (first..first + DRAWN_AT_ONCE).into_par_iter();
            windows.extend(drawn.map(window).filter(|window| cascade.passes(window, 0, 0)).collect::<Vec<_>>());
            if windows.len() >= wanted {
                windows.truncate(wanted);
                return Ok(windows);
            }
        }
        Err(TrainingError::PositivesLost { stages: self.stages.len() })
    }

    fn keep(&self, model: &Path) -> Result<(), TrainingError> {
        let path = unfinished(model);
        let json = serde_json::to_vec(self).map_err(|error| publish::FileError::at("write", &path)(error.into()))?;
        Ok(publish::write_file(&path, &json)?)
    }
}

/// Where an unfinished training of a model is kept.
pub fn unfinished(model: &Path) -> PathBuf {
    let name = model.file_name().unwrap_or_default().to_string_lossy();
    model.with_file_name(format!("{name}.training.json"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use pictures::Grey;

    use super::*;

    const SIDE: u32 = 12;

    /// Crops bright on the left, and pictures of noise.
    fn material(folder: &Path) -> Positives {
        let noise = |i: u32, salt: u32| (u64::from(i) * 2_654_435_761 + u64::from(salt) * 40_503) >> 7 & 63;
        let crop = |salt: u32| {
            let pixel = |i: u32| (noise(i, salt) + if i % SIDE < SIDE / 2 { 160 } else { 20 }) as u8;
            Grey::new(SIDE, SIDE, (0..SIDE * SIDE).map(pixel).collect()).unwrap()
        };
        for name in 0..4 {
            let pixel = |x, y| image::Luma([(noise(y * 90 + x, name) * 4) as u8]);
            image::GrayImage::from_fn(90, 70, pixel).save(folder.join(format!("{name}.png"))).unwrap();
        }
        Positives::of((0..30).map(crop).collect())
    }

    fn settings(stages: usize) -> Settings {
        let goals = Goals { minimum_hit_rate: 0.99, maximum_false_alarm: 0.5, maximum_stumps: 5 };
        let (side, noise_textures) = (SIDE as u8, 1);
        Settings { side, stages, positives: 60, negatives: 60, noise_textures, goals, seed: 5, crops: 30 }
    }

    #[test]
    fn a_training_killed_after_a_stage_ends_as_one_never_killed() {
        let folder = tempfile::tempdir().unwrap();
        let positives = material(folder.path());
        let negatives = Negatives::read(&[folder.path().into()], &positives, 1).unwrap();
        let place = tempfile::tempdir().unwrap();
        let model = place.path().join("model.xml");
        let mut states = Vec::new();
        let mut whole = Training::resume(settings(3), &model).unwrap();
        let mut keep = |_| states.push(fs::read(unfinished(&model)).unwrap_or_default());
        whole.run(&positives, &negatives, &model, &mut keep).unwrap();
        assert!(whole.stages.len() > 1, "{whole:?}");
        for state in states {
            fs::write(unfinished(&model), state).unwrap();
            let mut resumed = Training::resume(settings(3), &model).unwrap();
            resumed.run(&positives, &negatives, &model, &mut |_| {}).unwrap();
            assert_eq!(resumed, whole);
        }
        let other = Training::resume(Settings { seed: 6, ..settings(3) }, &model);
        assert!(other.unwrap_err().to_string().contains("with other settings"));
    }
}
