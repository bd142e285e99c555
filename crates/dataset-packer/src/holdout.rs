//! Which images are kept out of training, decided by the hash of their post.

use contracts::{
    hash::{ContentHash, Hasher},
    id::{PictureHash, PostId},
};

/// Images that must be on one side together: those of one post, or of one picture where there is no post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HoldoutGroup(pub(crate) ContentHash);

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

/// Which groups are held out: about a share of them.
///
/// A group's side depends on nothing but itself, so data that comes later moves nothing. The exception is a set so
/// small that one side would be empty although both are wanted: then the group nearest to it is moved there, until
/// more data comes.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    share: f64,
    /// The least and the greatest group that was seen.
    ends: Option<[HoldoutGroup; 2]>,
    is_any_held_out: bool,
    is_any_shown: bool,
}

impl Sides {
    /// The sides of no groups, of which this share is to be held out.
    pub(crate) fn new(share: f64) -> Self {
        Self { share, ends: None, is_any_held_out: false, is_any_shown: false }
    }

    /// Takes in a group; all are taken in before any is asked for.
    pub(crate) fn see(&mut self, group: HoldoutGroup) {
        *(if group.draw() < self.share { &mut self.is_any_held_out } else { &mut self.is_any_shown }) = true;
        self.ends = Some(self.ends.map_or([group; 2], |[least, greatest]| [least.min(group), greatest.max(group)]));
    }

    /// Whether a group is held out.
    pub(crate) fn is_held_out(&self, group: HoldoutGroup) -> bool {
        (group.draw() < self.share) != (self.moved() == Some(group))
    }

    /// The group that is moved to the side that would be empty.
    fn moved(&self) -> Option<HoldoutGroup> {
        let [least, greatest] = self.ends.filter(|[least, greatest]| self.share > 0.0 && least != greatest)?;
        match (self.is_any_held_out, self.is_any_shown) {
            (false, _) => Some(least),
            (_, false) => Some(greatest),
            _ => None,
        }
    }
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

    fn held_out(groups: &[HoldoutGroup], share: f64) -> Vec<bool> {
        let mut sides = Sides::new(share);
        groups.iter().for_each(|group| sides.see(*group));
        groups.iter().map(|group| sides.is_held_out(*group)).collect()
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
