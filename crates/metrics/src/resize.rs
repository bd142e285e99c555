//! Resizing of planes of any size, both axes on their own.

use crate::network::Tensor;

/// Which source pixels a target pixel is made of.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// Resizes to `side`×`side` with a triangle as wide as a pixel of the coarser grid, so that no detail folds over.
///
/// That is bilinear interpolation where pixels become smaller, and what PIL calls `BILINEAR` where they become larger.
pub(crate) fn triangle(input: &Tensor, side: usize) -> Tensor {
    if (input.height, input.width) == (side, side) {
        return input.clone();
    }
    let taps = |from: usize| (0..side).map(|at| triangle_taps(at, from, side)).collect::<Vec<_>>();
    separable(input, &taps(input.height), &taps(input.width))
}

/// The pixels of a square RGB image of `side` pixels resized to `to`, interleaved as they were: bilinear, and as wide as a pixel
/// of the coarser grid, as PIL and torchvision do it.
pub fn resized(pixels: &[u8], side: usize, to: usize) -> Vec<u8> {
    let tensor = triangle(&Tensor::of_pixels(pixels, side), to);
    let planes: Vec<&[f32]> = tensor.planes().collect();
    let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    (0..to * to).flat_map(|at| [0, 1, 2].map(|channel| byte(planes[channel][at]))).collect()
}

/// Resizes as TensorFlow 1's `resize_bilinear` does: pixel i of the target lies at i · from / to, not at pixels' centres.
pub(crate) fn tensorflow(input: &Tensor, side: usize) -> Tensor {
    let (scale_down, scale_across) = (input.height as f32 / side as f32, input.width as f32 / side as f32);
    let line = |at: usize, scale: f32, from: usize| {
        let position = at as f32 * scale;
        let low = position as usize;
        (low.min(from - 1), (low + 1).min(from - 1), position - low as f32)
    };
    let columns: Vec<_> = (0..side).map(|x| line(x, scale_across, input.width)).collect();
    let mut values = Vec::with_capacity(input.channels * side * side);
    for plane in input.planes() {
        for (top, bottom, down) in (0..side).map(|y| line(y, scale_down, input.height)) {
            let (top, bottom) = (&plane[top * input.width..], &plane[bottom * input.width..]);
            values.extend(columns.iter().map(|(left, right, across)| {
                // In the order in which the customary implementation rounds.
                let upper = top[*left] + (top[*right] - top[*left]) * across;
                let lower = bottom[*left] + (bottom[*right] - bottom[*left]) * across;
                upper + (lower - upper) * down
            }));
        }
    }
    Tensor::new([input.channels, side, side], values)
}

fn triangle_taps(at: usize, from: usize, to: usize) -> Taps {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    let centre = (at as f64 + 0.5) * scale;
    let first = (centre - reach).max(0.0).round() as usize;
    let end = ((centre + reach).round() as usize).min(from);
    let weight = |source: usize| (1.0 - ((source as f64 + 0.5 - centre) / reach).abs()).max(0.0);
    let total: f64 = (first..end).map(weight).sum();
    Taps { first, weights: (first..end).map(|source| (weight(source) / total) as f32).collect() }
}

fn separable(input: &Tensor, down: &[Taps], across: &[Taps]) -> Tensor {
    let mut values = Vec::with_capacity(input.channels * down.len() * across.len());
    for plane in input.planes() {
        let lines: Vec<f32> = plane.chunks_exact(input.width).flat_map(|line| resize_line(line, across)).collect();
        for taps in down {
            let mut sums = vec![0.0; across.len()];
            for (line, weight) in lines.chunks_exact(across.len()).skip(taps.first).zip(&taps.weights) {
                sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += weight * value);
            }
            values.extend(sums);
        }
    }
    Tensor::new([input.channels, down.len(), across.len()], values)
}

fn resize_line<'a>(line: &'a [f32], taps: &'a [Taps]) -> impl Iterator<Item = f32> + 'a {
    let of_taps =
        |taps: &Taps| line[taps.first..].iter().zip(&taps.weights).map(|(value, weight)| value * weight).sum();
    taps.iter().map(of_taps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(side: usize) -> Tensor {
        Tensor::new([1, side, side], (0..side * side).map(|i| (i % side) as f32).collect())
    }

    #[test]
    fn halves_are_means_with_their_neighbours() {
        // The triangle over 4 pixels weighs 1/8, 3/8, 3/8, 1/8; at the edge its outer pixel is left out.
        let half = triangle(&ramp(8), 4);
        let expected = [0.714_285_7, 2.5, 4.5, 6.285_714];
        for (ours, theirs) in half.values[..4].iter().zip(expected) {
            assert!((ours - theirs).abs() < 1e-5, "{ours} and {theirs}");
        }
    }

    #[test]
    fn a_flat_plane_stays_flat() {
        let flat = Tensor::new([1, 5, 7], vec![3.0; 35]);
        for resized in [triangle(&flat, 4), triangle(&flat, 9), tensorflow(&flat, 11)] {
            assert!(resized.values.iter().all(|value| (value - 3.0).abs() < 1e-5));
        }
        assert_eq!(triangle(&ramp(8), 8), ramp(8));
    }

    #[test]
    fn tensorflow_begins_at_the_corner() {
        assert_eq!(tensorflow(&ramp(2), 4).values[..4], [0.0, 0.5, 1.0, 1.0]);
    }
}
