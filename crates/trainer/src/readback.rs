//! Numbers back from the device.

use burn::tensor::Tensor;

use crate::error::TrainError;

/// Waits for the device and returns a tensor's numbers in row-major order.
///
/// # Errors
/// When the device fails; the error names `what` was to be read.
pub(crate) fn values<const D: usize>(what: &'static str, tensor: Tensor<D>) -> Result<Vec<f32>, TrainError> {
    let unreadable = |reason: String| TrainError::Readback { what, reason };
    let data = tensor.try_into_data().map_err(|error| unreadable(error.to_string()))?;
    // A device may compute in another precision; a tensor that is f32 already is only handed through.
    data.convert::<f32>().try_to_vec::<f32>().map_err(|error| unreadable(format!("{error:?}")))
}
