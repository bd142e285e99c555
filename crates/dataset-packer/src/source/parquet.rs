//! A table in Parquet with a column of images: made an Arrow file once, by the program that alone knows Parquet, and read as one.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use contracts::{
    Context, Layout,
    hash::Hasher,
    publish::{self, FileError},
};

use super::{Inventory, hugging_face::Images};
use crate::{item::Item, location::Location, tables};

/// Adds the images of a table, numbered; `prefix` goes before each name.
pub(super) fn list(path: &Path, prefix: &str, context: &Context<'_>, inventory: &mut Inventory) -> Result<(), String> {
    let arrow = arrow_of(path, context)?;
    let mut images = Images::new(prefix, inventory);
    // The problem is the table's, whatever its copy is named.
    images.add(&arrow).map_err(|problem| problem.replace(&arrow.display().to_string(), "it"))?;
    images.finish();
    Ok(())
}

/// The Arrow file of a table, which is made unless it is there.
fn arrow_of(path: &Path, context: &Context<'_>) -> Result<PathBuf, String> {
    let mut hasher = Hasher::default();
    Location::File(path.into()).identify(&mut hasher);
    let arrow = context.layout.table(&hasher.finish());
    if !arrow.exists() {
        tables::to_arrow(path, &arrow, context).map_err(|error| error.to_string())?;
    }
    Ok(arrow)
}

/// The Arrow file of a table that an item is in.
pub(super) fn table_of(item: &Item, layout: &Layout) -> Option<PathBuf> {
    let Location::Member(span) = &item.location else { return None };
    span.archive.starts_with(layout.tables()).then(|| span.archive.to_path_buf())
}

/// Removes the Arrow files of tables but these.
pub(crate) fn keep_only(layout: &Layout, used: &BTreeSet<PathBuf>) -> Result<(), FileError> {
    let folder = layout.tables();
    if used.is_empty() {
        return publish::remove_folder(&folder);
    }
    for entry in fs::read_dir(&folder).map_err(FileError::at("read", &folder))? {
        let path = entry.map_err(FileError::at("read", &folder))?.path();
        if !used.contains(&path) {
            publish::remove_file(&path)?;
        }
    }
    Ok(())
}
