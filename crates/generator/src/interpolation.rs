//! Latents between latents.

/// The latent at `share` of the way from `a` to `b` along the great circle that joins them.
///
/// ```text
/// slerp(a, b; t) = sin((1 − t) θ) / sin θ · a + sin(t θ) / sin θ · b,   cos θ = ⟨a, b⟩ / (‖a‖ ‖b‖)
/// ```
///
/// Shoemake, "Animating rotation with quaternion curves" (1985); White, "Sampling generative networks" (2016), section 2.
/// The latents that a generator was trained on lie near a sphere, because their length varies little in many dimensions:
/// a straight line between two of them runs through its inside, where the generator has never been.
///
/// `share` goes from 0, `a`, to 1, `b`. Latents that are parallel, or 0, are joined by a straight line.
pub fn spherical(a: &[f32], b: &[f32], share: f64) -> Vec<f32> {
    let [from, to] = weights(angle(a, b), share);
    a.iter().zip(b).map(|(a, b)| (from * f64::from(*a) + to * f64::from(*b)) as f32).collect()
}

/// Below this sine the quotients of sines lose their digits, and the arc is as good as straight or has no direction.
const MIN_SINE: f64 = 1e-6;

fn weights(angle: f64, share: f64) -> [f64; 2] {
    let sine = angle.sin();
    if sine < MIN_SINE {
        return [1.0 - share, share];
    }
    [((1.0 - share) * angle).sin() / sine, (share * angle).sin() / sine]
}

/// The angle between two latents in [0, π]; 0 where one of them has no direction.
fn angle(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let lengths = (product(a, a) * product(b, b)).sqrt();
    // Rounding may put the cosine of equal latents beyond 1, whose arc is no number.
    if lengths > 0.0 { (product(a, b) / lengths).clamp(-1.0, 1.0).acos() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: &[f32], b: &[f32], share: f64, expected: &[f32]) {
        let found = spherical(a, b, share);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} and {expected}: {share} from {a:?} to {b:?}");
        }
    }

    #[test]
    fn a_quarter_circle_is_walked_at_one_speed() {
        let (x, y) = ([2.0, 0.0], [0.0, 2.0]);
        check(&x, &y, 0.0, &x);
        check(&x, &y, 0.5, &[2f32.sqrt(), 2f32.sqrt()]);
        check(&x, &y, 1.0 / 3.0, &[3f32.sqrt(), 1.0]);
        check(&x, &y, 1.0, &y);
    }

    #[test]
    fn lengths_that_differ_are_passed_through() {
        let middle = spherical(&[1.0, 0.0], &[0.0, 3.0], 0.5);
        assert!((middle[0] - 0.5f32.sqrt()).abs() < 1e-6 && (middle[1] - 3.0 * 0.5f32.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn latents_without_an_angle_are_joined_by_a_line() {
        check(&[1.0, 2.0], &[1.0, 2.0], 0.25, &[1.0, 2.0]);
        check(&[1.0, 2.0], &[3.0, 6.0], 0.5, &[2.0, 4.0]);
        check(&[0.0, 0.0], &[4.0, 0.0], 0.25, &[1.0, 0.0]);
        check(&[1.0, 0.0], &[-1.0, 0.0], 0.5, &[0.0, 0.0]);
    }
}
