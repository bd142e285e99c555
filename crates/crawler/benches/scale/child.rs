//! What a child process has used.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Child,
    thread::sleep,
    time::Duration,
};

/// What a process has used.
#[derive(Clone, Copy, Default)]
pub(crate) struct Used {
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_megabytes: f64,
}

/// Waits for a process, looking at it all the while: the kernel forgets with it what it used.
pub(crate) fn watch(child: &mut Child) -> Used {
    watch_until(child, || false)
}

/// The same, until something is so or the process ends.
pub(crate) fn watch_until(child: &mut Child, is_so: impl Fn() -> bool) -> Used {
    let folder = PathBuf::from(format!("/proc/{}", child.id()));
    let mut used = Used::default();
    while !is_so() && child.try_wait().unwrap().is_none() {
        used = look(&folder).unwrap_or(used);
        sleep(Duration::from_millis(5));
    }
    used
}

fn look(process: &Path) -> Option<Used> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let ticks = stat.rsplit(')').next()?.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    let kilobytes: f64 = peak.trim().trim_end_matches(" kB").parse().ok()?;
    Some(Used { cpu_seconds: ticks.sum::<Result<f64, _>>().ok()? / 100.0, peak_megabytes: kilobytes / 1024.0 })
}
