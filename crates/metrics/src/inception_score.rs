//! The inception score: how sure a classifier is of each image, and how unlike the images are in its eyes.

use crate::{MetricError, bootstrap::mean, features::Features, mersenne::RandomState};

/// A score over splits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InceptionScore {
    /// The mean over the splits.
    pub mean: f64,
    /// The standard deviation of the splits' scores.
    pub deviation: f64,
}

/// The score of a classifier's logits, a row an image.
///
/// Salimans et al., "Improved techniques for training GANs" (2016), section 4: exp(E KL(p(y|x) ‖ p(y))), taken for each of
/// some equal parts of the images, which are shuffled as NumPy's `RandomState` of that seed does.
///
/// # Errors
/// When there are fewer images than splits, or no split.
pub fn inception_score(logits: &Features, splits: usize, seed: u32) -> Result<InceptionScore, MetricError> {
    let count = logits.len();
    if splits == 0 || count < splits {
        return Err(MetricError::TooFew { count, needed: splits.max(1) });
    }
    let order = RandomState::new(seed).permutation(count);
    let parts = (0..splits).map(|split| &order[split * count / splits..(split + 1) * count / splits]);
    let scores: Vec<f64> = parts.map(|part| score(&logits.select(part))).collect();
    let mean = mean(&scores);
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / splits as f64;
    Ok(InceptionScore { mean, deviation: variance.sqrt() })
}

fn score(logits: &Features) -> f64 {
    let count = logits.len() as f64;
    let logarithms: Vec<Vec<f64>> = logits.rows().map(log_softmax).collect();
    let mut marginal = vec![0.0; logits.dimensions()];
    for row in &logarithms {
        marginal.iter_mut().zip(row).for_each(|(sum, log)| *sum += log.exp() / count);
    }
    let divergence =
        |row: &Vec<f64>| -> f64 { row.iter().zip(&marginal).map(|(log, q)| log.exp() * (log - q.ln())).sum() };
    (logarithms.iter().map(divergence).sum::<f64>() / count).exp()
}

/// ln softmax(x), shifted by the largest so that nothing overflows.
fn log_softmax(row: &[f32]) -> Vec<f64> {
    let row = row.iter().map(|value| f64::from(*value));
    let largest = row.clone().fold(f64::NEG_INFINITY, f64::max);
    let total = row.clone().map(|value| (value - largest).exp()).sum::<f64>().ln();
    row.map(|value| value - largest - total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_scale() {
        let same = Features::new(4, vec![1.0; 4 * 8]).unwrap();
        assert!((inception_score(&same, 1, 1).unwrap().mean - 1.0).abs() < 1e-12);
        let sure = Features::new(4, (0..64).map(|i| if i / 4 % 4 == i % 4 { 100.0 } else { 0.0 }).collect()).unwrap();
        // Four classes, each of a quarter of the images, without doubt.
        assert!((inception_score(&sure, 1, 1).unwrap().mean - 4.0).abs() < 1e-9);
        assert!(inception_score(&same, 9, 1).is_err());
    }
}
