//! Whether a run's files are what was written: each is hashed again.

use contracts::{
    BestGenerator, ContentHash, Context, StageId,
    layout::RunLayout,
    publish::{self, FileError},
    verification::{Draw, Fault, Verification},
};
use dataset::Dataset;
use serde::Deserialize;

use crate::{checkpoint, error::TrainError};

/// The part of `provenance.json` that vouches for the weights.
#[derive(Deserialize)]
struct Vouched {
    generator: Option<ContentHash>,
    /// Runs of earlier versions have none.
    discriminator: Option<ContentHash>,
}

/// What was compared: the dataset that is trained on, the weights and the newest checkpoint (or all) of the configuration's run.
///
/// # Errors
/// When something is damaged, or there is no dataset.
pub(crate) fn verify(context: &Context<'_>, draw: Draw) -> Result<String, TrainError> {
    let Context { config, layout, .. } = *context;
    let dataset = Dataset::open(&layout.dataset())?;
    let mut verification = Verification::default();
    for path in dataset.damaged_files() {
        verification.damaged_in(&layout.dataset(), &path, Fault::Altered, StageId::Pack);
    }
    verification.compared("the dataset");
    let run = layout.run(&config.run_id(&dataset.hash()));
    verify_weights(&run, &mut verification)?;
    if let Some(best) = BestGenerator::read(&run)? {
        verification.file(&run.best_generator(), &best.generator, StageId::Train);
    }
    checkpoint::verify(&run, draw, &mut verification)?;
    Ok(verification.conclude()?)
}

fn verify_weights(run: &RunLayout, verification: &mut Verification) -> Result<(), FileError> {
    let path = run.provenance();
    if !path.exists() {
        verification.compared(format!("no weights yet at {}", run.root().display()));
        return Ok(());
    }
    match serde_json::from_slice(&publish::read_file(&path)?) {
        Err(_) => verification.damaged(&path, Fault::Altered, StageId::Train),
        Ok(Vouched { generator, discriminator }) => {
            let weights = [(run.generator(), generator), (run.discriminator(), discriminator)];
            for (file, hash) in weights.into_iter().filter_map(|(file, hash)| Some((file, hash?))) {
                verification.file(&file, &hash, StageId::Train);
                verification.compared(file.display().to_string());
            }
        }
    }
    Ok(())
}
