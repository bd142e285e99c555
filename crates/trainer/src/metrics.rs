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

use crate::{error::TrainError, step::Position};

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
}

/// One line. Every field but the last is a function of the plan.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Line {
    step: u64,
    images: u64,
    kimg: f64,
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
            }),
            _ => Err(unreadable(format!("a step gave {} figures and 6 were due", values.len()))),
        }
    }
}

impl Measured {
    /// The first figure that is no finite number.
    pub(crate) fn astray(&self) -> Option<(&'static str, f32)> {
        let all = [
            ("the discriminator's loss", self.loss_discriminator),
            ("the generator's loss", self.loss_generator),
            ("the discriminator's gradient", self.gradient_norm_discriminator),
            ("the generator's gradient", self.gradient_norm_generator),
        ];
        all.into_iter().find(|(_, value)| !value.is_finite())
    }
}

/// Whether a step has a line: the first ten steps, then every tenth.
pub(crate) fn has_line(step: u64) -> bool {
    step <= 10 || step.is_multiple_of(10)
}

/// The file, open at its end.
pub(crate) struct MetricsLog {
    path: PathBuf,
    file: File,
    last: Option<(u64, Instant)>,
}

impl MetricsLog {
    /// Opens the log of a run that goes on from `images`: lines after that, and a torn one, are cut off.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(crate) fn open(path: &Path, images: u64) -> Result<Self, FileError> {
        let kept = if path.exists() { lines_until(&publish::read_file(path)?, images) } else { Vec::new() };
        publish::write_file(path, &kept)?;
        let file = OpenOptions::new().append(true).open(path).map_err(FileError::at("write", path))?;
        Ok(Self { path: path.into(), file, last: None })
    }

    /// Appends a step's line.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn append(&mut self, position: Position, measured: Measured) -> Result<(), FileError> {
        let Position { step, images } = position;
        let rate = self.last.map(|(before, at)| (images - before) as f64 / at.elapsed().as_secs_f64().max(1e-9));
        self.last = Some((images, Instant::now()));
        let line = Line { step, images, kimg: images as f64 / 1000.0, measured, images_per_second: rate };
        let written = serde_json::to_string(&line).map_err(Into::into);
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
fn lines_until(log: &[u8], images: u64) -> Vec<u8> {
    let belongs = |line: &&[u8]| {
        line.ends_with(b"\n") && serde_json::from_slice::<Line>(line).is_ok_and(|line| line.images <= images)
    };
    log.split_inclusive(|byte| *byte == b'\n').take_while(belongs).flatten().copied().collect()
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
    };

    fn write(path: &Path, from: u64, steps: std::ops::RangeInclusive<u64>) {
        let mut log = MetricsLog::open(path, from).unwrap();
        for step in steps {
            log.append(Position { step, images: step * 4 }, MEASURED).unwrap();
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
    fn astray_names_the_figure() {
        assert_eq!(MEASURED.astray(), None);
        let infinite = Measured { gradient_norm_generator: f32::INFINITY, ..MEASURED };
        assert_eq!(infinite.astray(), Some(("the generator's gradient", f32::INFINITY)));
        let nan = Measured { loss_generator: f32::NAN, ..MEASURED };
        assert_eq!(nan.astray().unwrap().0, "the generator's loss");
    }

    #[test]
    fn which_steps_have_lines() {
        let lines: Vec<u64> = (1..=41).filter(|step| has_line(*step)).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40]);
    }
}
