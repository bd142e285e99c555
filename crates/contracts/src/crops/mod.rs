//! Faces' files, wherever they are: each for itself in its shard's folder, or all of a shard in one tar there.
//!
//! A record says `<shard>/<face>.<ext>` in both cases, so that nothing else changes with the container. The tar is a plain one (POSIX
//! ustar): any program lists and unpacks it. The index beside it has a line a face, all of one length and sorted by name, so that a
//! face is found by bisection and no reader holds an index in memory.
//!
//! From a tar nobody deletes a face by hand: one that is to stay out is excluded (`exclude.txt`). So a face that its tar lacks was
//! never thrown away; the tar is damaged.

mod index;
mod reader;
mod writer;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use reader::{FacesTar, Member};
pub use writer::FacesTarWriter;

use crate::{
    layout::Layout,
    publish::{self, FileError},
};

/// The length of everything in a tar is a multiple of this.
const BLOCK: u64 = 512;

/// Where the bytes of a face's file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CropPlace {
    /// In a file of its own, which may be gone.
    File(PathBuf),
    /// Within its shard's tar.
    Member(Member),
}

/// Where the face whose record says `file` is.
///
/// # Errors
/// When it is in no file of its own and its shard's tar cannot be read, or lacks it.
pub fn find(layout: &Layout, file: &str) -> Result<CropPlace, FileError> {
    let path = layout.face(file);
    if path.exists() {
        return Ok(CropPlace::File(path));
    }
    match FacesTar::open(publish::parent(&path))? {
        Some(mut tar) => tar.member(&name(&path)).map(CropPlace::Member),
        None => Ok(CropPlace::File(path)),
    }
}

/// The bytes of the face whose record says `file`.
///
/// # Errors
/// As [`find`]; and when there is no such file, whose error is of the kind `NotFound`.
pub fn read(layout: &Layout, file: &str) -> Result<Vec<u8>, FileError> {
    match find(layout, file)? {
        CropPlace::File(path) => publish::read_file(&path),
        CropPlace::Member(member) => member.read(),
    }
}

/// Whether the file of the face whose record says `file` was deleted. From a tar none is.
pub fn is_deleted(layout: &Layout, file: &str) -> bool {
    let path = layout.face(file);
    !path.exists() && !is_tar(publish::parent(&path))
}

/// Whether the faces of a shard's folder are in a tar, as far as one of its two files tells.
pub fn is_tar(shard_folder: &Path) -> bool {
    Layout::faces_index(shard_folder).exists() || Layout::faces_tar(shard_folder).exists()
}

/// Nothing in place of an error that says that a tar is damaged.
///
/// # Errors
/// All others: what cannot be read now may be whole.
pub fn undamaged<T>(read: Result<T, FileError>) -> Result<Option<T>, FileError> {
    match read {
        Err(error) if error.source.kind() == io::ErrorKind::InvalidData => Ok(None),
        other => other.map(Some),
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    const SHARD: &str = "mini-00000";

    struct Scene {
        _root: tempfile::TempDir,
        layout: Layout,
    }

    impl Scene {
        /// A shard's folder with a tar of these faces.
        fn with(faces: &[(&str, &[u8])]) -> Self {
            let root = tempfile::tempdir().unwrap();
            let layout = Layout::new(root.path(), &Default::default());
            let scene = Self { _root: root, layout };
            publish::create_folder(&scene.folder()).unwrap();
            let tar = FacesTarWriter::create(&scene.folder()).unwrap();
            faces.iter().for_each(|(name, content)| tar.add(name, content).unwrap());
            tar.finish().unwrap();
            scene
        }

        fn folder(&self) -> PathBuf {
            self.layout.faces().join(SHARD)
        }

        fn read(&self, name: &str) -> Result<Vec<u8>, FileError> {
            read(&self.layout, &format!("{SHARD}/{name}"))
        }

        fn names(&self) -> Vec<String> {
            FacesTar::open(&self.folder()).unwrap().unwrap().names().unwrap()
        }
    }

    const FACES: [(&str, &[u8]); 4] =
        [("b-0.png", b"second"), ("c-1.png", &[7; 512]), ("a-0.png", b""), ("a-1.png", &[9; 1300])];

    #[test]
    fn faces_are_read_from_a_tar_and_from_files_by_the_same_name() {
        let scene = Scene::with(&FACES);
        assert!(undamaged(scene.read("b-1.png")).unwrap().is_none());
        for (name, content) in FACES {
            assert_eq!(scene.read(name).unwrap(), content, "{name}");
            assert!(!is_deleted(&scene.layout, &format!("{SHARD}/{name}")));
        }
        assert_eq!(scene.names(), ["a-0.png", "a-1.png", "b-0.png", "c-1.png"]);
        // What somebody unpacked there is as good.
        fs::write(scene.folder().join("b-0.png"), b"loose").unwrap();
        assert_eq!(scene.read("b-0.png").unwrap(), b"loose");
        fs::remove_file(Layout::faces_tar(&scene.folder())).unwrap();
        fs::remove_file(Layout::faces_index(&scene.folder())).unwrap();
        assert_eq!(scene.read("a-0.png").unwrap_err().source.kind(), io::ErrorKind::NotFound);
        assert!(is_deleted(&scene.layout, &format!("{SHARD}/a-0.png")));
    }

    #[test]
    fn the_order_of_arrival_does_not_show_and_nothing_else_stays() {
        let mut other = FACES;
        other.reverse();
        let bytes = |scene: &Scene| fs::read(Layout::faces_tar(&scene.folder())).unwrap();
        let scene = Scene::with(&FACES);
        assert_eq!(bytes(&scene), bytes(&Scene::with(&other)));
        assert_eq!(fs::read_dir(scene.folder()).unwrap().count(), 2);
        assert_eq!(Scene::with(&[]).names(), Vec::<String>::new());
    }

    #[test]
    fn tar_lists_and_unpacks_it() {
        let scene = Scene::with(&FACES);
        let tar = |words: &[&str]| std::process::Command::new("tar").args(words).current_dir(scene.folder()).output();
        let Ok(listed) = tar(&["tf", "faces.tar"]) else { return eprintln!("skipped: there is no tar") };
        assert_eq!(String::from_utf8_lossy(&listed.stdout), "a-0.png\na-1.png\nb-0.png\nc-1.png\n");
        let unpacked = tar(&["xf", "faces.tar"]).unwrap();
        assert_eq!(String::from_utf8_lossy(&unpacked.stderr), "");
        for (name, content) in FACES {
            assert_eq!(fs::read(scene.folder().join(name)).unwrap(), content);
        }
    }

    #[test]
    fn a_tar_that_is_not_its_indexs_is_refused_with_the_way_out() {
        let check = |damage: &dyn Fn(&Path, &Path)| {
            let scene = Scene::with(&FACES);
            let folder = scene.folder();
            damage(&Layout::faces_tar(&folder), &Layout::faces_index(&folder));
            let said = scene.read("b-0.png").unwrap_err().to_string();
            assert!(said.contains(SHARD) && said.contains("`cargo xtask crop`"), "{said}");
            assert!(!is_deleted(&scene.layout, &format!("{SHARD}/b-0.png")), "it counts as damage, not as a deletion");
        };
        let cut = |path: &Path, by: u64| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(file.metadata().unwrap().len() - by).unwrap();
        };
        check(&|tar, _| cut(tar, 512));
        check(&|_, index| cut(index, 1));
        check(&|_, index| fs::write(index, b"").unwrap());
        check(&|tar, _| fs::remove_file(tar).unwrap());
        check(&|_, index| fs::remove_file(index).unwrap());
        let other = Scene::with(&FACES[1..]);
        check(&|tar, index| {
            fs::copy(Layout::faces_tar(&other.folder()), tar).unwrap();
            fs::copy(Layout::faces_index(&other.folder()), index).unwrap();
        });
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        let scene = Scene::with(&[]);
        let tar = FacesTarWriter::create(&scene.folder()).unwrap();
        for name in ["", "two words", &"a".repeat(81)] {
            assert!(tar.add(name, b"x").is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn any_faces_read_back(faces in prop::collection::btree_map("[a-f0-9]{1,8}-[0-9]{1,3}", prop::collection::vec(any::<u8>(), 0..1500), 0..40)) {
            let list: Vec<(&str, &[u8])> = faces.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
            let scene = Scene::with(&list);
            for (name, content) in &faces {
                prop_assert_eq!(&scene.read(name).unwrap(), content);
            }
            prop_assert!(scene.names().iter().eq(faces.keys()));
            prop_assert!(scene.read("nobody-0").is_err());
        }

        #[test]
        fn any_damage_of_the_index_is_read_or_refused(at in 0_usize..550, bytes in prop::collection::vec(any::<u8>(), 1..120)) {
            let scene = Scene::with(&FACES);
            let path = Layout::faces_index(&scene.folder());
            let mut index = fs::read(&path).unwrap();
            let start = at.min(index.len());
            let end = (start + bytes.len()).min(index.len());
            index[start..end].copy_from_slice(&bytes[..end - start]);
            fs::write(&path, index).unwrap();
            for (name, _) in FACES {
                let _ = scene.read(name);
            }
        }
    }
}
