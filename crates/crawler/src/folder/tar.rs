//! The members of a tar, listed without reading what they hold.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use pictures::Format;
use tar::{Archive, EntryType, PaxExtensions};

use super::source::{MAX_SIDECAR_BYTES, Place};

/// The longest name of a member, and the longest block of extended attributes, that is read.
const MAX_NAME_BYTES: u64 = 1 << 16;

/// A file in a tar.
pub(super) struct Member {
    /// Its path in the tar.
    pub(super) path: String,
    pub(super) place: Place,
    /// Its first bytes.
    pub(super) head: Vec<u8>,
    /// All of it, where it is JSON.
    pub(super) json: Option<Vec<u8>>,
}

/// Looks at each file of a tar. Names that are longer than a header has room for are read up to a bound.
///
/// # Errors
/// When it cannot be read, or is no tar.
pub(super) fn members(path: &Path, mut look: impl FnMut(Member)) -> io::Result<()> {
    let mut archive = Archive::new(BufReader::new(File::open(path)?));
    let mut long_name = None;
    // Raw: a library that resolves long names by itself reads them whole, however long they say they are.
    for entry in archive.entries_with_seek()?.raw(true) {
        let mut entry = entry?;
        let length = entry.header().entry_size()?;
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let name = bounded(&mut entry, length)?;
                long_name = Some(String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned());
            }
            EntryType::XHeader => {
                let block = bounded(&mut entry, length)?;
                let named = PaxExtensions::new(&block).flatten().find(|extension| extension.key() == Ok("path"));
                long_name = named.map(|name| String::from_utf8_lossy(name.value_bytes()).into_owned()).or(long_name);
            }
            EntryType::Regular | EntryType::Continuous => {
                let own = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                let path_in_tar = long_name.take().unwrap_or(own);
                if is_hidden(&path_in_tar) {
                    continue;
                }
                let place = Place { file: path.to_owned(), start: entry.raw_file_position(), length };
                let is_json = path_in_tar.to_ascii_lowercase().ends_with(".json") && length <= MAX_SIDECAR_BYTES;
                let mut head = Vec::new();
                let wanted = if is_json { length } else { Format::HEAD_BYTES as u64 };
                entry.by_ref().take(wanted).read_to_end(&mut head)?;
                let json = is_json.then(|| head.clone());
                look(Member { path: path_in_tar, place, head, json });
            }
            _ => long_name = None,
        }
    }
    Ok(())
}

fn bounded(entry: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    if length > MAX_NAME_BYTES {
        return Err(io::Error::other(format!("a name of {length} bytes in it is longer than any path")));
    }
    let mut bytes = Vec::new();
    entry.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a part of the path is hidden, as the halves of macOS's files are.
fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') && part != "." || part == "__MACOSX")
}
