//! Rectangles in whole pixels.

/// A rectangle in pixels of a picture; it may stick out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rect {
    /// The left edge.
    pub x: i32,
    /// The upper edge.
    pub y: i32,
    /// Pixels across.
    pub width: i32,
    /// Pixels down.
    pub height: i32,
}

impl Rect {
    /// Intersection over union with another rectangle, 0 to 1: how much of the area that both cover together they share.
    pub fn iou(&self, other: &Self) -> f64 {
        // In 64 bits, because a right edge may lie beyond i32::MAX.
        let shared_length = |a: i32, a_length: i32, b: i32, b_length: i32| {
            let end = (i64::from(a) + i64::from(a_length)).min(i64::from(b) + i64::from(b_length));
            (end - i64::from(a.max(b))).max(0)
        };
        let across = shared_length(self.x, self.width, other.x, other.width);
        let down = shared_length(self.y, self.height, other.y, other.height);
        let shared = across as f64 * down as f64;
        let area = |rect: &Self| f64::from(rect.width) * f64::from(rect.height);
        let union = area(self) + area(other) - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }

    /// What of it lies within a picture of the given sides; `None` where nothing does.
    pub fn clipped(&self, width: i32, height: i32) -> Option<Self> {
        let (left, top) = (self.x.max(0), self.y.max(0));
        let (right, bottom) = ((self.x + self.width).min(width), (self.y + self.height).min(height));
        let rect = Self { x: left, y: top, width: right - left, height: bottom - top };
        (rect.width > 0 && rect.height > 0).then_some(rect)
    }
}

/// As `[x, y, width, height]`.
impl From<[i32; 4]> for Rect {
    fn from([x, y, width, height]: [i32; 4]) -> Self {
        Self { x, y, width, height }
    }
}

/// As `[x, y, width, height]`.
impl From<Rect> for [i32; 4] {
    fn from(rect: Rect) -> Self {
        [rect.x, rect.y, rect.width, rect.height]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intersection_over_union_worked_by_hand() {
        let check = |a: [i32; 4], b: [i32; 4], expected: f64| {
            let found = Rect::from(a).iou(&b.into());
            assert!((found - expected).abs() < 1e-12, "{a:?} {b:?}: {found}");
        };
        check([0, 0, 10, 10], [0, 0, 10, 10], 1.0);
        check([0, 0, 10, 10], [5, 0, 10, 10], 50.0 / 150.0);
        check([0, 0, 10, 10], [10, 0, 10, 10], 0.0);
        check([0, 0, 0, 0], [0, 0, 0, 0], 0.0);
        check([i32::MAX, 0, i32::MAX, 1], [i32::MAX, 0, i32::MAX, 1], 1.0);
    }

    #[test]
    fn what_sticks_out_is_clipped() {
        let check = |rect: [i32; 4], expected: Option<[i32; 4]>| {
            assert_eq!(Rect::from(rect).clipped(100, 80).map(Into::into), expected, "{rect:?}");
        };
        check([0, 0, 100, 80], Some([0, 0, 100, 80]));
        check([51, 31, 50, 50], Some([51, 31, 49, 49]));
        check([-1, 2, 50, 50], Some([0, 2, 49, 50]));
        check([100, 0, 50, 50], None);
    }
}
