//! First weights, drawn from a seed and independent of the device.

use burn::{
    module::{Module, ModuleMapper, Param, ParamId},
    tensor::{Tensor, TensorData},
};
use serde::{Deserialize, Serialize};

use crate::{
    parameters::ParameterPath,
    philox::{Philox, Stream},
};

/// The spread of a network's first weights; biases and shifts begin at zero, running statistics at N(0, 1)'s.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Initialization {
    /// Convolutions begin at N(0, `weight_std`²).
    pub weight_std: f64,
    /// BatchNorm's scales begin at N(1, `norm_scale_std`²).
    pub norm_scale_std: f64,
}

impl Initialization {
    /// Draws the first weights of a network: the same for a seed and a stream on every device.
    ///
    /// Parameters get ids by their index as well, so that optimizer states of two equal networks are interchangeable
    /// and nothing is drawn from the process's own random source.
    pub(crate) fn apply<M: Module>(&self, network: M, seed: u64, stream: Stream) -> M {
        let philox = Philox::new(seed, stream);
        let first_id = (stream as u64 + 1) << 32;
        network.map(&mut Draw { initialization: *self, philox, first_id, index: 0, path: ParameterPath::default() })
    }
}

/// Replaces each parameter that it meets; `index` counts them and is the step that their numbers are drawn at.
struct Draw {
    initialization: Initialization,
    philox: Philox,
    first_id: u64,
    index: u64,
    path: ParameterPath,
}

impl Draw {
    /// Rounded once, from f64: `mean + std · value` in f32 would round twice.
    fn normal(&self, count: usize, mean: f64, std: f64) -> Vec<f32> {
        let mut values = vec![0.0; count];
        self.philox.fill_normal(self.index, &mut values);
        values.iter_mut().for_each(|value| *value = (mean + std * f64::from(*value)) as f32);
        values
    }
}

impl ModuleMapper for Draw {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.exit(container_type);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.lazy_shape();
        let count = shape.num_elements();
        let values = match self.path.field() {
            "weight" => Some(self.normal(count, 0.0, self.initialization.weight_std)),
            "gamma" => Some(self.normal(count, 1.0, self.initialization.norm_scale_std)),
            _ => None,
        };
        let mut param = match values {
            Some(values) => Param::from_data(TensorData::new(values, shape), &param.lazy_device()),
            None => param,
        };
        param.id = ParamId::from(self.first_id + self.index);
        self.index += 1;
        param
    }
}
