//! Digits and a few letters of three by five dots, for the captions on contact sheets.

use crate::pixels::Rgb;

/// How many pixels a dot is wide and high.
const DOT: u32 = 2;

/// The height of a line in pixels: five dots, and one between lines.
pub(crate) const LINE: u32 = 6 * DOT;

/// Each row of a character's dots is an octal digit, from the top.
const CHARACTERS: [(char, u32); 22] = [
    ('0', 0o75557),
    ('1', 0o26227),
    ('2', 0o71747),
    ('3', 0o71717),
    ('4', 0o55711),
    ('5', 0o74717),
    ('6', 0o74757),
    ('7', 0o71122),
    ('8', 0o75757),
    ('9', 0o75717),
    ('a', 0o71757),
    ('b', 0o44757),
    ('c', 0o00747),
    ('d', 0o11757),
    ('e', 0o75747),
    ('f', 0o34744),
    ('-', 0o00700),
    ('N', 0o65555),
    ('W', 0o55775),
    ('G', 0o34553),
    ('B', 0o65656),
    ('S', 0o34216),
];

/// Writes a text; characters that the font lacks stay blank.
pub(crate) fn write(image: &mut Rgb, (left, top): (u32, u32), text: &str, colour: [u8; 3]) {
    for (index, character) in (0..).zip(text.chars()) {
        let dots = CHARACTERS.iter().find(|(known, _)| *known == character).map_or(0, |(_, dots)| *dots);
        for (x, y) in (0..5).flat_map(|y| (0..3).map(move |x| (x, y))) {
            if dots >> (3 * (4 - y) + (2 - x)) & 1 == 1 {
                image.fill((left + (index * 4 + x) * DOT, top + y * DOT), (DOT, DOT), colour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seven_has_a_bar_and_a_stem() {
        let mut image = Rgb::filled(6, 10, [0; 3]);
        write(&mut image, (0, 0), "7", [9; 3]);
        let row = |y: u32| (0..3).map(|x| if image.pixel(2 * x, 2 * y)[0] == 9 { '#' } else { '.' }).collect();
        let rows: Vec<String> = (0..5).map(row).collect();
        assert_eq!(rows, ["###", "..#", "..#", ".#.", ".#."]);
    }

    #[test]
    fn no_two_characters_look_the_same() {
        let dots: std::collections::BTreeSet<u32> = CHARACTERS.iter().map(|(_, dots)| *dots).collect();
        assert_eq!(dots.len(), CHARACTERS.len());
    }
}
