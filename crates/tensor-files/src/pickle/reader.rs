//! The bytes of a pickle, read from front to back.

use super::PickleError;

/// A place in the content.
pub(super) struct Reader<'a> {
    content: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self { content, position: 0 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], PickleError> {
        let bytes = self.content[self.position..].get(..count).ok_or(PickleError::Torn)?;
        self.position += count;
        Ok(bytes)
    }

    pub(super) fn skip(&mut self, count: usize) -> Result<(), PickleError> {
        self.take(count).map(|_| ())
    }

    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(self.take(1)?[0])
    }

    /// A little-endian number without a sign, of up to 8 bytes.
    pub(super) fn number(&mut self, bytes: usize) -> Result<u64, PickleError> {
        Ok(self.take(bytes)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn text(&mut self, bytes: usize) -> Result<String, PickleError> {
        Ok(String::from_utf8_lossy(self.take(bytes)?).into_owned())
    }

    /// What comes before the next line feed.
    pub(super) fn line(&mut self) -> Result<String, PickleError> {
        let length = self.content[self.position..].iter().position(|byte| *byte == b'\n').ok_or(PickleError::Torn)?;
        let line = self.text(length)?;
        self.skip(1)?;
        Ok(line)
    }
}
