//! Faces whose files the user threw away: noticed, remembered, and not made again.

use std::{collections::HashSet, fs, path::Path};

use contracts::{
    Layout,
    config::CropContainer,
    crops::{self, FacesTar},
    exclusion::{self, Exclusion, Exclusions, Restored},
    id::{FaceId, PictureHash, ShardId},
    publish::FileError,
};

use crate::{
    gate::Verdict,
    shard::{Finding, ShardRecord},
};

/// What the files of a shard say of its record.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// Faces that it says it holds.
    pub(crate) faces: usize,
    /// Those of them that are gone.
    pub(crate) deleted: Vec<Exclusion>,
    /// How many of these nobody has noticed before, nor excluded in another way.
    pub(crate) newly_deleted: usize,
    /// Pictures of which a face is gone that the user took back: they are to be cut again.
    awaited: HashSet<PictureHash>,
    /// Whether it names other faces than lie there: it is damaged, and nothing that it says counts. A face that is gone under its
    /// name and there under another was not deleted.
    pub(crate) is_damaged: bool,
}

impl Look {
    /// Whether the record says what is there.
    pub(crate) fn is_as_recorded(&self) -> bool {
        self.deleted.is_empty() && self.awaited.is_empty() && !self.is_damaged
    }
}

/// Looks through a shard for faces that it says it holds and no longer does.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn look(
    layout: &Layout,
    shard: &ShardId,
    record: &ShardRecord,
    (exclusions, restored): (&Exclusions, &Restored),
) -> Result<Look, FileError> {
    let folder = layout.faces_shard(shard);
    if record.container == CropContainer::Tar {
        let is_damaged = is_tar_damaged(&folder, record)?;
        return Ok(Look { faces: record.kept().count(), is_damaged, ..Look::default() });
    }
    let present = file_names(&folder)?;
    let mut look = Look::default();
    let mut strangers: HashSet<&String> = present.iter().filter(|name| is_face(name)).collect();
    for (picture, finding) in &record.pictures {
        let Finding::Faces(faces) = finding else { continue };
        for face in faces {
            let name = face.file_name(*picture, record.crops);
            strangers.remove(&name);
            if face.verdict != Verdict::Kept {
                continue;
            }
            look.faces += 1;
            if present.contains(&name) {
                continue;
            }
            if restored.covers(picture, &face.pixel_box) {
                look.awaited.insert(*picture);
                continue;
            }
            let id = FaceId { picture: *picture, index: face.index };
            let is_known = exclusions.covers(&id, &face.pixel_box, &layout.face_file(shard, &name));
            look.newly_deleted += usize::from(!is_known);
            look.deleted.push(Exclusion { picture: *picture, pixel_box: face.pixel_box });
        }
    }
    look.is_damaged = !look.is_as_recorded() && !strangers.is_empty();
    Ok(look)
}

/// Whether a shard's tar holds other faces than its record says. None of them was deleted by hand.
///
/// # Errors
/// When the tar cannot be read now.
pub(crate) fn is_tar_damaged(folder: &Path, record: &ShardRecord) -> Result<bool, FileError> {
    let names = FacesTar::open(folder).and_then(|tar| tar.map(|mut tar| tar.names()).transpose());
    let names = crops::undamaged(names)?.flatten();
    Ok(names.map(HashSet::<String>::from_iter) != Some(record.kept().collect()))
}

/// Remembers the faces that are gone by picture and box; the shard's record says from now on that they are excluded.
///
/// # Errors
/// When what was noticed cannot be written down.
pub(crate) fn take_over(layout: &Layout, folder: &Path, record: &mut ShardRecord, look: Look) -> Result<(), FileError> {
    record.pictures.retain(|picture, _| !look.awaited.contains(picture));
    for Exclusion { picture, pixel_box } in &look.deleted {
        let Some(Finding::Faces(faces)) = record.pictures.get_mut(picture) else { continue };
        let gone = faces.iter_mut().filter(|face| face.verdict == Verdict::Kept && face.pixel_box == *pixel_box);
        gone.for_each(|face| face.verdict = Verdict::Excluded);
    }
    // Remembered first: a run that is killed here notices them once more.
    exclusion::remember(layout, look.deleted)?;
    record.write(folder)
}

/// Whether a file is named as faces are.
fn is_face(name: &str) -> bool {
    name.split('.').next().is_some_and(|stem| stem.parse::<FaceId>().is_ok())
}

fn file_names(folder: &Path) -> Result<HashSet<String>, FileError> {
    let read = || -> std::io::Result<HashSet<String>> {
        let mut names = HashSet::new();
        for entry in fs::read_dir(folder)? {
            names.insert(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    };
    read().map_err(FileError::at("read the folder", folder))
}
