//! The crawl's records as pictures, each once, by the shard that its faces go to.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use contracts::{
    Layout,
    id::{FaceId, PictureHash, PostId, ShardId},
    record::{FaceRecord, PictureRecord},
};

use crate::shard::FoundFace;

/// A picture to look at, with the posts that it was in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture<'a> {
    /// The record of its lowest post.
    pub(crate) record: &'a PictureRecord,
    /// Its other posts, ascending.
    pub(crate) also_posts: Vec<PostId>,
}

/// Pictures by shard, in the order of their hashes.
pub(crate) type Shards<'a> = BTreeMap<ShardId, BTreeMap<PictureHash, Picture<'a>>>;

/// Groups records, which are sorted by post, into pictures, and pictures by the shard of their lowest post.
pub(crate) fn by_shard(records: &[PictureRecord]) -> Shards<'_> {
    let mut pictures = BTreeMap::<PictureHash, Picture<'_>>::new();
    for record in records {
        pictures
            .entry(record.sha256)
            .and_modify(|picture| picture.also_posts.push(record.post.clone()))
            .or_insert(Picture { record, also_posts: Vec::new() });
    }
    let mut shards = Shards::new();
    for (hash, picture) in pictures {
        shards.entry(picture.record.post.shard()).or_default().insert(hash, picture);
    }
    shards
}

impl Picture<'_> {
    /// The picture's SHA-256.
    pub(crate) fn hash(&self) -> PictureHash {
        self.record.sha256
    }

    /// Its file.
    pub(crate) fn path(&self, raw_manifest: &Path) -> PathBuf {
        raw_manifest.with_file_name(&self.record.file)
    }

    /// What the manifest says of one of its faces.
    pub(crate) fn face_record(&self, layout: &Layout, shard: &ShardId, face: &FoundFace, file: &str) -> FaceRecord {
        let record = self.record;
        FaceRecord {
            face: FaceId { picture: self.hash(), index: face.index },
            picture: self.hash(),
            post: record.post.clone(),
            also_posts: self.also_posts.clone(),
            file: layout.face_file(shard, file),
            pixel_box: face.pixel_box,
            neighbours: face.measures.neighbours,
            score: face.measures.score,
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
    use contracts::ContentHash;

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
        let records =
            [record("b", "mini:7"), record("a", "mini:4095"), record("a", "mini:4096"), record("c", "mini:4097")];
        let shards = by_shard(&records);
        let names: Vec<(String, usize)> =
            shards.iter().map(|(id, pictures)| (id.to_string(), pictures.len())).collect();
        assert_eq!(names, [("mini-00000".into(), 2), ("mini-00001".into(), 1)]);
        let twice = &shards[&"mini:1".parse::<PostId>().unwrap().shard()][&ContentHash::of(b"a")];
        assert_eq!(twice.record.post, "mini:4095".parse().unwrap());
        assert_eq!(twice.also_posts, ["mini:4096".parse().unwrap()]);
    }
}
