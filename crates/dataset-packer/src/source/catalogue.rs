//! From a folder's or an archive's files to items: what each file is, and what the files tell of one another.

use std::io;

use pictures::{Format, Medium};
use rayon::prelude::*;

use super::{
    Inventory,
    class_list::{ByName, DATASET_JSON, METADATA_JSONL, OTHER_METADATA},
    entry::{Entry, is_hidden},
    notes::Notes,
    sidecar::{self, Sidecars},
};
use crate::{item::Item, left_out::LeftOut, location::Location, reason::DropReason};

/// A list of a hundred million classes is longer than any that is real.
const MAX_LIST_BYTES: u64 = 1 << 30;

/// What a file is.
enum Role {
    Picture,
    Sidecar(sidecar::Kind),
    DatasetJson,
    MetadataJsonl,
    LeftOut(DropReason),
}

/// Adds the pictures among the files, by name; `prefix` goes before each. What the other files tell of them is kept, and those
/// that tell nothing are left out by name. Of files with one name the last counts, as when an archive is unpacked.
///
/// # Errors
/// When a list of classes or metadata cannot be read.
pub(super) fn add(mut entries: Vec<Entry>, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
    // Stable, so that of equal names the later comes last.
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let roles: Vec<Role> = entries.par_iter().with_max_len(64).map(role).collect();
    let mut listed = Listed::default();
    let mut entries = entries.into_iter().zip(roles).peekable();
    while let Some((entry, role)) = entries.next() {
        let is_replaced = entries.peek().is_some_and(|(next, _)| next.name == entry.name);
        let role = if is_replaced { Role::LeftOut(DropReason::Replaced) } else { role };
        listed.take(entry, role, prefix, inventory);
    }
    listed.finish(prefix, inventory)
}

#[derive(Default)]
struct Listed {
    /// The pictures with their names within the source.
    pictures: Vec<(String, Item)>,
    sidecars: Sidecars,
    /// Files of the name dataset.json, and of the name metadata.jsonl.
    dataset_jsons: Vec<Entry>,
    metadata_jsonls: Vec<Entry>,
    notes: Notes,
}

impl Listed {
    fn take(&mut self, entry: Entry, role: Role, prefix: &str, inventory: &mut Inventory) {
        match role {
            Role::Picture => {
                let item = Item::foreign(format!("{prefix}{}", entry.name), entry.location);
                self.pictures.push((entry.name, item));
            }
            Role::Sidecar(kind) => self.sidecars.insert(kind, entry),
            Role::DatasetJson => self.dataset_jsons.push(entry),
            Role::MetadataJsonl => self.metadata_jsonls.push(entry),
            Role::LeftOut(reason) => {
                if OTHER_METADATA.contains(&parts(&entry.name).1) {
                    self.notes
                        .count(format!("lists are not read; write them as {METADATA_JSONL}"), || entry.name.clone());
                }
                inventory.left_out.push(LeftOut::new(format!("{prefix}{}", entry.name), reason));
            }
        }
    }

    fn finish(mut self, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
        let unused = self.sidecars.apply(&mut self.pictures, &mut self.notes);
        let left_out = |name: String| LeftOut::new(format!("{prefix}{name}"), DropReason::WithoutPicture);
        inventory.left_out.extend(unused.into_iter().map(left_out));
        if !self.dataset_jsons.is_empty() || !self.metadata_jsonls.is_empty() {
            let mut by_name = ByName::new(&mut self.pictures);
            for entry in &self.dataset_jsons {
                by_name.add_dataset_json(parts(&entry.name).0, &content(entry)?, &mut self.notes)?;
            }
            for entry in &self.metadata_jsonls {
                let lines = content(entry)?;
                by_name.add_metadata(parts(&entry.name).0, &String::from_utf8_lossy(&lines), &mut self.notes)?;
            }
        }
        let of = if prefix.is_empty() { "pack.sources" } else { prefix.trim_end_matches('/') };
        inventory.warnings.extend(self.notes.sentences(of));
        inventory.items.extend(self.pictures.into_iter().map(|(_, item)| item));
        Ok(())
    }
}

fn content(entry: &Entry) -> Result<Vec<u8>, String> {
    let unreadable = |problem: String| format!("cannot read {}: {problem}", entry.name);
    if entry.location.length().map_err(|error| unreadable(error.to_string()))? > MAX_LIST_BYTES {
        return Err(unreadable("it is too long".into()));
    }
    entry.location.read().map_err(|error| unreadable(error.to_string()))
}

/// The folder of a file, empty or with the slash behind it, and its own name.
fn parts(name: &str) -> (&str, &str) {
    name.split_at(name.rfind('/').map_or(0, |slash| slash + 1))
}

fn role(entry: &Entry) -> Role {
    match parts(&entry.name).1 {
        _ if is_hidden(&entry.name) => Role::LeftOut(DropReason::Hidden),
        DATASET_JSON => Role::DatasetJson,
        METADATA_JSONL => Role::MetadataJsonl,
        file => match sidecar::Kind::of(file) {
            Some(kind) => Role::Sidecar(kind),
            // A picture by its name is taken unseen: whether it is one shows when it is decoded.
            None if is_picture(file) => Role::Picture,
            None => by_content(&entry.location),
        },
    }
}

/// Whether a file's name is that of a picture that can be decoded.
pub(super) fn is_picture(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| Format::of_extension(extension).is_some())
}

/// What a file is whose name is no picture's.
fn by_content(location: &Location) -> Role {
    match location.head() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Role::LeftOut(DropReason::NotAFile),
        Err(_) => Role::LeftOut(DropReason::Unreadable),
        Ok(head) => match Medium::of(&head) {
            Some(Medium::Picture(format)) if is_certain(format, &head) => Role::Picture,
            Some(Medium::Unread(unread)) => Role::LeftOut(unread.decision().into()),
            _ => Role::LeftOut(DropReason::NoPicture),
        },
    }
}

/// Whether a text cannot begin so: the marks of two formats are two letters.
fn is_certain(format: Format, head: &[u8]) -> bool {
    match format {
        // Reserved, and 0 in every bitmap.
        Format::Bmp => head.get(6..10) == Some(&[0; 4]),
        Format::Pnm => false,
        _ => true,
    }
}
