//! The head without its hair: ears, face, cheeks, nose, mouth and brows.

use super::{
    canvas::{Canvas, Ink, Shape},
    character::{Character, Lids, Mouth},
    colour::Colour,
    eyes,
};

/// Everything of the face that lies under the fringe.
pub(super) fn draw(canvas: &mut Canvas, character: &Character) {
    let line = character.skin.darker(0.55);
    ears(canvas, character, line);
    let outline = outline(character);
    let tone = Ink::falling((-0.2, character.skin), (1.3, character.skin.mixed(Colour::rgb(0xf3_a8_98), 0.12)));
    canvas.inked(&outline, tone, line, character.line);
    canvas.clipped(&outline, |canvas| {
        shadow_of_fringe(canvas, character);
        cheeks(canvas, character);
    });
    nose(canvas, character, line);
    mouth(canvas, character);
    eyes::draw(canvas, character);
}

/// The face from the temples to the chin, its forehead hidden by the hair later.
pub(super) fn outline(character: &Character) -> Shape {
    let chin = (character.turn * 0.9, 1.2 + character.chin);
    Shape::drawn(|path| {
        path.move_to(-0.96, -0.4);
        path.cubic_to(-1.0, 0.2, -0.97, 0.52, -0.74, 0.76);
        path.cubic_to(-0.5, 1.0, chin.0 - 0.22, chin.1 - 0.02, chin.0, chin.1);
        path.cubic_to(chin.0 + 0.22, chin.1 - 0.02, 0.5, 1.0, 0.74, 0.76);
        path.cubic_to(0.97, 0.52, 1.0, 0.2, 0.96, -0.4);
        path.cubic_to(0.9, -1.4, -0.9, -1.4, -0.96, -0.4);
        path.close();
    })
}

fn ears(canvas: &mut Canvas, character: &Character, line: Colour) {
    for side in [-1.0, 1.0] {
        let ear = Shape::blob(&[
            (side * 0.9, 0.05),
            (side * 1.1, -0.02),
            (side * 1.12, 0.25),
            (side * 0.98, 0.5),
            (side * 0.86, 0.45),
        ]);
        canvas.inked(&ear, character.skin.mixed(Colour::rgb(0xf0_a0_90), 0.15), line, character.line);
    }
}

fn shadow_of_fringe(canvas: &mut Canvas, character: &Character) {
    let shade = character.skin.mixed(Colour::rgb(0xc8_78_80), 0.45);
    let shadow =
        Shape::blob(&[(-1.1, -1.3), (1.1, -1.3), (1.05, 0.1), (0.55, -0.2), (0.0, -0.12), (-0.55, -0.2), (-1.05, 0.1)]);
    canvas.fill(&shadow, shade.faded(0.55));
}

fn cheeks(canvas: &mut Canvas, character: &Character) {
    if character.expression.blush <= 0.0 {
        return;
    }
    let rose = Colour::rgb(0xf8_7c_84);
    for side in [-1.0, 1.0] {
        let middle = (side * 0.58 + character.turn, 0.66);
        let glow =
            Ink::Glow { middle, radius: 0.26, start: rose.faded(character.expression.blush), end: rose.faded(0.0) };
        canvas.fill(&Shape::oval(middle.0, middle.1, 0.26, 0.16), glow);
    }
}

fn nose(canvas: &mut Canvas, character: &Character, line: Colour) {
    let x = character.turn * 1.3;
    canvas.line(&Shape::curve(&[(x + 0.01, 0.56), (x + 0.035, 0.63), (x, 0.655)]), line, character.line * 0.9);
}

fn mouth(canvas: &mut Canvas, character: &Character) {
    let x = character.turn * 1.15;
    let y = 0.88 + character.chin * 0.5;
    let dark = Colour::rgb(0x6e_2b_35);
    let width = character.line * 1.1;
    let stroke = |canvas: &mut Canvas, points: &[(f32, f32)]| {
        let points: Vec<_> = points.iter().map(|&(dx, dy)| (x + dx, y + dy)).collect();
        canvas.line(&Shape::curve(&points), dark, width);
    };
    match character.expression.mouth {
        Mouth::Smile => stroke(canvas, &[(-0.2, -0.04), (-0.1, 0.02), (0.0, 0.035), (0.1, 0.02), (0.2, -0.04)]),
        Mouth::Small => stroke(canvas, &[(-0.08, 0.0), (0.0, 0.025), (0.08, 0.0)]),
        Mouth::Flat => stroke(canvas, &[(-0.13, 0.0), (0.13, 0.0)]),
        Mouth::Pout => stroke(canvas, &[(-0.14, 0.035), (0.0, -0.02), (0.14, 0.035)]),
        Mouth::Cat => stroke(canvas, &[(-0.2, -0.03), (-0.1, 0.035), (0.0, -0.02), (0.1, 0.035), (0.2, -0.03)]),
        Mouth::Open => open_mouth(canvas, (x, y), dark, width),
        Mouth::Round => {
            canvas.inked(&Shape::oval(x, y, 0.07, 0.085), Colour::rgb(0xb8_4a_52), dark, width);
        }
    }
}

fn open_mouth(canvas: &mut Canvas, (x, y): (f32, f32), dark: Colour, width: f32) {
    let lips = Shape::drawn(|path| {
        path.move_to(x - 0.2, y - 0.05);
        path.quad_to(x, y - 0.0, x + 0.2, y - 0.05);
        path.cubic_to(x + 0.17, y + 0.13, x + 0.08, y + 0.17, x, y + 0.17);
        path.cubic_to(x - 0.08, y + 0.17, x - 0.17, y + 0.13, x - 0.2, y - 0.05);
        path.close();
    });
    canvas.fill(&lips, Colour::rgb(0xa8_3a_48));
    canvas.clipped(&lips, |canvas| {
        canvas.fill(&Shape::oval(x, y + 0.16, 0.13, 0.08), Colour::rgb(0xee_7f_84));
        canvas.fill(&Shape::rectangle(x - 0.15, y - 0.06, 0.3, 0.06), Colour::WHITE.faded(0.95));
    });
    canvas.line(&lips, dark, width);
}

/// The brows, drawn above the fringe as the style has it.
pub(super) fn brows(canvas: &mut Canvas, character: &Character) {
    let colour = character.hair.colour.darker(0.5).faded(0.85);
    let (eyes, worry) = (&character.eyes, character.expression.worry);
    let lift = if character.expression.lids == Lids::Smiling { 0.05 } else { 0.0 };
    let y = eyes.level - eyes.height - 0.2 - lift;
    for side in [-1.0, 1.0] {
        let x = side * eyes.apart + character.turn;
        let inner = (x - side * 0.2, y - worry);
        let outer = (x + side * 0.24, y + worry * 0.5 + 0.03);
        canvas.line(&Shape::curve(&[inner, (x, y - 0.05), outer]), colour, character.line * 1.3);
    }
}
