//! Tensors by name, as files hold them: safetensors, or what PyTorch saves.
//!
//! Of PyTorch's files only dictionaries of tensors are read, by a reader of our own that knows tensors and nothing else: no code in
//! the file is run. Tensors that are not in single precision are left out.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod array;
#[cfg(test)]
mod fuzz_targets;
mod pickle;
mod pytorch;

use std::collections::BTreeMap;

use safetensors::{Dtype, SafeTensors};

pub use crate::{array::Array, pickle::PickleError};

/// A file's tensors.
pub type Tensors = BTreeMap<String, Array>;

/// A file that is no dictionary of tensors.
#[derive(Debug, thiserror::Error)]
pub enum TensorFileError {
    /// The file is of another kind.
    #[error("the file is neither safetensors nor what torch.save writes")]
    UnknownFormat,
    /// The file is of the first kind, but damaged.
    #[error("the safetensors file is damaged: {0}")]
    Safetensors(#[from] safetensors::SafeTensorError),
    /// The file is of the second kind, but damaged or more than a state dictionary.
    #[error("the PyTorch file cannot be read as a dictionary of tensors: {0}")]
    Pickle(#[from] PickleError),
    /// The file is of the second kind, and its archive is damaged.
    #[error("the PyTorch file is damaged: {0}")]
    Archive(String),
}

/// Reads a file's content: safetensors, PyTorch's archive, or what PyTorch wrote before version 1.6.
///
/// # Errors
/// When the content is of another kind or damaged.
pub fn read(content: &[u8]) -> Result<Tensors, TensorFileError> {
    if content.starts_with(b"PK\x03\x04") {
        pytorch::read_archive(content)
    } else if content.starts_with(b"\x80\x02") {
        pytorch::read_legacy(content)
    } else if content.get(8) == Some(&b'{') {
        read_safetensors(content)
    } else {
        Err(TensorFileError::UnknownFormat)
    }
}

fn read_safetensors(content: &[u8]) -> Result<Tensors, TensorFileError> {
    let file = SafeTensors::deserialize(content)?;
    let tensors = file.iter().filter(|(_, view)| view.dtype() == Dtype::F32).map(|(name, view)| {
        let values =
            view.data().chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        (name.to_owned(), Array { shape: view.shape().to_vec(), values: values.collect() })
    });
    Ok(tensors.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What tests/oracles/backbones.py saves in three ways.
    #[track_caller]
    fn check(content: &[u8]) {
        let tensors = read(content).unwrap();
        assert_eq!(tensors["conv.weight"].shape, [2, 1, 1, 2]);
        assert_eq!(tensors["conv.weight"].values, [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(tensors["transposed"].shape, [3, 2]);
        assert_eq!(tensors["transposed"].values, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(tensors["part"].values, [4.0, 5.0]);
        assert!(!tensors.contains_key("count"));
    }

    #[test]
    fn every_format_gives_the_same_tensors() {
        check(include_bytes!("../tests/golden/weights.pth"));
        check(include_bytes!("../tests/golden/weights-legacy.pth"));
        check(include_bytes!("../tests/golden/weights.safetensors"));
    }

    #[test]
    fn torn_and_foreign_files_are_refused() {
        assert!(matches!(read(b"GIF89a"), Err(TensorFileError::UnknownFormat)));
        let whole: [&[u8]; 3] = [
            include_bytes!("../tests/golden/weights.pth"),
            include_bytes!("../tests/golden/weights-legacy.pth"),
            include_bytes!("../tests/golden/weights.safetensors"),
        ];
        for content in whole {
            for end in 0..content.len() {
                assert!(read(&content[..end]).is_err(), "{end} of {}", content.len());
            }
        }
    }
}
