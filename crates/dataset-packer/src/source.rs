//! `pack.sources`: what each entry means, and the items that it holds.
//!
//! Faces go to disk as they are listed. Of another source all is in memory while it is listed, since what lies beside a picture
//! may tell of it.

mod catalogue;
mod class;
mod class_list;
mod entry;
mod faces;
mod folder;
#[cfg(test)]
mod fuzz_targets;
mod hugging_face;
mod idx;
mod metadata;
mod notes;
mod parquet;
mod pattern;
mod sidecar;
mod tar;
mod zip;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use contracts::{
    Context, disappearance::Disappearances, exclusion::Exclusion, publish::FileError, tombstone::Tombstones,
};
use pictures::Medium;

pub(crate) use self::parquet::keep_only as keep_only_tables;
use self::{catalogue::is_picture, entry::Entry};
use crate::{
    error::PackError,
    item::Item,
    items::{ItemSpool, ItemStore},
    labels::{LabelCounts, Labels},
    left_out::{LeftOut, LeftOutBy, LeftOutList},
    location::Location,
    reason::DropReason,
};

/// All that the sources hold.
pub(crate) struct Listing {
    /// The pictures.
    pub(crate) items: ItemStore,
    /// Faces whose files are gone: thrown away by the user since they were cut. They are among what is left out too.
    pub(crate) deleted: Vec<Exclusion>,
    /// How many faces each folder of the crop stage should hold, and how many of them are gone and were not before.
    pub(crate) faces: Disappearances,
    /// What the sources hold and no item is made of.
    pub(crate) left_out: LeftOutList,
    /// How many items got each class, where the configuration names classes.
    pub(crate) labels: Option<LabelCounts>,
    /// The Arrow files of tables that items are in.
    pub(crate) tables: BTreeSet<PathBuf>,
    /// What somebody should read, a sentence each.
    pub(crate) warnings: Vec<String>,
}

/// What one source holds, in memory.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Inventory {
    /// The pictures, in the order of their names.
    pub(crate) items: Vec<Item>,
    /// What no item is made of.
    pub(crate) left_out: Vec<LeftOut>,
    /// What somebody should read, a sentence each.
    pub(crate) warnings: Vec<String>,
}

impl Inventory {
    fn append(&mut self, mut other: Self) {
        self.items.append(&mut other.items);
        self.left_out.append(&mut other.left_out);
        self.warnings.append(&mut other.warnings);
    }
}

/// What the sources hold, as it is listed: the items in the order of the sources and, within one, of their names.
struct Lister<'a> {
    context: &'a Context<'a>,
    tombstones: Tombstones,
    labels: Option<Labels<'a>>,
    items: ItemSpool,
    deleted: Vec<Exclusion>,
    faces: Disappearances,
    left_out: LeftOutList,
    tables: BTreeSet<PathBuf>,
    warnings: Vec<String>,
}

impl<'a> Lister<'a> {
    fn new(context: &'a Context<'a>) -> Result<Self, FileError> {
        Ok(Self {
            context,
            tombstones: Tombstones::read(context.layout)?,
            labels: Labels::of(&context.config.pack),
            items: ItemSpool::new(context.layout),
            deleted: Vec::new(),
            faces: Disappearances::default(),
            left_out: LeftOutList::new(context.layout),
            tables: BTreeSet::new(),
            warnings: Vec::new(),
        })
    }

    /// Takes an item, unless its post was forgotten.
    fn item(&mut self, mut item: Item) -> Result<(), FileError> {
        if item.post().is_some_and(|post| self.tombstones.covers(post)) {
            return self.left_out.push(LeftOutBy::Forgetting, &LeftOut::new(item.name, DropReason::Forgotten));
        }
        if let Some(labels) = &mut self.labels {
            labels.assign(&mut item);
        }
        self.tables.extend(parquet::table_of(&item, self.context.layout));
        self.items.push(&item)
    }

    fn leave_out(&mut self, left_out: &LeftOut) -> Result<(), FileError> {
        self.left_out.push(LeftOutBy::Source, left_out)
    }

    fn take(&mut self, inventory: Inventory) -> Result<(), FileError> {
        self.warnings.extend(inventory.warnings);
        inventory.left_out.iter().try_for_each(|left_out| self.leave_out(left_out))?;
        inventory.items.into_iter().try_for_each(|item| self.item(item))
    }

    fn finish(self) -> Result<Listing, FileError> {
        let Self { labels, items, deleted, faces, left_out, tables, warnings, .. } = self;
        let labels = labels.map(Labels::counts);
        Ok(Listing { items: items.sorted()?, deleted, faces, left_out, labels, tables, warnings })
    }
}

/// What one entry of pack.sources names, apart from the faces.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Folder(PathBuf),
    HuggingFace(PathBuf),
    Tar(PathBuf),
    Zip(PathBuf),
    Idx(PathBuf),
    Parquet(PathBuf),
    Picture(PathBuf),
    Pattern(String),
}

/// What a file is by its name, as far as it matters to whoever lists files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Idx,
    IdxLabels,
    Tar,
    Zip,
    Parquet,
    Compressed,
    Other,
}

impl Kind {
    fn of(path: &Path) -> Self {
        let name = file_name(path);
        match extension(path).as_str() {
            _ if contracts::idx::is_images(&name) => Self::Idx,
            _ if contracts::idx::is_labels(&name) => Self::IdxLabels,
            "tar" => Self::Tar,
            "zip" => Self::Zip,
            "parquet" => Self::Parquet,
            "gz" | "tgz" | "zst" | "xz" | "bz2" | "7z" | "rar" => Self::Compressed,
            _ => Self::Other,
        }
    }
}

impl Source {
    /// Adds its pictures; `prefix` goes before each name.
    fn list(self, prefix: &str, context: &Context<'_>, inventory: &mut Inventory) -> Result<(), String> {
        match self {
            Self::Pattern(pattern) => pattern::list(&pattern, context, inventory),
            Self::Folder(path) => folder::list(&path, prefix, context, inventory),
            Self::HuggingFace(path) => hugging_face::list(&path, prefix, inventory),
            Self::Tar(path) => tar::list(&path, prefix, inventory),
            Self::Zip(path) => zip::list(&path, prefix, inventory),
            Self::Idx(path) => idx::list(&path, prefix, inventory),
            Self::Parquet(path) => parquet::list(&path, prefix, context, inventory),
            Self::Picture(path) => catalogue::add(
                vec![Entry { name: file_name(&path), location: Location::File(path) }],
                prefix,
                inventory,
            ),
        }
    }
}

/// Lists everything that pack.sources names, but for forgotten posts. Relative paths start at the process's current
/// folder, which is the one of pipeline.toml when the runner starts the stage.
pub(crate) fn list(context: &Context<'_>) -> Result<Listing, PackError> {
    let mut lister = Lister::new(context)?;
    for text in &context.config.pack.sources {
        match text.as_str() {
            "faces" => faces::list(context.layout, &mut lister)?,
            _ => lister.take(list_source(text, context)?)?,
        }
    }
    Ok(lister.finish()?)
}

/// Lists what an entry of pack.sources names that is not the faces.
fn list_source(text: &str, context: &Context<'_>) -> Result<Inventory, PackError> {
    let mut inventory = Inventory::default();
    let listed = recognise(text).and_then(|source| source.list("", context, &mut inventory));
    listed.map_err(|problem| PackError::Source { source_text: text.to_owned(), problem })?;
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
        Ok(recognise_folder(&path))
    } else if path.is_file() {
        recognise_file(path)
    } else if path.exists() {
        Err("it is a device, a pipe or a socket".into())
    } else if text.contains(['*', '?', '[']) {
        Ok(Source::Pattern(text.to_owned()))
    } else {
        let here = std::env::current_dir().unwrap_or_default();
        Err(format!("there is nothing of that name (relative paths start at {})", here.display()))
    }
}

fn recognise_folder(path: &Path) -> Source {
    let holds = |name: &str| path.join(name).exists();
    let saved = holds("dataset_dict.json") || holds("state.json");
    if saved { Source::HuggingFace(path.into()) } else { Source::Folder(path.into()) }
}

fn recognise_file(path: PathBuf) -> Result<Source, String> {
    match Kind::of(&path) {
        Kind::Idx => Ok(Source::Idx(path)),
        Kind::IdxLabels => Err("it holds labels; name the file of the images, and these are found".into()),
        Kind::Tar => Ok(Source::Tar(path)),
        Kind::Zip => Ok(Source::Zip(path)),
        Kind::Parquet => Ok(Source::Parquet(path)),
        Kind::Compressed => Err("it is compressed; unpack it first".into()),
        Kind::Other if is_picture(&file_name(&path)) || is_picture_inside(&path) => Ok(Source::Picture(path)),
        Kind::Other => Err("it is neither a picture nor an archive".into()),
    }
}

/// Whether a file of any name begins as a picture does.
fn is_picture_inside(path: &Path) -> bool {
    let head = Location::File(path.into()).head();
    head.is_ok_and(|head| matches!(Medium::of(&head), Some(Medium::Picture(_))))
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

#[cfg(test)]
mod tests {
    use std::fs;

    use contracts::{
        Config, Layout,
        report::Reason as _,
        stage::{Interrupt, Silent},
    };

    use super::*;

    /// What a folder or a file named in pack.sources holds.
    pub(super) fn listed(source: &Path) -> Result<Inventory, String> {
        let config = Config::default();
        let data = tempfile::tempdir().unwrap();
        let layout = Layout::new(data.path(), &config.paths);
        let context = Context { config: &config, layout: &layout, progress: &Silent, interrupt: &Interrupt::default() };
        list_source(source.to_str().unwrap(), &context).map_err(|error| error.to_string())
    }

    pub(super) fn names(inventory: &Inventory) -> Vec<&str> {
        inventory.items.iter().map(|item| item.name.as_str()).collect()
    }

    /// What is left out and why, sorted by name.
    pub(super) fn reasons(inventory: &Inventory) -> Vec<(&str, &str)> {
        let mut reasons: Vec<_> =
            inventory.left_out.iter().map(|left_out| (left_out.name.as_str(), left_out.reason.tag())).collect();
        reasons.sort_unstable();
        reasons
    }

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
            "a.doc",
        ] {
            fs::write(at(file), b"x").unwrap();
        }
        fs::write(at("scan"), b"\xff\xd8\xff\xe0").unwrap();
        match (listed(&at(name)), expected) {
            (Ok(inventory), Ok(expected)) => assert_eq!(names(&inventory).join(" "), expected),
            (Err(error), Err(words)) => {
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
        check("scan", Ok("scan"));
        check("*.png", Err("matches nothing"));
        check("nowhere", Err("there is nothing of that name"));
        check("hub", Err("dataset_dict.json"));
        check("a.zip", Err("no whole zip file"));
        check("a.tar.gz", Err("compressed"));
        check("x-images-idx3-ubyte", Err("no IDX file"));
        check("x-labels-idx1-ubyte", Err("labels"));
        check("a.doc", Err("neither a picture nor an archive"));
    }

    #[test]
    fn a_folder_of_supported_things_is_all_of_them_and_what_is_broken_is_told() {
        let inventory = {
            let folder = tempfile::tempdir().unwrap();
            let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
            let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1][..], &[5, 6]].concat();
            write("train-images-idx3-ubyte", &images);
            write("train-images-idx3-ubyte.gz", b"the same, compressed");
            write("train-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 2, 3, 4]);
            write("t10k-labels-idx1-ubyte", b"of no images");
            write("a.png", b"x");
            write("more.tar.gz", b"x");
            write("broken.zip", b"x");
            let mut shard = ::tar::Builder::new(Vec::new());
            let mut header = ::tar::Header::new_gnu();
            header.set_size(1);
            shard.append_data(&mut header, "0.jpg", &b"x"[..]).unwrap();
            write("00000.tar", &shard.into_inner().unwrap());
            write("00000.parquet", b"what the shard holds");
            write("00000_stats.json", b"{}");
            listed(folder.path()).unwrap()
        };
        let expected = [
            "a.png",
            "00000.tar/0.jpg",
            "train-images-idx3-ubyte/00000000.pgm",
            "train-images-idx3-ubyte/00000001.pgm",
        ];
        assert_eq!(names(&inventory), expected);
        assert_eq!(inventory.items.iter().filter_map(|item| item.label).collect::<Vec<_>>(), [3, 4]);
        let expected = [
            ("00000.parquet", "archive_index"),
            ("00000_stats.json", "without_picture"),
            ("broken.zip", "unreadable"),
            ("more.tar.gz", "compressed_archive"),
            ("t10k-labels-idx1-ubyte", "without_picture"),
            ("train-images-idx3-ubyte.gz", "stored_twice"),
        ];
        assert_eq!(reasons(&inventory), expected);
        assert_eq!(
            inventory.warnings,
            ["broken.zip is left out: it is no whole zip file: invalid Zip archive: Could not find EOCD"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_refused() {
        assert!(listed(Path::new("/dev/zero")).unwrap_err().contains("a device"));
    }

    #[test]
    fn a_source_named_twice_is_a_problem() {
        assert_eq!(problems(&["a".into(), "b".into()]), Vec::<String>::new());
        assert_eq!(problems(&["a".into(), "b".into(), "a".into()]), ["pack.sources names \"a\" twice"]);
    }
}
