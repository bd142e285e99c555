//! The sizes that a search goes through, and which windows OpenCV looks at in each.

use crate::engine::Search;

/// The picture at one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Level {
    /// How much smaller than the picture it is.
    pub(super) scale: f32,
    /// Pixels across.
    pub(super) width: usize,
    /// Pixels down.
    pub(super) height: usize,
    /// The step between windows, both across and down.
    pub(super) step: usize,
    /// How many windows there are in a row.
    pub(super) columns: usize,
    /// Window rows start below this line.
    pub(super) end: usize,
}

/// The levels of a picture of the given size for a model's window, from the largest to the smallest.
///
/// Single and double precision and the roundings are OpenCV's, since a window more or less changes a face.
pub(super) fn levels((width, height): (usize, usize), window: (usize, usize), search: &Search) -> Vec<Level> {
    let scales = chosen(&all_scales((width, height), window, search.scale_factor), window, search);
    let mut levels: Vec<Level> = scales.into_iter().map(|scale| level((width, height), window, scale)).collect();
    let Some(first) = levels.first().copied() else { return levels };
    // Rows are dealt to as many stripes as the first level has steps of 32 columns; a last odd row may fall out.
    let stripes = (first.width + 1).saturating_sub(window.0).div_ceil(32);
    for level in &mut levels {
        let stripe = (level.end / level.step).div_ceil(stripes).max(1) * level.step;
        level.end = level.end.min(stripes * stripe);
    }
    levels
}

fn level((width, height): (usize, usize), window: (usize, usize), scale: f32) -> Level {
    let scaled = |length: usize| round(length as f32 / scale) as usize;
    let (width, height) = (scaled(width), scaled(height));
    let step = if scale >= 2.0 { 1 } else { 2 };
    let places = |length: usize, window: usize| (length + 1).saturating_sub(window);
    let columns = places(width, window.0).div_ceil(step);
    Level { scale, width, height, step, columns, end: places(height, window.1) }
}

/// Every scale at which the window fits in the picture.
fn all_scales((width, height): (usize, usize), window: (usize, usize), scale_factor: f64) -> Vec<f32> {
    let fits = |scale: f64| {
        let side = |length: usize| (length as f64 * scale).round_ties_even() as usize;
        side(window.0) <= width && side(window.1) <= height
    };
    let mut scales = Vec::new();
    let mut scale = 1.0;
    while fits(scale) {
        scales.push(scale as f32);
        scale *= scale_factor;
    }
    scales
}

/// The scales of the sizes asked for; where there is none of them, the one nearest to the smallest size.
fn chosen(scales: &[f32], window: (usize, usize), search: &Search) -> Vec<f32> {
    let sides = |scale: f32| (round(window.0 as f32 * scale), round(window.1 as f32 * scale));
    let max_size = if search.max_size == 0 { i32::MAX } else { search.max_size };
    let within = |scale: &&f32| {
        let (width, height) = sides(**scale);
        width.max(height) <= max_size && width.min(height) >= search.min_size
    };
    let found: Vec<f32> = scales.iter().filter(within).copied().collect();
    if !found.is_empty() {
        return found;
    }
    let distance = |scale: &f32| {
        let (width, height) = sides(*scale);
        let square = |side: i32| i64::from(search.min_size - side).pow(2);
        square(width) + square(height)
    };
    scales.iter().copied().min_by_key(distance).into_iter().collect()
}

/// To the nearest whole number, halves to the even one.
pub(super) fn round(value: f32) -> i32 {
    value.round_ties_even() as i32
}
