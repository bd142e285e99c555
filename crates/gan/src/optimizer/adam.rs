//! Adam for burn's module optimizer, by `fast-conv`'s single pass.
//!
//! burn asks for one parameter's update after the other. Where many are faster done at once, the network is walked over twice: the
//! first time updates are gathered, the second time handed out.

use std::cell::RefCell;

use burn::{
    optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource},
    tensor::{Device, Tensor},
};
use fast_conv::{AdamUpdate, AdamUpdates, UpdatedParameters};

/// Adam's constants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adam {
    pub(super) beta_1: f32,
    pub(super) beta_2: f32,
    pub(super) epsilon: f32,
}

/// What is done with the updates that this thread is asked for.
enum Walk {
    /// Each is computed as it comes.
    Alone,
    /// They are gathered, with how many each parameter has had.
    Gathering(AdamUpdates, Vec<u32>),
    /// What was gathered is handed out.
    Handing(UpdatedParameters, std::vec::IntoIter<u32>),
}

thread_local! {
    static WALK: RefCell<Walk> = const { RefCell::new(Walk::Alone) };
}

/// Computes all updates that `walk` asks for at once. It is called twice, with the same parameters in the same order, and what it
/// makes of them counts the second time.
pub(super) fn at_once<T>(first: impl FnOnce() -> T, second: impl FnOnce(T) -> T) -> T {
    WALK.set(Walk::Gathering(AdamUpdates::default(), Vec::new()));
    let walked = first();
    if let Walk::Gathering(updates, times) = WALK.replace(Walk::Alone) {
        WALK.set(Walk::Handing(updates.run(), times.into_iter()));
    }
    let walked = second(walked);
    WALK.set(Walk::Alone);
    walked
}

/// What Adam remembers of one parameter.
#[derive(Clone, Debug)]
pub(super) struct AdamState<const D: usize> {
    /// Updates so far.
    time: u32,
    /// The decayed means of the gradient and of its square.
    moments: [Tensor<D>; 2],
}

const TIME: &str = "time";
const MOMENTS: [&str; 2] = ["moment_1", "moment_2"];

impl<const D: usize> RecordState for AdamState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, TIME, u64::from(self.time).into());
        for (name, moment) in MOMENTS.into_iter().zip(&self.moments) {
            out.push_tensor(prefix, name, moment.to_data());
        }
    }

    /// On the CPU, whatever burn's default device is: that may be a GPU which this machine lacks. The next step moves
    /// the state to its parameter.
    fn state_unflatten(prefix: &str, source: &mut StateSource, _default: &Device) -> Option<Self> {
        let time = u64::try_from(source.take_scalar(prefix, TIME)?).ok()?;
        let [first, second] = MOMENTS.map(|name| source.take_tensor(prefix, name));
        let moments = [first?, second?].map(|data| Tensor::from_data(data, &Device::flex()));
        Some(Self { time: u32::try_from(time).ok()?, moments })
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let handed = WALK.with_borrow_mut(|walk| match walk {
            Walk::Handing(updated, times) => updated.take().zip(times.next()),
            Walk::Alone | Walk::Gathering(..) => None,
        });
        if let Some(((parameter, moments), time)) = handed {
            return (parameter, Some(AdamState { time, moments }));
        }
        let AdamState { time, moments } =
            state.unwrap_or_else(|| AdamState { time: 0, moments: [gradient.zeros_like(), gradient.zeros_like()] });
        let time = time + 1;
        let update = AdamUpdate {
            learning_rate: learning_rate as f32,
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
            time: i32::try_from(time).unwrap_or(i32::MAX),
        };
        WALK.with_borrow_mut(|walk| match walk {
            Walk::Gathering(updates, times) => {
                updates.push(parameter.clone(), gradient, moments, update);
                times.push(time);
                // Nothing is remembered until the second walk, so that the moments can be changed in place.
                (parameter, None)
            }
            Walk::Alone | Walk::Handing(..) => {
                let (parameter, moments) = fast_conv::adam(parameter, gradient, moments, update);
                (parameter, Some(AdamState { time, moments }))
            }
        })
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        AdamState { moments: state.moments.map(|moment| moment.to_device(device)), ..state }
    }
}

#[cfg(test)]
mod tests {
    use burn::{module::Module, optim::GradientsParams, tensor::Device};

    use crate::{Generator, NetworkOptimizer, Philox, Stream, operators::Operators, recipe::tests::tiny};

    fn update(optimizer: &mut NetworkOptimizer, generator: Generator, step: u64) -> Generator {
        let philox = Philox::new(1, Stream::TrainingLatents);
        let latents = tiny().latent.sample(&philox, step, 4, &Device::flex().autodiff());
        let gradients = generator.forward(latents).square().mean().backward();
        let gradients = GradientsParams::from_grads(gradients, &generator);
        optimizer.step(1e-2, generator, gradients)
    }

    fn fresh() -> Generator {
        tiny().generator(16, 5, &Device::flex().autodiff()).unwrap()
    }

    #[test]
    fn it_takes_burn_s_own_steps() {
        let train = |operators| {
            let mut optimizer = tiny().generator.optimizer.init(operators);
            (0..4).fold(fresh(), |generator, step| update(&mut optimizer, generator, step)).to_safetensors().unwrap()
        };
        assert_eq!(train(Operators::default()), train(Operators::Burn));
    }

    #[test]
    fn its_state_survives_its_bytes() {
        let config = tiny().generator.optimizer;
        let mut whole = config.init(Operators::default());
        let generator = update(&mut whole, fresh(), 0);
        let generator = update(&mut whole, generator, 1);
        let mut loaded = config.init(Operators::default()).from_bytes(whole.into_bytes().unwrap()).unwrap();
        // A copy with running statistics of its own, which a plain clone shares.
        let next = |optimizer: &mut NetworkOptimizer| {
            update(optimizer, generator.valid().train(), 2).to_safetensors().unwrap()
        };
        let (on, again, anew) = (next(&mut whole), next(&mut loaded), next(&mut config.init(Operators::default())));
        assert!(on == again, "the loaded state leads elsewhere");
        assert!(on != anew, "the state makes no difference");
    }
}
