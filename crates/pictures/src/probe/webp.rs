//! WebP: a RIFF file, which states its length in its head.

use std::io::{self, BufRead, Seek, SeekFrom};

use super::{Sides, cut_off, take};

/// What comes before the first chunk: `RIFF`, the length of what follows, `WEBP`.
const HEAD_BYTES: u64 = 12;

/// What an animation's frame says of itself before the chunks within it, which are walked like those around it: they
/// state sides again, and a decoder believes them first.
const FRAME_HEAD_BYTES: u64 = 16;

/// Compares the stated length with the file's, then walks the chunks within it for the sides of canvas and frames.
pub(super) fn walk<R: BufRead + Seek>(reader: &mut R) -> io::Result<Sides> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(4))?;
    let end = 8 + u64::from(u32::from_le_bytes(take(reader)?));
    if length < end {
        return cut_off();
    }
    let mut sides = Sides::default();
    let mut at = HEAD_BYTES;
    // Relative, or a file of millions of empty chunks has its buffer filled anew for each of them.
    reader.seek_relative(HEAD_BYTES as i64 - 8)?;
    while at + 8 <= end {
        let kind: [u8; 4] = take(reader)?;
        let length = u64::from(u32::from_le_bytes(take(reader)?));
        let passed = chunk(reader, kind, length, &mut sides)?;
        let content = if kind == *b"ANMF" { FRAME_HEAD_BYTES } else { length.next_multiple_of(2) };
        reader.seek_relative(content as i64 - passed)?;
        at += 8 + content;
    }
    Ok(sides)
}

/// Takes in what a chunk says of sides, and how many of its bytes that took.
fn chunk<R: BufRead + Seek>(reader: &mut R, kind: [u8; 4], length: u64, sides: &mut Sides) -> io::Result<i64> {
    match &kind {
        b"VP8X" if length >= 10 => {
            let [_, _, _, _, w0, w1, w2, h0, h1, h2] = take(reader)?;
            sides.canvas(less_one([w0, w1, w2]), less_one([h0, h1, h2]));
            Ok(10)
        }
        b"VP8L" if length >= 5 => {
            let [_signature, b0, b1, b2, b3] = take(reader)?;
            let bits = u32::from_le_bytes([b0, b1, b2, b3]);
            image(sides, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
            Ok(5)
        }
        b"VP8 " if length >= 10 => {
            let [_, _, _, _, _, _, w0, w1, h0, h1] = take(reader)?;
            let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff);
            image(sides, side([w0, w1]), side([h0, h1]));
            Ok(10)
        }
        b"ANMF" if length >= FRAME_HEAD_BYTES => {
            let [_, _, _, _, _, _, w0, w1, w2, h0, h1, h2] = take(reader)?;
            sides.frame(less_one([w0, w1, w2]), less_one([h0, h1, h2]));
            Ok(12)
        }
        _ => Ok(0),
    }
}

/// A plain file's only image is its canvas; in an extended one the head has stated that before.
fn image(sides: &mut Sides, width: u32, height: u32) {
    match sides.canvas {
        None => sides.canvas(width, height),
        Some(_) => sides.frame(width, height),
    }
}

/// A side of 24 bits, which is stored less one.
fn less_one([low, middle, high]: [u8; 3]) -> u32 {
    u32::from_le_bytes([low, middle, high, 0]) + 1
}
