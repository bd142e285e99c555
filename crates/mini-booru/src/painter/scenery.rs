//! Backgrounds: skies, towns, meadows and plain patterns.

use super::{
    canvas::{Canvas, Ink, Shape},
    colour::Colour,
    ornament::flower,
};
use crate::random::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenery {
    Plain,
    Rays,
    Dots,
    Stripes,
    Day,
    Night,
    Sunset,
    Town,
    Meadow,
    Lights,
    Room,
}

impl Scenery {
    pub(super) fn drawn(random: &mut Random) -> Self {
        random.pick(&[
            Self::Plain,
            Self::Rays,
            Self::Dots,
            Self::Stripes,
            Self::Day,
            Self::Night,
            Self::Sunset,
            Self::Town,
            Self::Meadow,
            Self::Lights,
            Self::Room,
        ])
    }

    /// One of those that make a picture without any figure in it.
    pub(super) fn drawn_alone(random: &mut Random) -> Self {
        random.pick(&[Self::Day, Self::Night, Self::Sunset, Self::Town, Self::Meadow])
    }

    /// The tag a booru would give it.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Plain => "gradient",
            Self::Rays => "sunburst",
            Self::Dots => "polka_dot",
            Self::Stripes => "stripes",
            Self::Day => "clouds",
            Self::Night => "night",
            Self::Sunset => "sunset",
            Self::Town => "city",
            Self::Meadow => "flowers",
            Self::Lights => "bokeh",
            Self::Room => "window",
        }
    }

    pub(super) fn draw(self, canvas: &mut Canvas, random: &mut Random) {
        match self {
            Self::Plain => plain(canvas, random),
            Self::Rays => rays(canvas, random),
            Self::Dots => dots(canvas, random),
            Self::Stripes => stripes(canvas, random),
            Self::Day => day(canvas, random),
            Self::Night => night(canvas, random),
            Self::Sunset => sunset(canvas, random),
            Self::Town => town(canvas, random),
            Self::Meadow => meadow(canvas, random),
            Self::Lights => lights(canvas, random),
            Self::Room => room(canvas, random),
        }
    }
}

fn cover(canvas: &mut Canvas, top: Colour, bottom: Colour) {
    let (width, height) = (canvas.width(), canvas.height());
    canvas.fill(&Shape::rectangle(0.0, 0.0, width, height), Ink::falling((0.0, top), (height, bottom)));
}

fn pastel(random: &mut Random) -> Colour {
    Colour::hsl(random.between(0.0, 360.0), random.between(0.3, 0.75), random.between(0.62, 0.9))
}

fn plain(canvas: &mut Canvas, random: &mut Random) {
    let (start, end) = (pastel(random), pastel(random));
    let (width, height) = (canvas.width(), canvas.height());
    let ink = Ink::Blend { from: (0.0, 0.0), to: (width, height), start, end };
    canvas.fill(&Shape::rectangle(0.0, 0.0, width, height), ink);
}

fn rays(canvas: &mut Canvas, random: &mut Random) {
    let base = pastel(random);
    cover(canvas, base, base.darker(0.1));
    let (x, y) = (canvas.width() * random.between(0.3, 0.7), canvas.height() * random.between(0.3, 0.8));
    let far = canvas.width() + canvas.height();
    let count = random.whole(9, 16);
    for ray in 0..count {
        let angle = std::f32::consts::TAU * ray as f32 / count as f32;
        let half = std::f32::consts::TAU / count as f32 / 4.0;
        let point = |angle: f32| (x + far * angle.cos(), y + far * angle.sin());
        canvas.fill(&Shape::polygon(&[(x, y), point(angle - half), point(angle + half)]), base.lighter(0.45));
    }
}

fn dots(canvas: &mut Canvas, random: &mut Random) {
    let base = pastel(random);
    cover(canvas, base, base);
    let dot = if random.chance(0.5) { base.lighter(0.6) } else { pastel(random) };
    let step = canvas.width().max(canvas.height()) / random.between(10.0, 20.0);
    let mut row = 0;
    while row as f32 * step * 0.87 < canvas.height() + step {
        let mut x = if row % 2 == 0 { 0.0 } else { step / 2.0 };
        while x < canvas.width() + step {
            canvas.fill(&Shape::oval(x, row as f32 * step * 0.87, step * 0.2, step * 0.2), dot);
            x += step;
        }
        row += 1;
    }
}

fn stripes(canvas: &mut Canvas, random: &mut Random) {
    let base = pastel(random);
    cover(canvas, base, base);
    let other = base.lighter(0.4);
    let lean = random.between(-0.6, 0.6) * canvas.height();
    let step = canvas.width() / random.between(6.0, 14.0);
    let mut x = -canvas.height();
    while x < canvas.width() + canvas.height() {
        let height = canvas.height();
        let stripe = [(x, 0.0), (x + step / 2.0, 0.0), (x + step / 2.0 + lean, height), (x + lean, height)];
        canvas.fill(&Shape::polygon(&stripe), other);
        x += step;
    }
}

fn day(canvas: &mut Canvas, random: &mut Random) {
    cover(canvas, Colour::rgb(0x4c_9b_e8).jittered(random, 0.06), Colour::rgb(0xd6_f0_fb));
    for _ in 0..random.whole(3, 7) {
        let (x, y) = (canvas.width() * random.unit(), canvas.height() * random.between(0.05, 0.6));
        let size = canvas.width() * random.between(0.05, 0.13);
        cloud(canvas, (x, y), size, random);
    }
    hills(canvas, random, Colour::rgb(0x6c_b8_6a), 0.8);
}

fn cloud(canvas: &mut Canvas, (x, y): (f32, f32), size: f32, random: &mut Random) {
    for puff in 0..6 {
        let offset = (puff as f32 - 2.5) * 0.55;
        let radius = size * (0.62 - 0.12 * offset.abs()) * random.between(0.85, 1.15);
        canvas.fill(&Shape::oval(x + offset * size, y - radius * 0.4, radius, radius * 0.8), Colour::WHITE.faded(0.92));
    }
    canvas.fill(&Shape::oval(x, y + size * 0.1, size * 1.9, size * 0.25), Colour::WHITE.faded(0.9));
}

fn hills(canvas: &mut Canvas, random: &mut Random, colour: Colour, level: f32) {
    let (width, height) = (canvas.width(), canvas.height());
    for layer in 0..3 {
        let base = height * (level + 0.06 * layer as f32);
        let mut points = vec![(-width * 0.1, height * 1.2)];
        for step in 0..=6 {
            let x = width * (step as f32 * 0.2 - 0.1);
            points.push((x, base + height * random.between(-0.06, 0.04)));
        }
        points.push((width * 1.1, height * 1.2));
        canvas.fill(&Shape::blob(&points), colour.darker(0.12 * layer as f32));
    }
}

fn night(canvas: &mut Canvas, random: &mut Random) {
    cover(canvas, Colour::rgb(0x14_18_3c).jittered(random, 0.03), Colour::rgb(0x4a_3f_86));
    let unit = canvas.width().max(canvas.height()) / 500.0;
    for _ in 0..random.whole(60, 140) {
        let (x, y) = (canvas.width() * random.unit(), canvas.height() * random.unit());
        let size = unit * random.between(0.5, 1.8);
        canvas.fill(&Shape::oval(x, y, size, size), Colour::rgb(0xff_f8_d8).faded(random.between(0.4, 1.0)));
    }
    let (x, y, size) = (canvas.width() * random.between(0.1, 0.9), canvas.height() * 0.15, unit * 32.0);
    let moon = Colour::rgb(0xff_f3_c4);
    let glow = Ink::Glow { middle: (x, y), radius: size * 2.4, start: moon.faded(0.5), end: moon.faded(0.0) };
    canvas.fill(&Shape::oval(x, y, size * 2.4, size * 2.4), glow);
    canvas.fill(&Shape::oval(x, y, size, size), moon);
    hills(canvas, random, Colour::rgb(0x1d_22_44), 0.84);
}

fn sunset(canvas: &mut Canvas, random: &mut Random) {
    cover(canvas, Colour::rgb(0x6b_4a_9e).jittered(random, 0.05), Colour::rgb(0xff_b0_6e));
    let (width, height) = (canvas.width(), canvas.height());
    let (x, radius) = (width * random.between(0.2, 0.8), width.min(height) * 0.12);
    canvas.fill(&Shape::oval(x, height * 0.66, radius, radius), Colour::rgb(0xff_e9_b0));
    let sea = Ink::falling((height * 0.7, Colour::rgb(0xe0_7a_5f)), (height, Colour::rgb(0x2f_3a_6e)));
    canvas.fill(&Shape::rectangle(0.0, height * 0.7, width, height * 0.3), sea);
    for _ in 0..24 {
        let y = height * random.between(0.71, 0.98);
        let (middle, half) = (x + width * random.between(-0.2, 0.2), width * random.between(0.02, 0.09));
        let glint = Shape::curve(&[(middle - half, y), (middle + half, y)]);
        canvas.line(&glint, Colour::rgb(0xff_e0_a8).faded(0.5), height * 0.004);
    }
}

fn town(canvas: &mut Canvas, random: &mut Random) {
    let dusk = random.chance(0.5);
    let (top, bottom, wall, window) = if dusk {
        (0x25_2a_58, 0xd9_7f_8d, 0x34_33_5e, 0xff_df_8a)
    } else {
        (0x86_c6_f0, 0xf2_f7_f5, 0xa9_b4_c8, 0xe9_f3_fb)
    };
    cover(canvas, Colour::rgb(top), Colour::rgb(bottom));
    let (width, height) = (canvas.width(), canvas.height());
    let mut x = -width * 0.02;
    while x < width {
        let across = width * random.between(0.06, 0.13);
        let roof = height * random.between(0.3, 0.7);
        canvas.fill(&Shape::rectangle(x, roof, across, height - roof), Colour::rgb(wall).jittered(random, 0.05));
        windows(canvas, (x, roof, across), Colour::rgb(window), random);
        x += across * random.between(0.9, 1.2);
    }
}

fn windows(canvas: &mut Canvas, (x, roof, across): (f32, f32, f32), colour: Colour, random: &mut Random) {
    let step = across / 4.0;
    let mut y = roof + step;
    while y < canvas.height() {
        for column in 0..3 {
            if random.chance(0.6) {
                let left = x + step * (0.7 + column as f32);
                canvas.fill(&Shape::rectangle(left, y, step * 0.55, step * 0.7), colour.faded(0.85));
            }
        }
        y += step * 1.4;
    }
}

fn meadow(canvas: &mut Canvas, random: &mut Random) {
    cover(canvas, Colour::rgb(0x9a_d8_f4), Colour::rgb(0xf6_fb_e6));
    hills(canvas, random, Colour::rgb(0x86_c9_6c), 0.55);
    let unit = canvas.width().max(canvas.height()) / 60.0;
    for _ in 0..random.whole(30, 60) {
        let y = canvas.height() * random.between(0.66, 1.0);
        let x = canvas.width() * random.unit();
        let colour = random.pick(&[0xf2_6d_85, 0xf7_c6_3c, 0xa6_7c_e0, 0xf5_f0_f0]);
        flower(canvas, (x, y), unit * random.between(0.5, 1.1), Colour::rgb(colour), unit * 0.05);
    }
}

fn lights(canvas: &mut Canvas, random: &mut Random) {
    let base = Colour::hsl(random.between(0.0, 360.0), 0.4, random.between(0.2, 0.5));
    cover(canvas, base, base.darker(0.3));
    let unit = canvas.width().max(canvas.height()) / 20.0;
    for _ in 0..random.whole(18, 36) {
        let (x, y) = (canvas.width() * random.unit(), canvas.height() * random.unit());
        let size = unit * random.between(0.4, 1.5);
        let light = pastel(random).faded(random.between(0.15, 0.45));
        canvas.fill(&Shape::oval(x, y, size, size), light);
        canvas.line(&Shape::oval(x, y, size, size), light.lighter(0.4), unit * 0.04);
    }
}

fn room(canvas: &mut Canvas, random: &mut Random) {
    let wall = pastel(random).mixed(Colour::rgb(0xf3_e6_d4), 0.6);
    cover(canvas, wall, wall.darker(0.12));
    let (width, height) = (canvas.width(), canvas.height());
    let (left, top) = (width * random.between(0.05, 0.45), height * random.between(0.05, 0.2));
    let (across, down) = (width * random.between(0.35, 0.5), height * random.between(0.4, 0.55));
    let sky = Ink::falling((top, Colour::rgb(0x8c_cc_f5)), (top + down, Colour::rgb(0xe8_f6_fb)));
    let frame = Shape::rectangle(left, top, across, down);
    canvas.fill(&frame, sky);
    let wood = Colour::rgb(0xfb_f8_f2);
    canvas.line(&frame, wood, width * 0.018);
    for share in [1.0 / 3.0, 2.0 / 3.0] {
        let bar = [(left + across * share, top), (left + across * share, top + down)];
        canvas.line(&Shape::curve(&bar), wood, width * 0.01);
    }
    canvas.line(&Shape::curve(&[(left, top + down / 2.0), (left + across, top + down / 2.0)]), wood, width * 0.01);
    let floor = Colour::rgb(0xb5_82_58);
    canvas.fill(
        &Shape::rectangle(0.0, height * 0.82, width, height * 0.18),
        Ink::falling((height * 0.82, floor), (height, floor.darker(0.3))),
    );
}
