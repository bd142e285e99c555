//! A file's segments (T.81, annex B): tables, the frame, the scans' heads, and what programs say of its colours.

use super::{
    Block, Result,
    colour::Colours,
    frame::{Component, Frame},
    huffman::Huffman,
    standard::STANDARD_CODES,
};
use crate::error::PictureError;

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// Where in a block, row after row, its coefficients lie in the order of the file: along diagonals (T.81, figure A.6). Damaged
/// data may run beyond the last, and stays there.
pub(super) const NATURAL_ORDER: [u8; 80] = {
    let mut order = [63; 80];
    let (mut index, mut row, mut column) = (0, 0_usize, 0_usize);
    while index < 64 {
        order[index] = (row * 8 + column) as u8;
        let is_upward = (row + column).is_multiple_of(2);
        // At a border the way turns: along it by one, then down the next diagonal.
        if is_upward && column == 7 || !is_upward && row != 7 && column == 0 {
            row += 1;
        } else if is_upward && row == 0 || !is_upward && row == 7 {
            column += 1;
        } else if is_upward {
            (row, column) = (row - 1, column + 1);
        } else {
            (row, column) = (row + 1, column - 1);
        }
        index += 1;
    }
    order
};

/// A file, and what its segments have said so far.
pub(super) struct Segments<'a> {
    pub(super) file: &'a [u8],
    pub(super) at: usize,
    pub(super) frame: Option<Frame>,
    pub(super) quantization: [Option<Block>; 4],
    pub(super) dc: [Option<Box<Huffman>>; 4],
    pub(super) ac: [Option<Box<Huffman>>; 4],
    /// Units from restart marker to restart marker; 0 where there are none.
    pub(super) restart_interval: usize,
    has_frame: bool,
    components: Vec<u8>,
    is_jfif: bool,
    /// What Adobe's segment says of the colours.
    adobe: Option<u8>,
}

/// What a scan holds: which components, which coefficients, which of their bits.
#[derive(Default)]
pub(super) struct ScanHeader {
    pub(super) components: Vec<ScanComponent>,
    /// The first coefficient and the last, in the file's order.
    pub(super) band: (usize, usize),
    /// The bit above the scan's, 0 where it is the first; and the scan's lowest bit.
    pub(super) bits: (u8, u8),
}

/// A component in a scan, and its tables' numbers.
#[derive(Clone, Copy)]
pub(super) struct ScanComponent {
    pub(super) index: usize,
    pub(super) dc: usize,
    pub(super) ac: usize,
}

impl<'a> Segments<'a> {
    pub(super) fn new(file: &'a [u8]) -> Result<Self> {
        if !file.starts_with(&[0xff, START_OF_IMAGE]) {
            return Err(PictureError::Damaged);
        }
        Ok(Self {
            file,
            at: 2,
            frame: None,
            quantization: [None; 4],
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            restart_interval: 0,
            has_frame: false,
            components: Vec::new(),
            is_jfif: false,
            adobe: None,
        })
    }

    /// Reads up to the next scan's data; `None` at the end of the image.
    pub(super) fn next_scan(&mut self) -> Result<Option<ScanHeader>> {
        loop {
            match self.next_marker() {
                None | Some(END_OF_IMAGE) => return Ok(None),
                Some(START_OF_IMAGE) => return Err(PictureError::Damaged),
                // Neither a restart marker nor a temporary one has a length.
                Some(0x01 | 0xd0..=0xd7) => {}
                Some(START_OF_SCAN) => {
                    self.add_standard_codes();
                    let content = self.content()?;
                    return self.scan(content).map(Some).ok_or(PictureError::Damaged);
                }
                Some(marker) => {
                    let content = self.content()?;
                    self.take_in(marker, content)?;
                }
            }
        }
    }

    /// Goes on behind a scan's data.
    pub(super) fn go_on(&mut self, end: usize) {
        self.at = end;
    }

    fn next_marker(&mut self) -> Option<u8> {
        loop {
            let [first, second] = self.file.get(self.at..)?.first_chunk::<2>()?;
            if *first == 0xff && !matches!(second, 0 | 0xff) {
                self.at += 2;
                return Some(*second);
            }
            self.at += 1;
        }
    }

    /// What a segment holds behind its length.
    fn content(&mut self) -> Result<&'a [u8]> {
        let rest = &self.file[self.at..];
        let length = rest.first_chunk().map_or(0, |bytes| usize::from(u16::from_be_bytes(*bytes)));
        let content = rest.get(2..length).ok_or(PictureError::Damaged)?;
        self.at += length;
        Ok(content)
    }

    fn take_in(&mut self, marker: u8, content: &[u8]) -> Result<()> {
        match marker {
            0xe0 => self.is_jfif |= content.len() >= 12 && content.starts_with(b"JFIF\0"),
            0xee => self.take_adobe(content),
            _ => return self.take_tables(marker, content).ok_or(PictureError::Damaged),
        }
        Ok(())
    }

    fn take_tables(&mut self, marker: u8, content: &[u8]) -> Option<()> {
        match marker {
            0xc0..=0xc2 => self.take_frame(marker, content),
            0xc4 => self.take_codes(content),
            0xdb => self.take_quantization(content),
            0xdd => content.try_into().ok().map(|bytes| self.restart_interval = u16::from_be_bytes(bytes).into()),
            // Lossless, hierarchical and arithmetic-coded frames.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => None,
            _ => Some(()),
        }
    }

    fn take_frame(&mut self, marker: u8, content: &[u8]) -> Option<()> {
        let (&[precision, h1, h0, w1, w0, count], listed) = content.split_first_chunk()?;
        // Other numbers stand for no colours that are known; of 255, rows would take a gigabyte before anything is decoded.
        let is_known = matches!(count, 1 | 3 | 4);
        if self.has_frame || !is_known || precision != 8 || listed.len() != usize::from(count) * 3 {
            return None;
        }
        let components = listed.as_chunks().0.iter().map(Component::new).collect::<Option<_>>()?;
        self.components = listed.as_chunks().0.iter().map(|[id, _, _]| *id).collect();
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        self.frame = Some(Frame::new((width, height), components, marker == 0xc2)?);
        self.has_frame = true;
        Some(())
    }

    fn take_codes(&mut self, mut content: &[u8]) -> Option<()> {
        while let [kind, rest @ ..] = content {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let count = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(count)?;
            let table = Box::new(Huffman::new(counts, symbols)?);
            match kind {
                0x00..=0x03 if symbols.iter().all(|size| *size < 16) => self.dc[usize::from(*kind)] = Some(table),
                0x10..=0x13 => self.ac[usize::from(kind - 0x10)] = Some(table),
                _ => return None,
            }
            content = rest;
        }
        Some(())
    }

    /// Where a file has none of its own.
    fn add_standard_codes(&mut self) {
        let is_whole = |tables: &[Option<Box<Huffman>>; 4]| tables[0].is_some() && tables[1].is_some();
        if !is_whole(&self.dc) || !is_whole(&self.ac) {
            let (dc, ac) = (std::mem::take(&mut self.dc), std::mem::take(&mut self.ac));
            self.take_codes(STANDARD_CODES);
            self.dc.iter_mut().zip(dc).filter(|(_, own)| own.is_some()).for_each(|(table, own)| *table = own);
            self.ac.iter_mut().zip(ac).filter(|(_, own)| own.is_some()).for_each(|(table, own)| *table = own);
        }
    }

    /// Factors of eight bits or sixteen, of which the products with the coefficients have sixteen anyway.
    fn take_quantization(&mut self, mut content: &[u8]) -> Option<()> {
        while let [kind, rest @ ..] = content {
            let table = self.quantization.get_mut(usize::from(kind & 15))?.insert([0; 64]);
            let bytes = if kind >> 4 == 0 { 1 } else { 2 };
            let (factors, rest) = rest.split_at_checked(64 * bytes)?;
            for (factor, at) in factors.chunks_exact(bytes).zip(NATURAL_ORDER) {
                table[usize::from(at)] = factor.iter().fold(0, |upper, byte| upper << 8 | i16::from(*byte));
            }
            content = rest;
        }
        Some(())
    }

    fn take_adobe(&mut self, content: &[u8]) {
        if let [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..] = content {
            self.adobe = Some(*transform);
        }
    }

    fn scan(&self, content: &[u8]) -> Option<ScanHeader> {
        let (count, rest) = content.split_first()?;
        let (listed, rest) = rest.split_at_checked(usize::from(*count) * 2)?;
        let &[first, last, bits] = rest else { return None };
        let mut components: Vec<ScanComponent> = Vec::new();
        for [id, tables] in listed.as_chunks().0 {
            let is_free = |index: &usize| components.iter().all(|taken| taken.index != *index);
            let named = |index: &usize| self.components[*index] == *id;
            let index = (0..self.components.len()).find(|index| named(index) && is_free(index))?;
            let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            components.push(ScanComponent { index, dc, ac });
        }
        let is_some = !components.is_empty();
        let band = (usize::from(first), usize::from(last));
        is_some.then_some(ScanHeader { components, band, bits: (bits >> 4, bits & 15) })
    }

    /// What the components are, by what programs say, or else by what they are called.
    pub(super) fn colours(&self) -> Result<Colours> {
        Ok(match (self.components.as_slice(), self.adobe) {
            ([_], _) => Colours::Grey,
            ([_, _, _], _) if self.is_jfif => Colours::Ycc,
            ([_, _, _], Some(0)) | (b"RGB", None) => Colours::Rgb,
            ([_, _, _], _) => Colours::Ycc,
            ([_, _, _, _], None | Some(0)) => Colours::Cmyk,
            ([_, _, _, _], _) => Colours::Ycck,
            _ => return Err(PictureError::Damaged),
        })
    }
}
