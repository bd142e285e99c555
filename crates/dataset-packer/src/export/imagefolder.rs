//! `imagefolder`: a folder of PNG files a split, with metadata.jsonl, as `datasets.load_dataset("imagefolder")` reads it.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

use contracts::{
    Context,
    publish::{self, FileError},
};
use dataset::{Dataset, Row, SplitName};
use serde::Serialize;

use super::{Exported, for_each, foreign_name, json_line};
use crate::error::PackError;

/// A line of metadata.jsonl.
#[derive(Serialize)]
struct Line<'a> {
    file_name: String,
    #[serde(flatten)]
    row: &'a Row,
}

/// Writes every split that has rows.
pub(super) fn write(dataset: &Dataset, to: &Path, context: &Context<'_>) -> Result<(), PackError> {
    for split in SplitName::ALL.map(|name| dataset.split(name)) {
        if split.is_empty() {
            continue;
        }
        let folder = to.join(foreign_name(split.name()));
        publish::create_folder(&folder)?;
        let path = folder.join("metadata.jsonl");
        let mut metadata = BufWriter::new(File::create(&path).map_err(FileError::at("write", &path))?);
        for_each(split, context, |Exported { name, row, png }| {
            let file_name = format!("{name}.png");
            let image = folder.join(&file_name);
            fs::write(&image, png).map_err(FileError::at("write", &image))?;
            let line = json_line(&Line { file_name, row: &row });
            Ok(metadata.write_all(&line).map_err(FileError::at("write", &path))?)
        })?;
        metadata.flush().map_err(FileError::at("write", &path))?;
    }
    Ok(())
}
