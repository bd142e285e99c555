//! `[train]` and `[report]`: dataset to weights, and the page that shows them.

use std::{ffi::OsStr, fmt, path::Path, str::FromStr};

use serde::{Deserialize, Serialize};
use toml::Table;

use super::section::{BadValue, Validate, require, section};

/// Where tensors live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The first real GPU where there is one, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// The n-th GPU, through Vulkan, Metal or DirectX 12.
    Gpu(usize),
    /// The n-th NVIDIA GPU, through CUDA.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Cpu),
            "gpu" => return Ok(Self::Gpu(0)),
            "cuda" => return Ok(Self::Cuda(0)),
            _ => {}
        }
        let numbered = |kind: &str| text.strip_prefix(kind).and_then(|number| number.parse().ok());
        let device = numbered("gpu:").map(Self::Gpu).or_else(|| numbered("cuda:").map(Self::Cuda));
        device.ok_or_else(|| format!("{text:?} is no device; use auto, cpu, gpu, gpu:N, cuda or cuda:N"))
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu(number) => write!(f, "gpu:{number}"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl From<DeviceChoice> for String {
    fn from(device: DeviceChoice) -> Self {
        device.to_string()
    }
}

/// What happens when the run's folder is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resume {
    /// Resume this configuration's run where there is one, else begin it.
    Auto,
    /// Resume the run that was trained last, and refuse where this configuration is another run.
    Latest,
    /// Resume this configuration's run where there is one, else begin it at the weights of the run trained last.
    Branch,
    /// Begin it anew, whatever is there.
    Never,
}

/// Who computes convolutions and, on the CPU, normalization, activations and optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Convolution {
    /// The workspace's own operators.
    Fast,
    /// Those of the tensor library.
    Stock,
}

/// What the numbers are rounded to that convolutions multiply; sums are f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// To nothing, on any device.
    F32,
    /// To TF32, with a mantissa of 10 bits, where a card multiplies such faster; to nothing elsewhere.
    Tf32,
    /// To bfloat16, with a mantissa of 7 bits, on any device.
    Bf16,
}

section! {
    /// `[train]`: what is trained, on what, for how long.
    TrainConfig in "train" {
        /// A recipe's name, or the path of its TOML file: networks, objective, optimizer and schedule.
        recipe: String = "modern".into(), Output;
        /// What that file says: read together with the configuration, so that a run is known by it. Not to be set by hand.
        recipe_text: String = String::new(), Output, added;
        /// auto, cpu, gpu, gpu:N, cuda or cuda:N.
        device: DeviceChoice = DeviceChoice::Auto, Runtime;
        /// Real images that a training step sees.
        batch_size: usize = 16, Output;
        /// Parts that a batch is computed in, one after the other or on several ranks, for batches larger than memory; BatchNorm
        /// sees a part.
        accumulate: usize = 1, Output;
        /// Processes that share the parts out, on one machine or several: 1, 2, 4, … They come to the same bits. Several compute on
        /// CPUs, through MPI.
        ranks: usize = 1, Runtime, added;
        /// What starts several ranks, before their number: "mpirun -n", or on a cluster "srun --kill-on-bad-exit=1 -n".
        launcher: String = "mpirun -n".into(), Runtime, added;
        /// fast: operators that spend less arithmetic on a CPU; stock: burn's own. They differ by rounding.
        convolution: Convolution = Convolution::Fast, Output;
        /// What convolutions multiply is rounded to f32 (nothing), tf32 (where a card multiplies that faster), or bf16.
        precision: Precision = Precision::Tf32, Output, added;
        /// Thousands of real images to show.
        max_kimg: f64 = 2000.0, Extent;
        /// Or this many passes over the dataset, whichever ends first; 0: not used.
        max_epochs: u64 = 0, Extent;
        /// Thousands of images between checkpoints.
        checkpoint_kimg: f64 = 50.0, Runtime;
        /// Thousands of images between sample grids.
        sample_kimg: f64 = 25.0, Runtime;
        /// What is measured of the averaged generator on the way: frechet, kernel, precision, recall, density, coverage. The
        /// first chooses the best generator. []: nothing is measured.
        metrics: Vec<String> = ["frechet", "precision", "recall"].map(str::to_owned).into(), Runtime, added;
        /// Thousands of images between these measurements; 0: as many as keep their cost below a twentieth of the training's.
        metrics_kimg: f64 = 0.0, Runtime, added;
        /// How many samples are measured each time, against at most as many real images.
        metrics_samples: u64 = 1000, Runtime, added;
        /// Single values of the recipe, such as { generator.base_channels = 16 }.
        r#override: Table = Table::new(), Output;
        /// A run, its folder, or a generator.safetensors, at whose weights a run begins, layer by layer where shapes agree: of
        /// the same side, or of half of it. Empty: begin from nothing.
        transfer: String = String::new(), Runtime, added;
        /// SHA-256 of these weights: read together with the configuration, so that a run is known by them. Not to be set by
        /// hand.
        transfer_hash: String = String::new(), Output, added;
        /// auto: resume at the newest whole checkpoint; latest: the same, but refuse to begin another run; branch: begin
        /// another run at the weights of the one trained last; never: start anew.
        resume: Resume = Resume::Auto, Runtime;
    }
}

impl TrainConfig {
    /// Whether the recipe is a file's, and not one of those that have a name.
    pub fn has_recipe_file(&self) -> bool {
        Path::new(&self.recipe).extension().is_some_and(|extension| extension == "toml")
    }

    /// What runs by the recipe are called: its name, or its file's, in the letters that such names can have.
    pub fn recipe_name(&self) -> String {
        let name = if self.has_recipe_file() { Path::new(&self.recipe).file_stem() } else { None };
        let name = name.map_or(self.recipe.as_str().into(), OsStr::to_string_lossy);
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' }).collect()
    }
}

impl Validate for TrainConfig {
    fn bad_values(&self) -> Vec<BadValue> {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        require! {
            "batch_size": (2..=65_536).contains(&self.batch_size), "must be from 2 to 65536: BatchNorm needs company";
            "accumulate": self.accumulate > 0 && self.batch_size.is_multiple_of(self.accumulate)
                && self.batch_size / self.accumulate >= 2,
                format!("must divide train.batch_size ({}) into parts of 2 or more", self.batch_size);
            "ranks": self.ranks.is_power_of_two() && self.accumulate.is_multiple_of(self.ranks),
                format!(
                    "must be 1, 2, 4, 8, … and divide train.accumulate ({}), whose parts ranks share: set that to a multiple of it",
                    self.accumulate
                );
            "ranks": self.ranks == 1 || matches!(self.device, DeviceChoice::Auto | DeviceChoice::Cpu),
                "must be 1 on a GPU: several ranks compute on CPUs; set train.device to \"cpu\"";
            "launcher": !self.launcher.trim().is_empty(), "must name a program, such as \"mpirun -n\"";
            "precision": self.precision != Precision::Bf16 || self.convolution == Convolution::Fast,
                "must not be bf16 with train.convolution = \"stock\", whose operators do not round";
            "max_kimg": positive(self.max_kimg), "must be above 0";
            "checkpoint_kimg": positive(self.checkpoint_kimg), "must be above 0";
            "sample_kimg": positive(self.sample_kimg), "must be above 0";
            "metrics_kimg": self.metrics_kimg == 0.0 || positive(self.metrics_kimg), "must be 0 or more";
            "transfer": self.transfer.is_empty() || self.resume != Resume::Branch,
                "cannot be given where train.resume = \"branch\": both say where a run begins";
            "metrics_samples": (2..=100_000).contains(&self.metrics_samples), "must be from 2 to 100000";
        }
    }
}

section! {
    /// `[report]`: the page that shows it.
    ReportConfig in "report" {
        /// What the page is called.
        title: String = "Nijigen".into(), Output;
    }
}

impl Validate for ReportConfig {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_takes_operators_that_round() {
        let problems = |convolution| {
            let config = TrainConfig { precision: Precision::Bf16, convolution, ..TrainConfig::default() };
            config.bad_values().into_iter().map(|bad| bad.key).collect::<Vec<_>>()
        };
        assert_eq!(problems(Convolution::Fast), [""; 0]);
        assert_eq!(problems(Convolution::Stock), ["precision"]);
    }

    #[test]
    fn devices() {
        let check = |text: &str, expected: Option<DeviceChoice>| assert_eq!(text.parse().ok(), expected, "{text}");
        check("auto", Some(DeviceChoice::Auto));
        check("cpu", Some(DeviceChoice::Cpu));
        check("gpu", Some(DeviceChoice::Gpu(0)));
        check("gpu:2", Some(DeviceChoice::Gpu(2)));
        check("tpu", None);
        check("gpu:", None);
        check("gpu:-1", None);
        check("cuda", Some(DeviceChoice::Cuda(0)));
        check("cuda:1", Some(DeviceChoice::Cuda(1)));
        check("cudas:1", None);
    }

    #[test]
    fn runs_are_called_by_their_recipe() {
        let check = |recipe: &str, has_file, expected| {
            let train = TrainConfig { recipe: recipe.into(), ..TrainConfig::default() };
            assert_eq!((train.has_recipe_file(), train.recipe_name().as_str()), (has_file, expected), "{recipe}");
        };
        check("dcgan-paper", false, "dcgan-paper");
        check("recipes/my best one.toml", true, "my-best-one");
        check("../ü.v2.toml", true, "--v2");
        check("dcgan/toml", false, "dcgan-toml");
    }

    #[test]
    fn a_batch_falls_into_equal_parts() {
        let check = |batch_size, accumulate, fits| {
            let train = TrainConfig { batch_size, accumulate, ..TrainConfig::default() };
            assert_eq!(train.bad_values().is_empty(), fits, "{batch_size} in {accumulate}");
        };
        check(64, 1, true);
        check(64, 4, true);
        check(64, 0, false);
        check(64, 3, false);
        check(64, 64, false);
    }

    #[test]
    fn ranks_share_parts_out_evenly_along_the_tree() {
        let check = |accumulate, ranks, device: &str, fits| {
            let device = device.parse().unwrap();
            let train = TrainConfig { batch_size: 96, accumulate, ranks, device, ..TrainConfig::default() };
            assert_eq!(train.bad_values().is_empty(), fits, "{ranks} of {accumulate} on {device}");
        };
        check(1, 1, "cuda", true);
        check(8, 8, "cpu", true);
        check(12, 4, "auto", true);
        check(12, 3, "auto", false);
        check(12, 8, "auto", false);
        check(1, 2, "auto", false);
        check(2, 0, "auto", false);
        check(2, 2, "gpu", false);
    }
}
