//! What the selection looks at of an image that could be prepared.

use contracts::hash::ContentHash;
use dataset::Dhash;

use crate::holdout::HoldoutGroup;

/// Where an image's pixels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PreparedPlace {
    /// The number of its shard.
    pub(crate) shard: u32,
    /// Its index among the images of that shard.
    pub(crate) index: u32,
}

/// An image that may become a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    /// Its index among the items of all sources.
    pub(crate) ordinal: u64,
    pub(crate) place: PreparedPlace,
    /// What must be on one side together.
    pub(crate) group: HoldoutGroup,
    /// The hash of the pixels at the dataset's size.
    pub(crate) content: ContentHash,
    /// The perceptual hash of these.
    pub(crate) dhash: Dhash,
    /// How large it was before scaling: the shorter side in pixels.
    pub(crate) size: u32,
    /// Whether it had to be made larger.
    pub(crate) upscaled: bool,
}

impl PreparedPlace {
    /// Eight bytes that compare as the places do.
    pub(crate) fn bytes(self) -> [u8; 8] {
        (u64::from(self.shard) << 32 | u64::from(self.index)).to_be_bytes()
    }

    /// The place of which [`bytes`](Self::bytes) gave these.
    pub(crate) fn from_bytes(bytes: [u8; 8]) -> Self {
        let both = u64::from_be_bytes(bytes);
        Self { shard: (both >> 32) as u32, index: both as u32 }
    }
}

impl Candidate {
    /// All of it, to be sorted on disk.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self { ordinal, place, group, content, dhash, size, upscaled } = self;
        let mut bytes = Vec::with_capacity(96);
        bytes.extend(ordinal.to_be_bytes());
        bytes.extend(place.bytes());
        bytes.extend(group.0.bytes());
        bytes.extend(content.bytes());
        bytes.extend(dhash.0.to_be_bytes());
        bytes.extend(size.to_be_bytes());
        bytes.push(u8::from(*upscaled));
        bytes
    }

    /// The candidate of which [`bytes`](Self::bytes) gave the beginning of these, and the rest.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (ordinal, bytes) = bytes.split_first_chunk()?;
        let (place, bytes) = bytes.split_first_chunk()?;
        let (group, bytes) = bytes.split_first_chunk()?;
        let (content, bytes) = bytes.split_first_chunk()?;
        let (dhash, bytes) = bytes.split_first_chunk()?;
        let (size, bytes) = bytes.split_first_chunk()?;
        let (upscaled, bytes) = bytes.split_first()?;
        let candidate = Self {
            ordinal: u64::from_be_bytes(*ordinal),
            place: PreparedPlace::from_bytes(*place),
            group: HoldoutGroup(ContentHash::from_bytes(*group)),
            content: ContentHash::from_bytes(*content),
            dhash: Dhash(u64::from_be_bytes(*dhash)),
            size: u32::from_be_bytes(*size),
            upscaled: *upscaled != 0,
        };
        Some((candidate, bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_comes_back_as_it_was(
            ordinal: u64, shard: u32, index: u32, group: [u8; 32], content: [u8; 32], dhash: u64, size: u32, upscaled: bool,
        ) {
            let candidate = Candidate {
                ordinal,
                place: PreparedPlace { shard, index },
                group: HoldoutGroup(ContentHash::from_bytes(group)),
                content: ContentHash::from_bytes(content),
                dhash: Dhash(dhash),
                size,
                upscaled,
            };
            let bytes = [&candidate.bytes()[..], b"rest"].concat();
            prop_assert_eq!(Candidate::from_bytes(&bytes), Some((candidate, &b"rest"[..])));
            prop_assert_eq!(Candidate::from_bytes(&bytes[..40]), None);
        }

        #[test]
        fn places_compare_as_their_bytes(a: [u32; 2], b: [u32; 2]) {
            let [a, b] = [a, b].map(|[shard, index]| PreparedPlace { shard, index });
            prop_assert_eq!(a.cmp(&b), a.bytes().cmp(&b.bytes()));
        }
    }
}
