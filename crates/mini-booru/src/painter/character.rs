//! Who is in the picture: every choice about one figure, drawn once so that its parts agree.

use super::colour::Colour;
use crate::random::Random;

/// Lengths are in face units: the face is 2 wide at the cheeks, its chin lies at y = 1.2, its eyes near y = 0.2.
pub(super) struct Character {
    pub(super) skin: Colour,
    pub(super) hair: Hair,
    pub(super) eyes: Eyes,
    pub(super) expression: Expression,
    pub(super) outfit: Outfit,
    pub(super) ornament: Ornament,
    pub(super) glasses: Option<Colour>,
    /// How far the face looks to a side: the shift of its features.
    pub(super) turn: f32,
    /// Width of the outlines.
    pub(super) line: f32,
    /// Length of the chin beyond the common one.
    pub(super) chin: f32,
}

pub(super) struct Hair {
    pub(super) colour: Colour,
    pub(super) tips: Colour,
    pub(super) fringe: Fringe,
    pub(super) back: Back,
    /// How far down the locks beside the face reach.
    pub(super) sides: f32,
    /// How high the crown stands above the skull.
    pub(super) volume: f32,
    pub(super) cowlick: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fringe {
    Blunt,
    Spiky,
    Parted,
    Swept,
    Centre,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Back {
    Short,
    Bob,
    Long,
    Wavy,
    TwinTails,
    Ponytail,
    Buns,
    Braids,
}

pub(super) struct Eyes {
    pub(super) left: Colour,
    pub(super) right: Colour,
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) apart: f32,
    pub(super) level: f32,
    /// Positive: the outer corners hang; negative: they rise.
    pub(super) droop: f32,
    /// Where the irises look, in shares of the eye's width.
    pub(super) gaze: f32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expression {
    pub(super) lids: Lids,
    pub(super) mouth: Mouth,
    /// Positive: inner ends of the brows raised (sad); negative: lowered (angry).
    pub(super) worry: f32,
    pub(super) blush: f32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Lids {
    Open,
    Wink,
    Smiling,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mouth {
    Smile,
    Open,
    Small,
    Cat,
    Flat,
    Pout,
    Round,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cut {
    Sailor,
    Shirt,
    Hood,
    Dress,
    Kimono,
}

pub(super) struct Outfit {
    pub(super) cut: Cut,
    pub(super) main: Colour,
    pub(super) trim: Colour,
}

#[derive(Clone, Copy)]
pub(super) enum Ornament {
    None,
    Ribbon(Colour),
    Clip(Colour),
    CatEars,
    Flower(Colour),
    Band(Colour),
    Halo,
    Beret(Colour),
    Headphones(Colour),
}

impl Character {
    /// A figure drawn by chance.
    pub(super) fn drawn(random: &mut Random) -> Self {
        let hair = Hair::drawn(random);
        Self {
            skin: skin(random),
            eyes: Eyes::drawn(random),
            expression: Expression::drawn(random),
            outfit: Outfit::drawn(random),
            ornament: Ornament::drawn(random),
            glasses: random.chance(0.04).then(|| Colour::hsl(random.between(0.0, 360.0), 0.4, 0.25)),
            turn: random.between(-0.13, 0.13),
            line: random.between(0.022, 0.04),
            chin: random.between(-0.05, 0.06),
            hair,
        }
    }
}

fn skin(random: &mut Random) -> Colour {
    let tones = [0xff_ec_df, 0xfd_e3_d3, 0xfe_e8_da, 0xf9_d9_c3, 0xff_f1_e8, 0xec_bf_a0];
    Colour::rgb(random.pick(&tones)).jittered(random, 0.012)
}

impl Hair {
    fn drawn(random: &mut Random) -> Self {
        let colour = hair_colour(random);
        let tips = match random.whole(0, 5) {
            0 => hair_colour(random),
            1 => colour.lighter(0.3),
            _ => colour.darker(random.between(0.1, 0.3)),
        };
        let back = random.pick(&[
            Back::Short,
            Back::Bob,
            Back::Bob,
            Back::Long,
            Back::Long,
            Back::Long,
            Back::Wavy,
            Back::TwinTails,
            Back::TwinTails,
            Back::Ponytail,
            Back::Buns,
            Back::Braids,
        ]);
        Self {
            colour,
            tips,
            fringe: random.pick(&[Fringe::Blunt, Fringe::Spiky, Fringe::Parted, Fringe::Swept, Fringe::Centre]),
            back,
            sides: if back == Back::Short { random.between(0.45, 0.8) } else { random.between(0.8, 1.7) },
            volume: random.between(0.18, 0.36),
            cowlick: random.chance(0.3),
        }
    }
}

fn hair_colour(random: &mut Random) -> Colour {
    let natural = [0x2b_25_2f, 0x3a_2a_28, 0x5d_3a_2a, 0x8a_5a_3a, 0xb9_83_4e, 0xf0_d0_7c, 0xe8_b8_57, 0x1f_22_38];
    let pale = [0xe9_e4_ee, 0xcf_d8_e6, 0xf4_e6_d0];
    match random.whole(0, 9) {
        0..=3 => Colour::rgb(random.pick(&natural)).jittered(random, 0.04),
        4 => Colour::rgb(random.pick(&pale)).jittered(random, 0.02),
        _ => Colour::hsl(random.between(0.0, 360.0), random.between(0.4, 0.75), random.between(0.38, 0.72)),
    }
}

impl Eyes {
    fn drawn(random: &mut Random) -> Self {
        let left = Colour::hsl(random.between(0.0, 360.0), random.between(0.5, 0.85), random.between(0.34, 0.52));
        let odd = random.chance(0.04);
        let right = if odd { Colour::hsl(random.between(0.0, 360.0), 0.7, 0.45) } else { left };
        Self {
            left,
            right,
            width: random.between(0.25, 0.30),
            height: random.between(0.26, 0.35),
            apart: random.between(0.44, 0.50),
            level: random.between(0.14, 0.24),
            droop: random.between(-0.05, 0.04),
            gaze: random.between(-0.1, 0.1),
        }
    }
}

impl Expression {
    fn drawn(random: &mut Random) -> Self {
        let lids = match random.whole(0, 29) {
            0 => Lids::Wink,
            1 => Lids::Smiling,
            _ => Lids::Open,
        };
        let mouths = [
            Mouth::Smile,
            Mouth::Smile,
            Mouth::Open,
            Mouth::Open,
            Mouth::Small,
            Mouth::Cat,
            Mouth::Flat,
            Mouth::Pout,
            Mouth::Round,
        ];
        Self {
            lids,
            mouth: random.pick(&mouths),
            worry: random.between(-0.08, 0.1),
            blush: if random.chance(0.6) { random.between(0.25, 0.6) } else { 0.0 },
        }
    }
}

impl Outfit {
    fn drawn(random: &mut Random) -> Self {
        let hue = random.between(0.0, 360.0);
        let main = match random.whole(0, 3) {
            0 => Colour::rgb(0xf6_f5_f8),
            1 => Colour::rgb(0x33_37_55).jittered(random, 0.05),
            _ => Colour::hsl(hue, random.between(0.25, 0.6), random.between(0.4, 0.8)),
        };
        let trim = Colour::hsl(hue + random.between(120.0, 240.0), 0.6, random.between(0.35, 0.6));
        Self { cut: random.pick(&[Cut::Sailor, Cut::Shirt, Cut::Hood, Cut::Dress, Cut::Kimono]), main, trim }
    }
}

impl Ornament {
    fn drawn(random: &mut Random) -> Self {
        let colour = Colour::hsl(random.between(0.0, 360.0), 0.7, random.between(0.45, 0.62));
        match random.whole(0, 15) {
            0 | 1 => Self::Ribbon(colour),
            2 | 3 => Self::Clip(colour),
            4 => Self::CatEars,
            5 => Self::Flower(colour),
            6 => Self::Band(colour),
            7 => Self::Halo,
            8 => Self::Beret(colour),
            9 => Self::Headphones(colour),
            _ => Self::None,
        }
    }
}

impl Character {
    /// What a booru would tag about this figure.
    pub(super) fn tags(&self) -> Vec<&'static str> {
        let mut tags = vec![self.hair.colour.name_of_hair()];
        tags.extend(match self.hair.back {
            Back::Short | Back::Bob => Some("short_hair"),
            Back::Long | Back::Wavy => Some("long_hair"),
            Back::TwinTails => Some("twintails"),
            Back::Ponytail => Some("ponytail"),
            Back::Buns => Some("bun"),
            Back::Braids => Some("braids"),
        });
        tags.extend(match self.outfit.cut {
            Cut::Sailor => Some("seifuku"),
            Cut::Shirt => Some("tie"),
            Cut::Hood => Some("hoodie"),
            Cut::Dress => Some("dress"),
            Cut::Kimono => Some("kimono"),
        });
        tags.extend(match self.ornament {
            Ornament::None => None,
            Ornament::Ribbon(_) => Some("bow"),
            Ornament::Clip(_) => Some("hairclip"),
            Ornament::CatEars => Some("nekomimi"),
            Ornament::Flower(_) => Some("hair_flower"),
            Ornament::Band(_) => Some("headband"),
            Ornament::Halo => Some("halo"),
            Ornament::Beret(_) => Some("hat"),
            Ornament::Headphones(_) => Some("headphones"),
        });
        tags.extend(self.glasses.map(|_| "glasses"));
        tags.extend((self.expression.lids == Lids::Wink).then_some("wink"));
        tags.extend((self.expression.blush > 0.0).then_some("blush"));
        tags
    }
}
