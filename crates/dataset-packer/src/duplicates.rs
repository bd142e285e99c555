//! `pack.dedupe_report`: duplicates beside what stays in their place, for people to judge `pack.dedupe_distance` by.

use std::collections::BTreeMap;

use contracts::{Context, publish::FileError};
use dataset::ImageShape;

use crate::{
    reason::Reason,
    select::Fate,
    sheet::{self, Tile},
    store::Pixels,
};

/// The largest clusters are shown, and the first duplicates of each.
const MOST_CLUSTERS: usize = 100;
const MOST_OF_A_CLUSTER: usize = 11;

/// Where a candidate's pixels are: its shard's name, and its number there.
pub(crate) type PixelPlace<'a> = (&'a str, usize);

/// Draws a row for each image that stays, framed green, with those that went because of it: framed grey for the same
/// pixels, yellow for alike ones, red for training images too near the holdout.
pub(crate) fn write(fates: &[Fate], places: &[PixelPlace<'_>], context: &Context<'_>) -> Result<(), FileError> {
    let side = context.config.pack.resolution;
    let tile = |place: usize, frame: [u8; 3]| {
        let (shard, number) = places[place];
        let mut pixels = Pixels::open(context.layout, shard, ImageShape::new(side).values())?;
        Ok::<_, FileError>(Tile { pixels: pixels.read(number)?, frame: Some(frame) })
    };
    let mut rows = Vec::new();
    for (stays, gone) in clusters(fates) {
        let gone = gone.into_iter().take(MOST_OF_A_CLUSTER).map(|(place, reason)| tile(place, colour(reason)));
        rows.push(std::iter::once(tile(stays, [60, 200, 80])).chain(gone).collect::<Result<Vec<Tile>, _>>()?);
    }
    sheet::write(&sheet::draw(&rows, side), &context.layout.duplicates_sheet())
}

fn colour(reason: Reason) -> [u8; 3] {
    match reason {
        Reason::NearHoldout => [220, 60, 60],
        Reason::NearDuplicate => [230, 200, 60],
        _ => [140, 140, 140],
    }
}

/// What stays, with what went because of it: the largest clusters first.
fn clusters(fates: &[Fate]) -> Vec<(usize, Vec<(usize, Reason)>)> {
    let mut clusters: BTreeMap<usize, Vec<(usize, Reason)>> = BTreeMap::new();
    for (place, fate) in fates.iter().enumerate() {
        if let Err((reason, Some(stays))) = fate {
            clusters.entry(*stays).or_default().push((place, *reason));
        }
    }
    let mut clusters: Vec<_> = clusters.into_iter().collect();
    clusters.sort_by_key(|(_, gone)| std::cmp::Reverse(gone.len()));
    clusters.truncate(MOST_CLUSTERS);
    clusters
}

#[cfg(test)]
mod tests {
    use dataset::SplitName;

    use super::*;

    #[test]
    fn the_largest_cluster_comes_first() {
        let (exact, near) = (Reason::ExactDuplicate, Reason::NearDuplicate);
        let kept = Ok(SplitName::Train);
        let fates = [
            kept,
            Err((exact, Some(0))),
            kept,
            Err((near, Some(2))),
            Err((near, Some(2))),
            Err((Reason::TooSmall, None)),
        ];
        assert_eq!(clusters(&fates), [(2, vec![(3, near), (4, near)]), (0, vec![(1, exact)])]);
    }
}
