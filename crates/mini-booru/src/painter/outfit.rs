//! Neck, shoulders and clothes down to the hips.

use super::{
    canvas::{Canvas, Ink, Shape},
    character::{Character, Cut},
    colour::Colour,
};

pub(super) fn draw(canvas: &mut Canvas, character: &Character) {
    shoulders(canvas, character);
    neck(canvas, character);
    let outfit = &character.outfit;
    let line = outfit.main.darker(0.6);
    match outfit.cut {
        Cut::Sailor => sailor(canvas, character, line),
        Cut::Shirt => shirt(canvas, character, line),
        Cut::Hood => hood(canvas, character, line),
        Cut::Dress => dress(canvas, character, line),
        Cut::Kimono => kimono(canvas, character, line),
    }
}

fn shoulders(canvas: &mut Canvas, character: &Character) {
    let bare = character.outfit.cut == Cut::Dress;
    let colour = if bare { character.skin } else { character.outfit.main };
    let line = if bare { character.skin.darker(0.55) } else { colour.darker(0.6) };
    let bust = Shape::drawn(|path| {
        path.move_to(-0.35, 1.45);
        path.cubic_to(-0.8, 1.65, -1.45, 1.65, -1.62, 2.2);
        path.quad_to(-1.85, 3.2, -1.9, 6.0);
        path.line_to(1.9, 6.0);
        path.quad_to(1.85, 3.2, 1.62, 2.2);
        path.cubic_to(1.45, 1.65, 0.8, 1.65, 0.35, 1.45);
        path.close();
    });
    canvas.inked(&bust, Ink::falling((1.5, colour), (4.5, colour.darker(0.18))), line, character.line);
    for side in [-1.0, 1.0] {
        canvas.line(&Shape::curve(&[(side * 1.2, 2.6), (side * 1.18, 3.3), (side * 1.25, 6.0)]), line, character.line);
    }
}

fn neck(canvas: &mut Canvas, character: &Character) {
    let neck = Shape::drawn(|path| {
        path.move_to(-0.27, 0.9);
        path.cubic_to(-0.27, 1.35, -0.3, 1.5, -0.62, 1.64);
        path.quad_to(0.0, 2.2, 0.62, 1.64);
        path.cubic_to(0.3, 1.5, 0.27, 1.35, 0.27, 0.9);
        path.close();
    });
    canvas.inked(&neck, character.skin, character.skin.darker(0.55), character.line);
    let shade = character.skin.mixed(Colour::rgb(0xb8_60_70), 0.4);
    canvas
        .fill(&Shape::polygon(&[(-0.26, 0.9), (0.26, 0.9), (0.26, 1.32), (0.05, 1.5), (-0.26, 1.3)]), shade.faded(0.8));
}

fn sailor(canvas: &mut Canvas, character: &Character, line: Colour) {
    let trim = character.outfit.trim;
    for side in [-1.0, 1.0] {
        let collar = [(side * 0.3, 1.48), (side * 0.95, 1.66), (side * 1.02, 2.3), (0.0, 2.75), (side * 0.42, 1.85)];
        canvas.inked(&Shape::polygon(&collar), trim.darker(0.15), line, character.line);
        let stripe = [(side * 0.88, 1.72), (side * 0.92, 2.24), (side * 0.08, 2.6)];
        canvas.line(&Shape::polygon(&stripe[..]), Colour::WHITE.faded(0.0), character.line);
        canvas.line(
            &Shape::curve(&[(side * 0.9, 1.7), (side * 0.93, 2.22), (side * 0.1, 2.62)]),
            Colour::WHITE,
            character.line * 1.2,
        );
    }
    bow(canvas, (0.0, 2.7), 0.5, trim.lighter(0.2), character.line);
}

fn shirt(canvas: &mut Canvas, character: &Character, line: Colour) {
    for side in [-1.0, 1.0] {
        let collar = [(side * 0.28, 1.42), (side * 0.62, 1.58), (side * 0.52, 2.02), (0.0, 1.95)];
        canvas.inked(&Shape::polygon(&collar), Colour::WHITE, line, character.line);
    }
    let tie = [(-0.11, 1.95), (0.11, 1.95), (0.08, 2.15), (0.2, 3.2), (0.0, 3.5), (-0.2, 3.2), (-0.08, 2.15)];
    canvas.inked(&Shape::polygon(&tie), character.outfit.trim, line, character.line);
}

fn hood(canvas: &mut Canvas, character: &Character, line: Colour) {
    let main = character.outfit.main;
    for side in [-1.0, 1.0] {
        let fold = Shape::blob(&[
            (side * 0.3, 1.5),
            (side * 0.75, 1.5),
            (side * 0.95, 1.9),
            (side * 0.5, 2.3),
            (side * 0.05, 2.35),
            (side * 0.3, 1.95),
        ]);
        canvas.inked(&fold, main.lighter(0.15), line, character.line);
        canvas.line(
            &Shape::curve(&[(side * 0.25, 2.3), (side * 0.3, 2.8), (side * 0.24, 3.2)]),
            character.outfit.trim,
            0.07,
        );
    }
    canvas.line(&Shape::curve(&[(0.0, 2.35), (0.0, 6.0)]), line, character.line);
}

fn dress(canvas: &mut Canvas, character: &Character, line: Colour) {
    let outfit = &character.outfit;
    let bodice = Shape::drawn(|path| {
        path.move_to(-1.25, 2.6);
        path.quad_to(-0.6, 2.3, 0.0, 2.62);
        path.quad_to(0.6, 2.3, 1.25, 2.6);
        path.line_to(1.25, 6.0);
        path.line_to(-1.25, 6.0);
        path.close();
    });
    canvas.inked(&bodice, outfit.main, line, character.line);
    for side in [-1.0, 1.0] {
        canvas.line(
            &Shape::curve(&[(side * 0.72, 1.7), (side * 0.8, 2.1), (side * 0.75, 2.5)]),
            outfit.main.darker(0.2),
            0.12,
        );
    }
    canvas.line(&Shape::curve(&[(-0.38, 1.52), (0.0, 1.66), (0.38, 1.52)]), outfit.trim, 0.1);
    bow(canvas, (0.0, 2.7), 0.3, outfit.trim, character.line);
}

fn kimono(canvas: &mut Canvas, character: &Character, line: Colour) {
    let outfit = &character.outfit;
    for (side, ink) in [(1.0, outfit.main.lighter(0.1)), (-1.0, outfit.main.lighter(0.2))] {
        let lapel = [(side * 0.35, 1.45), (side * 0.75, 1.6), (side * -0.35, 3.4), (side * -0.55, 3.0)];
        canvas.inked(&Shape::polygon(&lapel), ink, line, character.line);
        let lining = [(side * 0.3, 1.5), (side * 0.42, 1.5), (side * -0.5, 3.0), (side * -0.55, 2.85)];
        canvas.fill(&Shape::polygon(&lining), outfit.trim);
    }
    canvas.inked(&Shape::rectangle(-1.3, 3.4, 2.6, 0.9), outfit.trim, line, character.line);
}

/// A ribbon's bow around `middle`, `size` to each side.
pub(super) fn bow(canvas: &mut Canvas, (x, y): (f32, f32), size: f32, colour: Colour, width: f32) {
    let line = colour.darker(0.6);
    for side in [-1.0, 1.0] {
        let end = [(x, y), (x + side * size * 0.5, y + size * 1.1), (x + side * size * 0.15, y + size * 1.2)];
        canvas.inked(&Shape::polygon(&end), colour.darker(0.15), line, width);
        let wing = Shape::blob(&[
            (x, y),
            (x + side * size * 0.7, y - size * 0.5),
            (x + side * size, y - size * 0.25),
            (x + side * size * 0.95, y + size * 0.4),
            (x + side * size * 0.6, y + size * 0.4),
        ]);
        canvas.inked(&wing, colour, line, width);
    }
    canvas.inked(&Shape::oval(x, y, size * 0.2, size * 0.22), colour.lighter(0.15), line, width);
}
