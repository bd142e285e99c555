//! Huffman codes as a DHT segment states them (T.81, annex C), made quick to look up.

use super::bits::{Bits, extended};

/// Codes of up to this many bits are looked up at once.
const LOOKUP_BITS: u32 = 10;

/// What an AC coefficient's whole code, with the number behind it, gives at once.
#[derive(Clone, Copy, Default)]
pub(super) struct Whole {
    pub(super) value: i8,
    /// Zeros in front of it.
    pub(super) run: u8,
    /// Bits of all of it; 0 where they are too many to be looked up.
    pub(super) bits: u8,
}

#[derive(Clone)]
pub(super) struct Huffman {
    /// For each beginning its symbol, and how many bits that has; 0 of longer codes.
    lookup: [(u8, u8); 1 << LOOKUP_BITS],
    whole: [Whole; 1 << LOOKUP_BITS],
    /// The greatest code of each length, −1 where there is none.
    max_code: [i32; 17],
    /// What a code of each length is to be moved by to be its symbol's index.
    offset: [i32; 17],
    symbols: [u8; 256],
}

impl Huffman {
    /// `None` where there are more codes than bits can tell apart, or more symbols than 256.
    pub(super) fn new(counts: &[u8; 16], listed: &[u8]) -> Option<Self> {
        let mut symbols = [0; 256];
        symbols.get_mut(..listed.len())?.copy_from_slice(listed);
        let none = Whole::default();
        let mut made = Self {
            lookup: [(0, 0); 1 << LOOKUP_BITS],
            whole: [none; 1 << LOOKUP_BITS],
            max_code: [-1; 17],
            offset: [0; 17],
            symbols,
        };
        let (mut code, mut index) = (0_i32, 0_i32);
        for (length, count) in (1..).zip(counts) {
            let count = i32::from(*count);
            made.offset[length] = index - code;
            (code, index) = (code + count, index + count);
            if count > 0 {
                made.max_code[length] = code - 1;
            }
            if code > 1 << length {
                return None;
            }
            code <<= 1;
        }
        made.fill_lookups(counts);
        Some(made)
    }

    /// Codes are listed as they follow each other, and so are the beginnings that they take.
    fn fill_lookups(&mut self, counts: &[u8; 16]) {
        let lengths = (1..=LOOKUP_BITS).zip(counts).flat_map(|(length, count)| (0..*count).map(move |_| length));
        let mut start = 0;
        for (symbol, length) in self.symbols.into_iter().zip(lengths) {
            let end = start + (1 << (LOOKUP_BITS - length));
            self.lookup[start..end].fill((symbol, length as u8));
            let (run, size) = (symbol >> 4, u32::from(symbol & 15));
            if size > 0 && length + size <= LOOKUP_BITS {
                let below = LOOKUP_BITS - length - size;
                for (beginning, whole) in (start..).zip(&mut self.whole[start..end]) {
                    let number = (beginning >> below) as i32 & ((1 << size) - 1);
                    *whole = Whole { value: extended(number, size) as i8, run, bits: (length + size) as u8 };
                }
            }
            start = end;
        }
    }

    /// The symbol of a code that is too long to be looked up, and its length. What is no code counts as 0 of 17 bits, as
    /// libjpeg reads on.
    #[cold]
    fn long(&self, bits: u32) -> (u8, u32) {
        let code = |length: u32| (bits >> (16 - length)) as i32;
        let fits = |length: &u32| code(*length) <= self.max_code[*length as usize];
        let found = (LOOKUP_BITS + 1..=16).find(fits).map(|length| {
            let index = code(length) + self.offset[length as usize];
            (self.symbols[index as usize & 255], length)
        });
        found.unwrap_or((0, 17))
    }
}

impl Bits<'_> {
    /// The next symbol.
    #[inline(always)]
    pub(super) fn symbol(&mut self, huffman: &Huffman) -> u8 {
        let (symbol, length) = huffman.lookup[self.peek(LOOKUP_BITS) as usize];
        if length == 0 {
            let (symbol, length) = huffman.long(self.peek(16));
            self.skip(length);
            return symbol;
        }
        self.skip(u32::from(length));
        symbol
    }

    /// The next AC coefficient where its whole code is short; nothing is taken where it is not.
    #[inline(always)]
    pub(super) fn whole(&mut self, huffman: &Huffman) -> Option<Whole> {
        let whole = huffman.whole[self.peek(LOOKUP_BITS) as usize];
        if whole.bits == 0 {
            return None;
        }
        self.skip(u32::from(whole.bits));
        Some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_whole_or_part_by_part_however_long() {
        // 0: run 0, size 1; 10: end; 110…: a code of 12 bits, run 2, size 3.
        let counts = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
        let huffman = Huffman::new(&counts, &[0x01, 0x00, 0x23]).unwrap();
        // 0 1, then 1100 0000 0000 101, then 10, then what is no code.
        let file = [0b0111_0000, 0b0000_0010, 0b1101_1111, 0b1111_1110, 0, 0, 0, 0];
        let mut bits = Bits::new(&file, 0);
        bits.refill();
        let whole = bits.whole(&huffman).unwrap();
        assert_eq!((whole.value, whole.run, whole.bits), (1, 0, 2));
        assert!(bits.whole(&huffman).is_none());
        assert_eq!((bits.symbol(&huffman), bits.signed(3)), (0x23, 5));
        assert_eq!((bits.symbol(&huffman), bits.symbol(&huffman)), (0x00, 0));
    }

    #[test]
    fn more_codes_than_bits_can_tell_apart_are_refused() {
        assert!(Huffman::new(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[1, 2, 3]).is_none());
        assert!(Huffman::new(&[0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0], &[0; 510]).is_none());
    }
}
