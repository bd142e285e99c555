//! The formats that pictures come in: each is decoded as `cv2.imread` does it.
#![allow(clippy::unwrap_used)]

mod material;

use contracts::config::Alpha;
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use material::{Scene, encoded, spots};

/// The box of the one face in a picture.
fn only_box(file: &[u8]) -> [i32; 4] {
    let mut scene = Scene::new();
    scene.add("mini:1", file);
    let report = scene.run().unwrap();
    assert_eq!(report.kept, 1);
    scene.faces()[0].pixel_box.into()
}

#[test]
fn every_format_shows_the_same_spot() {
    let picture = image::load_from_memory(&spots(300, 200, &[[120, 70, 60]])).unwrap();
    let expected = only_box(&encoded(&picture, ImageFormat::Png));
    let check = |what: &str, file: Vec<u8>| assert_eq!(only_box(&file), expected, "{what}");
    check("WebP", encoded(&picture, ImageFormat::WebP));
    check("BMP", encoded(&picture, ImageFormat::Bmp));
    check("grey", encoded(&picture.to_luma8().into(), ImageFormat::Png));
    check("grey with alpha", encoded(&picture.to_luma_alpha8().into(), ImageFormat::Png));
    check("sixteen bits", encoded(&picture.to_rgb16().into(), ImageFormat::Png));
    check("with alpha", encoded(&picture.to_rgba8().into(), ImageFormat::Png));
}

#[test]
fn a_picture_on_its_side_is_turned_upright() {
    // Edges between blocks of 8×8 pixels, so that they do not ring.
    let jpeg = encoded(&image::load_from_memory(&spots(304, 200, &[[48, 72, 64]])).unwrap(), ImageFormat::Jpeg);
    let check = |file: &[u8], expected: (i32, i32)| {
        let [x, y, width, height] = only_box(file);
        let (across, down) = (x + width / 2, y + height / 2);
        assert!(
            across.abs_diff(expected.0) < 10 && down.abs_diff(expected.1) < 10,
            "{across}, {down}: not {expected:?}"
        );
    };
    check(&jpeg, (80, 104));
    // Orientation 6: the first row is the right side, so (x, y) goes to (200 - y, x).
    check(&oriented(&jpeg, 6), (96, 80));
}

#[test]
fn transparency_is_dropped_or_laid_on_white() {
    // A bright spot in the colours, hidden under full transparency but for itself: on white there is nothing to see.
    let pixel = |x: u32, y: u32| {
        let spot = (120..180).contains(&x) && (70..130).contains(&y);
        if spot { Rgba([255, 255, 255, 255]) } else { Rgba([20, 20, 20, 0]) }
    };
    let picture = encoded(&DynamicImage::ImageRgba8(RgbaImage::from_fn(300, 200, pixel)), ImageFormat::Png);
    let mut scene = Scene::new();
    scene.add("mini:1", &picture);
    assert_eq!(scene.run().unwrap().kept, 1);
    scene.config.crop.alpha = Alpha::White;
    assert!(scene.run().unwrap_err().to_string().contains("no face was found in 1 pictures"));
}

/// A JPEG with an EXIF segment that holds nothing but an orientation.
fn oriented(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    let exif = [&b"Exif\0\0II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4]].concat();
    let length = ((exif.len() + 2) as u16).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}
