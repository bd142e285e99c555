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
        let mut tensors = Self(tensors.collect());
        tensors.divide_by_singular_values();
        Ok(tensors)
    }

    /// Under spectral normalization a convolution computes with W / (uᵀ W v): the file has W, and the vectors beside it.
    fn divide_by_singular_values(&mut self) {
        let weight = |name: &String| name.strip_suffix(".spectral_norm.u").map(str::to_owned);
        for name in self.0.keys().filter_map(weight).collect::<Vec<_>>() {
            let [u, v] = ["u", "v"].map(|vector| self.0.remove(&format!("{name}.spectral_norm.{vector}")));
            let (Some((_, u)), Some((_, v)), Some((_, values))) = (u, v, self.0.get_mut(&name)) else { continue };
            let rows = values.chunks_exact(v.len()).zip(&u);
            let row = |row: &[f32]| row.iter().zip(&v).map(|(w, v)| f64::from(*w) * f64::from(*v)).sum::<f64>();
            let sigma: f64 = rows.map(|(weights, u)| row(weights) * f64::from(*u)).sum();
            values.iter_mut().for_each(|value| *value = (f64::from(*value) / sigma) as f32);
        }
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

#[cfg(test)]
mod tests {
    use safetensors::{Dtype, tensor::TensorView};

    use super::*;

    #[test]
    fn a_weight_is_divided_by_its_singular_value() {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        // uᵀ W v = 0.5 · 8 = 4.
        let (weight, u, v) = (bytes(&[2.0, 4.0, 8.0, 6.0]), bytes(&[0.0, 0.5]), bytes(&[1.0, 0.0]));
        let view = |shape: &[usize], bytes| TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap();
        let file = [
            ("head.weight", view(&[2, 1, 1, 2], &weight)),
            ("head.weight.spectral_norm.u", view(&[2], &u)),
            ("head.weight.spectral_norm.v", view(&[2], &v)),
        ];
        let tensors = Tensors::read(&safetensors::serialize(file, None).unwrap()).unwrap();
        assert_eq!(tensors.get("head.weight").unwrap().1, [0.5, 1.0, 2.0, 1.5]);
        assert!(tensors.get("head.weight.spectral_norm.u").is_none());
    }
}
