//! Members beside a picture that tell of it: `.cls` with its class, `.json` with what is known of it.
//!
//! A WebDataset ends a sample's key at the first dot of a file's name. Where names have dots themselves (`22.05.png`), that
//! would give two pictures the same members, so the longest name that fits decides: `22.05.cls` is of `22.05.png` alone,
//! and `0001.cls` of `0001.left.jpg` and `0001.right.jpg`.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;
use serde_json::Value;

use super::{class::class_of_text, entry::Entry, metadata, notes::Notes};
use crate::{item::Item, location::Location};

/// Longer members are no classes, and no metadata of one picture.
const MAX_CLASS_BYTES: u64 = 1 << 10;
const MAX_METADATA_BYTES: u64 = 1 << 20;

/// What a sidecar tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Class,
    Metadata,
}

impl Kind {
    /// The kind of a file by its name's ending.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "cls" => Some(Self::Class),
            "json" => Some(Self::Metadata),
            _ => None,
        }
    }
}

/// What was read from a sidecar.
enum Content {
    Class(i64),
    Metadata(Value),
    /// It is not what its name says; why.
    Bad(String),
}

/// The sidecars of a folder or an archive.
#[derive(Default)]
pub(super) struct Sidecars {
    locations: HashMap<(String, Kind), (Location, String)>,
}

impl Sidecars {
    /// Takes in a file, whose name says that it is of a kind.
    pub(super) fn insert(&mut self, kind: Kind, entry: Entry) {
        let stem = entry.name.rsplit_once('.').map_or("", |(stem, _)| stem).to_owned();
        self.locations.insert((stem, kind), (entry.location, entry.name));
    }

    /// Gives each of the pictures, whose names within the source come with them, what is told of it. Returns the names of
    /// those files that tell of none.
    pub(super) fn apply(self, pictures: &mut [(String, Item)], notes: &mut Notes) -> Vec<String> {
        if self.locations.is_empty() {
            return Vec::new();
        }
        let of = |name: &String, kind| {
            stems(name).map(|stem| (stem.to_owned(), kind)).find(|key| self.locations.contains_key(key))
        };
        let keys: Vec<[Option<(String, Kind)>; 2]> =
            pictures.iter().map(|(name, _)| [of(name, Kind::Class), of(name, Kind::Metadata)]).collect();
        let used: HashSet<&(String, Kind)> = keys.iter().flatten().flatten().collect();
        let contents: HashMap<&(String, Kind), Content> =
            used.into_par_iter().map(|key| (key, read(key.1, &self.locations[key].0))).collect();
        for ((_, item), keys) in pictures.iter_mut().zip(&keys) {
            for key in keys.iter().flatten() {
                match &contents[key] {
                    Content::Class(class) => item.label = Some(*class),
                    Content::Metadata(json) => metadata::add(json, item, notes),
                    Content::Bad(why) => notes
                        .count("files beside pictures are not read", || format!("{} ({why})", self.locations[key].1)),
                }
            }
        }
        let mut unused: Vec<String> = self
            .locations
            .iter()
            .filter(|(key, _)| !contents.contains_key(key))
            .map(|(_, (_, name))| name.clone())
            .collect();
        unused.sort();
        unused
    }
}

/// What a picture's sidecars may be named but for their endings, the most telling first: all of its name, as gallery-dl writes
/// them, then what comes before each dot of it, from the last to the first.
fn stems(name: &str) -> impl Iterator<Item = &str> {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dots = name[file..].rmatch_indices('.').map(move |(dot, _)| &name[..file + dot]);
    std::iter::once(name).chain(dots).filter(move |stem| stem.len() > file)
}

fn read(kind: Kind, location: &Location) -> Content {
    let limit = match kind {
        Kind::Class => MAX_CLASS_BYTES,
        Kind::Metadata => MAX_METADATA_BYTES,
    };
    let bytes = match location.length() {
        Ok(length) if length > limit => return Content::Bad(format!("it has {length} bytes")),
        _ => location.read(),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => return Content::Bad(error.to_string()),
    };
    match kind {
        Kind::Class => match class_of_text(&String::from_utf8_lossy(&bytes)) {
            Ok(class) => Content::Class(class),
            Err(bad) => Content::Bad(format!("its class is {bad}")),
        },
        Kind::Metadata => {
            serde_json::from_slice(&bytes).map_or_else(|_| Content::Bad("it is no JSON".into()), Content::Metadata)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_most_telling_name_comes_first() {
        let check = |name: &str, expected: &[&str]| assert_eq!(stems(name).collect::<Vec<_>>(), expected, "{name}");
        check("22.05.png", &["22.05.png", "22.05", "22"]);
        check("v1.0/a.png", &["v1.0/a.png", "v1.0/a"]);
        check("a/.png", &["a/.png"]);
        check("bare", &["bare"]);
    }

    /// Which classes pictures get from files of these names and contents.
    fn check(pictures: &[&str], files: &[(&str, &str)], expected: &[Option<i64>], unused: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let mut sidecars = Sidecars::default();
        for (index, (name, content)) in files.iter().enumerate() {
            let path = folder.path().join(index.to_string());
            std::fs::write(&path, content).unwrap();
            let entry = Entry { name: (*name).to_owned(), location: Location::File(path) };
            sidecars.insert(Kind::of(name).unwrap(), entry);
        }
        let item = |name: &&str| (name.to_string(), Item::foreign(name.to_string(), Location::File(PathBuf::new())));
        let mut pictures: Vec<_> = pictures.iter().map(item).collect();
        let left = sidecars.apply(&mut pictures, &mut Notes::default());
        let labels: Vec<_> = pictures.iter().map(|(_, item)| item.label).collect();
        assert_eq!((&labels[..], left.iter().map(String::as_str).collect::<Vec<_>>()), (expected, unused.to_vec()));
    }

    #[test]
    fn every_picture_gets_its_own() {
        let own = [("22.05.cls", "5"), ("22.10.cls", "10")];
        check(&["22.05.png", "22.10.png"], &own, &[Some(5), Some(10)], &[]);
        // The members of a picture that is not there are nobody else's.
        check(&["22.10.png"], &own, &[Some(10)], &["22.05.cls"]);
        check(&["22.10.png"], &own[..1], &[None], &["22.05.cls"]);
        // True multi-part endings share theirs.
        check(
            &["1.left.jpg", "1.right.jpg", "2.jpg"],
            &[("1.cls", "7"), ("2.cls", "8")],
            &[Some(7), Some(7), Some(8)],
            &[],
        );
        check(&["1.jpg", "1.seg.png"], &[("1.cls", "7"), ("1.seg.cls", "8")], &[Some(7), Some(8)], &[]);
        // As gallery-dl names them.
        check(
            &["a.jpg", "a.png"],
            &[("a.jpg.json", "{\"label\": 1}"), ("a.png.json", "{\"label\": 2}")],
            &[Some(1), Some(2)],
            &[],
        );
        check(&["x/a.jpg"], &[("y/a.cls", "7")], &[None], &["y/a.cls"]);
        check(&["a.jpg"], &[("a.cls", "cat")], &[None], &[]);
    }
}
