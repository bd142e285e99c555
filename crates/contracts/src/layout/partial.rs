//! The names of what is not whole yet.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// How the names of unfinished files and folders begin: hidden from listings, and no reader looks at them.
pub const PARTIAL_PREFIX: &str = ".partial-";

/// Stands between the parts of such a name; none of ours and no host's contains it.
const SEPARATOR: char = '~';

/// What is named after a host that cannot be asked, or after none, is left over when it has not changed for so long.
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 3600);

/// A host's name is cut to this many characters: file systems take 255 bytes for the whole.
const MAX_HOST: usize = 40;

/// The name under which `path` is written until it is whole: another for every host, process and attempt, so that two
/// writers never meet in one file. It lies in the same folder, because only there a rename is one step.
pub fn partial(path: &Path) -> PathBuf {
    static ATTEMPTS: AtomicU64 = AtomicU64::new(0);
    let owner = Owner {
        host: this_host().to_owned(),
        process: process::id(),
        attempt: ATTEMPTS.fetch_add(1, Ordering::Relaxed),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    path.with_file_name(PartialName { owner: Some(owner), name }.to_string())
}

/// What the name of an unfinished file or folder tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialName {
    /// Who writes it; `None` where an earlier version did, which did not say so.
    pub owner: Option<Owner>,
    /// The name that it is to have.
    pub name: String,
}

/// Who writes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The machine.
    pub host: String,
    /// The process's number there.
    pub process: u32,
    /// Counts what the process has begun.
    pub attempt: u64,
}

impl PartialName {
    /// Reads a file's name; `None` where it is not that of something unfinished.
    pub fn read(file_name: &str) -> Option<Self> {
        let rest = file_name.strip_prefix(PARTIAL_PREFIX)?;
        let parts: Vec<&str> = rest.splitn(4, SEPARATOR).collect();
        let owned = || {
            let [host, process, attempt, name] = parts[..] else { return None };
            let owner = Owner { host: host.to_owned(), process: process.parse().ok()?, attempt: attempt.parse().ok()? };
            Some(Self { owner: Some(owner), name: name.to_owned() })
        };
        Some(owned().unwrap_or_else(|| Self { owner: None, name: rest.to_owned() }))
    }

    /// Whether nobody works on it any more, when it was last changed at `changed`. On this host the process is looked for,
    /// however long it takes; of others only the age is known. `alone`: nobody but the caller may write there.
    pub fn is_left_over(&self, changed: SystemTime, alone: bool) -> bool {
        let is_old = || changed.elapsed().is_ok_and(|age| age > LEFTOVER_AGE);
        match &self.owner {
            Some(owner) if owner.host == this_host() => is_gone(owner.process).unwrap_or_else(is_old),
            Some(_) => is_old(),
            None => alone || is_old(),
        }
    }
}

impl std::fmt::Display for PartialName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(PARTIAL_PREFIX)?;
        if let Some(Owner { host, process, attempt }) = &self.owner {
            write!(f, "{host}{SEPARATOR}{process}{SEPARATOR}{attempt}{SEPARATOR}")?;
        }
        f.write_str(&self.name)
    }
}

/// Whether no process of this number is there; `None` where the system does not say.
fn is_gone(process: u32) -> Option<bool> {
    if process == process::id() {
        return Some(false);
    }
    // Only Linux shows its processes as files.
    let processes = Path::new("/proc");
    processes.join("self").exists().then(|| !processes.join(process.to_string()).exists())
}

/// The name of this machine, as far as it fits into a file's.
fn this_host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        let told = fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
        let named = || ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|key| std::env::var(key).ok());
        let host = told.ok().or_else(named).unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '_' };
        let host: String = host.trim().chars().map(plain).take(MAX_HOST).collect();
        if host.is_empty() { "host".into() } else { host }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_whole_lies_beside_its_final_name_under_a_name_of_its_own() {
        let check = |path: &str, folder: &str, name: &str| {
            let (one, two) = (partial(Path::new(path)), partial(Path::new(path)));
            assert_ne!(one, two);
            assert_eq!(one.parent(), Some(Path::new(folder)));
            let read = PartialName::read(one.file_name().unwrap().to_str().unwrap()).unwrap();
            assert_eq!((read.name.as_str(), read.owner.unwrap().process), (name, process::id()));
        };
        check("data/raw/manifest.jsonl", "data/raw", "manifest.jsonl");
        check("artifacts/runs/a.old", "artifacts/runs", "a.old");
        check("alone", "", "alone");
    }

    #[test]
    fn the_dead_leave_leftovers_and_the_living_do_not() {
        let now = SystemTime::now();
        let long_ago = now - 2 * LEFTOVER_AGE;
        let check = |name: &str, changed, alone, expected| {
            let found = PartialName::read(name).unwrap().is_left_over(changed, alone);
            assert_eq!(found, expected, "{name}, alone: {alone}");
        };
        let name = |host: &str, process: u32| format!("{PARTIAL_PREFIX}{host}~{process}~0~shard");
        check(&name(this_host(), process::id()), long_ago, true, false);
        if cfg!(target_os = "linux") {
            // Process 1 is always there; a number above the largest that Linux gives out never is.
            check(&name(this_host(), 1), long_ago, true, false);
            check(&name(this_host(), u32::MAX), now, false, true);
        }
        check(&name("elsewhere!", 1), now, true, false);
        check(&name("elsewhere!", 1), long_ago, false, true);
        check(".partial-shard", now, false, false);
        check(".partial-shard", now, true, true);
        check(".partial-shard", long_ago, false, true);
        assert_eq!(PartialName::read("shard"), None);
    }

    proptest! {
        #[test]
        fn names_read_back(host in "[a-z.-]{1,9}", process: u32, attempt: u64, name in "[^~/]{1,30}") {
            let whole = PartialName { owner: Some(Owner { host, process, attempt }), name: name.clone() };
            prop_assert_eq!(PartialName::read(&whole.to_string()), Some(whole));
            let bare = PartialName { owner: None, name };
            prop_assert_eq!(PartialName::read(&bare.to_string()), Some(bare));
        }
    }
}
