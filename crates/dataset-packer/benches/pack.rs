//! `cargo xtask bench pack [-- TAR]`: packing and loading, beside Python's datasets with PIL, PyTorch's DataLoader and memcpy.
//!
//! The pictures are those of a tar file, the shared faces unless another is named. Times are of the processor, all threads
//! together, so that other work on the machine disturbs them little.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a developer's tool, whose output is a table")]

use std::{
    collections::BTreeMap,
    env, fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use contracts::{
    Config, Context, Layout, Stage,
    options::PackOptions,
    stage::{Interrupt, Silent},
};
use dataset::{Dataset, Dhash, Loader, LoaderOptions, NearIndex, SplitName, Turn};
use dataset_packer::Pack;

/// Images of a batch, as training has them.
const BATCH: usize = 64;
/// Batches that are loaded.
const BATCHES: usize = 500;
/// A step of `dcgan` at 64 pixels and batch 64 with one thread, from docs/benchmarks.md.
const STEP_SECONDS: f64 = 1.151;
const SIDE: u32 = 64;
/// Images among which those that look alike are found.
const HASHES: usize = 1_000_000;

fn main() {
    // What cargo itself adds is not for us.
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).map(PathBuf::from);
    let shared = || Some(PathBuf::from(std::env::var_os("NIJIGEN_SHARED")?).join("data/faces-20k.tar"));
    let Some(tar) = named.or_else(shared).filter(|tar| tar.is_file()) else {
        println!("there is nothing to pack: name a tar file of pictures, or set NIJIGEN_SHARED");
        return;
    };
    let tar = fs::canonicalize(tar).unwrap();
    let root = tempfile::tempdir().unwrap();
    let Packed { cpu: packed, clock, again, images } = pack(&tar, root.path());
    let (loaded, copied) = load(root.path());
    let (near, alike) = near(root.path());
    let peers = peers(&tar);

    println!("{images} pictures of {}, to {SIDE} px; CPU seconds\n", tar.display());
    let row = |name: &str, per_image: f64| println!("| {name:<46} | {:>10.1} |", per_image * 1e6);
    println!("| {:<46} | µs a image |\n|---|---|", "");
    row("packing", packed / images as f64);
    row("packing again, nothing changed", again / images as f64);
    peers.get("pack").into_iter().for_each(|peer| row("datasets with PIL", *peer));
    row("loading", loaded);
    row("copying as many bytes", copied);
    peers.get("load").into_iter().for_each(|peer| row("PyTorch's DataLoader over the JPEG files", *peer));
    println!();
    if let (Some(pack), Some(load)) = (peers.get("pack"), peers.get("load")) {
        println!("packing: {:.1} times the peer's rate in CPU time", pack * images as f64 / packed);
        println!("loading: {:.0} times the peer's rate", load / loaded);
    }
    if let Some(peer) = peers.get("pack_clock") {
        let (ours, cores) = (clock / images as f64, std::thread::available_parallelism().map_or(1, usize::from));
        println!("packing on {cores} cores: {:.1} times the peer's rate by the clock, in one process", peer / ours);
    }
    println!("near-duplicates among {HASHES} hashes: {near:.1} s for {alike} alike");
    println!("loading a batch of {BATCH}: {:.2} % of a step on a CPU", loaded * BATCH as f64 / STEP_SECONDS * 100.0);
}

/// What packing all pictures took, in seconds.
struct Packed {
    cpu: f64,
    clock: f64,
    /// CPU time of packing again.
    again: f64,
    images: u64,
}

fn pack(tar: &Path, root: &Path) -> Packed {
    let mut config = Config::default();
    config.pack.sources = vec![tar.to_str().unwrap().to_owned()];
    config.pack.resolution = SIDE;
    let layout = Layout::new(root, &config.paths);
    let context = Context { config: &config, layout: &layout, progress: &Silent, interrupt: &Interrupt::default() };
    let run = || Pack::run(&context, &PackOptions::default()).unwrap();
    let started = Instant::now();
    let (cpu, report) = timed(run);
    let clock = started.elapsed().as_secs_f64();
    let (again, _) = timed(run);
    Packed { cpu, clock, again, images: report.taken }
}

/// CPU seconds of loading an image, and of copying as many bytes as it becomes.
fn load(root: &Path) -> (f64, f64) {
    let layout = Layout::new(root, &Config::default().paths);
    let dataset = Dataset::open(&layout.dataset()).unwrap();
    let split = dataset.split(SplitName::Train);
    let options = LoaderOptions { seed: 1, batch_size: BATCH, flip: true, turn: Turn::default(), readers: 1, ahead: 4 };
    let (loaded, _) = timed(|| {
        Loader::start(split, options, 0).take(BATCHES).map(Result::unwrap).for_each(|batch| {
            black_box(batch);
        })
    });
    let from = vec![1.0_f32; BATCH * split.shape().values()];
    let (copied, _) = timed(|| (0..BATCHES).for_each(|_| drop(black_box(black_box(&from).clone()))));
    let images = (BATCH * BATCHES) as f64;
    (loaded / images, copied / images)
}

/// CPU seconds of finding what looks alike among a million images, and how many do. Their hashes are those of the real ones
/// with some bits turned over: as unevenly spread as real ones are, and one in five near another.
fn near(root: &Path) -> (f64, usize) {
    let dataset = Dataset::open(&Layout::new(root, &Config::default().paths).dataset()).unwrap();
    let real: Vec<u64> = dataset.split(SplitName::Train).rows().map(|row| row.unwrap().dhash.0).collect();
    let mut random = fastrand::Rng::with_seed(1);
    let mut last = 0;
    let mut hash = |number: usize| {
        let (from, most) = if number % 5 == 4 { (last, 4) } else { (real[number % real.len()], 24) };
        last = (0..random.u32(0..=most)).fold(from, |hash, _| hash ^ 1 << random.u32(0..64));
        Dhash(last)
    };
    let hashes: Vec<Dhash> = (0..HASHES).map(&mut hash).collect();
    timed(|| {
        let mut index = NearIndex::new(Config::default().pack.dedupe_distance as u32);
        let mut alike = 0;
        for (image, hash) in hashes.iter().enumerate() {
            match index.near(*hash) {
                Some(_) => alike += 1,
                None => index.insert(*hash, image),
            }
        }
        alike
    })
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = cpu_seconds();
    let result = work();
    (cpu_seconds() - before, result)
}

/// What this process has used of the processor, in the kernel's hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("the benchmark reads its CPU time from Linux's /proc");
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: Vec<f64> = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse().unwrap()).collect();
    ticks.iter().sum::<f64>() / 100.0
}

/// Seconds an image of the peers, by name; empty where Python or a package is missing.
fn peers(tar: &Path) -> BTreeMap<String, f64> {
    let script = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("benches/peer.py");
    let output = Command::new("python3").arg(script).arg(tar).arg(SIDE.to_string()).output();
    match output {
        Ok(output) if output.status.success() => serde_json::from_slice(&output.stdout).unwrap(),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().lines().last().unwrap_or_default().to_owned();
            println!("without peers: {said}");
            BTreeMap::new()
        }
        Err(error) => {
            println!("without peers: python3 does not start: {error}");
            BTreeMap::new()
        }
    }
}
