//! Latents made of others.

/// The mean of latents, number by number: what they have in common, which one alone would blur with its own; empty for none.
pub fn average(latents: &[Vec<f32>]) -> Vec<f32> {
    let weight = 1.0 / latents.len() as f64;
    weighted_sum(&latents.iter().map(|latent| (weight, &latent[..])).collect::<Vec<_>>())
}

/// A sum of latents, each times its weight: "man with glasses − man + woman" of Radford et al., "Unsupervised representation
/// learning with deep convolutional generative adversarial networks" (2015), section 6.3.2, has the weights 1, −1 and 1.
pub fn weighted_sum(terms: &[(f64, &[f32])]) -> Vec<f32> {
    let size = terms.iter().map(|(_, latent)| latent.len()).min().unwrap_or(0);
    let number = |index: usize| terms.iter().map(|(weight, latent)| weight * f64::from(latent[index])).sum::<f64>();
    (0..size).map(|index| number(index) as f32).collect()
}

/// The first half of one latent's numbers and the rest of another's. Since the numbers are drawn one by one, it is as likely as
/// both.
pub fn halves(first: &[f32], second: &[f32]) -> Vec<f32> {
    let middle = first.len() / 2;
    first[..middle].iter().chain(second.iter().skip(middle)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latents_are_combined_number_by_number() {
        let (a, b, c) = (vec![1.0, 2.0, 3.0], vec![5.0, 4.0, 0.0], vec![0.0, 1.0, 8.0]);
        assert_eq!(average(&[a.clone(), b.clone()]), [3.0, 3.0, 1.5]);
        assert_eq!(weighted_sum(&[(1.0, &a), (-1.0, &b), (1.0, &c)]), [-4.0, -1.0, 11.0]);
        assert_eq!(halves(&a, &b), [1.0, 4.0, 0.0]);
        assert!(average(&[]).is_empty());
    }
}
