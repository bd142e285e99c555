//! A picture to a square of the dataset's side.
//!
//! The filter is Lanczos with three lobes, widened when scaling down so that every source pixel counts (what PIL calls
//! LANCZOS), applied to the stored sRGB values ("gamma space"), as PIL, torchvision and the Fréchet distances that are
//! published all do; tests hold the result to PIL's within 1/255. Linear light would be physically right and would make such distances incomparable.

use contracts::config::Fit;
use pictures::{Rgb, lanczos_rgb};

/// Which part of a picture goes where in the square.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Placement {
    /// Left, top, width and height in the picture, in pixels.
    source: [f64; 4],
    /// Left, top, width and height in the square, in pixels.
    target: [u32; 4],
}

/// Scales pictures of one size into squares of `side` pixels: RGB interleaved, row by row.
///
/// All at once, because the filter's weights, which follow from the sizes alone, take as long to compute as they take to
/// apply to one small picture.
pub(crate) fn resample(pictures: &[Rgb], fit: Fit, side: u32) -> Vec<Vec<u8>> {
    let Some(first) = pictures.first() else { return Vec::new() };
    let Placement { source: [left, top, width, height], target } = placement(first.sides(), fit, side);
    let ((old_width, old), (new_width, new), count) = (first.sides(), (target[2], target[3]), pictures.len() as u32);
    let stacked = pictures.iter().map(|picture| picture.bytes()).collect::<Vec<_>>().concat();
    // Across, then down, as PIL does: between the two, overshoot is cut off at black and white, so the order shows.
    let rows = count * old;
    let part = [left, 0.0, width, f64::from(rows)];
    let scaled = lanczos_rgb(&stacked, (old_width, rows), part, (new_width, rows));
    let row_bytes = new_width as usize * 3;
    let side_by_side = transposed(&scaled, pictures.len(), old as usize, row_bytes);
    let columns = count * new_width;
    let part = [0.0, top, f64::from(columns), height];
    let scaled = lanczos_rgb(&side_by_side, (columns, old), part, (columns, new));
    let stacked = transposed(&scaled, new as usize, pictures.len(), row_bytes);
    let whole = (target[2], target[3]) == (side, side);
    let square = |scaled: &[u8]| if whole { scaled.to_vec() } else { pad(scaled, target, side) };
    stacked.chunks_exact(row_bytes * new as usize).map(square).collect()
}

/// A table of `rows` × `columns` cells of so many bytes each, columns for rows: pictures one below the other become pictures
/// side by side, where the cells are their rows, and back.
pub(crate) fn transposed(cells: &[u8], rows: usize, columns: usize, bytes: usize) -> Vec<u8> {
    let mut turned = Vec::with_capacity(cells.len());
    for column in 0..columns {
        for row in 0..rows {
            turned.extend_from_slice(&cells[(row * columns + column) * bytes..][..bytes]);
        }
    }
    turned
}

/// Whether the picture has to be made larger to fill its part of the square.
pub(crate) fn is_upscaled(dimensions: (u32, u32), fit: Fit, side: u32) -> bool {
    let Placement { source: [_, _, width, height], target } = placement(dimensions, fit, side);
    width < f64::from(target[2]) || height < f64::from(target[3])
}

fn placement((width, height): (u32, u32), fit: Fit, side: u32) -> Placement {
    let (w, h) = (f64::from(width), f64::from(height));
    let whole = [0.0, 0.0, w, h];
    match fit {
        Fit::Stretch => Placement { source: whole, target: [0, 0, side, side] },
        Fit::Cover => {
            let square = w.min(h);
            Placement { source: [(w - square) / 2.0, (h - square) / 2.0, square, square], target: [0, 0, side, side] }
        }
        Fit::Contain => {
            let scale = f64::from(side) / w.max(h);
            let scaled = |length: f64| ((length * scale).round() as u32).clamp(1, side);
            let (new_width, new_height) = (scaled(w), scaled(h));
            let margin = [(side - new_width) / 2, (side - new_height) / 2];
            Placement { source: whole, target: [margin[0], margin[1], new_width, new_height] }
        }
    }
}

/// Sets a scaled picture into a black square.
fn pad(scaled: &[u8], [left, top, width, height]: [u32; 4], side: u32) -> Vec<u8> {
    let bytes = |pixels: u32| pixels as usize * 3;
    let mut square = vec![0; bytes(side) * side as usize];
    let rows = square.chunks_exact_mut(bytes(side)).skip(top as usize).take(height as usize);
    for (row, line) in rows.zip(scaled.chunks_exact(bytes(width))) {
        row[bytes(left)..bytes(left + width)].copy_from_slice(line);
    }
    square
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(picture: &Rgb, fit: Fit, side: u32) -> Vec<u8> {
        resample(std::slice::from_ref(picture), fit, side).remove(0)
    }

    #[test]
    fn geometry() {
        let check = |dimensions, fit, source, target| {
            assert_eq!(placement(dimensions, fit, 64), Placement { source, target }, "{dimensions:?} {fit:?}");
        };
        check((96, 96), Fit::Cover, [0.0, 0.0, 96.0, 96.0], [0, 0, 64, 64]);
        check((200, 100), Fit::Cover, [50.0, 0.0, 100.0, 100.0], [0, 0, 64, 64]);
        check((100, 201), Fit::Cover, [0.0, 50.5, 100.0, 100.0], [0, 0, 64, 64]);
        check((200, 100), Fit::Stretch, [0.0, 0.0, 200.0, 100.0], [0, 0, 64, 64]);
        check((200, 100), Fit::Contain, [0.0, 0.0, 200.0, 100.0], [0, 16, 64, 32]);
        check((1, 1000), Fit::Contain, [0.0, 0.0, 1.0, 1000.0], [31, 0, 1, 64]);
    }

    /// What tests/oracles/pil_lanczos.py recorded.
    #[derive(serde::Deserialize)]
    struct Golden {
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        width: u32,
        height: u32,
        pattern: String,
        side: u32,
        fit: Fit,
        pixels: String,
    }

    /// The picture that the oracle drew.
    fn drawn(case: &Case) -> Rgb {
        let value = |x: u32, y: u32, c: u32| match case.pattern.as_str() {
            "smooth" => {
                let value = (3 * x + 2 * y + 40 * c) % 511;
                value.min(510 - value)
            }
            _ => (3 * x * x + 5 * y * y + 7 * x * y + 91 * c) % 256,
        };
        Rgb::from_fn(case.width, case.height, |x, y| [0, 1, 2].map(|c| value(x, y, c) as u8))
    }

    #[test]
    fn it_is_what_pil_calls_lanczos() {
        let golden: Golden = serde_json::from_str(include_str!("../tests/golden/pil_lanczos.json")).unwrap();
        assert_eq!(golden.cases.len(), 7);
        for case in golden.cases {
            let byte = |index: usize| u8::from_str_radix(&case.pixels[2 * index..2 * index + 2], 16).unwrap();
            let expected: Vec<u8> = (0..case.pixels.len() / 2).map(byte).collect();
            let found = one(&drawn(&case), case.fit, case.side);
            assert_eq!(found.len(), expected.len());
            let squares = found.iter().zip(&expected).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
            let rms = (squares.sum::<f64>() / found.len() as f64).sqrt();
            assert!(rms <= 1.0, "{} {}x{} {:?}: {rms}", case.pattern, case.width, case.height, case.fit);
        }
    }

    /// Left half red, right half blue.
    fn halves(width: u32, height: u32) -> Rgb {
        Rgb::from_fn(width, height, |x, _| if x < width / 2 { [255, 0, 0] } else { [0, 0, 255] })
    }

    fn at(square: &[u8], side: usize, x: usize, y: usize) -> [u8; 3] {
        square[(y * side + x) * 3..][..3].try_into().unwrap()
    }

    #[test]
    fn what_is_kept_padded_and_stretched() {
        let picture = halves(160, 80);
        let cover = one(&picture, Fit::Cover, 16);
        assert_eq!((at(&cover, 16, 0, 0), at(&cover, 16, 15, 15)), ([255, 0, 0], [0, 0, 255]));
        let contain = one(&picture, Fit::Contain, 16);
        assert_eq!((at(&contain, 16, 0, 3), at(&contain, 16, 0, 4)), ([0, 0, 0], [255, 0, 0]));
        assert_eq!((at(&contain, 16, 15, 11), at(&contain, 16, 15, 12)), ([0, 0, 255], [0, 0, 0]));
        let stretch = one(&picture, Fit::Stretch, 16);
        assert_eq!((at(&stretch, 16, 0, 0), at(&stretch, 16, 15, 15)), ([255, 0, 0], [0, 0, 255]));
    }

    #[test]
    fn many_at_once_are_what_they_are_alone() {
        let picture = |seed: u32| Rgb::from_fn(37, 50, |x, y| [x * seed, y * 5, x * y].map(|value| value as u8));
        let pictures: Vec<Rgb> = (1..6).map(picture).collect();
        for fit in [Fit::Cover, Fit::Contain, Fit::Stretch] {
            let alone: Vec<Vec<u8>> = pictures.iter().map(|picture| one(picture, fit, 24)).collect();
            assert_eq!(resample(&pictures, fit, 24), alone, "{fit:?}");
        }
        assert_eq!(resample(&[], Fit::Cover, 24), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn the_same_size_is_a_copy() {
        let picture = Rgb::from_fn(16, 16, |x, y| [x as u8 * 16, y as u8 * 16, 7]);
        assert_eq!(one(&picture, Fit::Cover, 16), picture.bytes());
    }

    #[test]
    fn fine_stripes_average_instead_of_aliasing() {
        let stripes = Rgb::from_fn(512, 512, |x, _| [if x % 2 == 0 { 255 } else { 0 }; 3]);
        let small = one(&stripes, Fit::Cover, 64);
        // The kernel is cut off at the picture's edge, where it averages less evenly.
        for line in small.chunks_exact(64 * 3) {
            assert!(line[3 * 3..61 * 3].iter().all(|value| (126..=129).contains(value)), "{line:?}");
        }
    }

    #[test]
    fn upscaling_is_noticed_on_either_axis() {
        let check = |dimensions, fit, expected| assert_eq!(is_upscaled(dimensions, fit, 64), expected);
        check((64, 64), Fit::Cover, false);
        check((63, 64), Fit::Cover, true);
        check((500, 63), Fit::Stretch, true);
        check((500, 63), Fit::Contain, false);
        check((63, 20), Fit::Contain, true);
    }
}
