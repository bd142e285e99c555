//! Faces by shard: what is made of them is made, kept and made again by the shard.

use std::collections::BTreeMap;

use contracts::ContentHash;

use crate::faces::Face;

/// One shard's faces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) name: String,
    /// Their places among all faces.
    pub(crate) faces: Vec<usize>,
    /// What they are made of: other faces or other pixels have another.
    pub(crate) source: ContentHash,
}

/// The shards of all faces, by name.
pub(crate) fn of(faces: &[Face]) -> Vec<Shard> {
    let mut shards = BTreeMap::<&str, Vec<usize>>::new();
    for (index, face) in faces.iter().enumerate() {
        shards.entry(face.shard()).or_default().push(index);
    }
    let shard = |(name, indices): (&str, Vec<usize>)| Shard {
        name: name.into(),
        source: source(indices.iter().map(|index| &faces[*index])),
        faces: indices,
    };
    shards.into_iter().map(shard).collect()
}

fn source<'a>(faces: impl Iterator<Item = &'a Face>) -> ContentHash {
    let line = |face: &Face| format!("{} {:?} {:?}\n", face.file, face.pixel_box, face.pixels);
    ContentHash::of(faces.map(line).collect::<String>().as_bytes())
}
