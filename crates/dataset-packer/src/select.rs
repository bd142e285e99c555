//! Which candidates become rows, and of which split. Cheap next to preparing them, and the same for any order of work.

use std::{cmp::Reverse, collections::HashMap};

use contracts::hash::ContentHash;
use dataset::{Dhash, NearIndex, SplitName};

use crate::{
    holdout::{HoldoutGroup, held_out},
    reason::DropReason,
};

/// Training images this near to a holdout image are left out even when duplicates are kept otherwise.
const LEAK_DISTANCE: u32 = 4;

/// What the selection looks at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Candidate {
    /// What must be on one side together.
    pub(crate) group: HoldoutGroup,
    /// The hash of the pixels at the dataset's size.
    pub(crate) content: ContentHash,
    /// The perceptual hash of these.
    pub(crate) dhash: Dhash,
    /// How large it was before scaling: the shorter side in pixels.
    pub(crate) size: u32,
}

/// What becomes of a candidate: a row, or why not, with the candidate that stays instead of it where that is the reason.
pub(crate) type Decision = Result<SplitName, (DropReason, Option<usize>)>;

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

/// What becomes of each candidate, in their order.
///
/// 1. What is too small goes.
/// 2. Sides are drawn by group.
/// 3. Duplicates within the holdout go.
/// 4. Training images near a holdout image go.
/// 5. Duplicates within the rest go.
///
/// Of duplicates the largest stays, of equals the first. No two rows of a split are then within the distance, and every
/// image left out is within it of one that stayed.
pub(crate) fn select(candidates: &[Candidate], policy: Policy) -> Vec<Decision> {
    let (large, small): (Vec<usize>, Vec<usize>) =
        (0..candidates.len()).partition(|index| candidates[*index].size >= policy.min_size);
    let groups: Vec<HoldoutGroup> = large.iter().map(|index| candidates[*index].group.clone()).collect();
    let sides = held_out(&groups, policy.holdout);
    let (held, shown): (Vec<_>, Vec<_>) = large.into_iter().zip(sides).partition(|(_, held)| *held);

    let mut decisions: Vec<Decision> = vec![Ok(SplitName::Train); candidates.len()];
    small.into_iter().for_each(|index| decisions[index] = Err((DropReason::TooSmall, None)));
    let mut near_holdout = NearIndex::new(LEAK_DISTANCE.max(policy.dedupe_distance.max(0) as u32));
    let mut duplicates = Duplicates::new(policy.dedupe_distance);
    for index in largest_first(held, candidates) {
        decisions[index] = duplicates.admit(index, &candidates[index]).map(|()| SplitName::Holdout);
        if decisions[index].is_ok() {
            near_holdout.insert(candidates[index].dhash, index);
        }
    }
    let mut duplicates = Duplicates::new(policy.dedupe_distance);
    for index in largest_first(shown, candidates) {
        let candidate = &candidates[index];
        decisions[index] = match near_holdout.near(candidate.dhash) {
            Some(held) => Err((DropReason::NearHoldout, Some(held))),
            None => duplicates.admit(index, candidate).map(|()| SplitName::Train),
        };
    }
    decisions
}

fn largest_first(indices: Vec<(usize, bool)>, candidates: &[Candidate]) -> Vec<usize> {
    let mut indices: Vec<usize> = indices.into_iter().map(|(index, _)| index).collect();
    indices.sort_by_key(|index| (Reverse(candidates[*index].size), *index));
    indices
}

/// The images admitted so far, to recognise the same again.
struct Duplicates {
    contents: Option<HashMap<ContentHash, usize>>,
    near: Option<NearIndex>,
}

impl Duplicates {
    /// −1: nothing is a duplicate; 0: the same pixels are; above: what looks alike too.
    fn new(distance: i32) -> Self {
        let near = u32::try_from(distance).ok().filter(|distance| *distance > 0).map(NearIndex::new);
        Self { contents: (distance >= 0).then(HashMap::new), near }
    }

    fn admit(&mut self, index: usize, candidate: &Candidate) -> Result<(), (DropReason, Option<usize>)> {
        if let Some(contents) = &mut self.contents {
            let first = *contents.entry(candidate.content).or_insert(index);
            if first != index {
                return Err((DropReason::ExactDuplicate, Some(first)));
            }
        }
        let Some(near) = &mut self.near else { return Ok(()) };
        if let Some(stays) = near.near(candidate.dhash) {
            return Err((DropReason::NearDuplicate, Some(stays)));
        }
        near.insert(candidate.dhash, index);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(post: u32, content: u32, dhash: u64, size: u32) -> Candidate {
        let post = format!("mini:{post}").parse().unwrap();
        let content = ContentHash::of(&content.to_le_bytes());
        Candidate { group: HoldoutGroup::of(Some(&post), &content), content, dhash: Dhash(dhash), size }
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
    }
}
