//! Rollbacks: bounded, told, and as exact as everything else.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
};

use burn::tensor::Device;
use contracts::{
    BestGenerator, Config, ContentHash, Layout,
    config::DeviceChoice,
    layout::RunLayout,
    publish,
    stage::{Interrupt, Progress, Silent},
};
use dataset::{Dataset, Dhash, ImageShape, Limits, Row, SplitName, Writer};
use generator::ChosenDevice;
use metrics::Metric;

use super::*;
use crate::{
    health::Divergence,
    measuring::MeasuringPlan,
    position::Position,
    ranks::{Ranks, threads},
};

const BATCH: u64 = 4;
const SIDE: u32 = 16;

/// A run of twelve steps over squares, with a checkpoint each third.
struct Trial {
    _root: tempfile::TempDir,
    run: RunLayout,
    dataset: Dataset,
    plan: Plan,
    measuring: MeasuringPlan,
    device: ChosenDevice,
}

impl Trial {
    fn new() -> Self {
        Self::on(ChosenDevice::new(DeviceChoice::Cpu).unwrap())
    }

    fn on(device: ChosenDevice) -> Self {
        Self::of(device, |_| {})
    }

    /// The same with another configuration.
    fn of(device: ChosenDevice, change: impl FnOnce(&mut Config)) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.pack.resolution = SIDE;
        config.train.recipe = "dcgan".into();
        config.train.batch_size = BATCH as usize;
        config.train.max_kimg = (12 * BATCH) as f64 / 1000.0;
        config.train.checkpoint_kimg = (3 * BATCH) as f64 / 1000.0;
        config.train.r#override =
            "latent.size = 3\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2".parse().unwrap();
        change(&mut config);
        let layout = Layout::new(root.path(), &config.paths);
        write_squares(&layout, 2 * config.train.batch_size as u8);
        let dataset = Dataset::open(&layout.dataset()).unwrap();
        let plan = Plan::new(&config, &dataset.hash(), SIDE, dataset.split(SplitName::Train).len()).unwrap();
        let measuring = MeasuringPlan::new(&config.train, &plan, device.kind).unwrap();
        Self { run: layout.run(&plan.run), dataset, plan, measuring, device, _root: root }
    }

    /// The same run, its generator measured at every second step.
    fn measured() -> Self {
        let mut trial = Self::new();
        trial.measuring = MeasuringPlan { metrics: vec![Metric::Kernel], samples: 8, interval: 2 * BATCH };
        trial
    }

    fn train(&self, detect: DetectDivergence) -> Result<TrainingResult, TrainError> {
        self.train_watched(detect, &Silent, &Interrupt::default())
    }

    fn train_watched(
        &self,
        detect: DetectDivergence,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<TrainingResult, TrainError> {
        self.lead(Ranks::ALONE, detect, progress, interrupt)
    }

    fn rank<'a>(&'a self, ranks: Ranks, interrupt: &'a Interrupt) -> RankContext<'a> {
        RankContext {
            split: self.dataset.split(SplitName::Train),
            run: &self.run,
            branch_from: None,
            ranks,
            device: &self.device.device,
            kind: self.device.kind,
            interrupt,
        }
    }

    fn lead(
        &self,
        ranks: Ranks,
        detect: DetectDivergence,
        progress: &dyn Progress,
        interrupt: &Interrupt,
    ) -> Result<TrainingResult, TrainError> {
        let context = TrainingContext {
            rank: self.rank(ranks, interrupt),
            holdout: self.dataset.split(SplitName::Holdout),
            measuring: &self.measuring,
            progress,
        };
        train_detecting(&self.plan, &context, detect)
    }

    /// Trains on so many ranks, of which the last is told to stop once it was asked so often; with 0 never. What rank 0 comes to, and
    /// the weights there.
    fn train_on(&self, size: usize, detect: DetectDivergence, stop_after: u64) -> (State, ContentHash) {
        let interrupt = Interrupt::default();
        let progress = StopAfter { images: (stop_after * BATCH).max(1).into(), interrupt: &interrupt };
        let watched: &dyn Progress = if stop_after > 0 { &progress } else { &Silent };
        let reached = threads::run(size, |ranks| {
            let none = Interrupt::default();
            if ranks.rank() == 0 {
                // Where it trains alone, it is its own last.
                let result = self.lead(ranks, detect, watched, if size == 1 { &interrupt } else { &none }).unwrap();
                return Some((result.state, weights(&result)));
            }
            let interrupt = if ranks.rank() + 1 == size { &interrupt } else { &none };
            follow(&self.plan, self.rank(ranks, interrupt)).unwrap();
            None
        });
        reached.into_iter().flatten().next().unwrap()
    }

    /// What the folder says of the best generator.
    fn best(&self) -> Option<BestGenerator> {
        let best = BestGenerator::read(&self.run).unwrap();
        let weights = self.run.best_generator();
        assert_eq!(weights.exists(), best.is_some());
        best.inspect(|best| assert_eq!(ContentHash::of_file(&weights).unwrap(), best.generator))
    }

    /// The metrics but for their rates.
    fn lines(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.run.metrics()).unwrap();
        let without_rate = |line: &str| {
            let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
            line.as_object_mut().unwrap().remove("images_per_second");
            line
        };
        text.lines().map(without_rate).collect()
    }
}

/// Interrupts a run once it has gone on by so many images.
struct StopAfter<'a> {
    images: AtomicU64,
    interrupt: &'a Interrupt,
}

impl Progress for StopAfter<'_> {
    fn begin(&self, _what: &str, _total: u64) {}

    fn advance(&self, count: u64) {
        let left = self.images.load(Ordering::Relaxed).saturating_sub(count);
        self.images.store(left, Ordering::Relaxed);
        if left == 0 {
            self.interrupt.raise();
        }
    }

    fn note(&self, _text: &str) {}
}

fn weights(result: &TrainingResult) -> ContentHash {
    ContentHash::of(&result.reached.networks.average.generator().to_safetensors().unwrap())
}

fn write_squares(layout: &Layout, rows: u8) {
    let shape = ImageShape::new(SIDE);
    publish::publish_folder::<dataset::DatasetError>(&layout.dataset(), |folder| {
        let mut writer = Writer::create(folder, shape, Limits::default())?;
        for number in 0..=rows {
            let split = if number == rows { SplitName::Holdout } else { SplitName::Train };
            let row = Row {
                path: format!("{number}.png"),
                label: None,
                face: None,
                picture: ContentHash::of(&[number]),
                post: None,
                source_url: None,
                rating: None,
                tags: Vec::new(),
                pixel_box: None,
                angle: None,
                score: None,
                dhash: Dhash(number.into()),
            };
            let pixels: Vec<u8> = (0..shape.values()).map(|at| (at as u8).wrapping_mul(number + 1)).collect();
            writer.push(split, &row, &shape.encode(&pixels)?)?;
        }
        writer.finish()?;
        Ok(())
    })
    .unwrap();
}

const DIVERGENCE: Divergence = Divergence::NotFinite { metric: "loss_generator", value: f32::NAN };

#[test]
fn images_come_by_their_position_however_they_are_asked_for() {
    let trial = Trial::new();
    let split = trial.dataset.split(SplitName::Train);
    let order = dataset::EpochOrder::new(7, split.len());
    let plan = Plan { seed: 7, ..trial.plan.clone() };
    let batches = Batches::new(&plan, split, &Device::flex(), Ranks::ALONE);
    // Onward, past the end of an epoch, back as after a rollback, and in other portions.
    for (shown, count) in [(0, 4), (4, 4), (8, 4), (8, 4), (split.len() as u64 - 2, 4), (0, 4), (4, 2), (6, 2), (6, 4)]
    {
        let rows: Vec<usize> = (shown..shown + count as u64).map(|position| order.row(position)).collect();
        let mut expected = vec![0.0; count * split.shape().values()];
        split.copy_chw_f32(&rows, &mut expected).unwrap();
        let found = batches.batch(shown, count).unwrap();
        assert_eq!(found.images.into_data().try_to_vec::<f32>().unwrap(), expected, "{count} after {shown}");
    }
}

#[test]
fn a_rollback_goes_back_to_the_last_good_checkpoint_with_other_numbers() {
    let sound = Trial::new();
    let sound = (sound.train(|_, _, _| None).unwrap(), sound.lines());
    let trial = Trial::new();
    let once: DetectDivergence = |_, _, position| (position.attempt == 0 && position.step >= 8).then_some(DIVERGENCE);
    let result = trial.train(once).unwrap();
    assert_eq!(result.state, State::Complete);
    assert_eq!(result.reached.position, Position { step: 12, images: 12 * BATCH, attempt: 1 });
    assert_eq!(result.warnings.len(), 1, "{:?}", result.warnings);
    for part in ["after 32 images loss_generator is NaN", "back to 24 images", "half the learning rate"] {
        assert!(result.warnings[0].contains(part), "{}", result.warnings[0]);
    }
    let lines = trial.lines();
    assert_eq!(lines[..6], sound.1[..6], "what was sound stays");
    assert_eq!(lines[6]["attempt"], 1);
    assert_ne!(lines[6]["loss_generator"], sound.1[6]["loss_generator"], "other latents");
    assert_ne!(weights(&result), weights(&sound.0));
}

#[test]
fn a_run_with_a_rollback_is_exact_wherever_it_is_interrupted() {
    let whole = Trial::measured();
    // A divergence before the first checkpoint, and twice after another.
    let detect: DetectDivergence = |_, _, Position { step, attempt, .. }| {
        matches!((step, attempt), (2, 0) | (7, 1) | (8, 2)).then_some(DIVERGENCE)
    };
    let expected = whole.train(detect).unwrap();
    assert_eq!(expected.reached.position.attempt, 3);
    let best = whole.best();
    assert_eq!(best, expected.reached.best.as_ref().map(|best| best.record.clone()));
    let halting = Trial::measured();
    for images in (1..).map(|halt| halt * 4 * BATCH) {
        let interrupt = Interrupt::default();
        let progress = StopAfter { images: images.into(), interrupt: &interrupt };
        let result = halting.train_watched(detect, &progress, &interrupt).unwrap();
        if result.state == State::Complete {
            assert_eq!(weights(&result), weights(&expected));
            break;
        }
    }
    assert_eq!(halting.lines(), whole.lines());
    assert_eq!(halting.best(), best);
}

#[test]
fn a_rollback_takes_the_best_generator_back() {
    // Measured at step 8 only, which is after the checkpoint of step 6.
    let trial = || {
        let mut trial = Trial::measured();
        trial.measuring.interval = 8 * BATCH;
        trial
    };
    let sound = trial();
    sound.train(|_, _, _| None).unwrap();
    assert_eq!(sound.best().unwrap().images, 8 * BATCH);

    // From step 9 back to 6 with the first numbers, and with the others not so far that anything is measured again.
    let trial = trial();
    let diverged = trial
        .train(|_, _, Position { step, attempt, .. }| (step >= if attempt == 0 { 9 } else { 7 }).then_some(DIVERGENCE));
    assert!(matches!(diverged, Err(TrainError::Diverged { rollbacks: 3, .. })));
    assert_eq!(trial.best(), None);
}

#[test]
fn weights_do_not_depend_on_what_is_measured() {
    let [plain, measured] = [Trial::new(), Trial::measured()];
    let [without, with] = [&plain, &measured].map(|trial| weights(&trial.train(|_, _, _| None).unwrap()));
    assert_eq!(without, with);
    assert_eq!(plain.best(), None);
    let steps =
        |trial: &Trial| trial.lines().into_iter().filter(|line| line.get("kernel").is_none()).collect::<Vec<_>>();
    assert_eq!(steps(&plain), steps(&measured));
    assert_eq!(measured.lines().len() - plain.lines().len(), 6);
}

#[test]
fn a_run_that_keeps_diverging_is_given_up() {
    let trial = Trial::new();
    let always: DetectDivergence = |_, _, position| (position.step >= 7).then_some(DIVERGENCE);
    let Err(error) = trial.train(always) else { panic!("it went on") };
    let text = error.to_string();
    let checkpoint = trial.run.checkpoint(6 * BATCH).display().to_string();
    for part in ["loss_generator is NaN after 28 images", "rolled back 3 times", checkpoint.as_str(), "learning rate"] {
        assert!(text.contains(part), "{text} does not say {part}");
    }
}

/// A run in eight parts, of which some are drawn for, penalized and judged.
fn in_parts(recipe: &str, overrides: &str) -> Trial {
    let mut trial = Trial::of(ChosenDevice::new(DeviceChoice::Cpu).unwrap(), |config| {
        let narrow = "latent.size = 3\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2\n";
        config.train.r#override = format!("{narrow}{overrides}").parse().unwrap();
        config.train.recipe = recipe.into();
        (config.train.batch_size, config.train.accumulate) = (16, 8);
        config.train.max_kimg = 6.0 * 0.016;
        config.train.checkpoint_kimg = 3.0 * 0.016;
    });
    trial.measuring = MeasuringPlan { metrics: vec![Metric::Kernel], samples: 8, interval: 32 };
    trial
}

#[test]
fn any_number_of_ranks_comes_to_the_same_bits() {
    let controlled = "augmentation = { flip = true, color = true, translation = 0.125, cutout = 0.5, target = 0.1, \
                      adjust_kimg = 0.2 }\nregularization = { r1 = 1.0, every = 2 }\n\
                      phases = [{ update = \"discriminator\", times = 2 }, { update = \"generator\", times = 1 }]";
    for (recipe, overrides) in [("modern", ""), ("dcgan", controlled)] {
        // Two rollbacks, one of them to the beginning.
        let detect: DetectDivergence =
            |_, _, Position { step, attempt, .. }| matches!((step, attempt), (1, 0) | (5, 1)).then_some(DIVERGENCE);
        let alone = in_parts(recipe, overrides);
        let expected = alone.train_on(1, detect, 0);
        assert_eq!(expected.0, State::Complete);
        for size in [2, 4, 8] {
            let trial = in_parts(recipe, overrides);
            assert_eq!(trial.train_on(size, detect, 0), expected, "{recipe} on {size} ranks");
            assert_eq!(trial.lines(), alone.lines(), "{recipe} on {size} ranks");
            assert_eq!(trial.best(), alone.best());
        }
    }
}

#[test]
fn a_run_goes_on_with_any_other_number_of_ranks_wherever_one_of_them_is_told_to_stop() {
    let whole = in_parts("dcgan", "");
    let expected = whole.train_on(1, |_, _, _| None, 0);
    let halting = in_parts("dcgan", "");
    for size in [4, 2, 8, 1].iter().cycle() {
        let reached = halting.train_on(*size, |_, _, _| None, 8);
        if reached.0 == State::Complete {
            assert_eq!(reached, expected);
            break;
        }
    }
    assert_eq!(halting.lines(), whole.lines());
}

/// Each GPU that is built in and there, a software one where `CUBECL_WGPU_DEFAULT_DEVICE=Cpu` asks for it by name.
#[cfg(any(feature = "gpu", feature = "cuda"))]
#[test]
fn a_gpu_takes_the_steps_of_the_cpu() {
    let on_cpu = Trial::new();
    on_cpu.train(|_, _, _| None).unwrap();
    let mut compared = 0;
    for choice in [DeviceChoice::Gpu(0), DeviceChoice::Cuda(0)] {
        let device = match ChosenDevice::new(choice) {
            Ok(device) => device,
            Err(error) => {
                contracts::tell!("skipped: {error}");
                continue;
            }
        };
        let trial = Trial::on(device);
        trial.train(|_, _, _| None).unwrap();
        let steps = on_cpu.lines().into_iter().zip(trial.lines()).take(3);
        for (step, (expected, found)) in steps.enumerate() {
            for metric in ["loss_discriminator", "loss_generator"] {
                let [expected, found] = [&expected, &found].map(|line| line[metric].as_f64().unwrap());
                contracts::tell!("{choice}, step {}, {metric}: {found}, on the CPU {expected}", step + 1);
                assert!((found - expected).abs() <= 1e-3, "{choice}, step {}, {metric}", step + 1);
                compared += 1;
            }
        }
    }
    contracts::tell!("{compared} losses compared");
}
