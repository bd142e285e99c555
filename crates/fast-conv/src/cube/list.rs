//! What is done with all weights of a network, in one launch for as many tensors as a kernel can be given.

use burn::{
    backend::{
        BackendTensor, Cube, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind,
        fusion::{
            FusionBackend, FusionHandle,
            custom::{CustomOpIr, HandleContainer, OperationFn, OperationIr, StreamId, TensorIr},
        },
        tensor::FloatTensor,
    },
    tensor::{DType, Shape},
};
use burn_cubecl::{
    CubeBackend,
    cubecl::{self, calculate_cube_count_elemwise, prelude::*},
    kernel::into_contiguous,
    tensor::CubeTensor,
};

use super::{address_type, empty_like, sum_over_units, units_of_a_sum, view};
use crate::adam::AdamUpdate;

/// [`crate::adam`] of parameters on a GPU, which come as parameter, gradient, mean and squared mean, and return as parameter, mean
/// and squared mean.
pub(crate) fn adam(parameters: Vec<[DispatchTensor; 4]>, update: AdamUpdate) -> Vec<[DispatchTensor; 3]> {
    let inputs: Vec<_> = parameters.into_iter().flatten().map(fused).collect();
    let shapes = inputs.chunks(4).flat_map(|parameter| [0, 2, 3].map(|index| parameter[index].shape.clone())).collect();
    let outputs = register("adam", inputs, shapes, move |tensors| descend(tensors, update));
    by(outputs)
}

/// [`crate::blend`] of pairs of an average and what is newest.
pub(crate) fn blend(pairs: Vec<[DispatchTensor; 2]>, beta: f64) -> Vec<DispatchTensor> {
    let inputs: Vec<_> = pairs.into_iter().flatten().map(fused).collect();
    let shapes = inputs.chunks(2).map(|pair| pair[0].shape.clone()).collect();
    let outputs = register("blend", inputs, shapes, move |tensors| blend_all(tensors, beta as f32));
    outputs.into_iter().map(dispatched).collect()
}

/// `√Σ x²` over all values of all tensors, `[1]`.
pub(crate) fn norm(tensors: Vec<DispatchTensor>) -> DispatchTensor {
    let inputs = tensors.into_iter().map(fused).collect();
    let mut outputs = register("norm", inputs, vec![Shape::new([1])], |tensors| vec![norm_of_all(tensors)]);
    dispatched(outputs.remove(0))
}

type Fused = FloatTensor<Cube>;

fn fused(tensor: DispatchTensor) -> Fused {
    match tensor.kind {
        DispatchTensorKind::Cube(BackendTensor::Float(tensor)) => tensor,
        _ => unreachable!("lists are of floats on a GPU, off the tape"),
    }
}

fn dispatched(tensor: Fused) -> DispatchTensor {
    let kind = DispatchTensorKind::Cube(BackendTensor::Float(tensor));
    DispatchTensor { kind, autodiff: DispatchAutodiffContext::Disabled }
}

/// Groups of so many tensors.
fn by<const N: usize>(tensors: Vec<Fused>) -> Vec<[DispatchTensor; N]> {
    let mut tensors = tensors.into_iter().map(dispatched);
    let mut groups = Vec::with_capacity(tensors.len() / N);
    while tensors.len() >= N {
        groups.push(std::array::from_fn(|_| tensors.next().expect("as many are left")));
    }
    groups
}

/// Notes an operation over a list of tensors, whose length burn's macro for operations has no word for, to be computed when its
/// turn comes.
fn register(
    name: &'static str,
    inputs: Vec<Fused>,
    shapes: Vec<Shape>,
    compute: impl Fn(Vec<CubeTensor>) -> Vec<CubeTensor> + Send + Sync + 'static,
) -> Vec<Fused> {
    let client = inputs[0].client.clone();
    let inputs: Vec<TensorIr> = inputs.into_iter().map(|tensor| tensor.into_ir()).collect();
    let output = |shape| TensorIr::uninit(client.create_empty_handle(), shape, DType::F32);
    let outputs: Vec<TensorIr> = shapes.into_iter().map(output).collect();
    let (read, written) = (inputs.clone(), outputs.iter().map(|output| output.id).collect::<Vec<_>>());
    type Handle = FusionHandle<<CubeBackend as FusionBackend>::FusionRuntime>;
    let operation = OperationFn(move |handles: &mut HandleContainer<Handle>| {
        let tensors = read.iter().map(|input| handles.get_float_tensor::<CubeBackend>(input)).collect();
        for (id, output) in written.iter().zip(compute(tensors)) {
            handles.register_float_tensor::<CubeBackend>(id, output);
        }
        Ok(())
    });
    let description = CustomOpIr { id: name.into(), inputs, outputs, scalars: Vec::new() };
    client.register(StreamId::current(), OperationIr::Custom(description), operation)
}

/// How many groups of so many tensors a kernel takes at most: each has a line of code for each.
fn groups_of_a_launch(tensor: &CubeTensor, tensors: usize) -> usize {
    // One buffer is for shapes and scalars.
    let bindings = tensor.client.properties().hardware.max_bindings.saturating_sub(1) as usize;
    (bindings / tensors).clamp(1, 16)
}

/// Its values in a row.
fn row(tensor: CubeTensor) -> CubeTensor {
    let length = tensor.meta.num_elements();
    view(into_contiguous(tensor), [length], [1])
}

/// A tensor whose values may be changed: itself where nothing else needs them, or a copy.
fn changeable(tensor: CubeTensor) -> CubeTensor {
    let tensor = into_contiguous(tensor);
    if tensor.can_mut() { tensor } else { tensor.copy() }
}

fn arguments(tensors: impl Iterator<Item = CubeTensor>) -> SequenceArg<OwnedTensor<f32>> {
    tensors.map(|tensor| row(tensor).into_tensor_arg()).collect()
}

/// A unit for each value of all these.
fn units_of<'a>(
    client: &cubecl::client::Client,
    tensors: impl Iterator<Item = &'a CubeTensor>,
) -> (CubeCount, CubeDim) {
    let values = tensors.map(|tensor| tensor.meta.num_elements()).sum();
    let dim = CubeDim::new(client, values);
    (calculate_cube_count_elemwise(client, values, dim), dim)
}

fn descend(tensors: Vec<CubeTensor>, update: AdamUpdate) -> Vec<CubeTensor> {
    let AdamUpdate { learning_rate, beta_1, beta_2, epsilon, .. } = update;
    let most = groups_of_a_launch(&tensors[0], 5);
    let mut tensors = tensors.into_iter();
    let mut outputs = Vec::new();
    while tensors.len() > 0 {
        let [mut parameters, mut gradients, mut means, mut squares] = [(); 4].map(|()| Vec::new());
        while tensors.len() > 0 && parameters.len() < most {
            let mut next = || tensors.next().expect("a parameter, its gradient and moments come together");
            parameters.push(next());
            gradients.push(next());
            means.push(changeable(next()));
            squares.push(changeable(next()));
        }
        let moved: Vec<_> = parameters.iter().map(|like| empty_like(like, like.meta.shape().clone())).collect();
        let client = moved[0].client.clone();
        let (count, dim) = units_of(&client, moved.iter());
        // SAFETY: each unit looks for its value, and does nothing where there is none.
        unsafe {
            adam_kernel::launch_unchecked(
                &client,
                count,
                dim,
                moved.iter().map(CubeTensor::required_address_type).max().unwrap_or_default(),
                arguments(parameters.into_iter()),
                arguments(gradients.into_iter()),
                arguments(means.iter().cloned()),
                arguments(squares.iter().cloned()),
                arguments(moved.iter().cloned()),
                beta_1,
                beta_2,
                update.factor(),
                epsilon * update.correction(),
                learning_rate,
            );
        }
        outputs.extend(moved.into_iter().zip(means.into_iter().zip(squares)).flat_map(|(a, (b, c))| [a, b, c]));
    }
    outputs
}

fn blend_all(tensors: Vec<CubeTensor>, beta: f32) -> Vec<CubeTensor> {
    let most = groups_of_a_launch(&tensors[0], 3);
    tensors
        .chunks(2 * most)
        .flat_map(|pairs| {
            let of_pairs = |index: usize| pairs.chunks(2).map(move |pair| &pair[index]);
            let blended: Vec<_> = of_pairs(0).map(|like| empty_like(like, like.meta.shape().clone())).collect();
            let client = blended[0].client.clone();
            let (count, dim) = units_of(&client, blended.iter());
            // SAFETY: as above.
            unsafe {
                blend_kernel::launch_unchecked(
                    &client,
                    count,
                    dim,
                    blended.iter().map(CubeTensor::required_address_type).max().unwrap_or_default(),
                    arguments(of_pairs(0).cloned()),
                    arguments(of_pairs(1).cloned()),
                    arguments(blended.iter().cloned()),
                    beta,
                );
            }
            blended
        })
        .collect()
}

/// Cubes that sum a list, each a part of it.
const CUBES: usize = 256;

fn norm_of_all(tensors: Vec<CubeTensor>) -> CubeTensor {
    // One buffer is for the parts.
    let most = (groups_of_a_launch(&tensors[0], 1) - 1).max(1);
    let groups = tensors.len().div_ceil(most);
    let parts = empty_like(&tensors[0], Shape::new([groups * CUBES]));
    let norm = empty_like(&tensors[0], Shape::new([1]));
    let units = units_of_a_sum(&norm);
    for (group, tensors) in tensors.chunks(most).enumerate() {
        let address = tensors.iter().map(CubeTensor::required_address_type).max().unwrap_or_default();
        // SAFETY: units read what there is, and each cube writes its own part.
        unsafe {
            squares_kernel::launch_unchecked(
                &norm.client,
                CubeCount::new_1d(CUBES as u32),
                CubeDim::new_1d(units),
                address,
                arguments(tensors.iter().cloned()),
                parts.clone().into_tensor_arg(),
                group * CUBES,
                units as usize,
            );
        }
    }
    // SAFETY: as above.
    unsafe {
        root_kernel::launch_unchecked(
            &norm.client,
            CubeCount::new_1d(1),
            CubeDim::new_1d(units),
            address_type([&parts]),
            parts.clone().into_tensor_arg(),
            norm.clone().into_tensor_arg(),
            units as usize,
        );
    }
    norm
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn adam_kernel(
    parameters: &Sequence<OwnedTensor<f32>>,
    gradients: &Sequence<OwnedTensor<f32>>,
    means: &mut Sequence<OwnedTensor<f32>>,
    squares: &mut Sequence<OwnedTensor<f32>>,
    moved: &mut Sequence<OwnedTensor<f32>>,
    beta_1: f32,
    beta_2: f32,
    factor: f32,
    epsilon: f32,
    learning_rate: f32,
) {
    let mut start = 0usize;
    #[unroll]
    for index in 0..parameters.len() {
        let parameter = parameters.index(index);
        let length = parameter.shape(0);
        if ABSOLUTE_POS >= start && ABSOLUTE_POS < start + length {
            let at = ABSOLUTE_POS - start;
            let gradient = gradients.index(index)[at];
            let (mean, square) = (means.index_mut(index), squares.index_mut(index));
            mean[at] = mean[at] * beta_1 + gradient * (1.0f32 - beta_1);
            square[at] = square[at] * beta_2 + gradient * gradient * (1.0f32 - beta_2);
            let step = mean[at] * factor / (square[at].sqrt() + epsilon) * learning_rate;
            moved.index_mut(index)[at] = parameter[at] - step;
        }
        start += length;
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn blend_kernel(
    averages: &Sequence<OwnedTensor<f32>>,
    newest: &Sequence<OwnedTensor<f32>>,
    blended: &mut Sequence<OwnedTensor<f32>>,
    beta: f32,
) {
    let mut start = 0usize;
    #[unroll]
    for index in 0..averages.len() {
        let average = averages.index(index);
        let length = average.shape(0);
        if ABSOLUTE_POS >= start && ABSOLUTE_POS < start + length {
            let at = ABSOLUTE_POS - start;
            let new = newest.index(index)[at];
            blended.index_mut(index)[at] = new + (average[at] - new) * beta;
        }
        start += length;
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn squares_kernel(
    tensors: &Sequence<OwnedTensor<f32>>,
    parts: &mut Tensor<f32>,
    first: usize,
    #[comptime] units: usize,
) {
    let mut sum = 0.0f32;
    #[unroll]
    for index in 0..tensors.len() {
        let tensor = tensors.index(index);
        let mut at = ABSOLUTE_POS;
        while at < tensor.shape(0) {
            sum += tensor[at] * tensor[at];
            at += CUBE_COUNT * units;
        }
    }
    let sum = sum_over_units(sum, units);
    if UNIT_POS == 0 {
        parts[first + CUBE_POS] = sum;
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn root_kernel(parts: &Tensor<f32>, root: &mut Tensor<f32>, #[comptime] units: usize) {
    let mut sum = 0.0f32;
    let mut at = UNIT_POS as usize;
    while at < parts.shape(0) {
        sum += parts[at];
        at += units;
    }
    let sum = sum_over_units(sum, units);
    if UNIT_POS == 0 {
        root[0] = sum.sqrt();
    }
}
