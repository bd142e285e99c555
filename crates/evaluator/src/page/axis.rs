//! Values laid along a line of a drawing, evenly or by their logarithms.

use super::elements::significant;

/// How many numbers an axis has, about.
const TICKS: f64 = 5.0;

/// A logarithmic scale is offered where the largest value is this many times the smallest: less looks the same.
const MIN_LOG_RATIO: f64 = 20.0;

/// Between which values an axis reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    low: f64,
    high: f64,
}

impl Range {
    /// The range that just holds some values; `None` without values.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        values.fold(None, |range: Option<Self>, value| {
            let Self { low, high } = range.unwrap_or(Self { low: value, high: value });
            Some(Self { low: low.min(value), high: high.max(value) })
        })
    }

    /// Whether the logarithms of its values say more than the values.
    pub(super) fn wants_logarithms(self) -> bool {
        self.low > 0.0 && self.high / self.low >= MIN_LOG_RATIO
    }
}

/// How values become positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithms; all values are above 0.
    Log,
}

impl Scale {
    /// Its name, by which the page's style shows and hides drawings.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Log => "log",
        }
    }
}

/// A range of values along a line.
pub(super) struct Axis {
    scale: Scale,
    range: Range,
    /// The positions of the range's ends.
    ends: [f64; 2],
}

impl Axis {
    /// Lays a range between two positions.
    pub(super) fn new(range: Range, scale: Scale, ends: [f64; 2]) -> Self {
        let Range { low, high } = range;
        // A flat curve still needs a scale: its own height, so that a learning rate is not taken for zero.
        let flat = high - low <= 1e-12 * high.abs().max(1e-12);
        let high = match (flat, scale) {
            (false, _) => high,
            (true, Scale::Linear) if low == 0.0 => 1.0,
            (true, Scale::Linear) => low + low.abs(),
            (true, Scale::Log) => low * 10.0,
        };
        Self { scale, range: Range { low, high }, ends }
    }

    /// Where a value lies.
    pub(super) fn position(&self, value: f64) -> f64 {
        let Range { low, high } = self.range;
        let share = match self.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log => (value / low).ln() / (high / low).ln(),
        };
        self.ends[0] + share * (self.ends[1] - self.ends[0])
    }

    /// Round values of the range, and how they are written.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        match self.scale {
            Scale::Linear => self.even_ticks(),
            Scale::Log => self.log_ticks(),
        }
    }

    fn even_ticks(&self) -> Vec<(f64, String)> {
        let Range { low, high } = self.range;
        let step = round_step((high - low) / TICKS);
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
        // Many small decimals in a row are read worse than powers of ten.
        let number = |tick: f64| if decimals > 5 { significant(tick, 2) } else { format!("{tick:.decimals$}") };
        (first..=last).map(|count| count as f64 * step).map(|tick| (tick, number(tick))).collect()
    }

    fn log_ticks(&self) -> Vec<(f64, String)> {
        let Range { low, high } = self.range;
        let decades = (high / low).log10();
        // Over few decades the twos and fives are needed, over many every second power is enough.
        let (factors, stride): (&[f64], i32) = match decades {
            d if d < 2.0 => (&[1.0, 2.0, 5.0], 1),
            d => (&[1.0], (d / TICKS).ceil() as i32),
        };
        let powers =
            (low.log10().floor() as i32..=high.log10().ceil() as i32).filter(|power| power.rem_euclid(stride) == 0);
        let values = powers.flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
        values.filter(|tick| (low..=high).contains(tick)).map(|tick| (tick, significant(tick, 2))).collect()
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `min`.
fn round_step(min: f64) -> f64 {
    let power = 10f64.powf(min.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|step| *step >= min).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(scale: Scale, values: &[f64]) -> Axis {
        Axis::new(Range::of(values.iter().copied()).unwrap(), scale, [0.0, 100.0])
    }

    #[test]
    fn ticks_are_round_numbers() {
        let check = |scale, values: &[f64], expected: &[&str]| {
            let ticks: Vec<String> = axis(scale, values).ticks().into_iter().map(|(_, text)| text).collect();
            assert_eq!(ticks, expected, "{values:?}");
        };
        check(Scale::Linear, &[0.0, 10.0], &["0", "2", "4", "6", "8", "10"]);
        check(Scale::Linear, &[0.13, 0.94], &["0.2", "0.4", "0.6", "0.8"]);
        check(Scale::Linear, &[-3.0, 1900.0], &["0", "500", "1000", "1500"]);
        check(Scale::Linear, &[0.0002], &["0.00020", "0.00025", "0.00030", "0.00035", "0.00040"]);
        check(Scale::Linear, &[7.0], &["8", "10", "12", "14"]);
        check(Scale::Log, &[0.3, 12.0], &["0.5", "1", "2", "5", "10"]);
        check(Scale::Log, &[0.01, 10_000.0], &["0.01", "1", "100", "10000"]);
    }

    #[test]
    fn values_lie_between_the_ends() {
        let linear = axis(Scale::Linear, &[-1.0, 3.0]);
        assert_eq!([-1.0, 0.0, 3.0].map(|value| linear.position(value)), [0.0, 25.0, 100.0]);
        let log = axis(Scale::Log, &[0.1, 1000.0]);
        assert!((log.position(1.0) - 25.0).abs() < 1e-9);
    }

    #[test]
    fn logarithms_are_offered_where_they_say_more() {
        let check = |values: [f64; 2], expected| {
            assert_eq!(Range::of(values.into_iter()).unwrap().wants_logarithms(), expected, "{values:?}");
        };
        check([0.1, 5.0], true);
        check([1.0, 5.0], false);
        check([0.0, 5.0], false);
        assert_eq!(Range::of([].into_iter()), None);
    }
}
