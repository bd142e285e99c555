//! The items of all sources, on disk and by shard: memory holds those of one shard at a time.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use contracts::{
    Layout,
    publish::FileError,
    sorter::{Entry, Sorted, Sorter},
};

use crate::{
    error::unreadable,
    item::Item,
    location::Location,
    shards::{Shard, name_of},
};

/// Items on their way to disk, in the order in which the sources list them.
pub(crate) struct ItemSpool {
    path: PathBuf,
    items: Sorter,
    count: u64,
    /// How many items each shard has, by name.
    shards: BTreeMap<String, u64>,
    /// The images of tables of pixels, by file: they have no file that an item could be read from.
    pixels: BTreeMap<Arc<Path>, Arc<Vec<u8>>>,
}

impl ItemSpool {
    /// No items yet.
    pub(crate) fn new(layout: &Layout) -> Self {
        let path = layout.packing("items");
        let items = Sorter::beside(&path);
        Self { path, items, count: 0, shards: BTreeMap::new(), pixels: BTreeMap::new() }
    }

    /// Adds the next item.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn push(&mut self, item: &Item) -> Result<(), FileError> {
        let shard = name_of(item);
        // No shard's name has a zero, so that one which begins another comes before it.
        let key = [shard.as_bytes(), &[0], &self.count.to_be_bytes()].concat();
        let json = serde_json::to_vec(item).map_err(|error| FileError::at("write", &self.path)(error.into()))?;
        self.items.push(&key, &json)?;
        if let Location::Grey { file, pixels, .. } = &item.location {
            self.pixels.entry(file.clone()).or_insert_with(|| pixels.clone());
        }
        *self.shards.entry(shard).or_default() += 1;
        self.count += 1;
        Ok(())
    }

    /// All items, by shard.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn sorted(self) -> Result<ItemStore, FileError> {
        let Self { path, items, count, shards, pixels } = self;
        Ok(ItemStore { path, items: items.sorted()?, count, shards: shards.into_iter().collect(), pixels })
    }
}

/// All items, by shard, as often as they are asked for.
pub(crate) struct ItemStore {
    path: PathBuf,
    items: Sorted,
    count: u64,
    shards: Vec<(String, u64)>,
    pixels: BTreeMap<Arc<Path>, Arc<Vec<u8>>>,
}

impl ItemStore {
    /// How many items there are.
    pub(crate) fn len(&self) -> u64 {
        self.count
    }

    /// The shards in their order, by name, with how many items each has.
    pub(crate) fn shard_names(&self) -> &[(String, u64)] {
        &self.shards
    }

    /// Reads one shard after the other, in their order: those whose numbers are wanted.
    pub(crate) fn shards<'a>(
        &'a mut self,
        is_wanted: impl Fn(usize) -> bool + 'a,
    ) -> impl Iterator<Item = Result<Shard, FileError>> + 'a {
        let Self { path, items, shards, pixels, .. } = self;
        let mut entries = items.entries();
        shards.iter().enumerate().filter_map(move |(number, (name, count))| {
            let of_shard = entries.by_ref().take(*count as usize);
            if is_wanted(number) {
                Some(read(number, name, of_shard, pixels, path))
            } else {
                of_shard.map(|entry| entry.map(drop)).find_map(Result::err).map(Err)
            }
        })
    }
}

fn read(
    number: usize,
    name: &str,
    entries: impl Iterator<Item = Result<Entry, FileError>>,
    pixels: &BTreeMap<Arc<Path>, Arc<Vec<u8>>>,
    path: &Path,
) -> Result<Shard, FileError> {
    let mut shard = Shard { number, name: name.to_owned(), ordinals: Vec::new(), items: Vec::new() };
    for entry in entries {
        let entry = entry?;
        let unreadable = || unreadable(path);
        let mut item: Item = serde_json::from_slice(entry.value()).map_err(|_| unreadable())?;
        if let Location::Grey { file, pixels: of_item, .. } = &mut item.location {
            *of_item = pixels.get(file).cloned().unwrap_or_default();
        }
        let ordinal = entry.key().last_chunk().ok_or_else(unreadable)?;
        shard.ordinals.push(u64::from_be_bytes(*ordinal));
        shard.items.push(item);
    }
    Ok(shard)
}

#[cfg(test)]
mod tests {
    use contracts::config::PathsConfig;

    use super::*;
    use crate::{item::Origin, location::Span};

    /// What is read of a few items, by shard.
    fn stored(items: &[Item], is_wanted: impl Fn(usize) -> bool) -> Vec<(String, Vec<u64>, Vec<Item>)> {
        let root = tempfile::tempdir().unwrap();
        let mut spool = ItemSpool::new(&Layout::new(root.path(), &PathsConfig::default()));
        items.iter().for_each(|item| spool.push(item).unwrap());
        let mut store = spool.sorted().unwrap();
        assert_eq!(store.len(), items.len() as u64);
        let shards = store.shards(is_wanted).map(Result::unwrap);
        shards.map(|shard| (shard.name, shard.ordinals, shard.items)).collect()
    }

    #[test]
    fn items_come_back_as_they_were_by_shard_and_in_their_order() {
        let of_post = |post: &str, location| Item {
            origin: Some(Box::new(Origin {
                post: Some(post.parse().unwrap()),
                // No decimal number of this length is read again to the bit by every reader, and a table may have any number.
                score: Some(f64::from_bits(0x7ff8_0000_0000_0001)),
                tags: vec!["a \"tag\"".into()],
                side: Some(7),
                ..Origin::default()
            })),
            ..Item::foreign("a.png".into(), location)
        };
        let archive: Arc<Path> = Path::new("a.tar").into();
        let pixels = Arc::new(vec![1, 2, 3, 4]);
        let span = Span { archive: archive.clone(), offset: 3, length: 4 };
        let items = [
            of_post("mini:9000", Location::File("x/b.png".into())),
            of_post("mini:1", Location::Member(span.clone())),
            of_post("mini:9001", Location::Deflated { span, length: 9 }),
            of_post("mini:2", Location::Grey { file: archive, pixels, offset: 2, size: [1, 2] }),
        ];
        let found = stored(&items, |_| true);
        let bits = |item: &Item| item.origin.as_ref().and_then(|origin| origin.score).map(f64::to_bits);
        let plain = |item: &Item| {
            let mut item = item.clone();
            item.origin.as_mut().unwrap().score = None;
            item
        };
        for (shard, (name, expected)) in found.iter().zip([("mini-00000", [1, 3]), ("mini-00002", [0, 2])]) {
            assert_eq!((shard.0.as_str(), &shard.1[..]), (name, &expected.map(|n| n as u64)[..]));
            for (item, expected) in shard.2.iter().zip(expected.map(|n| &items[n])) {
                assert_eq!((plain(item), bits(item)), (plain(expected), bits(expected)));
            }
        }
        let second: Vec<_> = stored(&items, |number| number == 1).into_iter().map(|shard| shard.0).collect();
        assert_eq!(second, ["mini-00002"]);
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_no_text_stay_what_they_are() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(b"a\xff\"b.png"));
        let item = Item::foreign("a.png".into(), Location::File(path));
        assert_eq!(stored(std::slice::from_ref(&item), |_| true)[0].2, [item]);
    }
}
