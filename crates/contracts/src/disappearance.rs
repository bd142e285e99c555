//! Faces whose files have gone: a few were thrown away by hand, many were lost.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::stage_id::StageId;

/// Up to one in so many faces of a folder, or of all, may go and counts as a judgement of each. Scratch disks that are cleared and
/// folders that are half copied lose more.
const MAX_SHARE: usize = 4;

/// How many faces each folder should hold, and how many of them have gone since somebody looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disappearances(BTreeMap<PathBuf, Faces>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Faces {
    all: usize,
    gone: usize,
}

impl Faces {
    /// One alone is never too many: a folder may hold no more than two.
    fn are_too_many_gone(self) -> bool {
        self.gone > 1 && self.gone * MAX_SHARE > self.all
    }
}

/// More faces have gone than anybody throws away by hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{gone} of {all} faces in {} have gone since they were cut; that looks as if a disk was cleared or a copy is not finished, so \
     nothing was decided. Put them back; or remove that folder and run `cargo xtask crop`, which cuts them again; or, if you threw \
     them away, say so: `cargo xtask {stage} --accept-deletions`",
    folder.display()
)]
pub struct ManyGone {
    /// The folder, or the one of all folders.
    pub folder: PathBuf,
    /// How many faces it should hold.
    pub all: usize,
    /// How many of them have gone.
    pub gone: usize,
    /// The stage that noticed.
    pub stage: StageId,
}

impl Disappearances {
    /// Counts faces that `folder` should hold, and those of them that have gone.
    pub fn count(&mut self, folder: &Path, all: usize, gone: usize) {
        let faces = self.0.entry(folder.to_path_buf()).or_default();
        faces.all += all;
        faces.gone += gone;
    }

    /// Checks that no more have gone than somebody may have thrown away; `faces` is the folder of all folders.
    ///
    /// # Errors
    /// When more than a quarter of a folder, or of all, have.
    pub fn check(&self, faces: &Path, stage: StageId) -> Result<(), ManyGone> {
        let all = self
            .0
            .values()
            .fold(Faces::default(), |sum, faces| Faces { all: sum.all + faces.all, gone: sum.gone + faces.gone });
        let folders = self.0.iter().map(|(folder, faces)| (folder.as_path(), *faces));
        // All of them first: where everything is gone, one folder would say too little.
        let found = std::iter::once((faces, all)).chain(folders).find(|(_, faces)| faces.are_too_many_gone());
        match found {
            Some((folder, Faces { all, gone })) => Err(ManyGone { folder: folder.to_path_buf(), all, gone, stage }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_quarter_of_a_folder_or_of_all_is_too_much() {
        let check = |folders: &[(&str, usize, usize)], expected: Option<&str>| {
            let mut faces = Disappearances::default();
            for (folder, all, gone) in folders {
                faces.count(Path::new(folder), *all, *gone);
            }
            let found = faces.check(Path::new("faces"), StageId::Crop).err();
            assert_eq!(found.as_ref().map(|gone| gone.folder.to_str().unwrap()), expected, "{folders:?}");
        };
        check(&[("a", 8, 2)], None);
        check(&[("a", 8, 3)], Some("faces"));
        check(&[("a", 8, 3), ("b", 8, 0)], Some("a"));
        check(&[("a", 8, 2), ("b", 8, 2)], None);
        check(&[("a", 2, 1)], None);
        check(&[("a", 2, 2)], Some("faces"));
        check(&[("a", 2, 1), ("b", 2, 1), ("c", 2, 1)], Some("faces"));
        check(&[], None);
    }

    #[test]
    fn it_says_what_to_do() {
        let gone = ManyGone { folder: "data/faces/a".into(), all: 8, gone: 3, stage: StageId::Pack };
        let said = gone.to_string();
        for part in ["3 of 8 faces in data/faces/a", "`cargo xtask pack --accept-deletions`", "`cargo xtask crop`"] {
            assert!(said.contains(part), "{said}");
        }
    }
}
