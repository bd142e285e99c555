//! The floats behind a flex tensor, read and changed.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use burn::tensor::Bytes;
use burn_flex::{FlexTensor, Layout};

/// The values of a contiguous tensor, in the order of its shape.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    let layout = tensor.layout();
    &tensor.storage::<f32>()[layout.start_offset()..layout.start_offset() + layout.num_elements()]
}

/// As many values, which nobody clears before `write` writes them: a tensor of a few megabytes is cleared about as fast as it
/// is computed.
///
/// # Safety
/// `write` writes all of them.
pub(crate) unsafe fn written(length: usize, write: impl FnOnce(&mut [MaybeUninit<f32>])) -> Vec<f32> {
    let mut values = Vec::with_capacity(length);
    write(&mut values.spare_capacity_mut()[..length]);
    // SAFETY: there is room for them, and the caller vouches that they were written.
    unsafe { values.set_len(length) };
    values
}

/// Changes a tensor's values, in place if it is the only one to hold them.
pub(crate) fn in_place(mut tensor: FlexTensor, change: impl FnOnce(&mut [f32])) -> FlexTensor {
    let whole = tensor.layout().start_offset() == 0 && tensor.is_contiguous();
    let length = tensor.layout().num_elements();
    // A slice that begins at offset 0 is contiguous too, but its storage has values that are not the tensor's.
    if whole
        && let Some(values) = tensor.try_storage_mut::<f32>()
        && values.len() == length
    {
        change(values);
        return tensor;
    }
    let tensor = tensor.to_contiguous();
    let mut copy = values(&tensor).to_vec();
    change(&mut copy);
    let layout = Layout::contiguous(tensor.layout().shape().clone());
    FlexTensor::new(Bytes::from_elems(copy), layout, tensor.dtype())
}
