//! Curves as inline SVG.

use maud::{Markup, html};

use crate::history::Curve;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
/// Room for the numbers left of and below the curves, and for the names above.
const LEFT: f64 = 52.0;
const BELOW: f64 = 28.0;
const ABOVE: f64 = 26.0;
const RIGHT: f64 = 12.0;
/// From the name of one curve to the next.
const NAME_WIDTH: f64 = 170.0;
/// How many numbers an axis has, about.
const TICKS: f64 = 5.0;

/// Draws curves over a common scale; `None` where there is nothing to draw. Colours come from the classes c0, c1, ….
pub(super) fn lines(curves: &[Curve]) -> Option<Markup> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let across = Axis::over(points().map(|point| point.0), LEFT, WIDTH - RIGHT)?;
    let up = Axis::over(points().map(|point| point.1), HEIGHT - BELOW, ABOVE)?;
    Some(html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" {
            (axes(&across, &up))
            @for (index, curve) in curves.iter().enumerate() {
                polyline class={ "c" (index) } points=(polyline(curve, &across, &up)) {}
                text class={ "c" (index) } x=(LEFT + index as f64 * NAME_WIDTH) y="16" { (curve.name) }
            }
        }
    })
}

fn polyline(curve: &Curve, across: &Axis, up: &Axis) -> String {
    let point = |(x, y): &(f64, f64)| format!("{:.1},{:.1}", across.position(*x), up.position(*y));
    curve.points.iter().map(point).collect::<Vec<_>>().join(" ")
}

fn axes(across: &Axis, up: &Axis) -> Markup {
    html! {
        @for tick in up.ticks() {
            @let y = up.position(tick);
            line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(format!("{y:.1}")) y2=(format!("{y:.1}")) {}
            text.up x=(LEFT - 6.0) y=(format!("{:.1}", y + 4.0)) { (up.number(tick)) }
        }
        @for tick in across.ticks() {
            text.across x=(format!("{:.1}", across.position(tick))) y=(HEIGHT - 8.0) { (across.number(tick)) }
        }
    }
}

/// Values laid along a line of the drawing.
struct Axis {
    low: f64,
    high: f64,
    step: f64,
    start: f64,
    end: f64,
}

impl Axis {
    /// The axis that just holds some values, between two positions; `None` without values.
    fn over(values: impl Iterator<Item = f64>, start: f64, end: f64) -> Option<Self> {
        let range = values.fold(None, |range: Option<(f64, f64)>, value| {
            let (low, high) = range.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        });
        let (low, high) = range?;
        // A flat curve still needs a scale.
        let high = if high - low > 1e-12 * high.abs().max(1e-12) { high } else { low + low.abs().max(1.0) };
        Some(Self { low, high, step: round_step((high - low) / TICKS), start, end })
    }

    fn position(&self, value: f64) -> f64 {
        self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (first, last) = ((self.low / self.step).ceil() as i64, (self.high / self.step).floor() as i64);
        let step = self.step;
        (first..=last).map(move |count| count as f64 * step)
    }

    /// A tick with as many decimals as the step has.
    fn number(&self, tick: f64) -> String {
        let decimals = (-self.step.log10().floor()).clamp(0.0, 9.0) as usize;
        format!("{tick:.decimals$}")
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

    fn axis(values: &[f64]) -> Axis {
        Axis::over(values.iter().copied(), 0.0, 100.0).unwrap()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let check = |values: &[f64], expected: &[&str]| {
            let axis = axis(values);
            assert_eq!(axis.ticks().map(|tick| axis.number(tick)).collect::<Vec<_>>(), expected, "{values:?}");
        };
        check(&[0.0, 10.0], &["0", "2", "4", "6", "8", "10"]);
        check(&[0.13, 0.94], &["0.2", "0.4", "0.6", "0.8"]);
        check(&[-3.0, 1900.0], &["0", "500", "1000", "1500"]);
        check(&[7.0], &["8", "10", "12", "14"]);
    }

    #[test]
    fn values_lie_between_the_ends() {
        let axis = axis(&[-1.0, 3.0]);
        assert_eq!([-1.0, 0.0, 3.0].map(|value| axis.position(value)), [0.0, 25.0, 100.0]);
    }

    #[test]
    fn nothing_gives_no_drawing() {
        assert!(lines(&[]).is_none());
        assert!(lines(&[Curve { name: "empty", points: vec![] }]).is_none());
    }

    #[test]
    fn each_curve_has_a_line_and_a_name() {
        let curve = |name, value| Curve { name, points: vec![(0.0, value), (10.0, 1.0)] };
        let svg = lines(&[curve("discriminator", 0.0), curve("generator", 1.0)]).unwrap().into_string();
        assert!(svg.contains("<polyline class=\"c0\" points=\"52.0,232.0 628.0,26.0\"></polyline>"), "{svg}");
        assert!(svg.contains(">generator</text>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
