//! BatchNorm's running statistics of a network, read and set.
//!
//! They are the one thing that a forward pass changes. The parts of a batch are computed as if side by side: each begins with the
//! statistics that all begin with, and the mean of what the parts make of them is kept.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleMapper, Param, RunningState},
    tensor::Tensor,
};

use crate::parameters::{ParameterPath, parameters};

/// burn's names for them.
const NAMES: [&str; 2] = ["running_mean", "running_var"];

/// The running statistics of a network, each flat and off the tape, in an order of their own that is the same in every process.
pub fn running_statistics<M: Module>(network: &M) -> Vec<Tensor<1>> {
    let all = parameters(network).into_iter();
    all.filter(|(name, _)| NAMES.iter().any(|end| name.ends_with(end))).map(|(_, parameter)| parameter.values).collect()
}

/// Sets the running statistics of a network, and of all clones that share them, to values as [`running_statistics`] lists them.
///
/// # Panics
/// When there is another number of them.
pub fn set_running_statistics<M: Module>(network: &M, values: &[Tensor<1>]) {
    // A copy settles the newest update, which would else come after what is set here.
    let names = parameters(network).into_keys().filter(|name| NAMES.iter().any(|end| name.ends_with(end)));
    let names: Vec<String> = names.collect();
    assert_eq!(names.len(), values.len(), "a value for each statistic");
    if names.is_empty() {
        return;
    }
    let values = names.into_iter().zip(values).collect();
    let _ = network.clone().map(&mut Set { path: ParameterPath::default(), values });
}

/// Sets one running statistic, and with it all clones that share it.
///
/// [`RunningState::update`] would have the value wait until it is read, to take its mean with those of other threads: a division for
/// each statistic, which on a GPU are launches, by the number of threads, which is 1.
pub(crate) fn keep(statistic: &RunningState<Tensor<1>>, values: Tensor<1>) {
    let _ = statistic.clone().map(&mut Keep(values));
}

struct Keep(Tensor<1>);

impl ModuleMapper for Keep {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        Param::initialized(param.id, self.0.clone().reshape(param.dims()))
    }
}

/// Walks over a network, whose running statistics its clone shares, and replaces those.
struct Set<'a> {
    path: ParameterPath,
    values: BTreeMap<String, &'a Tensor<1>>,
}

impl ModuleMapper for Set<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(values) = self.values.get(&self.path.name()) else { return param };
        let (id, before) = (param.id, param.val());
        let values = Tensor::clone(values).reshape(before.dims());
        let values = if before.device().is_autodiff() { Tensor::from_inner(values) } else { values };
        Param::initialized(id, values)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::recipe::tests::tiny;

    fn numbers(values: &[Tensor<1>]) -> Vec<f32> {
        values.iter().flat_map(|values| values.clone().into_data().try_to_vec::<f32>().unwrap()).collect()
    }

    #[test]
    fn what_is_set_is_read_and_trained_from() {
        let device = Device::flex().autodiff();
        let pass = |network: &crate::Generator| {
            let latents = Tensor::<2>::from_floats([[0.1, -0.2, 0.3, 0.9], [1.0, 0.5, -1.0, -0.4]], &device);
            drop(network.forward(latents));
        };
        let generator = tiny().generator(16, 3, &device).unwrap();
        let first = running_statistics(&generator);
        assert!(first.len() >= 2 && first.len().is_multiple_of(2));
        pass(&generator);
        let second = running_statistics(&generator);
        assert_ne!(numbers(&first), numbers(&second));
        // Two passes are other than one; from what was before the first, a pass comes to the same again.
        pass(&generator);
        assert_ne!(numbers(&running_statistics(&generator)), numbers(&second));
        set_running_statistics(&generator, &first);
        assert_eq!(numbers(&running_statistics(&generator)), numbers(&first));
        pass(&generator);
        assert_eq!(numbers(&running_statistics(&generator)), numbers(&second));
        // A clone on the tape's other side shares them, the settled copy does not.
        let (shared, copy) = (generator.clone().no_grad(), generator.valid());
        set_running_statistics(&generator, &first);
        assert_eq!(numbers(&running_statistics(&shared)), numbers(&first));
        assert_eq!(numbers(&running_statistics(&copy)), numbers(&second));
    }

    #[test]
    fn what_is_kept_is_there_at_once_for_all_that_share_it() {
        let device = Device::flex();
        let statistic = RunningState::new(Tensor::from_floats([0.5, -1.0], &device));
        let shared = statistic.clone();
        keep(&statistic, Tensor::from_floats([2.0, 3.0], &device));
        for value in [statistic.value(), shared.value(), shared.value_sync()] {
            assert_eq!(numbers(&[value]), [2.0, 3.0]);
        }
    }

    #[test]
    fn weights_stay_as_they_are() {
        let device = Device::flex().autodiff();
        let generator = tiny().generator(16, 3, &device).unwrap();
        let before = generator.to_safetensors().unwrap();
        let statistics = running_statistics(&generator);
        let others: Vec<Tensor<1>> =
            statistics.iter().map(|values| values.random_like(Distribution::Default)).collect();
        set_running_statistics(&generator, &others);
        assert_ne!(generator.to_safetensors().unwrap(), before);
        set_running_statistics(&generator, &statistics);
        assert_eq!(generator.to_safetensors().unwrap(), before);
    }
}
