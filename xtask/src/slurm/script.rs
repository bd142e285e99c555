//! The text of job scripts.

use std::fmt::Write as _;

use super::{
    chain::TASK,
    job::{Job, Origin},
};

/// A job's script: the lines of the user's own, the runner, and what its end means to Slurm.
pub(super) fn of_job(job: &Job, origin: &Origin) -> String {
    let Job { name, asked, command, .. } = job;
    let mut text = format!("#!/bin/bash\n# Nijigen: {name}\n");
    for line in &asked.setup {
        let _ = writeln!(text, "{line}");
    }
    let words = [std::slice::from_ref(&origin.runner), command, &origin.configuration].concat();
    let words = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let (programs, retries) = (quoted(&origin.programs), asked.retries);
    let _ = write!(
        text,
        r#"
# Before the time is up Slurm tells this shell, and it alone. The runner stops the stage in good order.
told=
trap 'told=1; kill -TERM "$runner" 2>/dev/null' TERM
export NIJIGEN_BIN_DIR={programs}
# Not every cluster ties a job to the processors that it was given.
export RAYON_NUM_THREADS="${{SLURM_CPUS_PER_TASK:-$RAYON_NUM_THREADS}}"
{words} &
runner=$!
wait "$runner"; code=$?
# A signal ends a wait, and not what was waited for.
while [ -n "$told" ]; do told=; wait "$runner"; code=$?; done

# By its own number a task of an array may stand for the whole array.
job=${{SLURM_ARRAY_JOB_ID:+${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID}}
job=${{job:-$SLURM_JOB_ID}}
case $code in
  0 | 3) exit 0 ;; # 3: done, with failures that were counted and kept
  130) # interrupted
    state=$(squeue --noheader --jobs="$job" --format=%T) # of one that is cancelled: COMPLETING
    tries=${{SLURM_RESTART_COUNT:-0}}
    if [ "$tries" -lt {retries} ] && {{ [ "$state" = RUNNING ] || [ "$state" = SIGNALING ]; }}; then
      echo "interrupted: it goes back into the queue, and on from here"
      scontrol requeue "$job" && exit 0
    fi
    echo "interrupted, and not queued again: it is $state, and was queued again $tries times of {retries}" ;;
esac
exit "$code"
"#
    );
    text
}

/// A chain as lines of shell that submit it.
pub(super) fn of_chain(jobs: &[Job], origin: &Origin) -> String {
    let mut text = String::new();
    let mut before: Option<String> = None;
    for job in jobs {
        let variable = job.name.replace('-', "_");
        let arguments = job.arguments(origin, None);
        let words: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
        let after = before.map_or_else(String::new, |before| format!(" --dependency=afterok:\"${before}\""));
        let script = of_job(job, origin);
        let _ = write!(text, "{variable}=$(sbatch {}{after} <<'JOB'\n{script}JOB\n)\n\n", words.join(" "));
        before = Some(variable);
    }
    text
}

/// A word as the shell reads it back; a task's number is put in by the shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:,@%+".contains(c);
    if let Some((before, after)) = word.split_once(TASK) {
        format!("{}\"{TASK}\"{}", quoted_if_any(before), quoted_if_any(after))
    } else if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn quoted_if_any(word: &str) -> String {
    if word.is_empty() { String::new() } else { quoted(word) }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, process::Command};

    use contracts::{
        Config, Layout, StageId,
        config::{self, Request},
    };

    use super::*;
    use crate::slurm::chain;

    fn config(set: &[&str]) -> Config {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        config::load(&Request { text: "", file: "pipeline.toml".as_ref(), profile: None, set: &set }).unwrap()
    }

    fn origin(config: &Config) -> Origin {
        Origin {
            runner: "/home/me/nijigen/target/release/xtask".into(),
            programs: "/home/me/nijigen/target/release".into(),
            root: "/home/me/nijigen".into(),
            configuration: ["--config", "/scratch/me/pipeline.toml", "--set", "crawl.tags=rating:s it's"]
                .map(str::to_owned)
                .into(),
            layout: Layout::new(Path::new("/scratch/me"), &config.paths),
        }
    }

    /// The scripts and arguments in `golden` are what people read with `--dry-run`.
    fn check(jobs: &[Job], config: &Config, golden: &str) {
        let text = of_chain(jobs, &origin(config));
        assert_eq!(text, golden, "{text}");
        let read = Command::new("bash").args(["-n", "-c", &text]).output().unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }

    #[test]
    fn a_chain_is_text_that_a_shell_submits() {
        let config = config(&[
            "cluster.partition=main",
            "cluster.account=painters",
            "cluster.time=12:00:00",
            "cluster.memory=16G",
            "cluster.cpus=8",
            "cluster.setup=[\"module load rust\"]",
            "cluster.crop.max_parallel=4",
            "cluster.train.gpus=1",
            "cluster.train.partition=gpu",
            "cluster.train.retries=20",
            "cluster.train.time=1",
            "cluster.train.extra=[\"--qos=long\", \"--comment=two words\"]",
        ]);
        let jobs = chain::of_stages(&config, &[StageId::Crop, StageId::Pack, StageId::Train], true);
        check(&jobs, &config, include_str!("golden/chain.sh"));
    }

    #[test]
    fn a_sweep_is_an_array_and_a_page() {
        let config = config(&["cluster.train.max_parallel=1"]);
        let runs = ["dcgan-64px-1".parse().unwrap(), "modern-64px-2".parse().unwrap()];
        let jobs = chain::sweep(&config, "recipe=dcgan,modern", &runs);
        check(&jobs, &config, include_str!("golden/sweep.sh"));
    }

    #[test]
    fn several_ranks_are_as_many_tasks_on_machines_of_slurm_s_choice() {
        let config = config(&["train.accumulate=4", "train.ranks=4", "cluster.cpus=8"]);
        let jobs = chain::of_stages(&config, &[StageId::Train, StageId::Evaluate], false);
        let asked = |job: &Job| {
            let arguments = job.arguments(&origin(&config), None);
            let of = |argument: &String| argument.starts_with("--n") || argument.starts_with("--cpus");
            arguments.into_iter().filter(of).collect::<Vec<_>>()
        };
        assert_eq!(asked(&jobs[0]), ["--ntasks=4", "--cpus-per-task=8"]);
        assert_eq!(asked(&jobs[1]), ["--nodes=1", "--ntasks=1", "--cpus-per-task=8"]);
    }

    #[test]
    fn words_come_back_from_the_shell_as_they_were() {
        for word in ["plain", "", "two words", "it's", "$HOME `x` \\ \" *", "a\nb", "ü"] {
            let said = Command::new("bash").args(["-c", &format!("printf %s {}", quoted(word))]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), word);
        }
        assert_eq!(quoted("--shard=$SLURM_ARRAY_TASK_ID/8"), "--shard=\"$SLURM_ARRAY_TASK_ID\"/8");
    }
}
