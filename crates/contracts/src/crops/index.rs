//! The lines of a tar's index: `<name> <offset> <length>`, each padded to the same length. The first says in place of a face's what the
//! whole is: the format, the tar's length, the number of faces.

use std::{io, str};

/// Characters of a name: a SHA-256, a number and an extension have at most 79.
const NAME: usize = 80;

/// Bytes of a line with its end.
pub(super) const LINE: usize = NAME + 1 + 15 + 1 + 10 + 1;

/// What eleven octal digits hold, which a tar's header has for a length.
const MAX_LENGTH: u64 = (1 << 33) - 1;

/// Takes the name's place in the first line.
pub(super) const FORMAT: &str = "nijigen-faces-1";

/// A line's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The face's file name.
    pub(super) name: String,
    /// At which byte of the tar its content begins; in the first line the tar's length.
    pub(super) offset: u64,
    /// How many bytes that has; in the first line the number of faces.
    pub(super) length: u64,
}

impl Line {
    /// The line, or the reason why it has none.
    pub(super) fn to_text(&self) -> io::Result<String> {
        let Self { name, offset, length } = self;
        let text = format!("{name:<NAME$} {offset:>15} {length:>10}\n");
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        let refused = || {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{name:?} or its length does not fit into a tar's index"),
            )
        };
        if is_name && text.len() == LINE && *length <= MAX_LENGTH { Ok(text) } else { Err(refused()) }
    }

    /// Reads a line; `None` where it is none.
    pub(super) fn read(line: &[u8; LINE]) -> Option<Self> {
        let text = str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let mut fields = text.split_ascii_whitespace();
        let line = Self {
            name: fields.next()?.to_owned(),
            offset: fields.next()?.parse().ok()?,
            length: fields.next()?.parse().ok()?,
        };
        fields.next().is_none().then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_one_length_and_read_back() {
        let check = |name: &str, offset: u64, length: u64, fits: bool| {
            let line = Line { name: name.into(), offset, length };
            let text = line.to_text();
            assert_eq!(text.is_ok(), fits, "{line:?}");
            if let Ok(text) = text {
                assert_eq!(Line::read(text.as_bytes().try_into().unwrap()), Some(line));
            }
        };
        check("a-0.png", 512, 0, true);
        check(&format!("{}-4294967295.png", "f".repeat(64)), 999_999_999_999_999, MAX_LENGTH, true);
        check("a-0.png", 1_000_000_000_000_000, 0, false);
        check("a-0.png", 0, MAX_LENGTH + 1, false);
        check("a b", 0, 0, false);
    }
}
