//! Times the convolutions of a 64 px DCGAN, and a whole step of its training, with burn's operators and with ours.
//!
//! ```text
//! RAYON_NUM_THREADS=1 cargo run --release -p fast-conv --example dcgan_layers            every layer, burn and fast
//! RAYON_NUM_THREADS=1 cargo run --release -p fast-conv --example dcgan_layers step fast  a step of training; or: burn
//! ```
//!
//! Times are CPU time (user and system) of the process, the least of several runs, so that other programs on the
//! machine disturb them little; with one thread they are what an idle machine's clock would show.
#![allow(clippy::print_stdout)]

use std::hint::black_box;

use burn::{
    module::{Module, Param},
    nn::{BatchNorm, BatchNormConfig},
    optim::{AdamConfig, GradientsParams},
    tensor::{
        Device, Distribution, Tensor, activation, module,
        ops::{ConvOptions, ConvTransposeOptions},
    },
};
use fast_conv::{ConvolutionOptions, Padding, batch_norm, conv_transpose2d, conv2d, leaky_relu};

/// Images in a batch.
const BATCH: usize = 64;
/// Runs of which the fastest counts.
const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => layers(),
        ["step", "fast"] => step(Operators::Fast),
        ["step", "burn"] => step(Operators::Burn),
        _ => eprintln!("usage: dcgan_layers [step fast|burn]"),
    }
}

/// CPU seconds that this process has used.
fn cpu_seconds() -> f64 {
    let Ok(stat) = std::fs::read_to_string("/proc/self/schedstat") else {
        // Not Linux: the clock has to do.
        static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
        return START.elapsed().as_secs_f64();
    };
    let main: f64 = stat.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or(0.0);
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of_thread = |entry: std::fs::DirEntry| -> Option<f64> {
        let stat = std::fs::read_to_string(entry.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse().ok()
    };
    threads.filter_map(of_thread).sum::<f64>().max(main) / 1e9
}

/// The least CPU time of a call, in seconds.
fn time(mut call: impl FnMut()) -> f64 {
    call();
    let run = |_| {
        let start = cpu_seconds();
        call();
        cpu_seconds() - start
    };
    (0..RUNS).map(run).fold(f64::INFINITY, f64::min)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operators {
    Fast,
    Burn,
}

impl Operators {
    /// The fast one leaves the running statistics alone, which no step reads.
    fn batch_norm(self, norm: &BatchNorm, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Fast => batch_norm(x, norm.gamma.val(), norm.beta.val(), norm.epsilon).output,
            Self::Burn => norm.forward(x),
        }
    }

    fn leaky_relu(self, x: Tensor<4>, slope: f32) -> Tensor<4> {
        match self {
            Self::Fast => leaky_relu(x, slope),
            Self::Burn if slope == 0.0 => activation::relu(x),
            Self::Burn => activation::leaky_relu(x, f64::from(slope)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Down,
    Up,
}

/// A convolution or a transposed one with a 4 × 4 kernel.
#[derive(Clone, Copy, Debug)]
struct Layer {
    direction: Direction,
    inputs: usize,
    outputs: usize,
    /// Side of the input.
    side: usize,
    stride: usize,
    padding: usize,
}

const fn layer(direction: Direction, [inputs, outputs]: [usize; 2], side: usize) -> Layer {
    let doubling = !matches!((direction, side), (Direction::Down, 4) | (Direction::Up, 1));
    let (stride, padding) = if doubling { (2, 1) } else { (1, 0) };
    Layer { direction, inputs, outputs, side, stride, padding }
}

const DISCRIMINATOR: [Layer; 5] = [
    layer(Direction::Down, [3, 64], 64),
    layer(Direction::Down, [64, 128], 32),
    layer(Direction::Down, [128, 256], 16),
    layer(Direction::Down, [256, 512], 8),
    layer(Direction::Down, [512, 1], 4),
];

const GENERATOR: [Layer; 5] = [
    layer(Direction::Up, [100, 512], 1),
    layer(Direction::Up, [512, 256], 4),
    layer(Direction::Up, [256, 128], 8),
    layer(Direction::Up, [128, 64], 16),
    layer(Direction::Up, [64, 3], 32),
];

impl Layer {
    fn apply(self, operators: Operators, x: Tensor<4>, weight: Tensor<4>) -> Tensor<4> {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        match (operators, self.direction) {
            (Operators::Fast, Direction::Down) => {
                conv2d(x, weight, None, ConvolutionOptions::new(stride, Padding::all(self.padding)))
            }
            (Operators::Fast, Direction::Up) => {
                conv_transpose2d(x, weight, None, ConvolutionOptions::new(stride, Padding::all(self.padding)))
            }
            (Operators::Burn, Direction::Down) => {
                module::conv2d(x, weight, None, ConvOptions::new(stride, padding, [1, 1], 1))
            }
            (Operators::Burn, Direction::Up) => {
                let options = ConvTransposeOptions::new(stride, padding, [0, 0], [1, 1], 1);
                module::conv_transpose2d(x, weight, None, options)
            }
        }
    }

    fn weight_shape(self) -> [usize; 4] {
        match self.direction {
            Direction::Down => [self.outputs, self.inputs, 4, 4],
            Direction::Up => [self.inputs, self.outputs, 4, 4],
        }
    }

    /// What the definition takes, in 10⁹ multiplications and additions.
    fn gigaflops(self) -> f64 {
        let small = match self.direction {
            Direction::Down => (self.side + 2 * self.padding - 4) / self.stride + 1,
            Direction::Up => self.side,
        };
        2e-9 * (BATCH * self.inputs * self.outputs * 16 * small * small) as f64
    }
}

/// Prints GFLOP/s, counted as the definition's, of each layer forwards, and of its two gradients.
fn layers() {
    println!("GFLOP/s by CPU time: output, input's gradient, weight's gradient; then ms for all three");
    let mut totals = [0.0; 2];
    for layer in DISCRIMINATOR.into_iter().chain(GENERATOR) {
        let Layer { direction, inputs, outputs, side, .. } = layer;
        print!("{direction:<5?}{inputs:4} → {outputs:<3} at {side:2}");
        for (operators, total) in [Operators::Burn, Operators::Fast].into_iter().zip(&mut totals) {
            let seconds = passes(layer, operators);
            let rates = seconds.map(|seconds| layer.gigaflops() / seconds);
            let all: f64 = seconds.iter().sum();
            *total += all;
            print!(" | {operators:?} {:6.1} {:6.1} {:6.1} {:7.1} ms", rates[0], rates[1], rates[2], 1e3 * all);
        }
        println!();
    }
    println!("in all: burn {:.0} ms, fast {:.0} ms", 1e3 * totals[0], 1e3 * totals[1]);
}

/// Seconds of the output, and of each gradient (a step forwards and backwards, less one forwards).
fn passes(layer: Layer, operators: Operators) -> [f64; 3] {
    let device = Device::flex();
    let uniform = Distribution::Uniform(-1.0, 1.0);
    let x = Tensor::<4>::random([BATCH, layer.inputs, layer.side, layer.side], uniform, &device);
    let weight = Tensor::<4>::random(layer.weight_shape(), uniform, &device);
    let forwards = time(|| {
        black_box(layer.apply(operators, x.clone(), weight.clone()));
    });
    let backwards = |x: Tensor<4>, weight: Tensor<4>| {
        let tape = time(|| {
            let output = layer.apply(operators, x.clone(), weight.clone());
            black_box(output.sum().backward());
        });
        (tape - forwards).max(1e-6)
    };
    let input = backwards(x.clone().autodiff().require_grad(), weight.clone().autodiff());
    let weight = backwards(x.autodiff(), weight.autodiff().require_grad());
    [forwards, input, weight]
}

/// A network of the layers above, with BatchNorm between them.
#[derive(Module, Debug)]
struct Network {
    weights: Vec<Param<Tensor<4>>>,
    norms: Vec<BatchNorm>,
}

impl Network {
    fn new(layers: [Layer; 5], device: &Device) -> Self {
        let normal = Distribution::Normal(0.0, 0.02);
        let weight = |layer: Layer| Param::from_tensor(Tensor::random(layer.weight_shape(), normal, device));
        let norm = |layer: &Layer| BatchNormConfig::new(layer.outputs).init(device);
        Self { weights: layers.map(weight).into(), norms: layers[..4].iter().map(norm).collect() }
    }

    /// `[batch, 100, 1, 1]` to images `[batch, 3, 64, 64]`.
    fn generate(&self, operators: Operators, mut x: Tensor<4>) -> Tensor<4> {
        for (index, layer) in GENERATOR.into_iter().enumerate() {
            x = layer.apply(operators, x, self.weights[index].val());
            if let Some(norm) = self.norms.get(index) {
                x = operators.leaky_relu(operators.batch_norm(norm, x), 0.0);
            }
        }
        activation::tanh(x)
    }

    /// Images to logits `[batch]`.
    fn discriminate(&self, operators: Operators, mut x: Tensor<4>) -> Tensor<1> {
        for (index, layer) in DISCRIMINATOR.into_iter().enumerate() {
            x = layer.apply(operators, x, self.weights[index].val());
            if (1..4).contains(&index) {
                x = operators.batch_norm(&self.norms[index], x);
            }
            if index < 4 {
                x = operators.leaky_relu(x, 0.2);
            }
        }
        x.flatten(0, 3)
    }
}

/// Binary cross-entropy with logits, `log(1 + exp(∓x))`, averaged.
fn cross_entropy(logits: Tensor<1>, real: bool) -> Tensor<1> {
    let x = if real { -logits } else { logits };
    (activation::relu(x.clone()) + x.abs().neg().exp().log1p()).mean()
}

/// Prints losses and times of steps of training: D on real and generated images, then G.
fn step(operators: Operators) {
    let plain = Device::flex();
    plain.seed(7);
    let device = plain.clone().autodiff();
    let (mut generator, mut discriminator) = (Network::new(GENERATOR, &device), Network::new(DISCRIMINATOR, &device));
    let adam = AdamConfig::new().with_beta_1(0.5).with_beta_2(0.999).with_epsilon(1e-8);
    let (mut generator_adam, mut discriminator_adam) = (adam.init(), adam.init());
    let mut times = Vec::new();
    for index in 0..RUNS + 2 {
        let real = Tensor::<4>::random([BATCH, 3, 64, 64], Distribution::Uniform(-1.0, 1.0), &plain).autodiff();
        let latent = Tensor::<4>::random([BATCH, 100, 1, 1], Distribution::Normal(0.0, 1.0), &plain).autodiff();
        let start = cpu_seconds();

        let fake = generator.generate(operators, latent);
        let loss = cross_entropy(discriminator.discriminate(operators, real), true)
            + cross_entropy(discriminator.discriminate(operators, fake.clone().detach()), false);
        let gradients = GradientsParams::from_grads(loss.backward(), &discriminator);
        discriminator = discriminator_adam.step(2e-4, discriminator, gradients);

        // Its weights need no gradients here, and none are computed.
        let frozen = discriminator.clone().no_grad();
        let generator_loss = cross_entropy(frozen.discriminate(operators, fake), true);
        let gradients = GradientsParams::from_grads(generator_loss.backward(), &generator);
        generator = generator_adam.step(2e-4, generator, gradients);

        let seconds = cpu_seconds() - start;
        let losses = [loss, generator_loss].map(|loss| loss.into_scalar::<f32>());
        println!("step {index}: losses {:.6} {:.6}, {:.0} ms of CPU time", losses[0], losses[1], 1e3 * seconds);
        times.push(seconds);
    }
    // The first two steps fill caches and pools.
    times.drain(..2);
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    println!("{operators:?}: median {:.0} ms, {:.1} images a CPU second", 1e3 * median, BATCH as f64 / median);
}
