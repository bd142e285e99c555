//! BMP: no end mark, but a head that tells where the last pixel lies.

use std::io::{self, BufRead, Seek, SeekFrom};

use super::{Sides, cut_off, take};

/// The length of the oldest head, whose sides have 16 bits.
const CORE: u32 = 12;

/// Run-length encodings, of 8 and of 4 bits, whose length only the head knows.
const RUN_LENGTHS: [u32; 2] = [1, 2];

/// Compares where the pixels end with the file's length. The length that the head states of the file itself is not
/// looked at: many programs write nonsense there, and decoders pass over it.
pub(super) fn walk<R: BufRead + Seek>(reader: &mut R) -> io::Result<Sides> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(10))?;
    let pixels_at = u64::from(u32::from_le_bytes(take(reader)?));
    let head = u32::from_le_bytes(take(reader)?);
    let Head { width, height, bits, run_length } = if head == CORE { core(reader)? } else { info(reader)? };
    // Rows are padded to four bytes.
    let row = (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
    let pixels = run_length.map_or(row.saturating_mul(height.into()), u64::from);
    if length < pixels_at.saturating_add(pixels) {
        return cut_off();
    }
    let mut sides = Sides::default();
    sides.canvas(width, height);
    Ok(sides)
}

struct Head {
    width: u32,
    height: u32,
    /// Bits a pixel.
    bits: u16,
    /// The length of the pixels where it does not follow from the sides.
    run_length: Option<u32>,
}

fn core(reader: &mut impl BufRead) -> io::Result<Head> {
    let [w0, w1, h0, h1, _, _, b0, b1] = take(reader)?;
    let side = |bytes| u32::from(u16::from_le_bytes(bytes));
    Ok(Head { width: side([w0, w1]), height: side([h0, h1]), bits: u16::from_le_bytes([b0, b1]), run_length: None })
}

fn info(reader: &mut impl BufRead) -> io::Result<Head> {
    // Rows from the top down are written as a negative height.
    let side = |bytes| i32::from_le_bytes(bytes).unsigned_abs();
    let (width, height) = (side(take(reader)?), side(take(reader)?));
    let [_, _, b0, b1] = take(reader)?;
    let compression = u32::from_le_bytes(take(reader)?);
    let length = u32::from_le_bytes(take(reader)?);
    let run_length = RUN_LENGTHS.contains(&compression).then_some(length);
    Ok(Head { width, height, bits: u16::from_le_bytes([b0, b1]), run_length })
}
