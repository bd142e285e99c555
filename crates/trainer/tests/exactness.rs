//! A run is a function of its plan: however often it stops, and wherever, it ends with the same bytes.
#![allow(clippy::unwrap_used)]

mod tiny;

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use contracts::{
    BestGenerator,
    config::Resume,
    report::State,
    stage::{Interrupt, Progress},
};
use tiny::{BATCH, Workshop, kimg};
use trainer::TrainError;

/// Interrupts a run once it has shown so many images.
struct StopAfter<'a> {
    images: AtomicU64,
    interrupt: &'a Interrupt,
}

impl Progress for StopAfter<'_> {
    fn begin(&self, _what: &str, _total: u64) {
        self.advance(0);
    }

    fn advance(&self, count: u64) {
        let left = self.images.load(Ordering::Relaxed).saturating_sub(count);
        self.images.store(left, Ordering::Relaxed);
        if left == 0 {
            self.interrupt.raise();
        }
    }

    fn note(&self, _text: &str) {}
}

fn stop_after(workshop: &Workshop, steps: u64) -> contracts::Report {
    let interrupt = Interrupt::default();
    let progress = StopAfter { images: (steps * BATCH).into(), interrupt: &interrupt };
    workshop.train_watched(&progress, &interrupt).unwrap()
}

#[test]
fn one_seed_gives_one_result_and_another_seed_another() {
    let (first, second) = (Workshop::new(8), Workshop::new(8));
    let report = first.train().unwrap();
    second.train().unwrap();
    assert_eq!(first.result(), second.result());
    assert_eq!(report.output, Some(first.result().generator));

    let mut third = Workshop::new(8);
    third.config.general.seed += 1;
    third.train().unwrap();
    assert_ne!(third.result().generator, first.result().generator);
    assert_ne!(third.run_folder(), first.run_folder());
}

#[test]
fn a_run_interrupted_anywhere_ends_as_the_one_never_stopped() {
    let whole = Workshop::new(8);
    whole.train().unwrap();
    for steps in 0..8 {
        let stopped = Workshop::new(8);
        let report = stop_after(&stopped, steps);
        assert_eq!(report.state, State::Interrupted);
        assert_eq!(report.figures["steps"], steps as f64);
        assert!(!stopped.run_folder().generator().exists(), "an unfinished run hands nothing on");
        assert_eq!(stopped.train().unwrap().state, State::Complete);
        assert_eq!(stopped.result(), whole.result(), "stopped after {steps} steps");
    }
}

#[test]
fn a_run_interrupted_at_every_step_ends_as_the_one_never_stopped() {
    let (whole, halting) = (Workshop::new(8).measured(), Workshop::new(8).measured());
    whole.train().unwrap();
    for steps in 1..8 {
        assert_eq!(stop_after(&halting, steps).state, State::Interrupted);
    }
    halting.train().unwrap();
    assert_eq!(halting.result(), whole.result());
}

/// Its discriminator's singular vectors are state beside the weights.
#[test]
fn a_run_under_spectral_normalization_is_resumed_exactly() {
    let bounded = || {
        let mut workshop = Workshop::new(6);
        workshop.config.train.r#override =
            "latent.size = 3\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2\n\
                                            discriminator.norm = \"spectral\"\nregularization.r1 = 1.0"
                .parse()
                .unwrap();
        workshop
    };
    let (whole, stopped) = (bounded(), bounded());
    whole.train().unwrap();
    assert_eq!(stop_after(&stopped, 3).state, State::Interrupted);
    stopped.train().unwrap();
    assert_eq!(stopped.result(), whole.result());
}

#[test]
fn a_limit_raised_later_gives_what_it_had_given_from_the_start() {
    let whole = Workshop::new(14).measured();
    whole.train().unwrap();
    let raised = Workshop::new(5).measured();
    raised.train().unwrap();
    let raised = raised.lasting(14);
    raised.train().unwrap();
    // The shorter run's last grid is one more than the longer one's.
    let (raised, whole) = (raised.result(), whole.result());
    assert_eq!((raised.generator, raised.metrics, raised.best), (whole.generator, whole.metrics, whole.best));
}

#[test]
fn how_often_it_is_saved_and_sampled_changes_nothing() {
    let (often, seldom) = (Workshop::new(8), {
        let mut workshop = Workshop::new(8);
        workshop.config.train.checkpoint_kimg = 1000.0;
        workshop.config.train.sample_kimg = 1000.0;
        workshop
    });
    often.train().unwrap();
    seldom.train().unwrap();
    assert_eq!(often.run_folder().root().file_name(), seldom.run_folder().root().file_name());
    assert_eq!(often.result().generator, seldom.result().generator);
    assert_eq!(often.result().metrics, seldom.result().metrics);
}

#[test]
fn what_is_measured_changes_nothing_but_what_is_said() {
    let (plain, measured) = (Workshop::new(8), Workshop::new(8).measured());
    plain.train().unwrap();
    let report = measured.train().unwrap();
    assert_eq!(plain.run_folder().root().file_name(), measured.run_folder().root().file_name());
    let (plain, run, measured) = (plain.result(), measured.run_folder(), measured.result());
    assert_eq!((plain.generator, plain.samples), (measured.generator, measured.samples));
    let (lines, of_steps): (Vec<_>, Vec<_>) =
        measured.metrics.into_iter().partition(|line| line["network"] == "random-1");
    assert_eq!(of_steps, plain.metrics);

    // Eleven rows, one of them kept out, which is too few to measure by.
    let images: Vec<u64> = lines.iter().map(|line| line["images"].as_u64().unwrap()).collect();
    assert_eq!(images, [2, 4, 6, 8].map(|step| step * BATCH));
    for line in &lines {
        assert_eq!((&line["split"], &line["real_images"], &line["samples"]), (&"train".into(), &8.into(), &8.into()));
        assert!(line["kernel"].is_f64() && line["precision"].is_number(), "{line}");
    }
    let best = measured.best.unwrap();
    let least = lines.iter().min_by(|a, b| a["kernel"].as_f64().unwrap().total_cmp(&b["kernel"].as_f64().unwrap()));
    assert_eq!(least.unwrap()["images"], best.images);
    assert_eq!((best.method.metric.as_str(), report.figures["best_kernel"] as f32), ("kernel", best.value));
    let provenance: serde_json::Value = serde_json::from_slice(&fs::read(run.provenance()).unwrap()).unwrap();
    assert_eq!(serde_json::from_value::<BestGenerator>(provenance["best"].clone()).unwrap(), best);
    let weights = fs::read(run.best_generator()).unwrap();
    gan::Generator::from_safetensors(&weights, &burn::tensor::Device::flex()).unwrap();
}

#[test]
fn a_run_that_was_never_measured_can_be_from_now_on() {
    let plain = Workshop::new(4);
    plain.train().unwrap();
    assert_eq!(plain.result().best, None);
    let measured = plain.lasting(8).measured();
    measured.train().unwrap();
    let whole = Workshop::new(8);
    whole.train().unwrap();
    assert_eq!(measured.result().generator, whole.result().generator);
    assert!(measured.result().best.is_some_and(|best| best.images > 4 * BATCH));
}

#[test]
fn a_finished_run_asked_again_takes_no_step() {
    let workshop = Workshop::new(5);
    workshop.train().unwrap();
    let before = workshop.result();
    let report = workshop.train().unwrap();
    assert_eq!(report.state, State::Complete);
    assert!(!report.figures.contains_key("images_per_second"), "it trained: {report:?}");
    assert_eq!(workshop.result(), before);
}

#[test]
fn starting_anew_leaves_nothing_of_the_old_run() {
    let mut workshop = Workshop::new(9).measured();
    workshop.train().unwrap();
    let before = workshop.result();
    workshop.config.train.resume = Resume::Never;
    workshop.train().unwrap();
    assert_eq!(workshop.result(), before);
    let mut shorter = workshop.lasting(2);
    shorter.config.train.metrics.clear();
    shorter.train().unwrap();
    assert_eq!((shorter.result().metrics.len(), shorter.result().best), (2, None));
    assert_eq!(shorter.checkpoints(), [format!("{:010}", 2 * BATCH)]);
}

#[test]
fn the_last_three_checkpoints_are_kept() {
    let workshop = Workshop::new(14);
    workshop.train().unwrap();
    let expected = [9, 12, 14].map(|step: u64| format!("{:010}", step * BATCH));
    assert_eq!(workshop.checkpoints(), expected);
}

#[test]
fn a_damaged_checkpoint_is_passed_over_with_a_warning() {
    let whole = Workshop::new(10).measured();
    whole.train().unwrap();
    let names = tiny::files(whole.run_folder().checkpoint(9 * BATCH))
        .into_iter()
        .map(|path| path.file_name().unwrap().to_owned());
    for name in names {
        let damaged = Workshop::new(9).measured();
        damaged.train().unwrap();
        let path = damaged.run_folder().checkpoint(9 * BATCH).join(&name);
        let mut content = fs::read(&path).unwrap();
        let middle = content.len() / 2;
        content[middle] ^= 0x10;
        fs::write(&path, content).unwrap();
        let damaged = damaged.lasting(10);
        let report = damaged.train().unwrap();
        assert_eq!(report.warnings.len(), 1, "{name:?}: {:?}", report.warnings);
        assert!(report.warnings[0].contains("passed over the checkpoint at"), "{}", report.warnings[0]);
        let (damaged, whole) = (damaged.result(), whole.result());
        assert_eq!((damaged.generator, damaged.metrics), (whole.generator, whole.metrics), "{name:?}");
    }
}

#[test]
fn no_digit_of_a_checkpoint_s_state_can_change_unnoticed() {
    let workshop = Workshop::new(3);
    workshop.train().unwrap();
    let before = workshop.result();
    let path = workshop.run_folder().checkpoint(3 * BATCH).join("state.json");
    let whole = fs::read(&path).unwrap();
    for index in (0..whole.len()).filter(|index| whole[*index].is_ascii_digit()).step_by(37) {
        let mut changed = whole.clone();
        changed[index] ^= 1;
        fs::write(&path, changed).unwrap();
        assert_eq!(workshop.train().unwrap().warnings.len(), 1, "byte {index}");
        assert_eq!(workshop.result(), before);
    }
}

#[test]
fn a_checkpoint_cut_short_or_emptied_is_passed_over() {
    let whole = Workshop::new(6);
    whole.train().unwrap();
    let spoil: [fn(&std::path::Path); 3] = [
        |folder| fs::remove_file(folder.join("state.json")).unwrap(),
        |folder| fs::write(folder.join("average.bpk"), b"").unwrap(),
        |folder| fs::remove_file(folder.join("generator-optimizer.bpk")).unwrap(),
    ];
    for spoil in spoil {
        let spoilt = Workshop::new(6);
        spoilt.train().unwrap();
        for step in [3, 6] {
            spoil(&spoilt.run_folder().checkpoint(step * BATCH));
        }
        assert_eq!(spoilt.train().unwrap().warnings.len(), 2);
        assert_eq!(spoilt.result(), whole.result());
    }
}

#[test]
fn a_checkpoint_of_another_identity_is_refused() {
    let (workshop, mut other) = (Workshop::new(3), Workshop::new(3));
    other.config.general.seed += 1;
    other.train().unwrap();
    let (from, to) = (other.run_folder().checkpoints(), workshop.run_folder().checkpoints());
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::rename(from, to).unwrap();
    let error = workshop.train().unwrap_err();
    assert!(matches!(error, TrainError::ForeignCheckpoint { .. }), "{error}");
    for part in ["seed was 20170113 and is 20170112", "train.resume"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn an_interruption_looks_at_its_last_step_before_keeping_it() {
    // Step 11 has no line, so that only the end reads its metrics.
    let mut workshop = Workshop::new(20);
    workshop.config.train.checkpoint_kimg = kimg(1000);
    let report = stop_after(&workshop, 11);
    let text = fs::read_to_string(workshop.run_folder().metrics()).unwrap();
    let tenth: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((tenth["step"].as_u64(), report.figures["steps"]), (Some(10), 11.0));
    let read = |name: &str| (tenth[name].as_f64().unwrap() as f32, report.figures[name] as f32);
    assert_ne!(read("loss_generator").0, read("loss_generator").1);
}

#[test]
fn a_divergence_stops_the_run_before_they_are_kept() {
    let mut workshop = Workshop::new(40);
    let wild = "latent.size = 3\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2\n\
                generator.optimizer.learning_rate = 1e30\ndiscriminator.optimizer.learning_rate = 1e30";
    workshop.config.train.r#override = wild.parse().unwrap();
    workshop.config.train.checkpoint_kimg = kimg(1);
    let error = workshop.train().unwrap_err();
    let TrainError::Diverged { images, rollbacks, .. } = error else { panic!("{error}") };
    assert_eq!(rollbacks, 3);
    assert!(error.to_string().contains("learning rate"), "{error}");
    let newest = workshop.run_folder().checkpoints();
    let kept = if newest.exists() { tiny::files(newest) } else { Vec::new() };
    let too_late = format!("{images:010}");
    assert!(kept.iter().all(|path| path.file_name().unwrap().to_str().unwrap() < too_late.as_str()), "{kept:?}");
}

#[test]
fn phases_schedules_clipping_and_parts_are_as_exact_as_the_rest() {
    let workshop = |steps| {
        let mut workshop = Workshop::new(steps);
        workshop.config.train.accumulate = 2;
        let overrides = "latent.size = 3\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2\n\
             phases = [{ update = \"discriminator\", times = 1 }, { update = \"generator\", times = 1 }, \
             { update = \"discriminator\", times = 2, every = 3 }]\n\
             generator.optimizer = { clip_norm = 0.5, schedule.warm_up_kimg = 0.02, schedule.decay = \"cosine\", \
             schedule.decay_start_kimg = 0.02, schedule.decay_end_kimg = 0.06, schedule.final_share = 0.1 }";
        workshop.config.train.r#override = overrides.parse().unwrap();
        workshop
    };
    let (whole, halting) = (workshop(16), workshop(16));
    whole.train().unwrap();
    // The first, fourth, … step shows three batches.
    let lines = whole.result().metrics;
    let images: Vec<u64> = lines.iter().map(|line| line["images"].as_u64().unwrap() / BATCH).collect();
    assert_eq!(images, [3, 4, 5, 8, 9, 10, 13, 14, 15, 18]);
    let mut steps = 2;
    while stop_after(&halting, steps).state == State::Interrupted {
        steps += 3;
    }
    assert_eq!(halting.result(), whole.result());
    let mut plain = workshop(16);
    plain.config.train.r#override["generator"].as_table_mut().unwrap().remove("optimizer").unwrap();
    plain.train().unwrap();
    assert_ne!(plain.result().generator, whole.result().generator);
}

/// Each with random draws of its own, or with a schedule that must not lose its place.
#[test]
fn every_recipe_is_exact_wherever_it_is_interrupted() {
    let narrow = "latent.size = 3\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2\n";
    let residual = "generator.family = \"resnet\"\ngenerator.kernel = 3\ndiscriminator.family = \"resnet\"\n\
                    discriminator.kernel = 3\ndiscriminator.minibatch_group = 4\n";
    for (recipe, overrides) in [
        (
            "modern",
            "augmentation = { flip = true, color = true, translation = 0.125, cutout = 0.5, probability = 0.5 }",
        ),
        ("dcgan", "objective.name = \"hinge\"\nregularization = { r1 = 1.0, r2 = 0.5, every = 3 }"),
        ("dcgan", "objective.name = \"wasserstein\"\nregularization.gradient_penalty = 10.0"),
        ("dcgan", &format!("objective.name = \"relativistic\"\n{residual}regularization = {{ r1 = 1.0, r2 = 1.0 }}")),
        ("modern", "discriminator.frozen_layers = 1"),
        ("dcgan", "augmentation = { color = true, translation = 0.25, target = 0.5, adjust_kimg = 0.02 }"),
        ("dcgan-tutorial", "objective.name = \"least-squares\""),
        ("gan-2014", ""),
        ("f-gan", ""),
        ("improved-2016", ""),
        ("f-gan", "objective.name = \"kl\"\ndiscriminator.optimizer = { name = \"sgd\", momentum = 0.9 }"),
        ("conditional", "generator.family = \"dcgan\"\ngenerator.kernel = 4"),
        ("conditional", &format!("{residual}objective.name = \"relativistic\"\nregularization.slope = \"difference\"")),
        ("conditional", "augmentation = { flip = true, color = true }\nregularization.gradient_penalty = 1.0"),
        ("semi-supervised", "augmentation.translation = 0.125"),
        ("dcgan", "objective = { name = \"maximum-likelihood\", label_smoothing = 0.1, fake_label_smoothing = 0.1 }"),
    ] {
        let workshop = || {
            let mut workshop = Workshop::new(7);
            workshop.config.train.recipe = recipe.into();
            workshop.config.train.r#override = format!("{narrow}{overrides}").parse().unwrap();
            workshop
        };
        let (whole, halting) = (workshop(), workshop());
        whole.train().unwrap();
        let mut steps = 2;
        while stop_after(&halting, steps).state == State::Interrupted {
            steps += 2;
        }
        assert_eq!(halting.result(), whole.result(), "{recipe} with {overrides}");
    }
}

/// In two parts, each of which has its own images' classes.
#[test]
fn classes_in_parts_are_as_exact_as_the_rest() {
    for recipe in ["conditional", "semi-supervised"] {
        let workshop = || {
            let mut workshop = Workshop::new(6).measured();
            workshop.config.train.recipe = recipe.into();
            workshop.config.train.accumulate = 2;
            workshop.config.pack.labels = vec!["red".into(), "blue".into()];
            workshop
        };
        let (whole, halting) = (workshop(), workshop());
        whole.train().unwrap();
        assert_eq!(stop_after(&halting, 3).state, State::Interrupted);
        halting.train().unwrap();
        assert_eq!(halting.result(), whole.result(), "{recipe}");
        let weights = fs::read(whole.run_folder().generator()).unwrap();
        let generator = gan::Generator::from_safetensors(&weights, &burn::tensor::Device::flex()).unwrap();
        let known: &[&str] = if recipe == "conditional" { &["red", "blue"] } else { &[] };
        assert_eq!(generator.classes().names(), known);
        let provenance: serde_json::Value =
            serde_json::from_slice(&fs::read(whole.run_folder().provenance()).unwrap()).unwrap();
        assert_eq!(provenance["classes"][1], serde_json::json!({ "name": "blue", "images": 4 }));
        // Called otherwise, it is another run's weights file.
        let mut renamed = whole.lasting(7);
        renamed.config.pack.labels = vec!["red".into(), "green".into()];
        let error = renamed.train().unwrap_err().to_string();
        assert!(error.contains("classes was red, blue and is red, green"), "{error}");
    }
}

#[test]
fn the_recipe_in_a_runs_folder_makes_the_same_generator() {
    let first = Workshop::new(3);
    first.train().unwrap();
    let text = fs::read_to_string(first.run_folder().recipe()).unwrap();
    let mut second = Workshop::new(3);
    second.config.train.r#override.clear();
    (second.config.train.recipe, second.config.train.recipe_text) = ("my recipe.toml".into(), text.clone());
    second.train().unwrap();
    assert_eq!(second.result(), first.result());
    let run = second.run_folder();
    assert!(run.root().file_name().unwrap().to_str().unwrap().starts_with("my-recipe-16px-"), "{run:?}");
    assert_eq!(fs::read_to_string(run.recipe()).unwrap(), text);
    // Another text in the same file is another run.
    second.config.train.recipe_text = text.replace("label_smoothing = 0.0", "label_smoothing = 0.1");
    assert_ne!(second.run_folder(), run);
}

#[test]
fn a_batch_in_parts_has_the_losses_of_the_parts() {
    let losses = |batch_size, accumulate| {
        let mut workshop = Workshop::new(1);
        (workshop.config.train.batch_size, workshop.config.train.accumulate) = (batch_size, accumulate);
        workshop.train().unwrap();
        let line = &workshop.result().metrics[0];
        ["loss_discriminator", "score_real"].map(|name| line[name].as_f64().unwrap())
    };
    // The parts of a batch of four are the batch of two and the images behind it, under the same weights.
    let (half, whole) = (losses(2, 1), losses(4, 2));
    assert_ne!(half, whole);
    for (half, whole) in half.into_iter().zip(whole) {
        assert!((half - whole).abs() < 0.5 * half.abs(), "{half} and {whole}");
    }
}

#[test]
fn another_run_is_refused_where_only_the_latest_was_to_be_resumed() {
    let mut workshop = Workshop::new(4);
    workshop.config.train.resume = Resume::Latest;
    let error = workshop.train().unwrap_err();
    assert!(matches!(error, TrainError::NoRun), "{error}");
    workshop.config.train.resume = Resume::Auto;
    workshop.train().unwrap();
    workshop.config.train.resume = Resume::Latest;
    let mut workshop = workshop.lasting(6);
    assert_eq!(workshop.train().unwrap().figures["steps"], 6.0);
    let (before, config) = (workshop.result(), workshop.config.clone());
    workshop.config.train.r#override.insert("discriminator.base_channels".into(), 3.into());
    let error = workshop.train().unwrap_err().to_string();
    for part in ["recipe.discriminator.base_channels was 2 and is 3", "\"branch\"", "\"auto\""] {
        assert!(error.contains(part), "{error} does not say {part}");
    }
    workshop.config = config;
    assert_eq!(workshop.result(), before, "the refusal touched the run");
}

/// A tensor of a safetensors file.
fn tensor(file: &Path, name: &str) -> Vec<u8> {
    let bytes = fs::read(file).unwrap();
    safetensors::SafeTensors::deserialize(&bytes).unwrap().tensor(name).unwrap().data().to_vec()
}

#[test]
fn a_run_begins_at_the_weights_of_another_and_keeps_what_is_frozen() {
    let first = Workshop::new(4);
    first.train().unwrap();
    let weights = first.run_folder();
    let second = || {
        let mut second = Workshop::new(6);
        second.config.train.transfer = weights.generator().display().to_string();
        second.config.train.transfer_hash = "of the first run's".into();
        second.config.train.r#override.insert("discriminator.frozen_layers".into(), 1.into());
        second
    };
    let (whole, halting) = (second(), second());
    let report = whole.train().unwrap();
    assert_eq!(report.warnings, [""; 0]);
    let mut steps = 2;
    while stop_after(&halting, steps).state == State::Interrupted {
        steps += 2;
    }
    assert_eq!(halting.result(), whole.result());
    let run = whole.run_folder();
    for (name, is_frozen) in [("layers.0.conv.weight", true), ("layers.1.conv.weight", false), ("head.weight", false)] {
        let kept = tensor(&run.discriminator(), name) == tensor(&weights.discriminator(), name);
        assert_eq!(kept, is_frozen, "{name}");
    }
    let provenance = fs::read_to_string(run.provenance()).unwrap();
    assert!(provenance.contains("of the first run's"), "{provenance}");
    let plain = Workshop::new(6);
    plain.train().unwrap();
    assert_ne!(plain.run_folder().root().file_name(), run.root().file_name());
    assert_ne!(plain.result().samples[0], whole.result().samples[0], "the first grid is of the first run's generator");

    fs::remove_file(weights.discriminator()).unwrap();
    let alone = second();
    let report = alone.train().unwrap();
    assert!(report.warnings[0].contains("no discriminator.safetensors"), "{:?}", report.warnings);

    let mut wider = second();
    wider.config.train.r#override.insert("generator.base_channels".into(), 3.into());
    let error = wider.train().unwrap_err().to_string();
    assert!(error.contains("no layer") && error.contains("train.transfer"), "{error}");
}

#[test]
fn a_branch_begins_at_the_weights_of_the_run_trained_last() {
    let mut workshop = Workshop::new(6);
    workshop.train().unwrap();
    let (origin, weights) = (workshop.run_folder(), workshop.result().generator);
    workshop.config.train.resume = Resume::Branch;
    workshop.config.train.r#override.insert("discriminator.optimizer.learning_rate".into(), 1e-4.into());
    let branched = stop_after(&workshop, 0);
    assert_eq!(branched.figures["images_shown"], 0.0);
    assert_ne!(workshop.run_folder(), origin);
    // Its first grid is the origin's last: the weights are the same.
    let last = fs::read(origin.sample(6 * BATCH)).unwrap();
    assert_eq!(fs::read(workshop.run_folder().sample(0)).unwrap(), last);
    workshop.train().unwrap();
    let provenance: serde_json::Value =
        serde_json::from_slice(&fs::read(workshop.run_folder().provenance()).unwrap()).unwrap();
    assert_eq!(provenance["origin"]["run"], origin.root().file_name().unwrap().to_str().unwrap());
    assert_eq!(provenance["origin"]["images"], 6 * BATCH);
    assert_ne!(workshop.result().generator, weights);

    // Interrupted anywhere it is the same branch, though `latest` now points at the branch itself.
    let mut halting = Workshop::new(6);
    halting.train().unwrap();
    halting.config = contracts::Config { paths: halting.config.paths.clone(), ..workshop.config.clone() };
    for steps in 1..6 {
        assert_eq!(stop_after(&halting, steps).state, State::Interrupted);
    }
    halting.train().unwrap();
    assert_eq!(halting.result(), workshop.result());
}

#[test]
fn a_branch_needs_networks_of_the_same_shapes() {
    let mut workshop = Workshop::new(3);
    workshop.train().unwrap();
    workshop.config.train.resume = Resume::Branch;
    workshop.config.train.r#override.insert("generator.base_channels".into(), 3.into());
    let error = workshop.train().unwrap_err().to_string();
    assert!(error.contains("cannot begin at the weights of") && error.contains("base_channels"), "{error}");
}
