//! The tensors of a file of weights, by name.

use std::collections::BTreeMap;

use gan::WeightsError;
use safetensors::SafeTensors;

/// A tensor's shape and its numbers, the last dimension's beside one another.
pub(super) type Array = (Vec<usize>, Vec<f32>);

/// What a network's file holds; [`gan`] has checked that it is all there, in single precision and of the right shapes.
#[derive(Debug)]
pub(super) struct Tensors(BTreeMap<String, Array>);

impl Tensors {
    /// # Errors
    /// When the bytes are no safetensors file.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(bytes)?;
        let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let tensors = file.iter().map(|(name, view)| {
            (name.to_owned(), (view.shape().to_vec(), view.data().chunks_exact(4).map(number).collect()))
        });
        Ok(Self(tensors.collect()))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Array> {
        self.0.get(name)
    }

    /// How many layers there are: `layers.0` to the last.
    pub(super) fn layers(&self) -> usize {
        let index = |name: &String| name.strip_prefix("layers.")?.split('.').next()?.parse::<usize>().ok();
        self.0.keys().filter_map(index).max().map_or(0, |last| last + 1)
    }
}
