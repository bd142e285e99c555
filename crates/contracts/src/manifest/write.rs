//! Writing a manifest whose records are in memory.

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

pub(super) fn refuse_repeats<K: PartialEq + Display>(
    path: &Path,
    sorted: impl Iterator<Item = K>,
) -> Result<(), ManifestError> {
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

pub(super) fn write_lines(
    path: &Path,
    header: &Header,
    lines: impl Iterator<Item = io::Result<String>>,
) -> Result<ContentHash, ManifestError> {
    let (mut hasher, mut records) = (Hasher::default(), 0);
    let mut written = None;
    publish::write_with(path, |file| {
        let first = serde_json::to_string(header)? + "\n";
        file.write_all(first.as_bytes())?;
        for line in lines {
            let line = line?;
            hasher.update(line.as_bytes());
            records += 1;
            file.write_all(line.as_bytes())?;
        }
        let sha256 = std::mem::take(&mut hasher).finish();
        written = Some(sha256);
        let end = End { records, sha256, header: Some(ContentHash::of(first.as_bytes())) };
        writeln!(file, "{}", serde_json::to_string(&EndLine { end })?)
    })?;
    Ok(written.unwrap_or_else(|| unreachable!("it was written")))
}
