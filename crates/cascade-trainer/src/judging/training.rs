//! The network from its examples, in rounds: before each the wrong windows that it is surest of are looked up anew.

use fastrand::Rng;
use lbp_cascade::judge::{Activations, CONVOLUTIONS, Judge, Judged, Network, Square, WEIGHTS};
use pictures::Grey;
use rayon::prelude::*;

use super::{
    calibration,
    candidates::{Candidate, Picture, is_subject},
    examples::{self, Samples},
    optimizer::Adam,
};
use crate::{sampling::as_image, series::random};

/// Examples a step. They are summed in groups that are always the same, so that threads change no bit.
const BATCH: usize = 256;
/// Examples a group.
const GROUP: usize = 16;
/// The share of wrong windows that count as hard.
const HARD: usize = 25;
/// Every so manieth picture is kept for the calibration.
pub const HELD_OUT: usize = 5;

/// The share of the training in which the rate rises.
const WARM_UP: f32 = 0.1;
/// Candidates turned further than this, in degrees, are none of a search's.
const MAX_TURN: f32 = 30.0;

/// What is trained on.
pub struct Material<'a> {
    /// Crops of the subject.
    pub crops: &'a [Grey],
    /// Pictures.
    pub pictures: &'a [Picture],
    /// Windows of the pictures.
    pub candidates: &'a [Candidate],
}

/// How long, and from which seed.
#[derive(Clone, Copy, Debug)]
pub struct JudgeSettings {
    /// Rounds of mining.
    pub rounds: u64,
    /// Steps a round.
    pub steps: u64,
    /// The highest rate, of [`Adam`].
    pub rate: f32,
    /// What everything random follows from.
    pub seed: u64,
}

/// The kinds of windows, the training's alone.
struct Windows<'a> {
    right: Vec<&'a Candidate>,
    wrong: Vec<&'a Candidate>,
    seen: Vec<(usize, Square)>,
}

/// Trains a network and calibrates it on the windows of pictures that it never saw.
pub fn train(material: &Material<'_>, settings: &JudgeSettings, tell: &mut dyn FnMut(String)) -> Judge {
    let candidates = material.candidates.iter().filter(|candidate| is_trained_on(candidate.picture));
    let (right, wrong) = candidates.partition(|candidate| candidate.is_subject);
    let pictures = material.pictures.iter().enumerate().filter(|(index, _)| is_trained_on(*index));
    let seen = pictures.flat_map(|(index, picture)| picture.subjects.iter().map(move |subject| (index, *subject)));
    let mut windows = Windows { right, wrong, seen: seen.collect() };
    tell(format!("{} right windows, {} wrong ones", windows.right.len(), windows.wrong.len()));
    let (mut network, mut adam) = (initial(settings.seed), Adam::new(WEIGHTS));
    for round in 0..settings.rounds {
        if round > 0 {
            mine(&network, material, &mut windows.wrong);
        }
        let mut loss = 0.0;
        for step in round * settings.steps..(round + 1) * settings.steps {
            let (gradient, of_batch) = batch(&network, material, &windows, settings.seed, step);
            let progress = step as f32 / (settings.rounds * settings.steps) as f32;
            adam.step(network.weights_mut(), &gradient, settings.rate * share_of_rate(progress));
            loss += of_batch / settings.steps as f32;
        }
        tell(format!("round {}: loss {loss:.4}", round + 1));
    }
    calibrated(network, material, tell)
}

/// The share of the rate at a point of the training, from 0 to 1: it rises evenly, then falls to nothing along a cosine.
fn share_of_rate(progress: f32) -> f32 {
    let falling = ((progress - WARM_UP) / (1.0 - WARM_UP)).max(0.0);
    (progress / WARM_UP).min(0.5 * (1.0 + (falling * std::f32::consts::PI).cos()))
}

/// He's initialisation, for leaky ReLU: σ² = 2 / fan-in.
fn initial(seed: u64) -> Network {
    let mut random = random(seed, u64::MAX / 2);
    let mut weights = vec![0.0; WEIGHTS];
    for layer in CONVOLUTIONS {
        let taps = 9 * layer.channels * layer.filters;
        // Uniform, of the same variance.
        let range = (6.0 / (9 * layer.channels) as f32).sqrt();
        weights[layer.start..][..taps].iter_mut().for_each(|w| *w = (random.f32() * 2.0 - 1.0) * range);
    }
    let last = CONVOLUTIONS[2].outputs();
    let range = (1.0 / last as f32).sqrt();
    weights[WEIGHTS - 1 - last..WEIGHTS - 1].iter_mut().for_each(|w| *w = (random.f32() * 2.0 - 1.0) * range);
    Network::new(weights).expect("as many weights as a network has, all finite")
}

/// The wrong windows, those first that the network is surest of.
fn mine(network: &Network, material: &Material<'_>, wrong: &mut Vec<&Candidate>) {
    let answer = |candidate: &&Candidate| {
        let grey = &material.pictures[candidate.picture].grey;
        let pixels = lbp_cascade::judge::sample(as_image(grey), candidate.square);
        network.answer(&lbp_cascade::judge::standardised(&pixels), &mut Activations::default())
    };
    let answers: Vec<f32> = wrong.par_iter().map(answer).collect();
    let mut order: Vec<usize> = (0..wrong.len()).collect();
    order.sort_by(|a, b| answers[*b].total_cmp(&answers[*a]).then(a.cmp(b)));
    *wrong = order.into_iter().map(|index| wrong[index]).collect();
}

/// The gradient of the mean cross-entropy of a batch, and that.
fn batch(network: &Network, material: &Material<'_>, windows: &Windows<'_>, seed: u64, step: u64) -> (Vec<f32>, f32) {
    let group = |group: usize| {
        let (mut sums, mut loss, mut activations) = (vec![0.0; WEIGHTS], 0.0, Activations::default());
        for index in group * GROUP..(group + 1) * GROUP {
            let mut random = random(seed, step * BATCH as u64 + index as u64);
            let (samples, is_subject) = example(material, windows, &mut random);
            let answer = network.answer(&samples, &mut activations);
            let target = f32::from(u8::from(is_subject));
            // σ(answer) − target is the slope of the cross-entropy, ln(1 + e^answer) − target · answer.
            let slope = 1.0 / (1.0 + (-answer).exp()) - target;
            loss += answer.max(0.0) + (-answer.abs()).exp().ln_1p() - target * answer;
            network.backward(&samples, &activations, slope / BATCH as f32, &mut sums);
        }
        (sums, loss / BATCH as f32)
    };
    let groups: Vec<(Vec<f32>, f32)> = (0..BATCH / GROUP).into_par_iter().map(group).collect();
    let (mut gradient, mut loss) = (vec![0.0; WEIGHTS], 0.0);
    for (sums, of_group) in groups {
        gradient.iter_mut().zip(sums).for_each(|(gradient, sum)| *gradient += sum);
        loss += of_group;
    }
    (gradient, loss)
}

fn example(material: &Material<'_>, windows: &Windows<'_>, random: &mut Rng) -> (Samples, bool) {
    let crop = &material.crops[random.usize(..material.crops.len())];
    let wrong = &windows.wrong;
    match random.u32(..100) {
        0..31 => (examples::of_crop(crop, random), true),
        31..36 if !windows.right.is_empty() => {
            let candidate = windows.right[random.usize(..windows.right.len())];
            (examples::of_candidate(material.pictures, candidate, random), true)
        }
        31..45 if !windows.seen.is_empty() => {
            let (picture, subject) = windows.seen[random.usize(..windows.seen.len())];
            (examples::of_subject(&material.pictures[picture], subject, random), true)
        }
        45..87 if !wrong.is_empty() => {
            let end = if random.bool() { wrong.len() } else { wrong.len().div_ceil(HARD) };
            (examples::of_candidate(material.pictures, wrong[random.usize(..end)], random), false)
        }
        45..96 => (examples::of_confused(crop, random), false),
        _ => (examples::of_part(crop, random), false),
    }
}

/// Fits the calibration to what a search of the pictures that were kept comes down to.
fn calibrated(network: Network, material: &Material<'_>, tell: &mut dyn FnMut(String)) -> Judge {
    let raw = Judge::new(network.clone(), 1.0, 0.0);
    let answers = |index: usize| {
        let of_picture = material.candidates.iter().filter(|candidate| candidate.picture == index);
        let squares: Vec<Square> =
            of_picture.map(|candidate| candidate.square).filter(|square| square.angle.abs() <= MAX_TURN).collect();
        let picture = &material.pictures[index];
        let refined = raw.refined(as_image(&picture.grey), &squares);
        let known = |judged: Judged| Some((judged.answer, is_subject(picture, &judged.square)?));
        refined.into_iter().filter_map(known).collect::<Vec<_>>()
    };
    let held_out = (0..material.pictures.len()).into_par_iter().filter(|index| !is_trained_on(*index));
    let answers: Vec<(f32, bool)> = held_out.flat_map_iter(answers).collect();
    let right = answers.iter().filter(|(_, right)| *right).count();
    let agreed = answers.iter().filter(|(answer, right)| (*answer > 0.0) == *right).count();
    tell(format!("held out: {} candidates, {right} right ones, {agreed} judged so", answers.len()));
    let (slope, offset) = calibration::fit(&answers);
    tell(format!("confidence = σ({slope:.4} · answer + {offset:.4})"));
    Judge::new(network, slope, offset)
}

fn is_trained_on(picture: usize) -> bool {
    picture % HELD_OUT != HELD_OUT - 1
}
