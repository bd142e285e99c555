//! The eyes: the part of such a face that everything else frames, and that detectors look for first.

use super::{
    canvas::{Canvas, Ink, Shape},
    character::{Character, Lids},
    colour::Colour,
};

/// One eye's own frame: its middle, half its width and height, which side it is on (−1 left, 1 right).
struct Socket {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    side: f32,
    droop: f32,
}

pub(super) fn draw(canvas: &mut Canvas, character: &Character) {
    for side in [-1.0, 1.0] {
        let socket = socket(character, side);
        let closed = match character.expression.lids {
            Lids::Open => false,
            Lids::Smiling => true,
            Lids::Wink => side > 0.0,
        };
        if closed {
            closed_lid(canvas, &socket, character);
        } else {
            let iris = if side < 0.0 { character.eyes.left } else { character.eyes.right };
            open_eye(canvas, &socket, iris, character);
        }
    }
}

/// The eye on the side that the face turns to is seen at a slant, so it is narrower.
fn socket(character: &Character, side: f32) -> Socket {
    let eyes = &character.eyes;
    let slant = 1.0 - (character.turn * side).max(0.0) * 0.9;
    Socket {
        x: side * eyes.apart + character.turn,
        y: eyes.level,
        width: eyes.width * slant,
        height: eyes.height,
        side,
        droop: eyes.droop,
    }
}

fn open_eye(canvas: &mut Canvas, socket: &Socket, iris: Colour, character: &Character) {
    let white = opening(socket);
    canvas.fill(&white, Ink::falling((socket.y - socket.height, Colour::rgb(0xcf_cc_dd)), (socket.y, Colour::WHITE)));
    canvas.clipped(&white, |canvas| ball(canvas, socket, iris, character.eyes.gaze));
    lashes(canvas, socket, character);
}

/// The white between the lids.
fn opening(socket: &Socket) -> Shape {
    let at =
        |u: f32, v: f32| (socket.x + socket.side * u * socket.width, socket.y + v * socket.height + socket.droop * u);
    Shape::blob(&[
        at(-0.95, 0.1),
        at(-0.6, -0.72),
        at(0.0, -0.98),
        at(0.65, -0.8),
        at(1.0, -0.1),
        at(0.75, 0.7),
        at(0.0, 0.98),
        at(-0.68, 0.75),
    ])
}

fn ball(canvas: &mut Canvas, socket: &Socket, iris: Colour, gaze: f32) {
    let (x, y) = (socket.x + gaze * socket.width, socket.y + 0.02 * socket.height);
    let (wide, tall) = (socket.width * 0.76, socket.height * 0.95);
    let deep = iris.darker(0.72);
    canvas.fill(&Shape::oval(x, y, wide, tall), Ink::falling((y - tall, deep), (y + tall, iris.lighter(0.25))));
    canvas.line(&Shape::oval(x, y, wide, tall), deep, 0.035);
    canvas.fill(&Shape::oval(x, y - 0.02, wide * 0.48, tall * 0.5), iris.darker(0.85));
    canvas.fill(&Shape::oval(x, y + tall * 0.6, wide * 0.55, tall * 0.24), iris.lighter(0.5).faded(0.8));
    let shade = Shape::rectangle(x - 2.0 * wide, y - 2.0 * tall, 4.0 * wide, tall * 1.35);
    canvas.fill(&shade, Colour::INK.faded(0.28));
    canvas.fill(&Shape::oval(x - wide * 0.36, y - tall * 0.42, wide * 0.34, tall * 0.25), Colour::WHITE);
    canvas.fill(&Shape::oval(x + wide * 0.42, y + tall * 0.38, wide * 0.17, tall * 0.13), Colour::WHITE.faded(0.9));
}

fn lashes(canvas: &mut Canvas, socket: &Socket, character: &Character) {
    let ink = Colour::INK.mixed(character.hair.colour.darker(0.7), 0.4);
    let at =
        |u: f32, v: f32| (socket.x + socket.side * u * socket.width, socket.y + v * socket.height + socket.droop * u);
    let upper = Shape::blob(&[
        at(-1.05, 0.02),
        at(-0.62, -0.8),
        at(0.0, -1.12),
        at(0.7, -0.98),
        at(1.12, -0.3),
        at(1.3, -0.32),
        at(1.12, 0.05),
        at(0.98, -0.1),
        at(0.62, -0.72),
        at(0.0, -0.88),
        at(-0.58, -0.62),
    ]);
    canvas.fill(&upper, ink);
    canvas.line(&Shape::curve(&[at(0.78, 0.66), at(0.3, 0.98), at(-0.25, 1.0)]), ink.faded(0.8), character.line * 0.8);
    let crease = Shape::curve(&[at(-0.6, -1.12), at(0.1, -1.36), at(0.85, -1.18)]);
    canvas.line(&crease, character.skin.darker(0.5).faded(0.7), character.line * 0.7);
}

fn closed_lid(canvas: &mut Canvas, socket: &Socket, character: &Character) {
    let at = |u: f32, v: f32| (socket.x + socket.side * u * socket.width, socket.y + v * socket.height);
    let lid = Shape::blob(&[
        at(-1.0, 0.35),
        at(-0.5, -0.12),
        at(0.0, -0.25),
        at(0.55, -0.12),
        at(1.15, 0.4),
        at(0.5, 0.08),
        at(0.0, -0.05),
        at(-0.5, 0.08),
    ]);
    canvas.inked(&lid, Colour::INK, Colour::INK, character.line);
}
