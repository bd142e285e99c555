//! What a pipeline made, as hashes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use contracts::{ContentHash, StageId, leftovers};

use crate::{inputs, project::Project};

/// The files that must be the same, and what nothing may be left of.
pub(super) type Files = BTreeMap<String, ContentHash>;

/// The records, the dataset, the weights and the metrics of a pipeline that came to its end.
///
/// # Errors
/// When one is not there, or something is left over of a process that was killed.
pub(super) fn files(project: &Project) -> anyhow::Result<Files> {
    let layout = &project.layout;
    let run = inputs::run(project)?.context("there is no dataset")?;
    let mut paths = vec![layout.raw_manifest(), layout.faces_manifest(), run.generator(), run.evaluation_metrics()];
    // A short training measures nothing, and has no best.
    paths.extend(Some(run.best_generator()).filter(|path| path.exists()));
    collect(&layout.dataset(), &mut paths)?;
    for stage in StageId::ALL {
        let left = leftovers::find(layout, stage)?;
        anyhow::ensure!(left.is_empty(), "{stage} leaves {}", left[0].path.display());
    }
    let roots = [layout.data().to_path_buf(), layout.runs()];
    let named = |path: PathBuf| {
        let hash = ContentHash::of_file(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let below = roots.iter().find_map(|root| path.strip_prefix(root).ok()).unwrap_or(&path);
        Ok((below.display().to_string(), hash))
    };
    paths.into_iter().map(named).collect()
}

/// The first file that is another, or is not in both.
pub(super) fn differing(expected: &Files, found: &Files) -> Option<String> {
    let names = expected.keys().chain(found.keys());
    names.into_iter().find(|name| expected.get(*name) != found.get(*name)).cloned()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, paths)? } else { paths.push(path) }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let files = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, content)| (name.to_string(), ContentHash::of(content.as_bytes())))
                .collect::<Files>()
        };
        let expected = files(&[("a", "1"), ("b", "2")]);
        assert_eq!(differing(&expected, &expected), None);
        assert_eq!(differing(&expected, &files(&[("a", "1"), ("b", "3")])), Some("b".into()));
        assert_eq!(differing(&expected, &files(&[("a", "1")])), Some("b".into()));
        assert_eq!(differing(&expected, &files(&[("a", "1"), ("b", "2"), ("c", "")])), Some("c".into()));
    }
}
