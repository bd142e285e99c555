//! The shape of one convolution, seen from its two sides.

// Public because the extension trait's generated code is; the module is private all the same.
#![allow(unreachable_pub)]

use crate::precision::Precision;

/// Channels, height and width of one image of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FeatureMap {
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl FeatureMap {
    /// Values in one image.
    pub fn len(&self) -> usize {
        self.channels * self.area()
    }

    /// Pixels in one image.
    pub fn area(&self) -> usize {
        self.height * self.width
    }
}

/// A convolution between a `big` and a `small` side.
///
/// A convolution reads the big side and writes the small one, a transposed convolution does the reverse, and both have
/// weights `[small channels, big channels / groups, kernel height, kernel width]`. So one geometry serves both operators
/// and their gradients. In each group
///
/// `small[o, y, x] = Σ big[c, s·y + i − top, s·x + j − left] · weight[o, c, i, j]` over c, i, j.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// Images.
    pub batch: usize,
    /// What a convolution reads.
    pub big: FeatureMap,
    /// What a convolution writes.
    pub small: FeatureMap,
    /// Kernel height and width.
    pub kernel: [usize; 2],
    /// Vertical and horizontal stride.
    pub stride: [usize; 2],
    /// Rows of zeros above the big side.
    pub top: usize,
    /// Columns of zeros left of it.
    pub left: usize,
    /// Parts that the channels of both sides are cut into, each convolved on its own.
    pub groups: usize,
    /// What the values are rounded to that are multiplied.
    pub precision: Precision,
}

impl Geometry {
    /// Weights in one kernel window.
    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Values in the big, the small and the weight tensor.
    pub(crate) fn lengths(&self) -> [usize; 3] {
        let weights = self.small.channels * self.big.channels / self.groups * self.taps();
        [self.batch * self.big.len(), self.batch * self.small.len(), weights]
    }

    /// One group of it.
    pub(crate) fn of_group(self) -> Self {
        let part = |map: FeatureMap| FeatureMap { channels: map.channels / self.groups, ..map };
        Self { big: part(self.big), small: part(self.small), groups: 1, ..self }
    }
}
