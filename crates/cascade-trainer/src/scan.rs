//! The hard windows of one picture: those away from the subject that every stage so far lets pass.

use fastrand::Rng;
use lbp_cascade::{GreyImage, IntegralImage, Level, Rect, SearchSizes, levels, scaled};
use pictures::Grey;

use crate::{partial_cascade::PartialCascade, sampling::as_image};

/// The levels of the pyramid. Coarser steps than a detector takes by default: neighbouring levels hold nearly the same windows.
const SIZES: SearchSizes = SearchSizes { scale_factor: 1.15, min_size: 0, max_size: 0 };
/// A window that has this much in common with a subject's box, as intersection over union, is no negative.
const SUBJECT_IOU: f64 = 0.2;

/// Adds an equalised picture's hard windows, its rows in random order, until `found` is as long as the quota.
pub(crate) fn scan(
    grey: &Grey,
    subjects: &[Rect],
    cascade: &PartialCascade<'_>,
    quota: usize,
    random: &mut Rng,
    found: &mut Vec<IntegralImage>,
) {
    let side = cascade.side;
    let planes = pyramid(grey, side);
    let mut rows: Vec<(&Plane, usize)> = Vec::new();
    for plane in &planes {
        // Every other row and column, from a random one on: each stage sees other windows.
        rows.extend((random.usize(..2)..=plane.level.height - side).step_by(2).map(|y| (plane, y)));
    }
    random.shuffle(&mut rows);
    for (plane, y) in rows {
        let mut x = random.usize(..2);
        while x + side <= plane.level.width && found.len() < quota {
            if cascade.passes(&plane.integral, x, y) && !plane.is_on(subjects, x, y, side) {
                found.push(plane.window(x, y, side));
                // Neighbours are nearly the same window.
                x += random.usize(..side);
            }
            x += 2;
        }
    }
}

/// A picture at one size.
struct Plane {
    level: Level,
    pixels: Vec<u8>,
    integral: IntegralImage,
}

/// The picture at every size at which it still holds a window, scaled as a detector scales it.
fn pyramid(grey: &Grey, side: usize) -> Vec<Plane> {
    let levels = levels((grey.width() as usize, grey.height() as usize), (side, side), &SIZES);
    // By a rounding the last may be a pixel too small.
    let levels = levels.into_iter().filter(|level| level.width.min(level.height) >= side);
    levels
        .map(|level| {
            let pixels = scaled(as_image(grey), level.width, level.height);
            let image = GreyImage::new(level.width, level.height, &pixels).expect("it was scaled to the level's sides");
            Plane { level, integral: IntegralImage::of(image), pixels }
        })
        .collect()
}

impl Plane {
    fn is_on(&self, subjects: &[Rect], x: usize, y: usize, side: usize) -> bool {
        let window = self.level.rect(x, y, (side, side));
        subjects.iter().any(|subject| window.iou(subject) >= SUBJECT_IOU)
    }

    fn window(&self, x: usize, y: usize, side: usize) -> IntegralImage {
        let row = |y: usize| &self.pixels[y * self.level.width + x..][..side];
        let pixels: Vec<u8> = (y..y + side).flat_map(row).copied().collect();
        IntegralImage::of(GreyImage::new(side, side, &pixels).expect("the window lies within the plane"))
    }
}
