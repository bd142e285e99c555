//! Protocol Buffers' wire format, as much of it as ONNX models and TensorBoard's events need.

/// A message under construction; fields stand in the order in which they are added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message(Vec<u8>);

/// How a field's value lies in the file.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
    Fixed32 = 5,
}

impl Message {
    /// An integer or an enumeration's value.
    pub fn integer(mut self, field: u32, value: i64) -> Self {
        self.key(field, Wire::Varint);
        // A negative number is ten bytes: its two's complement in 64 bits.
        self.varint(value as u64);
        self
    }

    /// A repeated field, not packed: each value behind a key of its own.
    pub fn integers(self, field: u32, values: &[i64]) -> Self {
        values.iter().fold(self, |message, value| message.integer(field, *value))
    }

    /// A number in single precision.
    pub fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, Wire::Fixed32);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A number in double precision.
    pub fn double(mut self, field: u32, value: f64) -> Self {
        self.key(field, Wire::Fixed64);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Bytes of any number.
    pub fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.key(field, Wire::Length);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    /// A text, in UTF-8.
    pub fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// A message within this one.
    pub fn message(self, field: u32, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// Several of them, in a repeated field.
    pub fn messages<'a>(self, field: u32, values: impl IntoIterator<Item = &'a Self>) -> Self {
        values.into_iter().fold(self, |message, value| message.message(field, value))
    }

    /// The message as it stands in a file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn key(&mut self, field: u32, wire: Wire) {
        self.varint(u64::from(field << 3 | wire as u32));
    }

    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_by_hand() {
        let check = |message: Message, expected: &[u8]| assert_eq!(message.into_bytes(), expected);
        let new = Message::default;
        check(new().integer(1, 150), &[0x08, 0x96, 0x01]);
        check(new().integer(1, -1), &[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
        check(new().text(2, "testing"), b"\x12\x07testing");
        check(new().float(2, 1.0), &[0x15, 0, 0, 0x80, 0x3f]);
        check(new().double(1, 1.0), &[0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
        check(new().message(3, &new().integer(1, 150)), &[0x1a, 3, 0x08, 0x96, 0x01]);
        check(new().integers(16, &[0, 1]), &[0x80, 0x01, 0, 0x80, 0x01, 1]);
        check(new().bytes(1, &[7; 200]), &[&[0x0a, 0xc8, 0x01][..], &[7; 200]].concat());
    }
}
