//! The keys above all sections, and `[paths]`.

use std::path::PathBuf;

use super::section::{BadValue, Validate, require, section};

section! {
    /// The keys above all sections.
    GeneralConfig in "" {
        /// The one number that everything random starts from: painted pictures, weights, latents, order.
        seed: u64 = 20_170_112, Output;
    }
}

impl Validate for GeneralConfig {}

section! {
    /// `[paths]`: where the pipeline's folders are, relative to pipeline.toml.
    PathsConfig in "paths" {
        /// Where pictures are kept, and what is derived from them.
        data: PathBuf = "data".into(), Runtime;
        /// Where training runs are kept.
        artifacts: PathBuf = "artifacts".into(), Runtime;
        /// A folder on this machine's own disk, into which training copies the dataset that it reads; empty: none.
        scratch: PathBuf = PathBuf::new(), Runtime;
    }
}

impl Validate for PathsConfig {
    fn bad_values(&self) -> Vec<BadValue> {
        require! {
            "data": !self.data.as_os_str().is_empty(), "must name a folder";
            "artifacts": !self.artifacts.as_os_str().is_empty(), "must name a folder";
        }
    }
}
