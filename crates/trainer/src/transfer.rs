//! Transfer: a run that begins at the weights of another one, as far as they fit.

use std::path::Path;

use contracts::{publish, transfer::TransferWeights};
use gan::{Ema, Taken, WeightsError};

use crate::{error::TrainError, networks::Networks};

/// The networks with the weights of a generator, and of the discriminator beside it, in every layer whose shapes agree.
///
/// # Errors
/// When a file cannot be read, is of another family or side, or none of the generator's layers fits.
pub(crate) fn begin(networks: Networks, weights: &Path, warnings: &mut Vec<String>) -> Result<Networks, TrainError> {
    let refused = |path: &Path| {
        let path = path.to_path_buf();
        move |problem: WeightsError| TrainError::Untransferable { path, problem }
    };
    let (generator, taken) = networks.generator.transfer(&publish::read_file(weights)?).map_err(refused(weights))?;
    tell("generator", weights, taken);
    let discriminator = match TransferWeights::discriminator_beside(weights) {
        Some(path) => {
            let (discriminator, taken) =
                networks.discriminator.transfer(&publish::read_file(&path)?).map_err(refused(&path))?;
            tell("discriminator", &path, taken);
            discriminator
        }
        None => {
            warnings.push(format!(
                "there is no discriminator.safetensors beside {}: the discriminator begins from nothing",
                weights.display()
            ));
            networks.discriminator
        }
    };
    let average = Ema::new(networks.average.config(), &generator);
    Ok(Networks { generator, discriminator, average, ..networks })
}

fn tell(network: &str, path: &Path, Taken { layers, of }: Taken) {
    tracing::info!("{layers} of the {network}'s {of} layers begin at the weights of {}", path.display());
}
