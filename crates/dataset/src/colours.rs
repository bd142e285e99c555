//! Histograms of hue and brightness.

/// Bars of the histogram of hues: red, over green and blue, to red again.
pub const HUES: usize = 72;
/// Bars of the histogram of brightness.
pub const LEVELS: usize = 64;

/// How often hues and brightnesses occur.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colours {
    /// Weighted by chroma, 0 to 255, since grey has no hue.
    pub hues: [u64; HUES],
    /// Pixels by luma, from black to white.
    pub levels: [u64; LEVELS],
}

impl Default for Colours {
    fn default() -> Self {
        Self { hues: [0; HUES], levels: [0; LEVELS] }
    }
}

impl Colours {
    /// Counts an image's pixels, RGB interleaved.
    pub(crate) fn add(&mut self, pixels: &[u8]) {
        for pixel in pixels.as_chunks().0 {
            let (hue, chroma) = hue_and_chroma(*pixel);
            self.hues[(hue * HUES as f32 / 6.0) as usize % HUES] += u64::from(chroma);
            let [red, green, blue] = pixel.map(u32::from);
            let luma = (red * 299 + green * 587 + blue * 114) / 1000;
            self.levels[luma as usize * LEVELS / 256] += 1;
        }
    }

    /// The full colour of a bar of the histogram of hues.
    pub fn of_hue(bar: usize) -> [u8; 3] {
        of_hue(bar as f32 * 6.0 / HUES as f32)
    }

    /// The grey of a bar of the histogram of brightness, light enough to be seen on black.
    pub fn of_level(bar: usize) -> [u8; 3] {
        [(bar * 255 / (LEVELS - 1)).max(48) as u8; 3]
    }
}

/// The hue from 0 (red) over 2 (green) and 4 (blue) to below 6, and the chroma.
fn hue_and_chroma(pixel: [u8; 3]) -> (f32, u8) {
    let [red, green, blue] = pixel.map(f32::from);
    let (max, min) = (pixel.into_iter().max().unwrap_or(0), pixel.into_iter().min().unwrap_or(0));
    let chroma = f32::from(max - min);
    let hue = match max - min {
        0 => 0.0,
        _ if max == pixel[0] => (green - blue) / chroma,
        _ if max == pixel[1] => (blue - red) / chroma + 2.0,
        _ => (red - green) / chroma + 4.0,
    };
    (hue.rem_euclid(6.0), max - min)
}

/// The full colour of a hue.
fn of_hue(hue: f32) -> [u8; 3] {
    let channel = |shift: f32| {
        let distance = ((hue + shift).rem_euclid(6.0) - 3.0).abs();
        ((distance - 1.0).clamp(0.0, 1.0) * 255.0) as u8
    };
    [channel(0.0), channel(4.0), channel(2.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues_are_known_and_drawn_in_their_colours() {
        let check = |pixel: [u8; 3], hue: f32| {
            assert_eq!(hue_and_chroma(pixel), (hue, 255), "{pixel:?}");
            assert_eq!(of_hue(hue), pixel);
        };
        check([255, 0, 0], 0.0);
        check([255, 255, 0], 1.0);
        check([0, 255, 0], 2.0);
        check([0, 255, 255], 3.0);
        check([0, 0, 255], 4.0);
        check([255, 0, 255], 5.0);
        assert_eq!(hue_and_chroma([7; 3]).1, 0);
    }

    #[test]
    fn grey_counts_for_no_hue() {
        let mut colours = Colours::default();
        colours.add(&[[0, 0, 255], [255, 255, 255], [255, 255, 255]].concat());
        assert_eq!((colours.hues[48], colours.hues[0]), (255, 0));
        assert_eq!((colours.levels[7], colours.levels[63]), (1, 2));
    }
}
