//! The weights of known networks, as their users have them.

#[cfg(test)]
pub(crate) mod formula;

use std::collections::BTreeMap;

pub(crate) use tensor_files::Array;
use tensor_files::TensorFileError;

use crate::convolution::Convolution;

/// Tensors in single precision, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    tensors: BTreeMap<String, Array>,
}

/// A file that does not hold the weights that are needed.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file is no dictionary of tensors.
    #[error(transparent)]
    File(#[from] TensorFileError),
    /// A tensor is not there.
    #[error("there is no tensor called {0}: the weights are of another network")]
    Missing(String),
    /// A tensor has another shape than the network's.
    #[error("{name} has the shape {found:?}, where the network has {expected}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// What is due.
        expected: String,
    },
    /// The tensors are of no network that is known.
    #[error(
        "the weights are of no network that is known: InceptionV3 as torch-fidelity has it, or torchvision's MobileNetV2"
    )]
    UnknownNetwork,
}

impl Weights {
    /// Reads a file's content; see [`tensor_files::read`].
    ///
    /// # Errors
    /// When the content is of another kind or damaged.
    pub fn read(content: &[u8]) -> Result<Self, WeightsError> {
        Ok(Self { tensors: tensor_files::read(content)? })
    }

    /// Weights that were made, not read.
    #[cfg(test)]
    pub(crate) fn from_tensors(tensors: impl IntoIterator<Item = (String, Array)>) -> Self {
        Self { tensors: tensors.into_iter().collect() }
    }

    /// Whether a tensor of that name is there.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub(crate) fn tensor(&self, name: &str) -> Result<&Array, WeightsError> {
        self.tensors.get(name).ok_or_else(|| WeightsError::Missing(name.into()))
    }

    fn vector(&self, name: &str, length: usize) -> Result<&[f32], WeightsError> {
        let array = self.tensor(name)?;
        match array.shape[..] {
            [found] if found == length => Ok(&array.values),
            _ => Err(mismatch(name, array, format!("[{length}]"))),
        }
    }

    /// The convolution called `convolution`, with the BatchNorm called `norm` multiplied into it.
    ///
    /// In use BatchNorm is γ (x − μ) / √(σ² + ε) + β with the running μ and σ², so that the convolution's weights are
    /// multiplied by γ / √(σ² + ε) and its bias is β − μ γ / √(σ² + ε).
    pub(crate) fn normalized_convolution(
        &self,
        convolution: &str,
        norm: &str,
        epsilon: f64,
    ) -> Result<Convolution, WeightsError> {
        let name = format!("{convolution}.weight");
        let array = self.tensor(&name)?;
        let [outputs, inputs, down, across] = array.shape[..] else {
            return Err(mismatch(&name, array, "four dimensions".into()));
        };
        let part = |part: &str| self.vector(&format!("{norm}.{part}"), outputs);
        let (gamma, beta) = (part("weight")?, part("bias")?);
        let (mean, variance) = (part("running_mean")?, part("running_var")?);
        let scale = |o: usize| f64::from(gamma[o]) / (f64::from(variance[o]) + epsilon).sqrt();
        let of_each = inputs * down * across;
        let weights = array.values.iter().enumerate();
        Ok(Convolution {
            inputs,
            outputs,
            kernel: [down, across],
            padding: [(down - 1) / 2, (across - 1) / 2],
            stride: 1,
            is_depthwise: false,
            weights: weights.map(|(i, weight)| (f64::from(*weight) * scale(i / of_each)) as f32).collect(),
            bias: (0..outputs).map(|o| (f64::from(beta[o]) - f64::from(mean[o]) * scale(o)) as f32).collect(),
        })
    }

    /// The linear layer called `name`: its weights, a row an output, and its bias.
    pub(crate) fn linear(&self, name: &str, inputs: usize) -> Result<(&[f32], &[f32]), WeightsError> {
        let weight = format!("{name}.weight");
        let array = self.tensor(&weight)?;
        match array.shape[..] {
            [outputs, found] if found == inputs => Ok((&array.values, self.vector(&format!("{name}.bias"), outputs)?)),
            _ => Err(mismatch(&weight, array, format!("{inputs} inputs"))),
        }
    }
}

fn mismatch(name: &str, array: &Array, expected: String) -> WeightsError {
    WeightsError::Shape { name: name.into(), found: array.shape.clone(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_norm_is_multiplied_in() {
        let array = |shape: &[usize], values: &[f32]| Array { shape: shape.to_vec(), values: values.to_vec() };
        let weights = Weights::from_tensors([
            ("c.weight".into(), array(&[1, 1, 1, 1], &[3.0])),
            ("n.weight".into(), array(&[1], &[2.0])),
            ("n.bias".into(), array(&[1], &[5.0])),
            ("n.running_mean".into(), array(&[1], &[1.0])),
            ("n.running_var".into(), array(&[1], &[3.0])),
        ]);
        let convolution = weights.normalized_convolution("c", "n", 1.0).unwrap();
        assert_eq!((&convolution.weights[..], &convolution.bias[..]), (&[3.0][..], &[4.0][..]));
        let missing = weights.normalized_convolution("d", "n", 1.0).unwrap_err().to_string();
        assert!(missing.contains("d.weight"), "{missing}");
    }
}
