//! PNG: chunks up to `IEND`.

use std::io::{self, BufRead, Seek};

use super::{Sides, take};

const SIGNATURE_BYTES: i64 = 8;
const CHECKSUM_BYTES: i64 = 4;

/// Walks from chunk to chunk by their stated lengths; `IHDR`, which has to be the first, states the sides.
pub(super) fn walk<R: BufRead + Seek>(reader: &mut R) -> io::Result<Sides> {
    reader.seek_relative(SIGNATURE_BYTES)?;
    let mut sides = Sides::default();
    loop {
        let length = i64::from(u32::from_be_bytes(take(reader)?));
        let mut passed = 0;
        match &take(reader)? {
            b"IEND" => {
                let _checksum: [u8; CHECKSUM_BYTES as usize] = take(reader)?;
                return Ok(sides);
            }
            b"IHDR" if length >= 8 => {
                sides.canvas(u32::from_be_bytes(take(reader)?), u32::from_be_bytes(take(reader)?));
                passed = 8;
            }
            // An animation's frame control: a sequence number, then the frame's sides.
            b"fcTL" if length >= 12 => {
                let _sequence: [u8; 4] = take(reader)?;
                sides.frame(u32::from_be_bytes(take(reader)?), u32::from_be_bytes(take(reader)?));
                passed = 12;
            }
            _ => {}
        }
        reader.seek_relative(length - passed + CHECKSUM_BYTES)?;
    }
}
