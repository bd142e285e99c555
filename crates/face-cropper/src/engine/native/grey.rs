//! Brightness, from colours weighed as OpenCV weighs them.

use crate::picture::{Colour, Grey};

/// The brightness of a picture.
pub(super) fn grey(picture: &Colour) -> Grey {
    let bytes = picture.bytes().as_chunks().0.iter().map(weigh).collect();
    Grey::new(picture.width(), picture.height(), bytes).expect("it has one byte for each pixel of a picture")
}

/// Brightness as `cv2.cvtColor(…, COLOR_BGR2GRAY)` weighs it: 0.114 B + 0.587 G + 0.299 R in 2⁻¹⁵ths.
#[inline]
pub(super) fn weigh(pixel: &[u8; 3]) -> u8 {
    let [blue, green, red] = pixel.map(u32::from);
    ((3735 * blue + 19235 * green + 9798 * red + (1 << 14)) >> 15) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_worked_by_hand() {
        let picture = Colour::new(4, 1, vec![255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255]).unwrap();
        assert_eq!(grey(&picture).bytes(), [255, 29, 150, 76]);
    }
}
