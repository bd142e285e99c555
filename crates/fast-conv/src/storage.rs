//! The floats behind a flex tensor, read and changed.

use burn::tensor::Bytes;
use burn_flex::{FlexTensor, Layout};

/// The values of a contiguous tensor, in the order of its shape.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    let layout = tensor.layout();
    &tensor.storage::<f32>()[layout.start_offset()..layout.start_offset() + layout.num_elements()]
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
