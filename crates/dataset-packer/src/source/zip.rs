//! A zip file of pictures, read where it lies: nothing is unpacked, so no member can land anywhere, and each is inflated to
//! the length that it says and never beyond.

use std::{collections::HashMap, fs::File, io::BufReader, path::Path, sync::Arc};

use serde::Deserialize;
use zip::{CompressionMethod, ZipArchive, read::ZipFile};

use super::{Inventory, is_picture};
use crate::{
    item::Item,
    location::{Location, Span},
};

/// What StyleGAN's tools write beside the pictures.
const DATASET_JSON: &str = "dataset.json";
/// A list of a hundred million labels is longer than any that is real.
const MAX_JSON_BYTES: u64 = 1 << 30;

/// The part of dataset.json that is read.
#[derive(Deserialize)]
struct DatasetJson {
    /// A class a picture. StyleGAN takes vectors of numbers too, which are no classes.
    labels: Option<Vec<(String, serde_json::Value)>>,
}

/// Adds the pictures of a zip file, by name; `prefix` goes before each name. Classes are those of StyleGAN's dataset.json
/// where there is one.
pub(super) fn list(path: &Path, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
    let file = File::open(path).map_err(|error| format!("cannot open it: {error}"))?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| format!("it is no whole zip file: {error}"))?;
    let labels = labels(&mut archive, path)?;
    let shared: Arc<Path> = path.into();
    let mut items = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(|error| format!("its member {index} is broken: {error}"))?;
        if member.is_dir() {
            continue;
        }
        let name = member.name().map_err(|error| format!("its member {index} has a bad name: {error}"))?;
        let name = name.replace('\\', "/");
        if !is_picture(Path::new(&name)) {
            inventory.other_files += 1;
            continue;
        }
        let location = locate(&member, &shared).map_err(|problem| format!("its member {name} {problem}"))?;
        let label = labels.get(&name).copied();
        items.push(Item { label, ..Item::foreign(format!("{prefix}{name}"), location) });
    }
    items.sort_by(|a, b| a.name.cmp(&b.name));
    inventory.items.extend(items);
    Ok(())
}

fn locate<R: std::io::Read>(member: &ZipFile<'_, R>, archive: &Arc<Path>) -> Result<Location, String> {
    if member.encrypted() {
        return Err("is encrypted".into());
    }
    let offset = member.data_start().ok_or("has no content")?;
    let span = Span { archive: archive.clone(), offset, length: member.compressed_size() };
    match member.compression() {
        CompressionMethod::Stored => Ok(Location::Member(span)),
        CompressionMethod::DEFLATE => Ok(Location::Deflated { span, length: member.size() }),
        other => Err(format!("is compressed by {other:?}; only deflate is read")),
    }
}

fn labels(archive: &mut ZipArchive<BufReader<File>>, path: &Path) -> Result<HashMap<String, i64>, String> {
    let Some(index) = archive.index_for_name(DATASET_JSON) else { return Ok(HashMap::new()) };
    let broken = |problem: String| format!("its {DATASET_JSON} cannot be read: {problem}");
    let member = archive.by_index_raw(index).map_err(|error| broken(error.to_string()))?;
    let location = locate(&member, &path.into()).map_err(broken)?;
    if location.length().is_ok_and(|length| length > MAX_JSON_BYTES) {
        return Err(broken("it is too long".into()));
    }
    let json = location.read().map_err(|error| broken(error.to_string()))?;
    let read: DatasetJson = serde_json::from_slice(&json).map_err(|error| broken(error.to_string()))?;
    let labels = read.labels.unwrap_or_default().into_iter();
    Ok(labels.filter_map(|(name, label)| Some((name, label.as_i64()?))).collect())
}
