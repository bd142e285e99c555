//! `pack.dedupe_report`: duplicates beside what stays instead of them, for people to judge `pack.dedupe_distance` by.

use std::cmp::Reverse;

use contracts::{Context, publish::FileError};
use dataset::ImageShape;
use pictures::Tile;

use crate::{candidate::PreparedPlace, reason::DropReason, sheet, store::PixelFile};

/// The largest clusters are shown, and the first duplicates of each: a sheet is looked at by people.
const MAX_CLUSTERS: usize = 100;
const MAX_OF_A_CLUSTER: usize = 11;

/// The largest clusters of what looks alike.
#[derive(Default)]
pub(crate) struct Clusters(Vec<Cluster>);

/// An image that stays, with those that went because of it.
#[derive(Clone, Debug, PartialEq)]
struct Cluster {
    stays: PreparedPlace,
    /// The first of those that went.
    gone: Vec<(PreparedPlace, DropReason)>,
    /// How many went.
    count: u64,
}

impl Clusters {
    /// Adds an image that went because of one that stays; those of one that stays come one after the other.
    pub(crate) fn add(&mut self, stays: PreparedPlace, gone: PreparedPlace, reason: DropReason) {
        if self.0.last().is_none_or(|last| last.stays != stays) {
            // Now and then, so that what is known of small ones takes no memory.
            if self.0.len() >= 2 * MAX_CLUSTERS {
                self.keep_largest();
            }
            self.0.push(Cluster { stays, gone: Vec::new(), count: 0 });
        }
        if let Some(cluster) = self.0.last_mut() {
            cluster.count += 1;
            if cluster.gone.len() < MAX_OF_A_CLUSTER {
                cluster.gone.push((gone, reason));
            }
        }
    }

    /// The largest first, of equals the first.
    fn keep_largest(&mut self) {
        self.0.sort_by_key(|cluster| Reverse(cluster.count));
        self.0.truncate(MAX_CLUSTERS);
    }

    /// Draws a row for each image that stays, framed green, with those that went because of it: framed grey for the same
    /// pixels, yellow for alike ones, red for training images too near the holdout. `shards` names the prepared shards.
    ///
    /// # Errors
    /// When prepared images cannot be read, or the sheet cannot be written.
    pub(crate) fn draw(mut self, shards: &[(String, u64)], context: &Context<'_>) -> Result<(), FileError> {
        self.keep_largest();
        let side = context.config.pack.resolution;
        let tile = |place: PreparedPlace, frame: [u8; 3]| {
            let (shard, _) = &shards[place.shard as usize];
            let mut pixels = PixelFile::open(context.layout, shard, ImageShape::new(side).values())?;
            Ok::<_, FileError>(sheet::tile(&pixels.read(place.index as usize)?, side, Some(frame)))
        };
        let mut rows = Vec::new();
        for Cluster { stays, gone, .. } in self.0 {
            let gone = gone.into_iter().map(|(place, reason)| tile(place, colour(reason)));
            rows.push(std::iter::once(tile(stays, [60, 200, 80])).chain(gone).collect::<Result<Vec<Tile>, _>>()?);
        }
        sheet::write(&sheet::sheet(side).rows(&rows), &context.layout.duplicates_sheet())
    }
}

fn colour(reason: DropReason) -> [u8; 3] {
    match reason {
        DropReason::NearHoldout => [220, 60, 60],
        DropReason::NearDuplicate => [230, 200, 60],
        _ => [140, 140, 140],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(index: u32) -> PreparedPlace {
        PreparedPlace { shard: 0, index }
    }

    #[test]
    fn the_largest_cluster_comes_first() {
        let (exact, near) = (DropReason::ExactDuplicate, DropReason::NearDuplicate);
        let mut clusters = Clusters::default();
        for (stays, gone, reason) in [(0, 1, exact), (2, 3, near), (2, 4, near)] {
            clusters.add(place(stays), place(gone), reason);
        }
        clusters.keep_largest();
        let gone = vec![(place(3), near), (place(4), near)];
        let first = Cluster { stays: place(2), gone, count: 2 };
        assert_eq!(clusters.0, [first, Cluster { stays: place(0), gone: vec![(place(1), exact)], count: 1 }]);
    }

    #[test]
    fn of_many_clusters_the_largest_are_kept_and_of_equals_the_first() {
        let mut clusters = Clusters::default();
        let sizes: Vec<u32> = (0..1000).map(|stays| stays * 7919 % 30 + 1).collect();
        for (stays, size) in sizes.iter().enumerate() {
            (0..*size).for_each(|gone| clusters.add(place(stays as u32), place(gone), DropReason::NearDuplicate));
        }
        clusters.keep_largest();
        let found: Vec<(u32, u64, usize)> =
            clusters.0.iter().map(|cluster| (cluster.stays.index, cluster.count, cluster.gone.len())).collect();
        let mut expected: Vec<(u32, u64, usize)> = (0..)
            .zip(&sizes)
            .map(|(stays, size)| (stays, u64::from(*size), MAX_OF_A_CLUSTER.min(*size as usize)))
            .collect();
        expected.sort_by_key(|(_, size, _)| Reverse(*size));
        assert_eq!(found, expected[..MAX_CLUSTERS]);
    }
}
