//! Faces whose files the user threw away: noticed, remembered, and not made again.

use std::{collections::HashSet, fs, path::Path};

use contracts::{
    Layout,
    exclusion::{self, Exclusion},
    id::ShardId,
    publish::FileError,
};

use crate::{
    gate::Verdict,
    shard::{Finding, FoundFace, ShardRecord},
};

/// Looks through a shard for faces that it says it holds and no longer does. They are remembered by picture and box,
/// and the shard's record says from now on that they are excluded. Returns how many there were.
///
/// # Errors
/// When the folder cannot be read, or what was noticed cannot be written down.
pub(crate) fn notice(layout: &Layout, shard: &ShardId, record: &mut ShardRecord) -> Result<usize, FileError> {
    let folder = layout.faces_shard(shard);
    let present = file_names(&folder)?;
    let crops = record.crops;
    let mut deleted = Vec::new();
    for (picture, finding) in &mut record.pictures {
        let Finding::Faces(faces) = finding else { continue };
        let gone = |face: &FoundFace| !present.contains(&face.file_name(*picture, crops));
        for face in faces.iter_mut().filter(|face| face.verdict == Verdict::Kept && gone(face)) {
            face.verdict = Verdict::Excluded;
            deleted.push(Exclusion { picture: *picture, pixel_box: face.pixel_box });
        }
    }
    let count = deleted.len();
    if count > 0 {
        // Remembered first: a run that is killed here notices them once more.
        exclusion::remember(layout, deleted)?;
        record.write(&folder)?;
    }
    Ok(count)
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
