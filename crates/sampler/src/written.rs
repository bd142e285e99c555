//! Files that a command leaves, and what is said of them.

use std::path::Path;

use contracts::publish;

/// Writes a file in one step and says so.
pub(crate) fn file(path: &Path, content: &[u8], what: &str) -> anyhow::Result<String> {
    anyhow::ensure!(!path.is_dir(), "{} is a folder: --out takes a file's name here", path.display());
    publish::write_file(path, content)?;
    Ok(said(path, what))
}

/// Refuses to write a folder where something is: what a user keeps there is not ours to replace.
pub(crate) fn refuse_existing(folder: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!folder.exists(), "{} is there already: remove it, or give --out another name", folder.display());
    Ok(())
}

pub(crate) fn said(path: &Path, what: &str) -> String {
    format!("wrote {}: {what}", path.display())
}
