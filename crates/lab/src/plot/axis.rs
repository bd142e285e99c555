//! An axis: values to positions, and the round values that are written beside it.

/// Values from `from` to `to`, named.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// What the values are, with their unit.
    pub(crate) label: String,
    /// The least value shown.
    pub(crate) from: f64,
    /// The greatest.
    pub(crate) to: f64,
}

impl Axis {
    /// An axis of these values.
    pub(crate) fn new(label: &str, from: f64, to: f64) -> Self {
        Self { label: label.into(), from, to }
    }

    /// Where a value lies between the axis's ends, from 0 to 1 inside.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }

    /// Round values a round step apart, four to nine of them, each as it is written.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let step = round_step((self.to - self.from) / 4.5);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let (first, last) = ((self.from / step - 1e-9).ceil() as i64, (self.to / step + 1e-9).floor() as i64);
        (first..=last).map(|index| (index as f64 * step, written(index as f64 * step, decimals))).collect()
    }
}

/// The greatest of 1, 2, 5 times a power of ten that is not above `about`.
fn round_step(about: f64) -> f64 {
    let power = 10f64.powf(about.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|digit| digit * power).find(|step| *step <= about * 1.0001).unwrap_or(power)
}

fn written(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let check = |from, to, expected: &[&str]| {
            let found: Vec<String> = Axis::new("", from, to).ticks().into_iter().map(|(_, text)| text).collect();
            assert_eq!(found, expected, "{from} to {to}");
        };
        check(0.0, 1.0, &["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        check(-4.0, 6.0, &["−4", "−2", "0", "2", "4", "6"]);
        check(0.0, 5000.0, &["0", "1000", "2000", "3000", "4000", "5000"]);
        check(0.0, 0.3, &["0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"]);
    }
}
