//! Histograms of hue and brightness, drawn as a small picture.

use dataset::{Colours, HUES, LEVELS};
use pictures::Rgb;

/// Pixels of a bar, and of the tallest.
const BAR: u32 = 4;
const HEIGHT: u32 = 100;
const MARGIN: u32 = 8;
const BACKGROUND: [u8; 3] = [24; 3];

/// Hues in their own colours above, brightness from black to white below; each scaled to its tallest bar.
pub(crate) fn draw(colours: &Colours) -> Rgb {
    let width = HUES.max(LEVELS) as u32 * BAR + 2 * MARGIN;
    let mut picture = Rgb::filled(width, 2 * HEIGHT + 3 * MARGIN, BACKGROUND);
    bars(&mut picture, &colours.hues, MARGIN + HEIGHT, Colours::of_hue);
    bars(&mut picture, &colours.levels, 2 * (MARGIN + HEIGHT), Colours::of_level);
    picture
}

fn bars(picture: &mut Rgb, counts: &[u64], base: u32, colour: impl Fn(usize) -> [u8; 3]) {
    let tallest = counts.iter().copied().max().unwrap_or(0).max(1);
    for (bar, count) in counts.iter().enumerate() {
        let height = (u128::from(*count) * u128::from(HEIGHT) / u128::from(tallest)) as u32;
        picture.fill((MARGIN + bar as u32 * BAR, base - height), (BAR - 1, height), colour(bar));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tallest_bar_is_full() {
        let mut colours = Colours::default();
        (colours.hues[48], colours.levels[7], colours.levels[63]) = (255, 1, 2);
        let picture = draw(&colours);
        assert_eq!(picture.pixel(MARGIN + 48 * BAR, MARGIN), [0, 0, 255]);
        assert_eq!(picture.pixel(MARGIN + 63 * BAR, 2 * MARGIN + HEIGHT), [255; 3]);
        assert_eq!(picture.pixel(MARGIN + 7 * BAR, 2 * MARGIN + HEIGHT), BACKGROUND, "half as tall");
    }
}
