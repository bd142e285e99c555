//! How likely a box is a face.

use std::sync::LazyLock;

use contracts::{cascade, config::CropConfig, record::PixelBox};
use lbp_cascade::judge::{Judge, Planes, Square};
use pictures::Rgb;

use crate::geometry::{longer_side, middle};

/// The judge of the shipped cascades' candidates; cascades/README.md says how it was made.
pub(crate) static JUDGE: LazyLock<Judge> =
    LazyLock::new(|| Judge::parse(include_bytes!("../cascades/judge.bin")).expect("a test reads the embedded judge"));

/// A picture as the judge looks at it; `None` for cascades that frame faces otherwise than it knows them.
pub fn planes(config: &CropConfig, picture: &Rgb) -> Option<Planes> {
    cascade::is_judged(&config.cascade).then(|| as_planes(picture))
}

pub(crate) fn as_planes(picture: &Rgb) -> Planes {
    let (width, height) = picture.sides();
    Planes::new(width as usize, height as usize, picture.pixels()).expect("its pixels fill its sides")
}

/// The probability, from 0 to 1, that a box of a picture, turned about its middle by so many degrees, frames a face.
pub fn confidence(planes: &Planes, pixel_box: &PixelBox, angle: f64) -> f64 {
    let (x, y) = middle(pixel_box);
    JUDGE.confidence(
        planes,
        Square { x: x as f32, y: y as f32, side: longer_side(pixel_box) as f32, angle: angle as f32 },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_judge_takes_no_wall_for_a_face_and_knows_its_cascades_alone() {
        let wall = Rgb::filled(96, 96, [90; 3]);
        let of = |cascade: &str| planes(&CropConfig { cascade: cascade.into(), ..CropConfig::reference() }, &wall);
        assert!(confidence(&of("nijigen").unwrap(), &[0, 0, 96, 96].into(), 0.0) < 0.5);
        assert_eq!(of("cats.xml"), None);
    }
}
