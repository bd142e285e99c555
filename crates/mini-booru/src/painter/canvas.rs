//! A canvas with a movable coordinate system: shapes are described in their own units and placed later.

use tiny_skia::{
    FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Mask, Paint, Path, PathBuilder, Pixmap, Point,
    RadialGradient, Rect, Shader, SpreadMode, Stroke, Transform,
};

use super::colour::Colour;

pub(super) struct Canvas {
    pixmap: Pixmap,
    place: Transform,
    clip: Option<Mask>,
}

/// What a shape is filled with. Positions are in the coordinates of the shape.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    Flat(Colour),
    /// From one point's colour to the other's, straight.
    Blend {
        from: (f32, f32),
        to: (f32, f32),
        start: Colour,
        end: Colour,
    },
    /// From the middle's colour to the rim's.
    Glow {
        middle: (f32, f32),
        radius: f32,
        start: Colour,
        end: Colour,
    },
}

impl From<Colour> for Ink {
    fn from(colour: Colour) -> Self {
        Self::Flat(colour)
    }
}

impl Ink {
    /// A vertical blend from `top` to `bottom`.
    pub(super) fn falling(top: (f32, Colour), bottom: (f32, Colour)) -> Self {
        Self::Blend { from: (0.0, top.0), to: (0.0, bottom.0), start: top.1, end: bottom.1 }
    }

    fn shader(self) -> Shader<'static> {
        let stops =
            |start: Colour, end: Colour| vec![GradientStop::new(0.0, start.skia()), GradientStop::new(1.0, end.skia())];
        let point = |(x, y): (f32, f32)| Point::from_xy(x, y);
        let (fallback, shader) = match self {
            Self::Flat(colour) => (colour, None),
            Self::Blend { from, to, start, end } => (
                start,
                LinearGradient::new(point(from), point(to), stops(start, end), SpreadMode::Pad, Transform::identity()),
            ),
            Self::Glow { middle, radius, start, end } => {
                let (centre, stops) = (point(middle), stops(start, end));
                let shader =
                    RadialGradient::new(centre, 0.0, centre, radius, stops, SpreadMode::Pad, Transform::identity());
                (start, shader)
            }
        };
        shader.unwrap_or(Shader::SolidColor(fallback.skia()))
    }
}

impl Canvas {
    /// A canvas of so many pixels; `None` for a side of zero or an absurd one.
    pub(super) fn new(width: u32, height: u32) -> Option<Self> {
        Some(Self { pixmap: Pixmap::new(width, height)?, place: Transform::identity(), clip: None })
    }

    pub(super) fn width(&self) -> f32 {
        self.pixmap.width() as f32
    }

    pub(super) fn height(&self) -> f32 {
        self.pixmap.height() as f32
    }

    pub(super) fn fill(&mut self, shape: &Shape, ink: impl Into<Ink>) {
        let Some(path) = &shape.0 else { return };
        let paint = Paint { shader: ink.into().shader(), anti_alias: true, ..Paint::default() };
        self.pixmap.fill_path(path, &paint, FillRule::Winding, self.place, self.clip.as_ref());
    }

    pub(super) fn line(&mut self, shape: &Shape, colour: Colour, width: f32) {
        let Some(path) = &shape.0 else { return };
        let paint = Paint { shader: Ink::Flat(colour).shader(), anti_alias: true, ..Paint::default() };
        let stroke = Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
        self.pixmap.stroke_path(path, &paint, &stroke, self.place, self.clip.as_ref());
    }

    /// Filled, then outlined.
    pub(super) fn inked(&mut self, shape: &Shape, ink: impl Into<Ink>, line: Colour, width: f32) {
        self.fill(shape, ink);
        self.line(shape, line, width);
    }

    /// Draws in coordinates of its own: `transform` leads from them to the present ones.
    pub(super) fn placed(&mut self, transform: Transform, draw: impl FnOnce(&mut Self)) {
        let before = self.place;
        self.place = before.pre_concat(transform);
        draw(self);
        self.place = before;
    }

    /// Draws only inside `shape`.
    pub(super) fn clipped(&mut self, shape: &Shape, draw: impl FnOnce(&mut Self)) {
        let (Some(path), Some(mut mask)) = (&shape.0, Mask::new(self.pixmap.width(), self.pixmap.height())) else {
            return;
        };
        mask.fill_path(path, FillRule::Winding, true, self.place);
        let before = self.clip.replace(mask);
        draw(self);
        self.clip = before;
    }

    /// Red, green and blue bytes, row by row; what was left unpainted is black.
    pub(super) fn into_rgb(self) -> Vec<u8> {
        self.pixmap.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
    }
}

/// An outline. Degenerate ones (no extent, not finite) draw nothing.
pub(super) struct Shape(Option<Path>);

impl Shape {
    /// Whatever `draw` draws.
    pub(super) fn drawn(draw: impl FnOnce(&mut PathBuilder)) -> Self {
        let mut builder = PathBuilder::new();
        draw(&mut builder);
        Self(builder.finish())
    }

    pub(super) fn oval(x: f32, y: f32, radius_x: f32, radius_y: f32) -> Self {
        Self(Rect::from_ltrb(x - radius_x, y - radius_y, x + radius_x, y + radius_y).and_then(PathBuilder::from_oval))
    }

    pub(super) fn rectangle(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self(Rect::from_xywh(x, y, width, height).map(PathBuilder::from_rect))
    }

    pub(super) fn polygon(points: &[(f32, f32)]) -> Self {
        Self::drawn(|path| {
            for (index, &(x, y)) in points.iter().enumerate() {
                if index == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
            }
            path.close();
        })
    }

    /// A closed smooth curve through the points (Catmull-Rom).
    pub(super) fn blob(points: &[(f32, f32)]) -> Self {
        let count = points.len();
        if count < 3 {
            return Self(None);
        }
        Self::drawn(|path| {
            path.move_to(points[0].0, points[0].1);
            for index in 0..count {
                let at = |step: usize| points[(index + count + step - 1) % count];
                bend(path, [at(0), at(1), at(2), at(3)]);
            }
            path.close();
        })
    }

    /// An open smooth curve through the points (Catmull-Rom).
    pub(super) fn curve(points: &[(f32, f32)]) -> Self {
        let Some(last) = points.len().checked_sub(1) else { return Self(None) };
        Self::drawn(|path| {
            path.move_to(points[0].0, points[0].1);
            for index in 0..last {
                let before = points[index.saturating_sub(1)];
                let after = points[(index + 2).min(last)];
                bend(path, [before, points[index], points[index + 1], after]);
            }
        })
    }
}

fn bend(path: &mut PathBuilder, [before, from, to, after]: [(f32, f32); 4]) {
    let leave = (from.0 + (to.0 - before.0) / 6.0, from.1 + (to.1 - before.1) / 6.0);
    let arrive = (to.0 - (after.0 - from.0) / 6.0, to.1 - (after.1 - from.1) / 6.0);
    path.cubic_to(leave.0, leave.1, arrive.0, arrive.1, to.0, to.1);
}
