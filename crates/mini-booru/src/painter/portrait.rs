//! One figure from head to foot, its parts laid over one another in order.

use tiny_skia::Transform;

use super::{canvas::Canvas, character::Character, face, hair, legs, mane, ornament, outfit};
use crate::random::Random;

/// Where a figure stands: the middle of its face and half the face's width, in pixels; its tilt in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) scale: f32,
    pub(super) tilt: f32,
}

pub(super) fn draw(canvas: &mut Canvas, character: &Character, pose: Pose, random: &mut Random) {
    let upright = Transform::from_translate(pose.x, pose.y).pre_scale(pose.scale, pose.scale);
    let tilted = upright.pre_concat(Transform::from_rotate_at(pose.tilt, 0.0, 1.2));
    canvas.placed(tilted, |canvas| mane::draw(canvas, character));
    canvas.placed(upright, |canvas| {
        legs::draw(canvas, character);
        outfit::draw(canvas, character);
    });
    canvas.placed(tilted, |canvas| {
        ornament::draw_behind(canvas, character);
        face::draw(canvas, character);
        hair::draw(canvas, character, random);
        face::brows(canvas, character);
        ornament::draw_on_top(canvas, character);
    });
}
