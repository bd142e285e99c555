//! How a picture is laid out: its size, how many figures it has, and where they stand.

use super::portrait::Pose;
use crate::random::Random;

/// Faces smaller than this half-width, in pixels, are not painted: detectors stop there.
const MIN_FACE: f32 = 34.0;

/// How far below the middle of the face a figure reaches, with some room to spare, in face units.
const FIGURE: f32 = 12.4;

pub(super) struct Composition {
    pub(super) width: u32,
    pub(super) height: u32,
    /// From back to front.
    pub(super) poses: Vec<Pose>,
}

impl Composition {
    pub(super) fn drawn(random: &mut Random) -> Self {
        let (width, height) = size(random);
        let figures = match random.whole(0, 19) {
            0 | 1 => 0,
            2..=11 => 1,
            12..=16 => 2,
            _ => 3,
        };
        let slot = width as f32 / figures.max(1) as f32;
        let poses = (0..figures).map(|index| pose(random, slot * (index as f32 + 0.5), slot, height as f32)).collect();
        Self { width, height, poses }
    }
}

fn size(random: &mut Random) -> (u32, u32) {
    let long = random.pick(&[500, 640, 720, 800, 900, 1000, 1200, 1280, 1400, 1600, 1800]) + random.whole(0, 12) - 6;
    let aspect = random.pick(&[4.0 / 3.0, 3.0 / 2.0, 16.0 / 9.0, std::f32::consts::SQRT_2, 1.0, 5.0 / 4.0]);
    let short = (long as f32 / aspect).round() as u32;
    if random.chance(0.5) { (long, short) } else { (short, long) }
}

/// A place in a slot of the given middle and width, with the whole head inside the picture.
fn pose(random: &mut Random, middle: f32, slot: f32, height: f32) -> Pose {
    let largest = (slot / 2.9).min(height / 3.9).max(MIN_FACE);
    let smallest = (largest * 0.45).max(MIN_FACE);
    let scale = random.between(smallest, largest);
    let slack = (slot / 2.0 - scale * 1.4).max(0.0);
    // Figures without feet on the ground look lost where there is room below them.
    let highest = (scale * 1.9).max(height - FIGURE * scale);
    let lowest = (height - scale * 1.7).max(highest);
    Pose {
        x: middle + random.between(-slack, slack),
        y: random.between(highest, highest + (lowest - highest) * 0.7),
        scale,
        tilt: random.between(-7.0, 7.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_stay_inside_and_large_enough() {
        for index in 0..500 {
            let layout = Composition::drawn(&mut Random::keyed(5, &[index]));
            assert!((490..=1810).contains(&layout.width.max(layout.height)));
            for pose in layout.poses {
                assert!(pose.scale >= MIN_FACE);
                assert!(pose.x > pose.scale * 0.9 && pose.x < layout.width as f32 - pose.scale * 0.9);
                assert!(pose.y > pose.scale && pose.y < layout.height as f32 - pose.scale * 1.2, "{pose:?}");
            }
        }
    }
}
