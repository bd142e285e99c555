//! GIF: blocks up to the trailer.

use std::io::{self, BufRead, Seek};

use super::{Sides, cut_off, take};

const TRAILER: u8 = 0x3b;
const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;

/// Walks from block to block. A frame may be larger than the screen, and lie outside it.
pub(super) fn walk<R: BufRead + Seek>(reader: &mut R) -> io::Result<Sides> {
    let _signature: [u8; 6] = take(reader)?;
    let [w0, w1, h0, h1, flags, _, _] = take(reader)?;
    let mut sides = Sides::default();
    sides.canvas(u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into());
    pass_colours(reader, flags)?;
    loop {
        match take(reader)? {
            [TRAILER] => return Ok(sides),
            [EXTENSION] => reader.seek_relative(1)?,
            [IMAGE] => {
                let [_, _, _, _, w0, w1, h0, h1, flags] = take(reader)?;
                sides.frame(u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into());
                pass_colours(reader, flags)?;
                // The size of the first codes.
                reader.seek_relative(1)?;
            }
            _ => return cut_off(),
        }
        pass_sub_blocks(reader)?;
    }
}

/// Passes the colour table that a head's flags announce.
fn pass_colours(reader: &mut impl Seek, flags: u8) -> io::Result<()> {
    if flags & 0x80 == 0 { Ok(()) } else { reader.seek_relative(3 << ((flags & 7) + 1)) }
}

fn pass_sub_blocks<R: BufRead + Seek>(reader: &mut R) -> io::Result<()> {
    loop {
        match take(reader)? {
            [0] => return Ok(()),
            [length] => reader.seek_relative(length.into())?,
        }
    }
}
