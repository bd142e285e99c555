//! The network from its examples, in rounds: before each the wrong windows that it is surest of are looked up anew.

use fastrand::Rng;
use lbp_cascade::{
    Cascade,
    judge::{
        Activations, CONVOLUTIONS, FEATURES, Judge, Network, OUTPUTS, Planes, SUMS, Samples, Square, Transposed,
        WEIGHTS, standardised,
    },
};
use rayon::prelude::*;

use super::{
    calibration,
    candidates::{Candidate, Picture, is_subject, proposed},
    examples::{self, OF_CONFUSED, OF_SUBJECT, OF_WINDOW, Place, Source, beside, confused, finished, partly_hidden},
    optimizer::Adam,
};
use crate::series::random;

/// Examples a step. They are summed in groups that are always the same, so that threads change no bit.
const BATCH: usize = 256;
/// Examples a group.
const GROUP: usize = 16;
/// How many of a batch show what: crops, then faces of pictures, then hard windows and so on. Where there is nothing of a kind, the next takes its place.
const KINDS: [(usize, Kind); 7] = [
    (80, Kind::Crop),
    (32, Kind::Face),
    (50, Kind::HardWindow),
    (46, Kind::Window),
    (12, Kind::Part),
    (24, Kind::Confused),
    (12, Kind::Beside),
];
/// The share of wrong windows that count as hard, and how many at least do.
const HARD: usize = 25;
const MIN_HARD: usize = 1500;
/// How much the mean deviation of a face's place counts beside the cross-entropy; what deviates more than a whole counts as a whole.
const PLACE_WEIGHT: f32 = 1.0;
/// The share of features that are dropped.
const DROPPED: f32 = 0.2;
/// The share of the training in which the rate rises.
const WARM_UP: f32 = 0.1;
/// The angles that the judged search is calibrated for: upright, and turned to both sides.
const ANGLES: [&[f64]; 2] = [&[0.0], &[-15.0, 0.0, 15.0]];
/// The share of the steps that the networks have that calibrate: each learns from half of the pictures.
const CALIBRATING: f32 = 0.7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Crop,
    Face,
    HardWindow,
    Window,
    Part,
    Confused,
    Beside,
}

/// What is trained on.
pub struct Material<'a> {
    /// Crops of the subject.
    pub crops: &'a [Planes],
    /// Pictures.
    pub pictures: &'a [Picture],
    /// Windows of the pictures that show nothing of it.
    pub wrong: &'a [Candidate],
    /// What proposes.
    pub cascade: &'a Cascade,
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

/// What a network learns from.
struct Lesson<'a> {
    crops: &'a [Planes],
    pictures: &'a [Picture],
    /// The hardest first.
    wrong: Vec<&'a Candidate>,
    /// Subjects by where they are known from: the table of faces, or boxes beside the pictures.
    faces: Vec<Vec<Candidate>>,
}

/// Trains a network, and calibrates it by two others, each of which judges the half of the pictures that it never saw.
pub fn train(material: &Material<'_>, settings: &JudgeSettings, tell: &mut dyn FnMut(String)) -> Judge {
    // Whoever made the table looked for every face: what was found elsewhere is right there, or wrong.
    let has_table = material.pictures.iter().any(|picture| picture.is_in_table);
    let mut answers = [Vec::new(), Vec::new()];
    for half in 0..2 {
        tell(format!("cross-validation, half {}", half + 1));
        let steps = (settings.steps as f32 * CALIBRATING).round() as u64;
        let network =
            trained(lesson(material, |picture| picture % 2 != half), &JudgeSettings { steps, ..*settings }, tell);
        let judge = Judge::new(network, 1.0, 0.0);
        let held_out = material.pictures.iter().skip(half).step_by(2);
        let held_out: Vec<&Picture> = held_out.filter(|picture| picture.is_in_table || !has_table).collect();
        for (answers, angles) in answers.iter_mut().zip(ANGLES) {
            answers.extend(judged(&judge, &held_out, material.cascade, angles));
        }
    }
    for (answers, angles) in answers.iter().zip(ANGLES) {
        let right = answers.iter().filter(|(_, right)| *right).count();
        tell(format!("searched at {angles:?}: {} candidates, {right} right ones", answers.len()));
        tell(format!("wrong ones: right ones that are likelier than the next: {}", trade_off(answers)));
    }
    let (slope, offset) = calibration::fit(&answers.concat());
    tell(format!("confidence = σ({slope:.4} · answer + {offset:.4})"));
    for (answers, angles) in answers.iter().zip(ANGLES) {
        let at = |tenth: u8| {
            let gate = f32::from(tenth) / 10.0;
            let passes = |(answer, _): &&(f32, bool)| 1.0 / (1.0 + (-slope * answer - offset).exp()) >= gate;
            let right = answers.iter().filter(passes).filter(|(_, right)| *right).count();
            format!("{gate}: {right}, {}", answers.iter().filter(passes).count() - right)
        };
        let gates: Vec<String> = (1..10).map(at).collect();
        tell(format!("right and wrong ones at {angles:?} from a confidence on: {}", gates.join("; ")));
    }
    Judge::new(trained(lesson(material, |_| true), settings, tell), slope, offset)
}

fn lesson<'a>(material: &Material<'a>, is_learnt: impl Fn(usize) -> bool) -> Lesson<'a> {
    let wrong = material.wrong.iter().filter(|candidate| is_learnt(candidate.picture)).collect();
    let known_from = |table: bool| {
        let pictures = material.pictures.iter().enumerate();
        let learnt = pictures.filter(|(index, picture)| is_learnt(*index) && picture.is_in_table == table);
        let faces = learnt.flat_map(|(index, picture)| picture.subjects.iter().map(move |square| (index, *square)));
        faces.map(|(picture, square)| Candidate { picture, square }).collect::<Vec<_>>()
    };
    let faces = [true, false].map(known_from).into_iter().filter(|faces| !faces.is_empty()).collect();
    Lesson { crops: material.crops, pictures: material.pictures, wrong, faces }
}

fn trained(mut lesson: Lesson<'_>, settings: &JudgeSettings, tell: &mut dyn FnMut(String)) -> Network {
    let faces: usize = lesson.faces.iter().map(Vec::len).sum();
    tell(format!("{} crops, {faces} faces, {} wrong windows", lesson.crops.len(), lesson.wrong.len()));
    let (mut network, mut adam) = (initial(settings.seed), Adam::new(WEIGHTS));
    for round in 0..settings.rounds {
        if round > 0 {
            mine(&network, &mut lesson);
        }
        let mut loss = [0.0; 2];
        let is_first = round == 0;
        for step in round * settings.steps..(round + 1) * settings.steps {
            let (gradient, of_batch) = batch(&network, &lesson, is_first, settings.seed, step);
            let progress = step as f32 / (settings.rounds * settings.steps) as f32;
            adam.step(network.weights_mut(), &gradient, settings.rate * share_of_rate(progress));
            loss.iter_mut().zip(of_batch).for_each(|(loss, of_batch)| *loss += of_batch / settings.steps as f32);
        }
        tell(format!("round {}: cross-entropy {:.4}, places off by {:.4}", round + 1, loss[0], loss[1]));
    }
    network
}

/// The share of the rate at a point of the training, from 0 to 1: it rises evenly, then falls to nothing along a cosine.
fn share_of_rate(progress: f32) -> f32 {
    let falling = ((progress - WARM_UP) / (1.0 - WARM_UP)).max(0.0);
    (progress / WARM_UP).min(0.5 * (1.0 + (falling * std::f32::consts::PI).cos()))
}

/// Uniform weights, no biases.
fn initial(seed: u64) -> Network {
    let mut random = random(seed, u64::MAX / 2);
    let mut weights = vec![0.0; WEIGHTS];
    let mut fill = |start: usize, count: usize, fan_in: usize, gain: f32| {
        let range = gain * (3.0 / fan_in as f32).sqrt();
        weights[start..][..count].iter_mut().for_each(|w| *w = (random.f32() * 2.0 - 1.0) * range);
    };
    for layer in CONVOLUTIONS {
        // He's initialisation, for leaky ReLU: σ² = 2 / fan-in.
        fill(layer.start, layer.taps(), 9 * layer.channels, std::f32::consts::SQRT_2);
    }
    fill(SUMS, OUTPUTS * FEATURES, FEATURES, 0.5);
    Network::new(weights).expect("as many weights as a network has, all finite")
}

/// The wrong windows, those first that the network is surest of.
fn mine(network: &Network, lesson: &mut Lesson<'_>) {
    let answer = |activations: &mut Activations, candidate: &&Candidate| {
        let pixels = lesson.pictures[candidate.picture].planes.sample(candidate.square);
        network.look(&standardised(&pixels), activations).answer
    };
    let answers: Vec<f32> = lesson.wrong.par_iter().map_init(Activations::default, answer).collect();
    let mut order: Vec<usize> = (0..lesson.wrong.len()).collect();
    order.sort_by(|a, b| answers[*b].total_cmp(&answers[*a]).then(a.cmp(b)));
    lesson.wrong = order.into_iter().map(|index| lesson.wrong[index]).collect();
}

/// The gradient of the mean loss of a batch, and the loss: cross-entropy and the deviation of places.
fn batch(network: &Network, lesson: &Lesson<'_>, is_first: bool, seed: u64, step: u64) -> (Vec<f32>, [f32; 2]) {
    let transposed = network.transposed();
    let group = |group: usize| {
        let (mut sums, mut loss, mut activations) = (vec![0.0; WEIGHTS], [0.0; 2], Activations::default());
        for index in group * GROUP..(group + 1) * GROUP {
            let mut random = random(seed, step * BATCH as u64 + index as u64);
            let (samples, place) = example(lesson, kind_of(index), is_first, &mut random);
            activations.keep(|| if random.f32() < DROPPED { 0.0 } else { 1.0 / (1.0 - DROPPED) });
            let of_example = learn(network, &transposed, &samples, place, &mut activations, &mut sums);
            loss.iter_mut().zip(of_example).for_each(|(loss, of_example)| *loss += of_example / BATCH as f32);
        }
        (sums, loss)
    };
    let groups: Vec<(Vec<f32>, [f32; 2])> = (0..BATCH / GROUP).into_par_iter().map(group).collect();
    let (mut gradient, mut loss) = (vec![0.0; WEIGHTS], [0.0; 2]);
    for (sums, of_group) in groups {
        gradient.iter_mut().zip(sums).for_each(|(gradient, sum)| *gradient += sum / BATCH as f32);
        loss.iter_mut().zip(of_group).for_each(|(loss, of_group)| *loss += of_group);
    }
    (gradient, loss)
}

/// Adds an example's gradient; returns its loss. An example of the subject has a place.
fn learn(
    network: &Network,
    transposed: &Transposed,
    samples: &Samples,
    place: Option<Place>,
    activations: &mut Activations,
    sums: &mut [f32],
) -> [f32; 2] {
    let look = network.look(samples, activations);
    let target = f32::from(u8::from(place.is_some()));
    // σ(answer) − target is the slope of the cross-entropy, ln(1 + e^answer) − target · answer.
    let mut slopes = [0.0; OUTPUTS];
    slopes[0] = 1.0 / (1.0 + (-look.answer).exp()) - target;
    let cross_entropy = look.answer.max(0.0) + (-look.answer.abs()).exp().ln_1p() - target * look.answer;
    let mut off = 0.0;
    if let Some(place) = place {
        // The mean of absolute values, over the share of the batch that has places.
        let share = BATCH as f32 / (KINDS[0].0 + KINDS[1].0) as f32 / place.len() as f32;
        let seen = [look.right, look.down, look.size, look.turn];
        for ((slope, seen), place) in slopes[1..].iter_mut().zip(seen).zip(place) {
            off += share * (seen - place).abs().min(1.0);
            *slope = if (seen - place).abs() < 1.0 { PLACE_WEIGHT * share * (seen - place).signum() } else { 0.0 };
        }
    }
    network.backward(transposed, activations, slopes, sums);
    [cross_entropy, off]
}

fn kind_of(index: usize) -> Kind {
    let mut end = 0;
    KINDS
        .iter()
        .find(|(count, _)| {
            end += count;
            index < end
        })
        .map_or(Kind::Beside, |(_, kind)| *kind)
}

/// An example, and its place where it shows the subject.
fn example(lesson: &Lesson<'_>, kind: Kind, is_first: bool, random: &mut Rng) -> (Samples, Option<Place>) {
    let crop = |random: &mut Rng| Source::whole(&lesson.crops[random.usize(..lesson.crops.len())]);
    let of =
        |candidate: &Candidate| Source { planes: &lesson.pictures[candidate.picture].planes, square: candidate.square };
    let window = |hard: bool, random: &mut Rng| {
        let wrong = &lesson.wrong;
        // Before the first round nothing is known to be hard.
        let hard = hard && !is_first;
        let end = if hard { (wrong.len() / HARD).max(MIN_HARD).min(wrong.len()) } else { wrong.len() };
        if end == 0 {
            return examples::confused(crop(random).drawn(OF_CONFUSED, false, random).0, random);
        }
        let framed = Source::framed(random);
        of(wrong[random.usize(..end)]).drawn(OF_WINDOW, framed, random).0
    };
    let (pixels, place) = match kind {
        Kind::Face if !lesson.faces.is_empty() => {
            let faces = &lesson.faces[random.usize(..lesson.faces.len())];
            let framed = Source::framed(random);
            let (pixels, place) = of(&faces[random.usize(..faces.len())]).drawn(OF_SUBJECT, framed, random);
            (pixels, Some(place))
        }
        Kind::Crop | Kind::Face => {
            let (pixels, place) = crop(random).drawn(OF_SUBJECT, false, random);
            (pixels, Some(place))
        }
        Kind::HardWindow => (window(true, random), None),
        Kind::Window => (window(false, random), None),
        Kind::Part => (crop(random).part(random), None),
        Kind::Confused => (confused(crop(random).drawn(OF_CONFUSED, false, random).0, random), None),
        Kind::Beside => {
            let [one, other] = [(); 2].map(|()| crop(random).drawn(OF_CONFUSED, false, random).0);
            (beside(&one, &other, random), None)
        }
    };
    let pixels = if place.is_some() { partly_hidden(pixels, |random| window(false, random), random) } else { pixels };
    (finished(&pixels, random), place)
}

/// What the judged search comes down to in pictures: the answers, and whether each is right.
fn judged(judge: &Judge, pictures: &[&Picture], cascade: &Cascade, angles: &[f64]) -> Vec<(f32, bool)> {
    let of = |picture: &&Picture| {
        let squares: Vec<Square> = proposed(picture, cascade, angles);
        let known = |(answer, square): (f32, Square)| Some((answer, is_subject(picture, &square)?));
        let refined = judge.refined(&picture.planes, &squares);
        refined.into_iter().map(|judged| (judged.answer, judged.square)).filter_map(known).collect::<Vec<_>>()
    };
    pictures.par_iter().with_max_len(1).flat_map_iter(of).collect()
}

/// How many right ones are likelier than the first wrong one, than the second and so on.
fn trade_off(answers: &[(f32, bool)]) -> String {
    let mut sorted = answers.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut found = 0;
    let mut at = Vec::new();
    for (_, right) in sorted {
        if right {
            found += 1;
        } else {
            at.push(format!("{}: {found}", at.len()));
        }
    }
    at.truncate(10);
    at.join(", ")
}
