//! One file under many names.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// How many names a file gets before it is copied: ext4 takes 65,000.
const MAX_LINKS: u64 = 60_000;

/// A file that gets many names.
pub(crate) struct Links {
    file: PathBuf,
    links: u64,
}

impl Links {
    /// A file without other names.
    pub(crate) fn to(file: &Path) -> Self {
        Self { file: file.into(), links: 0 }
    }

    /// Gives it one more, unless something has it.
    pub(crate) fn add(&mut self, name: &Path) {
        if name.exists() {
            return;
        }
        self.links += 1;
        if self.links.is_multiple_of(MAX_LINKS) {
            fs::copy(&self.file, name).unwrap();
            self.file = name.into();
        } else {
            fs::hard_link(&self.file, name).unwrap();
        }
    }
}
