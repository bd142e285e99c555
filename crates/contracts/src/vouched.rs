//! What a run's records vouch for: the hash of its weights.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{
    best_generator::BestGenerator,
    hash::ContentHash,
    layout::RunLayout,
    publish::{self, FileError},
};

/// The hash that stands for some weights, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// The record that states it.
    pub record: PathBuf,
    /// What it states.
    pub hash: ContentHash,
}

/// The part of `provenance.json` that vouches for the weights; absent until there are any.
#[derive(Default, Deserialize)]
struct Provenance {
    generator: Option<ContentHash>,
    /// Runs of earlier versions have none.
    discriminator: Option<ContentHash>,
}

impl Voucher {
    /// What the records beside a file of weights state of it; `None` where there are none, or they know it not by this name.
    ///
    /// # Errors
    /// When a record is there and cannot be read.
    pub fn beside(weights: &Path) -> Result<Option<Self>, FileError> {
        let run = RunLayout::at(publish::parent(weights));
        // By name: a run's folder may be given by another path than the weights'.
        let is_named_as = |path: PathBuf| path.file_name() == weights.file_name();
        let (record, hash) = if is_named_as(run.generator()) {
            (run.provenance(), Provenance::read(&run)?.generator)
        } else if is_named_as(run.discriminator()) {
            (run.provenance(), Provenance::read(&run)?.discriminator)
        } else if is_named_as(run.best_generator()) {
            (run.best_generator_record(), BestGenerator::read(&run)?.map(|best| best.generator))
        } else {
            return Ok(None);
        };
        Ok(hash.map(|hash| Self { record, hash }))
    }
}

impl Provenance {
    /// What a run's says; nothing where there is none.
    fn read(run: &RunLayout) -> Result<Self, FileError> {
        let path = run.provenance();
        if !path.exists() {
            return Ok(Self::default());
        }
        serde_json::from_slice(&publish::read_file(&path)?).map_err(|error| FileError::at("read", &path)(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_s_provenance_vouches_for_its_weights_alone() {
        let root = tempfile::tempdir().unwrap();
        let run = RunLayout::at(root.path());
        let check = |provenance: &str, expected: Option<ContentHash>| {
            publish::write_file(&run.provenance(), provenance.as_bytes()).unwrap();
            let found = Voucher::beside(&run.generator()).unwrap();
            assert_eq!(found.map(|found| (found.record, found.hash)), expected.map(|hash| (run.provenance(), hash)));
        };
        assert_eq!(Voucher::beside(&run.generator()).unwrap(), None);
        check("{}", None);
        check(r#"{"generator": null, "seed": 1}"#, None);
        let hash = ContentHash::of(b"weights");
        check(&format!(r#"{{"generator": "{hash}", "discriminator": "{hash}"}}"#), Some(hash));
        assert_eq!(Voucher::beside(&run.discriminator()).unwrap().map(|voucher| voucher.hash), Some(hash));
        assert_eq!(Voucher::beside(&run.best_generator()).unwrap(), None);
        assert_eq!(Voucher::beside(&root.path().join("mine.safetensors")).unwrap(), None);
        publish::write_file(&run.provenance(), b"{\"generator\": \"").unwrap();
        let error = Voucher::beside(&run.generator()).unwrap_err().to_string();
        assert!(error.contains("provenance.json"), "{error}");
    }
}
