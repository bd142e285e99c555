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
    /// Convolutions begin at N(0, `weight_std`²), but in residual networks.
    pub weight_std: f64,
    /// BatchNorm's scales begin at N(1, `norm_scale_std`²).
    pub norm_scale_std: f64,
}

impl Initialization {
    /// Draws the first weights of a network: the same for a seed and a stream on every device.
    ///
    /// Parameters get ids by their index as well, so that optimizer states of two equal networks are interchangeable
    /// and nothing is drawn from the process's own random source.
    ///
    /// A network of residual blocks, of which there are `blocks`, has spreads of its own: [`fixed_up_std`].
    pub(crate) fn apply<M: Module>(&self, network: M, blocks: u32, seed: u64, stream: Stream) -> M {
        let philox = Philox::new(seed, stream);
        let first_id = (stream as u64 + 1) << 32;
        let path = ParameterPath::default();
        network.map(&mut Draw { initialization: *self, blocks, philox, first_id, index: 0, path })
    }
}

/// Replaces each parameter that it meets; `index` counts them and is the step that their numbers are drawn at.
struct Draw {
    initialization: Initialization,
    blocks: u32,
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

    fn weight_std(&self, shape: &[usize]) -> f64 {
        if self.blocks > 0 {
            fixed_up_std(self.path.layer(), shape, self.blocks)
        } else {
            self.initialization.weight_std
        }
    }
}

/// Zhang et al., "Fixup initialization" (2019), section 3, as R3GAN has it: the last convolution of a block begins at zero,
/// the m − 1 others at He's spread times `blocks^(−1 / (2m − 2))`, m = 3, and what stands outside of blocks at
/// `1 / √inputs`.
fn fixed_up_std(layer: &str, shape: &[usize], blocks: u32) -> f64 {
    // The projection is a transposed convolution of one pixel: its inputs come first, and its taps are outputs.
    let inputs = if layer == "conv" { shape[0] } else { shape[1..].iter().product() };
    let spread = 1.0 / (inputs as f64).sqrt();
    match layer {
        "expand" => 0.0,
        // √(2 / (1 + 0.2²)) makes up for what leaky ReLU takes: He et al., "Delving deep into rectifiers" (2015).
        "reduce" | "spatial" => spread * (2.0f64 / 1.04).sqrt() * f64::from(blocks).powf(-0.25),
        _ => spread,
    }
}

impl ModuleMapper for Draw {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.lazy_shape().to_vec();
        let count = shape.iter().product();
        let values = match self.path.field() {
            "weight" => Some(self.normal(count, 0.0, self.weight_std(&shape))),
            // A direction, which power iterations turn to the weight's.
            "v" => Some(self.normal(count, 0.0, 1.0)),
            "gamma" => Some(self.normal(count, 1.0, self.initialization.norm_scale_std)),
            _ => None,
        };
        let mut param = match values {
            Some(values) => Param::from_data(TensorData::new(values, shape), &param.lazy_device()),
            None => param,
        };
        if self.path.field() == "v" {
            param = param.set_require_grad(false);
        }
        param.id = ParamId::from(self.first_id + self.index);
        self.index += 1;
        param
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_of_a_residual_network_by_hand() {
        let check = |layer, shape: &[usize], blocks, expected: f64| {
            let found = fixed_up_std(layer, shape, blocks);
            assert!((found - expected).abs() < 1e-6, "{layer}: {found}");
        };
        check("expand", &[64, 32, 1, 1], 5, 0.0);
        check("conv", &[100, 256, 4, 4], 5, 0.1);
        check("project", &[32, 64, 1, 1], 5, 0.125);
        check("head", &[1, 16, 4, 4], 5, 0.0625);
        // √(2 / 1.04) / √(4 · 9) / 16^¼.
        check("spatial", &[4, 4, 3, 3], 16, 1.386_750 / 6.0 / 2.0);
    }
}
