//! The posts of the booru, and the changes that a living site makes to them.

mod folder;
mod painted;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use md5::{Digest, Md5};

pub(crate) use painted::encoded_painting;

use crate::{
    error::BooruError,
    post::{Format, Post, PostId, Status},
};

/// All posts by id, with the site's counter of edits.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    posts: BTreeMap<PostId, Post>,
    change: u64,
    index_order: u64,
    passed_over: Vec<PassedOver>,
}

/// A file of the folder that is not served, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The file that is not served.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl Catalogue {
    /// `count` painted illustrations, in which faces can be found. Most are safe, a few are deleted.
    /// The same seed and count give the same posts and bytes everywhere.
    ///
    /// # Errors
    /// When a picture cannot be encoded.
    pub fn painted(seed: u64, count: usize) -> Result<Self, BooruError> {
        painted::illustrations(seed, count)
    }

    /// `count` tiny pictures without faces: for tests that need many posts rather than something to see.
    ///
    /// # Errors
    /// When a picture cannot be encoded.
    pub fn swatches(seed: u64, count: usize) -> Result<Self, BooruError> {
        painted::swatches(seed, count)
    }

    /// The pictures (jpg, png, webp, gif) of a folder, in the order of their names, all safe and active.
    /// What cannot be read is passed over: see [`Catalogue::passed_over`].
    ///
    /// # Errors
    /// When the folder cannot be listed or holds no readable picture.
    pub fn from_folder(path: &Path) -> Result<Self, BooruError> {
        folder::catalogue(path)
    }

    /// The files of the folder that are not served.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// All posts, by ascending id.
    pub fn posts(&self) -> impl DoubleEndedIterator<Item = &Post> {
        self.posts.values()
    }

    /// How many posts there are, deleted ones too.
    pub fn len(&self) -> usize {
        self.posts.len()
    }

    /// Whether there is no post at all.
    pub fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }

    /// The site's counter of edits, as it stands.
    pub fn changes(&self) -> u64 {
        self.change
    }

    /// The post of that number.
    pub fn post(&self, id: PostId) -> Option<&Post> {
        self.posts.get(&id)
    }

    /// The first post whose original has this MD5.
    pub fn post_by_md5(&self, md5: &str) -> Option<&Post> {
        self.posts.values().find(|post| post.md5 == md5)
    }

    /// Adds a post, or replaces the one of that id. Its `change` and place in the list are made the newest.
    pub fn insert_post(&mut self, mut post: Post) {
        self.change += 1;
        self.index_order += 1;
        post.change = self.change;
        post.index_order = self.index_order;
        self.posts.insert(post.id, post);
    }

    /// Paints a picture that is not there yet and posts it as the newest; gives its id.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn insert_swatch(&mut self, seed: u64) -> Result<PostId, BooruError> {
        let id = self.posts.last_key_value().map_or(1, |(id, _)| id + 1);
        let post = painted::swatch(seed, self.posts.len() as u64, id)?;
        self.insert_post(post);
        Ok(id)
    }

    /// Moves a post to the front of the list pages, as sites do when a held post is released. False: no such post.
    pub fn bump(&mut self, id: PostId) -> bool {
        self.index_order += 1;
        let order = self.index_order;
        self.edit(id, |post| post.index_order = order)
    }

    /// Deletes a post: its record stays, its picture goes. False: no such post.
    pub fn delete_post(&mut self, id: PostId) -> bool {
        self.edit(id, |post| post.status = Status::Deleted)
    }

    /// Edits a post and counts the change. False: no such post.
    pub fn edit(&mut self, id: PostId, edit: impl FnOnce(&mut Post)) -> bool {
        let Some(post) = self.posts.get_mut(&id) else { return false };
        self.change += 1;
        edit(post);
        post.change = self.change;
        true
    }
}

/// MD5 as the sites write it.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// The format that a picture's first bytes tell.
pub(crate) fn format_of(bytes: &[u8]) -> Option<Format> {
    match image::guess_format(bytes).ok()? {
        image::ImageFormat::Jpeg => Some(Format::Jpeg),
        image::ImageFormat::Png => Some(Format::Png),
        image::ImageFormat::WebP => Some(Format::Webp),
        image::ImageFormat::Gif => Some(Format::Gif),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_site_counts_its_changes() {
        let mut site = Catalogue::swatches(3, 4).unwrap();
        let first = site.posts().next().unwrap().clone();
        let newest = site.posts().last().unwrap().clone();
        assert!(site.bump(first.id));
        let bumped = site.post(first.id).unwrap();
        assert!(bumped.change > newest.change && bumped.index_order > newest.index_order);
        assert!(site.delete_post(newest.id));
        assert_eq!(site.post(newest.id).unwrap().status, Status::Deleted);
        let added = site.insert_swatch(9).unwrap();
        assert!(added > newest.id);
        assert!(!site.bump(9_999) && !site.delete_post(9_999));
    }

    #[test]
    fn md5_is_the_usual_one() {
        assert_eq!(md5_hex(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}
