//! What a list of training runs says of each: read from the run's own files, of which none has to be there.

use std::{fs, io, path::Path, time::UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Table;

use crate::{
    best_generator::BestGenerator,
    find_run::runs,
    id::RunId,
    layout::{Layout, RunLayout},
    publish::{self, FileError},
};

/// A training run in a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunSummary {
    /// Its name, which is that of its folder.
    pub run: RunId,
    /// Whether `latest` points at it.
    pub latest: bool,
    /// The recipe that it trains.
    pub recipe: Option<String>,
    /// The side of its images in pixels.
    pub side: Option<i64>,
    /// Thousands of images shown until now.
    pub kimg: Option<f64>,
    /// Thousands of images that it is to be shown.
    pub max_kimg: Option<f64>,
    /// Whether there are weights of that end.
    pub complete: bool,
    /// What was measured of its weights.
    pub metric: Option<MetricSummary>,
    /// The best of the generators that were measured while it trained.
    pub best: Option<BestSummary>,
    /// When anything in its folder changed last, in seconds since 1970.
    pub changed: u64,
    /// The length of all its files.
    pub bytes: u64,
}

/// A metric's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// What the metric is called.
    pub metric: String,
    /// Its value.
    pub value: f64,
}

/// The best generator of a run, by the metric that chooses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestSummary {
    /// What the metric is called.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// Thousands of images shown until then.
    pub kimg: f64,
}

impl RunSummary {
    /// Reads what there is of a run.
    ///
    /// # Errors
    /// When its folder cannot be listed. Files of it that are missing or say something else leave their columns empty.
    pub fn read(layout: &Layout, run: &RunId) -> Result<Self, FileError> {
        let files = layout.run(run);
        let provenance: Provenance = json(&files.provenance()).unwrap_or_default();
        let config = config_of(&files).unwrap_or_default();
        let key = |section: &str, key: &str| config.get(section)?.get(key);
        let last_line = last_line(&files.metrics()).unwrap_or_default();
        let shown =
            provenance.images_shown.filter(|_| provenance.generator.is_some()).map(|images| images as f64 / 1e3);
        let (changed, bytes) = extent(files.root(), &files.lock()).map_err(FileError::at("list", files.root()))?;
        Ok(Self {
            latest: publish::pointed_at(&layout.latest_run()).as_deref() == Some(&run.to_string()),
            recipe: key("train", "recipe").and_then(|recipe| recipe.as_str()).map(str::to_owned),
            side: key("pack", "resolution").and_then(toml::Value::as_integer),
            kimg: last_line.kimg.into_iter().chain(shown).reduce(f64::max),
            max_kimg: key("train", "max_kimg").and_then(toml::Value::as_float),
            complete: provenance.generator.is_some() && files.generator().exists(),
            metric: json(&files.evaluation_metrics()).as_ref().and_then(metric),
            best: BestGenerator::read(&files).ok().flatten().map(BestSummary::from),
            changed,
            bytes,
            run: run.clone(),
        })
    }
}

/// All runs, the one that changed last first.
///
/// # Errors
/// When a folder cannot be listed.
pub fn read_all(layout: &Layout) -> Result<Vec<RunSummary>, FileError> {
    let mut all = runs(layout)?.iter().map(|run| RunSummary::read(layout, run)).collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.run.cmp(&b.run)));
    Ok(all)
}

/// The part of `provenance.json` that is shown.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Provenance {
    images_shown: Option<u64>,
    generator: Option<String>,
}

impl From<BestGenerator> for BestSummary {
    fn from(best: BestGenerator) -> Self {
        Self { metric: best.method.metric, value: best.value.into(), kimg: best.images as f64 / 1e3 }
    }
}

/// The part of a line of `metrics.jsonl` that is shown.
#[derive(Default, Deserialize)]
struct MetricsLine {
    kimg: Option<f64>,
}

fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The configuration that the run was made with, which may be of another version.
fn config_of(run: &RunLayout) -> Option<Table> {
    fs::read_to_string(run.config()).ok()?.parse().ok()
}

/// The newest whole line: the last one may be half written.
fn last_line(path: &Path) -> Option<MetricsLine> {
    let log = fs::read_to_string(path).ok()?;
    log.lines().rev().find_map(|line| serde_json::from_str(line).ok())
}

/// The first metric that an evaluation lists, of features if there are any; of one that lists none, its sliced Wasserstein
/// distance.
fn metric(evaluation: &Value) -> Option<MetricSummary> {
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let of_features = list(evaluation, "features").into_iter().flat_map(|network| list(&network, "measurements"));
    let measured = of_features.chain(list(evaluation, "images"));
    let listed = measured.filter_map(|entry| MetricSummary::deserialize(entry).ok()).next();
    let distance = || {
        let distances = evaluation.get("sliced_wasserstein")?;
        let value = ["holdout", "train"].iter().find_map(|set| distances.get(set)?.get("mean")?.as_f64())?;
        Some(MetricSummary { metric: "sliced-wasserstein".into(), value })
    };
    listed.or_else(distance)
}

/// When a file below a folder changed last, in seconds since 1970, and how long all of them are together. The lock's time is
/// when somebody looked.
fn extent(folder: &Path, lock: &Path) -> io::Result<(u64, u64)> {
    let mut extent = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let (changed, bytes) = match metadata.is_dir() {
            true => self::extent(&entry.path(), lock)?,
            false if entry.path() == lock => continue,
            false => {
                let age = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
                (age.as_secs(), metadata.len())
            }
        };
        extent = (extent.0.max(changed), extent.1 + bytes);
    }
    Ok(extent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        best_generator::MeasuringMethod,
        config::{Config, PathsConfig},
        hash::ContentHash,
    };

    fn layout(root: &tempfile::TempDir) -> Layout {
        Layout::new(root.path(), &PathsConfig::default())
    }

    fn write(path: &Path, text: &str) {
        publish::write_file(path, text.as_bytes()).unwrap();
    }

    #[test]
    fn a_run_is_summed_up_from_whatever_there_is_of_it() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(&root);
        let run: RunId = "dcgan-64px-0a1b2c3d".parse().unwrap();
        let files = layout.run(&run);
        publish::create_folder(files.root()).unwrap();
        let empty = RunSummary::read(&layout, &run).unwrap();
        assert_eq!((empty.recipe, empty.kimg, empty.complete, empty.metric), (None, None, false, None));

        write(&files.config(), &Config::default().to_toml());
        write(&files.metrics(), "{\"kimg\":0.5,\"step\":1}\n{\"kimg\":12.5}\n{\"ki");
        publish::point_at(&layout.latest_run(), &run.to_string()).unwrap();
        let training = RunSummary::read(&layout, &run).unwrap();
        assert_eq!((training.recipe.as_deref(), training.side), (Some("modern"), Some(64)));
        assert_eq!((training.kimg, training.max_kimg, training.latest), (Some(12.5), Some(2000.0), true));
        assert!(training.bytes > 0 && training.changed > 1_500_000_000);

        write(&files.generator(), "weights");
        let method = MeasuringMethod {
            metric: "frechet".into(),
            network: "random-1".into(),
            split: "holdout".into(),
            real_images: 500,
            samples: 1000,
        };
        let best = BestGenerator { images: 8000, value: 31.5, method, generator: ContentHash::of(b"weights") };
        write(&files.best_generator_record(), &serde_json::to_string(&best).unwrap());
        write(&files.provenance(), r#"{"images_shown": 60000, "generator": "ab"}"#);
        let done = RunSummary::read(&layout, &run).unwrap();
        assert_eq!((done.kimg, done.complete), (Some(60.0), true));
        assert_eq!(done.best, Some(BestSummary { metric: "frechet".into(), value: 31.5, kimg: 8.0 }));
        assert_eq!(read_all(&layout).unwrap(), [done], "latest is no run of its own");
    }

    #[test]
    fn a_metric_is_the_first_listed_or_the_first_versions_distance() {
        let check = |json: &str, expected: Option<(&str, f64)>| {
            let found = metric(&serde_json::from_str(json).unwrap());
            assert_eq!(found.as_ref().map(|found| (found.metric.as_str(), found.value)), expected, "{json}");
        };
        check(
            r#"{"sliced_wasserstein": {"holdout": null, "train": {"mean": 9.5}}}"#,
            Some(("sliced-wasserstein", 9.5)),
        );
        check(
            r#"{"sliced_wasserstein": {"train": {"mean": 9.5}}, "features": [{"measurements": [{"metric": "frechet", "value": 2.0}]}],
                "images": [{"metric": "ms-ssim", "value": 0.5}]}"#,
            Some(("frechet", 2.0)),
        );
        check(r#"{"sliced_wasserstein": {}}"#, None);
    }
}
