//! Grey planes and crops: OpenCV's weights of colours, and its two ways of scaling to within a level.

use contracts::record::PixelBox;

use crate::{
    engine::EngineError,
    picture::{Colour, Grey},
};

/// Brightness as `cv2.cvtColor(…, COLOR_BGR2GRAY)` weighs it: 0.114 B + 0.587 G + 0.299 R in 2⁻¹⁵ths.
pub(super) fn grey(picture: &Colour) -> Grey {
    let weigh = |pixel: &[u8; 3]| {
        let [blue, green, red] = pixel.map(u32::from);
        ((3735 * blue + 19235 * green + 9798 * red + (1 << 14)) >> 15) as u8
    };
    let bytes = picture.bytes().as_chunks().0.iter().map(weigh).collect();
    Grey::new(picture.width(), picture.height(), bytes).expect("it has one byte for each pixel of a picture")
}

/// The pixels within a square.
///
/// # Errors
/// When it leaves the picture.
pub(super) fn cut(picture: &Colour, square: PixelBox) -> Result<Colour, EngineError> {
    let columns = usize::try_from(square.x).ok().zip(usize::try_from(square.x + square.width).ok());
    let rows = usize::try_from(square.y).ok().zip(usize::try_from(square.height).ok());
    let bytes = columns.zip(rows).and_then(|((left, right), (top, height))| {
        let row = |row: &[u8]| row.get(3 * left..3 * right).map(<[u8]>::to_vec);
        picture.rows().skip(top).take(height).map(row).collect::<Option<Vec<_>>>()
    });
    bytes.and_then(|rows| Colour::new(square.width, square.height, rows.concat())).ok_or_else(|| EngineError::Library {
        doing: "cut out a face",
        problem: format!("{square:?} leaves the picture of {}×{}", picture.width(), picture.height()),
    })
}

/// A square face scaled to `side` pixels; 0 keeps its own. Shrinking averages areas, so that nothing aliases;
/// enlarging is bicubic, which keeps lines sharp.
pub(super) fn scaled(face: &Colour, side: usize) -> Colour {
    let own = face.width() as usize;
    if side == 0 || side == own {
        return face.clone();
    }
    let taps: Vec<Taps> =
        (0..side).map(|i| if side < own { area(i, own, side) } else { cubic(i, own, side) }).collect();
    let rows: Vec<f32> = face.rows().flat_map(|row| along(row, &taps)).collect();
    let bytes = down(&rows, 3 * side, &taps);
    Colour::new(side as i32, side as i32, bytes).expect("it has side × side pixels")
}

/// The pixels that one pixel is made from, and their weights, which add up to 1.
type Taps = Vec<(usize, f32)>;

/// Each pixel counts by how much of it is covered.
fn area(i: usize, from: usize, to: usize) -> Taps {
    let scale = from as f64 / to as f64;
    let (start, end) = (i as f64 * scale, (i + 1) as f64 * scale);
    let covered = |pixel: usize| (end.min(pixel as f64 + 1.0) - start.max(pixel as f64)).max(0.0);
    let pixels = start as usize..(end.ceil() as usize).min(from);
    pixels.map(|pixel| (pixel, (covered(pixel) / scale) as f32)).collect()
}

/// Keys' cubic with a = −0.75 through four pixels; beyond the edge the last one is repeated.
fn cubic(i: usize, from: usize, to: usize) -> Taps {
    const A: f64 = -0.75;
    let place = (i as f64 + 0.5) * from as f64 / to as f64 - 0.5;
    let weight = |distance: f64| match distance {
        d if d <= 1.0 => ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0,
        d => ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A,
    };
    let pixel = |offset: i32| {
        let at = place.floor() + f64::from(offset);
        (at.clamp(0.0, from as f64 - 1.0) as usize, weight((place - at).abs()) as f32)
    };
    (-1..=2).map(pixel).collect()
}

/// One row scaled.
fn along(row: &[u8], taps: &[Taps]) -> Vec<f32> {
    let value = |taps: &Taps, channel: usize| {
        taps.iter().map(|(at, weight)| f32::from(row[3 * at + channel]) * weight).sum::<f32>()
    };
    taps.iter().flat_map(|taps| [value(taps, 0), value(taps, 1), value(taps, 2)]).collect()
}

/// All columns scaled, rounded.
fn down(rows: &[f32], width: usize, taps: &[Taps]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(width * taps.len());
    for taps in taps {
        let value = |x: usize| taps.iter().map(|(at, weight)| rows[at * width + x] * weight).sum::<f32>();
        bytes.extend((0..width).map(|x| value(x).round() as u8));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_worked_by_hand() {
        assert_eq!(area(0, 3, 2), [(0, 2.0 / 3.0), (1, 1.0 / 3.0)]);
        assert_eq!(area(1, 3, 2), [(1, 1.0 / 3.0), (2, 2.0 / 3.0)]);
        assert_eq!(area(1, 4, 2), [(2, 0.5), (3, 0.5)]);
    }

    #[test]
    fn weights_add_up() {
        for (from, to) in [(317, 96), (97, 96), (48, 96), (95, 96), (4, 3)] {
            for i in 0..to {
                let taps = if to < from { area(i, from, to) } else { cubic(i, from, to) };
                let sum: f32 = taps.iter().map(|(_, weight)| weight).sum();
                assert!((sum - 1.0).abs() < 1e-5 && taps.iter().all(|(at, _)| *at < from), "{from} to {to}: {taps:?}");
            }
        }
    }

    #[test]
    fn a_square_outside_is_refused() {
        let picture = Colour::new(4, 3, (0..36).collect()).unwrap();
        let check = |square: [i32; 4], expected: Option<&[u8]>| {
            let found = cut(&picture, square.into());
            assert_eq!(found.as_ref().ok().map(Colour::bytes), expected, "{square:?}");
        };
        check([1, 1, 2, 2], Some(&[15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32]));
        check([3, 0, 2, 2], None);
        check([0, 2, 2, 2], None);
        check([-1, 0, 2, 2], None);
    }

    #[test]
    fn greys_worked_by_hand() {
        let picture = Colour::new(4, 1, vec![255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255]).unwrap();
        assert_eq!(grey(&picture).bytes(), [255, 29, 150, 76]);
    }
}
