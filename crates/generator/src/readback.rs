//! Numbers back from the device.

use burn::tensor::Tensor;

/// A device that did not hand back what it computed.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {what} back from the device: {reason}")]
pub struct ReadbackError {
    /// What was to be read.
    pub what: &'static str,
    /// What the device said.
    pub reason: String,
}

/// Waits for the device and returns a tensor's numbers in row-major order.
///
/// # Errors
/// When the device fails; the error says `what` was to be read.
pub fn read_values<const D: usize>(what: &'static str, tensor: Tensor<D>) -> Result<Vec<f32>, ReadbackError> {
    let unreadable = |reason: String| ReadbackError { what, reason };
    let data = tensor.try_into_data().map_err(|error| unreadable(error.to_string()))?;
    // A device may compute in another precision; numbers that are f32 already are handed through.
    data.convert::<f32>().try_to_vec::<f32>().map_err(|error| unreadable(format!("{error:?}")))
}
