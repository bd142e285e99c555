//! Painted pictures as files in a folder, with what is known about them.

use std::{fs, path::Path};

use rayon::prelude::*;
use serde_json::{Map, Value};

use super::paint;
use crate::{catalogue::encoded_painting, error::BooruError};

/// Paints `count` pictures of the series into `folder`, which is created, and writes `truth.json` beside them: for
/// each file's name the boxes of its faces, `[x, y, width, height]` in pixels.
///
/// # Errors
/// When the folder cannot be written.
pub fn save(seed: u64, count: u64, folder: &Path) -> Result<(), BooruError> {
    fs::create_dir_all(folder).map_err(|cause| refused(folder, cause))?;
    let truth: Result<Map<String, Value>, BooruError> = (0..count)
        .into_par_iter()
        .map(|index| save_one(seed, index, folder))
        .collect::<Result<Vec<_>, _>>()
        .map(Map::from_iter);
    let path = folder.join("truth.json");
    fs::write(&path, format!("{:#}\n", Value::Object(truth?))).map_err(|cause| refused(&path, cause))
}

fn save_one(seed: u64, index: u64, folder: &Path) -> Result<(String, Value), BooruError> {
    let painting = paint(seed, index);
    let (format, bytes) = encoded_painting(seed, index, &painting)?;
    let name = format!("{index:05}.{}", format.extension());
    let path = folder.join(&name);
    fs::write(&path, bytes).map_err(|cause| refused(&path, cause))?;
    let boxes = painting.faces.iter().map(|face| Value::from(vec![face.x, face.y, face.side, face.side])).collect();
    Ok((name, Value::Array(boxes)))
}

fn refused(path: &Path, cause: std::io::Error) -> BooruError {
    BooruError::Write { path: path.to_owned(), cause }
}
