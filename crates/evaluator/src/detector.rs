//! Whether a face is found in an image.

use std::cell::RefCell;

use lbp_cascade::{Cascade, Detector, GreyImage, SearchSizes};
use metrics::Images;
use pictures::Rgb;
use rayon::prelude::*;

/// The project's own cascade: the same for every dataset and every run, whatever cascade the dataset was cut with.
const CASCADE: &str = include_str!("../../face-cropper/cascades/nijigen.xml");

/// What images are enlarged to before a face is looked for: the cascade's window is 24 pixels, and a crop is filled by its
/// face, so that at 32 px hardly a window would lie around one.
const MIN_SIDE: u32 = 96;

/// Around each image the grey of its mean, an eighth of its side: crops end close to the face, and windows do not.
const MARGIN: u32 = 8;

/// Windows that must agree.
const MIN_NEIGHBORS: i32 = 2;

/// For each image, 1 where a face is found that takes up half of its side at least, else 0.
pub(crate) fn found(images: &Images) -> Vec<f64> {
    let cascade = Cascade::parse(CASCADE).expect("the cropper's tests read this cascade");
    let pixels: Vec<&[u8]> = images.iter().collect();
    // A detector keeps its memory from image to image.
    let detector = || RefCell::new(Detector::new(cascade.clone()));
    let finds =
        |detector: &RefCell<Detector>, pixels: &&[u8]| has_face(&mut detector.borrow_mut(), pixels, images.side());
    pixels.par_iter().map_init(detector, |detector, pixels| f64::from(u8::from(finds(detector, pixels)))).collect()
}

fn has_face(detector: &mut Detector, pixels: &[u8], side: usize) -> bool {
    let side = side as u32;
    let image = Rgb::new(side, side, pixels.to_vec()).expect("images are whole");
    let target = side.max(MIN_SIDE);
    let framed = framed(&image.scaled(target, target));
    let grey = framed.to_grey();
    let grey = GreyImage::new(grey.width() as usize, grey.height() as usize, grey.bytes()).expect("its bytes fill it");
    let sizes = SearchSizes { scale_factor: 1.1, min_size: target as i32 / 2, max_size: 0 };
    !detector.detect(grey, &sizes, MIN_NEIGHBORS).is_empty()
}

/// The image within a margin of its mean colour.
fn framed(image: &Rgb) -> Rgb {
    let (side, margin) = (image.width(), image.width() / MARGIN);
    let mean = [0, 1, 2].map(|channel| {
        let sum: u64 = image.pixels().iter().map(|pixel| u64::from(pixel[channel])).sum();
        (sum / image.area().max(1)) as u8
    });
    let mut framed = Rgb::filled(side + 2 * margin, side + 2 * margin, mean);
    framed.lay(image, (margin, margin));
    framed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_found_in_grey_and_in_stripes() {
        let grey = vec![128; 2 * 64 * 64 * 3];
        assert_eq!(found(&Images::new(64, grey).unwrap()), [0.0, 0.0]);
        let stripes = (0..64 * 64 * 3).map(|i| (i / 3 % 16 * 16) as u8).collect();
        assert_eq!(found(&Images::new(64, stripes).unwrap()), [0.0]);
    }
}
