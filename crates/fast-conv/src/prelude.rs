//! What every file names that adds an operation to burn's flex backend and says how it is differentiated.

pub(crate) use burn::backend::{
    Autodiff, Backend, Dispatch, Flex,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    backend_extension,
    tensor::FloatTensor,
};
pub(crate) use burn_flex::FlexTensor;
