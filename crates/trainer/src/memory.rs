//! What a step needs of memory, estimated before the first one.

use std::fs;

use burn::module::Module;
use gan::ArchitectureError;
use generator::DeviceKind;

use crate::{error::TrainError, networks::Networks, plan::Plan};

/// Of every weight there are the weight, its gradient, the optimizer's two moments and what is being computed from them.
const COPIES_OF_A_WEIGHT: usize = 5;

/// Of every hidden value the tape keeps what a convolution wrote and what its activation did.
const COPIES_OF_A_VALUE: usize = 2;

/// An estimate of the memory that training holds at its peak, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryEstimate {
    /// For weights, gradients and optimizers, whatever the batch.
    fixed: u64,
    /// For each image of a part of the batch.
    per_image: u64,
}

/// Says what the plan's step will take, and refuses to begin what this machine's memory cannot hold. Of a GPU's memory
/// nothing is known.
///
/// # Errors
/// When the CPU's memory is too small; the error names the batch that would fit.
pub(crate) fn check(plan: &Plan, networks: &Networks, device: DeviceKind) -> Result<(), TrainError> {
    let estimate = MemoryEstimate::new(networks)?;
    tracing::info!("a step takes about {}", gibibytes(estimate.bytes(plan.part_size())));
    match free_memory().filter(|_| device == DeviceKind::Cpu) {
        Some(free) => estimate.fits(plan.batch_size, plan.accumulate, free),
        None => Ok(()),
    }
}

impl MemoryEstimate {
    fn new(networks: &Networks) -> Result<Self, ArchitectureError> {
        let weights = networks.generator.num_params() + networks.discriminator.num_params();
        let (generator, discriminator) = (networks.generator.architecture(), networks.discriminator.architecture());
        let made = generator.generator_cost(networks.generator.latent().size)?.values as usize;
        let image = 3 * (discriminator.side as usize).pow(2);
        let scored = discriminator.discriminator_cost()?.values as usize + image;
        // D's update is the peak: the tape that made the images, two that score images, and a gradient on its way.
        let kept = COPIES_OF_A_VALUE * (made + 2 * scored) + scored;
        let bytes = |values: usize| (values * size_of::<f32>()) as u64;
        Ok(Self { fixed: bytes(COPIES_OF_A_WEIGHT * weights), per_image: bytes(kept) })
    }

    fn bytes(self, images: usize) -> u64 {
        self.fixed + self.per_image * images as u64
    }

    /// Refuses a batch in so many parts that does not fit into `free` bytes.
    fn fits(self, batch_size: usize, accumulate: usize, free: u64) -> Result<(), TrainError> {
        let needed = self.bytes(batch_size / accumulate);
        if needed <= free {
            return Ok(());
        }
        let fitting = (free.saturating_sub(self.fixed) / self.per_image) as usize;
        // The fewest equal parts that fit; none of them smaller than two images, which BatchNorm needs.
        let parts =
            (1..=batch_size / 2).find(|parts| batch_size.is_multiple_of(*parts) && batch_size / parts <= fitting);
        Err(TrainError::Memory { needed: gibibytes(needed), free: gibibytes(free), fitting, parts })
    }
}

/// Bytes that this process may still take, as Linux tells them: of the machine, or of the container if that is less.
fn free_memory() -> Option<u64> {
    let machine = available(&fs::read_to_string("/proc/meminfo").ok()?)?;
    // Control groups, version 2: "max" is no number, and then only the machine limits.
    let number = |file: &str| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let container = number("/sys/fs/cgroup/memory.max")
        .and_then(|limit| Some(limit.saturating_sub(number("/sys/fs/cgroup/memory.current")?)));
    Some(container.map_or(machine, |container| container.min(machine)))
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.2} GiB", bytes as f64 / f64::from(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_batch_that_would_fit_is_named() {
        let estimate = MemoryEstimate { fixed: 1000, per_image: 10 };
        let check = |batch_size, accumulate, free, expected: Option<(usize, Option<usize>)>| {
            let found = match estimate.fits(batch_size, accumulate, free) {
                Ok(()) => None,
                Err(TrainError::Memory { fitting, parts, .. }) => Some((fitting, parts)),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(found, expected, "{batch_size} in {accumulate} with {free}");
        };
        check(64, 1, 1640, None);
        check(64, 1, 1639, Some((63, Some(2))));
        check(64, 2, 1320, None);
        check(64, 1, 1100, Some((10, Some(8))));
        check(64, 1, 1019, Some((1, None)));
        check(64, 1, 500, Some((0, None)));
    }

    #[test]
    fn linux_tells_what_is_free() {
        let text = "MemTotal:       24563864 kB\nMemFree:        21000000 kB\nMemAvailable:   23000000 kB\n";
        assert_eq!(available(text), Some(23_000_000 * 1024));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }
}
