//! A folder that Python's `datasets` saved with `save_to_disk`: ours, or anybody's with a column of images.

use std::{fs, path::Path, sync::Arc};

use dataset::{ForeignImage, Label, foreign_images};
use serde::Deserialize;

use super::{
    Inventory,
    class::{BadClass, class_of, class_of_text},
    notes::Notes,
};
use crate::{
    item::Item,
    left_out::LeftOut,
    location::{Location, Span},
    reason::DropReason,
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
/// anew. What a dataset of ours knows of its images is kept, and of others the column `label`, whatever its type.
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
    let mut images = Images::new(prefix, inventory);
    if state.indices_files.is_some_and(|files| !files.is_empty()) {
        return Err("it holds a selection of rows; call flatten_indices() before save_to_disk".into());
    }
    for file in state.data_files {
        images.add(&folder.join(plain(&file.filename)?))?;
    }
    images.finish();
    Ok(())
}

/// The images of Arrow files, numbered through.
pub(super) struct Images<'a> {
    prefix: &'a str,
    inventory: &'a mut Inventory,
    notes: Notes,
    index: usize,
}

impl<'a> Images<'a> {
    /// Images whose names begin with `prefix`.
    pub(super) fn new(prefix: &'a str, inventory: &'a mut Inventory) -> Self {
        Self { prefix, inventory, notes: Notes::default(), index: 0 }
    }

    /// Adds those of the next file.
    pub(super) fn add(&mut self, path: &Path) -> Result<(), String> {
        let images = foreign_images(path).map_err(|error| error.to_string())?;
        for column in &images.unread_labels {
            self.notes.count("columns of classes are not read; the one that is read is named label", || column.clone());
        }
        let archive: Arc<Path> = path.into();
        for image in images.images {
            match image {
                Some(image) => self.push(image, &archive),
                None => self.inventory.left_out.push(LeftOut::new(self.name("png"), DropReason::EmptyRow)),
            }
            self.index += 1;
        }
        Ok(())
    }

    fn push(&mut self, image: ForeignImage, archive: &Arc<Path>) {
        let ForeignImage { offset, length, path, label, row } = image;
        let location = Location::Member(Span { archive: archive.clone(), offset, length });
        let name = match (&row, &path) {
            // The name within the source that it first came from.
            (Some(row), _) => row.path.clone(),
            (None, path) => {
                self.name(path.as_deref().and_then(|path| Path::new(path).extension()?.to_str()).unwrap_or("png"))
            }
        };
        let label = match label {
            Label::None => None,
            Label::Number(class) => Some(class),
            Label::Text(text) => self.class(&name, class_of_text(&text).map(Some)),
            Label::Fraction(number) => self.class(&name, class_of(&number.into())),
        };
        self.inventory.items.push(Item { name, location, label, origin: row.map(|row| Box::new(row.into())) });
    }

    fn class(&mut self, name: &str, class: Result<Option<i64>, BadClass>) -> Option<i64> {
        class.unwrap_or_else(|bad| {
            self.notes
                .count("classes in the column label are no classes", || format!("that of {name}, which is {bad}"));
            None
        })
    }

    fn name(&self, extension: &str) -> String {
        format!("{}{:08}.{extension}", self.prefix, self.index)
    }

    /// Tells what was not understood.
    pub(super) fn finish(self) {
        let of = if self.prefix.is_empty() { "pack.sources" } else { self.prefix.trim_end_matches('/') };
        self.inventory.warnings.extend(self.notes.sentences(of));
    }
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
