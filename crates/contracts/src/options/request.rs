//! A stage's options without their type: read from a command line by one program, handed on to another.

use serde_json::Value;

use super::{Mode, StageOptions};
use crate::share::Share;

/// What a stage is asked, as the runner passes it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What the stage is asked to do.
    pub mode: Mode,
    /// The share of the work that it is to do; `None`: all of it.
    pub share: Option<Share>,
    /// Whether it takes the program that reads and writes Parquet.
    pub needs_parquet: bool,
    /// The options as the stage's own command line takes them.
    pub arguments: Vec<String>,
}

impl<O: StageOptions> From<&O> for Request {
    fn from(options: &O) -> Self {
        let (mode, share, needs_parquet) = (options.mode(), options.share(), options.needs_parquet());
        Self { mode, share, needs_parquet, arguments: arguments(options) }
    }
}

/// A flag for what is true, `--name=value` for texts, once for each of a list.
fn arguments(options: &impl StageOptions) -> Vec<String> {
    let options = serde_json::to_value(options).unwrap_or_else(|error| unreachable!("options are plain: {error}"));
    let fields = options.as_object().into_iter().flatten();
    fields.flat_map(|(name, value)| argument(&format!("--{}", name.replace('_', "-")), value)).collect()
}

fn argument(name: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Null | Value::Bool(false) => Vec::new(),
        Value::Bool(true) => vec![name.to_owned()],
        Value::Array(values) => values.iter().flat_map(|value| argument(name, value)).collect(),
        // With an equals sign, so that a value may begin with a dash.
        Value::String(text) => vec![format!("{name}={text}")],
        other => vec![format!("{name}={other}")],
    }
}

/// How the options of a stage are read from a command line, whatever their type.
#[derive(Clone, Copy, Debug)]
pub struct OptionsParser {
    #[cfg(feature = "command-line")]
    augment: fn(clap::Command) -> clap::Command,
    #[cfg(feature = "command-line")]
    read: fn(&clap::ArgMatches) -> Result<Request, clap::Error>,
}

#[cfg(not(feature = "command-line"))]
impl OptionsParser {
    pub(crate) const fn of<O: StageOptions>() -> Self {
        Self {}
    }
}

#[cfg(feature = "command-line")]
impl OptionsParser {
    pub(crate) const fn of<O: StageOptions + clap::Args>() -> Self {
        Self { augment: O::augment_args, read: |matches| Ok(Request::from(&O::from_arg_matches(matches)?)) }
    }

    /// Adds the options to a command.
    pub fn augment(&self, command: clap::Command) -> clap::Command {
        (self.augment)(command)
    }

    /// Reads the options from what was matched.
    ///
    /// # Errors
    /// When a value is not what its option takes.
    pub fn read(&self, matches: &clap::ArgMatches) -> Result<Request, clap::Error> {
        (self.read)(matches)
    }
}

#[cfg(all(test, feature = "command-line"))]
mod tests {
    use clap::Args;

    use super::*;
    use crate::options::{CrawlOptions, CropOptions, PackOptions, ReportOptions, TrainOptions};

    fn check<O: StageOptions + Args + PartialEq + std::fmt::Debug>(options: O, expected: &[&str]) {
        let request = Request::from(&options);
        assert_eq!(request.arguments, expected);
        let parser = OptionsParser::of::<O>();
        let words = [vec!["stage".to_owned()], request.arguments.clone()].concat();
        let matches = parser.augment(clap::Command::new("stage")).get_matches_from(words);
        assert_eq!(O::from_arg_matches(&matches).unwrap(), options);
        assert_eq!(parser.read(&matches).unwrap(), request);
    }

    #[test]
    fn a_stage_reads_what_the_runner_was_given() {
        check(CrawlOptions::default(), &[]);
        check(CrawlOptions { plan: true, ..Default::default() }, &["--plan"]);
        check(CrawlOptions { sync: true, json: true, ..Default::default() }, &["--json", "--sync"]);
        let forget = vec!["mini:1".parse().unwrap(), "mini:2".parse().unwrap()];
        check(CrawlOptions { forget, ..Default::default() }, &["--forget=mini:1", "--forget=mini:2"]);
        check(CropOptions { shard: "2/8".parse().ok(), ..Default::default() }, &["--shard=2/8"]);
        check(CropOptions { verify: "7".parse().ok(), ..Default::default() }, &["--verify=7"]);
        check(TrainOptions { list_recipes: true, ..Default::default() }, &["--list-recipes"]);
        let (export, out) = ("parquet".parse().ok(), Some("-out".into()));
        check(PackOptions { export, out, ..Default::default() }, &["--export=parquet", "--out=-out"]);
        let compare = vec!["dcgan".into(), "latest".into()];
        check(ReportOptions { compare, ..Default::default() }, &["--compare=dcgan", "--compare=latest"]);
    }
}
