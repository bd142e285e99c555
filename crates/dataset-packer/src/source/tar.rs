//! A tar file of pictures, read where it lies: nothing is unpacked, so no member can land anywhere.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
    sync::Arc,
};

use serde_json::Value;

use super::{Inventory, is_picture, metadata, slashed};
use crate::{
    item::Item,
    location::{Location, Span},
};

/// Classes of a WebDataset are short numbers, and metadata is short; longer members named so are something else.
const MAX_LABEL_BYTES: u64 = 32;
const MAX_METADATA_BYTES: u64 = 64 << 10;

/// Adds the pictures of a tar file, by name; `prefix` goes before each name. Of members with one name the last
/// counts, as when the file is unpacked. As in a WebDataset, a member of the same name with the ending .cls that holds a
/// number is the picture's class, and one with the ending .json tells what is known of it.
pub(super) fn list(archive: &Path, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
    let broken = |error: std::io::Error| format!("it is no whole tar file: {error}");
    let file = File::open(archive).map_err(|error| format!("cannot open it: {error}"))?;
    let available = file.metadata().map_err(broken)?.len();
    let (mut members, sidecars) = members(BufReader::new(file)).map_err(broken)?;
    if let Some(cut) = members.iter().find(|member| member.offset.saturating_add(member.length) > available) {
        return Err(format!("it is cut off within {}", cut.name));
    }
    // Stable, so that of equal names the later member comes last.
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let archive: Arc<Path> = archive.into();
    for (index, member) in members.iter().enumerate() {
        let replaced = members.get(index + 1).is_some_and(|next| next.name == member.name);
        if !is_picture(Path::new(&member.name)) {
            inventory.other_files += 1;
        } else if !replaced {
            let span = Span { archive: archive.clone(), offset: member.offset, length: member.length };
            let mut item = Item::foreign(format!("{prefix}{}", member.name), Location::Member(span));
            if let Some(sidecar) = sidecars.get(sample_key(&member.name)) {
                item.label = sidecar.label;
                metadata::add(&sidecar.metadata, &mut item);
            }
            inventory.items.push(item);
        }
    }
    Ok(())
}

struct Member {
    name: String,
    offset: u64,
    length: u64,
}

/// What members beside a picture tell of it.
#[derive(Default)]
struct Sidecar {
    label: Option<i64>,
    metadata: Value,
}

/// The plain files of an archive, and what it tells of pictures, by the keys of their samples.
fn members(file: impl Read + Seek) -> std::io::Result<(Vec<Member>, HashMap<String, Sidecar>)> {
    let (mut members, mut sidecars) = (Vec::new(), HashMap::<String, Sidecar>::new());
    let mut archive = tar::Archive::new(file);
    for entry in archive.entries_with_seek()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let name = slashed(&entry.path()?);
            let length = entry.size();
            members.push(Member { name, offset: entry.raw_file_position(), length });
            let name = &members[members.len() - 1].name;
            if name.ends_with(".cls") && length <= MAX_LABEL_BYTES {
                let mut text = String::new();
                entry.read_to_string(&mut text)?;
                sidecars.entry(sample_key(name).to_owned()).or_default().label = text.trim().parse().ok();
            } else if name.ends_with(".json") && length <= MAX_METADATA_BYTES {
                let mut text = Vec::new();
                entry.read_to_end(&mut text)?;
                sidecars.entry(sample_key(name).to_owned()).or_default().metadata =
                    serde_json::from_slice(&text).unwrap_or_default();
            }
        }
    }
    Ok((members, sidecars))
}

/// What the files of one sample of a WebDataset share: the path up to the first dot of the file's name.
fn sample_key(name: &str) -> &str {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    name[file..].find('.').map_or(name, |dot| &name[..file + dot])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *content).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn listed(content: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        fs::write(&path, content).unwrap();
        let mut inventory = Inventory::default();
        list(&path, "p/", &mut inventory)?;
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
    fn the_last_of_one_name_counts() {
        let tar = tar_of(&[("a.png", b"old"), ("a.png", b"new")]);
        assert_eq!(listed(&tar).unwrap(), [("p/a.png".to_owned(), b"new".to_vec())]);
    }

    #[test]
    fn a_web_dataset_has_classes_and_metadata() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        let members: [(&str, &[u8]); 8] = [
            ("v1.0/b.seg.png", b"p"),
            ("v1.0/b.cls", b"7\n"),
            ("a.png", b"p"),
            ("a.cls", b"no"),
            ("c.cls", b"3"),
            ("c.jpg", b"p"),
            ("a.json", b"{\"post\": \"mini:5\"}"),
            ("c.json", b"no JSON"),
        ];
        fs::write(&path, tar_of(&members)).unwrap();
        let mut inventory = Inventory::default();
        list(&path, "", &mut inventory).unwrap();
        let facts = |item: &Item| (item.name.clone(), item.label, item.post().map(ToString::to_string));
        let found: Vec<_> = inventory.items.iter().map(facts).collect();
        let post = Some("mini:5".to_owned());
        let expected = [("a.png", None, post), ("c.jpg", Some(3), None), ("v1.0/b.seg.png", Some(7), None)];
        assert_eq!(found, expected.map(|(name, label, post)| (name.to_owned(), label, post)));
    }

    #[test]
    fn a_tar_that_is_cut_off_or_none_is_refused() {
        let tar = tar_of(&[("a.png", &[1; 2000]), ("b.png", &[2; 2000])]);
        assert!(listed(&tar[..3500]).unwrap_err().contains("cut off within b.png"));
        assert!(listed(&[7; 2000]).unwrap_err().contains("no whole tar file"));
    }
}
