//! Pixels as the lists of tests/oracles have them.

use sha2::{Digest, Sha256};

use crate::pixels::Pixels;

/// Sides and the SHA-256 of all bytes.
pub(crate) fn described<const CHANNELS: usize>(pixels: &Pixels<CHANNELS>) -> String {
    let hash: String = Sha256::digest(pixels.bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}x{} {hash}", pixels.width(), pixels.height())
}
