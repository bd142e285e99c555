//! The generator that a command is about, and the run that it is of.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use contracts::{Context, find_run, id::RunId, layout::RunLayout, publish};
use generator::{ClassChoice, Device, TrainedGenerator};
use serde_json::Value;

/// A generator with the run that it lies in, where it does.
pub(crate) struct Opened {
    pub(crate) generator: TrainedGenerator,
    pub(crate) run: Option<RunLayout>,
}

impl Opened {
    /// Opens what `name` means: a path that is there, or a run's name.
    pub(crate) fn open(context: &Context<'_>, name: &str) -> anyhow::Result<Self> {
        let path = Path::new(name);
        let path = match path.exists() {
            true => path.to_path_buf(),
            false if looks_like_a_path(path) => anyhow::bail!(
                "there is nothing at {name}; give a run's folder, a generator.safetensors, or a run's name as `cargo xtask \
                 runs` lists them"
            ),
            false => context.layout.run(&find_run(context.layout, name)?).root().to_path_buf(),
        };
        let generator = TrainedGenerator::open(&path, &Device::flex())?;
        Ok(Self { generator, run: run_of(&path) })
    }

    /// The same generator, drawing of the class of that name from now on.
    pub(crate) fn with_class(self, name: &str) -> anyhow::Result<Self> {
        let generator = &self.generator;
        let class = ClassChoice::named(generator.classes(), name)
            .map_err(|problem| anyhow::anyhow!("cannot draw {name}: of {}, {problem}", generator.path().display()))?;
        Ok(Self { generator: self.generator.with_class(class)?, ..self })
    }

    /// The run's name, as its provenance has it.
    pub(crate) fn run_id(&self) -> Option<RunId> {
        self.provenance()?.get("run")?.as_str()?.parse().ok()
    }

    /// What the run was made from; `None` for weights that lie in no run's folder.
    pub(crate) fn provenance(&self) -> Option<Value> {
        serde_json::from_slice(&publish::read_file(&self.run.as_ref()?.provenance()).ok()?).ok()
    }
}

fn looks_like_a_path(path: &Path) -> bool {
    path.components().count() > 1 || path.extension().is_some()
}

/// The run whose folder it is or lies in.
fn run_of(path: &Path) -> Option<RunLayout> {
    let folder: PathBuf = if path.is_dir() { path.into() } else { path.parent()?.into() };
    let run = RunLayout::at(&folder);
    run.provenance().exists().then_some(run)
}

/// The dataset that a command holds samples against.
pub(crate) fn dataset(context: &Context<'_>, faces: &crate::arguments::Faces) -> anyhow::Result<dataset::Dataset> {
    let folder = faces.dataset.clone().unwrap_or_else(|| context.layout.dataset());
    dataset::Dataset::open(&folder).with_context(|| {
        format!("cannot look for faces in {}; --dataset names the folder of another dataset", folder.display())
    })
}
