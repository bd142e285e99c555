//! The one configuration: pipeline.toml's schema, one file a stage, and how it is read.

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
mod train;

use serde::Serialize;

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
pub use train::{Convolution, DeviceChoice, ReportConfig, Resume, TrainConfig};

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

    /// The whole configuration as TOML that reads back as itself.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| unreachable!("a configuration is plain TOML: {error}"))
    }
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
}
