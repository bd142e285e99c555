//! TFRecord framing, and the little of protocol buffers' encoding that events need.

/// A message of protocol buffers, field by field.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

/// Protocol buffers' wire types.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Delimited = 2,
    Fixed32 = 5,
}

impl Message {
    /// An integer or an enumeration's value.
    pub(super) fn number(&mut self, field: u32, value: u64) {
        self.tag(field, Wire::Varint);
        self.varint(value);
    }

    pub(super) fn double(&mut self, field: u32, value: f64) {
        self.tag(field, Wire::Fixed64);
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn float(&mut self, field: u32, value: f32) {
        self.tag(field, Wire::Fixed32);
        self.0.extend(value.to_le_bytes());
    }

    /// Bytes or a text.
    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) {
        self.tag(field, Wire::Delimited);
        self.varint(value.len() as u64);
        self.0.extend(value);
    }

    /// A message within this one.
    pub(super) fn message(&mut self, field: u32, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        fill(&mut inner);
        self.bytes(field, &inner.0);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn tag(&mut self, field: u32, wire: Wire) {
        self.varint(u64::from(field << 3 | wire as u32));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// A TFRecord: the length, its checksum, the data, their checksum.
pub(super) fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), data, &masked(data)].concat()
}

/// A CRC-32C, disguised as TFRecord wants it, so that a checksum of checksums is no weaker.
fn masked(data: &[u8]) -> [u8; 4] {
    crc32c(data).rotate_right(15).wrapping_add(0xA282_EAD8).to_le_bytes()
}

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4).
fn crc32c(data: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !data.iter().fold(!0, |crc, byte| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)])
}

const fn table() -> [u32; 256] {
    const REVERSED_POLYNOMIAL: u32 = 0x82F6_3B78;
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { REVERSED_POLYNOMIAL } else { 0 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 3720, appendix B.4.
    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&ascending), 0x46DD_794E);
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    }

    /// The example of protocol buffers' own description of its encoding, and one of each wire type.
    #[test]
    fn fields_are_encoded_as_documented() {
        let check = |fill: fn(&mut Message), expected: &[u8]| {
            let mut message = Message::default();
            fill(&mut message);
            assert_eq!(message.finish(), expected);
        };
        check(|message| message.number(1, 150), &[0x08, 0x96, 0x01]);
        check(|message| message.bytes(2, b"testing"), b"\x12\x07testing");
        check(|message| message.message(3, |inner| inner.number(1, 150)), &[0x1A, 0x03, 0x08, 0x96, 0x01]);
        check(|message| message.float(2, 1.0), &[0x15, 0, 0, 0x80, 0x3F]);
        check(|message| message.double(1, 1.0), &[0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]);
        check(|message| message.number(16, 0), &[0x80, 0x01, 0]);
        check(|message| message.number(1, u64::MAX), &[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
    }
}
