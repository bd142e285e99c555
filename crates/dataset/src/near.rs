//! Finds hashes within a Hamming distance without comparing all pairs.

use crate::Dhash;

const BANDS: usize = 4;
const BAND_BITS: u32 = 16;

/// Hashes that can be asked for neighbours within a distance fixed beforehand. It takes some 35 bytes a hash, and 7 MB.
///
/// Multi-index hashing (Norouzi, Punjani and Fleet, 2012): of two hashes that differ in at most d of their 64 bits, at
/// least one of the four 16-bit bands differs in at most d/4 bits. So each band has a table, and a query looks up its
/// own band and those that differ in that few bits.
pub struct NearIndex {
    distance: u32,
    hashes: Vec<Dhash>,
    /// What each hash's image is called.
    images: Vec<usize>,
    /// For each band, the hashes that have a value there.
    tables: [Table; BANDS],
    /// Every way in which a band may differ.
    masks: Vec<u16>,
}

impl NearIndex {
    /// An empty index for neighbours that differ in at most `distance` bits.
    pub fn new(distance: u32) -> Self {
        let most = distance / BANDS as u32;
        let masks = (0..=u16::MAX).filter(|mask| mask.count_ones() <= most).collect();
        let tables = std::array::from_fn(|_| Table::new());
        Self { distance, hashes: Vec::new(), images: Vec::new(), tables, masks }
    }

    /// Adds the hash of an image, which is called `image` when it is found.
    pub fn insert(&mut self, hash: Dhash, image: usize) {
        // Four billion of them would take 140 GB.
        let number = self.hashes.len() as u32;
        for (band, table) in self.tables.iter_mut().enumerate() {
            table.push(value(hash, band), number);
        }
        self.hashes.push(hash);
        self.images.push(image);
    }

    /// Some image whose hash differs in at most the distance; the same one whenever the same images were added in the same order.
    pub fn near(&self, hash: Dhash) -> Option<usize> {
        // Wide distances make more lists to look into than hashes to look at.
        let number = if self.masks.len() * BANDS > self.hashes.len() {
            self.hashes.iter().position(|other| other.distance(hash) <= self.distance)
        } else {
            let near_in = |band: usize, mask: &u16| self.near_in(&self.tables[band], value(hash, band) ^ mask, hash);
            (0..BANDS).find_map(|band| self.masks.iter().find_map(|mask| near_in(band, mask)))
        };
        number.map(|number| self.images[number])
    }

    /// The first number of a list whose hash is near. Nearly all of a pack's comparisons are made here, so it is a plain loop.
    fn near_in(&self, table: &Table, value: u16, hash: Dhash) -> Option<usize> {
        let List { first: mut chunk, length: mut left, .. } = table.lists[usize::from(value)];
        while left > 0 {
            let Chunk { numbers, next } = &table.chunks[chunk as usize];
            let here = left.min(CHUNK as u32);
            let mut index = 0;
            while index < here {
                let number = numbers[index as usize] as usize;
                if self.hashes[number].distance(hash) <= self.distance {
                    return Some(number);
                }
                index += 1;
            }
            (chunk, left) = (*next, left - here);
        }
        None
    }
}

fn value(hash: Dhash, band: usize) -> u16 {
    (hash.0 >> (band as u32 * BAND_BITS)) as u16
}

/// How many numbers a chunk has: with the next chunk's number they fill half a cache line.
const CHUNK: usize = 7;

/// A list of numbers for each value of a band, in the order in which they were added, in chunks that all lie in one vector: a vector for each list would have as much
/// slack as content.
struct Table {
    lists: Vec<List>,
    chunks: Vec<Chunk>,
}

#[derive(Clone, Copy, Default)]
struct List {
    first: u32,
    last: u32,
    length: u32,
}

struct Chunk {
    numbers: [u32; CHUNK],
    next: u32,
}

impl Table {
    fn new() -> Self {
        Self { lists: vec![List::default(); 1 << BAND_BITS], chunks: Vec::new() }
    }

    fn push(&mut self, value: u16, number: u32) {
        let list = &mut self.lists[usize::from(value)];
        let within = list.length as usize % CHUNK;
        if within == 0 {
            let new = self.chunks.len() as u32;
            match list.length {
                0 => list.first = new,
                _ => self.chunks[list.last as usize].next = new,
            }
            list.last = new;
            self.chunks.push(Chunk { numbers: [0; CHUNK], next: 0 });
        }
        self.chunks[list.last as usize].numbers[within] = number;
        list.length += 1;
    }
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

    /// What it finds, and what it said before its lists were of chunks: the first in the order of bands, masks and arrival.
    fn expected(hashes: &[Dhash], query: Dhash, distance: u32) -> Option<usize> {
        let most = distance / BANDS as u32;
        let masks: Vec<u16> = (0..=u16::MAX).filter(|mask| mask.count_ones() <= most).collect();
        let is_near = |image: &usize| hashes[*image].distance(query) <= distance;
        if masks.len() * BANDS > hashes.len() {
            return (0..hashes.len()).find(is_near);
        }
        let lookups = (0..BANDS).flat_map(|band| masks.iter().map(move |mask| (band, mask)));
        lookups.into_iter().find_map(|(band, mask)| {
            let has_value = |image: &usize| value(hashes[*image], band) == value(query, band) ^ mask;
            (0..hashes.len()).filter(has_value).find(is_near)
        })
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
            prop_assert_eq!(found, expected(&hashes, Dhash(query), distance));
        }
    }
}
