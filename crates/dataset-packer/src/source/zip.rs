//! A zip file of pictures, read where it lies: nothing is unpacked, so no member can land anywhere, and each is inflated to
//! the length that it says and never beyond.

use std::{fs::File, io::BufReader, path::Path, sync::Arc};

use contracts::foreign::one_line;
use zip::{CompressionMethod, ZipArchive, read::ZipFile};

use super::{Inventory, catalogue, entry::Entry};
use crate::location::{Location, Span};

/// Adds the pictures of a zip file, by name; `prefix` goes before each name.
pub(super) fn list(path: &Path, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
    let file = File::open(path).map_err(|error| format!("cannot open it: {error}"))?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| format!("it is no whole zip file: {error}"))?;
    let shared: Arc<Path> = path.into();
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(|error| format!("its member {index} is broken: {error}"))?;
        if member.is_dir() {
            continue;
        }
        let name = member.name().map_err(|error| format!("its member {index} has a bad name: {error}"))?;
        let name = name.replace('\\', "/");
        let location =
            locate(&member, &shared).map_err(|problem| format!("its member {} {problem}", one_line(&name)))?;
        entries.push(Entry { name, location });
    }
    refuse_overlaps(&entries)?;
    catalogue::add(entries, prefix, inventory)
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

/// Members that share their bytes: how a small file is made to take for ever. No program writes such a file.
fn refuse_overlaps(entries: &[Entry]) -> Result<(), String> {
    let span = |entry: &Entry| match &entry.location {
        Location::Member(span) | Location::Deflated { span, .. } if span.length > 0 => Some((span.offset, span.length)),
        _ => None,
    };
    let mut spans: Vec<((u64, u64), &str)> =
        entries.iter().filter_map(|entry| Some((span(entry)?, entry.name.as_str()))).collect();
    spans.sort_unstable();
    let overlap = spans.windows(2).find(|pair| {
        let [((offset, length), _), ((next, _), _)] = pair else { return false };
        offset.saturating_add(*length) > *next
    });
    match overlap {
        Some([(_, one), (_, other)]) => Err(format!("its members {} and {} overlap", one_line(one), one_line(other))),
        _ => Ok(()),
    }
}
