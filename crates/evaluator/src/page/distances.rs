//! How far the generated images are from real ones.

use super::markup::{self, counted, escaped, missing};
use crate::{
    material::Measured,
    metrics::{Distance, SlicedWasserstein},
};

/// The sliced Wasserstein distances with the floor below them, and how to read them.
pub(super) fn table(measured: Option<&Measured>) -> String {
    let Some(Measured { evaluation, is_of_these_weights }) = measured else {
        return missing("nothing was measured yet");
    };
    let stale = if *is_of_these_weights {
        String::new()
    } else {
        missing("these figures are of earlier weights than the run has now; evaluate again")
    };
    let distances = &evaluation.sliced_wasserstein;
    format!("{stale}{}{}", rows(distances), explanation(distances))
}

fn rows(distances: &SlicedWasserstein) -> String {
    let named = [
        ("generated to holdout", &distances.holdout),
        ("generated to training", &distances.train),
        ("real to real: the floor", &distances.floor),
    ];
    let there: Vec<_> = named.into_iter().filter_map(|(name, distance)| Some((name, distance.as_ref()?))).collect();
    let mut headings = vec!["distance".to_owned(), "mean".into()];
    if let Some((_, first)) = there.first() {
        headings.extend(first.levels.iter().map(|level| format!("{} px", level.side)));
    }
    headings.push("pairs of sets".into());
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let rows: Vec<_> = there.iter().map(|(name, distance)| row(name, distance)).collect();
    markup::table(&headings, &rows)
}

fn row(name: &str, distance: &Distance) -> Vec<String> {
    let mean = match distance.deviation {
        Some(deviation) => format!("{:.1}&nbsp;±&nbsp;{deviation:.1}", distance.mean),
        None => format!("{:.1}", distance.mean),
    };
    let levels = distance.levels.iter().map(|level| format!("{:.1}", level.mean));
    let pairs = counted(distance.pairs as u64);
    [escaped(name), mean].into_iter().chain(levels).chain([pairs]).collect()
}

fn explanation(distances: &SlicedWasserstein) -> String {
    format!(
        "<p>Sliced Wasserstein distance times a thousand, between sets of {} images, at each level of their Laplacian \
         pyramids: lower is better, and the floor is as low as real images come. ± is the standard deviation between \
         pairs of sets. The distance depends on how many images a set has: compare it with figures for as many only.</p>\n",
        counted(distances.images as u64)
    )
}

#[cfg(test)]
mod tests {
    use contracts::{Config, ContentHash};

    use super::*;
    use crate::metrics::{Evaluation, FORMAT, VERSION};

    fn measured(is_of_these_weights: bool) -> Measured {
        let hash = ContentHash::of(b"x");
        let distances = SlicedWasserstein {
            images: 1200,
            holdout: Distance::of(&[32, 16], &[vec![10.0, 20.0], vec![12.0, 22.0]]),
            train: None,
            floor: Distance::of(&[32, 16], &[vec![1.0, 2.0]]),
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
            sliced_wasserstein: distances,
        };
        Measured { evaluation, is_of_these_weights }
    }

    #[test]
    fn distances_stand_above_their_floor() {
        let html = table(Some(&measured(true)));
        let holdout = html.find("<td>16.0&nbsp;±&nbsp;1.4</td><td>11.0</td><td>21.0</td><td>2</td>").unwrap();
        let floor = html.find("<td>1.5</td><td>1.0</td><td>2.0</td><td>1</td>").unwrap();
        assert!(holdout < floor && html.contains("1\u{202f}200 images"), "{html}");
        assert!(!html.contains("generated to training") && !html.contains("earlier weights"));
    }

    #[test]
    fn figures_of_earlier_weights_say_so() {
        assert!(table(Some(&measured(false))).contains("earlier weights"));
    }
}
