//! Finds hashes within a Hamming distance without comparing all pairs.

use crate::Dhash;

const BANDS: usize = 4;
const BAND_BITS: u32 = 16;

/// Hashes that can be asked for neighbours within a distance fixed beforehand.
///
/// Multi-index hashing (Norouzi, Punjani and Fleet, 2012): of two hashes that differ in at most d of their 64 bits, at
/// least one of the four 16-bit bands differs in at most d/4 bits. So each band has a table, and a query looks up its
/// own band and those that differ in that few bits.
pub struct NearIndex {
    distance: u32,
    entries: Vec<Entry>,
    /// For each band, the entries that have a value there.
    tables: [Vec<Vec<Entry>>; BANDS],
    /// Every way in which a band may differ.
    masks: Vec<u16>,
}

impl NearIndex {
    /// An empty index for neighbours that differ in at most `distance` bits.
    pub fn new(distance: u32) -> Self {
        let most = distance / BANDS as u32;
        let masks = (0..=u16::MAX).filter(|mask| mask.count_ones() <= most).collect();
        let tables = std::array::from_fn(|_| vec![Vec::new(); 1 << BAND_BITS]);
        Self { distance, entries: Vec::new(), tables, masks }
    }

    /// Adds the hash of an image, which is called `image` when it is found.
    pub fn insert(&mut self, hash: Dhash, image: usize) {
        let entry = Entry { hash, image };
        for (band, table) in self.tables.iter_mut().enumerate() {
            table[usize::from(value(hash, band))].push(entry);
        }
        self.entries.push(entry);
    }

    /// Some image whose hash differs in at most the distance.
    pub fn near(&self, hash: Dhash) -> Option<usize> {
        // Wide distances make more tables to look into than hashes to look at.
        if self.masks.len() * BANDS > self.entries.len() {
            return self.near_among(&self.entries, hash);
        }
        let bucket = |band: usize, mask: &u16| &self.tables[band][usize::from(value(hash, band) ^ mask)];
        let mut buckets = (0..BANDS).flat_map(|band| self.masks.iter().map(move |mask| bucket(band, mask)));
        buckets.find_map(|bucket| self.near_among(bucket, hash))
    }

    fn near_among(&self, entries: &[Entry], hash: Dhash) -> Option<usize> {
        entries.iter().find(|entry| entry.hash.distance(hash) <= self.distance).map(|entry| entry.image)
    }
}

#[derive(Clone, Copy)]
struct Entry {
    hash: Dhash,
    image: usize,
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
        index.insert(Dhash(0), 3);
        assert_eq!(index.near(Dhash(0b1111)), Some(3));
        assert_eq!(index.near(Dhash(0b1_1111)), None);
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
            hashes.iter().enumerate().for_each(|(image, hash)| index.insert(*hash, image));
            let is_near = |image: usize| hashes[image].distance(Dhash(query)) <= distance;
            let found = index.near(Dhash(query));
            prop_assert!(found.map_or_else(|| !(0..hashes.len()).any(is_near), is_near));
        }
    }
}
