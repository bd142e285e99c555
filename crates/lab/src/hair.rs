//! A judge of hair: which class's colours stand where the hair is.

use std::ops::Range;

use crate::faces::{CLASSES, Faces, SIDE};

/// Where hair is in a face that was cut out with its margin: between its top and the fringe's ends, off the temples.
const ROWS: Range<usize> = 3..8;
const COLUMNS: Range<usize> = 11..21;

/// Hues that are told apart, and lightnesses of what has none.
const HUES: usize = 24;
const GREYS: usize = 8;

/// Below this difference of the largest and the least channel, in [0, 1], a pixel is grey.
const MIN_CHROMA: f32 = 0.12;

/// The shares of the hair region's pixels by colour.
type Histogram = [f32; HUES + GREYS];

/// Known faces that have a say about another: those whose histograms are most alike.
const NEIGHBOURS: usize = 9;

/// Histograms of faces whose class is known.
pub(crate) struct HairJudge {
    known: Vec<(Histogram, usize)>,
}

impl HairJudge {
    /// Remembers the colours of real faces that have a class.
    pub(crate) fn learn(faces: &Faces) -> Self {
        let labelled = faces.images.iter().zip(&faces.labels);
        Self { known: labelled.filter_map(|(image, label)| Some((histogram(image), (*label)?))).collect() }
    }

    /// The class that most of the nearest known faces have, those with the most in common: Swain and Ballard, "Color indexing"
    /// (1991), whose intersection of histograms is Σ min(a, b). Single faces, and not their class's mean: light hair and dark hair
    /// of one tag lie on both sides of it.
    pub(crate) fn class(&self, image: &[f32]) -> usize {
        let found = histogram(image);
        let common = |known: &Histogram| known.iter().zip(&found).map(|(a, b)| a.min(*b)).sum::<f32>();
        let mut alike: Vec<(f32, usize)> = self.known.iter().map(|(known, class)| (common(known), *class)).collect();
        alike.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut votes = [0; CLASSES.len()];
        alike.iter().take(NEIGHBOURS).for_each(|(_, class)| votes[*class] += 1);
        (0..votes.len()).max_by_key(|class| votes[*class]).unwrap_or(0)
    }

    /// The share of these images that are judged to be of their class, where they have one.
    pub(crate) fn agreement<'a>(&self, images: impl Iterator<Item = (&'a [f32], Option<usize>)>) -> f64 {
        let judged: Vec<bool> = images.filter_map(|(image, class)| Some(self.class(image) == class?)).collect();
        judged.iter().filter(|agrees| **agrees).count() as f64 / judged.len() as f64
    }
}

fn histogram(image: &[f32]) -> Histogram {
    let mut shares = [0.0; HUES + GREYS];
    let each = 1.0 / (ROWS.len() * COLUMNS.len()) as f32;
    for (row, column) in ROWS.flat_map(|row| COLUMNS.map(move |column| (row, column))) {
        let channel = |channel: usize| (image[(channel * SIDE + row) * SIDE + column] + 1.0) / 2.0;
        shares[bin([channel(0), channel(1), channel(2)])] += each;
    }
    shares
}

/// The bin of a colour with channels in [0, 1]: its hue, or its lightness where it is grey.
fn bin([red, green, blue]: [f32; 3]) -> usize {
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let chroma = most - least;
    if chroma < MIN_CHROMA {
        let level = ((most + least) / 2.0 * GREYS as f32) as usize;
        return HUES + level.min(GREYS - 1);
    }
    let sextant = if most == red {
        (green - blue) / chroma
    } else if most == green {
        (blue - red) / chroma + 2.0
    } else {
        (red - green) / chroma + 4.0
    };
    // Half a bin on, so that red is the middle of one.
    let turn = (sextant / 6.0 + 0.5 / HUES as f32).rem_euclid(1.0);
    ((turn * HUES as f32) as usize).min(HUES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_their_bins() {
        let check = |colour, expected| assert_eq!(bin(colour), expected, "{colour:?}");
        check([1.0, 0.0, 0.0], 0);
        check([1.0, 0.0, 0.1], 0);
        check([0.0, 1.0, 0.0], 8);
        check([0.0, 0.0, 1.0], 16);
        check([1.0, 1.0, 0.0], 4);
        check([0.1, 0.1, 0.15], HUES);
        check([0.95, 0.97, 1.0], HUES + 7);
    }

    /// It must know real hair before it says anything of samples.
    #[test]
    fn real_hair_is_judged_as_it_is_tagged() {
        let (known, unseen) = Faces::paint(1, 600).labelled().split(60);
        let judge = HairJudge::learn(&known);
        let agreement = judge.agreement(unseen.images.iter().map(Vec::as_slice).zip(unseen.labels));
        assert!(agreement > 0.9, "{agreement}");
    }
}
