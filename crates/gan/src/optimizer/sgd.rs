//! SGD with momentum for burn's module optimizer: on every device by burn's operators, for it is one pass anyway.

use burn::{
    optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource},
    tensor::{Device, Tensor},
};

/// SGD's one constant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sgd {
    pub(super) momentum: f64,
}

/// v of one parameter: the decayed sum of its gradients. There is none without momentum.
#[derive(Clone, Debug)]
pub(super) struct SgdState<const D: usize> {
    velocity: Tensor<D>,
}

const VELOCITY: &str = "velocity";

impl<const D: usize> RecordState for SgdState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, VELOCITY, self.velocity.to_data());
    }

    /// On the CPU, as Adam's.
    fn state_unflatten(prefix: &str, source: &mut StateSource, _default: &Device) -> Option<Self> {
        let velocity = source.take_tensor(prefix, VELOCITY)?;
        Some(Self { velocity: Tensor::from_data(velocity, &Device::flex()) })
    }
}

impl Optimizer for Sgd {
    type State<const D: usize> = SgdState<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<SgdState<D>>,
    ) -> (Tensor<D>, Option<SgdState<D>>) {
        let velocity = match state {
            Some(SgdState { velocity }) => velocity.mul_scalar(self.momentum) + gradient,
            None => gradient,
        };
        let moved = parameter - velocity.clone().mul_scalar(learning_rate);
        (moved, (self.momentum > 0.0).then_some(SgdState { velocity }))
    }

    fn to_device<const D: usize>(state: SgdState<D>, device: &Device) -> SgdState<D> {
        SgdState { velocity: state.velocity.to_device(device) }
    }
}

#[cfg(test)]
mod tests {
    use burn::{
        nn::{Linear, LinearConfig},
        optim::GradientsParams,
        tensor::Device,
    };

    use super::*;
    use crate::{NetworkOptimizer, OptimizerConfig, OptimizerName, operators::Operators, recipe::tests::tiny};

    fn config(momentum: f64) -> OptimizerConfig {
        OptimizerConfig { name: OptimizerName::Sgd, momentum, ..tiny().generator.optimizer }
    }

    /// A step on w · (1, 2): the gradient is (1, 2) wherever w is.
    fn step(optimizer: &mut NetworkOptimizer, network: Linear, rate: f64) -> Linear {
        let input = Tensor::<2>::from_floats([[1.0, 2.0]], &Device::flex().autodiff());
        let gradients = GradientsParams::from_grads(network.forward(input).sum().backward(), &network);
        optimizer.step(rate, network, gradients)
    }

    fn network() -> Linear {
        LinearConfig::new(2, 1).with_bias(false).init(&Device::flex().autodiff())
    }

    fn weights(network: &Linear) -> [f32; 2] {
        network.weight.val().into_data().try_to_vec::<f32>().unwrap().try_into().unwrap()
    }

    #[test]
    fn steps_by_hand() {
        // v is 1, then 1.5, then 1.75 times the gradient; the last rate is a tenth.
        for (momentum, lengths) in [(0.5, [0.1, 0.15, 0.0175]), (0.0, [0.1, 0.1, 0.01])] {
            let mut optimizer = config(momentum).init(Operators::default());
            let mut network = network();
            for (rate, length) in [0.1, 0.1, 0.01].into_iter().zip(lengths) {
                let before = weights(&network);
                network = step(&mut optimizer, network, rate);
                let after = weights(&network);
                for (index, gradient) in [1.0f32, 2.0].into_iter().enumerate() {
                    let moved = before[index] - after[index];
                    assert!((moved - length * gradient).abs() < 1e-6, "momentum {momentum}: {moved}");
                }
            }
        }
    }

    #[test]
    fn its_state_survives_its_bytes() {
        let mut whole = config(0.9).init(Operators::default());
        let network = step(&mut whole, network(), 0.1);
        let mut loaded = config(0.9).init(Operators::default()).from_bytes(whole.into_bytes().unwrap()).unwrap();
        let next = |optimizer: &mut NetworkOptimizer| weights(&step(optimizer, network.clone(), 0.1));
        let (on, again, anew) =
            (next(&mut whole), next(&mut loaded), next(&mut config(0.9).init(Operators::default())));
        assert_eq!(on, again);
        assert_ne!(on, anew, "the state makes no difference");
        // Without momentum there is none to keep.
        let mut plain = config(0.0).init(Operators::default());
        step(&mut plain, network.clone(), 0.1);
        config(0.0).init(Operators::default()).from_bytes(plain.into_bytes().unwrap()).unwrap();
    }

    #[test]
    fn each_rule_has_constants_of_its_own() {
        assert_eq!(config(0.9).problems(), [""; 0]);
        assert!(config(1.0).problems()[0].starts_with("momentum is 1: it must be"));
        let adam = OptimizerConfig { name: OptimizerName::Adam, ..config(0.9) };
        assert!(adam.problems()[0].starts_with("momentum is 0.9: it is sgd's"), "{:?}", adam.problems());
        let read: OptimizerConfig = toml::from_str("name = \"sgd\"\nlearning_rate = 0.1\nmomentum = 0.5").unwrap();
        assert_eq!((read.momentum, read.clip_norm), (0.5, 0.0));
        assert!(!toml::to_string(&tiny().generator.optimizer).unwrap().contains("momentum"));
    }
}
