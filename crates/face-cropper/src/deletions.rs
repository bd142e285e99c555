//! Faces whose files the user threw away: noticed, remembered, and not made again.

use std::{collections::HashSet, fs, path::Path};

use contracts::{
    Layout,
    exclusion::{self, Exclusion, Restored},
    id::{FaceId, ShardId},
    publish::FileError,
};

use crate::{
    gate::Verdict,
    shard::{Finding, ShardRecord},
};

/// What the files of a shard say of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noticed {
    /// So many faces were deleted since it was written.
    Deleted(usize),
    /// It names other faces than lie there: it is damaged, and nothing that it says counts.
    DamagedRecord,
}

/// Looks through a shard for faces that it says it holds and no longer does. They are remembered by picture and box,
/// and the shard's record says from now on that they are excluded. Those that the user took back are to be cut again instead.
///
/// # Errors
/// When the folder cannot be read, or what was noticed cannot be written down.
pub(crate) fn notice(
    layout: &Layout,
    shard: &ShardId,
    record: &mut ShardRecord,
    restored: &Restored,
) -> Result<Noticed, FileError> {
    let folder = layout.faces_shard(shard);
    let present = file_names(&folder)?;
    let crops = record.crops;
    let (mut deleted, mut awaited) = (Vec::new(), HashSet::new());
    let mut strangers: HashSet<&String> = present.iter().filter(|name| is_face(name)).collect();
    for (picture, finding) in &mut record.pictures {
        let Finding::Faces(faces) = finding else { continue };
        for face in faces {
            let name = face.file_name(*picture, crops);
            strangers.remove(&name);
            if face.verdict == Verdict::Kept && !present.contains(&name) {
                match restored.covers(picture, &face.pixel_box) {
                    true => drop(awaited.insert(*picture)),
                    false => deleted.push(Exclusion { picture: *picture, pixel_box: face.pixel_box }),
                }
                face.verdict = Verdict::Excluded;
            }
        }
    }
    let count = deleted.len();
    if count + awaited.len() == 0 {
        return Ok(Noticed::Deleted(0));
    }
    // A face that is gone under its name and there under another was not deleted.
    if !strangers.is_empty() {
        return Ok(Noticed::DamagedRecord);
    }
    record.pictures.retain(|picture, _| !awaited.contains(picture));
    // Remembered first: a run that is killed here notices them once more.
    exclusion::remember(layout, deleted)?;
    record.write(&folder)?;
    Ok(Noticed::Deleted(count))
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
