//! The one configuration: pipeline.toml's schema, one file a stage, and how it is read.

mod crawl;
mod crop;
mod document;
mod general;
mod load;
mod pack;
mod problem;
pub mod section;
mod train;

use std::collections::BTreeMap;

use serde::Serialize;

pub use crawl::{CrawlConfig, Listing, MiniConfig, Variant};
pub use crop::{Alpha, Border, CropConfig, CropFormat, CropMode, Engine};
pub use general::{GeneralConfig, PathsConfig};
pub use load::{Request, load};
pub use pack::{Fit, PackConfig};
pub use problem::{ConfigError, Problem};
use section::{Effect, Section};
pub use train::{Convolution, DeviceChoice, EvaluateConfig, ReportConfig, Resume, TrainConfig};

use crate::{
    hash::{ContentHash, Hasher},
    id::{RunId, SiteName},
    stage::StageId,
};

/// A resolved, validated configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Config {
    /// The keys above all sections.
    #[serde(flatten)]
    pub general: GeneralConfig,
    /// `[paths]`.
    pub paths: PathsConfig,
    /// `[crawl]`.
    pub crawl: CrawlConfig,
    /// `[crop]`.
    pub crop: CropConfig,
    /// `[pack]`.
    pub pack: PackConfig,
    /// `[train]`.
    pub train: TrainConfig,
    /// `[evaluate]`.
    pub evaluate: EvaluateConfig,
    /// `[report]`.
    pub report: ReportConfig,
    /// `[mini]`.
    pub mini: MiniConfig,
}

impl Config {
    /// The pipeline's seed.
    pub fn seed(&self) -> u64 {
        self.general.seed
    }

    /// All sections, in the order in which they are documented.
    pub fn sections(&self) -> [&dyn Section; 9] {
        [
            &self.general,
            &self.paths,
            &self.crawl,
            &self.crop,
            &self.pack,
            &self.train,
            &self.evaluate,
            &self.report,
            &self.mini,
        ]
    }

    fn section_mut(&mut self, name: &str) -> Option<&mut dyn Section> {
        let all: [&mut dyn Section; 9] = [
            &mut self.general,
            &mut self.paths,
            &mut self.crawl,
            &mut self.crop,
            &mut self.pack,
            &mut self.train,
            &mut self.evaluate,
            &mut self.report,
            &mut self.mini,
        ];
        all.into_iter().find(|section| section.name() == name)
    }

    /// The keys that shape a stage's output, with their values as TOML: what a manifest's header records and what
    /// freshness compares.
    pub fn output_keys(&self, stage: StageId) -> BTreeMap<String, String> {
        self.keys_where(stage, |effect| effect != Effect::Pace)
    }

    /// The name of the run that this configuration trains on a dataset: the dataset, the keys that change the
    /// function computed, and the seed. A longer run of the same function is the same run.
    pub fn run_id(&self, dataset: &ContentHash) -> RunId {
        let mut hasher = Hasher::default();
        hasher.field(dataset.bytes());
        for (key, value) in self.keys_where(StageId::Train, |effect| effect == Effect::Function) {
            hasher.field(key.as_bytes());
            hasher.field(value.as_bytes());
        }
        RunId::new(&self.train.recipe, self.pack.resolution, &hasher.finish())
    }

    /// The whole configuration as TOML that reads back as itself.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| unreachable!("a configuration is plain TOML: {error}"))
    }

    fn keys_where(&self, stage: StageId, keep: impl Fn(Effect) -> bool) -> BTreeMap<String, String> {
        let relevant = |section: &&dyn Section| self.shapes(stage, section.name());
        let mut keys = BTreeMap::new();
        for section in self.sections().into_iter().filter(relevant) {
            for key in section.keys().iter().filter(|key| keep(key.effect)) {
                let value = section.get(key.name).map_or_else(String::new, |value| value.to_string());
                keys.insert(key_path(section.name(), key.name), value);
            }
        }
        keys
    }

    /// Whether a section has a say in a stage's output.
    fn shapes(&self, stage: StageId, section: &str) -> bool {
        let mini = self.crawl.site == SiteName::mini();
        match (stage, section) {
            (StageId::Train | StageId::Evaluate, "") => true,
            (StageId::Crawl, "" | "mini") => mini,
            (_, name) => name == stage.name(),
        }
    }
}

/// How a key is written in `--set` and in messages: `section.key`, or the key alone above all sections.
pub fn key_path(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let config = Config::default();
        let request = Request { text: &config.to_toml(), file: "config.toml".as_ref(), profile: None, set: &[] };
        assert_eq!(load(&request).unwrap(), config);
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
