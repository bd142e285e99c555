//! Generators as training leaves them, opened, sampled and walked.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use contracts::{ContentHash, layout::RunLayout, publish};
use gan::{Classes, Recipe};
use generator::{ClassChoice, Device, TrainedDiscriminator, TrainedGenerator};

/// A run's folder with a generator of first weights, changed.
fn run(folder: &Path, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let recipe = Recipe::named("dcgan").unwrap();
    let narrow = recipe.with_overrides(&"generator.base_channels = 2".parse().unwrap()).unwrap();
    let mut bytes = narrow.generator(32, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
    change(&mut bytes);
    publish::write_file(&RunLayout::at(folder).generator(), &bytes).unwrap();
    folder.to_path_buf()
}

fn open(path: &Path) -> TrainedGenerator {
    TrainedGenerator::open(path, &Device::flex()).unwrap()
}

#[test]
fn a_run_s_folder_and_its_bare_file_are_the_same_generator() {
    let root = tempfile::tempdir().unwrap();
    let run = run(root.path(), |_| ());
    let file = RunLayout::at(&run).generator();
    let (of_run, of_file) = (open(&run), open(&file));
    assert_eq!((of_run.side(), of_run.latent_size(), of_run.path()), (32, 100, file.as_path()));
    assert_eq!(of_run.hash(), ContentHash::of_file(&file).unwrap());
    assert_eq!(of_run.sample(1, 0..2).unwrap(), of_file.sample(1, 0..2).unwrap());
}

#[test]
fn a_sample_depends_on_its_number_and_the_seed_alone() {
    let root = tempfile::tempdir().unwrap();
    let generator = open(&run(root.path(), |_| ()));
    // More than one pass through the network.
    let together = generator.sample(3, 0..70).unwrap();
    assert_eq!(together.len(), 70);
    for number in [0, 5, 69] {
        assert_eq!(generator.sample(3, number..number + 1).unwrap()[0], together[number as usize]);
    }
    assert_ne!(together[0], together[1]);
    assert_ne!(generator.sample(4, 0..1).unwrap()[0], together[0]);
    assert!(generator.sample(3, 7..7).unwrap().is_empty());
}

#[test]
fn a_walk_passes_through_its_stops() {
    let root = tempfile::tempdir().unwrap();
    let generator = open(&run(root.path(), |_| ()));
    let (walk, stops) = (generator.walk(3, &[4, 9, 4], 5).unwrap(), generator.sample(3, 4..10).unwrap());
    assert_eq!(walk.len(), 11);
    assert_eq!([&walk[0], &walk[5], &walk[10]], [&stops[0], &stops[5], &stops[0]]);
    assert!(walk.windows(2).all(|pair| pair[0] != pair[1]));
    // Way and way back meet the same latents, but for rounding.
    let difference = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(difference(walk[2].bytes(), walk[8].bytes()) <= Some(1));
    assert!(generator.walk(3, &[], 5).unwrap().is_empty());
    assert_eq!(generator.walk(3, &[4], 5).unwrap(), [stops[0].clone()]);
}

#[test]
fn a_generator_that_cannot_be_used_is_told_apart() {
    let root = tempfile::tempdir().unwrap();
    let missing = TrainedGenerator::open(root.path(), &Device::flex()).unwrap_err().to_string();
    assert!(missing.contains("cannot read") && missing.contains("generator.safetensors"), "{missing}");
    let cut = run(root.path(), |bytes| bytes.truncate(100));
    let error = TrainedGenerator::open(&cut, &Device::flex()).unwrap_err().to_string();
    assert!(error.contains("cannot read the generator at"), "{error}");
    let diverged = |bytes: &mut Vec<u8>| bytes.chunks_exact_mut(4).rev().take(500).for_each(|value| value.fill(0xff));
    let error = open(&run(root.path(), diverged)).sample(1, 0..1).unwrap_err().to_string();
    assert!(error.contains("training diverged"), "{error}");
}

#[test]
fn weights_are_what_the_records_beside_them_state() {
    let root = tempfile::tempdir().unwrap();
    let files = RunLayout::at(&run(root.path(), |_| ()));
    let weights = publish::read_file(&files.generator()).unwrap();
    let hash = ContentHash::of(&weights);
    publish::write_file(&files.provenance(), format!(r#"{{"generator": "{hash}"}}"#).as_bytes()).unwrap();
    open(files.root());
    // One bit of the last number, which any reader of weights takes.
    let mut flipped = weights.clone();
    *flipped.last_mut().unwrap() ^= 1;
    publish::write_file(&files.generator(), &flipped).unwrap();
    for path in [files.root(), &files.generator()] {
        let error = TrainedGenerator::open(path, &Device::flex()).unwrap_err().to_string();
        let parts = ["generator.safetensors", "provenance.json", "cargo xtask train"];
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    // Elsewhere nothing vouches for it.
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = RunLayout::at(elsewhere.path()).generator();
    publish::write_file(&copy, &flipped).unwrap();
    open(&copy);
}

#[test]
fn a_conditional_generator_draws_the_class_that_is_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let narrow = "generator.base_channels = 2\nlatent.size = 6".parse().unwrap();
    let recipe = Recipe::named("conditional").unwrap().with_overrides(&narrow).unwrap();
    let classes = Classes::new(vec!["red".into(), "blue".into()], [Some(0), Some(1), Some(1), None]);
    let bytes = recipe.generator_of(&classes, 32, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
    publish::write_file(&RunLayout::at(root.path()).generator(), &bytes).unwrap();
    let drawn = open(root.path());
    assert_eq!((drawn.classes().names(), drawn.latent().size, drawn.latent_size()), (classes.names(), 6, 6 + 3));
    let row = |latent: &[f32]| drawn.class_row(latent).to_vec();
    let all = drawn.latents(1, 0..40);
    for class in 0..3 {
        assert!(all.iter().any(|latent| latent[6 + class] == 1.0), "class {class} is never drawn");
    }
    assert_eq!(drawn.latents(1, 39..40)[0], all[39]);

    let of = |choice| drawn.clone().with_class(choice).unwrap();
    let (red, blue) = (of(ClassChoice::Class(0)), of(ClassChoice::named(drawn.classes(), "blue").unwrap()));
    let (of_red, of_blue) = (red.latents(1, 0..2), blue.truncated_latents(1, 0..2, Some(100.0)));
    assert_eq!((&of_red[0][..6], row(&of_red[1])), (&all[0][..6], vec![1.0, 0.0, 0.0]));
    assert_eq!((&of_blue[1][..6], row(&of_blue[1])), (&all[1][..6], vec![0.0, 1.0, 0.0]));
    assert!(blue.truncated_latents(1, 0..9, Some(0.5)).iter().all(|latent| latent[..6].iter().all(|n| n.abs() <= 0.5)));
    assert_eq!(row(&blue.truncated_latents(1, 0..1, Some(0.5))[0]), [0.0, 1.0, 0.0]);
    assert_ne!(red.sample(1, 0..1).unwrap(), blue.sample(1, 0..1).unwrap());
    let mixed = of(ClassChoice::Mixture(vec![3.0, 1.0]));
    assert_eq!(row(&mixed.latents(1, 0..1)[0]), [0.75, 0.25, 0.0]);
    // From class to class the way is straight.
    let halfway = drawn.walk(1, &[0, 1], 2).unwrap();
    assert_eq!((halfway.len(), &halfway[0]), (3, &drawn.sample(1, 0..1).unwrap()[0]));

    let error = drawn.clone().with_class(ClassChoice::Class(2)).unwrap_err().to_string();
    assert!(error.contains("choose one of red, blue"), "{error}");
    let plain = tempfile::tempdir().unwrap();
    let error = open(&run(plain.path(), |_| ())).with_class(ClassChoice::Class(0)).unwrap_err().to_string();
    assert!(error.contains("knows no classes") && error.contains("pack.labels"), "{error}");
}

#[test]
fn a_conditional_discriminator_scores_an_image_as_one_of_its_class() {
    let root = tempfile::tempdir().unwrap();
    let narrow = "discriminator.base_channels = 2".parse().unwrap();
    let recipe = Recipe::named("conditional").unwrap().with_overrides(&narrow).unwrap();
    let classes = Classes::new(vec!["red".into(), "blue".into()], [Some(0), Some(1)]);
    let bytes = recipe.discriminator_of(&classes, 32, 1, &Device::flex()).unwrap().to_safetensors().unwrap();
    let path = root.path().join("discriminator.safetensors");
    publish::write_file(&path, &bytes).unwrap();
    let discriminator = TrainedDiscriminator::open(&path, 32, &Device::flex()).unwrap();
    let images = open(&run(root.path(), |_| ())).sample(1, 0..70).unwrap();
    let scores = |row: &[f32]| discriminator.scores_in_classes(&images, &[row; 70]).unwrap();
    let (red, blue) = (scores(&[1.0, 0.0, 0.0]), scores(&[0.0, 1.0, 0.0]));
    assert!(red.iter().zip(&blue).all(|(red, blue)| red != blue), "{red:?} {blue:?}");
    // Images in other passes are told theirs.
    let halves = [[&[1.0, 0.0, 0.0][..]; 35], [&[0.0, 1.0, 0.0][..]; 35]].concat();
    let both = discriminator.scores_in_classes(&images, &halves).unwrap();
    assert_eq!((both[0], both[69]), (red[0], blue[69]));
    // A row of other classes is none.
    assert_eq!(scores(&[1.0, 0.0]), discriminator.scores(&images).unwrap());
}
