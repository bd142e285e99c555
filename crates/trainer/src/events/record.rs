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
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xA282_EAD8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

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
