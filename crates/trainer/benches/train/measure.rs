//! One contestant of ours: steps of `dcgan` through `gan`'s own networks, phase by phase.

use std::{fs, time::Instant};

use burn::{
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use gan::{Architecture, Ema, Operators, Philox, Recipe, Stream};
use serde_json::{Value, json};

/// What a step is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) side: usize,
    pub(crate) batch: usize,
    pub(crate) steps: usize,
}

/// Steps that fill caches and pools.
const WARM_UP: usize = 2;

impl Job {
    /// What the definition takes for the convolutions of a step, in 10⁹ multiplications and additions: D forwards three
    /// times, its weights' gradients twice, its inputs' three times; G forwards and both gradients once.
    pub(crate) fn gigaflops(self) -> f64 {
        let (device, side) = (Device::flex(), self.side as u32);
        let recipe = Recipe::named("dcgan").unwrap();
        let generator = pass(recipe.generator(side, 1, &device).unwrap().architecture(), recipe.latent.size as usize);
        let discriminator = pass(recipe.discriminator(side, 1, &device).unwrap().architecture(), 1);
        self.batch as f64 * (3.0 * generator + 8.0 * discriminator) / 1e9
    }

    /// Trains for some steps and returns what they took.
    pub(crate) fn measure(self, operators: &str) -> Value {
        let operators = if operators == "stock" { Operators::Stock } else { Operators::Fast };
        let before = memory_mib("VmRSS:");
        let device = Device::flex().autodiff();
        let recipe = Recipe::named("dcgan").unwrap();
        let mut generator = recipe.generator(self.side as u32, 1, &device).unwrap().with_operators(operators);
        let mut discriminator = recipe.discriminator(self.side as u32, 1, &device).unwrap().with_operators(operators);
        let [mut generator_adam, mut discriminator_adam] =
            [&recipe.generator, &recipe.discriminator].map(|network| network.optimizer.init(operators));
        let rate = recipe.generator.optimizer.learning_rate;
        let mut average = Ema::new(recipe.ema, &generator);
        let mut steps = Vec::new();
        for index in 0..(WARM_UP + self.steps) as u64 {
            let real = self.pictures(index, &device);
            let latents = recipe.latent.sample(&Philox::new(1, Stream::TrainingLatents), index, self.batch, &device);
            let mut clock = Clock::start();

            let fake = generator.forward(latents);
            let logits = (discriminator.forward(real), discriminator.forward(fake.clone().detach()));
            let loss = recipe.objective.discriminator_loss(logits.0, logits.1);
            let gradients = GradientsParams::from_grads(loss.backward(), &discriminator);
            clock.lap("discriminator");
            discriminator = discriminator_adam.step(rate, discriminator, gradients);
            clock.lap("optimizers");

            let logits = discriminator.without_weight_gradients().forward(fake);
            let gradients = recipe.objective.generator_loss(logits).backward();
            let gradients = GradientsParams::from_grads(gradients, &generator);
            clock.lap("generator");
            generator = generator_adam.step(rate, generator, gradients);
            clock.lap("optimizers");

            average.update(&generator, self.batch as u64, (index + 1) * self.batch as u64);
            clock.lap("average");
            steps.push(clock.stop());
        }
        let memory = memory_mib("VmHWM:") - before;
        json!({ "steps": steps[WARM_UP..], "memory_mib": memory, "matmul_gflops": matmul_gflops() })
    }

    fn pictures(self, step: u64, device: &Device) -> Tensor<4> {
        let shape = [self.batch, 3, self.side, self.side];
        let mut values = vec![0.0; shape.iter().product()];
        Philox::new(1, Stream::Augmentation).fill_uniform(step, &mut values);
        values.iter_mut().for_each(|value| *value = 2.0 * *value - 1.0);
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}

/// Operations of one pass over one picture; `ends` are the channels beyond the coarsest features.
fn pass(architecture: &Architecture, ends: usize) -> f64 {
    let features = architecture.features().unwrap();
    let taps = (architecture.kernel * architecture.kernel) as usize;
    let (coarsest, finest) = (features[0], features[features.len() - 1]);
    let inner: usize = features.windows(2).map(|pair| pair[0].0 * pair[1].0 * pair[0].1.pow(2) * taps).sum();
    let outer = 3 * finest.0 * finest.1.pow(2) * taps + ends * coarsest.0 * coarsest.1.pow(2);
    2.0 * (inner + outer) as f64
}

/// Time since the step began, by the clock and by the process's CPU time.
struct Clock {
    started: Instant,
    cpu: f64,
    last: Instant,
    phases: serde_json::Map<String, Value>,
}

impl Clock {
    fn start() -> Self {
        let now = Instant::now();
        Self { started: now, cpu: cpu_seconds(), last: now, phases: serde_json::Map::new() }
    }

    fn lap(&mut self, phase: &str) {
        let before = self.phases.get(phase).and_then(Value::as_f64).unwrap_or(0.0);
        self.phases.insert(phase.into(), (before + 1e3 * self.last.elapsed().as_secs_f64()).into());
        self.last = Instant::now();
    }

    fn stop(mut self) -> Value {
        self.phases.insert("wall".into(), (1e3 * self.started.elapsed().as_secs_f64()).into());
        self.phases.insert("cpu".into(), (1e3 * (cpu_seconds() - self.cpu)).into());
        self.phases.into()
    }
}

/// CPU seconds of all threads; not on Linux: seconds by the clock.
fn cpu_seconds() -> f64 {
    let of_thread = |entry: fs::DirEntry| -> Option<f64> {
        let stat = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse().ok()
    };
    match fs::read_dir("/proc/self/task") {
        Ok(threads) => threads.flatten().filter_map(of_thread).sum::<f64>() / 1e9,
        Err(_) => {
            static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
            START.elapsed().as_secs_f64()
        }
    }
}

/// A figure of /proc/self/status; 0 where there is none.
fn memory_mib(key: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// The best of some square matrix products by burn, which computes them with `gemm`.
fn matmul_gflops() -> f64 {
    const SIDE: usize = 2048;
    let device = Device::flex();
    let square = || Tensor::<2>::random([SIDE, SIDE], burn::tensor::Distribution::Uniform(-1.0, 1.0), &device);
    let (left, right) = (square(), square());
    let seconds = (0..6).map(|_| {
        let started = Instant::now();
        std::hint::black_box(left.clone().matmul(right.clone()));
        started.elapsed().as_secs_f64()
    });
    2e-9 * SIDE.pow(3) as f64 / seconds.fold(f64::INFINITY, f64::min)
}
