//! Entropy-coded data as bits, up to the next marker.

/// The bits of a scan. Behind its end come zeros. Small enough to be copied, so that loops keep it in registers.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    file: &'a [u8],
    at: usize,
    /// The next bits, the first of them highest, zeros below.
    buffer: u64,
    /// How many of the buffer's bits were read from the file; negative once more were taken than there were.
    count: i32,
    /// The marker that ended the data.
    marker: Option<u8>,
    /// Whether more bits were asked for than there were.
    is_exhausted: bool,
}

impl<'a> Bits<'a> {
    pub(super) fn new(file: &'a [u8], at: usize) -> Self {
        Self { file, at, buffer: 0, count: 0, marker: None, is_exhausted: false }
    }

    /// Makes 32 bits ready: as many as a code and the number behind it can have.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(next) = self.file.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) {
            let word = u32::from_be_bytes(*next);
            // Whether no byte is 0xff, that is, none of the inverted is 0; of a marker `at` is the place, so that it never is passed.
            if (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 == 0 && self.count >= 0 {
                self.buffer |= u64::from(word) << (32 - self.count);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        *self = self.refilled_slowly();
    }

    /// Byte by byte: 0xff 0x00 stands for 0xff, and more of 0xff in front of either is filling.
    #[cold]
    fn refilled_slowly(mut self) -> Self {
        while self.marker.is_none() && (0..=56).contains(&self.count) {
            let Some(&byte) = self.file.get(self.at) else { break };
            self.at += 1;
            if byte == 0xff {
                while self.file.get(self.at) == Some(&0xff) {
                    self.at += 1;
                }
                let after = self.file.get(self.at).copied();
                self.at += 1;
                if after != Some(0) {
                    // Stays in front of it: whoever comes again finds it again.
                    self.at -= 2;
                    self.marker = after;
                    break;
                }
            }
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// The next bits, up to 32, without taking them.
    #[inline(always)]
    pub(super) fn peek(&self, count: u32) -> u32 {
        // Twice, since a shift by 64 is none.
        ((self.buffer >> 1) >> (63 - count)) as u32
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count as i32;
    }

    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let bits = self.peek(count);
        self.skip(count);
        bits
    }

    /// One bit; refills before it.
    #[inline(always)]
    pub(super) fn flag(&mut self) -> bool {
        self.refill();
        self.take(1) == 1
    }

    /// A number of so many bits, up to 16, as T.81 codes it (figure F.12): the lower half of the codes are negative numbers.
    #[inline(always)]
    pub(super) fn signed(&mut self, count: u32) -> i32 {
        extended(self.take(count) as i32, count)
    }

    /// Whether the data ended too early: what would follow is not there. Asked after each unit, which is filled with zeros.
    #[inline(always)]
    pub(super) fn is_exhausted(&mut self) -> bool {
        if self.count < 0 {
            (self.is_exhausted, self.buffer, self.count) = (true, 0, 0);
        }
        self.is_exhausted
    }

    /// Passes the restart marker of this number, and what lies before it. Where another marker is found, T.81 leaves it open
    /// what to do; this is libjpeg's way: a marker that is one or two ahead is waited for, others are passed.
    pub(super) fn restart(&mut self, expected: u8) {
        self.is_exhausted();
        (self.buffer, self.count) = (0, 0);
        self.find_marker();
        while let Some(marker) = self.marker {
            let ahead = marker.wrapping_sub(expected) & 7;
            match marker {
                0xd0..=0xd7 if matches!(ahead, 1 | 2) => break,
                0xd0..=0xd7 if matches!(ahead, 6 | 7) => {}
                0xd0..=0xd7 => return self.pass_marker(),
                0xc0.. => break,
                _ => {}
            }
            self.pass_marker();
            self.find_marker();
        }
        // The units up to the marker that is waited for are not there.
    }

    /// Takes the marker for read: data follows.
    fn pass_marker(&mut self) {
        self.at += 2;
        (self.marker, self.is_exhausted) = (None, false);
    }

    fn find_marker(&mut self) {
        while self.marker.is_none() {
            let Some([first, second]) = self.file.get(self.at..).and_then(|rest| rest.first_chunk::<2>()) else {
                return;
            };
            match [first, second] {
                [0xff, 0x01..=0xfe] => self.marker = Some(*second),
                _ => self.at += 1,
            }
        }
    }

    /// Where in the file the marker is that ended the data, or what was not read of it.
    pub(super) fn end(self) -> usize {
        self.at
    }
}

/// T.81's EXTEND: a number of `count` bits whose first bit is 0 is negative.
#[inline(always)]
pub(super) fn extended(bits: i32, count: u32) -> i32 {
    let is_negative = bits < (1 << count) >> 1;
    bits + if is_negative { 1 - (1 << count) } else { 0 }
}
