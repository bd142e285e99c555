//! JPEG: segments up to the end-of-image marker (ITU-T T.81, annex B).

use std::io::{self, BufRead, Seek};

use super::{Sides, cut_off, take};

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const TEMPORARY: u8 = 0x01;

/// Walks from marker to marker. Thumbnails lie within segments, whose stated lengths lead past them, so that the first
/// end mark met is the picture's own; the last one in the file may belong to anything behind it.
pub(super) fn walk<R: BufRead + Seek>(reader: &mut R) -> io::Result<Sides> {
    let _start_of_image: [u8; 2] = take(reader)?;
    let mut sides = Sides::default();
    loop {
        match next_marker(reader)? {
            END_OF_IMAGE => return Ok(sides),
            // Neither has a length.
            START_OF_IMAGE | TEMPORARY => {}
            marker => {
                sides.scans += u64::from(marker == START_OF_SCAN);
                sides.segments += 1;
                pass_segment(reader, marker, &mut sides)?;
            }
        }
    }
}

fn pass_segment<R: BufRead + Seek>(reader: &mut R, marker: u8, sides: &mut Sides) -> io::Result<()> {
    let length = i64::from(u16::from_be_bytes(take(reader)?));
    let mut passed = 2;
    if is_frame(marker) && length >= 7 {
        let [_precision, h1, h0, w1, w0] = take(reader)?;
        sides.canvas(u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into());
        passed += 5;
    }
    // Lengths count themselves; a damaged one may be shorter than that, and a walk never goes back.
    reader.seek_relative((length - passed).max(0))
}

/// Whether a segment states the picture's sides: SOF0 to SOF15, among which are three of other kinds.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// Passes to behind the next marker. Between segments decoders take any bytes until then; entropy-coded data is such
/// bytes too, with 0xff 0x00 for a plain 0xff and restart markers in between.
fn next_marker(reader: &mut impl BufRead) -> io::Result<u8> {
    let mut after_ff = false;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return cut_off();
        }
        let found = buffer.iter().position(|byte| {
            let is_marker = after_ff && !matches!(byte, 0x00 | 0xff | 0xd0..=0xd7);
            after_ff = *byte == 0xff;
            is_marker
        });
        let marker = found.map(|index| buffer[index]);
        let passed = found.map_or(buffer.len(), |index| index + 1);
        reader.consume(passed);
        if let Some(marker) = marker {
            return Ok(marker);
        }
    }
}
