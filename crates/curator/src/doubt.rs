//! How doubtful each face is, so that odd crops come first.

use dataset::NearIndex;
use rayon::prelude::*;

use crate::{
    faces::Face,
    thumbnails::{Coarse, Thumbnails},
};

/// Faces whose hashes differ in at most so many bits are doubles.
const DOUBLE: u32 = 3;

/// How doubtful a double is: among the first twentieth, but not before what is no face at all.
const DOUBT_OF_DOUBLES: f32 = 0.95;

/// Faces that each is held against to see how alone it is: comparing all with all would take hours at 100,000.
const REFERENCES: usize = 2048;

/// What is known of the faces, each list in their order.
pub(crate) struct Evidence<'a> {
    pub(crate) faces: &'a [Face],
    pub(crate) thumbnails: &'a Thumbnails,
    /// The discriminator's logits, where there is one.
    pub(crate) scores: Option<&'a [Option<f32>]>,
}

/// What speaks against each face, in the faces' order.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    /// The greatest of the ranks by detector, sharpness, discriminator and loneliness, 0 to 1: as doubtful as the worst that is
    /// known of it.
    pub(crate) total: Vec<f32>,
    /// The discriminator's logit, where it was asked.
    pub(crate) scores: Option<Vec<f32>>,
    /// The root of the mean squared difference to the nearest reference, in levels of 0 to 255.
    pub(crate) loneliness: Vec<f32>,
    /// An earlier face that it is a double of.
    pub(crate) doubles: Vec<Option<usize>>,
}

impl Doubt {
    pub(crate) fn of(evidence: &Evidence<'_>) -> Self {
        let loneliness = loneliness(&evidence.thumbnails.coarse);
        let doubles = doubles(evidence.thumbnails);
        let low = |value: fn(&Face) -> f64| evidence.faces.iter().map(|face| -value(face) as f32).collect::<Vec<_>>();
        let mut ranks = vec![rank(&low(|face| face.score)), rank(&low(|face| face.sharpness)), rank(&loneliness)];
        // A face that could not be asked about is no odder than another.
        let scores =
            evidence.scores.map(|scores| scores.iter().map(|score| score.unwrap_or(0.0)).collect::<Vec<f32>>());
        ranks.extend(scores.iter().map(|scores| rank(&scores.iter().map(|score| -score).collect::<Vec<_>>())));
        let total = |index: usize| {
            let worst = ranks.iter().map(|ranks| ranks[index]).fold(0.0, f32::max);
            if doubles[index].is_some() { worst.max(DOUBT_OF_DOUBLES) } else { worst }
        };
        Self { total: (0..evidence.faces.len()).map(total).collect(), scores, loneliness, doubles }
    }
}

/// Each value's rank, from 0 for the least to 1 for the greatest; equal values have one rank.
fn rank(values: &[f32]) -> Vec<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let last = (values.len().max(2) - 1) as f32;
    values.iter().map(|value| sorted.partition_point(|other| other < value) as f32 / last).collect()
}

fn loneliness(coarse: &[Option<Coarse>]) -> Vec<f32> {
    let there: Vec<usize> = (0..coarse.len()).filter(|index| coarse[*index].is_some()).collect();
    let step = there.len().div_ceil(REFERENCES).max(1);
    let references: Vec<usize> = there.into_iter().step_by(step).collect();
    let nearest = |(index, own): (usize, &Option<Coarse>)| {
        let own = own.as_ref()?;
        let others = references.iter().filter(|other| **other != index).filter_map(|other| coarse[*other].as_ref());
        others.map(|other| squares(own, other)).min()
    };
    let length =
        |squares: Option<u32>| squares.map_or(0.0, |sum| (sum as f32 / crate::thumbnails::COARSE as f32).sqrt());
    coarse.par_iter().enumerate().map(|entry| length(nearest(entry))).collect()
}

fn squares(a: &Coarse, b: &Coarse) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum()
}

fn doubles(thumbnails: &Thumbnails) -> Vec<Option<usize>> {
    let mut index = NearIndex::new(DOUBLE);
    let mut double = |face: usize| {
        if !thumbnails.is_there(face) {
            return None;
        }
        let earlier = index.near(thumbnails.hashes[face]);
        if earlier.is_none() {
            index.insert(thumbnails.hashes[face], face);
        }
        earlier
    };
    (0..thumbnails.hashes.len()).map(&mut double).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_go_from_nought_to_one() {
        let check = |values: &[f32], expected: &[f32]| assert_eq!(rank(values), expected, "{values:?}");
        check(&[], &[]);
        check(&[7.0], &[0.0]);
        check(&[3.0, 1.0, 2.0], &[1.0, 0.0, 0.5]);
        check(&[1.0, 1.0, 5.0], &[0.0, 0.0, 1.0]);
    }

    #[test]
    fn who_is_unlike_all_is_alone() {
        let grey = |level: u8| Some([level; crate::thumbnails::COARSE]);
        let found = loneliness(&[grey(10), grey(12), grey(11), grey(200), None]);
        assert_eq!(found, [1.0, 1.0, 1.0, 188.0, 0.0]);
    }
}
