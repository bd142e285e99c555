//! JPEG files as small grey pictures: only a part of each block's frequencies is computed, so that little is left to do.

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use image::{DynamicImage, GrayImage};

use crate::{file::PictureFile, format::Format, jpeg, orientation::orientation, pixels::Grey};

/// By how much a preview is smaller than its picture: what a JPEG's blocks of eight allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The picture's own size.
    None,
    /// Half as wide and high.
    Half,
    /// A quarter as wide and high.
    Quarter,
    /// An eighth as wide and high, one pixel for each block.
    Eighth,
}

impl Reduction {
    /// The greatest that leaves a picture's longer side at `limit` pixels or more.
    pub fn down_to(limit: u32, longer_side: u32) -> Self {
        let all = [Self::Eighth, Self::Quarter, Self::Half];
        all.into_iter().find(|reduction| longer_side / reduction.divisor() >= limit).unwrap_or(Self::None)
    }

    /// What sides are divided by.
    pub fn divisor(self) -> u32 {
        match self {
            Self::None => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }
}

impl PictureFile<'_> {
    /// The brightness of a JPEG at a fraction of its size, turned upright, as `cv2.imread` gives it for `IMREAD_GRAYSCALE` and
    /// `IMREAD_REDUCED_GRAYSCALE_2` to `_8`; `None` where the file is of another format or kind (CMYK) or is damaged: then
    /// it is decoded as any other picture.
    pub fn grey_preview(&self, reduction: Reduction) -> Option<Grey> {
        let is_jpeg = self.probe().format == Format::Jpeg;
        catch_unwind(AssertUnwindSafe(|| is_jpeg.then(|| reduced(self.bytes(), reduction))?)).ok()?
    }
}

fn reduced(file: &[u8], reduction: Reduction) -> Option<Grey> {
    let grey = jpeg::decode_grey(file, reduction).ok()??;
    let (width, height) = grey.sides();
    let mut picture = DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, grey.into_bytes())?);
    picture.apply_orientation(orientation(&mut Cursor::new(file), Format::Jpeg).ok()?);
    Grey::new(picture.width(), picture.height(), picture.into_luma8().into_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reduction_leaves_the_side_that_is_asked_for() {
        let check = |side, expected| assert_eq!(Reduction::down_to(768, side), expected, "{side}");
        check(767, Reduction::None);
        check(1535, Reduction::None);
        check(1536, Reduction::Half);
        check(3072, Reduction::Quarter);
        check(60_000, Reduction::Eighth);
    }
}
