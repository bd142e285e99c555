//! Candidates to the few that the judge believes in, each moved to where the network says that the subject is.

use super::{Judge, network::Activations, network::Look, sampling::Planes, sampling::Square};

/// Log-odds, before calibration, below which a first look is the last.
const FLOOR: f32 = -2.0;

/// From which overlap on a candidate of the same angle is not looked at: the network is taught on squares that are as far off.
const BESIDE: f32 = 0.65;

/// From which overlap on two candidates are the same: before they are moved, and after.
const SAME: [f32; 2] = [0.5, 0.3];

/// Of which share of the smaller one another hides it: an eye within a face.
const HIDDEN: f32 = 0.6;

/// How often a candidate is moved.
const MOVES: usize = 2;

/// How far the logarithm of the side changes at most in a move, and how far the angle, in radians: the network knows no more from its training.
const MAX_CHANGE: [f32; 2] = [0.4, 0.5];

/// A candidate after the judge has looked at it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Where the judge sees the subject.
    pub square: Square,
    /// The answer there: log-odds before calibration.
    pub answer: f32,
    /// Which of the candidates it was.
    pub index: usize,
}

impl Judge {
    /// The candidates that may show the subject, no two of the same one, the likeliest first.
    pub fn refined(&self, planes: &Planes, candidates: &[Square]) -> Vec<Judged> {
        let mut activations = Activations::default();
        let first = |index: usize| {
            let square = candidates[index];
            let look = self.glance(planes, square, &mut activations);
            (Judged { square, answer: look.answer, index }, look)
        };
        let mut found: Vec<(Judged, Look)> = apart(candidates).into_iter().map(first).collect();
        found.retain(|(judged, _)| judged.answer > FLOOR);
        let found = without_others_of_the_same(found, |(judged, _)| judged, SAME[0]);
        let settled = |(judged, look): (Judged, Look)| {
            let mut square = moved(judged.square, &look);
            for _ in 1..MOVES {
                square = moved(square, &self.both(planes, square, &mut activations));
            }
            Judged { square, answer: self.answered(planes, square, &mut activations), ..judged }
        };
        let found = found.into_iter().map(settled).collect();
        without_others_of_the_same(found, |judged| judged, SAME[1])
    }
}

/// The candidates that are worth a look of their own, by their indices: the network sees a subject in a window beside it as well.
fn apart(candidates: &[Square]) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for (index, square) in candidates.iter().enumerate() {
        let is_near = |other: &Square| other.angle == square.angle && other.overlap(square) > BESIDE;
        if !kept.iter().any(|kept| is_near(&candidates[*kept])) {
            kept.push(index);
        }
    }
    kept
}

/// The square where a look says that the subject is.
fn moved(square: Square, look: &Look) -> Square {
    let (x, y) = square.point(look.right, look.down);
    let [size, turn] = [(look.size, MAX_CHANGE[0]), (look.turn, MAX_CHANGE[1])].map(|(by, most)| by.clamp(-most, most));
    // From −180 to 180, which is as far as sines go.
    let angle = (square.angle + turn.to_degrees() + 180.0).rem_euclid(360.0) - 180.0;
    Square { x, y, side: square.side * exponential(size), angle }
}

/// eˣ by its series: the standard library's is the system's, and may differ in the last bit. Right to 10⁻⁶ where |x| is below a half.
fn exponential(x: f32) -> f32 {
    (1..=7).rev().fold(1.0, |sum, n| 1.0 + sum * x / n as f32)
}

/// The likeliest first; those go that overlap a likelier one, or lie within it.
fn without_others_of_the_same<T>(mut found: Vec<T>, judged: impl Fn(&T) -> &Judged, same: f32) -> Vec<T> {
    found.sort_by(|a, b| {
        let (a, b) = (judged(a), judged(b));
        b.answer.total_cmp(&a.answer).then(a.index.cmp(&b.index))
    });
    let mut kept: Vec<T> = Vec::new();
    for candidate in found {
        let hides = |other: &T| {
            let (a, b) = (judged(other).square, judged(&candidate).square);
            let common = a.common_area(&b);
            let (a, b) = (a.side * a.side, b.side * b.side);
            common >= same * (a + b - common) || common > HIDDEN * a.min(b)
        };
        if !kept.iter().any(hides) {
            kept.push(candidate);
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
            let kept = without_others_of_the_same(found.to_vec(), |judged| judged, 0.3);
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
    fn of_neighbours_at_one_angle_the_first_is_looked_at() {
        let square = |x: f32, side: f32, angle: f32| Square { x, y: 50.0, side, angle };
        let check = |squares: &[Square], expected: &[usize]| assert_eq!(apart(squares), expected, "{squares:?}");
        check(&[square(50.0, 40.0, 0.0), square(54.0, 40.0, 0.0), square(60.0, 40.0, 0.0)], &[0, 2]);
        check(&[square(50.0, 40.0, 0.0), square(50.0, 36.0, 0.0), square(50.0, 30.0, 0.0)], &[0, 2]);
        check(&[square(50.0, 40.0, 0.0), square(50.0, 40.0, 15.0)], &[0, 1]);
        check(&[], &[]);
    }

    #[test]
    fn a_square_goes_where_the_look_says() {
        let square = Square { x: 10.0, y: 20.0, side: 50.0, angle: 0.0 };
        let look = Look { right: 0.1, down: -0.2, size: 0.2, turn: 0.1, ..Look::default() };
        let moved = moved(square, &look);
        assert_eq!((moved.x, moved.y), (15.0, 10.0));
        assert!((moved.side - 50.0 * 0.2_f32.exp()).abs() < 1e-3 && (moved.angle - 5.7296).abs() < 1e-3, "{moved:?}");
        let upside_down = Square { angle: 178.0, ..square };
        assert!((super::moved(upside_down, &look).angle + 176.2704).abs() < 1e-3);
        assert!((exponential(-0.4) - (-0.4_f32).exp()).abs() < 1e-6);
    }
}
