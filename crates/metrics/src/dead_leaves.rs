//! Pictures made of nothing but discs that cover one another: their statistics are much like those of photographs.
//!
//! Lee, Mumford and Huang, "Occlusion models for natural images" (2001): radii with a density of r⁻³ give a spectrum that
//! falls as natural images' does. A random network is scaled on them, so that its features weigh evenly without its having
//! seen a picture.

use crate::{
    network::Tensor,
    random::{Philox, Stream},
};

/// Discs in a picture: enough to cover it.
const DISCS: usize = 400;

/// The smallest and the largest radius, as shares of the side.
const RADII: [f32; 2] = [0.02, 0.6];

/// A disc's numbers: where it lies, how large it is, its colour.
const NUMBERS: usize = 6;

/// One picture, RGB of 0 to 255; each `index` is another.
pub(crate) fn picture(side: usize, index: usize) -> Tensor {
    let mut numbers = vec![0.0; DISCS * NUMBERS];
    Philox::new(0, Stream::Leaves).fill_uniform(index as u64, &mut numbers);
    let mut values = vec![127.5; 3 * side * side];
    numbers.chunks_exact(NUMBERS).for_each(|disc| draw(&mut values, side, disc));
    Tensor::new([3, side, side], values)
}

fn draw(values: &mut [f32], side: usize, disc: &[f32]) {
    let size = side as f32;
    let (x, y, radius) = (disc[0] * size, disc[1] * size, radius(disc[2]) * size);
    let span = |centre: f32| {
        let (first, end) = ((centre - radius - 1.0).max(0.0), (centre + radius + 1.0).min(size));
        first as usize..end as usize
    };
    for (row, column) in span(y).flat_map(|row| span(x).map(move |column| (row, column))) {
        let distance = (row as f32 + 0.5 - y).hypot(column as f32 + 0.5 - x);
        // The share of the pixel that the disc covers, roughly: edges without steps.
        let cover = (radius - distance + 0.5).clamp(0.0, 1.0);
        for (channel, colour) in disc[3..].iter().enumerate() {
            let value = &mut values[(channel * side + row) * side + column];
            *value += cover * (255.0 * colour - *value);
        }
    }
}

/// The radius below which a share `u` of the density r⁻³ lies.
fn radius(u: f32) -> f32 {
    let [low, high] = RADII.map(|radius| radius.powi(-2));
    (low - u * (low - high)).powf(-0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radii_span_the_range() {
        assert!((radius(0.0) - RADII[0]).abs() < 1e-4 && (radius(1.0) - RADII[1]).abs() < 1e-4);
    }

    #[test]
    fn pictures_are_colourful_and_differ() {
        let (a, b) = (picture(32, 0), picture(32, 1));
        assert!(a != b && a.values.iter().all(|value| (0.0..=255.0).contains(value)));
        let range =
            a.values.iter().copied().fold(f32::MIN, f32::max) - a.values.iter().copied().fold(f32::MAX, f32::min);
        assert!(range > 100.0);
    }
}
