//! Pictures to other sizes: OpenCV's INTER_AREA and INTER_CUBIC, to within a level.

use crate::picture::Pixels;

/// A picture scaled to the given size, which is no larger each way, or no smaller.
///
/// Shrinking averages areas, so that nothing aliases; enlarging is bicubic, which keeps lines sharp.
pub fn scaled<const CHANNELS: usize>(picture: &Pixels<CHANNELS>, width: usize, height: usize) -> Pixels<CHANNELS> {
    let (from_width, from_height) = (picture.width() as usize, picture.height() as usize);
    if (width, height) == (from_width, from_height) {
        return picture.clone();
    }
    let (columns, rows) = (all_taps(from_width, width), all_taps(from_height, height));
    let mut sums = vec![0.0; from_width * CHANNELS];
    let mut bytes = Vec::with_capacity(width * height * CHANNELS);
    for taps in &rows {
        add_up(picture, taps, &mut sums);
        for taps in &columns {
            let value = |channel: usize| {
                taps.iter().map(|(at, weight)| sums[at * CHANNELS + channel] * weight).sum::<f32>().round() as u8
            };
            bytes.extend((0..CHANNELS).map(value));
        }
    }
    Pixels::new(width as i32, height as i32, bytes).expect("it has width × height pixels")
}

/// The pixels that one pixel is made from, and their weights, which add up to 1.
type Taps = Vec<(usize, f32)>;

fn all_taps(from: usize, to: usize) -> Vec<Taps> {
    (0..to).map(|i| if to <= from { area(i, from, to) } else { cubic(i, from, to) }).collect()
}

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

/// The weighted sum of rows.
fn add_up<const CHANNELS: usize>(picture: &Pixels<CHANNELS>, taps: &Taps, sums: &mut [f32]) {
    sums.fill(0.0);
    let stride = sums.len();
    for (at, weight) in taps {
        let row = &picture.bytes()[at * stride..(at + 1) * stride];
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += f32::from(*value) * weight;
        }
    }
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
            for taps in all_taps(from, to) {
                let sum: f32 = taps.iter().map(|(_, weight)| weight).sum();
                assert!((sum - 1.0).abs() < 1e-5 && taps.iter().all(|(at, _)| *at < from), "{from} to {to}: {taps:?}");
            }
        }
    }
}
