//! Components' samples, two rows of units of each at a time: the rows of one are enlarged when the next is there as well.

use super::{Block, Result, frame::Frame, idct};
use crate::preview::Reduction;

pub(super) struct Planes {
    pub(super) planes: Vec<Plane>,
    width: u32,
    height: u32,
    /// Rows of the picture in a row of units.
    pub(super) unit_height: usize,
    /// The least samples across and down that a block becomes.
    pub(super) size: usize,
}

/// A component's samples. Above the first row of units that is held is the row before it, or the first once more.
pub(super) struct Plane {
    /// Samples across and down that a block becomes.
    pub(super) size: usize,
    /// Samples across and down that show the picture.
    pub(super) width: usize,
    height: usize,
    stride: usize,
    unit_height: usize,
    samples: Vec<u8>,
}

impl Planes {
    /// Subsampled components are reduced less than others where that spares enlarging them.
    pub(super) fn new(frame: &Frame, reduction: Reduction) -> Result<Self> {
        let size = 8 / reduction.divisor() as usize;
        let (across, down) = frame.max_sampling;
        let plane = |component: &super::frame::Component| {
            let (h, v) = component.sampling;
            let mut own = size;
            while own < 8 && (across * size).is_multiple_of(h * own * 2) && (down * size).is_multiple_of(v * own * 2) {
                own *= 2;
            }
            let (stride, unit_height) = (frame.units * h * own, v * own);
            Plane {
                size: own,
                width: (frame.width * h * own).div_ceil(across * 8),
                height: (frame.height * v * own).div_ceil(down * 8),
                stride,
                unit_height,
                samples: vec![0; stride * (1 + 2 * unit_height)],
            }
        };
        let side = |side: usize| (side * size).div_ceil(8) as u32;
        Ok(Self {
            planes: frame.components.iter().map(plane).collect(),
            width: side(frame.width),
            height: side(frame.height),
            unit_height: down * size,
            size,
        })
    }

    /// The picture's sides.
    pub(super) fn sides(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Makes samples of a row of units of the first components, below those that are there. The coefficients are used up.
    pub(super) fn take_row(&mut self, frame: &Frame, coefficients: &mut [Vec<Block>], row: usize, components: usize) {
        let of_frame = frame.components.iter().zip(coefficients);
        for (plane, (component, blocks)) in self.planes.iter_mut().zip(of_frame).take(components) {
            let ((across, down), below) = (component.sampling, (1 + plane.unit_height) * plane.stride);
            for y in 0..down {
                let start = (row * down + y) * frame.units * across;
                let samples = &mut plane.samples[below + y * plane.size * plane.stride..];
                let blocks = &mut blocks[start..start + component.blocks];
                idct::row(plane.size, blocks, &component.quantization, samples, plane.stride);
            }
        }
    }

    /// The lower row of units becomes the upper one.
    pub(super) fn shift(&mut self, is_first: bool) {
        for plane in &mut self.planes {
            plane.samples.copy_within(plane.unit_height * plane.stride.., 0);
            if is_first {
                plane.samples.copy_within(plane.stride..2 * plane.stride, 0);
            }
        }
    }

    /// Repeats the last row of the picture below it.
    pub(super) fn end(&mut self) {
        for plane in &mut self.planes {
            let last = (plane.height - 1) % plane.unit_height + 1;
            plane.samples.copy_within(last * plane.stride..(last + 1) * plane.stride, (last + 1) * plane.stride);
        }
    }
}

impl Plane {
    /// A row of samples by its number in the upper row of units: −1 is the one above, and the last is followed by the one below.
    pub(super) fn row(&self, row: isize) -> &[u8] {
        &self.samples[(row + 1) as usize * self.stride..][..self.width]
    }
}
