//! Sums of many floats, in an order that is the same on every processor.

/// Sixteen sums in f32, added up in f64: what a vector register does, in any register, so that the order of the sum
/// is the same on every processor and short sums stay exact enough for a variance.
pub(crate) fn lane_sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let mut lanes = [0.0f32; 16];
    let (mut a, mut b) = (a.chunks_exact(16), b.chunks_exact(16));
    for (a, b) in a.by_ref().zip(b.by_ref()) {
        for (sum, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *sum += term(*a, *b);
        }
    }
    for (sum, (a, b)) in lanes.iter_mut().zip(a.remainder().iter().zip(b.remainder())) {
        *sum += term(*a, *b);
    }
    lanes.into_iter().map(f64::from).sum()
}
