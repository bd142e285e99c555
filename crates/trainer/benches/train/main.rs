//! A training step: with fast and stock operators, and PyTorch's beside them where it is installed.
//!
//! ```text
//! cargo bench -p trainer --bench train -- [--recipe NAME] [--override TOML] [--threads N] [--side PX] [--batch N]
//!                                            [--steps N] [--rounds N]
//! cargo bench -p trainer --bench train --features vulkan -- --device gpu [--batch N]
//! ```
//!
//! Each contestant runs in a process of its own, in turn, round after round, so that other programs on the machine
//! disturb all of them alike. The table has medians over all steps of all rounds, the first two steps of a process
//! left out; where a penalty is due in every n-th step, a "step" is the mean of n of them. Ratios to PyTorch are taken
//! within a round, and their median is shown. CPU time is that of all threads of the process. `PYTHON` names the
//! interpreter that has torch.
//!
//! For the device check, of which `cargo xtask bench device` makes a folder, the program also says single things: `--losses fast`
//! those of some steps, `--layers all` what each layer's passes take, `--peer all` what tells PyTorch's script to compute the same,
//! each as JSON. Where `NIJIGEN_BENCH_TRAINS` is set it is the trainer.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a table for people, from one program to itself")]

mod layers;
mod measure;

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    process::{Command, ExitCode},
    sync::LazyLock,
};

use burn::tensor::Device;
use contracts::config::DeviceChoice;
use gan::{Architecture, Family, Norm, Objective, OptimizerName, Recipe};
use measure::Job;
use serde_json::{Value, json};

/// What is compared.
#[derive(Clone, Copy, Debug)]
enum Contestant {
    Ours(&'static str),
    /// PyTorch: the way that it runs, and its precision.
    PyTorch(&'static str, &'static str),
}

const ON_CPU: &[(&str, Contestant)] = &[
    ("fast operators", Contestant::Ours("fast")),
    ("stock operators", Contestant::Ours("stock")),
    ("PyTorch eager", Contestant::PyTorch("eager", "f32")),
    ("PyTorch eager, D frozen in G's step", Contestant::PyTorch("frozen", "f32")),
];

const ON_GPU: &[(&str, Contestant)] = &[
    ("fast operators", Contestant::Ours("fast")),
    ("stock operators", Contestant::Ours("stock")),
    ("PyTorch eager, f32", Contestant::PyTorch("eager", "f32")),
    ("PyTorch eager, TF32", Contestant::PyTorch("eager", "tf32")),
    ("PyTorch eager, bf16", Contestant::PyTorch("eager", "bf16")),
    ("PyTorch compiled, TF32", Contestant::PyTorch("compiled", "tf32")),
    ("PyTorch compiled, bf16", Contestant::PyTorch("compiled", "bf16")),
];

const PHASES: [&str; 4] = ["discriminator", "generator", "optimizers", "average"];

fn main() -> ExitCode {
    LazyLock::force(&measure::STARTED);
    if env::var_os("NIJIGEN_BENCH_TRAINS").is_some() {
        gan::keep_freed_memory();
        return stage::main::<trainer::Train>();
    }
    bench();
    ExitCode::SUCCESS
}

fn bench() {
    // Cargo adds --bench.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let options: BTreeMap<&str, &str> =
        arguments.chunks(2).map(|pair| (pair[0].as_str(), pair.get(1).map_or("", String::as_str))).collect();
    let number = |name: &str, default: usize| options.get(name).map_or(default, |text| text.parse().unwrap());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let device = options.get("--device").map_or(Ok(DeviceChoice::Cpu), |text| text.parse()).unwrap();
    let on_cpu = device == DeviceChoice::Cpu;
    let steps = number("--steps", if on_cpu { 5 } else { 50 });
    let recipe = options.get("--recipe").map_or("dcgan", |name| *name).to_owned();
    let overrides = options.get("--override").copied().unwrap_or_default().to_owned();
    let mut job = Job { recipe, overrides, side: number("--side", 64), batch: number("--batch", 64), steps, device };
    job.steps = job.steps.next_multiple_of(job.period());
    let said = [
        options.get("--measure").map(|operators| job.measure(operators)),
        options.get("--losses").map(|operators| job.losses(operators)),
        options.get("--layers").map(|_| layers::measure(&job)),
        options.get("--peer").map(|_| json!(peer(&job))),
    ];
    if let Some(said) = said.into_iter().flatten().next() {
        println!("{said}");
        return;
    }
    let (threads, rounds) = (number("--threads", cores), number("--rounds", 2));
    let with_pytorch = peer(&job).is_some()
        && Command::new(python()).args(["-c", "import torch"]).output().is_ok_and(|o| o.status.success());
    let Job { side, batch, recipe, .. } = &job;
    println!(
        "{recipe} at {side} px, batch {batch}, {threads} threads, {rounds} rounds; {:.1} GFLOP a step",
        job.gigaflops()
    );
    if !with_pytorch {
        println!(
            "PyTorch is left out: it has the networks of dcgan, upsample and resnet, where {} has torch",
            python()
        );
    }
    let contestants = if on_cpu { ON_CPU } else { ON_GPU };
    let mut results: Vec<Vec<Value>> = vec![Vec::new(); contestants.len()];
    for _ in 0..rounds {
        for ((_, contestant), results) in contestants.iter().zip(&mut results) {
            if with_pytorch || matches!(contestant, Contestant::Ours(_)) {
                let measured = run(*contestant, &job, threads);
                eprintln!("{contestant:?}: {:.1} ms a step", measured["steps"][0]["wall"]);
                results.push(measured);
            }
        }
    }
    print_table(&job, contestants, &results);
}

/// The interpreter that has PyTorch.
fn python() -> String {
    env::var("PYTHON").unwrap_or_else(|_| "python3".into())
}

/// One process of a contestant, and what it measured.
fn run(contestant: Contestant, job: &Job, threads: usize) -> Value {
    let mut command = match contestant {
        Contestant::Ours(operators) => {
            let mut command = Command::new(env::current_exe().unwrap());
            command
                .args(["--measure", operators, "--recipe", &job.recipe, "--override", &job.overrides])
                .env("RAYON_NUM_THREADS", threads.to_string());
            command
        }
        Contestant::PyTorch(way, precision) => {
            let mut command = Command::new(python());
            // Threads that wait by spinning would count as work, and take it from whoever shares the cores.
            command.env("OMP_WAIT_POLICY", "passive");
            let script =
                PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("benches/train/peer.py");
            command.arg(script).args(["--way", way, "--precision", precision, "--threads", &threads.to_string()]);
            command.args(peer(job).unwrap());
            command
        }
    };
    for (name, value) in [("--side", job.side), ("--batch", job.batch), ("--steps", job.steps)] {
        command.args([name, &value.to_string()]);
    }
    command.args(["--device", &job.device.to_string()]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{contestant:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What tells PyTorch's script to compute the same, where it has these networks.
fn peer(job: &Job) -> Option<Vec<String>> {
    let recipe = job.recipe();
    let Recipe { objective, regularization, .. } = &recipe;
    let objective = match objective.name {
        Objective::NonSaturating => "non-saturating",
        Objective::Relativistic => "relativistic",
        _ => return None,
    };
    let adams = [&recipe.generator, &recipe.discriminator].map(|network| &network.optimizer);
    let has_adam = adams.iter().all(|optimizer| optimizer.name == OptimizerName::Adam);
    if !has_adam || regularization.r2 > 0.0 || regularization.gradient_penalty > 0.0 {
        return None;
    }
    let device = Device::flex();
    let generator = recipe.generator(job.side as u32, 1, &device).unwrap().architecture().clone();
    let discriminator = recipe.discriminator(job.side as u32, 1, &device).unwrap().architecture().clone();
    let mut arguments = network("generator", &generator)?;
    arguments.extend(network("discriminator", &discriminator)?);
    arguments.push("--adams".into());
    arguments
        .extend(adams.iter().flat_map(|adam| [adam.learning_rate, adam.beta_1, adam.beta_2].map(|n| n.to_string())));
    for (name, value) in [
        ("--latent", recipe.latent.size.to_string()),
        ("--objective", objective.to_owned()),
        ("--r1", regularization.r1.to_string()),
        ("--every", job.period().to_string()),
    ] {
        arguments.extend([name.to_owned(), value]);
    }
    Some(arguments)
}

/// A network for PyTorch's script, where it has it.
fn network(name: &str, architecture: &Architecture) -> Option<Vec<String>> {
    let kernel = if matches!(architecture.family, Family::Upsample | Family::Resnet) { 3 } else { 4 };
    let has_norm = matches!(architecture.norm, Norm::Batch | Norm::None);
    if architecture.family == Family::TensorflowDcgan
        || architecture.kernel != kernel
        || architecture.minibatch_group + architecture.minibatch_kernels > 0
        || !has_norm
    {
        return None;
    }
    let norm = if architecture.family == Family::Resnet { Norm::None } else { architecture.norm };
    let widths = architecture.features().unwrap().into_iter().map(|(channels, _)| channels.to_string());
    let mut arguments = vec![format!("--{name}-widths")];
    arguments.extend(widths);
    let groups = architecture.groups.to_string();
    for (key, value) in [("", architecture.family.name()), ("-norm", norm.name()), ("-groups", &groups)] {
        arguments.extend([format!("--{name}{key}"), value.to_owned()]);
    }
    Some(arguments)
}

/// The means of so many steps each.
fn means(steps: &[Value], period: usize, key: &str) -> Vec<f64> {
    let mean = |steps: &[Value]| steps.iter().map(|step| step[key].as_f64().unwrap()).sum::<f64>() / period as f64;
    steps.chunks_exact(period).map(mean).collect()
}

fn print_table(job: &Job, contestants: &[(&str, Contestant)], results: &[Vec<Value>]) {
    println!(
        "\n| | images/s | to PyTorch | images a CPU s | to PyTorch | ms a step | ms: D · G · optimizers · average | GFLOP/s | matmul | memory |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let of_round = |round: &Value, key: &str| means(round["steps"].as_array().unwrap(), job.period(), key);
    let eager = contestants.iter().position(|(_, contestant)| matches!(contestant, Contestant::PyTorch("eager", _)));
    let eager = eager.map(|index| &results[index][..]).unwrap_or_default();
    for ((name, _), rounds) in contestants.iter().zip(results).filter(|(_, rounds)| !rounds.is_empty()) {
        let steps = |key: &str| median(rounds.iter().flat_map(|round| of_round(round, key)).collect());
        let round = |key: &str| median(rounds.iter().map(|round| round[key].as_f64().unwrap()).collect());
        let ratio = |key: &str| {
            let ratios = eager
                .iter()
                .zip(rounds)
                .map(|(eager, round)| median(of_round(eager, key)) / median(of_round(round, key)));
            if eager.is_empty() { String::new() } else { format!("{:.2}", median(ratios.collect())) }
        };
        let (wall, cpu, images) = (steps("wall"), steps("cpu"), 1e3 * job.batch as f64);
        let phases = PHASES.map(|phase| format!("{:.1}", steps(phase))).join(" · ");
        println!(
            "| {name} | {:.1} | {} | {:.1} | {} | {wall:.1} | {phases} | {:.0} | {:.0} | {:.0} MiB |",
            images / wall,
            ratio("wall"),
            images / cpu,
            ratio("cpu"),
            1e3 * job.gigaflops() / wall,
            round("matmul_gflops"),
            round("memory_mib"),
        );
    }
    println!(
        "\nGFLOP/s counts what the definition takes, so that it may exceed the rate of a 2048 × 2048 matrix product (matmul). \
         Memory is the process's peak above what it held before the networks, without a GPU's. On a GPU the phases are those \
         of steps that wait for it after each, the step's time that of steps that do not."
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
