//! What the random network is for: sets that are worse to the eye are farther from real faces, strictly, whatever its seed.
#![allow(clippy::unwrap_used)]

mod faces;

use std::{env, path::Path};

use image::RgbImage;
use metrics::{Features, KernelOptions, RandomNetwork, frechet_distance_of, kernel_distance};

/// Of networks, each of which sees other faces.
const SEEDS: std::ops::Range<u64> = 1..6;

/// Images in each set that is compared.
const COUNT: usize = 500;

/// Means of faces that stand for the kinds of faces there are.
const MODES: usize = 8;

/// A network, real faces that it compares with, and those that sets are made of.
struct Draw {
    network: RandomNetwork,
    reference: Features,
    real: Features,
    faces: Vec<RgbImage>,
}

impl Draw {
    fn new(faces: &[RgbImage], seed: u64) -> Self {
        let mut faces = faces.to_vec();
        fastrand::Rng::with_seed(seed).shuffle(&mut faces);
        let network = RandomNetwork::with_seed(seed);
        let mut of_next = || network.features(&faces::images(&faces.split_off(faces.len() - COUNT))).unwrap();
        let (reference, real) = (of_next(), of_next());
        Self { network, reference, real, faces }
    }

    fn features(&self, faces: &[RgbImage]) -> Features {
        self.network.features(&faces::images(faces)).unwrap()
    }

    /// Fails unless each set is farther from the reference than the one before, by both distances.
    #[track_caller]
    fn assert_ascending(&self, what: &str, sets: &[Features]) {
        let kernel = KernelOptions { subsets: 1, ..KernelOptions::default() };
        let of_each = |distance: &dyn Fn(&Features) -> f64| sets.iter().map(distance).collect::<Vec<_>>();
        let frechet = of_each(&|set| frechet_distance_of(&self.reference, set).unwrap());
        let kernel = of_each(&|set| kernel_distance(&self.reference, set, kernel).unwrap().mean);
        eprintln!("{what}: {frechet:.2?}, {kernel:.5?}");
        for distances in [frechet, kernel] {
            assert!(distances.is_sorted_by(|a, b| a < b), "{what}: {distances:?}");
        }
    }
}

/// A draw for each seed, where there are faces and somebody asked: five networks over thousands of faces take minutes.
fn draws() -> impl Iterator<Item = Draw> {
    let asked = env::var_os("NIJIGEN_RANKING").is_some();
    if !asked {
        eprintln!("left out: set NIJIGEN_RANKING to hold networks against real faces, which takes minutes");
    }
    let faces = asked.then(|| faces::load(3000)).flatten();
    SEEDS.filter_map(move |seed| Some(Draw::new(faces.as_ref()?, seed)))
}

#[test]
fn spoiled_faces_come_out_in_order() {
    for draw in draws() {
        let spoiled = &draw.faces[..COUNT];
        let chain = |worse: [Features; 4]| [vec![draw.real.clone()], worse.to_vec()].concat();
        let blurred = [0.5, 1.0, 2.0, 4.0].map(|deviation| draw.features(&faces::blurred(spoiled, deviation)));
        draw.assert_ascending("blur", &chain(blurred));
        let noisy = [4.0, 8.0, 16.0, 32.0].map(|deviation| draw.features(&faces::noisy(spoiled, deviation, 1)));
        draw.assert_ascending("noise", &chain(noisy));
    }
}

#[test]
fn sets_that_lack_modes_are_farther() {
    for draw in draws() {
        let modes = faces::modes(&draw.faces, MODES);
        let without = |left_out: usize| {
            let kept = draw.faces.iter().zip(&modes).filter(|(_, mode)| **mode >= left_out);
            let kept: Vec<RgbImage> = kept.map(|(face, _)| face.clone()).take(COUNT).collect();
            assert_eq!(kept.len(), COUNT, "enough faces are left");
            draw.features(&kept)
        };
        // Which of the two is farther depends on the modes: few of one side shift a set more than many of all sides.
        for left_out in [MODES / 4, MODES / 2] {
            draw.assert_ascending("modes left out", &[draw.real.clone(), without(left_out)]);
        }
    }
}

/// Generators that mix so many faces stand for those of so much training.
#[test]
fn better_generators_are_nearer() {
    for draw in draws() {
        let (samples, basis) = draw.faces.split_at(COUNT);
        let of_rank = |rank| draw.features(&faces::of_low_rank(samples, basis, rank));
        let [best, good, fair, poor] = [256, 64, 16, 4].map(of_rank);
        let half = join(&draw.real.first(COUNT / 2), &best.first(COUNT / 2));
        draw.assert_ascending("mixtures of so many faces", &[draw.real.clone(), half, best, good, fair, poor]);
    }
}

/// The samples of a run's checkpoints: folders of pictures, named by the thousands of images that the generator had seen.
#[test]
fn longer_training_is_nearer() {
    let Some(folder) = env::var_os("NIJIGEN_CHECKPOINT_SAMPLES") else {
        eprintln!("left out: NIJIGEN_CHECKPOINT_SAMPLES names no folder with a folder of samples for each checkpoint");
        return;
    };
    let mut newest_first: Vec<(u64, Vec<RgbImage>)> = faces::entries(Path::new(&folder))
        .filter_map(|path| Some((path.file_name()?.to_str()?.parse().ok()?, faces::pictures(&path))))
        .collect();
    newest_first.sort_by_key(|(kimg, _)| std::cmp::Reverse(*kimg));
    for draw in draws() {
        let samples = newest_first.iter().map(|(_, samples)| draw.features(&samples[..COUNT.min(samples.len())]));
        let sets: Vec<Features> = std::iter::once(draw.real.clone()).chain(samples).collect();
        draw.assert_ascending("checkpoints", &sets);
    }
}

/// The rows of both.
fn join(a: &Features, b: &Features) -> Features {
    Features::new(a.dimensions(), a.rows().chain(b.rows()).flatten().copied().collect()).unwrap()
}
