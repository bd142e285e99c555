//! Adam's update of a parameter, in one pass over it, its gradient and both moments.

// The generated trait is public inside this private module.
#![allow(unreachable_pub, missing_docs)]

use burn::{backend::DispatchTensor, tensor::Tensor};
use rayon::prelude::*;

#[cfg(feature = "cube")]
use crate::{cube, device::is_listable};
use crate::{device::are_plain, prelude::*, storage};

/// One update by Kingma and Ba, "Adam: a method for stochastic optimization" (2015), the last lines of section 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamUpdate {
    /// α, the step's length.
    pub learning_rate: f32,
    /// β₁, the decay of the gradients' mean.
    pub beta_1: f32,
    /// β₂, the decay of the squared gradients' mean.
    pub beta_2: f32,
    /// ε, added to the root of the unbiased squared mean.
    pub epsilon: f32,
    /// t, which update of the parameter this is, counted from 1.
    pub time: i32,
}

impl AdamUpdate {
    /// √(1 − β₂ᵗ), which takes the bias out of √v.
    pub(crate) fn correction(self) -> f32 {
        (1.0 - self.beta_2.powi(self.time)).sqrt()
    }

    /// What m is multiplied by: √(1 − β₂ᵗ) / (1 − β₁ᵗ).
    pub(crate) fn factor(self) -> f32 {
        self.correction() / (1.0 - self.beta_1.powi(self.time))
    }
}

/// The parameter and its two moments after an update:
///
/// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `θ ← θ − α m̂ / (√v̂ + ε)`
///
/// with `m̂ = m / (1 − β₁ᵗ)` and `v̂ = v / (1 − β₂ᵗ)`; the same bits as burn's own Adam, which takes fifteen passes.
/// Devices other than flex, types other than f32, and tensors with autodiff get burn's operators.
///
/// # Shapes
/// - all tensors: any, the same
pub fn adam<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: [Tensor<D>; 2],
    update: AdamUpdate,
) -> (Tensor<D>, [Tensor<D>; 2]) {
    let [mean, square] = moments;
    if !are_plain([&parameter, &gradient, &mean, &square]) {
        return composed(parameter, gradient, [mean, square], update);
    }
    let [parameter, gradient, mean, square] = [parameter, gradient, mean, square].map(|tensor| tensor.into_dispatch());
    let (parameter, mean, square) = Dispatch::adam(parameter, gradient, mean, square, update);
    (Tensor::from_dispatch(parameter), [mean, square].map(Tensor::from_dispatch))
}

/// Updates of many parameters: [`adam`] of each, on a GPU in one launch for as many as its kernels take.
#[derive(Clone, Debug, Default)]
pub struct AdamUpdates {
    /// What is computed already, in place of what is to be.
    done: Vec<Option<[DispatchTensor; 3]>>,
    /// Those to be, with where they belong: parameter, gradient and moments.
    #[cfg(feature = "cube")]
    waiting: Vec<(usize, AdamUpdate, [DispatchTensor; 4])>,
}

impl AdamUpdates {
    /// Adds the update of a parameter.
    ///
    /// # Shapes
    /// - all tensors: any, the same
    pub fn push<const D: usize>(
        &mut self,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        moments: [Tensor<D>; 2],
        update: AdamUpdate,
    ) {
        #[cfg(feature = "cube")]
        if [&parameter, &gradient, &moments[0], &moments[1]].into_iter().all(is_listable) {
            let [mean, square] = moments;
            let tensors = [parameter, gradient, mean, square].map(Tensor::into_dispatch);
            self.waiting.push((self.done.len(), update, tensors));
            self.done.push(None);
            return;
        }
        let (parameter, [mean, square]) = adam(parameter, gradient, moments, update);
        self.done.push(Some([parameter, mean, square].map(Tensor::into_dispatch)));
    }

    /// Computes them.
    pub fn run(self) -> UpdatedParameters {
        #[cfg_attr(not(feature = "cube"), expect(unused_mut, reason = "nothing waits"))]
        let mut done = self.done;
        #[cfg(feature = "cube")]
        {
            let mut waiting = self.waiting.into_iter().peekable();
            while let Some((first, update, tensors)) = waiting.next() {
                // Moved, not copied: moments that nothing else holds are changed in place.
                let (mut indices, mut together) = (vec![first], vec![tensors]);
                while let Some((index, _, tensors)) = waiting.next_if(|(_, next, _)| *next == update) {
                    indices.push(index);
                    together.push(tensors);
                }
                for (index, updated) in indices.into_iter().zip(cube::adam(together, update)) {
                    done[index] = Some(updated);
                }
            }
        }
        UpdatedParameters { left: done.into_iter() }
    }
}

/// What [`AdamUpdates`] came to, in the order in which they were added.
#[derive(Debug)]
pub struct UpdatedParameters {
    left: std::vec::IntoIter<Option<[DispatchTensor; 3]>>,
}

impl UpdatedParameters {
    /// The next parameter and its two moments, as [`adam`] returns them; `None` behind the last.
    pub fn take<const D: usize>(&mut self) -> Option<(Tensor<D>, [Tensor<D>; 2])> {
        let [parameter, mean, square] = self.left.next()??.map(Tensor::from_dispatch);
        Some((parameter, [mean, square]))
    }
}

/// The same sums in the same order by burn's operators, on any device.
fn composed<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    [mean, square]: [Tensor<D>; 2],
    update: AdamUpdate,
) -> (Tensor<D>, [Tensor<D>; 2]) {
    let AdamUpdate { learning_rate, beta_1, beta_2, epsilon, .. } = update;
    let mean = mean.mul_scalar(beta_1) + gradient.clone().mul_scalar(1.0 - beta_1);
    let square = square.mul_scalar(beta_2) + gradient.square().mul_scalar(1.0 - beta_2);
    let root = square.clone().sqrt().add_scalar(epsilon * update.correction());
    let step = mean.clone().mul_scalar(update.factor()).div(root).mul_scalar(learning_rate);
    (parameter - step, [mean, square])
}

/// Adam over a backend's tensors.
#[backend_extension(Flex)]
pub trait Optimizations: Backend {
    /// Parameter, mean and squared mean after an update.
    fn adam(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        update: AdamUpdate,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Values that a task handles: those of all four tensors together stay in the second cache.
const TASK: usize = 1 << 14;

impl Optimizations for Flex {
    fn adam(
        parameter: FlexTensor,
        gradient: FlexTensor,
        mean: FlexTensor,
        square: FlexTensor,
        update: AdamUpdate,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let gradient = gradient.to_contiguous();
        let gradient = storage::values(&gradient);
        let (mut new_mean, mut new_square) = (None, None);
        let parameter = storage::in_place(parameter, |parameter| {
            new_mean = Some(storage::in_place(mean, |mean| {
                new_square =
                    Some(storage::in_place(square, |square| descend(parameter, gradient, mean, square, update)));
            }));
        });
        let reason = "in_place always calls back";
        (parameter, new_mean.expect(reason), new_square.expect(reason))
    }
}

/// Written as the composed operators round: another order of these products would be another run.
fn descend(parameter: &mut [f32], gradient: &[f32], mean: &mut [f32], square: &mut [f32], update: AdamUpdate) {
    let AdamUpdate { learning_rate, beta_1, beta_2, epsilon, .. } = update;
    let (factor, epsilon) = (update.factor(), epsilon * update.correction());
    let tasks = parameter.par_chunks_mut(TASK).zip(gradient.par_chunks(TASK));
    tasks.zip(mean.par_chunks_mut(TASK).zip(square.par_chunks_mut(TASK))).for_each(
        |((parameter, gradient), (mean, square))| {
            let values = parameter.iter_mut().zip(gradient).zip(mean.iter_mut().zip(square));
            for ((parameter, gradient), (mean, square)) in values {
                *mean = *mean * beta_1 + *gradient * (1.0 - beta_1);
                *square = *square * beta_2 + *gradient * *gradient * (1.0 - beta_2);
                *parameter -= *mean * factor / (square.sqrt() + epsilon) * learning_rate;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    const UPDATE: AdamUpdate = AdamUpdate { learning_rate: 0.1, beta_1: 0.5, beta_2: 0.75, epsilon: 0.0, time: 1 };

    fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
        tensor.clone().into_data().try_to_vec().unwrap()
    }

    /// The first update moves by α against the gradient's sign; a second, equal gradient leaves m̂ and v̂ as they were.
    #[test]
    fn updates_worked_out_by_hand() {
        let on = |values: [f32; 3]| Tensor::<1>::from_floats(values, &Device::flex());
        let gradient = on([4.0, -0.5, 2.0]);
        let (first, moments) = adam(on([1.0, 2.0, 3.0]), gradient.clone(), [on([0.0; 3]), on([0.0; 3])], UPDATE);
        assert_eq!(values(&moments[0]), [2.0, -0.25, 1.0]);
        assert_eq!(values(&moments[1]), [4.0, 0.0625, 1.0]);
        let (second, _) = adam(first.clone(), gradient, moments, AdamUpdate { time: 2, ..UPDATE });
        for (found, expected) in [(first, [0.9, 2.1, 2.9]), (second, [0.8, 2.2, 2.8])] {
            for (found, expected) in values(&found).into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
            }
        }
    }

    #[test]
    fn the_bits_are_those_of_burn_s_operators() {
        let random = || Tensor::<2>::random([300, 71], Distribution::Uniform(-1.0, 1.0), &Device::flex());
        let (mut fast, mut reference) = ((random(), [random(), random().square()]), None);
        for time in 1..5 {
            let update = AdamUpdate { learning_rate: 2e-4, beta_1: 0.5, beta_2: 0.999, epsilon: 1e-8, time };
            // A view as well, which is not contiguous.
            let gradient = if time == 3 { random().reshape([71, 300]).swap_dims(0, 1) } else { random() };
            let (parameter, moments) = reference.unwrap_or_else(|| fast.clone());
            reference = Some(composed(parameter, gradient.clone(), moments, update));
            fast = adam(fast.0, gradient, fast.1, update);
            let (parameter, moments) = reference.as_ref().unwrap();
            assert_eq!(values(&fast.0), values(parameter), "update {time}");
            assert_eq!(fast.1.each_ref().map(values), moments.each_ref().map(values), "update {time}");
        }
    }

    #[test]
    fn what_others_hold_is_left_alone() {
        let random = || Tensor::<1>::random([100], Distribution::Uniform(0.0, 1.0), &Device::flex());
        let held = [random(), random(), random(), random()];
        let before = held.each_ref().map(values);
        let [parameter, gradient, mean, square] = held.clone();
        let (moved, _) = adam(parameter, gradient, [mean, square], UPDATE);
        assert_eq!(held.each_ref().map(values), before);
        assert_ne!(values(&moved), before[0]);
    }
}
