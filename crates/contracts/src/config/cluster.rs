//! `[cluster]`, and `[cluster.crop]` and its like: what a cluster's scheduler is asked for.

use serde::{Serialize, Serializer, ser::SerializeMap};
use toml::Value;

use super::{
    section::{BadValue, Key, Section, Validate, require, section},
    time_limit::TimeLimit,
};
use crate::stage_id::StageId;

section! {
    /// `[cluster]`: what `--engine slurm` asks Slurm for, of every stage that has no key of its own.
    ClusterConfig in "cluster" {
        /// The partition that jobs run in; empty: Slurm's default.
        partition: String = String::new(), Runtime;
        /// The account that pays for them; empty: the user's default.
        account: String = String::new(), Runtime;
        /// The partition that the crawl runs in, of machines that reach the site. Empty: it runs where the command is given.
        crawl_on: String = String::new(), Runtime;
        /// How long a job may take, as Slurm writes it: "90" minutes, "12:00:00", "2-12" days and hours. Empty: as long as the
        /// partition lets it. A stage is stopped two minutes before, and goes on in the queue.
        time: TimeLimit = TimeLimit::default(), Runtime;
        /// Memory of a job, such as "16G"; empty: Slurm's default.
        memory: String = String::new(), Runtime;
        /// Processors of a job; 0: Slurm's default.
        cpus: u32 = 0, Runtime;
        /// GPUs of a job.
        gpus: u32 = 0, Runtime;
        /// Jobs that the crop is dealt out to, as an array; 1: none. `[cluster.pack]` may have as many.
        tasks: u32 = 8, Runtime;
        /// How many jobs of an array run at once; 0: as many as there is room for.
        max_parallel: u32 = 0, Runtime;
        /// How often a job goes back into the queue after its time was up, or its machine failed.
        retries: u32 = 10, Runtime;
        /// Lines of shell that a job begins with, such as "module load cuda".
        setup: Vec<String> = Vec::new(), Runtime;
        /// Further arguments of sbatch, such as "--qos=long". They come last, and so win.
        extra: Vec<String> = Vec::new(), Runtime;
    }
}

impl Validate for ClusterConfig {
    fn bad_values(&self) -> Vec<BadValue> {
        let Self { memory, tasks, extra, .. } = self;
        let names = [("partition", &self.partition), ("account", &self.account), ("crawl_on", &self.crawl_on)];
        let unnamed = names.into_iter().filter(|(_, name)| name.contains(char::is_whitespace));
        let mut bad: Vec<BadValue> = unnamed.map(|(key, _)| BadValue::new(key, NOT_A_NAME)).collect();
        bad.extend(values(Some(memory), Some(*tasks), Some(extra)));
        bad
    }
}

const NOT_A_NAME: &str = "must be a name without spaces";

section! {
    /// `[cluster.crop]` and its like: the keys of `[cluster]` that a stage has for itself; others are as there.
    StageKeys in "cluster.<stage>" {
        /// The partition that the stage runs in.
        partition: Option<String> = None, Runtime;
        /// The account that pays for it.
        account: Option<String> = None, Runtime;
        /// How long a job may take.
        time: Option<TimeLimit> = None, Runtime;
        /// Memory of a job.
        memory: Option<String> = None, Runtime;
        /// Processors of a job.
        cpus: Option<u32> = None, Runtime;
        /// GPUs of a job.
        gpus: Option<u32> = None, Runtime;
        /// Jobs that the stage is dealt out to: crop and pack alone can be.
        tasks: Option<u32> = None, Runtime;
        /// How many of these, or of a sweep's trainings, run at once.
        max_parallel: Option<u32> = None, Runtime;
        /// How often a job goes back into the queue.
        retries: Option<u32> = None, Runtime;
        /// Lines of shell that a job begins with, instead of the others'.
        setup: Option<Vec<String>> = None, Runtime;
        /// Further arguments of sbatch, instead of the others'.
        extra: Option<Vec<String>> = None, Runtime;
    }
}

impl Validate for StageKeys {
    fn bad_values(&self) -> Vec<BadValue> {
        let names = [("partition", &self.partition), ("account", &self.account)];
        let unnamed = names.into_iter().filter(|(_, name)| name.iter().any(|name| name.contains(char::is_whitespace)));
        let mut bad: Vec<BadValue> = unnamed.map(|(key, _)| BadValue::new(key, NOT_A_NAME)).collect();
        bad.extend(values(self.memory.as_deref(), self.tasks, self.extra.as_deref()));
        bad
    }
}

/// The checks that both kinds of sections have in common.
fn values(memory: Option<&str>, tasks: Option<u32>, extra: Option<&[String]>) -> Vec<BadValue> {
    let first = extra.and_then(<[String]>::first);
    let ours = extra.into_iter().flatten().find(|argument| OURS.iter().any(|option| is_option(argument, option)));
    require! {
        "memory": memory.is_none_or(is_memory), "must be a number and K, M, G or T, such as \"16G\"";
        "tasks": tasks.is_none_or(|tasks| tasks > 0), "must be above 0";
        // sbatch takes the first word that is no option for its script.
        "extra": first.is_none_or(|first| first.starts_with('-')), "must begin with an option, such as \"--qos=long\"";
        "extra": ours.is_none(), format!("cannot have {:?}: the runner says that itself", ours.map_or("", String::as_str));
    }
}

/// Without these a chain is none, or nobody finds its logs.
const OURS: [&str; 7] = ["--array", "-a", "--dependency", "-d", "--wrap", "--output", "-o"];

fn is_option(argument: &str, option: &str) -> bool {
    argument.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

fn is_memory(text: &str) -> bool {
    let digits = text.trim_end_matches(['K', 'M', 'G', 'T']);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    text.is_empty() || is_number && text.len() <= digits.len() + 1
}

/// The keys of one stage, as a section with the stage's name.
#[derive(Clone, Debug, PartialEq)]
pub struct StageCluster {
    stage: StageId,
    /// The keys.
    pub keys: StageKeys,
}

impl Section for StageCluster {
    fn name(&self) -> &'static str {
        match self.stage {
            StageId::Crawl => "cluster.crawl",
            StageId::Crop => "cluster.crop",
            StageId::Pack => "cluster.pack",
            StageId::Train => "cluster.train",
            StageId::Evaluate => "cluster.evaluate",
            StageId::Report => "cluster.report",
        }
    }

    fn keys(&self) -> &'static [Key] {
        Section::keys(&self.keys)
    }

    fn set(&mut self, key: &str, value: Value) -> Result<(), Option<String>> {
        self.keys.set(key, value)
    }

    fn get(&self, key: &str) -> Option<Value> {
        self.keys.get(key)
    }

    fn is_as_before(&self, key: &str) -> bool {
        self.keys.is_as_before(key)
    }

    fn bad_values(&self) -> Vec<BadValue> {
        let mut bad = Section::bad_values(&self.keys);
        let is_one_job = !matches!(self.stage, StageId::Crop | StageId::Pack);
        if is_one_job && self.keys.tasks.is_some() {
            bad.push(BadValue::new(
                "tasks",
                format!("cannot be given: {} is one job; crop and pack can be several", self.stage),
            ));
        }
        bad
    }
}

/// All of `[cluster]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cluster {
    /// The keys for all stages.
    #[serde(flatten)]
    pub common: ClusterConfig,
    /// Those of each stage, in the stages' order.
    #[serde(flatten, serialize_with = "by_stage")]
    pub stages: [StageCluster; 6],
}

impl Default for Cluster {
    fn default() -> Self {
        let stages = StageId::ALL.map(|stage| StageCluster { stage, keys: StageKeys::default() });
        Self { common: ClusterConfig::default(), stages }
    }
}

/// A table for each stage that has a key.
fn by_stage<S: Serializer>(stages: &[StageCluster; 6], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for stage in stages.iter().filter(|stage| stage.keys != StageKeys::default()) {
        map.serialize_entry(&stage.stage, &stage.keys)?;
    }
    map.end()
}

impl Cluster {
    /// Whether nobody has said anything of a cluster.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What is asked for a stage: its own keys, else those of all.
    pub fn of(&self, stage: StageId) -> ClusterConfig {
        let (common, own) = (self.common.clone(), self.stages[stage as usize].keys.clone());
        let partition = match stage {
            StageId::Crawl if !common.crawl_on.is_empty() => common.crawl_on.clone(),
            _ => common.partition,
        };
        // What is true of the crop need not be of other stages: they are one job unless they say otherwise.
        let tasks = if stage == StageId::Crop { common.tasks } else { 1 };
        ClusterConfig {
            partition: own.partition.unwrap_or(partition),
            account: own.account.unwrap_or(common.account),
            crawl_on: common.crawl_on,
            time: own.time.unwrap_or(common.time),
            memory: own.memory.unwrap_or(common.memory),
            cpus: own.cpus.unwrap_or(common.cpus),
            gpus: own.gpus.unwrap_or(common.gpus),
            tasks: own.tasks.unwrap_or(tasks),
            max_parallel: own.max_parallel.unwrap_or(common.max_parallel),
            retries: own.retries.unwrap_or(common.retries),
            setup: own.setup.unwrap_or(common.setup),
            extra: own.extra.unwrap_or(common.extra),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_its_own_keys_and_those_of_all() {
        let mut cluster = Cluster::default();
        cluster.common = ClusterConfig { partition: "main".into(), cpus: 4, gpus: 1, tasks: 20, ..cluster.common };
        cluster.common.crawl_on = "transfer".into();
        cluster.stages[StageId::Crop as usize].keys = StageKeys { gpus: Some(0), ..StageKeys::default() };
        let asked = |stage| {
            let ClusterConfig { partition, cpus, gpus, tasks, .. } = cluster.of(stage);
            (partition, cpus, gpus, tasks)
        };
        assert_eq!(asked(StageId::Crawl), ("transfer".into(), 4, 1, 1));
        assert_eq!(asked(StageId::Crop), ("main".into(), 4, 0, 20));
        assert_eq!(asked(StageId::Pack), ("main".into(), 4, 1, 1));
    }

    #[test]
    fn what_slurm_would_misread_is_refused() {
        let check = |keys: StageKeys, expected: &[&str]| {
            let bad = StageCluster { stage: StageId::Train, keys }.bad_values();
            let told: Vec<String> = bad.iter().map(|bad| format!("{} {}", bad.key, bad.problem)).collect();
            assert_eq!(told.len(), expected.len(), "{told:?}");
            told.iter().zip(expected).for_each(|(told, expected)| assert!(told.contains(expected), "{told}"));
        };
        let keys = StageKeys::default;
        check(StageKeys { memory: Some("16G".into()), extra: Some(vec!["-q".into(), "long".into()]), ..keys() }, &[]);
        check(
            StageKeys { memory: Some("16 GB".into()), partition: Some("a b".into()), ..keys() },
            &["partition", "memory"],
        );
        check(StageKeys { memory: Some("GG".into()), ..keys() }, &["memory"]);
        check(StageKeys { extra: Some(vec!["long".into()]), ..keys() }, &["extra must begin with an option"]);
        check(StageKeys { extra: Some(vec!["--array=1-9".into()]), ..keys() }, &["extra cannot have \"--array=1-9\""]);
        check(StageKeys { tasks: Some(2), ..keys() }, &["tasks cannot be given: train is one job"]);
    }
}
