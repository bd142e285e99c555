//! Colours as the painter mixes them: red, green, blue and alpha in [0, 1].

use crate::random::Random;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Colour {
    red: f32,
    green: f32,
    blue: f32,
    alpha: f32,
}

impl Colour {
    pub(super) const WHITE: Self = Self::rgb(0xff_ff_ff);
    pub(super) const INK: Self = Self::rgb(0x2a_1e_2b);

    /// From the usual six hexadecimal digits.
    pub(super) const fn rgb(code: u32) -> Self {
        Self {
            red: ((code >> 16) & 0xff) as f32 / 255.0,
            green: ((code >> 8) & 0xff) as f32 / 255.0,
            blue: (code & 0xff) as f32 / 255.0,
            alpha: 1.0,
        }
    }

    /// From channels in [0, 1].
    pub(super) const fn opaque([red, green, blue]: [f32; 3]) -> Self {
        Self { red, green, blue, alpha: 1.0 }
    }

    /// From hue in degrees, saturation and lightness in [0, 1].
    pub(super) fn hsl(hue: f32, saturation: f32, lightness: f32) -> Self {
        let reach = saturation * lightness.min(1.0 - lightness);
        let channel = |offset: f32| {
            let sector = (offset + hue / 30.0).rem_euclid(12.0);
            lightness - reach * (sector - 3.0).min(9.0 - sector).clamp(-1.0, 1.0)
        };
        Self { red: channel(0.0), green: channel(8.0), blue: channel(4.0), alpha: 1.0 }
    }

    pub(super) fn faded(self, alpha: f32) -> Self {
        Self { alpha: self.alpha * alpha, ..self }
    }

    /// `share` of `other` mixed in.
    pub(super) fn mixed(self, other: Self, share: f32) -> Self {
        let mix = |mine: f32, theirs: f32| mine + (theirs - mine) * share;
        Self {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
            alpha: mix(self.alpha, other.alpha),
        }
    }

    pub(super) fn lighter(self, share: f32) -> Self {
        self.mixed(Self::WHITE.faded(self.alpha), share)
    }

    /// Darker as cel shading does it: towards a bluish ink rather than black.
    pub(super) fn darker(self, share: f32) -> Self {
        self.mixed(Self::rgb(0x1c_14_2c).faded(self.alpha), share)
    }

    /// Another colour nearby, so that no two pictures share one exactly.
    pub(super) fn jittered(self, random: &mut Random, amount: f32) -> Self {
        let mut shift = |channel: f32| (channel + random.between(-amount, amount)).clamp(0.0, 1.0);
        Self { red: shift(self.red), green: shift(self.green), blue: shift(self.blue), alpha: self.alpha }
    }

    /// The tag for hair of this colour.
    pub(super) fn name_of_hair(self) -> &'static str {
        let named = [
            ("black_hair", 0x2b_25_2f),
            ("brown_hair", 0x7a_4e_36),
            ("blonde_hair", 0xec_c8_6c),
            ("white_hair", 0xe9_e4_ee),
            ("red_hair", 0xc8_40_40),
            ("pink_hair", 0xec_8a_b0),
            ("purple_hair", 0x92_5a_c8),
            ("blue_hair", 0x4a_78_d0),
            ("aqua_hair", 0x55_c8_c8),
            ("green_hair", 0x58_b0_5c),
        ];
        let distance = |code: u32| {
            let other = Self::rgb(code);
            (self.red - other.red).powi(2) + (self.green - other.green).powi(2) + (self.blue - other.blue).powi(2)
        };
        named
            .into_iter()
            .min_by(|(_, one), (_, other)| distance(*one).total_cmp(&distance(*other)))
            .map_or("multicolored_hair", |(name, _)| name)
    }

    pub(super) fn skia(self) -> tiny_skia::Color {
        let clamp = |channel: f32| channel.clamp(0.0, 1.0);
        tiny_skia::Color::from_rgba(clamp(self.red), clamp(self.green), clamp(self.blue), clamp(self.alpha))
            .unwrap_or(tiny_skia::Color::BLACK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hue: f32, saturation: f32, lightness: f32, expected: u32) {
        let made = Colour::hsl(hue, saturation, lightness);
        let wanted = Colour::rgb(expected);
        for (mine, theirs) in [(made.red, wanted.red), (made.green, wanted.green), (made.blue, wanted.blue)] {
            assert!((mine - theirs).abs() < 0.01, "{made:?} is not {wanted:?}");
        }
    }

    #[test]
    fn hues_are_the_usual_ones() {
        check(0.0, 1.0, 0.5, 0xff0000);
        check(120.0, 1.0, 0.5, 0x00ff00);
        check(240.0, 1.0, 0.5, 0x0000ff);
        check(60.0, 0.0, 1.0, 0xffffff);
        check(30.0, 1.0, 0.5, 0xff8000);
    }
}
