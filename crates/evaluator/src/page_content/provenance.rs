//! What `provenance.json` says of a run, as far as a page shows it. A run that was just begun has less of it.

use contracts::{BestGenerator, hash::ContentHash};
use gan::Recipe;
use serde::Deserialize;
use serde_json::Value;

/// The facts of a run, each absent where the file does not tell it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Provenance {
    pub(crate) dataset: TrainedOn,
    pub(crate) seed: Option<u64>,
    pub(crate) batch_size: Option<u64>,
    pub(crate) device: Option<String>,
    pub(crate) trainer_version: Option<String>,
    pub(crate) steps: u64,
    pub(crate) images_shown: u64,
    pub(crate) rollbacks: u64,
    pub(crate) epochs: f64,
    pub(crate) generator: Option<ContentHash>,
    pub(crate) best: Option<BestGenerator>,
    /// As the trainer wrote it, which may be a later or an earlier version.
    recipe: Value,
}

/// The dataset that a run was trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct TrainedOn {
    pub(crate) hash: Option<ContentHash>,
    pub(crate) resolution: Option<u32>,
    pub(crate) train_rows: Option<u64>,
    pub(crate) holdout_rows: Option<u64>,
    pub(crate) train_posts: Option<u64>,
    pub(crate) train_pictures: Option<u64>,
}

impl Provenance {
    /// The recipe as it was trained; `None` where this version cannot read it.
    pub(crate) fn recipe(&self) -> Option<Recipe> {
        serde_json::from_value(self.recipe.clone()).ok()
    }

    /// The recipe's name.
    pub(crate) fn recipe_name(&self) -> Option<&str> {
        self.recipe.get("name")?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_read_back_and_what_is_missing_is_absent() {
        let recipe = Recipe::named("dcgan").unwrap();
        let json = serde_json::json!({ "recipe": recipe, "device": "cpu", "dataset": { "train_rows": 54 } });
        let provenance: Provenance = serde_json::from_value(json).unwrap();
        assert_eq!((provenance.recipe(), provenance.recipe_name()), (Some(recipe), Some("dcgan")));
        assert_eq!((provenance.dataset.train_rows, provenance.dataset.hash), (Some(54), None));
        assert_eq!(serde_json::from_str::<Provenance>("{}").unwrap().recipe(), None);
    }
}
