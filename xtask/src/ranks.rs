//! Starting a training on several ranks: through MPI's launcher, which `train.launcher` names.

use std::{env, num::NonZero, path::Path, process::Command, thread};

use contracts::Config;

use crate::project::Project;

/// What has a rank compute on any processor of its machine, more ranks than processors be started, and a rank that waits let others
/// compute, such as rank 0 that measures: Open MPI's settings, by its versions. They mean nothing to others.
const SETTINGS: [(&str, &str); 5] = [
    ("OMPI_MCA_hwloc_base_binding_policy", "none"),
    ("OMPI_MCA_mpi_yield_when_idle", "1"),
    ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
    ("PRTE_MCA_hwloc_default_binding_policy", "none"),
    ("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"),
];

/// What cargo, rayon and others take for the number of threads of a process.
const THREADS: &str = "RAYON_NUM_THREADS";

/// The program on as many ranks as are configured, told of the same configuration. The first has the command's stdin and stdout.
pub(crate) fn command(project: &Project, program: &Path) -> Command {
    let Config { train, .. } = &project.config;
    let mut words = train.launcher.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("mpirun"));
    command.args(words).arg(train.ranks.to_string()).arg(program);
    project.configure(&mut command);
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    command.envs(SETTINGS.into_iter().filter(|(name, _)| !set(name)));
    if !set(THREADS) {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        command.env(THREADS, (processors / train.ranks).max(1).to_string());
    }
    apart_from_the_terminal(&mut command);
    command
}

/// Ctrl-C is the runner's, which ends the stage's stdin: a launcher that was told as well would end its ranks at once.
#[cfg(unix)]
fn apart_from_the_terminal(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
fn apart_from_the_terminal(_command: &mut Command) {}
