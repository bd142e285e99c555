//! Training runs by the names that people give them: an id, the beginning of one, or `latest`.

use std::{fs, path::PathBuf};

use crate::{
    id::RunId,
    layout::Layout,
    publish::{self, FileError},
};

/// The name of the run that was trained last.
const LATEST: &str = "latest";

/// What a name can fail to find.
#[derive(Debug, thiserror::Error)]
pub enum FindRunError {
    /// No run's id begins so.
    #[error("no run in {} is called {name:?}; {}", folder.display(), those_there(there))]
    None {
        /// The name.
        name: String,
        /// Where the runs are.
        folder: PathBuf,
        /// Those that are there.
        there: Vec<RunId>,
    },
    /// Several runs' ids begin so.
    #[error("{name:?} is the beginning of several runs: {}; give more of the id", listed(found))]
    Several {
        /// The name.
        name: String,
        /// The runs.
        found: Vec<RunId>,
    },
    /// The folder of runs cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

fn those_there(runs: &[RunId]) -> String {
    if runs.is_empty() { "there is none yet".into() } else { format!("there are {}", listed(runs)) }
}

fn listed(runs: &[RunId]) -> String {
    runs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// All runs, by id.
///
/// # Errors
/// When the folder of runs is there and cannot be read.
pub fn runs(layout: &Layout) -> Result<Vec<RunId>, FileError> {
    let folder = layout.runs();
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut runs = Vec::new();
    for entry in fs::read_dir(&folder).map_err(FileError::at("read", &folder))? {
        let entry = entry.map_err(FileError::at("read", &folder))?;
        // `latest` is a link to a folder, and is no id either.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        runs.extend(entry.file_name().to_str().and_then(|name| name.parse().ok()).filter(|_| is_folder));
    }
    runs.sort_unstable();
    Ok(runs)
}

/// The run that a name means: one whose id it is, the only one whose id begins so, or the one trained last for `latest`.
///
/// # Errors
/// When there is none, or more than one.
pub fn find_run(layout: &Layout, name: &str) -> Result<RunId, FindRunError> {
    let there = runs(layout)?;
    let pointed = (name == LATEST).then(|| publish::pointed_at(&layout.latest_run())).flatten();
    let wanted = pointed.as_deref().unwrap_or(name);
    if let Some(run) = there.iter().find(|run| run.to_string() == wanted) {
        return Ok(run.clone());
    }
    let mut found: Vec<RunId> = there.iter().filter(|run| run.to_string().starts_with(wanted)).cloned().collect();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(FindRunError::None { name: name.into(), folder: layout.runs(), there }),
        _ => Err(FindRunError::Several { name: name.into(), found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PathsConfig;

    #[test]
    fn a_run_is_found_by_id_by_its_beginning_and_as_the_latest() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        assert!(find_run(&layout, "latest").unwrap_err().to_string().contains("there is none yet"));
        for run in ["dcgan-32px-00000001", "dcgan-32px-00000002", "r1-64px-00000003", ".partial-x", "notes"] {
            fs::create_dir_all(layout.runs().join(run)).unwrap();
        }
        publish::point_at(&layout.latest_run(), "dcgan-32px-00000002").unwrap();
        let check = |name: &str, expected: &str| assert_eq!(find_run(&layout, name).unwrap().to_string(), expected);
        check("r1", "r1-64px-00000003");
        check("dcgan-32px-00000001", "dcgan-32px-00000001");
        check("latest", "dcgan-32px-00000002");
        let error = find_run(&layout, "dcgan").unwrap_err().to_string();
        assert!(error.contains("several runs: dcgan-32px-00000001, dcgan-32px-00000002"), "{error}");
        let error = find_run(&layout, "wgan").unwrap_err().to_string();
        assert!(error.contains("there are dcgan-32px-00000001"), "{error}");
    }
}
