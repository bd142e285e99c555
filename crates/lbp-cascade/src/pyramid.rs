//! The sizes that a search goes through, and which windows OpenCV looks at in each.
//!
//! Single and double precision and the roundings are OpenCV's throughout, since a window more or less changes a detection.

use crate::rect::Rect;

/// How many columns OpenCV gives a stripe of a level, before it knows how many threads there are.
const STRIPE_COLUMNS: usize = 32;

/// Which windows are looked at. Where no size fits between the two, the one nearest to the smallest is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchSizes {
    /// The step from one size to the next, above 1.
    pub scale_factor: f64,
    /// The smallest window's side in pixels of the picture.
    pub min_size: i32,
    /// The largest window's side in pixels of the picture; 0: as large as the picture.
    pub max_size: i32,
}

/// A picture at one size, and the windows in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// How many times smaller than the picture it is.
    pub scale: f32,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Pixels from one window to the next, both across and down: 1 or 2.
    pub step: usize,
    /// How many windows there are in a row.
    pub columns: usize,
    /// Rows of windows start above this line.
    pub end: usize,
}

impl Level {
    /// The rectangle in the picture of a window of the given sides whose upper left corner is at (`x`, `y`) of the level. It
    /// may stick out of the picture, because corner and sides are rounded one by one.
    pub fn rect(&self, x: usize, y: usize, (width, height): (usize, usize)) -> Rect {
        let [x, y, width, height] = [x, y, width, height].map(|length| scaled_up(length, self.scale));
        Rect { x, y, width, height }
    }
}

/// The levels of a picture of the given sides for a cascade's window, from the largest to the smallest.
///
/// A level may come out a pixel smaller than the window, by a rounding; it then has no window.
///
/// # Panics
/// If the scale factor is not above 1: the sizes would never end.
pub fn levels((width, height): (usize, usize), window: (usize, usize), sizes: &SearchSizes) -> Vec<Level> {
    assert!(sizes.scale_factor > 1.0, "sizes must grow from one to the next");
    let scales = chosen(&all_scales((width, height), window, sizes.scale_factor), window, sizes);
    let mut levels: Vec<Level> = scales.into_iter().map(|scale| level((width, height), window, scale)).collect();
    let Some(first) = levels.first().copied() else { return levels };
    // OpenCV deals the rows of every level to as many stripes as the first level has steps of 32 columns, all of one height:
    // rows counted in steps, divided down. A last odd row may fall out, and with it its windows.
    let stripes = (first.width + 1).saturating_sub(window.0).div_ceil(STRIPE_COLUMNS);
    for level in &mut levels {
        let stripe = (level.end / level.step).div_ceil(stripes).max(1) * level.step;
        level.end = level.end.min(stripes * stripe);
    }
    levels
}

fn level((width, height): (usize, usize), window: (usize, usize), scale: f32) -> Level {
    let scaled_down = |length: usize| (length as f32 / scale).round_ties_even() as usize;
    let (width, height) = (scaled_down(width), scaled_down(height));
    // Where a pixel of the level is two of the picture, every window counts; before that, every second one is dense enough.
    let step = if scale >= 2.0 { 1 } else { 2 };
    let starts = |length: usize, window: usize| (length + 1).saturating_sub(window);
    let columns = starts(width, window.0).div_ceil(step);
    Level { scale, width, height, step, columns, end: starts(height, window.1) }
}

/// Every scale at which the window fits in the picture.
fn all_scales((width, height): (usize, usize), window: (usize, usize), scale_factor: f64) -> Vec<f32> {
    let fits = |scale: f64| {
        let side = |length: usize| (length as f64 * scale).round_ties_even() as usize;
        side(window.0) <= width && side(window.1) <= height
    };
    let mut scales = Vec::new();
    // The product is kept in double precision and handed on in single precision.
    let mut scale = 1.0;
    while fits(scale) {
        scales.push(scale as f32);
        scale *= scale_factor;
    }
    scales
}

/// The scales of the sizes asked for; where there is none of them, the one nearest to the smallest size.
fn chosen(scales: &[f32], window: (usize, usize), sizes: &SearchSizes) -> Vec<f32> {
    let sides = |scale: f32| (scaled_up(window.0, scale), scaled_up(window.1, scale));
    let max_size = if sizes.max_size == 0 { i32::MAX } else { sizes.max_size };
    let within = |scale: &&f32| {
        let (width, height) = sides(**scale);
        width.max(height) <= max_size && width.min(height) >= sizes.min_size
    };
    let found: Vec<f32> = scales.iter().filter(within).copied().collect();
    if !found.is_empty() {
        return found;
    }
    let distance = |scale: &f32| {
        let (width, height) = sides(*scale);
        let square = |side: i32| i64::from(sizes.min_size - side).pow(2);
        square(width) + square(height)
    };
    scales.iter().copied().min_by_key(distance).into_iter().collect()
}

/// A length of a level in pixels of the picture: to the nearest whole number, halves to the even one, as `cvRound` does.
fn scaled_up(length: usize, scale: f32) -> i32 {
    (length as f32 * scale).round_ties_even() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_worked_by_hand() {
        let sizes = |min_size, max_size| SearchSizes { scale_factor: 2.0, min_size, max_size };
        let of = |sizes: SearchSizes| {
            let levels = levels((100, 80), (24, 24), &sizes);
            levels.iter().map(|l| (l.width, l.height, l.step, l.columns)).collect::<Vec<_>>()
        };
        // 24, 48 and 96 pixels, of which the last is higher than the picture.
        assert_eq!(of(sizes(0, 0)), [(100, 80, 2, 39), (50, 40, 1, 27)]);
        assert_eq!(of(sizes(30, 0)), [(50, 40, 1, 27)]);
        assert_eq!(of(sizes(0, 40)), [(100, 80, 2, 39)]);
        // None fits: 48 is nearer to 40 than 24 is.
        assert_eq!(of(sizes(40, 44)), [(50, 40, 1, 27)]);
        assert_eq!(levels((23, 80), (24, 24), &sizes(0, 0)), []);
    }

    #[test]
    fn halves_round_to_the_even_number() {
        assert_eq!([1, 3, 5].map(|length| scaled_up(length, 0.5)), [0, 2, 2]);
    }
}
