//! A training step on the CPU: with fast and stock operators, and PyTorch's beside them where it is installed.
//!
//! ```text
//! cargo bench -p trainer --bench train -- [--threads N] [--side PX] [--batch N] [--steps N] [--rounds N]
//! ```
//!
//! Each contestant runs in a process of its own, in turn, round after round, so that other programs on the machine
//! disturb all of them alike. The figures are medians over all steps of all rounds, the first two steps of a process
//! left out. CPU time is that of all threads of the process.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a table for people, from one program to itself")]

mod measure;

use std::{collections::BTreeMap, env, path::Path, process::Command};

use measure::Job;
use serde_json::Value;

/// What is compared.
#[derive(Clone, Copy, Debug)]
enum Contestant {
    Ours(&'static str),
    /// PyTorch, with D's weights frozen in G's step or not.
    PyTorch(&'static str),
}

const CONTESTANTS: [(&str, Contestant); 4] = [
    ("fast operators", Contestant::Ours("fast")),
    ("stock operators", Contestant::Ours("stock")),
    ("PyTorch eager", Contestant::PyTorch("eager")),
    ("PyTorch eager, D frozen in G's step", Contestant::PyTorch("frozen")),
];

const PHASES: [&str; 4] = ["discriminator", "generator", "optimizers", "average"];

fn main() {
    // Cargo adds --bench.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let options: BTreeMap<&str, &str> =
        arguments.chunks(2).map(|pair| (pair[0].as_str(), pair.get(1).map_or("", String::as_str))).collect();
    let number = |name: &str, default: usize| options.get(name).map_or(default, |text| text.parse().unwrap());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let job = Job { side: number("--side", 64), batch: number("--batch", 64), steps: number("--steps", 5) };
    if let Some(operators) = options.get("--measure") {
        println!("{}", job.measure(operators));
        return;
    }
    let (threads, rounds) = (number("--threads", cores), number("--rounds", 2));
    let with_pytorch = Command::new("python3").args(["-c", "import torch"]).output().is_ok_and(|o| o.status.success());
    let Job { side, batch, .. } = job;
    println!(
        "dcgan at {side} px, batch {batch}, {threads} threads, {rounds} rounds; {:.1} GFLOP a step",
        job.gigaflops()
    );
    if !with_pytorch {
        println!("PyTorch is left out: `python3 -c \"import torch\"` does not work here");
    }
    let mut results: Vec<Vec<Value>> = vec![Vec::new(); CONTESTANTS.len()];
    for _ in 0..rounds {
        for ((_, contestant), results) in CONTESTANTS.iter().zip(&mut results) {
            if with_pytorch || matches!(contestant, Contestant::Ours(_)) {
                results.push(run(*contestant, job, threads));
            }
        }
    }
    print_table(job, &results);
}

/// One process of a contestant, and what it measured.
fn run(contestant: Contestant, job: Job, threads: usize) -> Value {
    let mut command = match contestant {
        Contestant::Ours(operators) => {
            let mut command = Command::new(env::current_exe().unwrap());
            command.args(["--measure", operators]).env("RAYON_NUM_THREADS", threads.to_string());
            command
        }
        Contestant::PyTorch(way) => {
            let mut command = Command::new("python3");
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/train/peer.py");
            command.arg(script).args(["--way", way, "--threads", &threads.to_string()]);
            command
        }
    };
    for (name, value) in [("--side", job.side), ("--batch", job.batch), ("--steps", job.steps)] {
        command.args([name, &value.to_string()]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{contestant:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn print_table(job: Job, results: &[Vec<Value>]) {
    println!(
        "\n| | images/s | images a CPU s | ms a step | ms: D · G · optimisers · average | GFLOP/s | matmul | memory |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for ((name, _), rounds) in CONTESTANTS.iter().zip(results).filter(|(_, rounds)| !rounds.is_empty()) {
        let steps = |key: &str| {
            let of_round = |round: &Value| round["steps"].as_array().unwrap().clone();
            median(rounds.iter().flat_map(of_round).map(|step| step[key].as_f64().unwrap()).collect())
        };
        let round = |key: &str| median(rounds.iter().map(|round| round[key].as_f64().unwrap()).collect());
        let (wall, cpu, images) = (steps("wall"), steps("cpu"), 1e3 * job.batch as f64);
        let phases = PHASES.map(|phase| format!("{:.0}", steps(phase))).join(" · ");
        println!(
            "| {name} | {:.1} | {:.1} | {wall:.0} | {phases} | {:.0} | {:.0} | {:.0} MiB |",
            images / wall,
            images / cpu,
            1e3 * job.gigaflops() / wall,
            round("matmul_gflops"),
            round("memory_mib"),
        );
    }
    println!(
        "\nGFLOP/s counts what the definition takes, so that it may exceed the rate of a 2048 × 2048 matrix product (matmul). \
         Memory is the process's peak above what it held before the networks."
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
