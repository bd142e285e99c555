//! Pictures of a folder, and where somebody said that the subject is in them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use lbp_cascade::Rect;

use crate::error::TrainingError;

/// The file beside the pictures that says where the subject is: `{"name.jpg": [[x, y, width, height], …], …}`.
pub const LABELS_FILE: &str = "truth.json";

/// A picture's file with the subject's boxes in it.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledPicture {
    /// The file, which need not be a picture: that shows when it is decoded.
    pub path: PathBuf,
    /// Where the subject is; none where nobody said so.
    pub subjects: Vec<Rect>,
}

/// The files of a folder, by name, each with the boxes that the folder's `truth.json` gives it.
///
/// # Errors
/// When the folder or the boxes cannot be read.
pub fn pictures_of(folder: &Path) -> Result<Vec<LabelledPicture>, TrainingError> {
    let mut subjects = read_labels(&folder.join(LABELS_FILE))?;
    let mut pictures = Vec::new();
    for entry in fs::read_dir(folder).map_err(TrainingError::reading(folder))? {
        let path = entry.map_err(TrainingError::reading(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && name != LABELS_FILE {
            pictures.push(LabelledPicture { path, subjects: subjects.remove(&name).unwrap_or_default() });
        }
    }
    pictures.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(pictures)
}

fn read_labels(path: &Path) -> Result<BTreeMap<String, Vec<Rect>>, TrainingError> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let bytes = fs::read(path).map_err(TrainingError::reading(path))?;
    // Tools that draw boxes write fractions of pixels too.
    let labels: BTreeMap<String, Vec<[f64; 4]>> =
        serde_json::from_slice(&bytes).map_err(|cause| TrainingError::Labels { path: path.into(), cause })?;
    let rect = |edges: [f64; 4]| Rect::from(edges.map(|edge| edge.round() as i32));
    Ok(labels.into_iter().map(|(name, boxes)| (name, boxes.into_iter().map(rect).collect())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_go_with_their_files_and_broken_ones_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
        write("b.png", "");
        write("a.png", "");
        write(LABELS_FILE, r#"{"a.png": [[1, 2, 3, 4.4]], "gone.png": [[0, 0, 9, 9]]}"#);
        let pictures = pictures_of(folder.path()).unwrap();
        let subjects: Vec<&[Rect]> = pictures.iter().map(|picture| &picture.subjects[..]).collect();
        assert_eq!(subjects, [&[Rect::from([1, 2, 3, 4])][..], &[]]);
        write(LABELS_FILE, "[1");
        let error = pictures_of(folder.path()).unwrap_err().to_string();
        assert!(error.contains(LABELS_FILE), "{error}");
    }
}
