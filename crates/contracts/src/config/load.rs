//! From a file, a profile and `--set` options to a [`Config`], with every problem found on the way.

use std::{collections::HashMap, path::Path};

use toml::{Table, Value};

use super::{
    Config,
    document::{self, Assignment, Document},
    home,
    problem::{ConfigError, Problem, nearest},
    section::key_path,
};
use crate::{layout::Layout, publish, transfer::TransferWeights};

/// What is to be resolved.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The text of pipeline.toml.
    pub text: &'a str,
    /// Its path, for messages.
    pub file: &'a Path,
    /// The profile to lay over it.
    pub profile: Option<&'a str>,
    /// `key=value`, laid over both, in order.
    pub set: &'a [String],
}

/// Resolves a configuration: defaults, then the file, then the profile, then `--set`.
///
/// # Errors
/// All problems at once: broken TOML, unknown keys, wrong types, values out of range, in the profiles too that are
/// not asked for.
pub fn load(request: &Request<'_>) -> Result<Config, ConfigError> {
    let config = Config::default();
    let sections: Vec<&str> =
        config.sections().iter().map(|section| section.name()).filter(|n| !n.is_empty()).collect();
    let file = request.file.file_name().unwrap_or(request.file.as_os_str()).to_string_lossy();
    let document = document::parse(request.text, &file, &sections);
    let mut resolver = Resolver { config, ..Resolver::default() };
    resolver.resolve(document, request);
    if resolver.problems.is_empty() {
        Ok(resolver.config)
    } else {
        Err(ConfigError { file: request.file.to_path_buf(), problems: resolver.problems })
    }
}

#[derive(Default)]
struct Resolver {
    config: Config,
    problems: Vec<Problem>,
    /// Where each key got its value, for messages about values that make no sense.
    origins: HashMap<String, String>,
}

impl Resolver {
    fn resolve(&mut self, document: Document, request: &Request<'_>) {
        self.problems.extend(document.problems);
        let known: Vec<String> = document.profiles.iter().map(|(name, _)| name.clone()).collect();
        self.apply_all(document.base);
        for (name, assignments) in document.profiles {
            if request.profile == Some(name.as_str()) {
                self.apply_all(assignments);
            } else {
                self.check_unused(assignments);
            }
        }
        if let Some(profile) = request.profile.filter(|name| !known.iter().any(|k| k == name)) {
            self.unknown_profile(profile, &known);
        }
        for set in request.set {
            self.apply_set(set);
        }
        self.read_recipe(request.file);
        self.find_transfer(request.file);
        self.check_values();
    }

    /// Takes over what the recipe's file says, its path relative to the configuration's. Where the file is gone, a text that
    /// was taken over before still holds: a run's own configuration has one.
    fn read_recipe(&mut self, configuration: &Path) {
        let train = &mut self.config.train;
        if !train.has_recipe_file() {
            return;
        }
        let path = configuration.with_file_name(&train.recipe);
        match publish::read_text(&path) {
            Ok(text) => train.recipe_text = text,
            Err(_) if !train.recipe_text.is_empty() => {}
            Err(error) => {
                let origin = self.origins.get("train.recipe").cloned().unwrap_or_default();
                let message = format!("train.recipe: cannot read the recipe at {}: {}", path.display(), error.source);
                self.problems.push(Problem { origin, message });
            }
        }
    }

    /// Finds the weights that training begins at, by a path relative to the configuration's or by the name of a run. Where they
    /// are gone, a hash that was taken before still says which they were: a run's own configuration has one.
    fn find_transfer(&mut self, configuration: &Path) {
        let Config { paths, train, .. } = &mut self.config;
        if train.transfer.is_empty() {
            return;
        }
        let folder = configuration.parent().unwrap_or(Path::new(""));
        match TransferWeights::find(&Layout::new(folder, paths), folder, &train.transfer) {
            Ok(weights) => {
                train.transfer = weights.generator.display().to_string();
                train.transfer_hash = weights.hash;
            }
            Err(_) if !train.transfer_hash.is_empty() => {}
            Err(error) => {
                let origin = self.origins.get("train.transfer").cloned().unwrap_or_default();
                self.problems.push(Problem { origin, message: format!("train.transfer: {error}") });
            }
        }
    }

    fn apply_all(&mut self, assignments: Vec<Assignment>) {
        assignments.into_iter().for_each(|assignment| self.apply(assignment));
    }

    fn apply(&mut self, assignment: Assignment) {
        let Assignment { section, key, value, origin } = assignment;
        let path = key_path(&section, &key);
        let set = self.config.section_mut(&section).map_or(Err(None), |section| {
            let is_path = section.keys().iter().any(|known| known.name == key && known.is_path());
            let value = if is_path { home::expand(value, &home::folder).map_err(Some)? } else { value };
            section.set(&key, value)
        });
        match set {
            Ok(()) => {
                self.origins.insert(path, origin);
            }
            Err(Some(problem)) => self.problems.push(Problem { origin, message: format!("{path}: {problem}") }),
            Err(None) => self.unknown_key(&path, origin),
        }
    }

    /// A profile that is not asked for is checked on a copy, so that its mistakes are found early.
    fn check_unused(&mut self, assignments: Vec<Assignment>) {
        let (config, origins) = (self.config.clone(), self.origins.clone());
        self.apply_all(assignments);
        (self.config, self.origins) = (config, origins);
    }

    fn apply_set(&mut self, set: &str) {
        let origin = format!("--set {set}");
        let Some((path, text)) = set.split_once('=') else {
            return self.problems.push(Problem { origin, message: "write it as key=value".into() });
        };
        let sections = self.config.sections().into_iter().map(|section| section.name()).collect::<Vec<_>>();
        let (section, key, inner) = split_path(path.trim(), &sections);
        let readings = readings(text, &inner, || self.current_table(&section, &key));
        let attempt = |value| Assignment { section: section.clone(), key: key.clone(), value, origin: origin.clone() };
        let known = self.problems.len();
        for value in readings {
            self.problems.truncate(known);
            self.apply(attempt(value));
            if self.problems.len() == known {
                return;
            }
        }
    }

    fn current_table(&self, section: &str, key: &str) -> Table {
        let value = self.config.sections().into_iter().find(|s| s.name() == section).and_then(|s| s.get(key));
        match value {
            Some(Value::Table(table)) => table,
            _ => Table::new(),
        }
    }

    /// The nearest key is looked for in the section that was named, or everywhere where there is no such section.
    fn unknown_key(&mut self, path: &str, origin: String) {
        if let Some(inner) = recipe_key(path) {
            let message = format!(
                "there is no key {path}: it is the recipe's; write train.override = {{ {inner} = … }}, or --set \
                 train.override.{inner}=…"
            );
            return self.problems.push(Problem { origin, message });
        }
        let sections = self.config.sections();
        let names: Vec<&str> = sections.iter().map(|section| section.name()).collect();
        let (named, ..) = split_path(path, &names);
        let named = named.as_str();
        let exists = sections.iter().any(|section| section.name() == named && !named.is_empty());
        let candidates = sections.iter().filter(|section| !exists || section.name() == named);
        let known: Vec<String> = candidates
            .flat_map(|section| section.keys().iter().map(|key| key_path(section.name(), key.name)))
            .collect();
        let prefix = if exists { named.len() + 1 } else { 0 };
        let meant = nearest(&path[prefix..], known.iter().map(|name| &name[prefix..]));
        let hint = meant.map_or_else(String::new, |name| format!("; did you mean {}{name}?", &path[..prefix]));
        self.problems.push(Problem { origin, message: format!("there is no key {path}{hint}") });
    }

    fn unknown_profile(&mut self, profile: &str, known: &[String]) {
        let names =
            if known.is_empty() { "none is defined".to_owned() } else { format!("there are {}", known.join(", ")) };
        let message = format!("there is no profile {profile:?}; {names}");
        self.problems.push(Problem { origin: format!("--profile {profile}"), message });
    }

    fn check_values(&mut self) {
        for section in self.config.sections() {
            for bad in section.bad_values() {
                let path = key_path(section.name(), bad.key);
                let origin = self.origins.get(&path).cloned().unwrap_or_else(|| "default".into());
                self.problems.push(Problem { origin, message: format!("{path} {}", bad.problem) });
            }
        }
    }
}

/// Where in a recipe the key lies that is looked for in `[train]`.
fn recipe_key(path: &str) -> Option<String> {
    let key = path.strip_prefix("train.")?;
    let (_, section) = RECIPE_KEYS.iter().find(|(names, _)| names.contains(&key))?;
    Some(format!("{section}.{key}"))
}

/// The recipe's keys that people look for in `[train]`, by where they lie. The networks' are given for the generator; the
/// discriminator has its own.
const RECIPE_KEYS: [(&[&str], &str); 4] = [
    (&["learning_rate", "beta_1", "beta_2", "epsilon", "clip_norm", "schedule"], "generator.optimizer"),
    (&["base_channels", "max_channels", "stage_channels", "kernel", "norm", "family"], "generator"),
    (&["size", "distribution"], "latent"),
    (&["half_life_kimg", "ramp_up"], "ema"),
];

/// `crawl.tags` is a section and a key, and so is `cluster.crop.time`, as there is a section of that name; what follows reaches
/// into a table, as in `train.override.generator.x`.
fn split_path(path: &str, sections: &[&str]) -> (String, String, Vec<String>) {
    let parts: Vec<&str> = path.split('.').collect();
    let is_inner = parts.len() > 2 && sections.contains(&parts[..2].join(".").as_str());
    let section = match parts.len() {
        1 => 0,
        _ if is_inner => 2,
        _ => 1,
    };
    let inner = parts[section + 1..].iter().map(ToString::to_string).collect();
    (parts[..section].join("."), parts[section].to_owned(), inner)
}

/// What a `--set` text may mean: a bare word, or the TOML value that it spells. The last reading's problem is the one
/// told, and a spelt value's type is the more telling.
fn readings(text: &str, inner: &[String], table: impl Fn() -> Table) -> Vec<Value> {
    let spelt = toml::from_str::<Table>(&format!("value = {text}")).ok().and_then(|mut table| table.remove("value"));
    let bare = Value::String(text.to_owned());
    match spelt {
        value if !inner.is_empty() => vec![Value::Table(with_inner(table(), inner, value.unwrap_or(bare)))],
        Some(value @ Value::String(_)) => vec![value],
        Some(value) => vec![bare, value],
        None => vec![bare],
    }
}

fn with_inner(mut table: Table, path: &[String], value: Value) -> Table {
    if let Some((last, [])) = path.split_first() {
        table.insert(last.clone(), value);
    } else if let Some((first, rest)) = path.split_first() {
        let below = match table.remove(first) {
            Some(Value::Table(below)) => below,
            _ => Table::new(),
        };
        table.insert(first.clone(), Value::Table(with_inner(below, rest, value)));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Variant, stage_id::StageId};

    fn read(text: &str, profile: Option<&str>, set: &[&str]) -> Result<Config, Vec<String>> {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        let request = Request { text, file: Path::new("here/pipeline.toml"), profile, set: &set };
        load(&request).map_err(|e| e.problems.iter().map(|p| format!("{}: {}", p.origin, p.message)).collect())
    }

    fn check_problems(text: &str, profile: Option<&str>, set: &[&str], expected: &[&str]) {
        let problems = read(text, profile, set).expect_err("the configuration is wrong");
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.contains(expected), "{problem:?} does not say {expected:?}");
        }
    }

    #[test]
    fn file_then_profile_then_set() {
        let text = "[crawl]\nmax_posts = 1\ntags = \"a\"\nvariant = \"preview\"\n[profile.p.crawl]\nmax_posts = 2\ntags = \"b\"\n";
        let config = read(text, Some("p"), &["crawl.max_posts=3"]).unwrap();
        assert_eq!((config.crawl.max_posts, config.crawl.tags.as_str()), (3, "b"));
        assert_eq!(config.crawl.variant, Variant::Preview);
        assert_eq!(read(text, None, &[]).unwrap().crawl.tags, "a");
    }

    #[test]
    fn set_reads_words_numbers_lists_and_inner_keys() {
        let set = [
            "crawl.site=mini",
            "crawl.tags=2024",
            "report.title=\"two words\"",
            "mini.pictures=/some/folder",
            "pack.sources=[\"a\", \"b\"]",
            "crawl.requests_per_second=3",
            "crop.min_score=-inf",
            "train.override.generator.base_channels=16",
            "train.override.discriminator.base_channels=8",
            "seed=5",
        ];
        let config = read("", None, &set).unwrap();
        assert_eq!(config.crawl.site.as_str(), "mini");
        assert_eq!(config.crawl.tags, "2024");
        assert_eq!(config.report.title, "two words");
        assert_eq!(config.pack.sources, ["a", "b"]);
        assert_eq!(config.crawl.requests_per_second, 3.0);
        assert_eq!(config.seed(), 5);
        let channels = |net: &str| config.train.r#override[net]["base_channels"].as_integer();
        assert_eq!((channels("generator"), channels("discriminator")), (Some(16), Some(8)));
    }

    #[test]
    fn all_problems_at_once_with_their_lines() {
        let text = "seeed = 1\n[crawl]\nmax_postz = 3\nmax_posts = \"many\"\nvariant = \"huge\"\n[corp]\nsize = 1\n\n[pack]\nholdout = 2\n[profile.x.crop]\nsize = -1\n";
        check_problems(
            text,
            Some("y"),
            &["crop.sizes=3", "crop.size=big", "nonsense"],
            &[
                "pipeline.toml:6: there is no section [corp]; did you mean [crop]?",
                "pipeline.toml:1: there is no key seeed; did you mean seed?",
                "pipeline.toml:3: there is no key crawl.max_postz; did you mean crawl.max_posts?",
                "pipeline.toml:4: crawl.max_posts: invalid type: string \"many\", expected u64",
                "pipeline.toml:5: crawl.variant: unknown variant `huge`, expected one of `preview`, `sample`, `original`",
                "pipeline.toml:12: crop.size: invalid value: integer `-1`, expected u32",
                "--profile y: there is no profile \"y\"; there are x",
                "--set crop.sizes=3: there is no key crop.sizes; did you mean crop.size?",
                "--set crop.size=big: crop.size: invalid type: string \"big\", expected u32",
                "--set nonsense: write it as key=value",
                "pipeline.toml:10: pack.holdout must be from 0 to 0.9",
            ],
        );
    }

    #[test]
    fn a_section_within_a_section_is_read_key_by_key() {
        let text =
            "[cluster]\ntime = \"90\"\n[cluster.crop]\ncpus = 4\ntime = \"60\"\n[profile.p.cluster.crop]\ncpus = 8\n";
        let config = read(text, Some("p"), &["cluster.crop.memory=16G", "cluster.train.gpus=1"]).unwrap();
        let crop = config.cluster.of(StageId::Crop);
        assert_eq!((crop.cpus, crop.time.seconds(), crop.memory.as_str()), (8, Some(3600), "16G"));
        let train = config.cluster.of(StageId::Train);
        assert_eq!((train.cpus, train.time.seconds(), train.gpus), (0, Some(5400), 1));
        check_problems(
            "[cluster]\ntime = 90\n[cluster.crop]\nmemry = \"1G\"\ncpus = -1\n[cluster.crops]\ncpus = 1\n[cluster.train]\ntasks = 2\n",
            None,
            &["cluster.crop.tme=1", "cluster.crop=1"],
            &[
                "pipeline.toml:2: cluster.time: invalid type: integer `90`, expected a string",
                "pipeline.toml:4: there is no key cluster.crop.memry; did you mean cluster.crop.memory?",
                "pipeline.toml:5: cluster.crop.cpus: invalid value: integer `-1`, expected u32",
                "pipeline.toml:6: there is no key cluster.crops",
                "--set cluster.crop.tme=1: there is no key cluster.crop.tme; did you mean cluster.crop.time?",
                "--set cluster.crop=1: there is no key cluster.crop",
                "pipeline.toml:9: cluster.train.tasks cannot be given: train is one job",
            ],
        );
    }

    #[test]
    fn a_key_of_the_recipe_is_answered_with_the_override_to_write() {
        let origin_of = |key: &str| read("", None, &[&format!("train.{key}=1")]).unwrap_err().remove(0);
        let said = origin_of("learning_rate");
        assert!(said.contains("write train.override = { generator.optimizer.learning_rate = … }"), "{said}");
        assert!(origin_of("base_channels").contains("--set train.override.generator.base_channels=…"));
        assert!(origin_of("max_kimgs").contains("did you mean train.max_kimg?"));
    }

    #[test]
    fn home_is_written_out_in_every_key_that_names_a_path_and_in_no_other() {
        let home = home::folder().unwrap();
        let set = ["paths.data=~/x", "mini.pictures=~", "crop.cascade=~/c.xml", "pack.sources=[\"faces\", \"~/more\"]"];
        let alone = "[crop]\nmode = \"exact\"\nmin_confidence = 0.0\n";
        let config = read(alone, None, &set).unwrap();
        assert_eq!((&config.paths.data, &config.mini.pictures), (&home.join("x"), &home));
        assert_eq!(config.crop.cascade, home.join("c.xml").to_string_lossy());
        assert_eq!(config.pack.sources, ["faces".to_owned(), home.join("more").to_string_lossy().into_owned()]);
        assert_eq!(read("", None, &["crawl.tags=~solo"]).unwrap().crawl.tags, "~solo");
        check_problems(
            "[paths]\ndata = \"~other/x\"\n",
            None,
            &[],
            &["pipeline.toml:2: paths.data: \"~other/x\" names"],
        );
    }

    #[test]
    fn a_key_like_no_other_gets_no_hint() {
        let problems = read("", None, &["crawl.x=1", "corp.size=1", "seed.x=1"]).unwrap_err();
        assert!(problems[0].ends_with("there is no key crawl.x"), "{}", problems[0]);
        assert!(problems[1].ends_with("did you mean crop.size?"), "{}", problems[1]);
        assert!(problems[2].contains("there is no key seed.x"), "{}", problems[2]);
    }

    #[test]
    fn broken_toml_is_placed_and_the_rest_still_checked() {
        check_problems(
            "[crawl]\ntags = \nsize = 1\n",
            None,
            &[],
            &["pipeline.toml:2: ", "pipeline.toml:3: there is no key crawl.size"],
        );
        check_problems("crawl = 3\n", None, &[], &["pipeline.toml:1: crawl is a section"]);
        check_problems("profile = 3\n", None, &[], &["pipeline.toml:1: profiles are tables"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", set in "\\PC{0,30}") {
            let _ = read(&text, None, &[&set]);
        }
    }
}
