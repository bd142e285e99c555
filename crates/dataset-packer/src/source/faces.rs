//! The crop stage's faces, less what the user threw away.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
};

use contracts::{
    Layout, crops,
    exclusion::{Exclusion, Exclusions, Restored},
    id::FaceId,
    manifest,
    record::FaceRecord,
};

use super::{Inventory, slashed};
use crate::{error::PackError, item::Item, left_out::LeftOut, reason::DropReason};

/// Adds the faces of the manifest, in its order. A face whose file is gone was judged by the user and stays out; a
/// whole folder that is gone is an error, and so is a face that is gone under its name and there under another.
pub(super) fn list(layout: &Layout, inventory: &mut Inventory) -> Result<(), PackError> {
    let faces = manifest::read::<FaceRecord>(&layout.faces_manifest())?.records;
    let (exclusions, restored) = (Exclusions::read(layout)?, Restored::read(layout)?);
    check_folders(layout, &faces)?;
    let mut gone = BTreeSet::new();
    let named: HashSet<String> = faces.iter().map(|face| face.file.clone()).collect();
    for face in faces {
        let path = layout.face(&face.file);
        let (is_deleted, folder) =
            (crops::is_deleted(layout, &face.file), path.parent().unwrap_or(&path).to_path_buf());
        if is_deleted {
            gone.insert(folder.clone());
        }
        let leave = |reason| LeftOut::new(face.file.clone(), reason);
        let is_excluded = exclusions.covers(&face.face, &face.pixel_box, &face.file);
        let is_awaited = is_deleted && restored.covers(&face.picture, &face.pixel_box);
        inventory.faces.count(&folder, 1, usize::from(is_deleted && !is_excluded && !is_awaited));
        if is_excluded {
            inventory.left_out.push(leave(DropReason::Excluded));
        } else if is_awaited {
            inventory.left_out.push(leave(DropReason::AwaitsCrop));
        } else if is_deleted {
            inventory.left_out.push(leave(DropReason::DeletedByHand));
            inventory.deleted.push(Exclusion { picture: face.picture, pixel_box: face.pixel_box });
        } else {
            let (name, location) = (face.file.clone(), crops::find(layout, &face.file)?.into());
            inventory.items.push(Item { name, location, label: None, origin: Some(Box::new(face.into())) });
        }
    }
    match gone.into_iter().find(|folder| holds_strangers(layout, folder, &named)) {
        Some(folder) => Err(PackError::FacesDamaged { folder, manifest: layout.faces_manifest() }),
        None => Ok(()),
    }
}

/// Whether a folder of faces holds one that the manifest does not name.
fn holds_strangers(layout: &Layout, folder: &Path, named: &HashSet<String>) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = path.strip_prefix(layout.faces()).map(slashed).unwrap_or_default();
        stem.parse::<FaceId>().is_ok() && !named.contains(&file)
    })
}

fn check_folders(layout: &Layout, faces: &[FaceRecord]) -> Result<(), PackError> {
    let mut folders: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for face in faces {
        let folder = layout.face(&face.file).parent().map_or_else(|| layout.faces(), Path::to_path_buf);
        *folders.entry(folder).or_default() += 1;
    }
    match folders.into_iter().find(|(folder, _)| !folder.is_dir()) {
        Some((folder, faces)) => Err(PackError::FacesGone { folder, faces, exclude_list: layout.exclude_list() }),
        None => Ok(()),
    }
}
