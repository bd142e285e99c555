//! A picture's file in memory.

use std::io::Cursor;

use crate::{
    error::PictureError,
    probe::{Probe, probe},
};

/// A file in memory that was probed, which is what makes it safe to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureFile<'a> {
    bytes: &'a [u8],
    probe: Probe,
}

impl<'a> PictureFile<'a> {
    /// Probes a file's bytes and, where they are a whole picture within bounds, vouches for them.
    ///
    /// # Errors
    /// When it is of no known format, is cut off, has no pixels, or has more than `max_pixels` of them.
    pub fn open(bytes: &'a [u8], max_pixels: u64) -> Result<Self, PictureError> {
        Ok(Self { bytes, probe: probe(&mut Cursor::new(bytes), max_pixels)? })
    }

    /// The file's content, for decoders of other libraries.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What the file says of itself.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }
}
