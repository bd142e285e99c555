//! A stage's options, written as its command line takes them.

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;

/// The arguments that stand for `options`: a flag for what is true, `--name value` for texts, once for each of a list.
pub(crate) fn arguments(options: &impl Serialize) -> anyhow::Result<Vec<String>> {
    let options = serde_json::to_value(options).context("cannot hand the options on")?;
    let fields = options.as_object().into_iter().flatten();
    Ok(fields.flat_map(|(name, value)| argument(&format!("--{}", name.replace('_', "-")), value)).collect())
}

fn argument(name: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Null | Value::Bool(false) => Vec::new(),
        Value::Bool(true) => vec![name.to_owned()],
        Value::Array(values) => values.iter().flat_map(|value| argument(name, value)).collect(),
        Value::String(text) => vec![format!("{name}={text}")],
        other => vec![format!("{name}={other}")],
    }
}

#[cfg(test)]
mod tests {
    use clap::Args;
    use contracts::options::{CrawlOptions, CropOptions, PackOptions};

    use super::*;

    fn check<O: Args + Serialize + PartialEq + std::fmt::Debug>(options: O, expected: &[&str]) {
        let given = arguments(&options).unwrap();
        assert_eq!(given, expected);
        let command = O::augment_args(clap::Command::new("stage"));
        let read = command.get_matches_from([vec!["stage".to_owned()], given].concat());
        assert_eq!(O::from_arg_matches(&read).unwrap(), options);
    }

    #[test]
    fn a_stage_reads_what_the_runner_was_given() {
        check(CrawlOptions::default(), &[]);
        check(CrawlOptions { plan: true, ..Default::default() }, &["--plan"]);
        check(CrawlOptions { sync: true, json: true, ..Default::default() }, &["--json", "--sync"]);
        let forget = vec!["mini:1".parse().unwrap(), "mini:2".parse().unwrap()];
        check(CrawlOptions { forget, ..Default::default() }, &["--forget=mini:1", "--forget=mini:2"]);
        check(CropOptions { shard: Some("2/8".parse().unwrap()) }, &["--shard=2/8"]);
        let (export, out) = ("parquet".parse().ok(), Some("-out".into()));
        check(PackOptions { export, out, ..Default::default() }, &["--export=parquet", "--out=-out"]);
    }
}
