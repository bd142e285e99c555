//! What makes a run that run and no other: every setting that decides what it computes.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Config, ContentHash, config::Precision};
use gan::{Classes, Norm, Recipe};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// Everything that decides what a run computes, a value for each setting's dotted key. A checkpoint holds it, and is
/// resumed only where it is equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunIdentity(BTreeMap<String, String>);

impl RunIdentity {
    /// The identity of a run over `dataset` by `recipe`, its overrides put in.
    pub(crate) fn new(config: &Config, dataset: &ContentHash, recipe: &Recipe) -> Self {
        let table =
            recipe.to_toml().parse::<Table>().unwrap_or_else(|error| unreachable!("it was just written: {error}"));
        let mut settings = BTreeMap::from([
            ("dataset".to_owned(), dataset.to_string()),
            ("seed".to_owned(), config.seed().to_string()),
            ("pack.resolution".to_owned(), config.pack.resolution.to_string()),
            ("train.batch_size".to_owned(), config.train.batch_size.to_string()),
            ("train.accumulate".to_owned(), parts(config.train.accumulate, recipe)),
            ("train.convolution".to_owned(), format!("{:?}", config.train.convolution).to_lowercase()),
        ]);
        // Not where they are as before, so that the checkpoints of before stay what they are.
        if config.train.precision != Precision::Tf32 {
            settings.insert("train.precision".to_owned(), format!("{:?}", config.train.precision).to_lowercase());
        }
        if !config.train.transfer_hash.is_empty() {
            settings.insert("train.transfer".to_owned(), config.train.transfer_hash.clone());
        }
        collect("recipe", &Value::Table(table), &mut settings);
        Self(settings)
    }

    /// The same for networks that know these classes: a weights file has their names.
    pub(crate) fn with_classes(mut self, classes: &Classes) -> Self {
        if !classes.is_empty() {
            self.0.insert("classes".to_owned(), classes.names().join(", "));
        }
        self
    }

    /// What differs between this, which was trained, and what is asked for now: a sentence a setting, sorted by key.
    pub(crate) fn differences(&self, now: &Self) -> Vec<String> {
        let keys: BTreeSet<&String> = self.0.keys().chain(now.0.keys()).collect();
        let value = |settings: &Self, key: &String| settings.0.get(key).cloned().unwrap_or_else(|| "nothing".into());
        let pairs = keys.into_iter().map(|key| (key, value(self, key), value(now, key)));
        pairs.filter(|(_, was, is)| was != is).map(|(key, was, is)| format!("{key} was {was} and is {is}")).collect()
    }
}

/// The number of parts, and how they are added up where that has changed since there are runs: they were added one by one, and
/// handed BatchNorm's running statistics on from one to the next. Two parts without such are added as they were.
fn parts(count: usize, recipe: &Recipe) -> String {
    let has_statistics = [&recipe.generator, &recipe.discriminator].iter().any(|network| network.norm == Norm::Batch);
    let is_added_otherwise = count > 2 || count == 2 && has_statistics;
    format!("{count}{}", if is_added_otherwise { " along a balanced tree" } else { "" })
}

/// Every value below `value` by its dotted key.
fn collect(key: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(table) => table.iter().for_each(|(name, value)| collect(&format!("{key}.{name}"), value, into)),
        value => _ = into.insert(key.to_owned(), value.to_string()),
    }
}
