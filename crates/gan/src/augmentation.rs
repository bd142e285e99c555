//! Augmentation that gradients pass through: Zhao et al., "Differentiable augmentation for data-efficient GAN training"
//! (2020), section 3, whose published code fixes the ranges.
//!
//! Real images and samples are both augmented before D sees them, and G learns through it, so that samples do not take
//! on what the augmentation does.

mod control;

use burn::tensor::{Device, Int, Tensor, TensorData, ops::PadMode};
use serde::{Deserialize, Serialize};

pub use self::control::{AugmentationStrength, sum_of_signs};
use crate::philox::Philox;

/// Which augmentations, and how strong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentationConfig {
    /// Whether every second real image is mirrored left to right. Samples are not: there is no side to be told apart, and so
    /// nothing that they could take on.
    pub flip: bool,
    /// Each augmentation below touches an image with this probability; DiffAugment's is 1. Not used where there is a target.
    pub probability: f64,
    /// Whether brightness, saturation and contrast change.
    pub color: bool,
    /// Images move by up to this share of their side along each axis; 0: they stay. DiffAugment's is 0.125.
    pub translation: f64,
    /// The side of the square that is blanked, as a share of the image's; 0: none is. DiffAugment's is 0.5.
    pub cutout: f64,
    /// What the mean sign of the discriminator's logits of real images is held to, by augmenting with a higher or a lower
    /// probability, from 0 on; 0: by none. ADA's is 0.6.
    #[serde(skip_serializing_if = "is_zero")]
    pub target: f64,
    /// Thousands of real images in which the probability can go from 0 to 1. ADA's is 500.
    #[serde(skip_serializing_if = "is_default_adjustment")]
    pub adjust_kimg: f64,
}

/// What recipes without it mean; see [`AugmentationConfig::adjust_kimg`].
const ADJUST_KIMG: f64 = 500.0;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(target: &f64) -> bool {
    *target == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_default_adjustment(kimg: &f64) -> bool {
    *kimg == ADJUST_KIMG
}

impl Default for AugmentationConfig {
    fn default() -> Self {
        Self {
            flip: false,
            probability: 1.0,
            color: false,
            translation: 0.0,
            cutout: 0.0,
            target: 0.0,
            adjust_kimg: ADJUST_KIMG,
        }
    }
}

/// What is done to each image of one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Augmentation {
    side: usize,
    /// Pixels that an image can move at most.
    reach: usize,
    images: Vec<Change>,
}

/// What is done to one image.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    /// Added to every value.
    brightness: f32,
    /// The distance of a pixel's channels from their mean is multiplied by this.
    saturation: f32,
    /// The distance of a value from the image's mean is multiplied by this.
    contrast: f32,
    /// Rows and columns that the image is read from, from −reach to reach.
    shift: [isize; 2],
    /// First row and column, and first beyond, of the square that is blanked.
    hole: [[usize; 2]; 2],
}

/// Numbers that an image's change is drawn from; more than are needed, so that a later augmentation moves no other.
const DRAWS: usize = 16;

impl AugmentationConfig {
    /// Whether no image is ever changed, but for flips, which are no business of [`Augmentation`].
    pub fn is_off(&self) -> bool {
        (self.probability == 0.0 && !self.is_controlled())
            || (!self.color && self.translation == 0.0 && self.cutout == 0.0)
    }

    /// Whether its strength follows the discriminator: see [`AugmentationStrength`].
    pub fn is_controlled(&self) -> bool {
        self.target > 0.0
    }

    /// Draws the changes of a batch, a pure function of `philox` and `draw`; its first images' do not depend on
    /// `batch`.
    pub fn draw(&self, philox: &Philox, draw: u64, batch: usize, side: usize) -> Augmentation {
        let mut numbers = vec![0.0; batch * DRAWS];
        philox.fill_uniform(draw, &mut numbers);
        let reach = (self.translation * side as f64).round() as usize;
        let images = numbers.chunks_exact(DRAWS).map(|numbers| self.change(numbers, side, reach)).collect();
        Augmentation { side, reach, images }
    }

    fn change(&self, numbers: &[f32], side: usize, reach: usize) -> Change {
        let applies = |number: f32| f64::from(number) < self.probability;
        let color = |range: f32, centre: f32, number: f32| range * (number - 0.5) + centre;
        let (colored, moved, cut) = (self.color && applies(numbers[0]), applies(numbers[1]), applies(numbers[2]));
        let [brightness, saturation, contrast] = match colored {
            true => [color(1.0, 0.0, numbers[3]), color(2.0, 1.0, numbers[4]), color(1.0, 1.0, numbers[5])],
            false => [0.0, 1.0, 1.0],
        };
        let shift = |number: f32| below(2 * reach + 1, number) as isize - reach as isize;
        let shift = if moved { [shift(numbers[6]), shift(numbers[7])] } else { [0, 0] };
        let size = if cut { (self.cutout * side as f64).round() as usize } else { 0 };
        let hole = [numbers[8], numbers[9]].map(|number| hole(size, side, number));
        Change { brightness, saturation, contrast, shift, hole }
    }

    /// What keeps this augmentation from working, each beginning with a key.
    pub(crate) fn problems(&self) -> Vec<String> {
        let shares = [
            ("probability", self.probability),
            ("translation", self.translation),
            ("cutout", self.cutout),
            ("target", self.target),
        ];
        let wrong = shares.into_iter().filter(|(_, share)| !(0.0..=1.0).contains(share));
        let mut problems: Vec<String> =
            wrong.map(|(key, share)| format!("augmentation.{key} is {share}: it must be from 0 to 1")).collect();
        if !(self.adjust_kimg > 0.0 && self.adjust_kimg.is_finite()) {
            problems.push(format!("augmentation.adjust_kimg is {}: it must be above 0", self.adjust_kimg));
        }
        if self.is_controlled() && self.is_off() {
            problems.push(
                "augmentation.target: there is nothing whose strength it could hold; set color, translation or cutout"
                    .into(),
            );
        }
        problems
    }
}

/// A whole number below `count`, uniform where `number` is in [0, 1).
fn below(count: usize, number: f32) -> usize {
    ((number * count as f32) as usize).min(count - 1)
}

/// A stretch of `size` pixels whose centre lies anywhere in the side, cut at its ends.
fn hole(size: usize, side: usize, number: f32) -> [usize; 2] {
    if size == 0 {
        return [0, 0];
    }
    // An even stretch has its centre between two pixels, of which there is one more.
    let centre = below(side + 1 - size % 2, number);
    [centre.saturating_sub(size / 2), (centre + size - size / 2).min(side)]
}

impl Augmentation {
    /// Changes each image of a batch as was drawn; gradients pass through.
    ///
    /// # Shapes
    /// - `images` and output: `[batch, channels, side, side]`
    ///
    /// # Panics
    /// When the batch or the side is another one than it was drawn for.
    pub fn apply(&self, images: Tensor<4>) -> Tensor<4> {
        let [batch, _, height, width] = images.dims();
        assert_eq!([batch, height, width], [self.images.len(), self.side, self.side], "drawn for another batch");
        self.cut(self.shift(self.recolor(images)))
    }

    fn recolor(&self, images: Tensor<4>) -> Tensor<4> {
        let device = images.device();
        let images = images + self.column(|change| change.brightness, &device);
        let grey = images.clone().mean_dim(1);
        let images = (images - grey.clone()) * self.column(|change| change.saturation, &device) + grey;
        let mean = images.clone().mean_dim(1).mean_dim(2).mean_dim(3);
        (images - mean.clone()) * self.column(|change| change.contrast, &device) + mean
    }

    /// Each pixel is read from elsewhere: black (of −1 … 1: grey, as DiffAugment's zeros are) where that is outside.
    fn shift(&self, images: Tensor<4>) -> Tensor<4> {
        if self.images.iter().all(|change| change.shift == [0, 0]) {
            return images;
        }
        let [batch, channels, ..] = images.dims();
        let (side, padded) = (self.side, self.side + 2 * self.reach);
        let source = |change: &Change, channel: usize, y: usize, x: usize| {
            let at = |position: usize, shift: isize| (position + self.reach).wrapping_add_signed(shift);
            ((channel * padded + at(y, change.shift[0])) * padded + at(x, change.shift[1])) as i32
        };
        let mut indices = Vec::with_capacity(batch * channels * side * side);
        for change in &self.images {
            for (channel, y) in (0..channels).flat_map(|channel| (0..side).map(move |y| (channel, y))) {
                indices.extend((0..side).map(|x| source(change, channel, y, x)));
            }
        }
        let indices = TensorData::new(indices, [batch, channels * side * side]);
        let indices = Tensor::<2, Int>::from_data(indices, &images.device());
        let margin = (self.reach, self.reach);
        let images = images.pad([margin, margin], PadMode::Constant(0.0)).flatten::<2>(1, 3);
        images.gather(1, indices).reshape([batch, channels, side, side])
    }

    fn cut(&self, images: Tensor<4>) -> Tensor<4> {
        if self.images.iter().all(|change| change.hole == [[0, 0]; 2]) {
            return images;
        }
        let (batch, side) = (self.images.len(), self.side);
        let mut kept = vec![1.0f32; batch * side * side];
        for (image, change) in kept.chunks_exact_mut(side * side).zip(&self.images) {
            let [[top, bottom], [left, right]] = change.hole;
            for row in image.chunks_exact_mut(side).take(bottom).skip(top) {
                row[left..right].fill(0.0);
            }
        }
        let kept = Tensor::<4>::from_data(TensorData::new(kept, [batch, 1, side, side]), &images.device());
        images * kept
    }

    /// A value of each image's change, `[batch, 1, 1, 1]`.
    fn column(&self, value: impl Fn(&Change) -> f32, device: &Device) -> Tensor<4> {
        let values: Vec<f32> = self.images.iter().map(value).collect();
        Tensor::from_data(TensorData::new(values, [self.images.len(), 1, 1, 1]), device)
    }
}

#[cfg(test)]
mod tests;
