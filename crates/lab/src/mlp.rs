//! Multilayer perceptrons of a few thousand weights.

use burn::{
    module::{Module, Param},
    nn::{Linear, LinearConfig},
    tensor::{Device, Tensor, TensorData, activation},
};
use gan::{LearningRateSchedule, NetworkOptimizer, Operators, OptimizerConfig, OptimizerName, Philox, Stream};

/// Linear layers with tanh between them.
#[derive(Module, Debug)]
pub(crate) struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// Layers between these widths. First weights are N(0, 1 / inputs), so that features keep their scale; they are a function
    /// of `seed` alone.
    pub(crate) fn new(widths: &[usize], seed: u64, device: &Device) -> Self {
        let philox = Philox::new(seed, Stream::Laboratory);
        let layer = |(index, pair): (u64, &[usize])| {
            let mut weights = vec![0.0f32; pair[0] * pair[1]];
            philox.fill_normal(index, &mut weights);
            weights.iter_mut().for_each(|weight| *weight /= (pair[0] as f32).sqrt());
            let mut linear = LinearConfig::new(pair[0], pair[1]).init(device);
            linear.weight = Param::from_data(TensorData::new(weights, [pair[0], pair[1]]), device);
            linear.bias = Some(Param::from_data(TensorData::zeros::<f32, _>([pair[1]]), device));
            linear
        };
        Self { layers: (0..).zip(widths.windows(2)).map(layer).collect() }
    }

    /// `[batch, inputs]` to `[batch, outputs]`.
    pub(crate) fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let (first, further) = self.layers.split_first().expect("there is a layer");
        further.iter().fold(first.forward(input), |features, layer| layer.forward(activation::tanh(features)))
    }
}

/// Adam with this β₁.
pub(crate) fn adam(beta_1: f64) -> NetworkOptimizer {
    let config = OptimizerConfig {
        name: OptimizerName::Adam,
        // Given to each step.
        learning_rate: 1.0,
        beta_1,
        beta_2: 0.999,
        epsilon: 1e-8,
        momentum: 0.0,
        clip_norm: 0.0,
        schedule: LearningRateSchedule::CONSTANT,
    };
    config.init(Operators::default())
}
