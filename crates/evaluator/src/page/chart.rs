//! Curves as inline SVG. The page's script tells the values where the pointer is.

use maud::{Markup, html};

use super::{
    axis::{Axis, Range, Scale},
    elements::significant,
};
use crate::history::{Curve, Plot};

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 220.0;
/// Room for the numbers left of and below the curves, and for half a number above and right of them.
const LEFT: f64 = 48.0;
const BELOW: f64 = 24.0;
const ABOVE: f64 = 8.0;
const RIGHT: f64 = 14.0;
/// A curve of so few points shows them.
const MAX_DOTS: usize = 40;
/// Colours that the style has; more curves begin again.
pub(super) const COLOURS: usize = 8;

/// All plots, side by side where there is room.
pub(super) fn charts(plots: &[Plot]) -> Markup {
    html! { div.charts { @for plot in plots { (chart(plot)) } } }
}

/// A plot with its legend, drawn evenly and, where that says more, by logarithms too.
fn chart(plot: &Plot) -> Markup {
    let points = || plot.curves.iter().flat_map(|curve| &curve.points);
    let across = Range::of(points().map(|point| point.0));
    let up = Range::of(points().map(|point| point.1));
    let (Some(across), Some(up)) = (across, up) else { return html! {} };
    html! {
        figure.chart {
            div.head {
                h3 { (plot.title) }
                @if up.wants_logarithms() { label { input type="checkbox"; " logarithmic" } }
            }
            p.note { (plot.note) }
            ul.legend {
                @for curve in &plot.curves {
                    li class=(colour(curve.colour)) { i {} (curve.name) b {} }
                }
                li { output.at {} }
            }
            (drawing(plot, across, up, Scale::Linear))
            @if up.wants_logarithms() { (drawing(plot, across, up, Scale::Log)) }
        }
    }
}

/// The class that gives a curve its colour.
pub(super) fn colour(index: usize) -> String {
    format!("c{}", index % COLOURS)
}

fn drawing(plot: &Plot, across: Range, up: Range, scale: Scale) -> Markup {
    let across = Axis::new(across, Scale::Linear, [LEFT, WIDTH - RIGHT]);
    let up = Axis::new(up, scale, [HEIGHT - BELOW, ABOVE]);
    html! {
        svg class=(scale.name()) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" tabindex="0" aria-label=(description(plot)) {
            (axes(&across, &up))
            line.guide y1=(ABOVE) y2=(HEIGHT - BELOW) {}
            @for curve in &plot.curves { (line(curve, &colour(curve.colour), &across, &up)) }
        }
    }
}

/// What those read who do not see the curves: where each begins and ends.
fn description(plot: &Plot) -> String {
    let ends = |curve: &Curve| {
        let [first, last] = [curve.points.first(), curve.points.last()];
        let [first, last] = [first, last].map(|point| point.map_or(f64::NAN, |point| point.1));
        format!("{} from {} to {}", curve.name, significant(first, 3), significant(last, 3))
    };
    let curves: Vec<String> = plot.curves.iter().map(ends).collect();
    format!("{} over thousands of images shown: {}. Arrow keys tell values.", plot.title, curves.join("; "))
}

fn line(curve: &Curve, colour: &str, across: &Axis, up: &Axis) -> Markup {
    let position = |(x, y): &(f64, f64)| (format!("{:.1}", across.position(*x)), format!("{:.1}", up.position(*y)));
    let positions: Vec<(String, String)> = curve.points.iter().map(position).collect();
    let numbers = |value: &dyn Fn(&(f64, f64)) -> f64| {
        curve.points.iter().map(|point| significant(value(point), 5)).collect::<Vec<_>>().join(" ")
    };
    let joined: Vec<String> = positions.iter().map(|(x, y)| format!("{x},{y}")).collect();
    html! {
        polyline class=(colour) points=(joined.join(" ")) data-x=(numbers(&|point| point.0)) data-y=(numbers(&|point| point.1)) {}
        @if positions.len() <= MAX_DOTS {
            @for (x, y) in &positions { circle class=(colour) cx=(x) cy=(y) r="2" {} }
        }
        circle class={ "dot " (colour) } r="4" {}
    }
}

fn axes(across: &Axis, up: &Axis) -> Markup {
    html! {
        @for (tick, number) in up.ticks() {
            @let y = up.position(tick);
            line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(format!("{y:.1}")) y2=(format!("{y:.1}")) {}
            text.up x=(LEFT - 6.0) y=(format!("{:.1}", y + 4.0)) { (number) }
        }
        @for (tick, number) in across.ticks() {
            text.across x=(format!("{:.1}", across.position(tick))) y=(HEIGHT - 6.0) { (number) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(curves: &[(&str, &[(f64, f64)])]) -> Plot {
        let curves = curves.iter().enumerate();
        let curves =
            curves.map(|(colour, (name, points))| Curve { name: (*name).into(), colour, points: points.to_vec() });
        Plot { title: "Loss <b>".into(), note: String::new(), curves: curves.collect() }
    }

    #[test]
    fn nothing_gives_no_drawing() {
        assert!(chart(&plot(&[])).into_string().is_empty());
        assert!(chart(&plot(&[("empty", &[])])).into_string().is_empty());
    }

    #[test]
    fn each_curve_has_a_line_and_a_name() {
        let svg = chart(&plot(&[("discriminator", &[(0.0, 0.0), (10.0, 1.0)]), ("generator", &[(0.0, 1.0)])]));
        let svg = svg.into_string();
        assert!(svg.contains("points=\"48.0,196.0 446.0,8.0\" data-x=\"0 10\" data-y=\"0 1\""), "{svg}");
        assert!(svg.contains("<i></i>generator<b></b>") && svg.contains("Loss &lt;b&gt;"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("logarithmic"), "{svg}");
    }

    #[test]
    fn logarithms_are_a_second_drawing() {
        let svg = chart(&plot(&[("loss", &[(0.0, 0.01), (1.0, 10.0)])])).into_string();
        assert_eq!((svg.matches("<svg").count(), svg.matches("type=\"checkbox\"").count()), (2, 1));
    }
}
