//! What a figure has below the hips, and its hands: seen where the picture leaves room.

use super::{
    canvas::{Canvas, Ink, Shape},
    character::{Character, Cut},
    colour::Colour,
};

pub(super) fn draw(canvas: &mut Canvas, character: &Character) {
    for side in [-1.0, 1.0] {
        leg(canvas, character, side);
        hand(canvas, character, side);
    }
    skirt(canvas, character);
}

fn leg(canvas: &mut Canvas, character: &Character, side: f32) {
    let skin_line = character.skin.darker(0.55);
    let bare = Shape::polygon(&[(side * 0.12, 6.5), (side * 0.88, 6.5), (side * 0.74, 11.2), (side * 0.28, 11.2)]);
    canvas.inked(
        &bare,
        Ink::falling((6.5, character.skin.darker(0.12)), (9.0, character.skin)),
        skin_line,
        character.line,
    );
    let stocking = character.outfit.trim.darker(0.35);
    let sock = Shape::polygon(&[(side * 0.2, 9.2), (side * 0.82, 9.2), (side * 0.74, 11.2), (side * 0.28, 11.2)]);
    canvas.inked(&sock, stocking, stocking.darker(0.5), character.line);
    let shoe = Colour::rgb(0x4a_30_2c);
    canvas.inked(&Shape::oval(side * 0.56, 11.3, 0.42, 0.26), shoe, shoe.darker(0.5), character.line);
}

fn hand(canvas: &mut Canvas, character: &Character, side: f32) {
    let palm = Shape::blob(&[
        (side * 1.35, 5.8),
        (side * 1.8, 5.8),
        (side * 1.75, 6.35),
        (side * 1.5, 6.6),
        (side * 1.34, 6.3),
    ]);
    canvas.inked(&palm, character.skin, character.skin.darker(0.55), character.line);
}

/// Pleated, but for kimonos, which fall straight.
fn skirt(canvas: &mut Canvas, character: &Character) {
    let outfit = &character.outfit;
    let (colour, hem, foot) = match outfit.cut {
        Cut::Kimono => (outfit.main, 10.6, 1.25),
        Cut::Dress => (outfit.main, 8.6, 2.0),
        Cut::Sailor | Cut::Shirt | Cut::Hood => (outfit.trim.darker(0.2), 7.8, 1.75),
    };
    let line = colour.darker(0.6);
    let cloth = Shape::drawn(|path| {
        path.move_to(-1.2, 5.4);
        path.quad_to(-1.3, 6.4, -foot, hem);
        path.quad_to(0.0, hem + 0.35, foot, hem);
        path.quad_to(1.3, 6.4, 1.2, 5.4);
        path.close();
    });
    canvas.inked(&cloth, Ink::falling((5.6, colour.darker(0.15)), (hem, colour)), line, character.line);
    let pleats: &[f32] = if outfit.cut == Cut::Kimono { &[0.3] } else { &[-0.75, -0.4, 0.0, 0.4, 0.75] };
    for share in pleats {
        let fold = [(share * 1.2, 6.0), (share * 1.25, 6.8), (share * foot, hem + 0.1)];
        canvas.line(&Shape::curve(&fold), line.faded(0.7), character.line * 0.8);
    }
}
