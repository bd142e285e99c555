//! Training a cascade: stage after stage, each boosted on windows that the stages before it get wrong.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use contracts::publish;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    error::TrainingError,
    feature::{Codes, Feature},
    negatives::{Negatives, Search},
    positives::Positives,
    stage::{Goals, Stage},
    window::Integral,
};

/// Fewer hard negatives than this share of those wanted, and a stage would learn them by heart: the cascade is done.
const LEAST_NEGATIVES: f64 = 0.1;
/// Crops drawn for each positive window wanted before giving up.
const DRAWS_FOR_EACH: usize = 4;
/// Windows drawn at a time.
const DRAWN_AT_ONCE: usize = 1024;

/// What a cascade is a function of, beside the pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The window's side in pixels.
    pub side: u8,
    /// The most stages.
    pub stages: usize,
    /// Positive windows for each stage.
    pub positives: usize,
    /// Negative windows for each stage.
    pub negatives: usize,
    /// Pictures of grain among the negatives.
    pub grain: usize,
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
    /// What it was begun with.
    pub settings: Settings,
    /// The stages that are done.
    pub stages: Vec<Stage>,
    /// The most negative windows taken from a picture: later stages find few, and need not begin with too small a number.
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
            return Ok(Self { settings, stages: Vec::new(), quota: 0, false_alarm: 1.0 });
        }
        let bytes = publish::read_file(&path)?;
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(training) if (Settings { stages: settings.stages, ..training.settings.clone() }) == settings => {
                Ok(Self { settings, ..training })
            }
            _ => Err(TrainingError::OtherSettings(path)),
        }
    }

    /// Trains the stages that are missing, keeps each when it is done, and says so to `tell`.
    ///
    /// # Errors
    /// When the crops no longer pass, or the disk fails.
    pub fn run(
        &mut self,
        positives: &Positives,
        negatives: &Negatives<'_>,
        model: &Path,
        tell: &mut dyn FnMut(String),
    ) -> Result<(), TrainingError> {
        let features = Feature::all(self.settings.side);
        let (started, before) = (Instant::now(), self.stages.len());
        while self.stages.len() < self.settings.stages {
            let place = self.stages.len();
            let mut quota = self.quota;
            let mined = negatives.mine(&self.search(&features), &mut quota);
            self.quota = quota;
            if (mined.len() as f64) < LEAST_NEGATIVES * self.settings.negatives as f64 {
                tell(format!("only {} windows of the negatives pass {place} stages: done", mined.len()));
                break;
            }
            let mut windows = self.positive_windows(positives, &features)?;
            let hits = windows.len();
            windows.extend(mined);
            let (stage, result) = Stage::boost(&Codes::of(&features, &windows), hits, &self.settings.goals);
            self.false_alarm *= result.false_alarm;
            let stumps = stage.stumps.len();
            self.stages.push(stage);
            self.keep(model)?;
            let seconds = started.elapsed().as_secs_f64();
            let left = seconds / (place + 1 - before) as f64 * (self.settings.stages - place - 1) as f64;
            tell(format!(
                "stage {} of {}: {stumps} stumps, {hits} positives, {} negatives, hit rate {:.4}, false alarm {:.4} \
                 ({:.1e} so far), {seconds:.0} s, about {left:.0} s left",
                place + 1,
                self.settings.stages,
                windows.len() - hits,
                result.hit_rate,
                result.false_alarm,
                self.false_alarm,
            ));
        }
        Ok(())
    }

    fn search<'a>(&'a self, features: &'a [Feature]) -> Search<'a> {
        Search {
            features,
            stages: &self.stages,
            side: self.settings.side.into(),
            wanted: self.settings.negatives,
            seed: self.settings.seed.wrapping_add(self.stages.len() as u64),
        }
    }

    /// The first windows of the series that pass all stages so far.
    fn positive_windows(&self, positives: &Positives, features: &[Feature]) -> Result<Vec<Integral>, TrainingError> {
        let Settings { positives: wanted, seed, .. } = self.settings;
        let side = usize::from(self.settings.side);
        let passes = |window: &Integral| self.stages.iter().all(|stage| stage.passes(|f| features[f].code(window)));
        let mut windows = Vec::new();
        for first in (0..wanted * DRAWS_FOR_EACH).step_by(DRAWN_AT_ONCE) {
            let drawn = (first..first + DRAWN_AT_ONCE).into_par_iter();
            let drawn = drawn.map(|index| Integral::of(&positives.window(seed, index as u64, side), side));
            windows.extend(drawn.filter(|window| passes(window)).collect::<Vec<_>>());
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

    use super::*;
    use crate::sampling::Grey;

    const SIDE: usize = 12;

    /// Crops bright on the left, and pictures of noise.
    fn material(folder: &Path) -> Positives {
        let noise = |i: usize, salt: usize| (i * 2_654_435_761 + salt * 40_503) >> 7 & 63;
        let crop = |salt: usize| {
            let pixel = |i: usize| (noise(i, salt) + if i % SIDE < SIDE / 2 { 160 } else { 20 }) as u8;
            Grey { width: SIDE, height: SIDE, pixels: (0..SIDE * SIDE).map(pixel).collect() }
        };
        for name in 0..4 {
            let pixel = |x, y| image::Luma([(noise((y * 90 + x) as usize, name) * 4) as u8]);
            image::GrayImage::from_fn(90, 70, pixel).save(folder.join(format!("{name}.png"))).unwrap();
        }
        Positives::of((0..30).map(crop).collect())
    }

    fn settings(stages: usize) -> Settings {
        let goals = Goals { minimum_hit_rate: 0.99, maximum_false_alarm: 0.5, maximum_stumps: 5 };
        Settings { side: SIDE as u8, stages, positives: 60, negatives: 60, grain: 1, goals, seed: 5, crops: 30 }
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
