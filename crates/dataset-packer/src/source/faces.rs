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
    manifest::{ManifestError, Records},
    record::FaceRecord,
    sorter::Sorter,
};

use super::{Lister, slashed};
use crate::{error::PackError, item::Item, left_out::LeftOut, reason::DropReason};

/// Adds the faces of the manifest, in its order. A face whose file is gone was judged by the user and stays out; a
/// whole folder that is gone is an error, and so is a face that is gone under its name and there under another.
pub(super) fn list(layout: &Layout, lister: &mut Lister<'_>) -> Result<(), PackError> {
    check_folders(layout)?;
    let (exclusions, restored) = (Exclusions::read(layout)?, Restored::read(layout)?);
    let mut gone = BTreeSet::new();
    for face in faces(layout)? {
        let face = face?;
        let (folder, is_deleted) = (folder_of(layout, &face), crops::is_deleted(layout, &face.file));
        if is_deleted && !gone.contains(&folder) {
            gone.insert(folder.clone());
        }
        let is_excluded = exclusions.covers(&face.face, &face.pixel_box, &face.file);
        let is_awaited = is_deleted && restored.covers(&face.picture, &face.pixel_box);
        lister.faces.count(&folder, 1, usize::from(is_deleted && !is_excluded && !is_awaited));
        let reason = match (is_excluded, is_awaited, is_deleted) {
            (true, ..) => DropReason::Excluded,
            (_, true, _) => DropReason::AwaitsCrop,
            (.., true) => DropReason::DeletedByHand,
            _ => {
                let (name, location) = (face.file.clone(), crops::find(layout, &face.file)?.into());
                lister.item(Item { name, location, label: None, origin: Some(Box::new(face.into())) })?;
                continue;
            }
        };
        if reason == DropReason::DeletedByHand {
            lister.deleted.push(Exclusion { picture: face.picture, pixel_box: face.pixel_box });
        }
        lister.leave_out(&LeftOut::new(face.file, reason))?;
    }
    match folder_with_strangers(layout, &gone)? {
        Some(folder) => Err(PackError::FacesDamaged { folder, manifest: layout.faces_manifest() }),
        None => Ok(()),
    }
}

fn faces(layout: &Layout) -> Result<Records<FaceRecord>, ManifestError> {
    Records::open(&layout.faces_manifest())
}

fn folder_of(layout: &Layout, face: &FaceRecord) -> PathBuf {
    layout.face(&face.file).parent().map_or_else(|| layout.faces(), Path::to_path_buf)
}

/// Of these folders of faces the first that holds one which the manifest does not name.
fn folder_with_strangers(layout: &Layout, folders: &BTreeSet<PathBuf>) -> Result<Option<PathBuf>, PackError> {
    if folders.is_empty() {
        return Ok(None);
    }
    // By folder, so that the names of one are in memory.
    let mut named = Sorter::beside(&layout.packing("faces"));
    for face in faces(layout)? {
        let face = face?;
        let folder = folder_of(layout, &face);
        if folders.contains(&folder) {
            named.push(folder.as_os_str().as_encoded_bytes(), face.file.as_bytes())?;
        }
    }
    let mut named = named.sorted()?;
    let mut entries = named.entries().peekable();
    let mut folders: Vec<&PathBuf> = folders.iter().collect();
    folders.sort_by_key(|folder| folder.as_os_str().as_encoded_bytes());
    for folder in folders {
        let mut names = HashSet::new();
        let key = folder.as_os_str().as_encoded_bytes();
        while let Some(entry) = entries.next_if(|next| next.as_ref().map_or(true, |next| next.key() == key)) {
            names.insert(String::from_utf8_lossy(entry?.value()).into_owned());
        }
        if holds_strangers(layout, folder, &names) {
            return Ok(Some(folder.clone()));
        }
    }
    Ok(None)
}

/// Whether a folder of faces holds one that is not named.
fn holds_strangers(layout: &Layout, folder: &Path, named: &HashSet<String>) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = path.strip_prefix(layout.faces()).map(slashed).unwrap_or_default();
        stem.parse::<FaceId>().is_ok() && !named.contains(&file)
    })
}

/// Reads all faces, and checks that their folders are there.
fn check_folders(layout: &Layout) -> Result<(), PackError> {
    let mut folders: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for face in faces(layout)? {
        *folders.entry(folder_of(layout, &face?)).or_default() += 1;
    }
    match folders.into_iter().find(|(folder, _)| !folder.is_dir()) {
        Some((folder, faces)) => Err(PackError::FacesGone { folder, faces, exclude_list: layout.exclude_list() }),
        None => Ok(()),
    }
}
