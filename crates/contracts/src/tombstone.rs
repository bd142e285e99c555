//! Posts that were forgotten on request: no stage takes them again.

use std::{collections::BTreeMap, io::Write};

use serde::{Deserialize, Serialize};

use crate::{
    id::{PictureHash, PostId},
    layout::Layout,
    publish::{self, FileError},
};

/// A forgotten post, a line of `tombstones.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The post that was forgotten.
    pub post: PostId,
    /// The picture that it had here, where it had one.
    pub sha256: Option<PictureHash>,
}

/// The posts that were forgotten, each with the picture that it had here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tombstones(BTreeMap<PostId, Option<PictureHash>>);

impl Tombstones {
    /// Reads `tombstones.jsonl`; no file means that nothing was forgotten.
    ///
    /// # Errors
    /// When it is there but cannot be read.
    pub fn read(layout: &Layout) -> Result<Self, FileError> {
        let path = layout.tombstones();
        let text = publish::read_text_or_empty(&path)?;
        let parse =
            |line| serde_json::from_str::<Tombstone>(line).map_err(|error| FileError::at("read", &path)(error.into()));
        let all = text.lines().map(parse).map(|stone| stone.map(|stone| (stone.post, stone.sha256)));
        Ok(Self(all.collect::<Result<_, _>>()?))
    }

    /// Whether a post was forgotten.
    pub fn covers(&self, post: &PostId) -> bool {
        self.0.contains_key(post)
    }

    /// The forgotten posts, ascending.
    pub fn posts(&self) -> impl Iterator<Item = &PostId> {
        self.0.keys()
    }

    /// Whether nothing was forgotten.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Adds posts to `tombstones.jsonl`; those that are there already are not repeated.
///
/// # Errors
/// When the file cannot be read or written.
pub fn add(layout: &Layout, new: impl IntoIterator<Item = Tombstone>) -> Result<(), FileError> {
    let old = Tombstones::read(layout)?;
    let mut all = old.clone();
    for Tombstone { post, sha256 } in new {
        let known = all.0.entry(post).or_default();
        *known = known.or(sha256);
    }
    if all == old {
        return Ok(());
    }
    publish::write_with(&layout.tombstones(), |file| {
        all.0
            .into_iter()
            .try_for_each(|(post, sha256)| writeln!(file, "{}", serde_json::to_string(&Tombstone { post, sha256 })?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::PathsConfig, hash::ContentHash};

    #[test]
    fn what_was_forgotten_stays_so() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        assert!(Tombstones::read(&layout).unwrap().is_empty());
        let (one, two): (PostId, PostId) = ("mini:1".parse().unwrap(), "mini:2".parse().unwrap());
        add(&layout, [Tombstone { post: one.clone(), sha256: Some(ContentHash::of(b"a")) }]).unwrap();
        add(&layout, [Tombstone { post: one.clone(), sha256: None }]).unwrap();
        let stones = Tombstones::read(&layout).unwrap();
        assert!(stones.covers(&one) && !stones.covers(&two));
        let text = std::fs::read_to_string(layout.tombstones()).unwrap();
        assert!(text.lines().count() == 1 && text.contains("sha256\":\""), "{text}");
    }
}
