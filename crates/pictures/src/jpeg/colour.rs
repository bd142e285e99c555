//! Components to colours, in 2⁻¹⁶ths as libjpeg has them: R = Y + 1.402 Cr, G = Y − 0.34414 Cb − 0.71414 Cr, B = Y + 1.772 Cb
//! (JFIF, of ITU-R BT.601).

#[cfg(target_arch = "x86_64")]
use x86::ycc_step;

#[cfg(target_arch = "x86_64")]
mod x86;

/// What a picture's components are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    /// Brightness alone.
    Grey,
    /// Red, green and blue.
    Rgb,
    /// Brightness, and how far blue and red are from it.
    Ycc,
    /// Inks, as Adobe stores them: 255 is none.
    Cmyk,
    /// Inks, the first three as `Ycc`.
    Ycck,
}

const HALF: i32 = 1 << 15;

/// Factors in 2⁻¹⁶ths, split so that sixteen bits hold them: 1.402 = 1 + 0.402 …
const RED: i16 = 26_345;
/// … −0.34414, and −0.71414 = −1 + 0.28586 …
const GREEN: (i16, i16) = (-22_554, 18_734);
/// … 1.772 = 2 − 0.228.
const BLUE: i16 = -14_942;

/// Red, green and blue of a pixel.
#[inline(always)]
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i16::from(y), i16::from(cb) - 128, i16::from(cr) - 128);
    [level(y + cr + part(cr, RED)), level(y - cr + mixed(cb, cr)), level(y + 2 * cb + part(cb, BLUE))]
}

/// The product with a factor, rounded, from the upper half of twice the product: what registers of sixteen bits can.
#[inline(always)]
fn part(value: i16, factor: i16) -> i16 {
    (((i32::from(2 * value) * i32::from(factor)) >> 16) as i16 + 1) >> 1
}

#[inline(always)]
fn mixed(cb: i16, cr: i16) -> i16 {
    ((i32::from(cb) * i32::from(GREEN.0) + i32::from(cr) * i32::from(GREEN.1) + HALF) >> 16) as i16
}

#[inline(always)]
fn level(value: i16) -> u8 {
    value.clamp(0, 255) as u8
}

/// Pixels that are made at once.
const STEP: usize = 8;

/// Rows of components as a row of pixels.
pub(super) fn ycc_row(y: &[u8], cb: &[u8], cr: &[u8], pixels: &mut [u8]) {
    let (steps, rest) = pixels.as_chunks_mut::<{ 3 * STEP }>();
    for (((step, y), cb), cr) in steps.iter_mut().zip(y.as_chunks().0).zip(cb.as_chunks().0).zip(cr.as_chunks().0) {
        *step = ycc_step(y, cb, cr);
    }
    let done = steps.len() * STEP;
    for (((pixel, y), cb), cr) in rest.as_chunks_mut().0.iter_mut().zip(&y[done..]).zip(&cb[done..]).zip(&cr[done..]) {
        *pixel = rgb(*y, *cb, *cr);
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn ycc_step(y: &[u8; STEP], cb: &[u8; STEP], cr: &[u8; STEP]) -> [u8; 3 * STEP] {
    let mut pixels = [0; 3 * STEP];
    for (i, pixel) in pixels.as_chunks_mut().0.iter_mut().enumerate() {
        *pixel = rgb(y[i], cb[i], cr[i]);
    }
    pixels
}

/// Inks laid on white, as OpenCV does it: R = K − (255 − C)·K / 256.
pub(super) fn ink_row(rows: [&[u8]; 4], is_ycc: bool, pixels: &mut [u8]) {
    let [c, m, y, k] = rows;
    for ((((pixel, c), m), y), k) in pixels.as_chunks_mut().0.iter_mut().zip(c).zip(m).zip(y).zip(k) {
        let inks = if is_ycc { rgb(*c, *m, *y).map(|level| 255 - level) } else { [*c, *m, *y] };
        *pixel = inks.map(|ink| (i32::from(*k) - (((255 - i32::from(ink)) * i32::from(*k)) >> 8)) as u8);
    }
}

/// Brightness of red, green and blue as libjpeg weighs them.
pub(super) fn grey_row([red, green, blue]: [&[u8]; 3], pixels: &mut [u8]) {
    for (((pixel, red), green), blue) in pixels.iter_mut().zip(red).zip(green).zip(blue) {
        *pixel =
            ((19_595 * i32::from(*red) + 38_470 * i32::from(*green) + 7_471 * i32::from(*blue) + HALF) >> 16) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition in 2⁻¹⁶ths, each colour rounded once.
    fn defined(y: u8, cb: u8, cr: u8) -> [u8; 3] {
        let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
        let rounded = |sum: i32| (y + ((sum + HALF) >> 16)).clamp(0, 255) as u8;
        [rounded(91_881 * cr), rounded(-22_554 * cb - 46_802 * cr), rounded(116_130 * cb)]
    }

    #[test]
    fn every_pair_of_colours_gives_what_is_defined_one_by_one_and_side_by_side() {
        for brightness in [0, 1, 77, 128, 200, 255] {
            for cb in 0..=255 {
                let cr: Vec<u8> = (0..=255).collect();
                let mut pixels = [0; 3 * 253];
                ycc_row(&[brightness; 253], &[cb; 253], &cr[..253], &mut pixels);
                for (pixel, cr) in pixels.as_chunks().0.iter().zip(&cr) {
                    assert_eq!(*pixel, defined(brightness, cb, *cr));
                }
                cr.iter().for_each(|cr| assert_eq!(rgb(brightness, cb, *cr), defined(brightness, cb, *cr)));
            }
        }
    }

    #[test]
    fn inks_worked_by_hand() {
        let check = |inks: [u8; 4], is_ycc, expected| {
            let mut pixel = [0; 3];
            let [c, m, y, k] = &inks.map(|ink| [ink]);
            ink_row([c, m, y, k], is_ycc, &mut pixel);
            assert_eq!(pixel, expected, "{inks:?}");
        };
        check([255, 255, 255, 255], false, [255; 3]);
        check([0, 128, 255, 200], false, [1, 101, 200]);
        check([0, 128, 128, 255], true, [255; 3]);
    }
}
