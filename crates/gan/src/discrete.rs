//! Gradients through a choice: two ways to train what makes symbols in place of images.

use burn::tensor::{Tensor, activation};

/// The least uniform number that a logarithm is taken of.
const MIN_UNIFORM: f64 = 1e-20;

/// A choice among symbols, relaxed so that it has a gradient: y = softmax((ln π + g) / τ), g = −ln(−ln u). Jang, Gu and Poole,
/// "Categorical reparameterization with Gumbel-softmax" (2017), equation 2; Maddison, Mnih and Teh, "The concrete distribution"
/// (2017).
///
/// The largest component is symbol i's with probability πᵢ, at any temperature. As τ → 0 samples become one-hot; the
/// gradient of E\[f(y)\] is that of E\[f(symbol)\] only then, and its variance grows without bound.
///
/// # Shapes
/// - `logits`: `[batch, symbols]`, ln π up to a constant
/// - `uniform`: `[batch, symbols]`, independent numbers from \[0, 1)
/// - output: `[batch, symbols]`, each row a distribution
pub fn gumbel_softmax(logits: Tensor<2>, uniform: Tensor<2>, temperature: f64) -> Tensor<2> {
    let gumbel = uniform.clamp_min(MIN_UNIFORM).log().neg().log().neg();
    activation::softmax((logits + gumbel).div_scalar(temperature), 1)
}

/// A loss whose gradient is an unbiased estimate of −∇ E\[r\], by the score of what was drawn: −mean((r − b) ln π(symbol)).
/// Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning" (1992), theorem 1.
///
/// A baseline b that does not depend on the symbol leaves the expectation as it is; near E\[r\] it takes most of the variance.
///
/// # Shapes
/// - `log_probabilities`: `[batch]`, ln π of each symbol drawn, on the tape
/// - `rewards`: `[batch]`, constants
/// - output: `[1]`
pub fn reinforce_loss(log_probabilities: Tensor<1>, rewards: Tensor<1>, baseline: f64) -> Tensor<1> {
    (log_probabilities * rewards.detach().sub_scalar(baseline)).mean().neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn row(values: &[f32]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [1, values.len()]), &Device::flex())
    }

    /// At u = e^(−1) the noise is 0, at u = e^(−2) it is −ln 2.
    #[test]
    fn a_relaxed_choice_by_hand() {
        let uniform = row(&[(-1f32).exp(), (-2f32).exp()]);
        let check = |temperature: f64, expected: f32| {
            let found = gumbel_softmax(row(&[0.0, 2f32.ln() * 2.0]), uniform.clone(), temperature);
            let found: Vec<f32> = found.into_data().try_to_vec().unwrap();
            assert!((found[1] - expected).abs() < 1e-5 && (found[0] + found[1] - 1.0).abs() < 1e-6, "{found:?}");
        };
        check(1.0, 2.0 / 3.0);
        check(0.5, 4.0 / 5.0);
        check(2.0, 2f32.sqrt() / (1.0 + 2f32.sqrt()));
        let extreme = gumbel_softmax(row(&[0.0, 0.0]), row(&[0.0, 0.999_999_9]), 0.1);
        assert!(extreme.into_data().try_to_vec::<f32>().unwrap().iter().all(|value| value.is_finite()));
    }

    /// Over all symbols, each as often as it is likely, the loss's gradient is −∇ Σ πᵢ rᵢ = −πᵢ (rᵢ − r̄), for any baseline.
    #[test]
    fn its_expected_gradient_is_that_of_the_expected_reward() {
        let rewards = [1.0f32, -1.0, 3.0, 0.5];
        // Eight draws in which the symbols stand as often as they are likely: 1/8, 1/4, 1/2, 1/8.
        let drawn = [0usize, 1, 1, 2, 2, 2, 2, 3];
        let probabilities = [0.125f32, 0.25, 0.5, 0.125];
        let mean: f32 = probabilities.iter().zip(rewards).map(|(p, r)| p * r).sum();
        for baseline in [0.0, 1.5, -7.0] {
            let logits = row(&probabilities.map(f32::ln)).autodiff().require_grad();
            let log = activation::log_softmax(logits.clone(), 1).flatten::<1>(0, 1);
            let chosen = Tensor::cat(drawn.map(|symbol| log.clone().narrow(0, symbol, 1)).to_vec(), 0);
            let reward = Tensor::<1>::from_floats(drawn.map(|symbol| rewards[symbol]), &Device::flex()).autodiff();
            let gradients = reinforce_loss(chosen, reward, baseline).backward();
            let found: Vec<f32> = logits.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
            for (symbol, found) in found.into_iter().enumerate() {
                let expected = -probabilities[symbol] * (rewards[symbol] - mean);
                assert!((found - expected).abs() < 1e-5, "baseline {baseline}: {found}, not {expected}");
            }
        }
    }
}
