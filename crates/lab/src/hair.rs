//! A judge of hair: which class's colour stands where the hair is.

use std::ops::Range;

use mini_booru::painter::hair_tag;

use crate::faces::{CLASSES, SIDE, class};

/// Where hair is in a face that was cut out with its margin: between its top and the fringe's ends, off the temples.
const ROWS: Range<usize> = 4..9;
const COLUMNS: Range<usize> = 10..22;

/// The class whose colours have most of the hair's pixels, each named as the painter names hair.
pub(crate) fn class_of_hair(image: &[f32]) -> usize {
    let mut counts = [0; CLASSES.len()];
    for (row, column) in ROWS.flat_map(|row| COLUMNS.map(move |column| (row, column))) {
        let colour = [0, 1, 2].map(|channel| (image[(channel * SIDE + row) * SIDE + column] + 1.0) / 2.0);
        if let Some(class) = class(&[hair_tag(colour)]) {
            counts[class] += 1;
        }
    }
    (0..counts.len()).max_by_key(|class| counts[*class]).unwrap_or(0)
}

/// The share of these images that are judged to be of their class, where they have one.
pub(crate) fn agreement<'a>(images: impl Iterator<Item = (&'a [f32], Option<usize>)>) -> f64 {
    let judged: Vec<bool> = images.filter_map(|(image, class)| Some(class_of_hair(image) == class?)).collect();
    judged.iter().filter(|agrees| **agrees).count() as f64 / judged.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faces::Faces;

    #[test]
    fn most_of_the_hair_decides() {
        let check = |colours: &[[f32; 3]], expected| {
            let pixels = SIDE * SIDE;
            let value = |index: usize| colours[index % pixels % colours.len()][index / pixels] * 2.0 - 1.0;
            let image: Vec<f32> = (0..3 * pixels).map(value).collect();
            assert_eq!(CLASSES[class_of_hair(&image)], expected, "{colours:?}");
        };
        let (black, blonde, blue) = ([0.15, 0.15, 0.18], [0.95, 0.8, 0.45], [0.3, 0.5, 0.8]);
        let (pink, white) = ([0.9, 0.55, 0.7], [0.9, 0.9, 0.95]);
        check(&[black], "black_hair");
        check(&[pink], "pink_hair|red_hair");
        check(&[blonde, blonde, blue], "blonde_hair");
        // White hair has no class: it has no say.
        check(&[white, white, blue], "blue_hair");
    }

    /// It must know painted hair before it says anything of samples.
    #[test]
    fn painted_hair_is_judged_as_it_is_tagged() {
        let faces = Faces::paint(3, 60).labelled();
        let agreement = agreement(faces.images.iter().map(Vec::as_slice).zip(faces.labels));
        assert!(agreement > 0.9, "{agreement}");
    }
}
