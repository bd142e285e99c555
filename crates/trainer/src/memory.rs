//! What a step needs of memory, estimated before the first one.

use std::fs;

use gan::{ArchitectureError, Recipe};
use generator::DeviceKind;

use crate::{error::TrainError, plan::Plan};

/// Of every weight there are the weight, its gradient, the optimizer's two moments and what is being computed from them.
const COPIES_OF_A_WEIGHT: u64 = 5;

/// Of every hidden value the tape keeps what a convolution wrote and what its activation did.
const COPIES_OF_A_VALUE: u64 = 2;

/// Bytes of a number.
const FLOAT: u64 = size_of::<f32>() as u64;

/// An estimate of the memory that training holds at its peak, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryEstimate {
    /// For weights, gradients and optimizers, whatever the batch.
    fixed: u64,
    /// For each image of a part of the batch.
    per_image: u64,
}

/// Says what the plan's step will take, and refuses to begin what this machine's memory cannot hold: before the networks are
/// built, since to draw ten thousand million weights takes minutes and all memory. Of a GPU's memory nothing is known, but
/// first weights are drawn in the machine's.
///
/// # Errors
/// When memory is too small; the error names the batch that would fit.
pub(crate) fn check(plan: &Plan, device: DeviceKind) -> Result<(), TrainError> {
    let estimate = MemoryEstimate::new(&plan.recipe, plan.resolution)?;
    tracing::info!("a step takes about {}", gibibytes(estimate.bytes(plan.part_size())));
    match (free_memory(), device) {
        (None, _) => Ok(()),
        (Some(free), DeviceKind::Cpu) => estimate.fits(plan.batch_size, plan.accumulate, free),
        (Some(free), _) => estimate.weights_fit(free),
    }
}

impl MemoryEstimate {
    fn new(recipe: &Recipe, resolution: u32) -> Result<Self, ArchitectureError> {
        let [generator, discriminator] = recipe.forward_costs(resolution)?;
        let image = 3 * u64::from(resolution).pow(2);
        let scored = discriminator.values + image;
        // D's update is the peak: the tape that made the images, two that score images, and a gradient on its way.
        let kept = COPIES_OF_A_VALUE * (generator.values + 2 * scored) + scored;
        let weights = generator.weights + discriminator.weights;
        Ok(Self { fixed: FLOAT * COPIES_OF_A_WEIGHT * weights, per_image: FLOAT * kept })
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

    /// Refuses weights that, each once, do not fit into `free` bytes.
    fn weights_fit(self, free: u64) -> Result<(), TrainError> {
        if self.fixed / COPIES_OF_A_WEIGHT <= free {
            return Ok(());
        }
        Err(TrainError::Memory { needed: gibibytes(self.fixed), free: gibibytes(free), fitting: 0, parts: None })
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
    fn networks_beyond_all_memory_are_refused_before_they_are_built() {
        let mut config = contracts::Config::default();
        config.train.r#override =
            "generator.base_channels = 1024\ndiscriminator.base_channels = 1024\nlatent.size = 65536".parse().unwrap();
        let recipe = crate::plan::recipe(&config.train).unwrap();
        assert_eq!(recipe.validate(64), [""; 0]);
        let estimate = MemoryEstimate::new(&recipe, 64).unwrap();
        // 65,536 · 8,192 · 4² weights of the generator's first layer alone, 4 bytes each.
        let first = 34_359_738_368;
        assert!(estimate.fixed > COPIES_OF_A_WEIGHT * first, "{estimate:?}");
        for refused in [estimate.fits(16, 1, first), estimate.weights_fit(first)] {
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("32.00 GiB are free") && error.contains("narrower networks"), "{error}");
        }
        assert!(estimate.weights_fit(2 * first).is_ok());
    }

    #[test]
    fn linux_tells_what_is_free() {
        let text = "MemTotal:       24563864 kB\nMemFree:        21000000 kB\nMemAvailable:   23000000 kB\n";
        assert_eq!(available(text), Some(23_000_000 * 1024));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }
}
