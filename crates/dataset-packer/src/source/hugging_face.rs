//! A folder that Python's `datasets` saved with `save_to_disk`: ours, or anybody's with a column of images.

use std::{fs, path::Path, sync::Arc};

use dataset::{ForeignImage, foreign_images};
use serde::Deserialize;

use super::Inventory;
use crate::{
    item::Item,
    location::{Location, Span},
};

/// The part of `dataset_dict.json` that is read.
#[derive(Deserialize)]
struct DatasetDict {
    splits: Vec<String>,
}

/// The part of `state.json` that is read.
#[derive(Deserialize)]
struct State {
    #[serde(rename = "_data_files")]
    data_files: Vec<DataFile>,
    /// A selection of rows that was saved instead of the rows.
    #[serde(rename = "_indices_files", default)]
    indices_files: Option<Vec<DataFile>>,
}

#[derive(Deserialize)]
struct DataFile {
    filename: String,
}

/// Adds the images of every split, in their order; `prefix` goes before each name. The splits are not kept: they are drawn
/// anew. What a dataset of ours knows of its images is kept, and of others the column `label`.
pub(super) fn list(folder: &Path, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
    if !folder.join("dataset_dict.json").exists() {
        return list_split(folder, prefix, inventory);
    }
    let dict: DatasetDict = read_json(folder, "dataset_dict.json")?;
    for split in dict.splits {
        list_split(&folder.join(plain(&split)?), &format!("{prefix}{split}/"), inventory)?;
    }
    Ok(())
}

fn list_split(folder: &Path, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
    let state: State = read_json(folder, "state.json")?;
    if state.indices_files.is_some_and(|files| !files.is_empty()) {
        return Err("it holds a selection of rows; call flatten_indices() before save_to_disk".into());
    }
    let mut index = 0;
    for file in state.data_files {
        let path = folder.join(plain(&file.filename)?);
        let images = foreign_images(&path).map_err(|error| error.to_string())?;
        let archive: Arc<Path> = path.into();
        for image in images {
            inventory.items.push(item(image, &archive, prefix, index));
            index += 1;
        }
    }
    Ok(())
}

fn item(image: ForeignImage, archive: &Arc<Path>, prefix: &str, index: usize) -> Item {
    let ForeignImage { offset, length, path, label, row } = image;
    let location = Location::Member(Span { archive: archive.clone(), offset, length });
    let name = match (&row, &path) {
        // The name within the source that it first came from.
        (Some(row), _) => row.path.clone(),
        (None, path) => {
            let extension = path.as_deref().and_then(|path| Path::new(path).extension()?.to_str()).unwrap_or("png");
            format!("{prefix}{index:08}.{extension}")
        }
    };
    Item { name, location, label, origin: row.map(|row| Box::new(row.into())) }
}

/// A name of one part, so that a broken folder names no file elsewhere.
fn plain(name: &str) -> Result<&str, String> {
    let is_plain = !name.is_empty() && !name.contains(['/', '\\']) && name != "..";
    is_plain.then_some(name).ok_or_else(|| format!("it names {name:?}, which is no file in it"))
}

fn read_json<T: for<'de> Deserialize<'de>>(folder: &Path, name: &str) -> Result<T, String> {
    let broken = |problem: String| format!("cannot read its {name} in {}: {problem}", folder.display());
    let json = fs::read(folder.join(name)).map_err(|error| broken(error.to_string()))?;
    serde_json::from_slice(&json).map_err(|error| broken(error.to_string()))
}
