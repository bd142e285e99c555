//! `pack.dedupe_report`: duplicates beside what stays instead of them, for people to judge `pack.dedupe_distance` by.

use std::collections::BTreeMap;

use contracts::{Context, publish::FileError};
use dataset::ImageShape;
use pictures::Tile;

use crate::{reason::DropReason, select::Decision, sheet, store::PixelFile};

/// The largest clusters are shown, and the first duplicates of each: a sheet is looked at by people.
const MAX_CLUSTERS: usize = 100;
const MAX_OF_A_CLUSTER: usize = 11;

/// Where a candidate's pixels are.
#[derive(Clone, Copy)]
pub(crate) struct StoredImage<'a> {
    /// The name of its prepared shard.
    pub(crate) shard: &'a str,
    /// Its index among the images of that shard.
    pub(crate) index: usize,
}

/// Draws a row for each image that stays, framed green, with those that went because of it: framed grey for the same
/// pixels, yellow for alike ones, red for training images too near the holdout.
pub(crate) fn write(
    decisions: &[Decision],
    images: &[StoredImage<'_>],
    context: &Context<'_>,
) -> Result<(), FileError> {
    let side = context.config.pack.resolution;
    let tile = |candidate: usize, frame: [u8; 3]| {
        let StoredImage { shard, index } = images[candidate];
        let mut pixels = PixelFile::open(context.layout, shard, ImageShape::new(side).values())?;
        Ok::<_, FileError>(sheet::tile(&pixels.read(index)?, side, Some(frame)))
    };
    let mut rows = Vec::new();
    for (stays, gone) in clusters(decisions) {
        let gone = gone.into_iter().take(MAX_OF_A_CLUSTER).map(|(candidate, reason)| tile(candidate, colour(reason)));
        rows.push(std::iter::once(tile(stays, [60, 200, 80])).chain(gone).collect::<Result<Vec<Tile>, _>>()?);
    }
    sheet::write(&sheet::sheet(side).rows(&rows), &context.layout.duplicates_sheet())
}

fn colour(reason: DropReason) -> [u8; 3] {
    match reason {
        DropReason::NearHoldout => [220, 60, 60],
        DropReason::NearDuplicate => [230, 200, 60],
        _ => [140, 140, 140],
    }
}

/// What stays, with what went because of it: the largest clusters first.
fn clusters(decisions: &[Decision]) -> Vec<(usize, Vec<(usize, DropReason)>)> {
    let mut clusters: BTreeMap<usize, Vec<(usize, DropReason)>> = BTreeMap::new();
    for (candidate, decision) in decisions.iter().enumerate() {
        if let Err((reason, Some(stays))) = decision {
            clusters.entry(*stays).or_default().push((candidate, *reason));
        }
    }
    let mut clusters: Vec<_> = clusters.into_iter().collect();
    clusters.sort_by_key(|(_, gone)| std::cmp::Reverse(gone.len()));
    clusters.truncate(MAX_CLUSTERS);
    clusters
}

#[cfg(test)]
mod tests {
    use dataset::SplitName;

    use super::*;

    #[test]
    fn the_largest_cluster_comes_first() {
        let (exact, near) = (DropReason::ExactDuplicate, DropReason::NearDuplicate);
        let kept = Ok(SplitName::Train);
        let decisions = [
            kept,
            Err((exact, Some(0))),
            kept,
            Err((near, Some(2))),
            Err((near, Some(2))),
            Err((DropReason::TooSmall, None)),
        ];
        assert_eq!(clusters(&decisions), [(2, vec![(3, near), (4, near)]), (0, vec![(1, exact)])]);
    }
}
