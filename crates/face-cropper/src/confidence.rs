//! How likely a box is a face.

use std::sync::LazyLock;

use contracts::{cascade, config::CropConfig, record::PixelBox};
use lbp_cascade::judge::{Judge, Square};
use pictures::Grey;

use crate::{
    engine::as_image,
    geometry::{longer_side, middle},
};

/// The judge of the shipped cascades' candidates; cascades/README.md says how it was made.
pub(crate) static JUDGE: LazyLock<Judge> =
    LazyLock::new(|| Judge::parse(include_bytes!("../cascades/judge.bin")).expect("a test reads the embedded judge"));

/// The probability, from 0 to 1, that a box of a picture, turned about its middle by so many degrees, frames a face; `None` for
/// cascades that frame faces otherwise.
pub fn confidence(config: &CropConfig, grey: &Grey, pixel_box: &PixelBox, angle: f64) -> Option<f64> {
    let (x, y) = middle(pixel_box);
    let square = Square { x: x as f32, y: y as f32, side: longer_side(pixel_box) as f32, angle: angle as f32 };
    cascade::is_judged(&config.cascade).then(|| JUDGE.confidence(as_image(grey), square))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_judge_takes_no_wall_for_a_face_and_knows_its_cascades_alone() {
        let wall = Grey::new(96, 96, vec![90; 96 * 96]).unwrap();
        let of = |cascade: &str| {
            let config = CropConfig { cascade: cascade.into(), ..CropConfig::reference() };
            confidence(&config, &wall, &[0, 0, 96, 96].into(), 0.0)
        };
        assert!(of("nijigen").unwrap() < 0.5);
        assert_eq!(of("cats.xml"), None);
    }
}
