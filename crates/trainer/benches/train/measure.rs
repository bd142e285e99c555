//! One contestant of ours: steps of a recipe's networks and objective, phase by phase.

use std::{env, fs, sync::LazyLock, time::Instant};

use burn::{
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use contracts::config::DeviceChoice;
use gan::{Discriminator, Ema, Generator, NetworkOptimizer, Operators, Philox, Recipe, RegularizationConfig, Stream};
use generator::{ChosenDevice, DeviceKind};
use serde_json::{Value, json};

/// What a step is made of.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// A recipe's name, or the path of its file.
    pub(crate) recipe: String,
    /// Changes to it, as TOML.
    pub(crate) overrides: String,
    pub(crate) side: usize,
    pub(crate) batch: usize,
    pub(crate) steps: usize,
    pub(crate) device: DeviceChoice,
}

/// When the program started.
pub(crate) static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Steps that fill caches and pools, and tune kernels on a GPU.
const WARM_UP: usize = 2;

impl Job {
    /// The recipe that is measured.
    pub(crate) fn recipe(&self) -> Recipe {
        let recipe = match fs::read_to_string(&self.recipe) {
            Ok(text) => Recipe::parse(&text).unwrap(),
            Err(_) => Recipe::named(&self.recipe).unwrap(),
        };
        recipe.with_overrides(&self.overrides.parse().unwrap()).unwrap()
    }

    /// Steps after which the work repeats: penalties may be part of every n-th.
    pub(crate) fn period(&self) -> usize {
        let RegularizationConfig { every, .. } = self.recipe().regularization;
        every as usize
    }

    /// What the definition takes for the convolutions of a step, in 10⁹ multiplications and additions: each network once
    /// updated, on the same latents, and R1 by differences.
    pub(crate) fn gigaflops(&self) -> f64 {
        let (recipe, side) = (self.recipe(), self.side as u32);
        let generator = recipe.generator(side, 1, &Device::flex()).unwrap().architecture().clone();
        let discriminator = recipe.discriminator(side, 1, &Device::flex()).unwrap().architecture().clone();
        let generator = generator.generator_cost(recipe.latent.size).unwrap().multiplications as f64;
        let discriminator = discriminator.discriminator_cost().unwrap().multiplications as f64;
        // The penalty has D forwards three times, its weights' gradients twice, its inputs' three times.
        let penalty = if recipe.regularization.r1 > 0.0 { 8.0 / self.period() as f64 } else { 0.0 };
        // The rest has as much of D again; G forwards and both gradients once.
        2.0 * self.batch as f64 * (3.0 * generator + (8.0 + penalty) * discriminator) / 1e9
    }

    /// Trains for some steps and returns what they took.
    ///
    /// A GPU works while the processor prepares what comes next. There the phases are those of steps that wait for it
    /// after each, and a step's time is taken over as many that do not wait.
    pub(crate) fn measure(&self, operators: &str) -> Value {
        // As the trainer does.
        gan::keep_freed_memory();
        let before = memory_mib("VmRSS:");
        let (device, kind) = self.open();
        let mut run = self.run(operators, &device);
        let mut steps = Vec::new();
        let warm_up = WARM_UP * self.period();
        let mut first_step_seconds = 0.0;
        for index in 0..warm_up + self.steps {
            let mut clock = Clock::start(Some(&device));
            let losses = run(index, &mut clock);
            steps.push(clock.stop());
            if index == 0 {
                // A kernel that the device refused is an error where something is read that it should have made.
                losses.into_iter().for_each(|loss| _ = number(loss));
                first_step_seconds = STARTED.elapsed().as_secs_f64();
            }
        }
        steps.drain(..warm_up);
        let memory = memory_mib("VmHWM:") - before;
        let mut launches_a_step = None;
        if kind != DeviceKind::Cpu {
            let before = launches();
            let clock = Clock::start(None);
            (0..self.steps).for_each(|index| _ = run(warm_up + self.steps + index, &mut Clock::start(None)));
            device.sync().unwrap();
            let taken = clock.stop();
            let launched = launches().zip(before).map(|(after, before)| after - before);
            launches_a_step = launched.map(|launched| launched as f64 / self.steps as f64);
            for key in ["wall", "cpu"] {
                let of_a_step = taken[key].as_f64().unwrap() / self.steps as f64;
                steps.iter_mut().for_each(|step| step[key] = of_a_step.into());
            }
        }
        json!({
            "steps": steps,
            "first_step_seconds": first_step_seconds,
            "launches_a_step": launches_a_step,
            "memory_mib": memory,
            "matmul_gflops": matmul_gflops(&device),
        })
    }

    /// The losses of D and G in each of the steps, which devices have alike, but for rounding.
    pub(crate) fn losses(&self, operators: &str) -> Value {
        let (device, _) = self.open();
        let mut run = self.run(operators, &device);
        let losses = (0..self.steps).map(|index| run(index, &mut Clock::start(None)).map(number));
        json!({ "losses": losses.collect::<Vec<_>>() })
    }

    /// The device, off the tape.
    pub(crate) fn open(&self) -> (Device, DeviceKind) {
        let chosen = ChosenDevice::new(self.device).unwrap_or_else(|error| panic!("{error}"));
        (chosen.device, chosen.kind)
    }

    /// New networks: a function that takes a step's index, trains for it and returns the losses of D and G.
    fn run(&self, operators: &str, device: &Device) -> impl FnMut(usize, &mut Clock) -> [Tensor<1>; 2] {
        let operators = if operators == "stock" { Operators::Burn } else { Operators::default() };
        let on_tape = device.clone().autodiff();
        let recipe = self.recipe();
        let mut networks = Networks::new(&recipe, self.side as u32, operators, &on_tape);
        let philox = Philox::new(1, Stream::TrainingLatents);
        let real: Vec<_> = (0..4).map(|batch| self.images(batch, &on_tape)).collect();
        let batch = self.batch;
        move |index, clock| {
            let latents = recipe.latent.sample(&philox, index as u64, batch, &on_tape);
            networks.step(&recipe, index as u64, real[index % real.len()].clone(), latents, clock)
        }
    }

    fn images(&self, batch: u64, device: &Device) -> Tensor<4> {
        let shape = [self.batch, 3, self.side, self.side];
        let mut values = vec![0.0; shape.iter().product()];
        Philox::new(1, Stream::Augmentation).fill_uniform(batch, &mut values);
        values.iter_mut().for_each(|value| *value = 2.0 * *value - 1.0);
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}

/// What a step changes.
struct Networks {
    generator: Generator,
    discriminator: Discriminator,
    generator_adam: NetworkOptimizer,
    discriminator_adam: NetworkOptimizer,
    average: Ema,
}

impl Networks {
    fn new(recipe: &Recipe, side: u32, operators: Operators, device: &Device) -> Self {
        let generator = recipe.generator(side, 1, device).unwrap().with_operators(operators);
        let discriminator = recipe.discriminator(side, 1, device).unwrap().with_operators(operators);
        let [generator_adam, discriminator_adam] =
            [&recipe.generator, &recipe.discriminator].map(|network| network.optimizer.init(operators));
        let average = Ema::new(recipe.ema, &generator);
        Self { generator, discriminator, generator_adam, discriminator_adam, average }
    }

    fn step(
        &mut self,
        recipe: &Recipe,
        index: u64,
        real: Tensor<4>,
        latents: Tensor<2>,
        clock: &mut Clock,
    ) -> [Tensor<1>; 2] {
        let (rates, count) =
            ([&recipe.generator, &recipe.discriminator].map(|n| n.optimizer.learning_rate), real.dims()[0]);
        let count = count as u64;
        self.discriminator = self.discriminator.clone().with_power_iteration();
        let fake = self.generator.forward(latents);
        let logits = self.discriminator.forward_both(real.clone(), fake.clone().detach());
        let mut loss = recipe.objective.discriminator_loss(logits.0, logits.1);
        if recipe.regularization.is_due(index) {
            let (philox, fake) = (Philox::new(1, Stream::Mixture), fake.clone().detach());
            loss = loss + recipe.regularization.surrogate(&self.discriminator, real.clone(), fake, &philox, index).loss;
        }
        let discriminator_loss = loss.clone().detach();
        let gradients = GradientsParams::from_grads(loss.backward(), &self.discriminator);
        clock.lap("discriminator");
        self.discriminator = self.discriminator_adam.step(rates[1], self.discriminator.clone(), gradients);
        clock.lap("optimizers");

        let frozen = self.discriminator.without_weight_gradients();
        let real = recipe.objective.needs_real_logits().then(|| frozen.forward(real));
        let loss = recipe.objective.generator_loss(real, frozen.forward(fake));
        let generator_loss = loss.clone().detach();
        let gradients = GradientsParams::from_grads(loss.backward(), &self.generator);
        clock.lap("generator");
        self.generator = self.generator_adam.step(rates[0], self.generator.clone(), gradients);
        clock.lap("optimizers");

        self.average.update(&self.generator, count, (index + 1) * count);
        clock.lap("average");
        [discriminator_loss, generator_loss]
    }
}

/// The launches so far, where a driver writes them down, as the one of `cuda-stub` does.
fn launches() -> Option<usize> {
    let log = fs::read_to_string(env::var_os("CUDA_STUB_LOG")?).ok()?;
    Some(log.lines().filter(|line| line.starts_with("launch ")).count())
}

fn number(loss: Tensor<1>) -> f32 {
    loss.into_data().try_to_vec().unwrap()[0]
}

/// Time since the step began, by the clock and by the process's CPU time.
struct Clock<'a> {
    /// What is waited for at the end of each phase.
    device: Option<&'a Device>,
    started: Instant,
    cpu: f64,
    last: Instant,
    phases: serde_json::Map<String, Value>,
}

impl<'a> Clock<'a> {
    fn start(device: Option<&'a Device>) -> Self {
        let now = Instant::now();
        Self { device, started: now, cpu: cpu_seconds(), last: now, phases: serde_json::Map::new() }
    }

    fn lap(&mut self, phase: &str) {
        let Some(device) = self.device else { return };
        device.sync().unwrap();
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

/// A value of /proc/self/status; 0 where there is none.
fn memory_mib(key: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// The best of some square matrix products by burn, which computes them with `gemm` on the CPU.
fn matmul_gflops(device: &Device) -> f64 {
    const SIDE: usize = 2048;
    const PRODUCTS: usize = 4;
    let square = || Tensor::<2>::random([SIDE, SIDE], burn::tensor::Distribution::Uniform(-1.0, 1.0), device);
    let (left, right) = (square(), square());
    let seconds = (0..6).map(|_| {
        let started = Instant::now();
        for _ in 0..PRODUCTS {
            std::hint::black_box(left.clone().matmul(right.clone()));
        }
        device.sync().unwrap();
        started.elapsed().as_secs_f64() / PRODUCTS as f64
    });
    2e-9 * SIDE.pow(3) as f64 / seconds.fold(f64::INFINITY, f64::min)
}
