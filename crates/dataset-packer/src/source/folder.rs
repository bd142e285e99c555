//! A folder with the folders in it, linked ones too: pictures, what tells of them, archives, tables and datasets.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use contracts::{Context, idx};

use super::{
    Inventory, Kind, Source, catalogue,
    entry::{Entry, is_hidden},
    extension, file_name, recognise_folder, slashed,
};
use crate::{left_out::LeftOut, location::Location, reason::DropReason};

/// Adds all that a folder holds, by name; `prefix` goes before each. Real folders come before links to folders, so that a
/// picture that both lead to has its real name; none is walked twice, which ends loops too.
pub(super) fn list(
    folder: &Path,
    prefix: &str,
    context: &Context<'_>,
    inventory: &mut Inventory,
) -> Result<(), String> {
    let mut files = Files::default();
    files.walk(folder, prefix, inventory)?;
    files.list(context, inventory)
}

/// What was found and is not yet read.
#[derive(Default)]
pub(super) struct Files {
    /// Plain files, by what goes before their names: what tells of a picture lies in the same folder as it, or above it.
    entries: Vec<(String, Vec<Entry>)>,
    /// Sources within this one, by the prefix of their names.
    sources: Vec<(String, Source)>,
    /// The folders that were walked, with all links resolved.
    walked: HashSet<PathBuf>,
    /// Links to folders, by name.
    links: Vec<(String, PathBuf)>,
}

impl Files {
    /// Walks a folder and, after it, the folders that links in it lead to.
    pub(super) fn walk(&mut self, folder: &Path, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
        let mut entries = Vec::new();
        self.folder(folder, prefix, "", &mut entries, inventory)?;
        // Links may lead to further links.
        while let Some((name, path)) = self.links.pop() {
            self.folder(&path, prefix, &name, &mut entries, inventory)?;
        }
        self.entries.push((prefix.to_owned(), entries));
        Ok(())
    }

    /// Walks a folder whose name in the source is `name`, empty or ending in a slash.
    fn folder(
        &mut self,
        folder: &Path,
        prefix: &str,
        name: &str,
        entries: &mut Vec<Entry>,
        inventory: &mut Inventory,
    ) -> Result<(), String> {
        let unreadable = |error: std::io::Error| format!("cannot read the folder {}: {error}", folder.display());
        if !self.walked.insert(fs::canonicalize(folder).map_err(unreadable)?) {
            inventory.left_out.push(LeftOut::new(format!("{prefix}{name}"), DropReason::LinkedTwice));
            return Ok(());
        }
        let listed: Result<Vec<PathBuf>, _> =
            fs::read_dir(folder).map_err(unreadable)?.map(|entry| Ok(entry?.path())).collect();
        let mut paths = listed.map_err(unreadable)?;
        paths.sort();
        let mut links = Vec::new();
        for path in paths {
            let own = format!("{name}{}", file_name(&path));
            match fs::metadata(&path) {
                _ if is_hidden(&file_name(&path)) => {
                    inventory.left_out.push(LeftOut::new(format!("{prefix}{own}"), DropReason::Hidden))
                }
                Ok(metadata) if metadata.is_dir() && path.is_symlink() => links.push((format!("{own}/"), path)),
                Ok(metadata) if metadata.is_dir() => match recognise_folder(&path) {
                    Source::Folder(path) => self.folder(&path, prefix, &format!("{own}/"), entries, inventory)?,
                    source => self.sources.push((format!("{prefix}{own}/"), source)),
                },
                Ok(metadata) if metadata.is_file() => self.file(path, prefix, own, entries, inventory),
                _ => inventory.left_out.push(LeftOut::new(format!("{prefix}{own}"), DropReason::NotAFile)),
            }
        }
        // The last is taken first.
        self.links.extend(links.into_iter().rev());
        Ok(())
    }

    /// Takes in a file whose name in the source is `name`.
    pub(super) fn file(
        &mut self,
        path: PathBuf,
        prefix: &str,
        name: String,
        entries: &mut Vec<Entry>,
        inventory: &mut Inventory,
    ) {
        let mut leave = |reason| inventory.left_out.push(LeftOut::new(format!("{prefix}{name}"), reason));
        match Kind::of(&path) {
            Kind::Idx if plain_beside(&path) => leave(DropReason::StoredTwice),
            Kind::Idx => self.sources.push((format!("{prefix}{name}/"), Source::Idx(path))),
            // They are read with their images.
            Kind::IdxLabels if has_images(&path) => {}
            Kind::IdxLabels => leave(DropReason::WithoutPicture),
            Kind::Tar => self.sources.push((format!("{prefix}{name}/"), Source::Tar(path))),
            Kind::Zip => self.sources.push((format!("{prefix}{name}/"), Source::Zip(path))),
            Kind::Parquet if path.with_extension("tar").exists() => leave(DropReason::ArchiveIndex),
            Kind::Parquet => self.sources.push((format!("{prefix}{name}/"), Source::Parquet(path))),
            Kind::Compressed => leave(DropReason::CompressedArchive),
            Kind::Other => entries.push(Entry { name, location: Location::File(path) }),
        }
    }

    /// Takes in files that lie in no common folder.
    pub(super) fn add(&mut self, entries: Vec<Entry>) {
        self.entries.push((String::new(), entries));
    }

    /// Adds everything. A source within a folder that cannot be read is left out with a warning: the folder's owner may not even know
    /// of it, and the pictures around it are good.
    pub(super) fn list(self, context: &Context<'_>, inventory: &mut Inventory) -> Result<(), String> {
        for (prefix, entries) in self.entries {
            catalogue::add(entries, &prefix, inventory)?;
        }
        for (prefix, source) in self.sources {
            let mut within = Inventory::default();
            match source.list(&prefix, context, &mut within) {
                Ok(()) => inventory.append(within),
                Err(problem) => {
                    let name = prefix.trim_end_matches('/');
                    inventory.warnings.push(format!("{name} is left out: {problem}"));
                    inventory.left_out.push(LeftOut::new(name, DropReason::Unreadable));
                }
            }
        }
        Ok(())
    }
}

/// Whether a compressed file lies beside itself without compression.
fn plain_beside(path: &Path) -> bool {
    extension(path) == "gz" && path.with_extension("").is_file()
}

/// Whether the images lie beside a file of labels.
fn has_images(labels: &Path) -> bool {
    idx::images_beside(labels).into_iter().flatten().any(|path| path.is_file())
}

/// The name of a file below a folder.
pub(super) fn name_below(folder: &Path, path: &Path) -> String {
    slashed(path.strip_prefix(folder).unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::{listed, names, reasons};

    #[test]
    fn pictures_come_sorted_from_all_depths() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("b/c")).unwrap();
        for name in ["z.png", "b/c/1.jpeg", "b/2.webp", "a.gif", "b/readme.md", ".hidden.png", "b/Thumbs.db"] {
            fs::write(root.path().join(name), b"x").unwrap();
        }
        let inventory = listed(root.path()).unwrap();
        assert_eq!(names(&inventory), ["a.gif", "b/2.webp", "b/c/1.jpeg", "z.png"]);
        assert_eq!(
            reasons(&inventory),
            [(".hidden.png", "hidden"), ("b/Thumbs.db", "hidden"), ("b/readme.md", "no_picture")]
        );
    }

    #[test]
    fn an_image_folder_tells_of_its_pictures() {
        let root = tempfile::tempdir().unwrap();
        let metadata = |text: &str| {
            fs::create_dir_all(root.path().join("train/deep")).unwrap();
            fs::write(root.path().join("train/deep/a.png"), b"x").unwrap();
            fs::write(root.path().join("b.png"), b"x").unwrap();
            fs::write(root.path().join("train/metadata.jsonl"), text).unwrap();
            let inventory = listed(root.path())?;
            let facts =
                |item: &crate::item::Item| (item.name.clone(), item.post().map(ToString::to_string), item.label);
            Ok::<_, String>(inventory.items.iter().map(facts).collect::<Vec<_>>())
        };
        let found = metadata(
            "{\"file_name\": \"deep/a.png\", \"post\": \"mini:5\", \"label\": 2}\n{\"file_name\": \"none.png\"}\n",
        );
        let expected = [("b.png".into(), None, None), ("train/deep/a.png".into(), Some("mini:5".into()), Some(2))];
        assert_eq!(found.unwrap(), expected);
        let error = metadata("{\"file_name\": \"deep/a.png\"}\nnonsense\n").unwrap_err();
        assert!(error.contains("metadata.jsonl: line 2"), "{error}");
    }

    #[test]
    fn content_decides_where_the_name_is_no_pictures() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| fs::write(root.path().join(name), content).unwrap();
        write("a", b"\x89PNG\r\n\x1a\n");
        write("b.dat", b"\xff\xd8\xff\xe0");
        write("c.avif", b"\0\0\0\x1cftypavif\0\0\0\0");
        write("d.mp4", b"\0\0\0\x1cftypisom\0\0\0\0");
        write("e.txt", b"BMW and P1 are cars");
        write("f.txt", b"P5 is a format");
        write("g.TIFF", b"");
        let inventory = listed(root.path()).unwrap();
        assert_eq!(names(&inventory), ["a", "b.dat", "g.TIFF"]);
        let expected = [("c.avif", "no_decoder"), ("d.mp4", "film"), ("e.txt", "no_picture"), ("f.txt", "no_picture")];
        assert_eq!(reasons(&inventory), expected);
    }

    #[cfg(unix)]
    #[test]
    fn linked_folders_are_walked_once_and_loops_end() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for folder in ["source/real", "elsewhere/deep"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["source/real/1.png", "elsewhere/2.png", "elsewhere/deep/3.png"] {
            fs::write(at(file), b"x").unwrap();
        }
        symlink(at("elsewhere"), at("source/a")).unwrap();
        symlink(at("elsewhere"), at("source/b")).unwrap();
        symlink(at("source/real"), at("source/c")).unwrap();
        symlink(at("source"), at("elsewhere/loop")).unwrap();
        symlink(at("source/real/1.png"), at("source/linked.png")).unwrap();
        symlink(at("nowhere"), at("source/dangling.png")).unwrap();
        symlink("/dev/zero", at("source/zero.png")).unwrap();
        let inventory = listed(&at("source")).unwrap();
        assert_eq!(names(&inventory), ["a/2.png", "a/deep/3.png", "linked.png", "real/1.png"]);
        let expected = [
            ("a/loop/", "linked_twice"),
            ("b/", "linked_twice"),
            ("c/", "linked_twice"),
            ("dangling.png", "not_a_file"),
            ("zero.png", "not_a_file"),
        ];
        assert_eq!(reasons(&inventory), expected);
    }
}
