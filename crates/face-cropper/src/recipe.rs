//! Everything besides the pictures that shapes the faces, and its fingerprint.

use std::collections::BTreeMap;

use contracts::{Config, ContentHash, StageId, config::CropConfig, hash::Hasher};

use crate::engine;

/// The version of this stage.
pub(crate) const STAGE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Counts the changes of what is computed that show nowhere else: raised with them, it makes every shard stale.
const METHOD: u32 = 4;

/// How faces are found and cut.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recipe {
    /// The section of the configuration.
    pub(crate) config: CropConfig,
    /// The resolved keys that the manifest's header records, the cascade's hash among them.
    pub(crate) keys: BTreeMap<String, String>,
    /// Equal fingerprints: equal faces from equal pictures.
    pub(crate) fingerprint: ContentHash,
}

impl Recipe {
    /// The recipe of a configuration with a cascade.
    pub(crate) fn new(config: &Config, cascade: ContentHash) -> Self {
        let mut keys = config.output_keys(StageId::Crop);
        keys.insert("crop.cascade.sha256".into(), format!("\"{cascade}\""));
        let mut hasher = Hasher::default();
        hasher.field(STAGE_VERSION.as_bytes());
        hasher.field(&METHOD.to_le_bytes());
        hasher.field(engine::identity(config.crop.engine).as_bytes());
        // The same cascade under another path is the same cascade, and the same crops in another container are the same crops.
        for (key, value) in keys.iter().filter(|(key, _)| !["crop.cascade", "crop.container"].contains(&key.as_str())) {
            hasher.field(key.as_bytes());
            hasher.field(value.as_bytes());
        }
        Self { config: config.crop.clone(), keys, fingerprint: hasher.finish() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_cascade_enter_the_fingerprint_and_its_path_does_not() {
        let cascade = ContentHash::of(b"cascade");
        let base = Recipe::new(&Config::default(), cascade).fingerprint;
        let check = |change: fn(&mut Config), expected_equal: bool| {
            let mut config = Config::default();
            change(&mut config);
            assert_eq!(Recipe::new(&config, cascade).fingerprint == base, expected_equal);
        };
        check(|_| {}, true);
        check(|config| config.crop.cascade = "models/copy.xml".into(), true);
        check(|config| config.crop.container = contracts::config::CropContainer::Tar, true);
        check(|config| config.pack.resolution = 32, true);
        check(|config| config.crop.margin = 0.1.into(), false);
        assert_ne!(Recipe::new(&Config::default(), ContentHash::of(b"another")).fingerprint, base);
    }
}
