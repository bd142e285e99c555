//! Answers to probabilities (Platt, "Probabilistic outputs for support vector machines", 1999, with the targets of equation 4).

/// The slope and offset for which σ(slope · answer + offset) is likeliest, by Newton's method.
pub fn fit(answers: &[(f32, bool)]) -> (f32, f32) {
    let right = answers.iter().filter(|(_, is_subject)| *is_subject).count() as f64;
    let wrong = answers.len() as f64 - right;
    // Not 0 and 1, or answers that separate perfectly would make the slope infinite.
    let target = |is_subject: bool| if is_subject { (right + 1.0) / (right + 2.0) } else { 1.0 / (wrong + 2.0) };
    let (mut slope, mut offset) = (1.0, 0.0);
    for _ in 0..100 {
        let (mut g, mut h) = ([0.0; 2], [1e-6, 0.0, 1e-6]);
        for (answer, is_subject) in answers {
            let x = f64::from(*answer);
            let p = 1.0 / (1.0 + (-(slope * x + offset)).exp());
            let (error, weight) = (p - target(*is_subject), p * (1.0 - p));
            g = [g[0] + error * x, g[1] + error];
            h = [h[0] + weight * x * x, h[1] + weight * x, h[2] + weight];
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        // Half a step: the whole one may jump to where everything is certain.
        slope -= 0.5 * (h[2] * g[0] - h[1] * g[1]) / determinant;
        offset -= 0.5 * (h[0] * g[1] - h[1] * g[0]) / determinant;
    }
    (slope as f32, offset as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_counted() {
        let of = |answer, right, wrong| [vec![(answer, true); right], vec![(answer, false); wrong]].concat();
        let (slope, offset) = fit(&[of(-2.0, 100, 900), of(2.0, 900, 100)].concat());
        let odds = 9.0_f32.ln();
        assert!((slope - odds / 2.0).abs() < 0.02 && offset.abs() < 0.02, "{slope} {offset}");
    }
}
