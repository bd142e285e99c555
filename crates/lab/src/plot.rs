//! Plots: figures of panels, each of lines and dots between two axes, as images.

mod axis;
mod canvas;
mod font;

pub(crate) use axis::Axis;
use canvas::{Align, Canvas, Frame, Ink};
use pictures::Rgb;

/// A panel's size in logical pixels.
const PANEL: (f32, f32) = (400.0, 300.0);

/// What a panel's axes leave around the plot: left, top, right, bottom.
const MARGINS: [f32; 4] = [58.0, 34.0, 14.0, 46.0];

const BLACK: Ink = [30, 30, 34, 255];
const GREY: Ink = [120, 120, 128, 255];
const GRID: Ink = [228, 228, 232, 255];

/// Colours that people of any colour vision can tell apart (Okabe and Ito, "Color universal design", 2008).
const PALETTE: [[u8; 3]; 7] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [110, 110, 110]];

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A line through its points.
    Line,
    /// A dashed line: what theory says.
    Dashed,
    /// A dot at each point.
    Dots,
    /// A small, translucent dot at each point, where there are many.
    Cloud,
}

/// Points that belong together.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    label: String,
    mark: Mark,
    colour: usize,
    points: Vec<(f64, f64)>,
}

/// A plot.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    title: String,
    axes: [Axis; 2],
    series: Vec<Series>,
}

impl Panel {
    /// An empty one; `axes` are the one to the right and the one upwards.
    pub(crate) fn new(title: &str, axes: [Axis; 2]) -> Self {
        Self { title: title.into(), axes, series: Vec::new() }
    }

    /// With a series more; one without a label is not in the legend. Colours count from 0.
    pub(crate) fn with(mut self, mark: Mark, colour: usize, label: &str, points: Vec<(f64, f64)>) -> Self {
        self.series.push(Series { label: label.into(), mark, colour, points });
        self
    }
}

/// Panels side by side, in rows.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    panels: Vec<Panel>,
    columns: usize,
}

impl Figure {
    /// A figure of at least one panel.
    pub(crate) fn new(columns: usize, panels: Vec<Panel>) -> Self {
        Self { columns: columns.min(panels.len()), panels }
    }

    /// Width and height in logical pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        let rows = self.panels.len().div_ceil(self.columns);
        (self.columns as u32 * PANEL.0 as u32, rows as u32 * PANEL.1 as u32)
    }

    /// Draws all panels.
    pub(crate) fn draw(&self) -> Rgb {
        let (width, height) = self.size();
        let mut canvas = Canvas::new(width as f32, height as f32);
        for (index, panel) in self.panels.iter().enumerate() {
            let (column, row) = (index % self.columns, index / self.columns);
            panel.draw(&mut canvas, (column as f32 * PANEL.0, row as f32 * PANEL.1));
        }
        canvas.finish()
    }
}

impl Panel {
    fn draw(&self, canvas: &mut Canvas, (left, top): (f32, f32)) {
        let [before, above, behind, below] = MARGINS;
        let (width, height) = (PANEL.0 - before - behind, PANEL.1 - above - below);
        let frame = Frame { left: left + before, top: top + above, width, height };
        canvas.text((frame.left, frame.top - 12.0), &self.title, 9.0, BLACK, Align::Left);
        self.draw_axes(canvas, frame);
        canvas.clip(Some(frame));
        for series in &self.series {
            series.draw(canvas, |point| self.place(frame, point));
        }
        canvas.clip(None);
        self.draw_legend(canvas, frame);
    }

    fn place(&self, frame: Frame, (x, y): (f64, f64)) -> (f32, f32) {
        let [across, upwards] = &self.axes;
        // Far outside the frame numbers are cut: paths of infinite points are drawn nowhere.
        let share = |axis: &Axis, value: f64| axis.share(value).clamp(-9.0, 9.0) as f32;
        (frame.left + frame.width * share(across, x), frame.top + frame.height * (1.0 - share(upwards, y)))
    }

    fn draw_axes(&self, canvas: &mut Canvas, frame: Frame) {
        let [across, upwards] = &self.axes;
        let (right, bottom) = (frame.left + frame.width, frame.top + frame.height);
        for (value, text) in across.ticks() {
            let (x, _) = self.place(frame, (value, 0.0));
            canvas.line(&[(x, frame.top), (x, bottom)], GRID, 0.7, None);
            canvas.text((x, bottom + 15.0), &text, 7.0, GREY, Align::Middle);
        }
        for (value, text) in upwards.ticks() {
            let (_, y) = self.place(frame, (0.0, value));
            canvas.line(&[(frame.left, y), (right, y)], GRID, 0.7, None);
            canvas.text((frame.left - 7.0, y + 3.5), &text, 7.0, GREY, Align::Right);
        }
        canvas.line(&[(frame.left, frame.top), (frame.left, bottom), (right, bottom)], GREY, 1.0, None);
        canvas.text((frame.left + frame.width / 2.0, bottom + 34.0), &across.label, 7.5, BLACK, Align::Middle);
        canvas.rising_text((frame.left - 44.0, frame.top + frame.height / 2.0), &upwards.label, 7.5, BLACK);
    }

    /// In the corner where the fewest points are.
    fn draw_legend(&self, canvas: &mut Canvas, frame: Frame) {
        const LINE: f32 = 15.0;
        let named: Vec<&Series> = self.series.iter().filter(|series| !series.label.is_empty()).collect();
        if named.is_empty() {
            return;
        }
        let widest = named.iter().map(|series| font::Text::new(&series.label, 7.5).width).fold(0.0, f32::max);
        let (width, height) = (widest + 40.0, LINE * named.len() as f32 + 6.0);
        let corner = |right: bool, low: bool| Frame {
            left: if right { frame.left + frame.width - width - 4.0 } else { frame.left + 4.0 },
            top: if low { frame.top + frame.height - height - 4.0 } else { frame.top + 4.0 },
            width,
            height,
        };
        let corners = [corner(true, false), corner(false, false), corner(true, true), corner(false, true)];
        let best = corners.into_iter().min_by_key(|corner| self.points_within(frame, *corner));
        let legend = best.unwrap_or(corners[0]);
        canvas.fill(legend, [255, 255, 255, 225]);
        for (index, series) in named.into_iter().enumerate() {
            let y = legend.top + LINE * index as f32 + 10.0;
            series.draw_sample(canvas, (legend.left + 6.0, y));
            canvas.text((legend.left + 34.0, y + 3.5), &series.label, 7.5, BLACK, Align::Left);
        }
    }

    fn points_within(&self, frame: Frame, corner: Frame) -> usize {
        let inside = |(x, y): (f32, f32)| {
            (corner.left..corner.left + corner.width).contains(&x)
                && (corner.top..corner.top + corner.height).contains(&y)
        };
        self.series.iter().flat_map(|series| &series.points).filter(|point| inside(self.place(frame, **point))).count()
    }
}

impl Series {
    fn ink(&self, opacity: u8) -> Ink {
        let [red, green, blue] = PALETTE[self.colour % PALETTE.len()];
        [red, green, blue, opacity]
    }

    fn draw(&self, canvas: &mut Canvas, place: impl Fn((f64, f64)) -> (f32, f32)) {
        let points: Vec<_> = self.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        let placed: Vec<(f32, f32)> = points.into_iter().map(|point| place(*point)).collect();
        match self.mark {
            Mark::Line => canvas.line(&placed, self.ink(255), 1.8, None),
            Mark::Dashed => canvas.line(&placed, self.ink(255), 1.6, Some(5.0)),
            Mark::Dots => placed.into_iter().for_each(|point| canvas.dot(point, 3.0, self.ink(255))),
            Mark::Cloud => placed.into_iter().for_each(|point| canvas.dot(point, 1.6, self.ink(110))),
        }
    }

    /// A piece of it for the legend.
    fn draw_sample(&self, canvas: &mut Canvas, (x, y): (f32, f32)) {
        match self.mark {
            Mark::Line => canvas.line(&[(x, y), (x + 20.0, y)], self.ink(255), 1.8, None),
            Mark::Dashed => canvas.line(&[(x, y), (x + 20.0, y)], self.ink(255), 1.6, Some(5.0)),
            Mark::Dots | Mark::Cloud => canvas.dot((x + 10.0, y), 3.0, self.ink(255)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel() -> Panel {
        Panel::new("a line", [Axis::new("x", 0.0, 1.0), Axis::new("y", 0.0, 1.0)])
    }

    #[test]
    fn a_figure_has_its_panels_in_rows() {
        let figure = Figure::new(2, vec![panel(), panel(), panel()]);
        assert_eq!(figure.size(), (800, 600));
        assert_eq!(figure.draw().sides(), (1600, 1200));
        assert_eq!(Figure::new(3, vec![panel()]).size(), (400, 300));
    }

    #[test]
    fn a_line_is_drawn_in_its_colour_where_its_points_are() {
        let drawn = |points: Vec<(f64, f64)>| Figure::new(1, vec![panel().with(Mark::Line, 0, "", points)]).draw();
        let image = drawn(vec![(0.0, 0.5), (1.0, 0.5)]);
        // The middle of the frame, 58 to 386 across and 34 to 254 down, two image pixels each.
        assert_eq!(image.pixel(2 * 222, 2 * 144), PALETTE[0]);
        assert_ne!(image.pixel(2 * 222, 2 * 100), PALETTE[0]);
        // What lies outside of the axes is not drawn, infinities least of all.
        let outside = drawn(vec![(0.0, 7.0), (1.0, 8.0), (0.5, f64::INFINITY), (f64::NAN, 0.5)]);
        assert_eq!(outside, drawn(Vec::new()));
    }
}
