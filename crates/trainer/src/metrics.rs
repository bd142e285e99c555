//! `metrics.jsonl`: what a step measured, a JSON object a line.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use burn::tensor::Tensor;
use contracts::publish::{self, FileError};
use serde::{Deserialize, Serialize};

use crate::{error::TrainError, health::Health, step::Position};

/// A step's figures while they are still on the device: each a tensor `[1]`, absent where nothing was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// L_D.
    pub(crate) discriminator_loss: Option<Tensor<1>>,
    /// L_G.
    pub(crate) generator_loss: Option<Tensor<1>>,
    /// The mean D(x).
    pub(crate) real_score: Option<Tensor<1>>,
    /// The mean D(G(z)).
    pub(crate) fake_score: Option<Tensor<1>>,
    /// ‖∇L_D‖.
    pub(crate) discriminator_gradient: Option<Tensor<1>>,
    /// ‖∇L_G‖.
    pub(crate) generator_gradient: Option<Tensor<1>>,
}

/// A figure over the parts of a batch.
#[derive(Default)]
pub(crate) struct Mean {
    sum: Option<Tensor<1>>,
    parts: u32,
}

impl Mean {
    /// Adds a part's.
    pub(crate) fn add(&mut self, figure: Tensor<1>) {
        self.parts += 1;
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + figure,
            None => figure,
        });
    }

    /// The batch's.
    pub(crate) fn finish(self) -> Option<Tensor<1>> {
        let parts = self.parts;
        self.sum.map(|sum| if parts > 1 { sum.div_scalar(parts) } else { sum })
    }
}

/// A step's figures, read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// L_D.
    pub(crate) loss_discriminator: f32,
    /// L_G.
    pub(crate) loss_generator: f32,
    /// The mean D(x).
    pub(crate) score_real: f32,
    /// The mean D(G(z)) before the generator's update.
    pub(crate) score_fake: f32,
    /// ‖∇L_D‖.
    pub(crate) gradient_norm_discriminator: f32,
    /// ‖∇L_G‖.
    pub(crate) gradient_norm_generator: f32,
    /// How different generated pictures are from one another, 1 being as different as real ones; not in every line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) diversity: Option<f32>,
}

/// One line. Every field but the last is a function of the plan.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Line {
    step: u64,
    images: u64,
    kimg: f64,
    /// How often the run had been rolled back.
    #[serde(default, skip_serializing_if = "is_zero")]
    attempt: u16,
    #[serde(flatten)]
    measured: Measured,
    /// Since the line before it in the same process; null in a process's first.
    images_per_second: Option<f64>,
}

impl Figures {
    /// Waits for the device and reads them all at once.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn read(self) -> Result<Measured, TrainError> {
        let all = [
            self.discriminator_loss,
            self.generator_loss,
            self.real_score,
            self.fake_score,
            self.discriminator_gradient,
            self.generator_gradient,
        ];
        let all: Vec<Tensor<1>> = all.into_iter().flatten().collect();
        let unreadable = |reason: String| TrainError::Readback { what: "the losses", reason };
        let data = Tensor::cat(all, 0).try_into_data().map_err(|error| unreadable(error.to_string()))?;
        let values = data.convert::<f32>().try_to_vec::<f32>().map_err(|error| unreadable(format!("{error:?}")))?;
        match values[..] {
            [
                loss_discriminator,
                loss_generator,
                score_real,
                score_fake,
                gradient_norm_discriminator,
                gradient_norm_generator,
            ] => Ok(Measured {
                loss_discriminator,
                loss_generator,
                score_real,
                score_fake,
                gradient_norm_discriminator,
                gradient_norm_generator,
                diversity: None,
            }),
            _ => Err(unreadable(format!("a step gave {} figures and 6 were due", values.len()))),
        }
    }
}

impl Measured {
    /// All figures by their names in `metrics.jsonl`.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, f32)> {
        let all = [
            ("loss_discriminator", self.loss_discriminator),
            ("loss_generator", self.loss_generator),
            ("score_real", self.score_real),
            ("score_fake", self.score_fake),
            ("gradient_norm_discriminator", self.gradient_norm_discriminator),
            ("gradient_norm_generator", self.gradient_norm_generator),
        ];
        all.into_iter().chain(self.diversity.map(|diversity| ("diversity", diversity)))
    }
}

/// Whether a step has a line: the first ten steps, then every tenth.
pub(crate) fn has_line(step: u64) -> bool {
    step <= 10 || step.is_multiple_of(10)
}

/// Whether a step's line tells the diversity.
pub(crate) fn has_diversity(step: u64) -> bool {
    step.is_multiple_of(100)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(attempt: &u16) -> bool {
    *attempt == 0
}

/// The file, open at its end.
pub(crate) struct MetricsLog {
    path: PathBuf,
    file: File,
    last: Option<(u64, Instant)>,
    /// What the lines so far say about the run.
    health: Health,
}

impl MetricsLog {
    /// Opens the log of a run that goes on from `images`: lines after that, and a torn one, are cut off.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(crate) fn open(path: &Path, images: u64) -> Result<Self, FileError> {
        let before = if path.exists() { publish::read_file(path)? } else { Vec::new() };
        let (text, lines): (Vec<&[u8]>, Vec<Line>) = lines_until(&before, images).into_iter().unzip();
        publish::write_file(path, &text.concat())?;
        let file = OpenOptions::new().append(true).open(path).map_err(FileError::at("write", path))?;
        let mut health = Health::default();
        lines.iter().for_each(|line| health.take(&line.measured));
        Ok(Self { path: path.into(), file, last: None, health })
    }

    /// What the lines so far say about the run.
    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// Appends a step's line and returns the images shown a second since the line before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn append(&mut self, position: Position, measured: Measured) -> Result<Option<f64>, FileError> {
        let Position { step, images, attempt } = position;
        let rate = self.last.map(|(before, at)| (images - before) as f64 / at.elapsed().as_secs_f64().max(1e-9));
        self.last = Some((images, Instant::now()));
        self.health.take(&measured);
        let line = Line { step, images, kimg: images as f64 / 1000.0, attempt, measured, images_per_second: rate };
        let written = serde_json::to_string(&line).map_err(Into::into);
        // One write a line, so that a killed process tears one line at most.
        let written = written.and_then(|json| self.file.write_all((json + "\n").as_bytes()));
        written.map_err(FileError::at("write", &self.path))?;
        Ok(rate)
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

    use super::*;

    const MEASURED: Measured = Measured {
        loss_discriminator: 1.25,
        loss_generator: 0.5,
        score_real: 0.75,
        score_fake: 0.25,
        gradient_norm_discriminator: 3.0,
        gradient_norm_generator: 2.0,
        diversity: None,
    };

    fn write(path: &Path, from: u64, steps: std::ops::RangeInclusive<u64>) {
        let mut log = MetricsLog::open(path, from).unwrap();
        for step in steps {
            log.append(Position { step, images: step * 4, attempt: 0 }, MEASURED).unwrap();
        }
    }

    fn steps(path: &Path) -> Vec<u64> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str::<Line>(line).unwrap().step).collect()
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
        log.append(Position { step: 1, images: 4, attempt: 0 }, MEASURED).unwrap();
        log.append(Position { step: 2, images: 8, attempt: 2 }, Measured { diversity: Some(0.5), ..MEASURED }).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let (first, second) = text.split_once('\n').unwrap();
        assert!(!first.contains("attempt") && !first.contains("diversity"), "{first}");
        assert!(second.contains("\"attempt\":2") && second.contains("\"diversity\":0.5"), "{second}");
    }

    #[test]
    fn a_mean_is_over_parts() {
        let mean = |parts: &[f32]| {
            let mut mean = Mean::default();
            parts.iter().for_each(|part| mean.add(Tensor::from_floats([*part], &burn::tensor::Device::flex())));
            mean.finish().map(|mean| mean.into_scalar::<f32>())
        };
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[0.3]), Some(0.3));
        assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
    }

    #[test]
    fn which_steps_have_lines() {
        let lines: Vec<u64> = (1..=41).filter(|step| has_line(*step)).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40]);
    }
}
