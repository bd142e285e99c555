//! What a crawl must end with, as the site itself knows it.

use std::collections::BTreeMap;

use mini_booru::{MiniBooru, Post, Rating, Status, post::Original};

/// What a crawl holds: the bytes of each post's picture.
pub(crate) type Held = BTreeMap<u64, Vec<u8>>;

/// What is wrong with what a crawl of all safe originals holds: posts that are missing, false bytes, posts that are
/// none of its business. Posts that were deleted while it ran may be there or not.
pub(crate) fn complaints(booru: &MiniBooru, held: &Held) -> Vec<String> {
    judged(booru, held, |post, bytes| original(post) == bytes.as_slice())
}

/// The same of previews or samples, of which the oracle has no bytes: only their sides are looked at.
pub(crate) fn complaints_of_sides(booru: &MiniBooru, held: &BTreeMap<u64, (u32, u32)>, side: u32) -> Vec<String> {
    judged(booru, held, |post, sides| {
        let expected = post.size.within(side);
        *sides == (expected.width, expected.height)
    })
}

fn judged<T>(booru: &MiniBooru, held: &BTreeMap<u64, T>, right: impl Fn(&Post, &T) -> bool) -> Vec<String> {
    let catalogue = booru.catalogue();
    let safe = |post: &&Post| post.rating == Rating::Safe;
    let wanted = catalogue.posts().filter(safe).filter(|post| post.status == Status::Active);
    let missing = wanted.filter(|post| !held.contains_key(&post.id)).map(|post| format!("post {} is missing", post.id));
    let others = held.iter().filter_map(|(id, picture)| match catalogue.post(*id).filter(safe) {
        None => Some(format!("post {id} is none of the safe ones")),
        Some(post) if !right(post, picture) => Some(format!("post {id} has false bytes")),
        Some(_) => None,
    });
    missing.chain(others).collect()
}

fn original(post: &Post) -> &[u8] {
    match &post.original {
        Original::Memory(bytes) => bytes,
        Original::File(path) => panic!("{} is not in memory", path.display()),
    }
}
