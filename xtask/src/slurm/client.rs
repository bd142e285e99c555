//! Slurm's own programs, asked by their names.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

/// Runs one of Slurm's programs to its end, a text on its stdin; what it says on stdout.
///
/// # Errors
/// When it is not installed, or refuses, with its words.
pub(super) fn ask(program: &str, arguments: &[String], input: &str) -> anyhow::Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {program}: `--engine slurm` needs Slurm's programs on this machine"))?;
    // One that refuses its arguments reads no input; its words tell why.
    child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().with_context(|| format!("{program} is gone"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} refuses ({}): {}", output.status, said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Submits a script; the job's number.
pub(super) fn submit(arguments: &[String], script: &str) -> anyhow::Result<String> {
    let said = ask("sbatch", arguments, script)?;
    // "number", or "number;cluster".
    let id = said.trim().split(';').next().unwrap_or_default().to_owned();
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    ensure!(is_number, "sbatch names no job: {:?}", said.trim());
    Ok(id)
}

/// Takes jobs back.
pub(super) fn cancel(ids: &[String]) -> anyhow::Result<()> {
    ask("scancel", ids, "").map(drop)
}

/// The most tasks that an array counted from 1 can have on this cluster.
pub(super) fn max_tasks() -> anyhow::Result<u32> {
    let config = ask("scontrol", &["show".into(), "config".into()], "")?;
    max_array_size(&config).map(|size| size.saturating_sub(1)).context("`scontrol show config` says no MaxArraySize")
}

/// It is one above the highest index.
fn max_array_size(config: &str) -> Option<u32> {
    let line = config.lines().find_map(|line| line.strip_prefix("MaxArraySize"))?;
    line.trim_start_matches([' ', '=']).trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_arrays_is_read() {
        let config = "MaxArraySize            = 1001\nMaxBatchRequeue         = 5\n";
        assert_eq!(max_array_size(config), Some(1001));
        assert_eq!(max_array_size("MaxJobCount = 3\n"), None);
    }

    #[test]
    fn what_is_not_installed_is_named() {
        let error = format!("{:#}", ask("no-such-sbatch", &[], "").unwrap_err());
        assert!(error.contains("cannot start no-such-sbatch") && error.contains("needs Slurm's programs"), "{error}");
    }
}
