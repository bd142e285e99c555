//! What the random network is for: sets that are worse to the eye are farther from real faces, strictly, whatever its seed.
//!
//! Where NIJIGEN_SHARED names a folder with faces, one network is held to that on a few of them, in seconds. NIJIGEN_RANKING
//! asks for five networks and more faces, which takes minutes. NIJIGEN_CHECKPOINTS names a folder with the generators of one
//! run, `generator-KIMG.safetensors`, whose samples are ranked too.
#![allow(clippy::unwrap_used)]

mod faces;

use std::{
    env,
    path::{Path, PathBuf},
};

use generator::{Device, TrainedGenerator};
use image::RgbImage;
use metrics::{Features, KernelOptions, RandomNetwork, frechet_distance_of, kernel_distance};

/// Means of faces that stand for the kinds of faces there are.
const MODES: usize = 8;

/// How much is asked for.
struct Extent {
    /// Of networks, each of which sees other faces.
    seeds: std::ops::Range<u64>,
    /// Images in each set that is compared.
    count: usize,
    /// Faces that sets are drawn from.
    faces: usize,
}

fn extent() -> Extent {
    match env::var_os("NIJIGEN_RANKING") {
        Some(_) => Extent { seeds: 1..6, count: 500, faces: 3000 },
        None => Extent { seeds: 1..2, count: 200, faces: 1400 },
    }
}

/// A network, real faces that it compares with, and those that sets are made of.
struct Draw {
    network: RandomNetwork,
    count: usize,
    reference: Features,
    real: Features,
    faces: Vec<RgbImage>,
}

impl Draw {
    fn new(faces: &[RgbImage], seed: u64, count: usize) -> Self {
        let mut faces = faces.to_vec();
        fastrand::Rng::with_seed(seed).shuffle(&mut faces);
        let network = RandomNetwork::with_seed(seed);
        let mut of_next = || network.features(&faces::images(&faces.split_off(faces.len() - count))).unwrap();
        let (reference, real) = (of_next(), of_next());
        Self { network, count, reference, real, faces }
    }

    fn features(&self, faces: &[RgbImage]) -> Features {
        self.network.features(&faces::images(faces)).unwrap()
    }

    /// Fails unless each set is farther from the reference than the one before, by both distances.
    #[track_caller]
    fn assert_ascending(&self, what: &str, sets: &[Features]) {
        let [frechet, kernel] = self.distances(what, sets);
        for distances in [frechet, kernel] {
            assert!(distances.is_sorted_by(|a, b| a < b), "{what}: {distances:?}");
        }
    }

    /// Each set's Fréchet and kernel distances from the reference.
    fn distances(&self, what: &str, sets: &[Features]) -> [Vec<f64>; 2] {
        let kernel = KernelOptions { subsets: 1, ..KernelOptions::default() };
        let of_each = |distance: &dyn Fn(&Features) -> f64| sets.iter().map(distance).collect::<Vec<_>>();
        let frechet = of_each(&|set| frechet_distance_of(&self.reference, set).unwrap());
        let kernel = of_each(&|set| kernel_distance(&self.reference, set, kernel).unwrap().mean);
        eprintln!("{what}: {frechet:.2?}, {kernel:.5?}");
        [frechet, kernel]
    }
}

/// A draw for each seed, where there are faces.
fn draws() -> impl Iterator<Item = Draw> {
    let Extent { seeds, count, faces } = extent();
    let faces = faces::load(faces);
    seeds.filter_map(move |seed| Some(Draw::new(faces.as_ref()?, seed, count)))
}

#[test]
fn spoiled_faces_come_out_in_order() {
    for draw in draws() {
        let spoiled = &draw.faces[..draw.count];
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
            let kept: Vec<RgbImage> = kept.map(|(face, _)| face.clone()).take(draw.count).collect();
            assert_eq!(kept.len(), draw.count, "enough faces are left");
            draw.features(&kept)
        };
        // Which of the two is farther depends on the modes: few of one side shift a set more than many of all sides.
        draw.assert_ascending("half of the modes left out", &[draw.real.clone(), without(MODES / 2)]);
        draw.assert_ascending("a quarter of the modes left out", &[draw.real.clone(), without(MODES / 4)]);
    }
}

/// Generators that mix so many faces stand for those of so much training, where there are no trained ones.
#[test]
fn better_generators_are_nearer() {
    for draw in draws() {
        let (samples, basis) = draw.faces.split_at(draw.count);
        let of_rank = |rank| draw.features(&faces::of_low_rank(samples, basis, rank));
        let [best, good, fair, poor] = [256, 64, 16, 4].map(of_rank);
        let half = half_and_half(&draw.real, &best);
        draw.assert_ascending("mixtures of so many faces", &[draw.real.clone(), half, best, good, fair, poor]);
    }
}

#[test]
fn longer_training_is_nearer_and_half_real_half_generated_lies_between() {
    let Some(checkpoints) = checkpoints() else { return };
    for draw in draws() {
        let sets: Vec<Features> = checkpoints.iter().map(|path| draw.features(&samples(path, draw.count))).collect();
        let half = half_and_half(&draw.real, &sets[0]);
        draw.assert_ascending("half real, half generated", &[draw.real.clone(), half, sets[0].clone()]);
        draw.assert_ascending("checkpoints", &[vec![draw.real.clone()], sets].concat());
    }
}

/// The generators of a run, the one that was trained longest first.
fn checkpoints() -> Option<Vec<PathBuf>> {
    let Some(folder) = env::var_os("NIJIGEN_CHECKPOINTS") else {
        eprintln!("left out: NIJIGEN_CHECKPOINTS names no folder with generator-KIMG.safetensors");
        return None;
    };
    let kimg = |path: &Path| path.file_stem()?.to_str()?.strip_prefix("generator-")?.parse::<u64>().ok();
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut checkpoints: Vec<(u64, PathBuf)> = paths.filter_map(|path| Some((kimg(&path)?, path))).collect();
    checkpoints.sort();
    Some(checkpoints.into_iter().rev().map(|(_, path)| path).collect())
}

fn samples(path: &Path, count: usize) -> Vec<RgbImage> {
    let generator = TrainedGenerator::open(path, &Device::flex()).unwrap();
    let image = |sample: generator::Rgb| {
        let (width, height) = sample.sides();
        RgbImage::from_raw(width, height, sample.into_bytes()).unwrap()
    };
    generator.sample(1, 0..count as u64).unwrap().into_iter().map(image).collect()
}

/// The first half of the rows of each.
fn half_and_half(a: &Features, b: &Features) -> Features {
    let (a, b) = (a.first(a.len() / 2), b.first(b.len() / 2));
    Features::new(a.dimensions(), a.rows().chain(b.rows()).flatten().copied().collect())
        .unwrap()
        .with_kernel(a.kernel())
}
