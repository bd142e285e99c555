//! The shards that the work is cut into: a range of posts each, or, without posts, a share of the names.

use contracts::{
    Config,
    hash::{ContentHash, Hasher},
};

use rayon::prelude::*;

use crate::{item::Item, prepare::MAX_FILE_BYTES};

/// Raised whenever the same file is prepared otherwise: other pixels, another fingerprint, another record. 2 decodes JPEG files to
/// libjpeg-turbo's bytes.
const PREPARATION_VERSION: u32 = 2;

/// Shards of the pictures of which no post is known.
const NAMED_SHARDS: u8 = 64;

/// A part of all items that is prepared, kept and written apart from all others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shard {
    /// Its index among the shards.
    pub(crate) number: usize,
    /// Its name, on disk too.
    pub(crate) name: String,
    /// Its items, in the order of the sources.
    pub(crate) items: Vec<Item>,
    /// Of each its index among the items of all shards.
    pub(crate) ordinals: Vec<u64>,
}

/// The name of the shard that an item belongs to. It depends on the item alone, so data that comes later moves nothing.
pub(crate) fn name_of(item: &Item) -> String {
    match item.post() {
        Some(post) => post.shard().to_string(),
        None => format!("pictures-{:02}", ContentHash::of(item.name.as_bytes()).bytes()[0] % NAMED_SHARDS),
    }
}

impl Shard {
    /// Stands for all that the prepared shard follows from: the files, as far as it shows without reading them, and how
    /// they are made images.
    pub(crate) fn file_key(&self, config: &Config) -> ContentHash {
        let mut hasher = preparation(config);
        self.items.iter().for_each(|item| item.location.identify(&mut hasher));
        hasher.finish()
    }

    /// The same by what is in the files, wherever they lie and whenever they were written: a copy, or a disk that is mounted
    /// elsewhere, makes the same images. They are read for it, which takes a fraction of what preparing them does.
    pub(crate) fn content_key(&self, config: &Config) -> ContentHash {
        let of_item = |item: &Item| {
            let mut hasher = Hasher::default();
            match item.location.length() {
                Ok(length) if length <= MAX_FILE_BYTES => match item.location.read() {
                    Ok(bytes) => hasher.field(&bytes),
                    Err(_) => hasher.field(b""),
                },
                // What is not read for its length is left out for it.
                length => hasher.field(&length.unwrap_or(0).to_le_bytes()),
            }
            // What the manifest says of a face is checked against its file.
            let origin = item.origin.as_ref();
            hasher.field(format!("{:?} {:?}", origin.map(|it| it.picture), origin.map(|it| it.pixels)).as_bytes());
            hasher.finish()
        };
        let hashes: Vec<ContentHash> = self.items.par_iter().map(of_item).collect();
        let mut hasher = preparation(config);
        hashes.iter().for_each(|hash| hasher.field(hash.bytes()));
        hasher.finish()
    }
}

/// How files are made images.
fn preparation(config: &Config) -> Hasher {
    let mut hasher = Hasher::default();
    hasher.field(&PREPARATION_VERSION.to_le_bytes());
    hasher.field(&config.pack.resolution.to_le_bytes());
    hasher.field(format!("{:?}", config.pack.fit).as_bytes());
    hasher
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::PathBuf};

    use super::*;
    use crate::location::Location;

    #[test]
    fn pictures_without_posts_go_by_their_names() {
        let item = |number: usize| Item::foreign(format!("{number}.png"), Location::File(PathBuf::new()));
        let names: BTreeSet<String> = (0..1000).map(|number| name_of(&item(number))).collect();
        assert_eq!(names.len(), usize::from(NAMED_SHARDS));
        assert_eq!(name_of(&item(7)), name_of(&Item { label: Some(1), ..item(7) }));
    }
}
