//! Candidates to the few that the judge believes in, each moved to where it believes in it most.

use super::{Judge, sampling::Square};
use crate::image::GreyImage;

/// Log-odds, before calibration, below which a first look is the last.
const FLOOR: f32 = -2.0;

/// From which overlap on two candidates are the same: before they are moved, and after.
const SAME: [f32; 2] = [0.5, 0.3];

/// Of which share of the smaller one another hides it: an eye within a face.
const HIDDEN: f32 = 0.6;

/// The steps of the search for a better place, as shares of the side: the second is half of the first.
const STEPS: [f32; 2] = [0.12, 0.06];

/// A candidate after the judge has looked at it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Where the judge believes in it most.
    pub square: Square,
    /// The answer there: log-odds before calibration.
    pub answer: f32,
    /// Which of the candidates it was.
    pub index: usize,
}

impl Judge {
    /// The candidates that may show the subject, no two of the same one, the likeliest first. They keep
    /// their angles.
    pub fn refined(&self, image: GreyImage<'_>, candidates: &[Square]) -> Vec<Judged> {
        let glanced =
            |(index, square): (usize, &Square)| Judged { square: *square, answer: self.glance(image, *square), index };
        let mut found: Vec<Judged> = candidates.iter().enumerate().map(glanced).collect();
        found.retain(|judged| judged.answer > FLOOR);
        let mut found = without_others_of_the_same(found, SAME[0]);
        found.iter_mut().for_each(|judged| self.climb(image, judged));
        found.iter_mut().for_each(|judged| judged.answer = self.answer(image, judged.square));
        without_others_of_the_same(found, SAME[1])
    }

    /// Moves a candidate by small steps for as long as the answer rises.
    fn climb(&self, image: GreyImage<'_>, judged: &mut Judged) {
        for step in STEPS {
            for direction in 0..6 {
                let square = moved(judged.square, direction, step);
                let answer = self.glance(image, square);
                if answer > judged.answer {
                    (judged.square, judged.answer) = (square, answer);
                }
            }
        }
    }
}

fn moved(square: Square, direction: usize, step: f32) -> Square {
    let step = if direction.is_multiple_of(2) { step } else { -step };
    let Square { x, y, side, .. } = square;
    match direction / 2 {
        0 => Square { x: x + step * side, ..square },
        1 => Square { y: y + step * side, ..square },
        _ => Square { side: side * (1.0 + 1.2 * step), ..square },
    }
}

/// The likeliest first; those go that overlap a likelier one, or lie within it.
fn without_others_of_the_same(mut found: Vec<Judged>, same: f32) -> Vec<Judged> {
    found.sort_by(|a, b| b.answer.total_cmp(&a.answer).then(a.index.cmp(&b.index)));
    let mut kept: Vec<Judged> = Vec::new();
    for judged in found {
        let hides = |other: &Judged| {
            let (a, b) = (other.square, judged.square);
            let common = a.common_area(&b);
            let (a, b) = (a.side * a.side, b.side * b.side);
            common >= same * (a + b - common) || common > HIDDEN * a.min(b)
        };
        if !kept.iter().any(hides) {
            kept.push(judged);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_of_those_that_overlap_stays() {
        let judged = |x: f32, side: f32, answer: f32, index| Judged {
            square: Square { x, y: 50.0, side, angle: 0.0 },
            answer,
            index,
        };
        let check = |found: &[Judged], expected: &[usize]| {
            let kept = without_others_of_the_same(found.to_vec(), 0.3);
            assert_eq!(kept.iter().map(|judged| judged.index).collect::<Vec<_>>(), expected, "{found:?}");
        };
        check(&[judged(50.0, 40.0, 1.0, 0), judged(55.0, 40.0, 2.0, 1), judged(90.0, 40.0, 3.0, 2)], &[2, 1]);
        // An eye within a face, and a face around a likelier eye.
        check(&[judged(50.0, 40.0, 5.0, 0), judged(55.0, 10.0, 2.0, 1)], &[0]);
        check(&[judged(50.0, 40.0, 1.0, 0), judged(55.0, 10.0, 2.0, 1)], &[1]);
        check(&[judged(50.0, 40.0, 1.0, 0), judged(50.0, 40.0, 1.0, 1)], &[0]);
        check(&[], &[]);
    }

    #[test]
    fn steps_go_both_ways_and_each_changes_one_thing() {
        let square = Square { x: 10.0, y: 20.0, side: 50.0, angle: 0.0 };
        assert_eq!(moved(square, 0, 0.1).x, 15.0);
        assert_eq!(moved(square, 3, 0.1).y, 15.0);
        assert_eq!(moved(square, 4, 0.1).side, 56.0);
    }
}
