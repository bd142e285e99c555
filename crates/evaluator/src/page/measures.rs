//! What was measured of the weights, each value with all that is needed to read it.

use maud::{Markup, html};
use metrics::{Best, Measurement, Metric};

use super::elements::{cell, counted, missing, per_cent, significant, table};
use crate::{
    evaluation::{CopyingTest, Distance, Evaluation, SlicedWasserstein},
    page_content::FoundEvaluation,
};

/// All measures, with how to read them.
pub(super) fn measures(found: Option<&FoundEvaluation>) -> Markup {
    let Some(FoundEvaluation { evaluation, is_of_these_weights }) = found else {
        return missing("nothing was measured yet");
    };
    html! {
        p.lead {
            "Of " (counted(evaluation.generated as u64)) " samples, seed " (evaluation.seed) ". In brackets the interval that holds \
             the value in 95 of 100 resamples; beside it what as many other real images reach."
        }
        @if !is_of_these_weights {
            (missing("these figures are of earlier weights than the run has now; evaluate again"))
        }
        @if evaluation.measurements().next().is_some() { (measurements(evaluation)) }
        @if let Some(copying) = &evaluation.copying { (copies(copying)) }
        @if let Some(distances) = &evaluation.sliced_wasserstein {
            h3 { "Sliced Wasserstein distance, scale by scale" }
            (rows(distances))
            (explanation(distances))
        }
    }
}

fn measurements(evaluation: &Evaluation) -> Markup {
    let row = |(network, measurement): (Option<&str>, &Measurement)| {
        let Measurement { metric, baseline, counts: [real, generated], warning, .. } = measurement;
        vec![
            html! { (metric) @if let Some(network) = network { small { (network) } } },
            value(measurement),
            baseline.map_or_else(|| cell("–"), |baseline| cell(significant(baseline, 4))),
            cell(best(*metric)),
            html! {
                (counted(*real as u64)) " real, " (counted(*generated as u64)) " generated"
                @if let Some(warning) = warning { small { (warning.to_string()) } }
            },
        ]
    };
    let rows: Vec<_> = evaluation.measurements().map(row).collect();
    table(&["metric", "value", "real images", "better", "images"], &rows)
}

/// A value with its interval.
pub(super) fn value(measurement: &Measurement) -> Markup {
    html! {
        (significant(measurement.value, 4))
        @if let Some([low, high]) = measurement.interval {
            small.number { (significant(low, 4)) "\u{202f}–\u{202f}" (significant(high, 4)) }
        }
    }
}

/// Where a metric's best value lies, in a word.
pub(super) fn best(metric: Metric) -> &'static str {
    match metric.best() {
        Best::Lowest => "lower",
        Best::Highest => "higher",
        Best::Baseline => "as real images",
    }
}

fn copies(copying: &CopyingTest) -> Markup {
    let says = match copying.deviations {
        deviations if deviations > 3.0 => "That is more than chance: look at the nearest training faces below.",
        deviations if deviations < -3.0 => {
            "Samples lie further from the training images than real ones do: they are not copies."
        }
        _ => "That is what chance gives: nothing says that samples are copies.",
    };
    html! {
        h3 { "Are samples copies?" }
        p {
            "In " (per_cent(copying.nearer.value)) " of pairs a sample lies nearer to its nearest training image than an image that was \
             kept out of training does; ½ is expected, and this is " (significant(copying.deviations, 2)) " standard deviations from it. "
            (says) " " (per_cent(copying.near_copies)) " of samples lie nearer to a training image than all but one in a hundred of those \
             that were kept out."
        }
    }
}

/// The sliced Wasserstein distances with the floor below them.
fn rows(distances: &SlicedWasserstein) -> Markup {
    let named = [
        ("generated to holdout", &distances.holdout),
        ("generated to training", &distances.train),
        ("real to real: the floor", &distances.baseline),
    ];
    let there: Vec<_> = named.into_iter().filter_map(|(name, distance)| Some((name, distance.as_ref()?))).collect();
    let levels: Vec<String> = there
        .first()
        .map_or(&[][..], |(_, first)| &first.levels)
        .iter()
        .map(|level| format!("{} px", level.side))
        .collect();
    let headings: Vec<&str> =
        ["distance", "mean"].into_iter().chain(levels.iter().map(String::as_str)).chain(["pairs of sets"]).collect();
    let rows: Vec<_> = there.iter().map(|(name, distance)| row(name, distance)).collect();
    table(&headings, &rows)
}

fn row(name: &str, distance: &Distance) -> Vec<Markup> {
    let levels = distance.levels.iter().map(|level| format!("{:.1}", level.mean));
    let pairs = counted(distance.pairs as u64);
    [name.to_owned(), mean(distance)].into_iter().chain(levels).chain([pairs]).map(cell).collect()
}

/// The mean of a distance, with its deviation.
pub(super) fn mean(distance: &Distance) -> String {
    match distance.deviation {
        Some(deviation) => format!("{:.1}\u{a0}±\u{a0}{deviation:.1}", distance.mean),
        None => format!("{:.1}", distance.mean),
    }
}

fn explanation(distances: &SlicedWasserstein) -> Markup {
    html! {
        p.note {
            "Times a thousand, between sets of " (counted(distances.images as u64)) " images, at each level of their Laplacian pyramids: \
             lower is better, and the floor is as low as real images come. ± is the standard deviation between pairs of sets. The \
             distance depends on how many images a set has: compare it with figures for as many only."
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use contracts::{Config, ContentHash};
    use metrics::Warning;

    use super::*;
    use crate::evaluation::{FORMAT, NetworkMetrics, VERSION};

    /// An evaluation with something of everything.
    pub(in crate::page) fn found(is_of_these_weights: bool) -> FoundEvaluation {
        let hash = ContentHash::of(b"x");
        let distances = SlicedWasserstein {
            images: 1200,
            holdout: Distance::of(&[32, 16], &[vec![10.0, 20.0], vec![12.0, 22.0]]),
            train: None,
            baseline: Distance::of(&[32, 16], &[vec![1.0, 2.0]]),
        };
        let frechet = Measurement {
            metric: Metric::Frechet,
            value: 41.25,
            interval: Some([39.5, 42.75]),
            baseline: Some(23.0),
            counts: [1000, 1001],
            seed: 1,
            warning: Some(Warning::FewImages { count: 1000, telling: 2048 }),
        };
        let evaluation = Evaluation {
            format: FORMAT.into(),
            version: VERSION,
            run: Config::default().run_id(&hash),
            dataset: hash,
            generator: hash,
            seed: 1,
            side: 32,
            generated: 2400,
            sliced_wasserstein: Some(distances),
            features: vec![NetworkMetrics { network: "random-1".into(), weights: None, measurements: vec![frechet] }],
            images: vec![],
            copying: None,
            walks: None,
            classes: Vec::new(),
        };
        FoundEvaluation { evaluation, is_of_these_weights }
    }

    #[test]
    fn distances_stand_above_their_floor() {
        let html = measures(Some(&found(true))).into_string();
        let holdout = html.find("<td>16.0\u{a0}±\u{a0}1.4</td><td>11.0</td><td>21.0</td><td>2</td>").unwrap();
        let floor = html.find("<td>1.5</td><td>1.0</td><td>2.0</td><td>1</td>").unwrap();
        assert!(holdout < floor && html.contains("1\u{202f}200 images"), "{html}");
        assert!(!html.contains("generated to training") && !html.contains("earlier weights"));
    }

    #[test]
    fn a_value_stands_beside_all_that_is_needed_to_read_it() {
        let html = measures(Some(&found(true))).into_string();
        for text in [
            "random-1",
            "41.25",
            "39.5\u{202f}–\u{202f}42.75",
            "<td>23</td>",
            "lower",
            "1\u{202f}001 generated",
            "2048 are needed",
        ] {
            assert!(html.contains(text), "{text} is not in {html}");
        }
    }

    #[test]
    fn figures_of_earlier_weights_say_so() {
        assert!(measures(Some(&found(false))).into_string().contains("earlier weights"));
    }
}
