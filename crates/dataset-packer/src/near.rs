//! Finds hashes within a Hamming distance without comparing all pairs.

use dataset::Dhash;

const BANDS: usize = 4;
const BAND_BITS: u32 = 16;

/// Hashes that can be asked for neighbours within a distance fixed beforehand.
///
/// Multi-index hashing (Norouzi, Punjani and Fleet, 2012): of two hashes that differ in at most d of their 64 bits, at
/// least one of the four 16-bit bands differs in at most d/4 bits. So each band has a table, and a query looks up its
/// own band and those that differ in that few bits.
pub(crate) struct NearIndex {
    distance: u32,
    hashes: Vec<Dhash>,
    /// For each band, the hashes that have a value there.
    tables: [Vec<Vec<Dhash>>; BANDS],
    /// Every way in which a band may differ.
    masks: Vec<u16>,
}

impl NearIndex {
    /// An empty index for neighbours that differ in at most `distance` bits.
    pub(crate) fn new(distance: u32) -> Self {
        let most = distance / BANDS as u32;
        let masks = (0..=u16::MAX).filter(|mask| mask.count_ones() <= most).collect();
        let tables = std::array::from_fn(|_| vec![Vec::new(); 1 << BAND_BITS]);
        Self { distance, hashes: Vec::new(), tables, masks }
    }

    /// Adds a hash.
    pub(crate) fn insert(&mut self, hash: Dhash) {
        for (band, table) in self.tables.iter_mut().enumerate() {
            table[usize::from(value(hash, band))].push(hash);
        }
        self.hashes.push(hash);
    }

    /// Whether some hash was added that differs in at most the distance.
    pub(crate) fn has_near(&self, hash: Dhash) -> bool {
        // Wide distances make more tables to look into than hashes to look at.
        if self.masks.len() * BANDS > self.hashes.len() {
            return self.hashes.iter().any(|other| other.distance(hash) <= self.distance);
        }
        (0..BANDS).any(|band| self.masks.iter().any(|mask| self.bucket_has_near(band, value(hash, band) ^ mask, hash)))
    }

    fn bucket_has_near(&self, band: usize, value: u16, hash: Dhash) -> bool {
        self.tables[band][usize::from(value)].iter().any(|other| other.distance(hash) <= self.distance)
    }
}

fn value(hash: Dhash, band: usize) -> u16 {
    (hash.0 >> (band as u32 * BAND_BITS)) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_distance_is_inclusive() {
        let mut index = NearIndex::new(4);
        index.insert(Dhash(0));
        assert!(index.has_near(Dhash(0b1111)));
        assert!(!index.has_near(Dhash(0b1_1111)));
    }

    proptest! {
        /// A thousand hashes, so that the tables are used, a third of them close to the query.
        #[test]
        fn it_finds_what_comparing_all_finds(
            query: u64,
            far in prop::collection::vec(any::<u64>(), 700),
            flips in prop::collection::vec(prop::collection::vec(0_u32..64, 0..14), 300),
            distance in 0_u32..12,
            first in 0_usize..300,
        ) {
            let near = flips[first..].iter().map(|bits| bits.iter().fold(query, |hash, bit| hash ^ 1 << bit));
            let hashes: Vec<Dhash> = far.into_iter().chain(near).map(Dhash).collect();
            let mut index = NearIndex::new(distance);
            hashes.iter().for_each(|hash| index.insert(*hash));
            let expected = hashes.iter().any(|hash| hash.distance(Dhash(query)) <= distance);
            prop_assert_eq!(index.has_near(Dhash(query)), expected);
        }
    }
}
