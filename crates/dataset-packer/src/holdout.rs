//! Which images are kept out of training, decided by the hash of their post.

use std::collections::BTreeSet;

use contracts::{
    hash::{ContentHash, Hasher},
    id::{PictureHash, PostId},
};

/// Images that must be on one side together: those of one post, or of one picture where there is no post.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HoldoutGroup(ContentHash);

impl HoldoutGroup {
    /// The group of an image.
    pub(crate) fn of(post: Option<&PostId>, picture: &PictureHash) -> Self {
        let mut hasher = Hasher::default();
        hasher.field(b"holdout");
        match post {
            Some(post) => hasher.field(post.to_string().as_bytes()),
            None => hasher.field(picture.to_string().as_bytes()),
        }
        Self(hasher.finish())
    }

    /// A number from 0 to 1 that depends on the group alone.
    fn draw(&self) -> f64 {
        let leading = self.0.bytes().first_chunk::<8>().copied().unwrap_or_default();
        u64::from_be_bytes(leading) as f64 / 2_f64.powi(64)
    }
}

/// For each image whether it is held out: about `share` of the groups are.
///
/// A group's side depends on nothing but itself, so data that comes later moves nothing. The exception is a set so
/// small that one side would be empty although both are wanted: then the group nearest to it is moved there, until
/// more data comes.
pub(crate) fn held_out(groups: &[HoldoutGroup], share: f64) -> Vec<bool> {
    let distinct: BTreeSet<&HoldoutGroup> = groups.iter().collect();
    let drawn = distinct.iter().filter(|group| group.draw() < share).count();
    let moved = match (share > 0.0 && distinct.len() > 1, drawn) {
        (true, 0) => distinct.first(),
        (true, all) if all == distinct.len() => distinct.last(),
        _ => None,
    };
    let is_held_out = |group: &HoldoutGroup| (group.draw() < share) != moved.is_some_and(|moved| *moved == group);
    groups.iter().map(is_held_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(posts: std::ops::Range<u64>) -> Vec<HoldoutGroup> {
        let group = |post: u64| {
            let post: PostId = format!("mini:{post}").parse().unwrap();
            HoldoutGroup::of(Some(&post), &ContentHash::of(b"any"))
        };
        posts.map(group).collect()
    }

    #[test]
    fn about_the_share_is_held_out() {
        let check = |share: f64| {
            let held = held_out(&groups(0..10_000), share).into_iter().filter(|held| *held).count();
            assert!((held as f64 / 10_000.0 - share).abs() < 0.02, "{held} of 10000 for {share}");
        };
        [0.0, 0.05, 0.5, 0.9].into_iter().for_each(check);
    }

    #[test]
    fn more_data_moves_nothing() {
        let before = held_out(&groups(100..500), 0.1);
        let after = held_out(&groups(0..2000), 0.1);
        assert_eq!(before, after[100..500]);
    }

    #[test]
    fn a_post_is_on_one_side_and_pictures_without_go_by_content() {
        let (one, two) = (ContentHash::of(b"1"), ContentHash::of(b"2"));
        let post = "mini:1".parse().unwrap();
        assert_eq!(HoldoutGroup::of(Some(&post), &one), HoldoutGroup::of(Some(&post), &two));
        assert_ne!(HoldoutGroup::of(None, &one), HoldoutGroup::of(None, &two));
    }

    #[test]
    fn tiny_sets_have_both_sides_when_both_are_wanted() {
        let sides = |count: u64, share: f64| {
            let held = held_out(&groups(0..count), share);
            (held.iter().any(|held| *held), held.iter().any(|held| !held))
        };
        for count in 2..12 {
            assert_eq!(sides(count, 0.01), (true, true), "{count}");
            assert_eq!(sides(count, 0.9), (true, true), "{count}");
            assert_eq!(sides(count, 0.0), (false, true), "{count}");
        }
        let held = held_out(&groups(0..1), 0.01);
        assert_eq!(held.len(), 1);
    }
}
