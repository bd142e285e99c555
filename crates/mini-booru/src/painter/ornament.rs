//! What a figure wears on its head, and its glasses.

use super::{
    canvas::{Canvas, Shape},
    character::{Character, Hair, Ornament},
    colour::Colour,
    outfit::bow,
};

/// What lies behind the fringe: ears, bands' ends, hats' backs.
pub(super) fn draw_behind(canvas: &mut Canvas, character: &Character) {
    if let Ornament::CatEars = character.ornament {
        cat_ears(canvas, &character.hair, character.line);
    }
}

/// What lies on the hair.
pub(super) fn draw_on_top(canvas: &mut Canvas, character: &Character) {
    let width = character.line;
    let top = -1.28 - character.hair.volume;
    match character.ornament {
        Ornament::None | Ornament::CatEars => {}
        Ornament::Ribbon(colour) => bow(canvas, (0.75, top + 0.25), 0.45, colour, width),
        Ornament::Clip(colour) => {
            for step in [0.0, 0.17] {
                canvas.line(&Shape::curve(&[(-0.9, -0.62 + step), (-0.66, -0.5 + step)]), colour.darker(0.4), 0.11);
                canvas.line(&Shape::curve(&[(-0.9, -0.62 + step), (-0.66, -0.5 + step)]), colour, 0.075);
            }
        }
        Ornament::Flower(colour) => flower(canvas, (-0.85, -0.85), 0.24, colour, width),
        Ornament::Band(colour) => {
            let band = [(-1.1, -0.55), (-0.7, top + 0.32), (0.0, top + 0.16), (0.7, top + 0.32), (1.1, -0.55)];
            canvas.line(&Shape::curve(&band), colour.darker(0.5), 0.17);
            canvas.line(&Shape::curve(&band), colour, 0.13);
        }
        Ornament::Halo => {
            canvas.line(&Shape::oval(0.0, top - 0.32, 0.62, 0.15), Colour::rgb(0xc8_92_20), 0.1);
            canvas.line(&Shape::oval(0.0, top - 0.32, 0.62, 0.15), Colour::rgb(0xff_e8_7a), 0.065);
        }
        Ornament::Beret(colour) => beret(canvas, top, colour, width),
        Ornament::Headphones(colour) => headphones(canvas, top, colour, width),
    }
    if let Some(colour) = character.glasses {
        glasses(canvas, character, colour);
    }
}

fn cat_ears(canvas: &mut Canvas, hair: &Hair, width: f32) {
    let line = hair.colour.darker(0.65);
    for side in [-1.0, 1.0] {
        let outer = Shape::blob(&[(side * 0.25, -1.25), (side * 0.8, -2.0), (side * 0.95, -2.02), (side * 1.12, -0.8)]);
        canvas.inked(&outer, hair.colour, line, width);
        let inner = Shape::blob(&[(side * 0.45, -1.3), (side * 0.82, -1.82), (side * 0.98, -1.1)]);
        canvas.fill(&inner, Colour::rgb(0xf6_b8_b8));
    }
}

/// A five-petalled blossom.
pub(super) fn flower(canvas: &mut Canvas, (x, y): (f32, f32), size: f32, colour: Colour, width: f32) {
    for petal in 0..5 {
        let angle = petal as f32 * std::f32::consts::TAU / 5.0 - 0.3;
        let middle = (x + angle.cos() * size * 0.6, y + angle.sin() * size * 0.6);
        canvas.inked(
            &Shape::oval(middle.0, middle.1, size * 0.48, size * 0.48),
            colour.lighter(0.25),
            colour.darker(0.4),
            width,
        );
    }
    canvas.fill(&Shape::oval(x, y, size * 0.34, size * 0.34), Colour::rgb(0xff_e0_70));
}

fn beret(canvas: &mut Canvas, top: f32, colour: Colour, width: f32) {
    let cap = Shape::blob(&[
        (-1.05, -0.88),
        (-1.25, top + 0.1),
        (-0.4, top - 0.3),
        (0.7, top - 0.18),
        (1.2, top + 0.3),
        (1.0, -0.82),
        (0.0, -1.12),
    ]);
    canvas.inked(&cap, colour, colour.darker(0.6), width);
    canvas.line(&Shape::curve(&[(-1.0, -0.95), (0.0, -1.2), (0.98, -0.9)]), colour.darker(0.35), width * 1.5);
}

fn headphones(canvas: &mut Canvas, top: f32, colour: Colour, width: f32) {
    let band = [(-1.2, 0.0), (-1.15, -0.8), (0.0, top - 0.06), (1.15, -0.8), (1.2, 0.0)];
    canvas.line(&Shape::curve(&band), colour.darker(0.6), 0.15);
    canvas.line(&Shape::curve(&band), colour.darker(0.15), 0.1);
    for side in [-1.0, 1.0] {
        canvas.inked(&Shape::oval(side * 1.2, 0.15, 0.2, 0.34), colour, colour.darker(0.6), width);
    }
}

fn glasses(canvas: &mut Canvas, character: &Character, colour: Colour) {
    let eyes = &character.eyes;
    for side in [-1.0, 1.0] {
        let x = side * eyes.apart + character.turn;
        let rim = Shape::oval(x, eyes.level + 0.02, 0.37, eyes.height + 0.08);
        canvas.fill(&rim, Colour::WHITE.faded(0.12));
        canvas.line(&rim, colour, 0.04);
        canvas.line(&Shape::curve(&[(x + side * 0.37, eyes.level), (side * 1.0, eyes.level - 0.08)]), colour, 0.04);
    }
    let reach = eyes.apart - 0.37;
    canvas.line(
        &Shape::curve(&[(character.turn - reach, eyes.level), (character.turn + reach, eyes.level)]),
        colour,
        0.04,
    );
}
