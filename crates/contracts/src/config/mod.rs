//! The one configuration: pipeline.toml's schema, one file a stage, and how it is read.

mod cluster;
mod crawl;
mod crop;
mod document;
mod evaluate;
mod general;
mod home;
mod load;
mod margin;
mod pack;
mod problem;
pub mod section;
mod time_limit;
mod train;

use serde::Serialize;

pub use cluster::{Cluster, ClusterConfig, StageCluster, StageKeys};
pub use crawl::{CrawlConfig, Listing, MiniConfig, Variant};
pub use crop::{Alpha, Border, CropConfig, CropContainer, CropFormat, CropMode, Engine};
pub use evaluate::EvaluateConfig;
pub use general::{GeneralConfig, PathsConfig};
pub use load::{Request, load};
pub use margin::Margin;
pub use pack::{Fit, LabelConflict, PackConfig};
pub use problem::{ConfigError, Problem};
use section::Section;
pub use section::key_path;
pub use time_limit::TimeLimit;
pub use train::{Convolution, DeviceChoice, Precision, ReportConfig, Resume, TrainConfig};

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
    /// `[cluster]`. Left out of what is written where nobody set it: a run on one machine says nothing of clusters.
    #[serde(skip_serializing_if = "Cluster::is_default")]
    pub cluster: Cluster,
}

impl Config {
    /// The pipeline's seed.
    pub fn seed(&self) -> u64 {
        self.general.seed
    }

    /// All sections, in the order in which they are documented.
    pub fn sections(&self) -> Vec<&dyn Section> {
        let stages = self.cluster.stages.iter().map(|stage| stage as &dyn Section);
        let all: [&dyn Section; 10] = [
            &self.general,
            &self.paths,
            &self.crawl,
            &self.crop,
            &self.pack,
            &self.train,
            &self.evaluate,
            &self.report,
            &self.mini,
            &self.cluster.common,
        ];
        all.into_iter().chain(stages).collect()
    }

    fn section_mut(&mut self, name: &str) -> Option<&mut dyn Section> {
        let stages = self.cluster.stages.iter_mut().map(|stage| stage as &mut dyn Section);
        let all: [&mut dyn Section; 10] = [
            &mut self.general,
            &mut self.paths,
            &mut self.crawl,
            &mut self.crop,
            &mut self.pack,
            &mut self.train,
            &mut self.evaluate,
            &mut self.report,
            &mut self.mini,
            &mut self.cluster.common,
        ];
        all.into_iter().chain(stages).find(|section| section.name() == name)
    }

    /// The whole configuration as TOML that reads back as itself.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| unreachable!("a configuration is plain TOML: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hash::ContentHash, stage_id::StageId};

    #[test]
    fn what_is_written_reads_back() {
        let config = Config::default();
        let request = Request { text: &config.to_toml(), file: "config.toml".as_ref(), profile: None, set: &[] };
        assert_eq!(load(&request).unwrap(), config);
        assert!(!config.to_toml().contains("cluster"));
    }

    #[test]
    fn what_a_cluster_is_asked_for_reads_back_and_names_no_other_run() {
        let set =
            ["cluster.time=2-12", "cluster.setup=[\"module load x\"]", "cluster.train.gpus=1", "cluster.crop.tasks=3"];
        let set = set.map(str::to_owned);
        let config = load(&Request { text: "", file: "config.toml".as_ref(), profile: None, set: &set }).unwrap();
        let request = Request { text: &config.to_toml(), file: "config.toml".as_ref(), profile: None, set: &[] };
        assert_eq!(load(&request).unwrap(), config);
        assert_eq!(config.cluster.of(StageId::Train).gpus, 1);
        let dataset = ContentHash::of(b"dataset");
        assert_eq!(config.run_id(&dataset), Config::default().run_id(&dataset));
        for stage in StageId::ALL {
            assert_eq!(config.output_keys(stage), Config::default().output_keys(stage));
        }
    }
}
