//! The crawl's records as pictures, each once, a shard at a time: memory never holds all of them.

use std::{
    collections::{BTreeMap, HashMap},
    iter::Peekable,
    path::{Path, PathBuf},
};

use contracts::{
    ContentHash, Layout,
    id::{FaceId, PictureHash, PostId, ShardId},
    manifest::{ManifestError, Records},
    record::{FaceRecord, PictureRecord},
    sorter::{Entry, Sorted, Sorter},
    tombstone::Tombstones,
};

use crate::{geometry::corners, shard::FoundFace};

/// A picture to look at, with the posts that it was in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    /// The record of its lowest post.
    pub(crate) record: PictureRecord,
    /// The other posts that it was in, ascending.
    pub(crate) other_posts: Vec<PostId>,
}

/// A shard's pictures, in the order in which its record lists them.
pub(crate) type Pictures = BTreeMap<PictureHash, Picture>;

/// What a first look through the crawl's records tells: which shards there are, and which pictures were posted more than once.
pub(crate) struct Inventory {
    /// The shards and how many pictures each has, in the order of the records.
    pub(crate) shards: Vec<(ShardId, u64)>,
    /// The hash of the records.
    pub(crate) hash: ContentHash,
    /// The posts of a picture but the lowest, ascending.
    other_posts: HashMap<PictureHash, Vec<PostId>>,
}

impl Inventory {
    /// Looks through the records. A picture belongs to the shard of its lowest post.
    pub(crate) fn take(layout: &Layout, tombstones: &Tombstones) -> Result<Self, ManifestError> {
        let mut records = Records::<PictureRecord>::open(&layout.raw_manifest())?;
        let mut shards = Vec::<(ShardId, u64)>::new();
        // By picture, so that those of one lie side by side, and of these the lowest post first, as the records are sorted by post.
        let mut posts = Sorter::beside(&layout.faces_manifest().with_extension("posts"));
        for record in records.by_ref() {
            let record = record?;
            if tombstones.covers(&record.post) {
                continue;
            }
            posts.push(record.sha256.bytes(), record.post.to_string().as_bytes())?;
            let shard = record.post.shard();
            match shards.last_mut() {
                Some((last, pictures)) if *last == shard => *pictures += 1,
                _ => shards.push((shard, 1)),
            }
        }
        let hash = records.hash()?;
        let other_posts = repeats(&mut posts.sorted()?)?;
        let mut surplus = HashMap::<ShardId, u64>::new();
        other_posts.values().flatten().for_each(|post| *surplus.entry(post.shard()).or_default() += 1);
        shards.iter_mut().for_each(|(shard, pictures)| *pictures -= surplus.get(shard).copied().unwrap_or(0));
        shards.retain(|(_, pictures)| *pictures > 0);
        Ok(Self { shards, hash, other_posts })
    }

    /// Goes through the records again, a shard at a time.
    pub(crate) fn open<'a>(
        &'a self,
        layout: &Layout,
        tombstones: &'a Tombstones,
    ) -> Result<ShardReader<'a>, ManifestError> {
        let records = Records::open(&layout.raw_manifest())?.peekable();
        Ok(ShardReader { inventory: self, tombstones, records })
    }
}

/// Of pictures that were posted more than once the posts but the first.
fn repeats(posts: &mut Sorted) -> Result<HashMap<PictureHash, Vec<PostId>>, ManifestError> {
    let mut repeats = HashMap::<_, Vec<PostId>>::new();
    let mut last = None;
    for entry in posts.entries() {
        let (picture, post) = read(&entry?).unwrap_or_else(|| unreachable!("it was written so"));
        if last == Some(picture) {
            repeats.entry(picture).or_default().push(post);
        }
        last = Some(picture);
    }
    Ok(repeats)
}

fn read(entry: &Entry) -> Option<(PictureHash, PostId)> {
    let post = str::from_utf8(entry.value()).ok()?.parse().ok()?;
    Some((PictureHash::from_bytes(entry.key().try_into().ok()?), post))
}

/// The pictures of one shard after the other.
pub(crate) struct ShardReader<'a> {
    inventory: &'a Inventory,
    tombstones: &'a Tombstones,
    records: Peekable<Records<PictureRecord>>,
}

impl ShardReader<'_> {
    /// The pictures of a shard of the inventory. Shards are asked for in its order; those passed over are skipped.
    pub(crate) fn pictures(&mut self, shard: &ShardId) -> Result<Pictures, ManifestError> {
        let elsewhere = |next: &Result<PictureRecord, _>| next.as_ref().is_ok_and(|next| next.post.shard() != *shard);
        while self.records.next_if(elsewhere).is_some() {}
        let mut pictures = Pictures::new();
        while let Some(record) = self.records.next_if(|next| !elsewhere(next)) {
            let record = record?;
            let other_posts = self.inventory.other_posts.get(&record.sha256).cloned().unwrap_or_default();
            if !self.tombstones.covers(&record.post) && !other_posts.contains(&record.post) {
                pictures.insert(record.sha256, Picture { record, other_posts });
            }
        }
        Ok(pictures)
    }
}

impl Picture {
    /// The SHA-256 of its file, which is its name too.
    pub(crate) fn hash(&self) -> PictureHash {
        self.record.sha256
    }

    /// Where its file lies, beside the crawl's manifest.
    pub(crate) fn path(&self, raw_manifest: &Path) -> PathBuf {
        raw_manifest.with_file_name(&self.record.file)
    }

    /// What the manifest says of one of its faces.
    pub(crate) fn face_record(&self, layout: &Layout, shard: &ShardId, face: &FoundFace, file: &str) -> FaceRecord {
        let record = &self.record;
        FaceRecord {
            face: FaceId { picture: self.hash(), index: face.index },
            picture: self.hash(),
            post: record.post.clone(),
            other_posts: self.other_posts.clone(),
            file: layout.face_file(shard, file),
            pixel_box: face.pixel_box,
            angle: face.angle,
            corners: (face.angle != 0.0).then(|| corners(&face.pixel_box, face.angle)),
            neighbours: face.measures.neighbours,
            score: face.measures.score,
            confidence: face.measures.confidence,
            grey_std: face.measures.grey_std,
            sharpness: face.measures.sharpness,
            side: face.measures.side,
            pixels_sha256: face.pixels,
            rating: record.rating.clone(),
            tags: record.tags.clone(),
            source_url: record.source_url.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use contracts::{
        manifest::{self, Header},
        tombstone::{self, Tombstone},
    };

    use super::*;

    fn record(picture: &str, post: &str) -> PictureRecord {
        PictureRecord {
            sha256: ContentHash::of(picture.as_bytes()),
            post: post.parse().unwrap(),
            md5_claimed: None,
            variant: "sample".into(),
            file: format!("pictures/{picture}.png"),
            bytes: 1,
            width: 1,
            height: 1,
            stored_sides: None,
            rating: "s".into(),
            tags: Vec::new(),
            author: None,
            source_url: String::new(),
            page_url: String::new(),
            original_source: None,
        }
    }

    #[test]
    fn a_picture_posted_twice_belongs_to_its_lowest_post() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path(), &Default::default());
        let mut records = [
            record("gone", "mini:1"),
            record("b", "mini:7"),
            record("a", "mini:4095"),
            record("a", "mini:4096"),
            record("c", "mini:4097"),
            record("d", "mini:90000"),
            record("a", "other:1"),
        ];
        let header = Header::new::<PictureRecord>("test", None, BTreeMap::new(), 1);
        let hash = manifest::write(&layout.raw_manifest(), &header, &mut records).unwrap();
        tombstone::add(&layout, [Tombstone { post: "mini:1".parse().unwrap(), sha256: None }]).unwrap();
        let tombstones = Tombstones::read(&layout).unwrap();

        let inventory = Inventory::take(&layout, &tombstones).unwrap();
        assert_eq!(inventory.hash, hash);
        let names: Vec<(String, u64)> = inventory.shards.iter().map(|(id, count)| (id.to_string(), *count)).collect();
        assert_eq!(names, [("mini-00000".into(), 2), ("mini-00001".into(), 1), ("mini-00021".into(), 1)]);
        let check = |wanted: &[usize], expected: &[&[&str]]| {
            let mut reader = inventory.open(&layout, &tombstones).unwrap();
            for (index, expected) in wanted.iter().zip(expected) {
                let pictures = reader.pictures(&inventory.shards[*index].0).unwrap();
                let expected: Vec<PictureHash> = expected.iter().map(|name| ContentHash::of(name.as_bytes())).collect();
                assert!(pictures.keys().eq(BTreeSet::from_iter(&expected)), "shard {index}");
            }
        };
        check(&[0, 1, 2], &[&["a", "b"], &["c"], &["d"]]);
        check(&[2], &[&["d"]]);
        let twice = &inventory.open(&layout, &tombstones).unwrap().pictures(&inventory.shards[0].0).unwrap()
            [&ContentHash::of(b"a")];
        assert_eq!(twice.record.post, "mini:4095".parse().unwrap());
        assert_eq!(twice.other_posts, ["mini:4096".parse().unwrap(), "other:1".parse().unwrap()]);
    }
}
