//! Brightness, from colours weighted as OpenCV weights them.

/// The brightness of a pixel given as red, green and blue, as `cv2.cvtColor(…, COLOR_RGB2GRAY)` has it:
/// 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), in 2⁻¹⁵ths, rounded.
#[inline]
pub fn brightness([red, green, blue]: [u8; 3]) -> u8 {
    // OpenCV's own rounded weights: they add up to 2¹⁵, so that white stays white.
    let sum = 9798 * u32::from(red) + 19235 * u32::from(green) + 3735 * u32::from(blue);
    ((sum + (1 << 14)) >> 15) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_worked_by_hand() {
        let pixels = [[255, 255, 255], [0, 0, 255], [0, 255, 0], [255, 0, 0]];
        assert_eq!(pixels.map(brightness), [255, 29, 150, 76]);
    }
}
