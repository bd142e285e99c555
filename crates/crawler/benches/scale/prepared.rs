//! Prepared images that are all different, in place of those of one file.

use std::{fs, io::Write as _, path::Path};

use contracts::{ContentHash, Layout};
use serde_json::Value;

use crate::place::Place;

/// Bytes of an image of the side that is packed.
const IMAGE: usize = 8 * 8 * 3;

/// Gives every prepared image pixels and hashes of its own; one in five looks like the one before it.
pub(crate) fn fill(place: &Place) {
    let mut random = 1_u64;
    for entry in fs::read_dir(place.layout.prepared()).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() {
            fill_shard(&folder, &mut random);
        }
    }
}

fn fill_shard(folder: &Path, random: &mut u64) {
    let path = Layout::shard_record(folder);
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut pixels = std::io::BufWriter::new(fs::File::create(Layout::prepared_pixels(folder)).unwrap());
    let mut last = 0;
    for (index, outcome) in record["outcomes"].as_array_mut().unwrap().iter_mut().enumerate() {
        let image: Vec<u8> = (0..IMAGE / 8).flat_map(|_| next(random).to_le_bytes()).collect();
        pixels.write_all(&image).unwrap();
        last = if index % 5 == 4 { last ^ 1 << (next(random) % 64) } else { next(random) };
        let prepared = &mut outcome["Ok"];
        prepared["content"] = ContentHash::of(&image).to_string().into();
        prepared["dhash"] = format!("{last:016x}").into();
    }
    pixels.flush().unwrap();
    fs::write(&path, record.to_string()).unwrap();
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
