//! Which candidates become rows, and of which split. Cheap next to preparing them, and the same for any order of work.
//!
//! Candidates are sorted on disk, first by their pixels, then by their size; in memory are the perceptual hashes of those that stay.

use std::path::PathBuf;

use contracts::{
    Layout,
    hash::ContentHash,
    publish::FileError,
    sorter::{Entry, Sorted, Sorter},
};
use dataset::{NearIndex, SplitName};

use crate::{candidate::Candidate, error::unreadable, holdout::Sides, reason::DropReason};

/// Training images this near to a holdout image are left out even when duplicates are kept otherwise.
const LEAK_DISTANCE: u32 = 4;

/// What becomes of a candidate: a row, or why not, with the ordinal of the one that stays instead of it where that is the reason.
pub(crate) type Decision = Result<SplitName, (DropReason, Option<u64>)>;

/// How the selection is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Policy {
    /// `pack.dedupe_distance`: in how many bits duplicates' hashes may differ; −1 keeps all, 0 drops equal pixels only.
    pub(crate) dedupe_distance: i32,
    /// `pack.holdout`: the share of the groups that is held out, from 0 to below 1.
    pub(crate) holdout: f64,
    /// `pack.min_size`: the smallest side in pixels, before scaling, that is taken.
    pub(crate) min_size: u32,
}

/// Candidates, until all are known and what becomes of each is decided.
///
/// 1. What is too small goes.
/// 2. Sides are drawn by group.
/// 3. Duplicates within the holdout go.
/// 4. Training images near a holdout image go.
/// 5. Duplicates within the rest go.
///
/// Of duplicates the largest stays, of equals the first. No two rows of a split are then within the distance, and every
/// image left out is within it of one that stayed. The same pixels have the same perceptual hash, on which this relies.
pub(crate) struct Selection {
    policy: Policy,
    sides: Sides,
    /// Those that are large enough by their pixels, of equal ones the largest first, and of equals of these the first.
    by_pixels: Sorter,
    /// What the next order is sorted beside.
    by_size: PathBuf,
}

impl Selection {
    /// No candidates yet.
    pub(crate) fn new(policy: Policy, layout: &Layout) -> Self {
        let by_pixels = Sorter::beside(&layout.packing("by-pixels"));
        Self { policy, sides: Sides::new(policy.holdout), by_pixels, by_size: layout.packing("by-size") }
    }

    /// Adds a candidate; returns what becomes of it where that is known already.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn push(&mut self, candidate: &Candidate) -> Result<Option<DropReason>, FileError> {
        if candidate.size < self.policy.min_size {
            return Ok(Some(DropReason::TooSmall));
        }
        self.sides.see(candidate.group);
        let key = [&candidate.content.bytes()[..], &largest_first(candidate)].concat();
        self.by_pixels.push(&key, &candidate.bytes())?;
        Ok(None)
    }

    /// Hands on what becomes of each of the others, those that may be held out first.
    ///
    /// # Errors
    /// When the disk is full, and whatever `take` returns.
    pub(crate) fn decide(
        self,
        mut take: impl FnMut(&Candidate, Decision) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let (policy, path) = (self.policy, self.by_size.clone());
        let mut sorted = self.sorted_by_size()?;
        let mut entries = sorted.entries().peekable();
        let mut near_holdout = NearIndex::new(LEAK_DISTANCE.max(policy.dedupe_distance.max(0) as u32));
        let mut duplicates = Duplicates::new(policy.dedupe_distance);
        let is_held_out = |next: &Result<Entry, _>| next.as_ref().is_ok_and(|next| next.key()[0] == HELD_OUT);
        while let Some(entry) = entries.next_if(is_held_out) {
            let (candidate, first) = read(&entry?, &path)?;
            let decision = duplicates.admit(&candidate, first).map(|()| SplitName::Holdout);
            if decision.is_ok() {
                near_holdout.insert(candidate.dhash, candidate.ordinal as usize);
            }
            take(&candidate, decision)?;
        }
        let mut duplicates = Duplicates::new(policy.dedupe_distance);
        for entry in entries {
            let (candidate, first) = read(&entry?, &path)?;
            let decision = match near_holdout.near(candidate.dhash) {
                Some(held) => Err((DropReason::NearHoldout, Some(held as u64))),
                None => duplicates.admit(&candidate, first).map(|()| SplitName::Train),
            };
            take(&candidate, decision)?;
        }
        Ok(())
    }

    /// Those that may be held out, then the others, each with the ordinal of the first of its side that has its pixels; the largest
    /// first.
    fn sorted_by_size(self) -> Result<Sorted, FileError> {
        let Self { sides, by_pixels, by_size: path, .. } = self;
        let mut by_size = Sorter::beside(&path);
        let mut last: Option<ContentHash> = None;
        let mut firsts = [None; 2];
        for entry in by_pixels.sorted()?.entries() {
            let entry = entry?;
            let (candidate, _) = Candidate::from_bytes(entry.value()).ok_or_else(|| unreadable(&path))?;
            if last.replace(candidate.content) != Some(candidate.content) {
                firsts = [None; 2];
            }
            let side = if sides.is_held_out(candidate.group) { HELD_OUT } else { SHOWN };
            let first: u64 = *firsts[usize::from(side)].get_or_insert(candidate.ordinal);
            let value = [&candidate.bytes()[..], &first.to_be_bytes()].concat();
            by_size.push(&[&[side][..], &largest_first(&candidate)].concat(), &value)?;
        }
        by_size.sorted()
    }
}

/// The sides, in the order in which they are decided on.
const HELD_OUT: u8 = 0;
const SHOWN: u8 = 1;

/// Bytes by which the largest comes first, and of equals the one that was listed first.
fn largest_first(candidate: &Candidate) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&(!candidate.size).to_be_bytes());
    key[4..].copy_from_slice(&candidate.ordinal.to_be_bytes());
    key
}

fn read(entry: &Entry, path: &std::path::Path) -> Result<(Candidate, u64), FileError> {
    let read = Candidate::from_bytes(entry.value());
    let read = read.and_then(|(candidate, first)| Some((candidate, u64::from_be_bytes(*first.first_chunk()?))));
    read.ok_or_else(|| unreadable(path))
}

/// The images admitted so far, to recognise the same again.
struct Duplicates {
    distance: i32,
    near: Option<NearIndex>,
}

impl Duplicates {
    /// −1: nothing is a duplicate; 0: the same pixels are; above: what looks alike too.
    fn new(distance: i32) -> Self {
        let near = u32::try_from(distance).ok().filter(|distance| *distance > 0).map(NearIndex::new);
        Self { distance, near }
    }

    /// Admits a candidate, unless it is the same as one before it; `first` is the first that has its pixels.
    fn admit(&mut self, candidate: &Candidate, first: u64) -> Result<(), (DropReason, Option<u64>)> {
        if self.distance >= 0 && first != candidate.ordinal {
            return Err((DropReason::ExactDuplicate, Some(first)));
        }
        let Some(near) = &mut self.near else { return Ok(()) };
        if let Some(stays) = near.near(candidate.dhash) {
            return Err((DropReason::NearDuplicate, Some(stays as u64)));
        }
        near.insert(candidate.dhash, candidate.ordinal as usize);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use contracts::config::PathsConfig;
    use dataset::Dhash;
    use proptest::prelude::*;

    use super::*;
    use crate::{candidate::PreparedPlace, holdout::HoldoutGroup};

    fn candidate(post: u32, content: u32, dhash: u64, size: u32) -> Candidate {
        let post = format!("mini:{post}").parse().unwrap();
        let content = ContentHash::of(&content.to_le_bytes());
        let place = PreparedPlace { shard: 0, index: 0 };
        let group = HoldoutGroup::of(Some(&post), &content);
        Candidate { ordinal: 0, place, group, content, dhash: Dhash(dhash), size, upscaled: false }
    }

    /// What becomes of each candidate, in their order.
    fn select(candidates: &[Candidate], policy: Policy) -> Vec<Decision> {
        let root = tempfile::tempdir().unwrap();
        let mut selection = Selection::new(policy, &Layout::new(root.path(), &PathsConfig::default()));
        let mut decisions: Vec<Option<Decision>> = vec![None; candidates.len()];
        for (ordinal, candidate) in candidates.iter().enumerate() {
            let decided = selection.push(&Candidate { ordinal: ordinal as u64, ..*candidate }).unwrap();
            decisions[ordinal] = decided.map(|reason| Err((reason, None)));
        }
        let mut take = |candidate: &Candidate, decision| {
            assert_eq!(decisions[candidate.ordinal as usize].replace(decision), None);
            Ok(())
        };
        selection.decide(&mut take).unwrap();
        decisions.into_iter().map(Option::unwrap).collect()
    }

    /// The same with everything in memory, a step after the other.
    fn in_memory(candidates: &[Candidate], policy: Policy) -> Vec<Decision> {
        let mut sides = Sides::new(policy.holdout);
        let large = |index: &usize| candidates[*index].size >= policy.min_size;
        (0..candidates.len()).filter(large).for_each(|index| sides.see(candidates[index].group));
        let mut order: Vec<usize> = (0..candidates.len()).filter(large).collect();
        order.sort_by_key(|index| (std::cmp::Reverse(candidates[*index].size), *index));
        let (held, shown): (Vec<usize>, Vec<usize>) =
            order.into_iter().partition(|index| sides.is_held_out(candidates[*index].group));
        let mut decisions = vec![Err((DropReason::TooSmall, None)); candidates.len()];
        let mut near_holdout = NearIndex::new(LEAK_DISTANCE.max(policy.dedupe_distance.max(0) as u32));
        for (split, indices) in [(SplitName::Holdout, held), (SplitName::Train, shown)] {
            let mut pixels = HashMap::new();
            let mut near = NearIndex::new(policy.dedupe_distance.max(0) as u32);
            for index in indices {
                let Candidate { content, dhash, .. } = candidates[index];
                let held = near_holdout.near(dhash).filter(|_| split == SplitName::Train);
                let same = |pixels: &mut HashMap<_, _>| *pixels.entry(content).or_insert(index);
                decisions[index] = if let Some(held) = held {
                    Err((DropReason::NearHoldout, Some(held as u64)))
                } else if policy.dedupe_distance >= 0 && same(&mut pixels) != index {
                    Err((DropReason::ExactDuplicate, Some(pixels[&content] as u64)))
                } else if let Some(stays) = near.near(dhash).filter(|_| policy.dedupe_distance > 0) {
                    Err((DropReason::NearDuplicate, Some(stays as u64)))
                } else {
                    near.insert(dhash, index);
                    Ok(split)
                };
                if decisions[index] == Ok(SplitName::Holdout) {
                    near_holdout.insert(dhash, index);
                }
            }
        }
        decisions
    }

    fn check(candidates: &[Candidate], dedupe_distance: i32, expected: &[Decision]) {
        let policy = Policy { dedupe_distance, holdout: 0.0, min_size: 20 };
        assert_eq!(select(candidates, policy), expected, "distance {dedupe_distance}");
    }

    #[test]
    fn duplicates_go_as_far_as_the_distance_says() {
        let kept = Ok(SplitName::Train);
        let all =
            [candidate(1, 1, 0, 96), candidate(2, 1, 0, 96), candidate(3, 2, 0b11, 96), candidate(4, 3, 0xff, 96)];
        check(&all, -1, &[kept, kept, kept, kept]);
        let (exact, near) = (Err((DropReason::ExactDuplicate, Some(0))), Err((DropReason::NearDuplicate, Some(0))));
        check(&all, 0, &[kept, exact, kept, kept]);
        check(&all, 2, &[kept, exact, near, kept]);
        check(&all, 8, &[kept, exact, near, near]);
    }

    #[test]
    fn the_largest_stays_and_of_equals_the_first() {
        let (kept, near) = (Ok(SplitName::Train), Err((DropReason::NearDuplicate, Some(1))));
        check(&[candidate(1, 1, 0, 50), candidate(2, 2, 1, 200), candidate(3, 3, 2, 200)], 4, &[near, kept, near]);
    }

    #[test]
    fn what_is_too_small_goes_and_keeps_nothing_out() {
        let small = Err((DropReason::TooSmall, None));
        check(&[candidate(1, 1, 0, 19), candidate(2, 1, 0, 20)], 4, &[small, Ok(SplitName::Train)]);
    }

    #[test]
    fn nothing_near_the_holdout_is_trained_on_even_with_dedupe_off() {
        let candidates: Vec<Candidate> =
            (0..400).map(|n| candidate(n, n, u64::from(n / 2) * 0x0123_4567_89ab_cdef, 96)).collect();
        for dedupe_distance in [-1, 0, 4] {
            let decisions = select(&candidates, Policy { dedupe_distance, holdout: 0.3, min_size: 0 });
            let of = |split| decisions.iter().zip(&candidates).filter(move |(decision, _)| **decision == Ok(split));
            assert!(of(SplitName::Holdout).count() > 50 && of(SplitName::Train).count() > 50);
            assert!(decisions.iter().any(|decision| matches!(decision, Err((DropReason::NearHoldout, Some(_))))));
            for (_, shown) in of(SplitName::Train) {
                assert!(of(SplitName::Holdout).all(|(_, held)| held.dhash.distance(shown.dhash) > LEAK_DISTANCE));
            }
        }
    }

    proptest! {
        #[test]
        fn rows_are_apart_and_every_drop_has_its_cause(
            dhashes in prop::collection::vec((0_u64..4096, 1_u32..5, 0_u32..30), 1..120),
            distance in 1_i32..4,
        ) {
            let candidates: Vec<Candidate> = dhashes
                .iter()
                .enumerate()
                .map(|(n, (dhash, size, content))| candidate(n as u32, content * 4096 + *dhash as u32, *dhash, *size))
                .collect();
            let decisions = select(&candidates, Policy { dedupe_distance: distance, holdout: 0.2, min_size: 0 });
            let kept: Vec<&Candidate> =
                decisions.iter().zip(&candidates).filter_map(|(decision, c)| decision.is_ok().then_some(c)).collect();
            for (index, one) in kept.iter().enumerate() {
                for other in &kept[..index] {
                    prop_assert!(one.dhash.distance(other.dhash) > distance as u32);
                }
            }
            for (decision, dropped) in decisions.iter().zip(&candidates) {
                let near = |other: &&&Candidate| other.dhash.distance(dropped.dhash) <= LEAK_DISTANCE;
                prop_assert!(decision.is_ok() || kept.iter().any(|other| near(&other)));
            }
        }

        #[test]
        fn it_decides_as_it_would_in_memory(
            images in prop::collection::vec((0_u64..600, 1_u32..5, 0_u32..3, 0_u32..60), 1..200),
            dedupe_distance in -1_i32..6,
            holdout in prop::sample::select(vec![0.0, 0.01, 0.3, 0.9]),
            min_size in 0_u32..3,
        ) {
            let image = |(dhash, size, content, post): &(u64, u32, u32, u32)| {
                candidate(*post, content * 4096 + *dhash as u32, *dhash, *size)
            };
            let candidates: Vec<Candidate> = images.iter().map(image).collect();
            let policy = Policy { dedupe_distance, holdout, min_size };
            prop_assert_eq!(select(&candidates, policy), in_memory(&candidates, policy));
        }
    }
}
