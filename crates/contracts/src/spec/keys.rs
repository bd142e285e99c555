//! Which keys of the configuration a stage's output depends on, and the id of the run that they name.

use std::collections::BTreeMap;

use crate::{
    config::{
        Config, key_path,
        section::{Effect, Key, Section},
    },
    hash::{ContentHash, Hasher},
    id::RunId,
    stage_id::StageId,
};

impl Config {
    /// The keys that shape a stage's output, with their values as TOML: what a manifest's header records and what
    /// freshness compares.
    pub fn output_keys(&self, stage: StageId) -> BTreeMap<String, String> {
        self.keys_where(stage, |effect| effect != Effect::Runtime)
    }

    /// The name of the run that this configuration trains on a dataset: the dataset, the keys that change what is
    /// computed, and the seed. A longer run that computes the same is the same run.
    pub fn run_id(&self, dataset: &ContentHash) -> RunId {
        let mut hasher = Hasher::default();
        hasher.field(dataset.bytes());
        for (key, value) in self.keys_where(StageId::Train, |effect| effect == Effect::Output) {
            hasher.field(key.as_bytes());
            hasher.field(value.as_bytes());
        }
        RunId::new(&self.train.recipe_name(), self.pack.resolution, &hasher.finish())
    }

    fn keys_where(&self, stage: StageId, keep: impl Fn(Effect) -> bool) -> BTreeMap<String, String> {
        let relevant = (stage.spec().sections)(self);
        let sections = self.sections().into_iter().filter(|section| relevant.contains(&section.name()));
        sections.flat_map(|section| keys_of(section, &keep)).collect()
    }
}

/// The keys of a section that count, by path. A key that was added later counts only where it says something else
/// than what was done before there was the key: so that what was made then is still what would be made now.
fn keys_of(section: &dyn Section, keep: impl Fn(Effect) -> bool) -> impl Iterator<Item = (String, String)> {
    let counts = move |key: &&Key| keep(key.effect) && !section.is_as_before(key.name);
    section.keys().iter().filter(counts).map(|key| {
        let value = section.get(key.name).map_or_else(String::new, |value| value.to_string());
        (key_path(section.name(), key.name), value)
    })
}

#[cfg(test)]
mod tests {
    #![allow(unreachable_pub, reason = "a section is public, this one too")]

    use super::*;
    use crate::{
        config::section::{Validate, section},
        id::SiteName,
    };

    section! {
        /// A section to which a key was added.
        Grown in "grown" {
            /// There from the first.
            old: u32 = 1, Output;
            /// Added later.
            new: u32 = 0, Output, added;
            /// Added later, and then given another default.
            changed: u32 = 5, Output, added(4);
        }
    }

    impl Validate for Grown {}

    #[test]
    fn a_key_that_was_added_counts_once_it_is_set() {
        let count = |grown: &Grown| keys_of(grown, |_| true).count();
        let before = Grown { changed: 4, ..Grown::default() };
        assert_eq!(count(&before), 1);
        assert_eq!(count(&Grown { old: 2, ..before.clone() }), 1);
        assert_eq!(count(&Grown { new: 3, ..before }), 2);
        assert_eq!(count(&Grown::default()), 2);
    }

    #[test]
    fn pacing_shapes_nothing() {
        let mut config = Config::default();
        let before = config.output_keys(StageId::Crawl);
        config.crawl.requests_per_second = 9.0;
        config.crawl.max_connections = 1;
        config.paths.data = "elsewhere".into();
        assert_eq!(config.output_keys(StageId::Crawl), before);
        config.crawl.tags = "solo".into();
        assert_ne!(config.output_keys(StageId::Crawl), before);
    }

    #[test]
    fn a_longer_run_is_the_same_run_and_another_seed_is_not() {
        let dataset = ContentHash::of(b"dataset");
        let mut config = Config::default();
        let run = config.run_id(&dataset);
        config.train.max_kimg = 1.0;
        assert_eq!(config.run_id(&dataset), run);
        config.general.seed = 1;
        assert_ne!(config.run_id(&dataset), run);
    }

    #[test]
    fn painted_pictures_depend_on_the_seed_and_a_real_site_does_not() {
        let mut config = Config::default();
        assert!(!config.output_keys(StageId::Crawl).contains_key("seed"));
        config.crawl.site = SiteName::mini();
        assert!(config.output_keys(StageId::Crawl).contains_key("seed"));
        assert!(config.output_keys(StageId::Crawl).contains_key("mini.count"));
    }
}
