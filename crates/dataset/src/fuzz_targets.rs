//! Hostile Arrow files of others, and damaged files of our own behind hashes that fit.

use std::{collections::BTreeMap, fs, path::Path};

use contracts::Layout;
use fuzz::Target;

use crate::{
    Dataset, ImageShape, Limits, SplitName, Writer, foreign_images,
    index::{FileIndex, Index},
    row::tests::rows,
};

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

/// A dataset of two rows; the name of its shard of training images.
fn write(folder: &Path) -> String {
    let shape = ImageShape::new(8);
    let mut writer = Writer::create(folder, shape, Limits::default()).unwrap();
    for row in &rows() {
        writer.push(SplitName::Train, row, &shape.encode(&[7; 8 * 8 * 3]).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let index = Index::read(folder).unwrap().0;
    index.splits[&SplitName::Train].shards[0].file.name.clone()
}

/// Reads everything of a dataset.
fn read_all(folder: &Path) -> Result<(), String> {
    let said = |error: crate::DatasetError| error.to_string().replace(&*folder.to_string_lossy(), "");
    let dataset = Dataset::open(folder).map_err(said)?;
    for split in SplitName::ALL.map(|name| dataset.split(name)) {
        for row in 0..split.len() {
            split.pixels(row).map_err(said)?;
        }
        for row in split.rows() {
            row.map_err(said)?;
        }
    }
    Ok(())
}

#[test]
fn arrow_files() {
    let folder = tempfile::tempdir().unwrap();
    let shard = fs::read(folder.path().join(write(folder.path()))).unwrap();
    let read = |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.arrow");
        fs::write(&path, bytes).unwrap();
        let images = foreign_images(&path).map_err(|error| error.to_string().replace(&*path.to_string_lossy(), ""))?;
        for image in images.images.iter().flatten() {
            assert!(image.offset + image.length <= bytes.len() as u64);
        }
        Ok(())
    };
    Target::new("arrow_files", &[shard], read).words(&["image", "bytes", "label", "\u{ff}"]).executions(200).run();
}

#[test]
fn shards() {
    let folder = tempfile::tempdir().unwrap();
    let name = write(folder.path());
    let shard = fs::read(folder.path().join(&name)).unwrap();
    let read = move |bytes: &[u8]| {
        fs::write(folder.path().join(&name), bytes).unwrap();
        // An index that vouches for it, as that of another program might.
        let (mut index, _) = Index::read(folder.path()).unwrap();
        let shard = &mut index.splits.get_mut(&SplitName::Train).unwrap().shards[0];
        shard.file = FileIndex::of(name.clone(), bytes);
        let json = serde_json::to_vec(&Index::new(ImageShape::new(8), index.splits, index.files)).unwrap();
        // Not as it is published: nothing here need outlive a power cut.
        fs::write(Layout::index_of(folder.path()), json).unwrap();
        read_all(folder.path())
    };
    Target::new("shards", &[shard], read).executions(200).run();
}

#[test]
fn indices() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let path = Layout::index_of(folder.path());
    let index = fs::read(&path).unwrap();
    let read = move |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        read_all(folder.path())
    };
    /// Makes the checksum of an index hold, where it is one.
    fn sum(bytes: &mut Vec<u8>) {
        if let Ok(index) = serde_json::from_slice::<Index>(bytes) {
            let splits: BTreeMap<_, _> = index.splits.clone();
            *bytes = serde_json::to_vec(&Index::new(index.shape(), splits, index.files)).unwrap();
        }
    }
    Target::new("indices", &[index], read)
        .words(&["null", "[]", "../", "/etc/passwd"])
        .repair(sum)
        .executions(200)
        .run();
}
