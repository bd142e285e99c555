//! `pack.sources`: what each entry means, and the items that it holds.

mod archive;
mod faces;
mod folder;
mod pattern;

use std::path::{Path, PathBuf};

use contracts::{Layout, exclusion::Exclusion};

use crate::{error::PackError, item::Item};

/// What pack.sources takes, for messages.
pub(crate) const SUPPORTED: &str = "\"faces\" (the crop stage's), folders of pictures, tar files of pictures, picture \
                                    files, and patterns of these such as \"data/anime/*.jpg\"";

/// All that the sources hold.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Listing {
    /// The pictures, in the order of the sources and, within one, of their names.
    pub(crate) items: Vec<Item>,
    /// Faces whose files are gone: thrown away by the user since they were cut.
    pub(crate) deleted: Vec<Exclusion>,
    /// How many faces the user keeps out otherwise.
    pub(crate) excluded: u64,
    /// How many files were passed over because their names are no pictures'.
    pub(crate) other_files: u64,
}

/// What one entry of pack.sources names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Faces,
    Folder(PathBuf),
    Tar(PathBuf),
    Picture(PathBuf),
    Pattern(String),
}

/// Lists everything that pack.sources names. Relative paths start at the process's current folder, which is the one
/// of pipeline.toml when the runner starts the stage.
pub(crate) fn list(sources: &[String], layout: &Layout) -> Result<Listing, PackError> {
    let mut listing = Listing::default();
    for text in sources {
        let unusable = |problem: String| PackError::Source { source_text: text.clone(), problem };
        match recognise(text).map_err(unusable)? {
            Source::Faces => faces::list(layout, &mut listing)?,
            Source::Pattern(pattern) => pattern::list(&pattern, &mut listing).map_err(unusable)?,
            Source::Folder(path) => folder::list(&path, "", &mut listing).map_err(unusable)?,
            Source::Tar(path) => archive::list(&path, "", &mut listing).map_err(unusable)?,
            Source::Picture(path) => push_file(&mut listing, path.clone(), file_name(&path)),
        }
    }
    Ok(listing)
}

/// What makes pack.sources unusable whatever lies on disk.
pub(crate) fn problems(sources: &[String]) -> Vec<String> {
    let repeated = sources.iter().enumerate().filter(|(place, text)| sources[..*place].contains(text));
    repeated.map(|(_, text)| format!("pack.sources names {text:?} twice")).collect()
}

fn recognise(text: &str) -> Result<Source, String> {
    let path = PathBuf::from(text);
    if text == "faces" {
        Ok(Source::Faces)
    } else if path.is_dir() {
        folder_kind(path)
    } else if path.is_file() {
        file_kind(path)
    } else if text.contains(['*', '?', '[']) {
        Ok(Source::Pattern(text.to_owned()))
    } else {
        let here = std::env::current_dir().unwrap_or_default();
        Err(format!("there is nothing of that name (relative paths start at {})", here.display()))
    }
}

fn folder_kind(path: PathBuf) -> Result<Source, String> {
    let holds = |name: &str| path.join(name).exists();
    if holds("dataset_dict.json") || holds("state.json") {
        return Err("it is a Hugging Face dataset, which is not read yet".into());
    }
    Ok(Source::Folder(path))
}

fn file_kind(path: PathBuf) -> Result<Source, String> {
    let not_yet = |kind: &str| Err(format!("it is {kind}, which is not read yet"));
    match extension(&path).as_str() {
        "tar" => Ok(Source::Tar(path)),
        "gz" | "tgz" | "zst" | "xz" | "bz2" => Err("it is compressed; unpack it first".into()),
        "zip" => not_yet("a zip file"),
        "parquet" | "arrow" => not_yet("a table"),
        _ if file_name(&path).ends_with("-ubyte") => not_yet("an IDX file"),
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
fn push_file(listing: &mut Listing, path: PathBuf, name: String) {
    if is_picture(&path) {
        listing.items.push(Item { name, place: crate::item::Place::File(path), face: None });
    } else {
        listing.other_files += 1;
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
            "x-idx3-ubyte",
            "a.doc",
        ] {
            fs::write(at(file), b"x").unwrap();
        }
        let layout = Layout::new(folder.path(), &PathsConfig::default());
        let source = at(name).to_str().unwrap().to_owned();
        match (list(&[source], &layout), expected) {
            (Ok(listing), Ok(names)) => {
                let found: Vec<&str> = listing.items.iter().map(|item| item.name.as_str()).collect();
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
        check("hub", Err("Hugging Face"));
        check("a.zip", Err("a zip file"));
        check("a.tar.gz", Err("compressed"));
        check("x-idx3-ubyte", Err("IDX"));
        check("a.doc", Err("neither a picture's nor an archive's"));
    }

    #[test]
    fn a_source_named_twice_is_a_problem() {
        assert_eq!(problems(&["a".into(), "b".into()]), Vec::<String>::new());
        assert_eq!(problems(&["a".into(), "b".into(), "a".into()]), ["pack.sources names \"a\" twice"]);
    }
}
