//! The crop stage's faces, less what the user threw away.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use contracts::{
    Layout,
    exclusion::{Exclusion, Exclusions},
    manifest,
    record::FaceRecord,
};

use super::Inventory;
use crate::{error::PackError, item::Item, location::Location};

/// Adds the faces of the manifest, in its order. A face whose file is gone was judged by the user and stays out; a
/// whole folder that is gone is an error.
pub(super) fn list(layout: &Layout, inventory: &mut Inventory) -> Result<(), PackError> {
    let faces = manifest::read::<FaceRecord>(&layout.faces_manifest())?.records;
    let exclusions = Exclusions::read(layout)?;
    check_folders(layout, &faces)?;
    for face in faces {
        let path = layout.face(&face.file);
        if exclusions.covers(&face) {
            inventory.excluded += 1;
        } else if !path.exists() {
            inventory.deleted.push(Exclusion { picture: face.picture, pixel_box: face.pixel_box });
        } else {
            let (name, location) = (face.file.clone(), Location::File(path));
            inventory.items.push(Item { name, location, label: None, origin: Some(Box::new(face.into())) });
        }
    }
    Ok(())
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
