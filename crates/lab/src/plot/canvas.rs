//! A drawing surface in logical pixels, of which each is two by two of the image's.

use pictures::Rgb;
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform,
};

use super::font::Text;

/// Image pixels a logical pixel: sharp on screens of either kind.
const SCALE: f32 = 2.0;

/// A colour: red, green, blue and opacity.
pub(super) type Ink = [u8; 4];

/// Where a text stands beside the point that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// A rectangle of logical pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Frame {
    fn rect(self) -> Option<Rect> {
        Rect::from_xywh(self.left, self.top, self.width, self.height)
    }
}

/// A drawing in progress.
pub(super) struct Canvas {
    pixels: Pixmap,
    clip: Option<Mask>,
}

impl Canvas {
    /// A white one.
    ///
    /// # Panics
    /// When a side is 0.
    pub(super) fn new(width: f32, height: f32) -> Self {
        let mut pixels = Pixmap::new((width * SCALE) as u32, (height * SCALE) as u32)
            .expect("figures have panels, and panels a size");
        pixels.fill(Color::WHITE);
        Self { pixels, clip: None }
    }

    /// Nothing is drawn outside of this from now on.
    pub(super) fn clip(&mut self, frame: Option<Frame>) {
        self.clip = frame.and_then(Frame::rect).and_then(|rect| {
            let mut mask = Mask::new(self.pixels.width(), self.pixels.height())?;
            mask.fill_path(&PathBuilder::from_rect(rect), FillRule::Winding, true, scaled());
            Some(mask)
        });
    }

    /// A line through points; dashed where `dash` says how long.
    pub(super) fn line(&mut self, points: &[(f32, f32)], ink: Ink, width: f32, dash: Option<f32>) {
        let mut path = PathBuilder::new();
        for (index, &(x, y)) in points.iter().enumerate() {
            if index == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        let Some(path) = path.finish() else { return };
        let dash = dash.and_then(|length| StrokeDash::new(vec![length, length], 0.0));
        self.stroke(&path, ink, Stroke { dash, ..pen(width) }, scaled());
    }

    /// A dot.
    pub(super) fn dot(&mut self, (x, y): (f32, f32), radius: f32, ink: Ink) {
        if let Some(path) = PathBuilder::from_circle(x, y, radius) {
            self.fill_path(&path, ink, scaled());
        }
    }

    /// A rectangle, filled.
    pub(super) fn fill(&mut self, frame: Frame, ink: Ink) {
        if let Some(rect) = frame.rect() {
            self.fill_path(&PathBuilder::from_rect(rect), ink, scaled());
        }
    }

    /// A text whose capitals are `size` high, on a line at `y`; returns its width.
    pub(super) fn text(&mut self, (x, y): (f32, f32), text: &str, size: f32, ink: Ink, align: Align) -> f32 {
        self.turned_text((x, y), text, size, ink, align, 0.0)
    }

    /// The same from below to above.
    pub(super) fn rising_text(&mut self, at: (f32, f32), text: &str, size: f32, ink: Ink) {
        self.turned_text(at, text, size, ink, Align::Middle, -90.0);
    }

    fn turned_text(&mut self, (x, y): (f32, f32), text: &str, size: f32, ink: Ink, align: Align, angle: f32) -> f32 {
        let text = Text::new(text, size);
        let before = match align {
            Align::Left => 0.0,
            Align::Middle => text.width / 2.0,
            Align::Right => text.width,
        };
        let place = scaled().pre_translate(x, y).pre_rotate(angle).pre_translate(-before, 0.0);
        let weight = size / 7.0;
        if let Some(strokes) = &text.strokes {
            self.stroke(strokes, ink, pen(weight), place);
        }
        for (x, y) in text.dots {
            if let Some(dot) = PathBuilder::from_circle(x, y, weight * 0.75) {
                self.fill_path(&dot, ink, place);
            }
        }
        text.width
    }

    fn stroke(&mut self, path: &Path, ink: Ink, stroke: Stroke, transform: Transform) {
        self.pixels.stroke_path(path, &paint(ink), &stroke, transform, self.clip.as_ref());
    }

    fn fill_path(&mut self, path: &Path, ink: Ink, transform: Transform) {
        self.pixels.fill_path(path, &paint(ink), FillRule::Winding, transform, self.clip.as_ref());
    }

    /// What was drawn.
    pub(super) fn finish(self) -> Rgb {
        // On white, so that nothing is transparent.
        let bytes = self.pixels.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
        Rgb::new(self.pixels.width(), self.pixels.height(), bytes).expect("a pixmap has all of its pixels")
    }
}

fn scaled() -> Transform {
    Transform::from_scale(SCALE, SCALE)
}

fn pen(width: f32) -> Stroke {
    Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() }
}

fn paint([red, green, blue, opacity]: Ink) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(red, green, blue, opacity);
    paint
}
