//! Gradients through a choice: Gumbel-softmax and REINFORCE on four symbols.

use burn::{
    module::{Module, Param},
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData, activation},
};
use gan::{Philox, Stream, gumbel_softmax, reinforce_loss};
use maud::html;

use crate::{
    experiment::Experiment,
    finding::Finding,
    mixture::{column, numbers},
    mlp::adam,
    plot::{Axis, Figure, Mark, Panel},
};

/// How likely the four symbols are, and what each is worth.
const PROBABILITIES: [f64; 4] = [0.1, 0.2, 0.3, 0.4];
const REWARDS: [f64; 4] = [2.0, -1.0, 3.0, 0.0];

/// Draws of the frequencies, and of each estimate of a gradient.
const DRAWS: usize = 40_000;

fn uniform(draw: u64, count: usize, device: &Device) -> Tensor<2> {
    let mut values = vec![0.0; 4 * count];
    Philox::new(5, Stream::Laboratory).fill_uniform(draw, &mut values);
    Tensor::from_data(TensorData::new(values, [count, 4]), device)
}

/// One row again and again: `[count, 4]`.
fn rows(row: Tensor<1>, count: usize) -> Tensor<2> {
    row.reshape([1, 4]).expand([count, 4])
}

/// The index of each row's largest component.
fn chosen(rows: &[f64]) -> Vec<usize> {
    let largest = |row: &[f64]| (0..4).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0);
    rows.chunks(4).map(largest).collect()
}

/// Symbols drawn by the Gumbel trick.
fn draw_symbols(logits: &Tensor<1>, draw: u64, count: usize) -> Vec<usize> {
    let device = Device::flex();
    let logits = column(&numbers(logits.clone()), &device);
    chosen(&numbers(gumbel_softmax(rows(logits, count), uniform(draw, count, &device), 1.0)))
}

fn frequencies(symbols: &[usize]) -> [f64; 4] {
    let share = |symbol| symbols.iter().filter(|drawn| **drawn == symbol).count() as f64 / symbols.len() as f64;
    [0, 1, 2, 3].map(share)
}

/// πᵢ (rᵢ − r̄), the gradient of the expected reward.
fn exact_gradient() -> [f64; 4] {
    let mean: f64 = PROBABILITIES.iter().zip(REWARDS).map(|(p, r)| p * r).sum();
    [0, 1, 2, 3].map(|symbol| PROBABILITIES[symbol] * (REWARDS[symbol] - mean))
}

/// The first component of each single draw's estimate by REINFORCE: (r − b) (1[symbol = 0] − π₀). Its mean is held against
/// what `reinforce_loss` gives for all draws at once.
fn reinforce(baseline: f64) -> Estimate {
    let device = Device::flex().autodiff();
    let logits = log_probabilities(&device).require_grad();
    let symbols = draw_symbols(&log_probabilities(&Device::flex()), 7, DRAWS);
    let mut picked = vec![0.0f32; 4 * DRAWS];
    symbols.iter().enumerate().for_each(|(row, symbol)| picked[4 * row + symbol] = 1.0);
    let picked = Tensor::<2>::from_data(TensorData::new(picked, [DRAWS, 4]), &device);
    let log = rows(activation::log_softmax(logits.clone(), 0), DRAWS);
    let rewards = column(&symbols.iter().map(|symbol| REWARDS[*symbol]).collect::<Vec<_>>(), &device);
    let loss = reinforce_loss((log * picked).sum_dim(1).reshape([DRAWS]), rewards, baseline);
    let slope = logits.grad(&loss.backward()).expect("the loss comes from the logits").neg();
    let single =
        |symbol: &usize| (REWARDS[*symbol] - baseline) * (f64::from(u8::from(*symbol == 0)) - PROBABILITIES[0]);
    Estimate { mean: numbers(slope)[0], deviation: deviation(&symbols.iter().map(single).collect::<Vec<_>>()) }
}

/// The same by Gumbel-softmax: d(r · y) / d(logit 0) of each single draw.
fn relaxed(temperature: f64) -> Estimate {
    let device = Device::flex().autodiff();
    let logits = rows(log_probabilities(&device), DRAWS).require_grad();
    let choices = gumbel_softmax(logits.clone(), uniform(11, DRAWS, &device), temperature);
    let loss = (choices * rows(column(&REWARDS, &device), DRAWS)).sum();
    let slopes = logits.grad(&loss.backward()).expect("the loss comes from the logits");
    let first: Vec<f64> = numbers(slopes).chunks(4).map(|row| row[0]).collect();
    Estimate { mean: first.iter().sum::<f64>() / DRAWS as f64, deviation: deviation(&first) }
}

/// Estimates of one component of the gradient.
struct Estimate {
    mean: f64,
    /// The standard deviation of a single draw's.
    deviation: f64,
}

fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

fn log_probabilities(device: &Device) -> Tensor<1> {
    column(&PROBABILITIES.map(f64::ln), device)
}

/// A generator of symbols.
#[derive(Module, Debug)]
struct Chooser {
    logits: Param<Tensor<1>>,
}

/// How a chooser learns.
#[derive(Clone, Copy, PartialEq)]
enum Method {
    Relaxed,
    Reinforce,
}

/// Plays against the best discriminator, whose logit of a symbol is ln(p / q), until the symbols are as frequent as they
/// should be; returns the largest error of a frequency on the way.
fn learn(method: Method) -> Vec<(f64, f64)> {
    const BATCH: usize = 256;
    const STEPS: u32 = 300;
    let device = Device::flex().autodiff();
    let mut chooser = Chooser { logits: Param::from_tensor(column(&[0.0; 4], &device)) };
    let mut optimizer = adam(0.5);
    let mut errors = Vec::new();
    for step in 0..STEPS {
        let q = numbers(activation::softmax(chooser.logits.val(), 0));
        let error = q.iter().zip(PROBABILITIES).map(|(q, p)| (q - p).abs()).fold(0.0, f64::max);
        errors.push((f64::from(step), error));
        let logits: Vec<f64> = q.iter().zip(PROBABILITIES).map(|(q, p)| (p / q).ln()).collect();
        let worth = column(&logits, &device);
        let loss = match method {
            Method::Relaxed => {
                let choices = gumbel_softmax(
                    rows(chooser.logits.val(), BATCH),
                    uniform(100 + u64::from(step), BATCH, &device),
                    0.5,
                );
                (choices * rows(worth, BATCH)).sum_dim(1).mean().neg()
            }
            Method::Reinforce => {
                let symbols = draw_symbols(&chooser.logits.val(), 100 + u64::from(step), BATCH);
                let mut picked = vec![0.0f32; 4 * BATCH];
                symbols.iter().enumerate().for_each(|(row, symbol)| picked[4 * row + symbol] = 1.0);
                let picked = Tensor::<2>::from_data(TensorData::new(picked, [BATCH, 4]), &device);
                let log = rows(activation::log_softmax(chooser.logits.val(), 0), BATCH);
                let rewards: Vec<f64> = symbols.iter().map(|symbol| logits[*symbol]).collect();
                let baseline = rewards.iter().sum::<f64>() / BATCH as f64;
                reinforce_loss((log * picked).sum_dim(1).reshape([BATCH]), column(&rewards, &device), baseline)
            }
        };
        let gradients = GradientsParams::from_grads(loss.backward(), &chooser);
        let rate = 0.1 * f64::from(STEPS - step) / f64::from(STEPS);
        chooser = optimizer.step(rate, chooser, gradients);
    }
    errors
}

pub(super) fn run() -> Experiment {
    let drawn = frequencies(&draw_symbols(&log_probabilities(&Device::flex()), 3, DRAWS));
    let errors = drawn.iter().zip(PROBABILITIES).map(|(found, p)| (found - p) / (p * (1.0 - p) / DRAWS as f64).sqrt());
    let worst = errors.map(f64::abs).fold(0.0, f64::max);

    let exact = exact_gradient()[0];
    let mean_reward: f64 = PROBABILITIES.iter().zip(REWARDS).map(|(p, r)| p * r).sum();
    let (plain, with_baseline) = (reinforce(0.0), reinforce(mean_reward));
    let standard_errors =
        |estimate: &Estimate| (estimate.mean - exact).abs() / (estimate.deviation / (DRAWS as f64).sqrt());
    let temperatures = [0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0];
    let estimates: Vec<Estimate> = temperatures.iter().map(|temperature| relaxed(*temperature)).collect();
    let bias = |index: usize| (estimates[index].mean - exact).abs();
    let (relaxed_errors, reinforce_errors) = (learn(Method::Relaxed), learn(Method::Reinforce));
    let last = |errors: &[(f64, f64)]| errors.last().map_or(f64::NAN, |(_, error)| *error);

    let of = |value: &dyn Fn(&Estimate) -> f64| {
        temperatures.iter().copied().zip(estimates.iter().map(value)).collect::<Vec<_>>()
    };
    let flat = |value: f64| vec![(0.0, value), (2.0, value)];
    let temperature = || Axis::new("temperature τ", 0.0, 2.0);
    let means =
        Panel::new("One component of the gradient", [temperature(), Axis::new("mean of the estimates", -0.1, 0.25)])
            .with(Mark::Dashed, 6, "exact", flat(exact))
            .with(Mark::Line, 0, "Gumbel-softmax", of(&|estimate| estimate.mean))
            .with(Mark::Line, 1, "REINFORCE", flat(plain.mean));
    let deviations = Panel::new("How noisy one draw is", [temperature(), Axis::new("standard deviation", 0.0, 1.0)])
        .with(Mark::Line, 0, "Gumbel-softmax", of(&|estimate| estimate.deviation))
        .with(Mark::Line, 1, "REINFORCE", flat(plain.deviation))
        .with(Mark::Line, 2, "with a baseline", flat(with_baseline.deviation));
    let learning = Panel::new(
        "A generator of symbols",
        [Axis::new("step", 0.0, 300.0), Axis::new("largest error of a frequency", 0.0, 0.2)],
    )
    .with(Mark::Line, 0, "Gumbel-softmax, τ = 0.5", relaxed_errors.clone())
    .with(Mark::Line, 1, "REINFORCE, with a baseline", reinforce_errors.clone());
    Experiment {
        name: "discrete",
        title: "A generator that must choose",
        theory: html! {
            p class="formula" { "y = softmax((log π + g) / τ),   ∇E[r] = E[(r − b) ∇log π(symbol)]" }
            p {
                "A symbol has no gradient. Gumbel-softmax (Jang, Gu and Poole, 2017; Maddison, Mnih and Teh, 2017) draws from a relaxed distribution: little noise and some bias, which vanishes "
                "as τ falls while the noise grows. REINFORCE (Williams, 1992) has no bias at any time and more noise, of which a baseline takes a part. Both let a generator of four symbols find their "
                "frequencies (0.1, 0.2, 0.3, 0.4) against the best discriminator."
            }
        },
        figure: Figure::new(3, vec![means, deviations, learning]),
        findings: vec![
            Finding::at_most("Gumbel-max: worst frequency’s error, in standard errors", worst, 4.0),
            Finding::at_most("REINFORCE: error of the gradient, in standard errors", standard_errors(&plain), 4.0),
            Finding::at_most("the same with a baseline", standard_errors(&with_baseline), 4.0),
            Finding::at_most(
                "with a baseline: noise, of that without",
                with_baseline.deviation / plain.deviation,
                0.95,
            ),
            Finding::at_most("Gumbel-softmax: bias at τ = 0.1, of that at τ = 2", bias(0) / bias(7), 0.3),
            Finding::at_least(
                "Gumbel-softmax: noise at τ = 0.1, of that at τ = 2",
                estimates[0].deviation / estimates[7].deviation,
                2.0,
            ),
            Finding::at_most("trained by Gumbel-softmax: largest error of a frequency", last(&relaxed_errors), 0.03),
            Finding::at_most("trained by REINFORCE: largest error of a frequency", last(&reinforce_errors), 0.03),
        ],
    }
}
