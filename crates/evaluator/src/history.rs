//! How training went: the lines of `metrics.jsonl` as curves.

use std::str::FromStr as _;

use gan::Recipe;
use metrics::Metric;
use serde_json::{Map, Value};

/// The most points of a curve; more would not be seen.
const MAX_POINTS: usize = 400;

/// A quantity over the course of training.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curve {
    /// What the legend calls it.
    pub(crate) name: String,
    /// Which of the page's colours it has.
    pub(crate) colour: usize,
    /// (thousands of images shown, value), ascending, all finite.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Curves over a common scale.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plot {
    /// What is drawn.
    pub(crate) title: String,
    /// How to read it, in a few words.
    pub(crate) note: String,
    /// At least one, each with a point at least.
    pub(crate) curves: Vec<Curve>,
}

/// Reads the log. Lines that are torn or of another kind are passed over; a long log is thinned to the means of equally long
/// stretches. The learning rates come from the recipe, where it is known.
pub(crate) fn plots(log: &str, recipe: Option<&Recipe>) -> Vec<Plot> {
    let lines: Vec<Line> = log.lines().filter_map(|line| serde_json::from_str(line).ok().map(Line)).collect();
    let logged = |title: &str, note: &str, keys: &[(&str, &str)]| {
        let curve =
            |(name, key): &(&str, &str)| Curve::new(name, lines.iter().filter_map(|line| line.point(key)).collect());
        Plot { title: title.into(), note: note.into(), curves: keys.iter().map(curve).collect() }
    };
    let mut plots = vec![logged(
        "Loss",
        "what each network minimizes",
        &[("discriminator", "loss_discriminator"), ("generator", "loss_generator")],
    )];
    plots.push(logged(
        "Score",
        "the discriminator's mean score, 0 to 1",
        &[("real images", "score_real"), ("generated images", "score_fake")],
    ));
    plots.extend(measured(&lines));
    plots.push(logged(
        "Gradient norm",
        "before clipping",
        &[("discriminator", "gradient_norm_discriminator"), ("generator", "gradient_norm_generator")],
    ));
    plots.push(logged(
        "Diversity",
        "1: as different from one another as real images",
        &[("generated images", "diversity")],
    ));
    plots.push(logged(
        "Augmentation",
        "the probability with which images are augmented",
        &[("probability", "augmentation")],
    ));
    plots.push(learning_rates(&lines, recipe));
    plots.push(logged("Throughput", "real images a second", &[("images a second", "images_per_second")]));
    plots.push(Plot {
        title: "Time".into(),
        note: "hours of training".into(),
        curves: vec![Curve::new("hours", hours(&lines))],
    });
    for plot in &mut plots {
        // Before those without points go: the generator has the same colour everywhere.
        (0..).zip(&mut plot.curves).for_each(|(colour, curve)| curve.colour = colour);
        plot.curves.retain(|curve| !curve.points.is_empty());
    }
    plots.retain(|plot| !plot.curves.is_empty());
    plots
}

/// A plot a metric that was measured on the way: figures of different networks or splits are curves of their own.
fn measured(lines: &[Line]) -> Vec<Plot> {
    let mut plots: Vec<Plot> = Vec::new();
    for line in lines.iter().filter(|line| line.0.contains_key("network")) {
        let name = ["network", "split"].map(|key| line.0.get(key).and_then(Value::as_str).unwrap_or_default());
        for key in line.0.keys() {
            let (Ok(metric), Some(point)) = (Metric::from_str(key), line.point(key)) else { continue };
            let (title, name) = (metric.to_string(), name.join(", against "));
            let plot = match plots.iter().position(|plot| plot.title == title) {
                Some(index) => &mut plots[index],
                None => {
                    let note = "of the averaged generator".into();
                    plots.push(Plot { title, note, curves: Vec::new() });
                    plots.last_mut().unwrap_or_else(|| unreachable!("one was pushed"))
                }
            };
            match plot.curves.iter_mut().find(|curve| curve.name == name) {
                Some(curve) => curve.points.push(point),
                None => plot.curves.push(Curve { name, colour: 0, points: vec![point] }),
            }
        }
    }
    plots
}

fn learning_rates(lines: &[Line], recipe: Option<&Recipe>) -> Plot {
    let networks = recipe.map(|recipe| [("discriminator", &recipe.discriminator), ("generator", &recipe.generator)]);
    let curve = |(name, network): (&str, &gan::NetworkConfig)| {
        let point = |line: &Line| {
            let images = line.0.get("images")?.as_u64()?;
            // Every rollback halves the rates.
            let attempts = line.0.get("attempt").and_then(Value::as_u64).unwrap_or(0);
            Some((line.number("kimg")?, network.optimizer.rate(images) * 0.5_f64.powi(attempts as i32)))
        };
        Curve::new(name, lines.iter().filter_map(point).collect())
    };
    let curves = networks.into_iter().flatten().map(curve).collect();
    Plot { title: "Learning rate".into(), note: "as the schedule has it".into(), curves }
}

/// The time that passed between lines, summed up; what a pause between two processes took is not in it. A stretch whose rate is
/// not known went by at that of the next.
fn hours(lines: &[Line]) -> Vec<(f64, f64)> {
    let (mut hours, mut before, mut points) = (0.0, 0.0, Vec::new());
    for line in lines {
        let (Some(kimg), Some(rate)) = (line.number("kimg"), line.number("images_per_second")) else { continue };
        if rate > 0.0 {
            hours += (kimg - before).max(0.0) * 1000.0 / rate / 3600.0;
            points.push((kimg, hours));
        }
        before = kimg;
    }
    points
}

/// A line of the log.
struct Line(Map<String, Value>);

impl Line {
    fn number(&self, key: &str) -> Option<f64> {
        self.0.get(key)?.as_f64().filter(|value| value.is_finite())
    }

    fn point(&self, key: &str) -> Option<(f64, f64)> {
        Some((self.number("kimg")?, self.number(key)?))
    }
}

impl Curve {
    fn new(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), colour: 0, points: thinned(&points) }
    }
}

fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let stretch = points.len().div_ceil(MAX_POINTS).max(1);
    let mean = |stretch: &[(f64, f64)]| {
        let count = stretch.len() as f64;
        let sum = stretch.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / count, sum.1 / count)
    };
    points.chunks(stretch).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(log: &str, title: &str) -> Option<Plot> {
        plots(log, Recipe::named("dcgan").ok().as_ref()).into_iter().find(|plot| plot.title == title)
    }

    #[test]
    fn torn_and_foreign_lines_are_passed_over() {
        let log = "{\"kimg\":0.1,\"loss_generator\":2.5}\n[1]\n\n{\"kimg\":0.2,\"loss_generator\":null}\n\
                   {\"kimg\":0.3,\"loss_generator\":1.5,\"more\":{}}\n{\"kimg\":0.4,\"loss_gen";
        let losses = plot(log, "Loss").unwrap().curves;
        assert_eq!(losses, [Curve { name: "generator".into(), colour: 1, points: vec![(0.1, 2.5), (0.3, 1.5)] }]);
        assert_eq!(plot(log, "Score"), None);
        assert_eq!(plots("", None), []);
    }

    #[test]
    fn a_long_log_keeps_its_means() {
        let log: String = (0..1000).map(|i| format!("{{\"kimg\":{i},\"loss_generator\":{}}}\n", i % 2)).collect();
        let points = &plot(&log, "Loss").unwrap().curves[0].points;
        assert_eq!(points.len(), 334);
        assert_eq!(points[0], (1.0, 1.0 / 3.0));
    }

    #[test]
    fn measures_of_different_networks_are_different_curves() {
        let line = |kimg: u32, network: &str, value: f64| {
            format!(
                "{{\"kimg\":{kimg},\"network\":\"{network}\",\"split\":\"holdout\",\"samples\":9,\"frechet\":{value}}}\n"
            )
        };
        let log = line(1, "random-1", 40.5) + &line(2, "random-1", 30.0) + &line(3, "inception", 9.0);
        let plot = plot(&log, "frechet").unwrap();
        let names: Vec<_> = plot.curves.iter().map(|curve| (curve.name.as_str(), curve.points.len())).collect();
        assert_eq!(names, [("random-1, against holdout", 2), ("inception, against holdout", 1)]);
    }

    #[test]
    fn rates_and_hours_follow_from_the_lines() {
        let log = "{\"kimg\":1.0,\"images\":1000,\"images_per_second\":null}\n\
                   {\"kimg\":3.0,\"images\":3000,\"images_per_second\":2.0,\"attempt\":1}\n";
        let rates = &plot(log, "Learning rate").unwrap().curves[0].points;
        assert_eq!(rates[1].1, rates[0].1 / 2.0);
        assert_eq!(plot(log, "Time").unwrap().curves[0].points, [(3.0, 1500.0 / 3600.0)]);
    }
}
