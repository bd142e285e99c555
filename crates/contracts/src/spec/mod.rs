//! What a stage declares of itself to those who build, run and judge it: [`STAGES`] has a row a stage.

mod input;
mod keys;
mod stages;

use std::path::PathBuf;

pub use input::{Input, Source};
pub use stages::STAGES;

use crate::{
    config::{Config, DeviceChoice},
    layout::{Layout, RunLayout},
    options::OptionsParser,
    stage_id::StageId,
};

/// A stage, as it is seen from outside.
#[derive(Clone, Copy, Debug)]
pub struct StageSpec {
    /// The name that it goes by everywhere.
    pub id: StageId,
    /// What its command does, as a help text says it.
    pub about: &'static str,
    /// The crate that it lives in.
    pub package: &'static str,
    /// The program that runs it.
    pub binary: &'static str,
    /// What a configuration wants built into the program.
    pub feature: fn(&Config) -> Option<Feature>,
    /// What the program can be asked beside the configuration.
    pub options: OptionsParser,
    /// The sections of the configuration that have a say in the output; "" stands for the keys above all sections.
    pub sections: fn(&Config) -> &'static [&'static str],
    /// Everything that it reads, for a configuration.
    pub inputs: fn(&Config) -> Vec<Input>,
    /// What identifies what it makes.
    pub output: Output,
    /// What it takes, as its summary counts them: "pictures".
    pub takes: &'static str,
    /// What it keeps of these: "faces".
    pub keeps: &'static str,
    /// What becomes of its output when only its code has changed.
    pub new_code: NewCode,
}

/// Something that not every machine has, and that a program is built with only where it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feature {
    /// OpenCV's detector and decoders.
    OpenCv,
    /// What computes on this device.
    Device(DeviceChoice),
    /// What several processes exchange through MPI; they compute on CPUs.
    Ranks,
}

/// What identifies a stage's output.
#[derive(Clone, Copy, Debug)]
pub enum Output {
    /// The records of a manifest.
    Manifest(fn(&Layout) -> PathBuf),
    /// The content of a file.
    File(fn(&Layout) -> PathBuf),
    /// The content of a file of the training run that the configuration and the dataset name.
    RunFile(fn(&RunLayout) -> PathBuf),
}

/// What becomes of a stage's output when nothing but its code has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewCode {
    /// It is made again with the new code.
    Remake,
    /// It is kept until the user wants it made again: that takes days.
    Keep,
}

impl StageId {
    /// What the stage declares of itself.
    pub fn spec(self) -> &'static StageSpec {
        // The order is the same: a test holds it so.
        &STAGES[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_its_own_row() {
        for (id, spec) in StageId::ALL.into_iter().zip(&STAGES) {
            assert_eq!((spec.id, id.spec().id), (id, id));
        }
    }

    #[test]
    fn a_stage_reads_only_what_runs_before_it() {
        for spec in &STAGES {
            for input in (spec.inputs)(&Config::default()) {
                if let Source::Stage(before) = input.source {
                    assert!(before < spec.id, "{} reads {before}", spec.id);
                }
            }
        }
    }
}
