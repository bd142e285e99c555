//! How far the generated images are from real ones.

use maud::{Markup, html};

use super::elements::{self, cell, counted, missing};
use crate::{
    evaluation::{Distance, SlicedWasserstein},
    page_content::FoundEvaluation,
};

/// The sliced Wasserstein distances with the floor below them, and how to read them.
pub(super) fn table(found: Option<&FoundEvaluation>) -> Markup {
    let Some(FoundEvaluation { evaluation, is_of_these_weights }) = found else {
        return missing("nothing was measured yet");
    };
    html! {
        @if !is_of_these_weights {
            (missing("these figures are of earlier weights than the run has now; evaluate again"))
        }
        @if let Some(distances) = &evaluation.sliced_wasserstein {
            (rows(distances))
            (explanation(distances))
        }
    }
}

fn rows(distances: &SlicedWasserstein) -> Markup {
    let named = [
        ("generated to holdout", &distances.holdout),
        ("generated to training", &distances.train),
        ("real to real: the floor", &distances.baseline),
    ];
    let there: Vec<_> = named.into_iter().filter_map(|(name, distance)| Some((name, distance.as_ref()?))).collect();
    let levels = there.first().map(|(_, first)| first.levels.iter().map(|level| format!("{} px", level.side)));
    let headings = ["distance".to_owned(), "mean".into()].into_iter().chain(levels.into_iter().flatten());
    let headings: Vec<String> = headings.chain(["pairs of sets".to_owned()]).collect();
    let rows: Vec<_> = there.iter().map(|(name, distance)| row(name, distance)).collect();
    elements::table(&headings, &rows)
}

fn row(name: &str, distance: &Distance) -> Vec<Markup> {
    let mean = match distance.deviation {
        Some(deviation) => format!("{:.1}\u{a0}±\u{a0}{deviation:.1}", distance.mean),
        None => format!("{:.1}", distance.mean),
    };
    let levels = distance.levels.iter().map(|level| format!("{:.1}", level.mean));
    let pairs = counted(distance.pairs as u64);
    [name.to_owned(), mean].into_iter().chain(levels).chain([pairs]).map(cell).collect()
}

fn explanation(distances: &SlicedWasserstein) -> Markup {
    html! {
        p {
            "Sliced Wasserstein distance times a thousand, between sets of " (counted(distances.images as u64))
            " images, at each level of their Laplacian pyramids: lower is better, and the floor is as low as real images \
             come. ± is the standard deviation between pairs of sets. The distance depends on how many images a set has: \
             compare it with figures for as many only."
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::{Config, ContentHash};

    use super::*;
    use crate::evaluation::{Evaluation, FORMAT, VERSION};

    fn found(is_of_these_weights: bool) -> FoundEvaluation {
        let hash = ContentHash::of(b"x");
        let distances = SlicedWasserstein {
            images: 1200,
            holdout: Distance::of(&[32, 16], &[vec![10.0, 20.0], vec![12.0, 22.0]]),
            train: None,
            baseline: Distance::of(&[32, 16], &[vec![1.0, 2.0]]),
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
            features: vec![],
            images: vec![],
            copying: None,
            walks: None,
        };
        FoundEvaluation { evaluation, is_of_these_weights }
    }

    #[test]
    fn distances_stand_above_their_floor() {
        let html = table(Some(&found(true))).into_string();
        let holdout = html.find("<td>16.0\u{a0}±\u{a0}1.4</td><td>11.0</td><td>21.0</td><td>2</td>").unwrap();
        let floor = html.find("<td>1.5</td><td>1.0</td><td>2.0</td><td>1</td>").unwrap();
        assert!(holdout < floor && html.contains("1\u{202f}200 images"), "{html}");
        assert!(!html.contains("generated to training") && !html.contains("earlier weights"));
    }

    #[test]
    fn figures_of_earlier_weights_say_so() {
        assert!(table(Some(&found(false))).into_string().contains("earlier weights"));
    }
}
