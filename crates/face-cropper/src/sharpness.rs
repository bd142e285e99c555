//! How sharp a face is.

use contracts::record::PixelBox;
use pictures::Grey;

/// The root mean square of the Laplacian (4 v − the four neighbours) within a box, in grey levels: about 0 for a blur,
/// tens for crisp lines. Pixels at the picture's edge are left out; a box without others has 0.
pub(crate) fn sharpness(grey: &Grey, pixel_box: &PixelBox) -> f64 {
    let range = |start: i32, length: i32, end: u32| {
        let inside = |v: i32| v.clamp(1, (end as i32 - 1).max(1)) as usize;
        inside(start)..inside(start.saturating_add(length))
    };
    let width = grey.width() as usize;
    let columns = range(pixel_box.x, pixel_box.width, grey.width());
    let (mut count, mut squares) = (0u64, 0u64);
    for y in range(pixel_box.y, pixel_box.height, grey.height()) {
        for at in columns.clone().map(|x| y * width + x) {
            let value = |at: usize| i64::from(grey.bytes()[at]);
            let around = value(at - 1) + value(at + 1) + value(at - width) + value(at + width);
            squares += (4 * value(at) - around).pow(2) as u64;
            count += 1;
        }
    }
    if count == 0 { 0.0 } else { (squares as f64 / count as f64).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_by_hand() {
        let grey = Grey::new(4, 3, vec![0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0]).unwrap();
        let check = |pixel_box: [i32; 4], expected: f64| {
            let found = sharpness(&grey, &pixel_box.into());
            assert!((found - expected).abs() < 1e-12, "{pixel_box:?}: {found}");
        };
        check([1, 1, 1, 1], 40.0);
        check([0, 0, 4, 3], ((1600.0 + 100.0) / 2.0f64).sqrt()); // the two pixels that have four neighbours
        check([2, 1, 1, 1], 10.0);
        check([3, 2, 1, 1], 0.0);
        check([9, 9, 9, 9], 0.0);
    }
}
