//! Trainings on several ranks, started by MPI's own launcher: the same bits on any number of them, whatever becomes of one.
//!
//! `cargo xtask test mpi` runs these; without the feature `mpi` there are none.
#![cfg(all(feature = "mpi", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

mod tiny;

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use contracts::tell;
use tiny::{Workshop, kimg};

/// Images a step, in eight parts.
const BATCH: u64 = 16;

/// A workshop whose batches fall into eight parts; what a step draws, penalizes and normalizes by is of the parts too.
fn workshop(steps: u64) -> Workshop {
    let mut workshop = Workshop::new(1).measured();
    let train = &mut workshop.config.train;
    (train.batch_size, train.accumulate) = (BATCH as usize, 8);
    train.max_kimg = kimg(steps) * (BATCH / tiny::BATCH) as f64;
    train.checkpoint_kimg = kimg(3) * (BATCH / tiny::BATCH) as f64;
    train.metrics_kimg = kimg(steps / 4) * (BATCH / tiny::BATCH) as f64;
    let overrides = "latent.size = 3\ngenerator.base_channels = 2\ndiscriminator.base_channels = 2\n\
                     augmentation = { flip = true, color = true, target = 0.5, adjust_kimg = 0.2 }\n\
                     regularization = { r1 = 1.0, every = 2 }";
    train.r#override = overrides.parse().unwrap();
    tiny::write_dataset(&workshop.layout(), 3 * BATCH as usize);
    workshop
}

/// The launcher, where there is one: else tests have nothing to say.
fn launcher() -> Option<Command> {
    let there = env::split_paths(&env::var_os("PATH")?).any(|folder| folder.join("mpirun").is_file());
    if !there {
        tell!("skipped: there is no mpirun on the path; `cargo xtask setup --mpi` installs one");
        return None;
    }
    let mut command = Command::new("mpirun");
    // Open MPI's, by its versions; others need none of it.
    command.envs([
        ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
        ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
        ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ("OMPI_MCA_mpi_yield_when_idle", "1"),
        ("PRTE_ALLOW_RUN_AS_ROOT", "1"),
        ("PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"),
        ("RAYON_NUM_THREADS", "1"),
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Some(command)
}

/// The real program on so many ranks.
fn on_ranks(workshop: &mut Workshop, ranks: usize) -> Option<Command> {
    workshop.config.train.ranks = ranks;
    let program = workshop.program();
    let mut command = launcher()?;
    command.args(["-n", &ranks.to_string()]).arg(program.get_program()).args(program.get_args());
    Some(command)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Trains on so many ranks to the end.
fn train(workshop: &mut Workshop, ranks: usize) {
    let output = on_ranks(workshop, ranks).unwrap().output().unwrap();
    assert!(output.status.success(), "{ranks} ranks: {}", said(&output));
}

#[test]
fn one_two_four_and_eight_ranks_leave_the_same_files() {
    if launcher().is_none() {
        return;
    }
    let mut alone = workshop(8);
    alone.config.train.ranks = 1;
    assert!(alone.program().output().unwrap().status.success());
    for ranks in [1, 2, 4, 8] {
        let mut workshop = workshop(8);
        train(&mut workshop, ranks);
        assert_eq!(workshop.run_folder().root().file_name(), alone.run_folder().root().file_name());
        assert_eq!(workshop.result(), alone.result(), "{ranks} ranks");
        let [found, expected] =
            [&workshop, &alone].map(|workshop| fs::read(workshop.run_folder().generator()).unwrap());
        assert_eq!(found, expected);
    }
}

/// The processes of a job that train, by rank: those below the launcher that run the trainer.
fn ranks_of(launcher: &Child) -> BTreeMap<usize, u32> {
    let mut ranks = BTreeMap::new();
    let mut open = vec![launcher.id()];
    while let Some(parent) = open.pop() {
        for task in fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            open.extend(children.split_whitespace().map(|id| id.parse::<u32>().unwrap()));
        }
        let runs_trainer = fs::read_link(format!("/proc/{parent}/exe"))
            .is_ok_and(|program| program == Path::new(env!("CARGO_BIN_EXE_trainer")));
        let environment = fs::read(format!("/proc/{parent}/environ")).unwrap_or_default();
        let rank = environment.split(|byte| *byte == 0).find_map(|variable| {
            let (name, value) = std::str::from_utf8(variable).ok()?.split_once('=')?;
            ["OMPI_COMM_WORLD_RANK", "PMI_RANK"].contains(&name).then(|| value.parse().ok())?
        });
        ranks.extend(rank.filter(|_| runs_trainer).map(|rank| (rank, parent)));
    }
    ranks
}

/// Starts a training, and waits until its ranks are known and it has written a checkpoint that was not there.
fn started(workshop: &mut Workshop, ranks: usize, arguments: &[&str], stdin: Stdio) -> (Child, BTreeMap<usize, u32>) {
    let before = newest_checkpoint(workshop);
    let mut child = on_ranks(workshop, ranks).unwrap().args(arguments).stdin(stdin).spawn().unwrap();
    while newest_checkpoint(workshop) == before || ranks_of(&child).len() < ranks {
        assert!(child.try_wait().unwrap().is_none(), "{}", said(&child.wait_with_output().unwrap()));
        thread::sleep(Duration::from_millis(5));
    }
    let found = ranks_of(&child);
    (child, found)
}

/// The images of the newest checkpoint; while one is written, it has another name, which is no number.
fn newest_checkpoint(workshop: &Workshop) -> Option<u64> {
    let entries = fs::read_dir(workshop.run_folder().checkpoints()).ok()?;
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).max()
}

fn signal(process: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

/// More than are done while a test finds the ranks of a job.
const STEPS: u64 = 120;

#[test]
fn a_dead_rank_ends_the_job_which_goes_on_with_another_number_of_ranks() {
    if launcher().is_none() {
        return;
    }
    let mut whole = workshop(STEPS);
    train(&mut whole, 2);
    let mut killed = workshop(STEPS);
    for (ranks, victim) in [(4, 2), (2, 0)] {
        let (child, processes) = started(&mut killed, ranks, &[], Stdio::null());
        signal(processes[&victim], "-KILL");
        let output = child.wait_with_output().unwrap();
        assert!(!output.status.success(), "rank {victim} of {ranks} is dead");
        assert!(processes.values().all(|process| !Path::new(&format!("/proc/{process}/exe")).exists()));
    }
    train(&mut killed, 1);
    assert_eq!(killed.result(), whole.result());
}

#[test]
fn a_rank_that_is_told_to_stop_stops_all_of_them_with_130_and_a_checkpoint() {
    if launcher().is_none() {
        return;
    }
    let mut whole = workshop(STEPS);
    train(&mut whole, 4);
    let mut stopped = workshop(STEPS);
    for (ranks, told) in [(4, Some(3)), (2, Some(0)), (2, None)] {
        let (mut child, processes) = started(&mut stopped, ranks, &["--stop-with-stdin"], Stdio::piped());
        match told {
            Some(rank) => signal(processes[&rank], "-TERM"),
            None => drop(child.stdin.take()),
        }
        let lifeline = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        drop(lifeline);
        let line = output.stdout.split(|byte| *byte == b'\n').next().unwrap();
        let report: contracts::Report = serde_json::from_slice(line)
            .unwrap_or_else(|error| panic!("{ranks} ranks, {told:?}: {error}: {}: {}", output.status, said(&output)));
        if report.state == contracts::report::State::Complete {
            panic!("it was over before it was told: raise STEPS");
        }
        assert_eq!(output.status.code(), Some(130), "{}", said(&output));
        let images = report.figures["images_shown"] as u64;
        assert!(stopped.run_folder().checkpoint(images).exists(), "{report:?}");
    }
    train(&mut stopped, 8);
    assert_eq!(stopped.result(), whole.result());
}

#[test]
fn ranks_that_would_come_to_other_bits_are_refused() {
    let Some(mut command) = launcher() else { return };
    let mut workshop = workshop(8);
    workshop.config.train.ranks = 2;
    let program = workshop.program();
    // The same program with a byte behind it, which changes nothing of what it does.
    let other = workshop.layout().data().join("other-trainer");
    fs::copy(program.get_program(), &other).unwrap();
    let mut content = fs::read(&other).unwrap();
    content.push(0);
    fs::write(&other, content).unwrap();
    command.args(["-n", "1"]).arg(program.get_program()).args(program.get_args());
    command.args([":", "-n", "1"]).arg(&other).args(program.get_args());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("rank 1 has another program than rank 0"), "{}", said(&output));
    assert!(!workshop.run_folder().checkpoints().exists(), "nothing was begun");
}

#[test]
fn another_number_of_ranks_than_is_configured_is_refused() {
    if launcher().is_none() {
        return;
    }
    let mut workshop = workshop(8);
    let mut command = on_ranks(&mut workshop, 2).unwrap();
    let output = command.args(["--set", "train.ranks=4"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("train.ranks is 4, and MPI tells of 2"), "{}", said(&output));
    let alone = workshop.program().args(["--set", "train.ranks=2"]).output().unwrap();
    assert!(said(&alone).contains("built without MPI or started without a launcher"), "{}", said(&alone));
}
