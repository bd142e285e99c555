//! Digits and a few letters of three by five dots, for the names on contact sheets.

use image::{Rgb, RgbImage};

/// How many pixels a dot is wide and high.
const DOT: u32 = 2;

/// The height of a line in pixels.
pub(super) const LINE: u32 = 6 * DOT;

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
    ('a', 0o03157),
    ('b', 0o44757),
    ('c', 0o00747),
    ('d', 0o11757),
    ('e', 0o07547),
    ('f', 0o34644),
    ('-', 0o00700),
    ('N', 0o65555),
    ('W', 0o55775),
    ('G', 0o74557),
    ('B', 0o65656),
    ('S', 0o74717),
];

/// Writes a text; characters that the font lacks stay blank.
pub(super) fn write(picture: &mut RgbImage, (left, top): (u32, u32), text: &str, colour: Rgb<u8>) {
    for (place, character) in text.chars().enumerate() {
        let dots = CHARACTERS.iter().find(|(known, _)| *known == character).map_or(0, |(_, dots)| *dots);
        for (x, y) in (0..5 * DOT).flat_map(|y| (0..3 * DOT).map(move |x| (x, y))) {
            let bit = 3 * (4 - y / DOT) + (2 - x / DOT);
            let at = (left + place as u32 * 4 * DOT + x, top + y);
            if dots >> bit & 1 == 1 && at.0 < picture.width() && at.1 < picture.height() {
                picture.put_pixel(at.0, at.1, colour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seven_has_a_bar_and_a_stem() {
        let mut picture = RgbImage::new(6, 10);
        write(&mut picture, (0, 0), "7", Rgb([9; 3]));
        let row = |y: u32| (0..3).map(|x| if picture.get_pixel(2 * x, 2 * y)[0] == 9 { '#' } else { '.' }).collect();
        let rows: Vec<String> = (0..5).map(row).collect();
        assert_eq!(rows, ["###", "..#", "..#", ".#.", ".#."]);
    }
}
