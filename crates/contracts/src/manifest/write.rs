//! Writing a manifest.

use std::{
    fmt::Display,
    io::{self, Write},
    path::Path,
};

use super::{
    end::{End, EndLine},
    error::ManifestError,
    header::Header,
};
use crate::{
    hash::{ContentHash, Hasher},
    publish,
    record::Record,
};

/// Sorts the records, writes the manifest in one step and returns the records' hash.
///
/// # Errors
/// When two records have the same key, or the file cannot be written.
pub fn write<R: Record>(path: &Path, header: &Header, records: &mut [R]) -> Result<ContentHash, ManifestError> {
    records.sort_by_cached_key(Record::key);
    refuse_repeats(path, records.iter().map(Record::key))?;
    write_lines(path, header, records.iter().map(|record| Ok(serde_json::to_string(record)? + "\n")))
}

fn refuse_repeats<K: PartialEq + Display>(path: &Path, sorted: impl Iterator<Item = K>) -> Result<(), ManifestError> {
    let mut last = None;
    for key in sorted {
        if last.as_ref() == Some(&key) {
            let problem = format!("two records are named {key}");
            return Err(ManifestError::Line { path: path.into(), line: 0, problem });
        }
        last = Some(key);
    }
    Ok(())
}

/// Writes a manifest of records that come in the order of their keys, and returns their hash: they are never all in memory.
///
/// # Errors
/// Whatever `fill` returns; and when two records have the same key or come in another order, or the file cannot be written.
pub fn write_in_order<R: Record, E: From<ManifestError>>(
    path: &Path,
    header: &Header,
    fill: impl FnOnce(&mut dyn FnMut(&R) -> io::Result<()>) -> Result<(), E>,
) -> Result<ContentHash, E> {
    let mut failed = None;
    let written = write_filled(path, header, |line| {
        let mut last: Option<R::Key> = None;
        let filled = fill(&mut |record| {
            let key = record.key();
            if let Some(last) = last.as_ref().filter(|last| **last >= key) {
                return Err(io::Error::other(format!("the record {key} comes behind {last}")));
            }
            last = Some(key);
            line(&(serde_json::to_string(record)? + "\n"))
        });
        filled.map_err(|error| {
            failed = Some(error);
            io::Error::other("its records cannot be had")
        })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(written?),
    }
}

pub(super) fn write_lines(
    path: &Path,
    header: &Header,
    mut lines: impl Iterator<Item = io::Result<String>>,
) -> Result<ContentHash, ManifestError> {
    write_filled(path, header, |write| lines.try_for_each(|line| write(&line?)))
}

/// Writes the header, what `fill` hands on line by line, and what both are.
fn write_filled(
    path: &Path,
    header: &Header,
    fill: impl FnOnce(&mut dyn FnMut(&str) -> io::Result<()>) -> io::Result<()>,
) -> Result<ContentHash, ManifestError> {
    let (mut hasher, mut records) = (Hasher::default(), 0);
    let mut written = None;
    publish::write_with(path, |file| {
        let first = serde_json::to_string(header)? + "\n";
        file.write_all(first.as_bytes())?;
        fill(&mut |line| {
            hasher.update(line.as_bytes());
            records += 1;
            file.write_all(line.as_bytes())
        })?;
        let sha256 = hasher.finish();
        written = Some(sha256);
        let end = End { records, sha256, header: Some(ContentHash::of(first.as_bytes())) };
        writeln!(file, "{}", serde_json::to_string(&EndLine { end })?)
    })?;
    Ok(written.unwrap_or_else(|| unreachable!("it was written")))
}
