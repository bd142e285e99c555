//! Hair behind the head, drawn before everything else of a figure.

use super::{
    canvas::{Canvas, Ink, Shape},
    character::{Back, Character, Hair},
    colour::Colour,
};

pub(super) fn draw(canvas: &mut Canvas, character: &Character) {
    let hair = &character.hair;
    let brush = Brush { line: hair.colour.darker(0.65), width: character.line, hair };
    match hair.back {
        Back::Short => brush.fall(canvas, 0.75, 1.12, 0.8),
        Back::Bob => brush.fall(canvas, 1.25, 1.34, 1.05),
        Back::Long => brush.fall(canvas, 3.6, 1.45, 1.6),
        Back::Wavy => brush.waves(canvas),
        Back::TwinTails => brush.tails(canvas),
        Back::Ponytail => brush.ponytail(canvas),
        Back::Buns => brush.buns(canvas),
        Back::Braids => brush.braids(canvas),
    }
}

struct Brush<'a> {
    line: Colour,
    width: f32,
    hair: &'a Hair,
}

impl Brush<'_> {
    fn paint(&self, canvas: &mut Canvas, shape: &Shape, bottom: f32) {
        let shade = self.hair.colour.darker(0.22);
        let ink = Ink::falling((-0.5, shade), (bottom, self.hair.tips.darker(0.12)));
        canvas.inked(shape, ink, self.line, self.width);
    }

    fn strand(&self, canvas: &mut Canvas, points: &[(f32, f32)]) {
        canvas.line(&Shape::curve(points), self.line.faded(0.45), self.width * 0.8);
    }

    /// A plain fall down to `end`, `wide` at the cheeks and `foot` at its end, ragged below.
    fn fall(&self, canvas: &mut Canvas, end: f32, wide: f32, foot: f32) {
        let top = -1.26 - self.hair.volume;
        let shape = Shape::drawn(|path| {
            path.move_to(0.0, top);
            path.cubic_to(1.3, top, wide, -0.3, wide, end * 0.3);
            path.quad_to(wide * 1.04, end * 0.7, foot, end);
            for step in 0..6 {
                let from = foot - foot * step as f32 / 3.0;
                let to = foot - foot * (step + 1) as f32 / 3.0;
                path.quad_to((from + to) / 2.0, end - 0.3, (from + to) / 2.0, end - 0.18);
                path.quad_to(to + 0.05, end - 0.1, to, end);
            }
            path.quad_to(-wide * 1.04, end * 0.7, -wide, end * 0.3);
            path.cubic_to(-wide, -0.3, -1.3, top, 0.0, top);
            path.close();
        });
        self.paint(canvas, &shape, end);
        for x in [-0.85, -0.4, 0.4, 0.85] {
            self.strand(canvas, &[(x * wide, 0.4), (x * wide * 1.02, end * 0.6), (x * foot, end - 0.2)]);
        }
    }

    fn waves(&self, canvas: &mut Canvas) {
        let mut points = vec![(0.0, -1.3 - self.hair.volume), (0.85, -1.1)];
        let edge = [(1.3, -0.3), (1.2, 0.3), (1.5, 0.9), (1.35, 1.4), (1.7, 2.0), (1.45, 2.5), (1.75, 3.1)];
        points.extend(edge);
        points.extend([(0.9, 3.4), (0.0, 3.2), (-0.9, 3.4)]);
        points.extend(edge.iter().rev().map(|&(x, y)| (-x, y)));
        points.push((-0.85, -1.1));
        self.paint(canvas, &Shape::blob(&points), 3.2);
        for x in [-1.2, 1.2] {
            self.strand(canvas, &[(x * 0.95, 0.4), (x * 1.1, 0.9), (x, 1.4), (x * 1.2, 2.0), (x * 1.05, 2.6)]);
        }
    }

    fn tails(&self, canvas: &mut Canvas) {
        for side in [-1.0, 1.0] {
            let tail = Shape::drawn(|path| {
                path.move_to(side * 0.85, -1.05);
                path.cubic_to(side * 2.0, -1.5, side * 2.5, 0.2, side * 2.05, 1.5);
                path.quad_to(side * 1.95, 2.2, side * 2.2, 2.9);
                path.cubic_to(side * 1.3, 2.4, side * 1.3, 1.2, side * 1.45, 0.5);
                path.cubic_to(side * 1.5, -0.2, side * 1.3, -0.6, side * 0.85, -0.7);
                path.close();
            });
            self.paint(canvas, &tail, 2.6);
            self.strand(canvas, &[(side * 1.2, -0.9), (side * 1.85, -0.1), (side * 1.75, 1.1), (side * 1.85, 2.2)]);
        }
        self.fall(canvas, 0.8, 1.14, 0.8);
    }

    fn ponytail(&self, canvas: &mut Canvas) {
        let tail = Shape::drawn(|path| {
            path.move_to(0.2, -1.4);
            path.cubic_to(1.6, -2.1, 2.3, -0.6, 1.9, 0.8);
            path.quad_to(1.7, 1.5, 2.0, 2.2);
            path.cubic_to(1.1, 1.9, 1.2, 0.8, 1.35, 0.2);
            path.cubic_to(1.45, -0.6, 1.0, -1.0, 0.5, -1.0);
            path.close();
        });
        self.paint(canvas, &tail, 2.0);
        self.strand(canvas, &[(0.8, -1.35), (1.6, -0.7), (1.6, 0.4), (1.65, 1.4)]);
        self.fall(canvas, 0.7, 1.12, 0.75);
    }

    fn buns(&self, canvas: &mut Canvas) {
        for side in [-1.0, 1.0] {
            let bun = Shape::oval(side * 0.85, -1.35, 0.42, 0.4);
            canvas.inked(&bun, self.hair.colour, self.line, self.width);
            self.strand(canvas, &[(side * 0.6, -1.35), (side * 0.85, -1.55), (side * 1.1, -1.3), (side * 0.85, -1.2)]);
        }
        self.fall(canvas, 0.9, 1.2, 0.85);
    }

    fn braids(&self, canvas: &mut Canvas) {
        for side in [-1.0, 1.0] {
            for knot in 0..7 {
                let y = 0.7 + 0.36 * knot as f32;
                let x = side * (1.08 + 0.07 * knot as f32);
                let size = 0.3 - 0.015 * knot as f32;
                let ink = self.hair.colour.mixed(self.hair.tips, knot as f32 / 7.0);
                canvas.inked(&Shape::oval(x, y, size, 0.26), ink, self.line, self.width);
                self.strand(
                    canvas,
                    &[(x - side * size * 0.7, y - 0.1), (x, y + 0.06), (x + side * size * 0.7, y - 0.12)],
                );
            }
        }
        self.fall(canvas, 1.0, 1.18, 0.9);
    }
}
