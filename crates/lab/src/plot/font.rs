//! A font of strokes, drawn on a grid of four by eight: for the numbers and words of plots.

use tiny_skia::{Path, PathBuilder};

/// Each character's strokes, separated by commas; a stroke is a list of points, each a digit to the right and one up. Lines
/// stand on 2, capitals reach to 8, small letters to 6. A stroke of one point is a dot.
const STROKES: [(char, &str); 88] = [
    ('0', "12 32 43 47 38 18 07 03 12"),
    ('1', "17 28 22,12 32"),
    ('2', "07 18 38 47 46 02 42"),
    ('3', "07 18 38 47 46 35 15,35 44 43 32 12 03"),
    ('4', "32 38 04 44"),
    ('5', "48 08 05 35 44 43 32 12 03"),
    ('6', "47 38 18 07 03 12 32 43 44 35 15 04"),
    ('7', "08 48 12"),
    ('8', "15 06 07 18 38 47 46 35 15 04 03 12 32 43 44 35"),
    ('9', "03 12 32 43 47 38 18 07 06 15 35 46"),
    ('A', "02 28 42,14 34"),
    ('B', "02 08 38 47 46 35 05,35 44 43 32 02"),
    ('C', "47 38 18 07 03 12 32 43"),
    ('D', "02 08 28 46 44 22 02"),
    ('E', "48 08 02 42,05 35"),
    ('F', "48 08 02,05 35"),
    ('G', "47 38 18 07 03 12 32 43 45 25"),
    ('H', "02 08,42 48,05 45"),
    ('I', "22 28,12 32,18 38"),
    ('J', "38 33 22 12 03"),
    ('K', "02 08,48 04,15 42"),
    ('L', "08 02 42"),
    ('M', "02 08 24 48 42"),
    ('N', "02 08 42 48"),
    ('O', "12 32 43 47 38 18 07 03 12"),
    ('P', "02 08 38 47 45 34 04"),
    ('Q', "12 32 43 47 38 18 07 03 12,24 42"),
    ('R', "02 08 38 47 45 34 04,24 42"),
    ('S', "47 38 18 07 06 15 35 44 43 32 12 03"),
    ('T', "08 48,28 22"),
    ('U', "08 03 12 32 43 48"),
    ('V', "08 22 48"),
    ('W', "08 12 26 32 48"),
    ('X', "02 48,08 42"),
    ('Y', "08 25 48,25 22"),
    ('Z', "08 48 02 42"),
    ('a', "36 32,35 26 16 05 03 12 22 33"),
    ('b', "08 02,05 16 26 35 33 22 12 03"),
    ('c', "35 26 16 05 03 12 22 33"),
    ('d', "38 32,35 26 16 05 03 12 22 33"),
    ('e', "04 34 35 26 16 05 03 12 22 33"),
    ('f', "38 28 17 12,06 26"),
    ('g', "36 31 20 10,35 26 16 05 03 12 22 33"),
    ('h', "08 02,05 16 26 35 32"),
    ('i', "16 12,18"),
    ('j', "16 11 00,18"),
    ('k', "08 02,36 04,14 32"),
    ('l', "18 12"),
    ('m', "06 02,05 16 25 22,25 36 45 42"),
    ('n', "06 02,05 16 26 35 32"),
    ('o', "12 22 33 35 26 16 05 03 12"),
    ('p', "06 00,05 16 26 35 33 22 12 03"),
    ('q', "36 30,35 26 16 05 03 12 22 33"),
    ('r', "06 02,05 16 26"),
    ('s', "36 16 05 14 24 33 22 02"),
    ('t', "18 13 22 32,06 26"),
    ('u', "06 03 12 22 33,36 32"),
    ('v', "06 22 46"),
    ('w', "06 12 25 32 46"),
    ('x', "02 36,06 32"),
    ('y', "06 22,46 10"),
    ('z', "06 36 02 32"),
    ('.', "02"),
    (',', "12 01"),
    ('-', "05 35"),
    ('−', "05 45"),
    ('+', "05 45,27 23"),
    ('=', "04 44,06 46"),
    ('(', "28 16 14 22"),
    (')', "08 16 14 02"),
    ('[', "28 18 12 22"),
    (']', "08 18 12 02"),
    ('/', "02 48"),
    (':', "02,05"),
    ('%', "02 48,07,43"),
    ('*', "18 14,07 25,05 27"),
    ('|', "18 11"),
    ('‖', "08 01,28 21"),
    ('<', "37 05 33"),
    ('>', "07 35 03"),
    ('\'', "18 17"),
    ('·', "05"),
    ('²', "07 18 27 05 25"),
    ('μ', "06 00,03 12 22 33,36 32"),
    ('σ', "46 16 05 03 12 22 33 35 26"),
    ('τ', "06 36,16 13 22 32"),
    ('ε', "35 26 16 05 14 24,14 03 12 22 33"),
    ('β', "00 07 18 28 37 26 16,26 35 33 22 12 03"),
];

/// What a space and a character that the font lacks take.
const SPACE: f32 = 2.5;

/// What stands between two characters.
const GAP: f32 = 1.6;

/// The height of capitals, in the grid's units.
const CAPITAL: f32 = 6.0;

/// A text's strokes and dots, its first line standing at (0, 0) and rising to −`size`, the height of a capital.
pub(super) struct Text {
    /// Lines to be drawn with a pen.
    pub(super) strokes: Option<Path>,
    /// Points of the pen alone.
    pub(super) dots: Vec<(f32, f32)>,
    /// How far it reaches.
    pub(super) width: f32,
}

impl Text {
    /// Lays out a line of text.
    pub(super) fn new(text: &str, size: f32) -> Self {
        let unit = size / CAPITAL;
        let (mut path, mut dots, mut right) = (PathBuilder::new(), Vec::new(), 0.0);
        for character in text.chars() {
            let strokes = strokes(character);
            let left = strokes.iter().flatten().map(|(x, _)| *x).fold(f32::INFINITY, f32::min);
            let place = |&(x, y): &(f32, f32)| (unit * (right + x - left), unit * (2.0 - y));
            for stroke in &strokes {
                match stroke.as_slice() {
                    [dot] => dots.push(place(dot)),
                    points => points.iter().map(place).enumerate().for_each(|(index, (x, y))| match index {
                        0 => path.move_to(x, y),
                        _ => path.line_to(x, y),
                    }),
                }
            }
            let width = strokes.iter().flatten().map(|(x, _)| x - left).fold(0.0, f32::max);
            right += if strokes.is_empty() { SPACE } else { width + GAP };
        }
        Self { strokes: path.finish(), dots, width: unit * (right - GAP).max(0.0) }
    }
}

/// A character's strokes; none where the font lacks it.
fn strokes(character: char) -> Vec<Vec<(f32, f32)>> {
    let Some((_, strokes)) = STROKES.iter().find(|(known, _)| *known == character) else { return Vec::new() };
    let point = |point: &str| {
        let mut digits = point.chars().filter_map(|digit| digit.to_digit(10)).map(|digit| digit as f32);
        Some((digits.next()?, digits.next()?))
    };
    strokes.split(',').map(|stroke| stroke.split(' ').filter_map(point).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_are_points_of_two_digits_on_the_grid() {
        for (character, text) in STROKES {
            let points = text.split([',', ' ']).count();
            let read = strokes(character);
            assert_eq!(read.iter().map(Vec::len).sum::<usize>(), points, "{character}");
            assert!(read.iter().flatten().all(|(x, y)| *x <= 4.0 && *y <= 8.0), "{character}");
        }
    }

    #[test]
    fn no_two_characters_are_the_same_but_o_and_0() {
        let mut seen = std::collections::BTreeMap::new();
        for (character, strokes) in STROKES {
            let other = seen.insert(strokes, character);
            assert!(other.is_none_or(|other| (other, character) == ('0', 'O')), "{other:?} and {character}");
        }
    }

    #[test]
    fn a_text_is_as_wide_as_its_characters() {
        // Two strokes of four units and the gap between them.
        assert_eq!(Text::new("--", 6.0).width, 3.0 + 3.0 + GAP);
        assert_eq!(Text::new("", 6.0).width, 0.0);
        assert_eq!(Text::new(".", 6.0).dots, [(0.0, 0.0)]);
    }
}
