//! Distances and pyramids against those that NumPy computed, by tests/oracles/sliced_wasserstein.py.
#![allow(clippy::unwrap_used)]

use metrics::{CHANNELS, Images, pyramid, sliced_wasserstein};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    side: usize,
    images: usize,
    seed: u64,
    distances: Vec<f64>,
    details: [Vec<f32>; 3],
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("golden/sliced_wasserstein.json")).unwrap()
}

/// Slanted stripes under noise, as the script makes them.
fn formula(which: usize, count: usize, side: usize) -> Images {
    let mut state = 12345 + which;
    let pixels = (0..count * side * side * CHANNELS).map(|i| {
        state = (state * 1_103_515_245 + 12345) % (1 << 31);
        ((i / 3 % side * (3 + 2 * which) + (state >> 16) % (64 + 32 * which)) % 256) as u8
    });
    Images::new(side, pixels.collect()).unwrap()
}

#[test]
fn distances_are_numpys() {
    for case in cases() {
        let (a, b) = (formula(0, case.images, case.side), formula(1, case.images, case.side));
        let distances = sliced_wasserstein::pairwise(&[&a, &b], case.seed).unwrap();
        assert_eq!(distances.len(), case.distances.len());
        for (ours, theirs) in distances.iter().zip(&case.distances) {
            assert!((ours[0] / theirs - 1.0).abs() < 1e-5, "side {}: {} and {theirs}", case.side, ours[0]);
        }
    }
}

#[test]
fn details_are_numpys() {
    for case in cases() {
        let (side, images) = (case.side, formula(0, 1, case.side));
        let green = &pyramid::level(images.iter().next().unwrap(), side, 0)[side * side..2 * side * side];
        for (row, expected) in [0, side / 2, side - 1].into_iter().zip(&case.details) {
            for (ours, theirs) in green[row * side..][..side].iter().zip(expected) {
                assert!((ours - theirs).abs() < 1e-3, "side {side}, row {row}: {ours} and {theirs}");
            }
        }
    }
}
