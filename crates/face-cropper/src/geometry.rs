//! From a detector's box to the square that is cut out.

use contracts::{
    config::{Border, Margin},
    record::{Corners, PixelBox},
};
use lbp_cascade::sin_cos;

/// The square to cut for a detector's box: widened by the margin's shares of its side.
///
/// A box that is not square (clipped at the edge, or another cascade's) becomes one of its longer side: faces are never
/// distorted. With [`Border::Clip`] a square that would leave the picture is moved inward, and one that is larger than the
/// picture shrinks to the picture's shorter side; with [`Border::Pad`] it keeps its middle and its side. Where the margins
/// differ, the square is as large as the longer side of what they ask for, around its middle. Without a margin
/// the square of a square box inside the picture is the box itself.
pub(crate) fn square_to_cut(pixel_box: &PixelBox, margin: Margin, border: Border, width: i32, height: i32) -> PixelBox {
    let longer = f64::from(pixel_box.width.max(pixel_box.height));
    let Margin { top, right, bottom, left } = margin;
    let widened = ((longer * (1.0 + (left + right).max(top + bottom))).round() as i32).max(1);
    let side = match border {
        Border::Clip => widened.min(width.min(height).max(1)),
        Border::Pad => widened,
    };
    // Of the middle, from the box's own.
    let shift = |before: f64, after: f64| (longer * (after - before) / 2.0).round() as i32;
    let placed = |start: i32, length: i32, end: i32, shift: i32| {
        let centred = start + (length - side).div_euclid(2) + shift;
        match border {
            // Margins that differ ask for more on one side than a picture may have: the face itself comes first.
            Border::Clip => {
                let flush = start + length - side;
                centred.clamp(flush.min(start), flush.max(start)).clamp(0, (end - side).max(0))
            }
            Border::Pad => centred,
        }
    };
    PixelBox {
        x: placed(pixel_box.x, pixel_box.width, width, shift(left, right)),
        y: placed(pixel_box.y, pixel_box.height, height, shift(top, bottom)),
        width: side,
        height: side,
    }
}

/// A turned square in pixels from the picture's upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TurnedSquare {
    /// The upper left corner, as the face in it has it.
    pub(crate) corner: (f64, f64),
    /// The upper edge, from there.
    pub(crate) across: (f64, f64),
}

impl TurnedSquare {
    fn new((x, y): (f64, f64), side: f64, (sin, cos): (f64, f64)) -> Self {
        let half = side / 2.0;
        Self { corner: (x - half * (cos - sin), y - half * (sin + cos)), across: (side * cos, side * sin) }
    }

    /// Its side in pixels.
    pub(crate) fn side(&self) -> f64 {
        self.across.0.hypot(self.across.1)
    }

    fn corners(&self) -> Corners {
        let ((x, y), (right, down)) = (self.corner, self.across);
        [[x, y], [x + right, y + down], [x + right - down, y + down + right], [x - down, y + right]]
    }
}

/// The corners of a turned face's square, from its own upper left, clockwise, to a hundredth of a pixel.
pub(crate) fn corners(pixel_box: &PixelBox, angle: f64) -> Corners {
    let square = TurnedSquare::new(middle(pixel_box), longer_side(pixel_box), sin_cos(angle));
    square.corners().map(|corner| corner.map(|place| (place * 100.0).round() / 100.0))
}

/// The square to cut for a turned face: [`square_to_cut`] as the face has up and down.
///
/// With [`Border::Clip`] it is moved inward as far as the face itself stays in it, and shrinks no further than to the face; what sticks out
/// then is filled with the picture's outermost pixels, as all of it is with [`Border::Pad`].
pub(crate) fn turned_square_to_cut(
    pixel_box: &PixelBox,
    angle: f64,
    margin: Margin,
    border: Border,
    (width, height): (i32, i32),
) -> TurnedSquare {
    let (sin, cos) = sin_cos(angle);
    let to_picture = |(x, y): (f64, f64)| (x * cos - y * sin, x * sin + y * cos);
    let to_face = |(x, y): (f64, f64)| (x * cos + y * sin, y * cos - x * sin);
    let face = longer_side(pixel_box);
    let Margin { top, right, bottom, left } = margin;
    let widened = face * (1.0 + (left + right).max(top + bottom));
    // Where the square's middle lies from the face's, as the face has across and down.
    let shift = (face * (right - left) / 2.0, face * (bottom - top) / 2.0);
    let (x, y) = middle(pixel_box);
    let at = |(across, down): (f64, f64)| (x + across, y + down);
    if border == Border::Pad {
        return TurnedSquare::new(at(to_picture(shift)), widened, (sin, cos));
    }
    // The square reaches this share of its side to each side of its middle.
    let reach = (sin.abs() + cos.abs()) / 2.0;
    let side = widened.min(f64::from(width.min(height)) / (2.0 * reach)).max(face);
    let inward = |place: f64, length: i32| {
        let (reach, length) = (side * reach, f64::from(length));
        if 2.0 * reach < length { place.clamp(reach, length - reach) } else { length / 2.0 }
    };
    let slack = (side - face) / 2.0;
    let within = |(across, down): (f64, f64)| (across.clamp(-slack, slack), down.clamp(-slack, slack));
    let wanted = at(to_picture(within(shift)));
    let moved = to_face((inward(wanted.0, width) - x, inward(wanted.1, height) - y));
    TurnedSquare::new(at(to_picture(within(moved))), side, (sin, cos))
}

/// The longer side of a box in pixels.
pub(crate) fn longer_side(pixel_box: &PixelBox) -> f64 {
    f64::from(pixel_box.width.max(pixel_box.height))
}

/// The middle of a box in pixels.
pub(crate) fn middle(pixel_box: &PixelBox) -> (f64, f64) {
    let middle = |start: i32, length: i32| f64::from(start) + f64::from(length) / 2.0;
    (middle(pixel_box.x, pixel_box.width), middle(pixel_box.y, pixel_box.height))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn worked_by_hand() {
        let check = |pixel_box: [i32; 4], margin: f64, expected: [i32; 4]| {
            let found: [i32; 4] = square_to_cut(&pixel_box.into(), margin.into(), Border::Clip, 200, 100).into();
            assert_eq!(found, expected, "{pixel_box:?} widened by {margin}");
        };
        check([50, 20, 40, 40], 0.0, [50, 20, 40, 40]);
        check([50, 20, 40, 40], 0.25, [40, 10, 60, 60]);
        check([0, 20, 40, 40], 0.25, [0, 10, 60, 60]); // moved in from the left edge
        check([150, 50, 40, 40], 0.25, [140, 40, 60, 60]); // and from the lower right corner
        check([50, 20, 40, 40], 2.0, [20, 0, 100, 100]); // no larger than the picture is high
        check([50, 20, 20, 40], 0.0, [40, 20, 40, 40]); // a tall box
        check([161, 61, 39, 39], 0.0, [161, 61, 39, 39]);
        check([161, 20, 39, 40], 0.0, [160, 20, 40, 40]); // clipped at the edge by a pixel
    }

    #[test]
    fn padded_squares_keep_their_middle_and_their_side() {
        let check = |pixel_box: [i32; 4], margin: f64, expected: [i32; 4]| {
            let found: [i32; 4] = square_to_cut(&pixel_box.into(), margin.into(), Border::Pad, 200, 100).into();
            assert_eq!(found, expected, "{pixel_box:?} widened by {margin}");
        };
        check([50, 20, 40, 40], 0.25, [40, 10, 60, 60]);
        check([0, 20, 40, 40], 0.25, [-10, 10, 60, 60]);
        check([50, 20, 40, 40], 2.0, [-30, -60, 200, 200]);
        check([161, 20, 39, 40], 0.0, [160, 20, 40, 40]);
    }

    #[test]
    fn margins_that_differ_move_the_middle() {
        let check = |sides: [f64; 4], border: Border, expected: [i32; 4]| {
            let [top, right, bottom, left] = sides;
            let margin = Margin { top, right, bottom, left };
            let found: [i32; 4] = square_to_cut(&[80, 40, 40, 40].into(), margin, border, 200, 100).into();
            assert_eq!(found, expected, "{sides:?}");
        };
        // More hair: 20 above and nothing below makes the square 60 high, around the middle between.
        check([0.5, 0.0, 0.0, 0.0], Border::Pad, [70, 20, 60, 60]);
        check([0.0, 0.0, 0.5, 0.0], Border::Pad, [70, 40, 60, 60]);
        check([0.5, 0.25, 0.0, 0.25], Border::Pad, [70, 20, 60, 60]);
        check([0.0, 0.5, 0.0, 0.0], Border::Pad, [80, 30, 60, 60]);
        check([1.5, 0.0, 0.0, 0.0], Border::Pad, [50, -20, 100, 100]);
        check([1.5, 0.0, 0.0, 0.0], Border::Clip, [50, 0, 100, 100]);
    }

    #[test]
    fn turned_squares_have_their_corners_where_the_face_has_them() {
        let check = |angle: f64, expected: Corners| {
            assert_eq!(corners(&[80, 40, 40, 40].into(), angle), expected, "{angle}");
        };
        check(90.0, [[120.0, 40.0], [120.0, 80.0], [80.0, 80.0], [80.0, 40.0]]);
        check(45.0, [[100.0, 31.72], [128.28, 60.0], [100.0, 88.28], [71.72, 60.0]]);
        check(-45.0, [[71.72, 60.0], [100.0, 31.72], [128.28, 60.0], [100.0, 88.28]]);
    }

    #[test]
    fn turned_squares_are_widened_and_moved_as_the_face_has_up_and_down() {
        let check = |pixel_box: [i32; 4], angle: f64, margin: [f64; 4], border: Border, expected: [f64; 3]| {
            let [top, right, bottom, left] = margin;
            let margin = Margin { top, right, bottom, left };
            let square = turned_square_to_cut(&pixel_box.into(), angle, margin, border, (200, 100));
            let found = [square.corner.0, square.corner.1, square.side()];
            let near = found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 0.01);
            assert!(near, "{pixel_box:?} at {angle}: {found:?}, not {expected:?}");
        };
        check([80, 30, 40, 40], 90.0, [0.0; 4], Border::Clip, [120.0, 30.0, 40.0]);
        check([80, 30, 40, 40], 90.0, [0.25; 4], Border::Clip, [130.0, 20.0, 60.0]);
        // Above a face that lies on its side is the picture's right.
        check([80, 30, 40, 40], 90.0, [0.5, 0.0, 0.0, 0.0], Border::Pad, [140.0, 20.0, 60.0]);
        // Moved in from the right edge, as far as the margin goes; and not at all without one.
        check([155, 30, 40, 40], 90.0, [0.25; 4], Border::Clip, [200.0, 20.0, 60.0]);
        check([155, 30, 40, 40], 90.0, [0.25; 4], Border::Pad, [205.0, 20.0, 60.0]);
        check([170, 30, 40, 40], 90.0, [0.0; 4], Border::Clip, [210.0, 30.0, 40.0]);
        // No larger than the picture is high, all corners counted.
        check([80, 30, 40, 40], 45.0, [2.0; 4], Border::Clip, [100.0, 0.0, 70.71]);
    }

    proptest! {
        #[test]
        fn the_square_stays_in_the_picture_and_keeps_the_face(
            (width, height) in (1..3000i32, 1..3000i32),
            (x, y, side) in (0.0..1.0f64, 0.0..1.0f64, 0.0..1.0f64),
            [margin, right, bottom, left] in [0.0..2.0f64, 0.0..2.0, 0.0..2.0, 0.0..2.0],
        ) {
            let side = 1 + (side * f64::from(width.min(height) - 1)) as i32;
            let face = PixelBox {
                x: (x * f64::from(width - side)) as i32,
                y: (y * f64::from(height - side)) as i32,
                width: side,
                height: side,
            };
            let square = square_to_cut(&face, margin.into(), Border::Clip, width, height);
            prop_assert_eq!(square.width, square.height);
            prop_assert!(square.x >= 0 && square.x + square.width <= width);
            prop_assert!(square.y >= 0 && square.y + square.height <= height);
            prop_assert!(square.x <= face.x && square.x + square.width >= face.x + face.width);
            prop_assert!(square.y <= face.y && square.y + square.height >= face.y + face.height);
            let differing = Margin { top: margin, right, bottom, left };
            let square = square_to_cut(&face, differing, Border::Clip, width, height);
            prop_assert!(square.x >= 0 && square.x + square.width <= width);
            prop_assert!(square.y >= 0 && square.y + square.height <= height);
            prop_assert!(square.x <= face.x && square.x + square.width >= face.x + face.width);
            prop_assert!(square.y <= face.y && square.y + square.height >= face.y + face.height);
        }
    }
}
