//! The workspace's source files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::workspace::Workspace;

/// A file of Rust.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the workspace, with forward slashes.
    pub(super) name: String,
    pub(super) text: String,
}

impl Source {
    /// The lines that enter programs, with their numbers: those of `src`, but for comments and the tests at the file's end.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let enters = self.name.contains("/src/");
        let lines =
            self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]") && !line.contains("#[cfg(all(test"));
        let lines = lines.enumerate().filter(move |_| enters);
        lines.filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(index, line)| (index + 1, line))
    }
}

/// All of them, tests and benches too.
pub(super) fn read(workspace: &Workspace) -> anyhow::Result<Vec<Source>> {
    let mut files = Vec::new();
    for package in workspace.packages.values() {
        for folder in ["src", "tests", "benches"] {
            collect(&package.folder.join(folder), &mut files)?;
        }
    }
    let source = |path: PathBuf| {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.strip_prefix(&workspace.root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        Ok(Source { name, text })
    };
    files.into_iter().map(source).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
