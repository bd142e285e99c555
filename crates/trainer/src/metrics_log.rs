//! `metrics.jsonl`: the metrics of a step, or of the generator as it was then, a JSON object a line.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use contracts::{
    MeasuringMethod,
    publish::{self, FileError},
};
use serde::{Deserialize, Serialize};

use crate::{
    health::Health,
    measuring::{Measured, Memorization},
    position::Position,
    step_metrics::StepMetrics,
};

/// The line of a step. Every field but the last is a function of the plan.
#[derive(Clone, Copy, Debug, Serialize)]
struct StepLine {
    step: u64,
    images: u64,
    kimg: f64,
    /// How often the run had been rolled back.
    #[serde(skip_serializing_if = "is_zero")]
    attempt: u16,
    #[serde(flatten)]
    metrics: StepMetrics,
    /// Since the line before it in the same process; null in a process's first.
    images_per_second: Option<f64>,
}

/// The line of a generator that was measured. No step is judged by it: how often is measured changes nothing.
#[derive(Debug, Serialize)]
struct MeasuredLine<'a> {
    step: u64,
    images: u64,
    kimg: f64,
    #[serde(skip_serializing_if = "is_zero")]
    attempt: u16,
    /// What the values can be compared under.
    network: &'a str,
    split: &'a str,
    real_images: u64,
    samples: u64,
    /// Each by its name.
    #[serde(flatten)]
    values: BTreeMap<&'static str, f32>,
    #[serde(flatten)]
    memorization: Option<Memorization>,
}

/// What is read of a line.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Line {
    images: u64,
    /// Of a step; a line of another kind has none.
    #[serde(flatten)]
    step: Option<StepMetrics>,
    /// Of a generator that was measured.
    #[serde(flatten)]
    memorization: Option<Memorization>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(attempt: &u16) -> bool {
    *attempt == 0
}

/// Whether a step has a line: the first ten, in which wrong settings show, then every tenth.
pub(crate) fn has_line(step: u64) -> bool {
    step <= 10 || step.is_multiple_of(10)
}

/// Whether a step's line tells the diversity, which costs a forward pass of its own.
pub(crate) fn has_diversity(step: u64) -> bool {
    step.is_multiple_of(100)
}

/// The file, open at its end.
pub(crate) struct MetricsLog {
    path: PathBuf,
    file: File,
    /// Images at the line before, and when it was written, by this process.
    last: Option<(u64, Instant)>,
    health: Health,
    /// Of the newest generator that was measured.
    memorization: Option<Memorization>,
}

impl MetricsLog {
    /// Opens the log of a run that continues from `images`: lines after that, and a torn one, are cut off.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(crate) fn open(path: &Path, images: u64) -> Result<Self, FileError> {
        let before = if path.exists() { publish::read_file(path)? } else { Vec::new() };
        let (text, lines): (Vec<&[u8]>, Vec<Line>) = lines_until(&before, images).into_iter().unzip();
        publish::write_file(path, &text.concat())?;
        let file = OpenOptions::new().append(true).open(path).map_err(FileError::at("write", path))?;
        let mut health = Health::default();
        lines.iter().filter_map(|line| line.step.as_ref()).for_each(|metrics| health.observe(metrics));
        let memorization = lines.iter().rev().find_map(|line| line.memorization);
        Ok(Self { path: path.into(), file, last: None, health, memorization })
    }

    /// What the networks knew by heart when the generator was last measured.
    pub(crate) fn memorization(&self) -> Option<&Memorization> {
        self.memorization.as_ref()
    }

    /// What the lines so far say about the run.
    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// Appends a step's line and returns the images shown a second since the line before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn append(&mut self, position: Position, metrics: StepMetrics) -> Result<Option<f64>, FileError> {
        let Position { step, images, attempt } = position;
        // Two lines may fall into one tick of a coarse clock, and infinity is no JSON.
        let rate = self.last.map(|(before, at)| (images - before) as f64 / at.elapsed().as_secs_f64().max(1e-9));
        self.last = Some((images, Instant::now()));
        self.health.observe(&metrics);
        let kimg = images as f64 / 1000.0;
        self.write(&StepLine { step, images, kimg, attempt, metrics, images_per_second: rate })?;
        Ok(rate)
    }

    /// Appends the line of a generator that was measured.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn append_measured(&mut self, position: Position, measured: &Measured) -> Result<(), FileError> {
        let Position { step, images, attempt } = position;
        let MeasuringMethod { network, split, real_images, samples, .. } = &measured.method;
        self.memorization = measured.memorization;
        self.write(&MeasuredLine {
            step,
            images,
            kimg: images as f64 / 1000.0,
            attempt,
            network,
            split,
            real_images: *real_images,
            samples: *samples,
            values: measured.values.iter().map(|(metric, value)| (metric.name(), *value)).collect(),
            memorization: measured.memorization,
        })
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), FileError> {
        let written = serde_json::to_string(line).map_err(Into::into);
        // One write a line, so that a killed process tears one line at most.
        let written = written.and_then(|json| self.file.write_all((json + "\n").as_bytes()));
        written.map_err(FileError::at("write", &self.path))
    }

    /// Makes what was appended durable.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn sync(&self) -> Result<(), FileError> {
        self.file.sync_data().map_err(FileError::at("write", &self.path))
    }
}

/// The whole lines at the start of a log that are not after `images`.
fn lines_until(log: &[u8], images: u64) -> Vec<(&[u8], Line)> {
    let read = |text: &'_ [u8]| -> Option<Line> {
        let line = text.ends_with(b"\n").then(|| serde_json::from_slice::<Line>(text).ok())??;
        (line.images <= images).then_some(line)
    };
    log.split_inclusive(|byte| *byte == b'\n').map_while(|text| Some((text, read(text)?))).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use metrics::Metric;

    use super::*;

    const METRICS: StepMetrics = StepMetrics {
        loss_discriminator: 1.25,
        loss_generator: 0.5,
        score_real: 0.75,
        score_fake: 0.25,
        gradient_norm_discriminator: 3.0,
        gradient_norm_generator: 2.0,
        diversity: None,
        augmentation: None,
    };

    fn write(path: &Path, from: u64, steps: std::ops::RangeInclusive<u64>) {
        let mut log = MetricsLog::open(path, from).unwrap();
        for step in steps {
            log.append(Position { step, images: step * 4, attempt: 0 }, METRICS).unwrap();
        }
    }

    fn steps(path: &Path) -> Vec<u64> {
        let text = fs::read_to_string(path).unwrap();
        let step = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap();
        text.lines().map(step).collect()
    }

    #[test]
    fn lines_after_the_checkpoint_and_torn_ones_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        write(&path, 0, 1..=6);
        write(&path, 12, 4..=5);
        assert_eq!(steps(&path), [1, 2, 3, 4, 5]);
        let mut torn = fs::read(&path).unwrap();
        torn.truncate(torn.len() - 7);
        fs::write(&path, torn).unwrap();
        write(&path, 40, 11..=11);
        assert_eq!(steps(&path), [1, 2, 3, 4, 11]);
        write(&path, 0, 1..=1);
        assert_eq!(steps(&path), [1]);
    }

    #[test]
    fn what_is_not_there_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut log = MetricsLog::open(&path, 0).unwrap();
        log.append(Position { step: 1, images: 4, attempt: 0 }, METRICS).unwrap();
        log.append(Position { step: 2, images: 8, attempt: 2 }, StepMetrics { diversity: Some(0.5), ..METRICS })
            .unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let (first, second) = text.split_once('\n').unwrap();
        assert!(!first.contains("attempt") && !first.contains("diversity"), "{first}");
        assert!(second.contains("\"attempt\":2") && second.contains("\"diversity\":0.5"), "{second}");
    }

    #[test]
    fn what_was_measured_is_kept_and_judges_no_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let method = MeasuringMethod {
            metric: "kernel".into(),
            network: "random-1".into(),
            split: "train".into(),
            real_images: 3,
            samples: 4,
        };
        let values = vec![(Metric::Kernel, 0.25), (Metric::Recall, 0.5)];
        let memorization = Memorization { logit_train: 1.5, compared: 3, ..Memorization::default() };
        let measured = Measured { values, method, memorization: Some(memorization) };
        let (mut log, at) = (MetricsLog::open(&path, 0).unwrap(), Position { step: 2, images: 8, attempt: 1 });
        log.append_measured(at, &measured).unwrap();
        log.append_measured(Position { images: 12, ..at }, &measured).unwrap();
        assert_eq!(MetricsLog::open(&path, 8).unwrap().memorization(), Some(&memorization));
        let expected = "{\"step\":2,\"images\":8,\"kimg\":0.008,\"attempt\":1,\"network\":\"random-1\",\"split\":\"train\",\
                        \"real_images\":3,\"samples\":4,\"kernel\":0.25,\"recall\":0.5,\
                        \"logit_train\":1.5,\"logit_holdout\":0.0,\"logit_samples\":0.0,\"nearest_holdout\":0.0,\
                        \"nearest_holdout_expected\":0.0,\"compared\":3}\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    }

    #[test]
    fn which_steps_have_lines() {
        let lines: Vec<u64> = (1..=41).filter(|step| has_line(*step)).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40]);
    }
}
