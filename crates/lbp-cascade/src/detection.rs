//! Windows to detections: grouped, clipped to the picture, in an order that is always the same.

use crate::grouping::{Detection, Window, group};

/// The objects that windows of a picture of the given sides stand for, sorted by (y, x, width, height).
///
/// With `min_neighbors` n, more than n windows must agree on one; with 0 every window is an object.
pub fn detections(windows: &[Window], min_neighbors: i32, (width, height): (usize, usize)) -> Vec<Detection> {
    // Windows stick out of the picture by a rounding. Clipped only now: clipped before, they would have other mean boxes.
    let clipped =
        |found: Detection| found.rect.clipped(width as i32, height as i32).map(|rect| Detection { rect, ..found });
    let mut found: Vec<Detection> = group(windows, min_neighbors).into_iter().filter_map(clipped).collect();
    // Windows that stand alone may share a box; their scores then decide, so that the order does not hang on the search's.
    found.sort_by(|a, b| {
        let key = |d: &Detection| (d.rect.y, d.rect.x, d.rect.width, d.rect.height);
        key(a).cmp(&key(b)).then(b.score.total_cmp(&a.score))
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_stick_out_are_grouped_before_they_are_clipped() {
        let window = |x| Window { rect: [x, 0, 50, 50].into(), weight: 1.0 };
        // The mean of −6 and −2 is −4; of 0 and 0 it would be 0.
        let found = detections(&[window(-6), window(-2)], 1, (100, 80));
        assert_eq!(found, [Detection { rect: [0, 0, 46, 50].into(), neighbours: 2, score: 1.0 }]);
    }

    #[test]
    fn detections_come_from_top_to_bottom_and_the_surest_first() {
        let window = |y, weight| Window { rect: [5, y, 20, 20].into(), weight };
        let found = detections(&[window(9, 1.0), window(3, 1.0), window(9, 2.0)], 0, (100, 80));
        let order: Vec<(i32, f64)> = found.iter().map(|found| (found.rect.y, found.score)).collect();
        assert_eq!(order, [(3, 1.0), (9, 2.0), (9, 1.0)]);
    }
}
