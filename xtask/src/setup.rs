//! Installing what the system lacks: OpenCV, MPI and libclang for the build, the cascade for the crops, Slurm for its tests.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use contracts::{
    Outcome, StageId,
    cascade::{self, CascadeError},
    publish, tell,
};

use crate::{arguments::SetupOptions, ask, build, opencv, project::Project, tools, workspace::Workspace};

/// Debian's names: the parts of OpenCV 4 that the cropper uses, and what its bindings are generated with.
const APT_PACKAGES: [&str; 6] = [
    "libopencv-core-dev",
    "libopencv-imgproc-dev",
    "libopencv-objdetect-dev",
    "libopencv-imgcodecs-dev",
    "clang",
    "libclang-dev",
];

/// Debian's names: the daemons that tests start for themselves, and what submits to them.
const SLURM_PACKAGES: [&str; 5] = ["slurmctld", "slurmd", "slurm-client", "munge", "slurm-wlm-basic-plugins"];

/// Debian's names: an MPI library, its launcher, and what its bindings are generated with.
const MPI_PACKAGES: [&str; 4] = ["libopenmpi-dev", "openmpi-bin", "clang", "libclang-dev"];

/// What to type where the runner does not install by itself.
const OTHER_SYSTEMS: [(&str, &str); 3] = [
    ("dnf", "sudo dnf install opencv-devel clang-devel"),
    ("pacman", "sudo pacman -S --needed opencv clang"),
    ("brew", "brew install opencv@4 llvm"),
];

/// `cargo xtask setup`: what the configuration's engine and cascade need.
pub(crate) fn run(workspace: &Workspace, options: &SetupOptions) -> anyhow::Result<Outcome> {
    let config = Project::open(workspace, &options.config)?.config;
    if build::needs_opencv(&StageId::ALL, &config) {
        system(options.yes)?;
    }
    if options.mpi || build::needs_mpi(&StageId::ALL, &config) {
        mpi(options.yes)?;
    }
    if options.slurm {
        slurm(options.yes)?;
    }
    if let Err(error) = cascade(&config.crop.cascade) {
        // A machine without network can still build and be given the cascade later.
        tell!("warning: {error:#}");
    }
    tell!("setup: everything that can be installed is there");
    Ok(Outcome::Done)
}

/// Installs the system packages that are missing.
pub(crate) fn system(yes: bool) -> anyhow::Result<()> {
    let missing = opencv::missing();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(" and ");
    if !tools::on_path("apt-get") {
        let command = OTHER_SYSTEMS.iter().find(|(tool, _)| tools::on_path(tool)).map(|(_, command)| *command);
        let advice =
            command.unwrap_or("install OpenCV 4 (with headers) and libclang with your system's package manager");
        bail!("this machine lacks {missing}; run: {advice}");
    }
    apt(&missing, &APT_PACKAGES, yes)?;
    let still = opencv::missing();
    ensure!(still.is_empty(), "after the installation this machine still lacks {}", still.join(" and "));
    Ok(())
}

/// Installs an MPI library and its launcher where there is none: only trainings on several ranks want one.
pub(crate) fn mpi(yes: bool) -> anyhow::Result<()> {
    // Clusters have their own, as a module.
    let is_there = tools::on_path("mpicc") || env::var_os("MPICC").is_some();
    let missing = [(!is_there).then_some("MPI"), (!opencv::libclang_there()).then_some("libclang")];
    let missing: Vec<&str> = missing.into_iter().flatten().collect();
    if missing.is_empty() {
        return Ok(());
    }
    ensure!(
        tools::on_path("apt-get"),
        "this machine lacks {}: install Open MPI or MPICH with its headers, or load its module, and libclang",
        missing.join(" and ")
    );
    apt(&missing.join(" and "), &MPI_PACKAGES, yes)
}

/// Installs Slurm where it is missing. It is never wanted but on request: a cluster has its own, and a machine of one's own has
/// no use for daemons.
fn slurm(yes: bool) -> anyhow::Result<()> {
    // Daemons lie where not every user looks.
    let daemon = Path::new("/usr/sbin/slurmctld");
    if daemon.exists() || tools::on_path("slurmctld") {
        return Ok(());
    }
    ensure!(
        tools::on_path("apt-get"),
        "install Slurm (slurmctld, slurmd, sbatch, munge) with your system's package manager"
    );
    apt("Slurm", &SLURM_PACKAGES, yes)
}

/// Installs packages, after asking whoever can be asked.
fn apt(missing: &str, packages: &[&str], yes: bool) -> anyhow::Result<()> {
    let commands = apt_commands(packages);
    tell!("this machine lacks {missing}; to be run:\n  {}", commands.join("\n  "));
    if !yes && ask::is_possible() && !ask::agrees()? {
        bail!("nothing was installed; run the commands above, or the same command with --yes");
    }
    for command in &commands {
        let status = Command::new("sh").args(["-c", command]).status().context("cannot start sh")?;
        ensure!(status.success(), "`{command}` failed ({status})");
    }
    Ok(())
}

fn apt_commands(packages: &[&str]) -> [String; 2] {
    let sudo = if is_root() { "" } else { "sudo " };
    let install = format!("{sudo}apt-get install -y --no-install-recommends {}", packages.join(" "));
    [format!("{sudo}apt-get update -q"), install]
}

/// Makes sure that the cascade is at hand: the environment's, the cached one, or a fresh download.
pub(crate) fn cascade(name: &str) -> anyhow::Result<()> {
    let target = match cascade::resolve_here(name) {
        Ok(_) => return Ok(()),
        Err(CascadeError::Missing(target)) => target,
        Err(error) => return Err(error.into()),
    };
    download(&target)
        .map_err(|problem| anyhow::anyhow!("{}\n  (the download failed: {problem:#})", CascadeError::Missing(target)))
}

/// Fetches the cascade with curl, checks it, and only then gives it its name.
fn download(target: &Path) -> anyhow::Result<()> {
    tell!("downloading {}", cascade::UPSTREAM_URL);
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--silent", "--show-error", "--location", "--max-time", "60", cascade::UPSTREAM_URL]);
    let output = curl.stderr(Stdio::piped()).output().context("cannot start curl")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    let found = contracts::ContentHash::of(&output.stdout).to_string();
    ensure!(found == cascade::SHA256, "what came has SHA-256 {found}, not {}", cascade::SHA256);
    Ok(publish::write_file(target, &output.stdout)?)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
