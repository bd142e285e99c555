//! Metrics against those of SciPy, NumPy and torch-fidelity, as recorded by tests/oracles/metrics.py.
#![allow(clippy::unwrap_used)]

use metrics::{
    Features, Images, KernelOptions, Manifold, frechet_distance_of, inception_score, kernel_distance, ms_ssim,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    features: Vec<Case>,
    similarity: Vec<Similarity>,
}

#[derive(Deserialize)]
struct Case {
    real: usize,
    generated: usize,
    dimensions: usize,
    frechet: f64,
    subset_size: usize,
    kernel: f64,
    kernel_deviation: f64,
    precision: f64,
    recall: f64,
    density: f64,
    coverage: f64,
    score: f64,
    score_deviation: f64,
}

#[derive(Deserialize)]
struct Similarity {
    side: usize,
    value: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/metrics.json")).unwrap()
}

/// Numbers in [−1, 1) of a linear congruence.
fn congruence(seed: u64, count: usize) -> Vec<f64> {
    let next =
        |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    let states = std::iter::successors(Some(seed), next).skip(1).take(count);
    states.map(|state| (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0).collect()
}

/// As the script makes them.
fn features(seed: u64, count: usize, dimensions: usize, shift: f64) -> Features {
    let values = congruence(seed, count * dimensions);
    let rows = values.chunks_exact(dimensions).flat_map(|row| {
        (0..dimensions).map(move |i| {
            let mixed = row[i] + 0.5 * row[(i + dimensions - 1) % dimensions];
            (mixed * mixed.abs() + shift) as f32
        })
    });
    Features::new(dimensions, rows.collect()).unwrap()
}

fn pair(case: &Case) -> (Features, Features) {
    (features(1, case.real, case.dimensions, 0.0), features(2, case.generated, case.dimensions, 0.2))
}

#[track_caller]
fn assert_near(ours: f64, theirs: f64, tolerance: f64) {
    assert!((ours - theirs).abs() <= tolerance * theirs.abs(), "{ours} and {theirs}");
}

#[test]
fn frechet_distances_are_scipys() {
    for case in golden().features {
        let (real, generated) = pair(&case);
        assert_near(frechet_distance_of(&real, &generated).unwrap(), case.frechet, 1e-6);
    }
}

#[test]
fn kernel_distances_are_torch_fidelitys() {
    for case in golden().features {
        let (real, generated) = pair(&case);
        let options = KernelOptions { subsets: 20, subset_size: case.subset_size, ..KernelOptions::default() };
        let distance = kernel_distance(&generated, &real, options).unwrap();
        // Theirs is computed in single precision.
        assert_near(distance.mean, case.kernel, 1e-4);
        assert!((distance.deviation - case.kernel_deviation).abs() < 1e-4 * case.kernel.abs());
    }
}

#[test]
fn precision_and_recall_are_torch_fidelitys() {
    for case in golden().features {
        let (real, generated) = pair(&case);
        let manifold = Manifold::of(&real, &generated).unwrap();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        assert_near(mean(&manifold.precision), case.precision, 1e-6);
        assert_near(mean(&manifold.recall), case.recall, 1e-6);
        assert_near(mean(&manifold.density), case.density, 1e-9);
        assert_near(mean(&manifold.coverage), case.coverage, 1e-9);
    }
}

#[test]
fn inception_scores_are_torch_fidelitys() {
    for case in golden().features {
        let score = inception_score(&pair(&case).1, 5, 2020).unwrap();
        assert_near(score.mean, case.score, 1e-6);
        assert!((score.deviation - case.score_deviation).abs() < 1e-6 * score.mean);
    }
}

/// A slope under noise, as the script makes it.
fn image(seed: u64, side: usize) -> Vec<u8> {
    let noise = congruence(seed, side * side * 3);
    let slope = |i: usize| (i / 3 / side + i / 3 % side) as f64 * 255.0 / (2 * side) as f64;
    noise.iter().enumerate().map(|(i, noise)| (slope(i) + 60.0 * noise).clamp(0.0, 255.0) as u8).collect()
}

#[test]
fn similarities_are_scipys() {
    for Similarity { side, value } in golden().similarity {
        let pair = Images::new(side, [image(1, side), image(2, side)].concat()).unwrap();
        let mut images = pair.iter();
        assert_near(ms_ssim(images.next().unwrap(), images.next().unwrap(), side).unwrap(), value, 1e-6);
    }
}
