//! Blocks of coefficients from Huffman codes: sequential (T.81, F.2.2), and the four kinds of progressive scans (G.2).

use super::{
    Block,
    bits::Bits,
    huffman::Huffman,
    segments::{NATURAL_ORDER, ScanHeader},
};

/// Bits below which a progressive scan cannot begin.
const MAX_LOW_BIT: u8 = 13;

/// How a scan's blocks are coded.
#[derive(Clone, Copy)]
pub(super) enum Coding {
    /// Each block whole.
    Sequential,
    /// The upper bits of DC coefficients, down to this one.
    FirstDc(u8),
    /// One further bit of DC coefficients.
    NextDc(u8),
    /// The upper bits of a band of AC coefficients.
    FirstAc(Band),
    /// One further bit of a band.
    NextAc(Band),
}

/// AC coefficients from the first to the last, in the file's order, and the scan's lowest bit.
#[derive(Clone, Copy)]
pub(super) struct Band {
    first: usize,
    last: usize,
    low_bit: u8,
}

/// A component's codes. Those that its scan has none of are another's, and never looked into.
#[derive(Clone, Copy)]
pub(super) struct Tables<'a> {
    dc: &'a Huffman,
    ac: &'a Huffman,
}

impl<'a> Tables<'a> {
    /// `None` where codes are missing that the scan needs.
    pub(super) fn new(coding: Coding, dc: Option<&'a Huffman>, ac: Option<&'a Huffman>) -> Option<Self> {
        Some(match coding {
            Coding::Sequential => Self { dc: dc?, ac: ac? },
            Coding::FirstDc(_) => Self { dc: dc?, ac: dc? },
            Coding::NextDc(_) => Self { dc: dc.or(ac)?, ac: dc.or(ac)? },
            Coding::FirstAc(_) | Coding::NextAc(_) => Self { dc: ac?, ac: ac? },
        })
    }
}

impl Coding {
    /// `None` of what a progressive scan cannot be. What a sequential one says of bands and bits is not heeded.
    pub(super) fn of(header: &ScanHeader, is_progressive: bool) -> Option<Self> {
        let ((first, last), (high_bit, low_bit)) = (header.band, header.bits);
        if !is_progressive {
            return Some(Self::Sequential);
        }
        let is_first = high_bit == 0;
        let is_band = if first == 0 { last == 0 } else { (first..64).contains(&last) && header.components.len() == 1 };
        if !is_band || low_bit > MAX_LOW_BIT || !is_first && high_bit != low_bit + 1 {
            return None;
        }
        let band = Band { first, last, low_bit };
        Some(match (first, is_first) {
            (0, true) => Self::FirstDc(low_bit),
            (0, false) => Self::NextDc(low_bit),
            (_, true) => Self::FirstAc(band),
            (_, false) => Self::NextAc(band),
        })
    }

    /// Reads what the scan has of a block.
    #[inline(always)]
    pub(super) fn read(
        self,
        bits: &mut Bits<'_>,
        tables: Tables<'_>,
        predictor: &mut i32,
        end_of_band: &mut u32,
        block: &mut Block,
    ) {
        match self {
            Self::Sequential => sequential(bits, tables, predictor, block),
            Self::FirstDc(low_bit) => block[0] = (difference(bits, tables.dc, predictor) << low_bit) as i16,
            Self::NextDc(low_bit) => block[0] |= i16::from(bits.flag()) << low_bit,
            Self::FirstAc(band) => band.first_bits(bits, tables.ac, end_of_band, block),
            Self::NextAc(band) => band.next_bit(bits, tables.ac, end_of_band, block),
        }
    }
}

/// The DC coefficient, from how much it differs from the one before.
#[inline(always)]
fn difference(bits: &mut Bits<'_>, codes: &Huffman, predictor: &mut i32) -> i32 {
    bits.refill();
    let size = bits.symbol(codes);
    *predictor = predictor.wrapping_add(bits.signed(size.into()));
    *predictor
}

#[inline(always)]
fn sequential(all_bits: &mut Bits<'_>, tables: Tables<'_>, predictor: &mut i32, block: &mut Block) {
    let mut bits = *all_bits;
    block[0] = difference(&mut bits, tables.dc, predictor) as i16;
    let mut at = 1;
    while at < 64 {
        bits.refill();
        if let Some(whole) = bits.whole(tables.ac) {
            at += usize::from(whole.run);
            put(block, at, whole.value.into());
            at += 1;
            continue;
        }
        let symbol = bits.symbol(tables.ac);
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        match (run, size) {
            (15, 0) => at += 16,
            (_, 0) => break,
            _ => {
                at += run;
                put(block, at, bits.signed(size) as i16);
                at += 1;
            }
        }
    }
    *all_bits = bits;
}

#[inline(always)]
fn put(block: &mut Block, at: usize, value: i16) {
    block[usize::from(NATURAL_ORDER[at]) & 63] = value;
}

impl Band {
    /// The upper bits of the band (G.1.2.2).
    fn first_bits(self, bits: &mut Bits<'_>, codes: &Huffman, end_of_band: &mut u32, block: &mut Block) {
        if *end_of_band > 0 {
            *end_of_band -= 1;
            return;
        }
        let mut at = self.first;
        while at <= self.last {
            bits.refill();
            let symbol = bits.symbol(codes);
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => at += 16,
                (_, 0) => {
                    *end_of_band = (1 << run) + bits.take(run) - 1;
                    return;
                }
                _ => {
                    at += run as usize;
                    put(block, at, (bits.signed(size) << self.low_bit) as i16);
                    at += 1;
                }
            }
        }
    }

    /// One further bit of the band (G.1.2.3): of coefficients that are something it is given, between them new ones are.
    fn next_bit(self, bits: &mut Bits<'_>, codes: &Huffman, end_of_band: &mut u32, block: &mut Block) {
        let mut at = self.first;
        while *end_of_band == 0 && at <= self.last {
            bits.refill();
            let symbol = bits.symbol(codes);
            let (run, size) = (u32::from(symbol >> 4), symbol & 15);
            if size == 0 && run < 15 {
                *end_of_band = (1 << run) + bits.take(run);
                break;
            }
            // A new one's size can only be 1; its sign follows.
            let new = (size > 0).then(|| if bits.flag() { 1 << self.low_bit } else { -1 << self.low_bit });
            at = self.refine(bits, block, at, run);
            if let Some(new) = new {
                put(block, at, new);
            }
            at += 1;
        }
        if *end_of_band > 0 {
            self.refine(bits, block, at, u32::MAX);
            *end_of_band -= 1;
        }
    }

    /// Gives the coefficients from `at` on their further bit, up to the one behind so many that are nothing yet.
    fn refine(self, all_bits: &mut Bits<'_>, block: &mut Block, mut at: usize, mut zeros: u32) -> usize {
        let (mut bits, bit) = (*all_bits, 1 << self.low_bit);
        while at <= self.last {
            let value = &mut block[usize::from(NATURAL_ORDER[at])];
            if *value == 0 {
                if zeros == 0 {
                    break;
                }
                zeros -= 1;
            } else if bits.flag() && *value & bit == 0 {
                *value = value.wrapping_add(if *value > 0 { bit } else { -bit });
            }
            at += 1;
        }
        *all_bits = bits;
        at
    }
}
