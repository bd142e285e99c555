//! `pack.sources`: what each entry means, and the items that it holds.

mod faces;
mod folder;
mod hugging_face;
mod idx;
mod metadata;
mod pattern;
mod tar;
mod zip;

use std::path::{Path, PathBuf};

use contracts::{Layout, exclusion::Exclusion, tombstone::Tombstones};

use crate::{error::PackError, item::Item, location::Location};

/// All that the sources hold.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Inventory {
    /// The pictures, in the order of the sources and, within one, of their names.
    pub(crate) items: Vec<Item>,
    /// Faces whose files are gone: thrown away by the user since they were cut.
    pub(crate) deleted: Vec<Exclusion>,
    /// How many faces the user keeps out otherwise.
    pub(crate) excluded: u64,
    /// How many images come from posts that were forgotten on request.
    pub(crate) forgotten: u64,
    /// How many files were passed over because their names are no pictures'.
    pub(crate) other_files: u64,
}

/// What one entry of pack.sources names, apart from the faces.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Folder(PathBuf),
    HuggingFace(PathBuf),
    Tar(PathBuf),
    Zip(PathBuf),
    Idx(PathBuf),
    Picture(PathBuf),
    Pattern(String),
}

impl Source {
    /// Adds its pictures; `prefix` goes before each name.
    fn list(self, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
        match self {
            Self::Pattern(pattern) => pattern::list(&pattern, inventory)?,
            Self::Folder(path) => folder::list(&path, prefix, inventory)?,
            Self::HuggingFace(path) => hugging_face::list(&path, prefix, inventory)?,
            Self::Tar(path) => tar::list(&path, prefix, inventory)?,
            Self::Zip(path) => zip::list(&path, prefix, inventory)?,
            Self::Idx(path) => idx::list(&path, prefix, inventory)?,
            Self::Picture(path) => drop(push_file(inventory, path.clone(), format!("{prefix}{}", file_name(&path)))),
        }
        Ok(())
    }
}

/// Lists everything that pack.sources names, but for forgotten posts. Relative paths start at the process's current
/// folder, which is the one of pipeline.toml when the runner starts the stage.
pub(crate) fn list(sources: &[String], layout: &Layout) -> Result<Inventory, PackError> {
    let mut inventory = Inventory::default();
    for text in sources {
        let unusable = |problem: String| PackError::Source { source_text: text.clone(), problem };
        match text.as_str() {
            "faces" => faces::list(layout, &mut inventory)?,
            _ => recognise(text).and_then(|source| source.list("", &mut inventory)).map_err(unusable)?,
        }
    }
    let tombstones = Tombstones::read(layout)?;
    let listed = inventory.items.len();
    inventory.items.retain(|item| !item.post().is_some_and(|post| tombstones.covers(post)));
    inventory.forgotten = (listed - inventory.items.len()) as u64;
    Ok(inventory)
}

/// What makes pack.sources unusable whatever lies on disk.
pub(crate) fn problems(sources: &[String]) -> Vec<String> {
    let repeated = sources.iter().enumerate().filter(|(index, text)| sources[..*index].contains(text));
    repeated.map(|(_, text)| format!("pack.sources names {text:?} twice")).collect()
}

fn recognise(text: &str) -> Result<Source, String> {
    let path = PathBuf::from(text);
    if path.is_dir() {
        let holds = |name: &str| path.join(name).exists();
        let saved = holds("dataset_dict.json") || holds("state.json");
        Ok(if saved { Source::HuggingFace(path) } else { Source::Folder(path) })
    } else if path.is_file() {
        file_kind(path)
    } else if text.contains(['*', '?', '[']) {
        Ok(Source::Pattern(text.to_owned()))
    } else {
        let here = std::env::current_dir().unwrap_or_default();
        Err(format!("there is nothing of that name (relative paths start at {})", here.display()))
    }
}

fn file_kind(path: PathBuf) -> Result<Source, String> {
    let name = file_name(&path);
    match extension(&path).as_str() {
        _ if contracts::idx::is_images(&name) => Ok(Source::Idx(path)),
        _ if contracts::idx::is_labels(&name) => {
            Err("it holds labels; name the file of the images, and these are found".into())
        }
        "tar" => Ok(Source::Tar(path)),
        "zip" => Ok(Source::Zip(path)),
        "gz" | "tgz" | "zst" | "xz" | "bz2" => Err("it is compressed; unpack it first".into()),
        "parquet" => Err("it is a Parquet table; save it with save_to_disk of Python's datasets first".into()),
        _ if is_picture(&path) => Ok(Source::Picture(path)),
        _ => Err("its name is neither a picture's nor an archive's".into()),
    }
}

/// Whether a file's name is that of a picture that can be decoded.
fn is_picture(path: &Path) -> bool {
    matches!(extension(path).as_str(), "jpg" | "jpeg" | "png" | "webp" | "gif" | "bmp" | "ppm" | "pgm")
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A path as it is written in the dataset: with forward slashes everywhere.
fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Adds a file, unless its name is no picture's.
fn push_file(inventory: &mut Inventory, path: PathBuf, name: String) -> Option<&mut Item> {
    if is_picture(&path) {
        inventory.items.push(Item::foreign(name, Location::File(path)));
        inventory.items.last_mut()
    } else {
        inventory.other_files += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use contracts::config::PathsConfig;

    use super::*;

    fn check(name: &str, expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("pictures")).unwrap();
        fs::create_dir(at("hub")).unwrap();
        for file in [
            "pictures/a.JPG",
            "pictures/notes.txt",
            "hub/dataset_dict.json",
            "a.zip",
            "a.tar.gz",
            "x-images-idx3-ubyte",
            "x-labels-idx1-ubyte",
            "a.parquet",
            "a.doc",
        ] {
            fs::write(at(file), b"x").unwrap();
        }
        let layout = Layout::new(folder.path(), &PathsConfig::default());
        let source = at(name).to_str().unwrap().to_owned();
        match (list(&[source], &layout), expected) {
            (Ok(inventory), Ok(names)) => {
                let found: Vec<&str> = inventory.items.iter().map(|item| item.name.as_str()).collect();
                assert_eq!(found.join(" "), names);
            }
            (Err(error), Err(words)) => {
                let error = error.to_string();
                assert!(error.contains(words) && error.contains("pack.sources takes"), "{error}");
            }
            (found, _) => panic!("{name}: {found:?}"),
        }
    }

    #[test]
    fn each_kind_is_recognised_or_refused_with_what_would_do() {
        check("pictures", Ok("a.JPG"));
        check("pictures/a.JPG", Ok("a.JPG"));
        check("pict*/*.JPG", Ok("pictures/a.JPG"));
        check("*.png", Err("matches nothing"));
        check("nowhere", Err("there is nothing of that name"));
        check("hub", Err("dataset_dict.json"));
        check("a.zip", Err("no whole zip file"));
        check("a.tar.gz", Err("compressed"));
        check("x-images-idx3-ubyte", Err("no IDX file"));
        check("x-labels-idx1-ubyte", Err("labels"));
        check("a.parquet", Err("save_to_disk"));
        check("a.doc", Err("neither a picture's nor an archive's"));
    }

    #[test]
    fn a_source_named_twice_is_a_problem() {
        assert_eq!(problems(&["a".into(), "b".into()]), Vec::<String>::new());
        assert_eq!(problems(&["a".into(), "b".into(), "a".into()]), ["pack.sources names \"a\" twice"]);
    }
}
