//! What identifies a file: its length, and the hashes that sites and we go by.

use std::io::{self, BufRead, Seek};

use contracts::{hash::Hasher, id::PictureHash};
use md5::{Digest as _, Md5};

/// What identifies a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digests {
    /// Its length.
    pub(crate) bytes: u64,
    /// Its MD5, as sites write it.
    pub(crate) md5: String,
    /// Its SHA-256.
    pub(crate) sha256: PictureHash,
}

impl Digests {
    /// Those of a file, read in pieces.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of<R: BufRead + Seek>(reader: &mut R) -> io::Result<Self> {
        reader.rewind()?;
        let (mut bytes, mut md5, mut sha256) = (0, Md5::new(), Hasher::default());
        loop {
            let buffer = reader.fill_buf()?;
            let length = buffer.len();
            if length == 0 {
                return Ok(Self { bytes, md5: hex::encode(md5.finalize()), sha256: sha256.finish() });
            }
            md5.update(buffer);
            sha256.update(buffer);
            bytes += length as u64;
            reader.consume(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn digests_are_the_usual_ones() {
        let digests = Digests::of(&mut Cursor::new(b"abc")).unwrap();
        assert_eq!((digests.bytes, digests.md5.as_str()), (3, "900150983cd24fb0d6963f7d28e17f72"));
        assert_eq!(digests.sha256, contracts::ContentHash::of(b"abc"));
    }
}
