//! The file of a judge: a line that names the format, the weights, and a checksum.

use super::{
    Judge,
    network::{Network, WEIGHTS},
};

/// The first bytes. Another network is another version.
const MAGIC: &[u8; 16] = b"nijigen-judge 3\n";

/// Why bytes are no judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// They start otherwise.
    #[error("it is no judge of this version")]
    OtherFormat,
    /// There are more or fewer than a judge has.
    #[error("it has {0} bytes, and a judge has {length}", length = LENGTH)]
    Length(usize),
    /// They are not those that were written.
    #[error("it is damaged: its checksum is another")]
    Damaged,
    /// A number is no number.
    #[error("a weight is infinite or no number")]
    NotFinite,
}

/// The bytes of a file: magic, weights, slope, offset, checksum.
const LENGTH: usize = MAGIC.len() + 4 * (WEIGHTS + 2) + 8;

impl Judge {
    /// Reads a judge's file.
    ///
    /// # Errors
    /// When it is none, or damaged.
    pub fn parse(bytes: &[u8]) -> Result<Self, JudgeError> {
        if !bytes.starts_with(MAGIC) {
            return Err(JudgeError::OtherFormat);
        }
        if bytes.len() != LENGTH {
            return Err(JudgeError::Length(bytes.len()));
        }
        let (content, sum) = bytes.split_at(LENGTH - 8);
        if checksum(content).to_le_bytes() != *sum {
            return Err(JudgeError::Damaged);
        }
        let (numbers, _) = content[MAGIC.len()..].as_chunks::<4>();
        let mut numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let line = numbers.split_off(WEIGHTS);
        let network = Network::new(numbers).ok_or(JudgeError::NotFinite)?;
        match line[..] {
            [slope, offset] if slope.is_finite() && offset.is_finite() => Ok(Self { network, slope, offset }),
            _ => Err(JudgeError::NotFinite),
        }
    }

    /// The bytes of its file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let numbers = self.network.weights().iter().chain([&self.slope, &self.offset]);
        bytes.extend(numbers.flat_map(|number| number.to_le_bytes()));
        bytes.extend(checksum(&bytes).to_le_bytes());
        bytes
    }
}

/// FNV-1a, 64 bits: against damage, not against anybody.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_damage_is_named() {
        let network = Network::new((0..WEIGHTS).map(|i| i as f32 / 7.0).collect()).unwrap();
        let bytes = Judge::new(network, 0.5, -1.0).to_bytes();
        assert_eq!(Judge::parse(&bytes).unwrap().to_bytes(), bytes);
        let check = |change: fn(&mut Vec<u8>), expected: JudgeError| {
            let mut bytes = bytes.clone();
            change(&mut bytes);
            assert_eq!(Judge::parse(&bytes), Err(expected));
        };
        check(|bytes| bytes.clear(), JudgeError::OtherFormat);
        check(|bytes| bytes[14] = b'1', JudgeError::OtherFormat);
        check(|bytes| bytes.truncate(16), JudgeError::Length(16));
        check(|bytes| bytes[99] ^= 4, JudgeError::Damaged);
        let infinite = Judge::new(Network::new(vec![0.0; WEIGHTS]).unwrap(), f32::INFINITY, 0.0).to_bytes();
        assert_eq!(Judge::parse(&infinite), Err(JudgeError::NotFinite));
    }
}
