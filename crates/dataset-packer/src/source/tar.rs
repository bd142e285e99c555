//! A tar file of pictures, read where it lies: nothing is unpacked, so no member can land anywhere.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::Path,
    sync::Arc,
};

use contracts::foreign::one_line;
use tar::{EntryType, PaxExtensions};

use super::{Inventory, catalogue, entry::Entry, slashed};
use crate::{
    left_out::LeftOut,
    location::{Location, Span},
    reason::DropReason,
};

/// The most bytes that a member's name may have: what Linux takes for a path. An archive may state a gigabyte.
const MAX_NAME_BYTES: u64 = 4096;

/// The most bytes that the extensions of one member may have: its name, and attributes that nobody reads here.
const MAX_EXTENSION_BYTES: u64 = 1 << 20;

/// Adds the pictures of a tar file, by name; `prefix` goes before each name.
pub(super) fn list(archive: &Path, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
    let broken = |error: io::Error| format!("it is no whole tar file: {error}");
    let file = File::open(archive).map_err(|error| format!("cannot open it: {error}"))?;
    let available = file.metadata().map_err(broken)?.len();
    let members = members(BufReader::new(file)).map_err(broken)?;
    if let Some(cut) = members.iter().find(|member| member.offset.saturating_add(member.length) > available) {
        return Err(format!("it is cut off within {}", one_line(&cut.name)));
    }
    let archive: Arc<Path> = archive.into();
    let mut entries = Vec::new();
    for Member { name, offset, length, is_file } in members {
        let span = Span { archive: archive.clone(), offset, length };
        match is_file {
            true => entries.push(Entry { name, location: Location::Member(span) }),
            false => inventory.left_out.push(LeftOut::new(format!("{prefix}{name}"), DropReason::NotAFile)),
        }
    }
    catalogue::add(entries, prefix, inventory)
}

struct Member {
    name: String,
    offset: u64,
    length: u64,
    /// Whether it is a plain file: neither a link nor a device.
    is_file: bool,
}

/// What an archive holds, but for its folders. The library's own way to long names reads them whole, however long they are.
fn members(file: impl Read + Seek) -> io::Result<Vec<Member>> {
    let mut members = Vec::new();
    let mut long_name: Option<Vec<u8>> = None;
    let mut archive = tar::Archive::new(file);
    for entry in archive.entries_with_seek()?.raw(true) {
        let mut entry = entry?;
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let name = bounded(&mut entry, MAX_NAME_BYTES, "name")?;
                long_name = Some(name.split(|byte| *byte == 0).next().unwrap_or_default().to_vec());
            }
            EntryType::XHeader => {
                let extensions = bounded(&mut entry, MAX_EXTENSION_BYTES, "extended header")?;
                // GNU's own way to long names comes after these, and means the same.
                long_name = pax_name(&extensions)?.or(long_name);
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => {}
            EntryType::Directory => long_name = None,
            kind => {
                let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
                let name = slashed(Path::new(&*String::from_utf8_lossy(&name)));
                let is_file = matches!(kind, EntryType::Regular | EntryType::Continuous);
                members.push(Member { name, offset: entry.raw_file_position(), length: entry.size(), is_file });
            }
        }
    }
    Ok(members)
}

/// An entry that describes the next one.
fn bounded(entry: &mut (impl Read + Sized), limit: u64, what: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(limit + 1).read_to_end(&mut bytes)?;
    let too_long = || io::Error::other(format!("a member's {what} has more than {limit} bytes"));
    if bytes.len() as u64 > limit { Err(too_long()) } else { Ok(bytes) }
}

/// The name that POSIX extensions give to the next member.
fn pax_name(extensions: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut name = None;
    for extension in PaxExtensions::new(extensions) {
        let extension = extension?;
        match extension.key() {
            Ok("path") if extension.value_bytes().len() as u64 > MAX_NAME_BYTES => {
                return Err(io::Error::other(format!("a member's name has more than {MAX_NAME_BYTES} bytes")));
            }
            Ok("path") => name = Some(extension.value_bytes().to_vec()),
            // Stated for members beyond 8 GiB alone, behind which nothing would be found without it.
            Ok("size") => return Err(io::Error::other("a member has 8 GiB or more")),
            _ => {}
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::{item::Item, source::tests::reasons};

    fn append(builder: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content).unwrap();
    }

    fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        members.iter().for_each(|(name, content)| append(&mut builder, name, content));
        builder.into_inner().unwrap()
    }

    fn inventory(content: &[u8]) -> Result<(tempfile::TempDir, Inventory), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        fs::write(&path, content).unwrap();
        let mut inventory = Inventory::default();
        list(&path, "p/", &mut inventory)?;
        Ok((folder, inventory))
    }

    fn listed(content: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
        let (_folder, inventory) = inventory(content)?;
        Ok(inventory.items.into_iter().map(|item| (item.name, item.location.read().unwrap())).collect())
    }

    #[test]
    fn members_are_read_in_place_and_sorted() {
        let long = format!("{}/x.png", "d".repeat(180));
        let tar = tar_of(&[("b.png", b"second"), (&long, b"long"), ("notes.txt", b"no"), ("a.jpg", b"first")]);
        let expected = [("p/a.jpg", &b"first"[..]), ("p/b.png", b"second"), (&format!("p/{long}"), b"long")];
        let found = listed(&tar).unwrap();
        assert_eq!(found, expected.map(|(name, content)| (name.to_owned(), content.to_vec())));
    }

    #[test]
    fn posix_extensions_name_members_too() {
        let name = format!("{}/y.png", "e".repeat(200));
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_pax_extensions([("path", name.as_bytes()), ("comment", b"none")]).unwrap();
        append(&mut builder, "short.png", b"content");
        append(&mut builder, "b.png", b"next");
        let found = listed(&builder.into_inner().unwrap()).unwrap();
        assert_eq!(found, [("p/b.png".to_owned(), b"next".to_vec()), (format!("p/{name}"), b"content".to_vec())]);
    }

    #[test]
    fn the_last_of_one_name_counts() {
        let tar = tar_of(&[("a.png", b"old"), ("a.png", b"new")]);
        assert_eq!(listed(&tar).unwrap(), [("p/a.png".to_owned(), b"new".to_vec())]);
        assert_eq!(reasons(&inventory(&tar).unwrap().1), [("p/a.png", "replaced")]);
    }

    #[test]
    fn what_is_passed_over_in_a_folder_is_passed_over_here_and_links_are_no_files() {
        let mut builder = tar::Builder::new(Vec::new());
        for name in ["a.png", "._a.png", "__MACOSX/a.png", "x/Thumbs.db", "x/.git/b.png", "words"] {
            append(&mut builder, name, b"content");
        }
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(EntryType::Symlink);
        link.set_size(0);
        builder.append_link(&mut link, "link.png", "/etc/passwd").unwrap();
        let (_folder, inventory) = inventory(&builder.into_inner().unwrap()).unwrap();
        let hidden = ["p/._a.png", "p/__MACOSX/a.png", "p/x/.git/b.png", "p/x/Thumbs.db"].map(|name| (name, "hidden"));
        let others = [("p/link.png", "not_a_file"), ("p/words", "no_picture")];
        let mut expected = [&hidden[..], &others].concat();
        expected.sort_unstable();
        assert_eq!((reasons(&inventory), inventory.items.len()), (expected, 1));
    }

    #[test]
    fn a_web_dataset_has_classes_and_metadata() {
        let members: [(&str, &[u8]); 12] = [
            ("v1.0/b.seg.png", b"p"),
            ("v1.0/b.cls", b"7\n"),
            ("a.png", b"p"),
            ("a.cls", b"no"),
            ("c.cls", b"3"),
            ("c.jpg", b"p"),
            ("a.json", b"{\"post\": \"mini:5\"}"),
            ("c.json", b"no JSON"),
            ("22.05.png", b"p"),
            ("22.10.png", b"p"),
            ("22.05.cls", b"5"),
            ("22.10.cls", b"10"),
        ];
        let (_folder, inventory) = inventory(&tar_of(&members)).unwrap();
        let facts = |item: &Item| (item.name.clone(), item.label, item.post().map(ToString::to_string));
        let found: Vec<_> = inventory.items.iter().map(facts).collect();
        let post = Some("mini:5".to_owned());
        let expected = [
            ("p/22.05.png", Some(5), None),
            ("p/22.10.png", Some(10), None),
            ("p/a.png", None, post),
            ("p/c.jpg", Some(3), None),
            ("p/v1.0/b.seg.png", Some(7), None),
        ];
        assert_eq!(found, expected.map(|(name, label, post)| (name.to_owned(), label, post)));
        let said = inventory.warnings.join("\n");
        assert!(said.contains("p: 2 files beside pictures are not read, such as a.cls"), "{said}");
    }

    #[test]
    fn a_tar_that_is_cut_off_or_none_is_refused() {
        let tar = tar_of(&[("a.png", &[1; 2000]), ("b.png", &[2; 2000])]);
        assert!(listed(&tar[..3500]).unwrap_err().contains("cut off within b.png"));
        assert!(listed(&[7; 2000]).unwrap_err().contains("no whole tar file"));
    }

    #[test]
    fn names_without_end_are_refused() {
        let check = |kind: EntryType, content: &[u8], words: &str| {
            let mut builder = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append(&header, content).unwrap();
            append(&mut builder, "a.png", b"p");
            let said = listed(&builder.into_inner().unwrap()).unwrap_err();
            assert!(said.contains(words), "{said}");
        };
        check(EntryType::GNULongName, &[b'a'; 5000], "name has more than 4096 bytes");
        check(EntryType::XHeader, &vec![b'a'; 2 << 20], "extended header has more than");
        let path = format!("path={}\n", "a".repeat(5000));
        check(EntryType::XHeader, format!("{} {path}", path.len() + 5).as_bytes(), "name has more than 4096 bytes");
    }

    proptest! {
        #[test]
        fn any_damage_is_read_or_refused(at in 0_usize..5000, bytes in prop::collection::vec(any::<u8>(), 1..40)) {
            let long = format!("{}/x.png", "d".repeat(180));
            let mut tar = tar_of(&[("a.png", b"first"), (&long, b"long"), ("a.cls", b"3")]);
            let start = at.min(tar.len());
            let end = (start + bytes.len()).min(tar.len());
            tar[start..end].copy_from_slice(&bytes[..end - start]);
            let _ = inventory(&tar);
        }
    }
}
