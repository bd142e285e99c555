//! The formats that pictures come in: each is decoded as `cv2.imread` does it.
#![allow(clippy::unwrap_used)]

mod material;

use contracts::config::{Alpha, CropMode, Engine};
use face_cropper::engine;
use image::{
    DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, Rgba, RgbaImage,
    codecs::{png::PngEncoder, webp::WebPEncoder},
};
use material::{Scene, encoded, opened, spots};
use pictures::Reduction;

/// The engines that were built.
fn engines() -> Vec<Engine> {
    if cfg!(feature = "opencv") { vec![Engine::Opencv, Engine::Native] } else { vec![Engine::Native] }
}

/// The box of the one face in a picture.
fn only_box(file: &[u8], engine: Engine, mode: CropMode) -> [i32; 4] {
    let mut scene = Scene::new();
    (scene.config.crop.engine, scene.config.crop.mode) = (engine, mode);
    scene.add("mini:1", file);
    let report = scene.run().unwrap_or_else(|error| panic!("{engine:?}, {mode:?}: {error}"));
    assert_eq!(report.kept, 1, "{engine:?}, {mode:?}");
    scene.faces()[0].pixel_box.into()
}

#[test]
fn every_format_shows_the_same_spot() {
    for engine in engines() {
        every_format(engine, CropMode::Exact);
        every_format(engine, CropMode::Fast);
    }
}

fn every_format(engine: Engine, mode: CropMode) {
    let picture = image::load_from_memory(&spots(300, 200, &[[120, 70, 60]])).unwrap();
    let expected = only_box(&encoded(&picture, ImageFormat::Png), engine, mode);
    let check = |what: &str, file: Vec<u8>| {
        assert_eq!(only_box(&file, engine, mode), expected, "{what}, {engine:?}, {mode:?}");
    };
    check("WebP", encoded(&picture, ImageFormat::WebP));
    check("BMP", encoded(&picture, ImageFormat::Bmp));
    check("grey", encoded(&picture.to_luma8().into(), ImageFormat::Png));
    check("grey with alpha", encoded(&picture.to_luma_alpha8().into(), ImageFormat::Png));
    check("sixteen bits", encoded(&picture.to_rgb16().into(), ImageFormat::Png));
    check("with alpha", encoded(&picture.to_rgba8().into(), ImageFormat::Png));
    check("sixteen bits with alpha", encoded(&picture.to_rgba16().into(), ImageFormat::Png));
    check("a palette with transparency", include_bytes!("material/palette.png").to_vec());
    check("the first frame of a WebP", include_bytes!("material/animated.webp").to_vec());
    check("the first frame of a GIF", animated(&[&picture, &DynamicImage::new_rgb8(300, 200)]));
    // Lossy: edges may ring, so only near.
    let [x, y, side, _] = only_box(include_bytes!("material/cmyk.jpg"), engine, mode);
    let near = |found: i32, expected: i32| found.abs_diff(expected) <= 3;
    assert!(
        near(x, expected[0]) && near(y, expected[1]) && near(side, expected[2]),
        "CMYK, {engine:?}: {x} {y} {side}"
    );
}

#[test]
fn a_picture_on_its_side_is_turned_upright() {
    for engine in engines() {
        upright(engine, CropMode::Exact, 1);
        upright(engine, CropMode::Fast, 1);
        // Searched at half and at a quarter of its size.
        upright(engine, CropMode::Fast, 6);
        upright(engine, CropMode::Fast, 12);
    }
}

/// A picture that is `times` as large, turned and not.
fn upright(engine: Engine, mode: CropMode, times: u32) {
    // Edges between blocks of 8×8 pixels, so that they do not ring.
    let large = spots(304 * times, 200 * times, &[[48 * times, 72 * times, 64 * times]]);
    let jpeg = encoded(&image::load_from_memory(&large).unwrap(), ImageFormat::Jpeg);
    let check = |file: &[u8], expected: (i32, i32)| {
        let [x, y, width, height] = only_box(file, engine, mode);
        let (across, down) = ((x + width / 2) / times as i32, (y + height / 2) / times as i32);
        assert!(
            across.abs_diff(expected.0) < 10 && down.abs_diff(expected.1) < 10,
            "{across}, {down}: not {expected:?}, {engine:?}, {mode:?}"
        );
    };
    check(&jpeg, (80, 104));
    // Orientation 6: the first row is the right side, so (x, y) goes to (200 - y, x).
    check(&oriented(&jpeg, 6), (96, 80));
}

/// Boxes are in the frame that the crawl writes down, whatever the format and the engine.
#[test]
fn every_format_is_turned_upright_by_every_engine() {
    let block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    fn encode(mut encoder: impl ImageEncoder, block: &[u8]) {
        encoder.set_exif_metadata(block.to_vec()).unwrap();
        encoder.write_image(&[9; 3 * 60 * 40], 60, 40, ExtendedColorType::Rgb8).unwrap();
    }
    let (mut png, mut webp) = (Vec::new(), Vec::new());
    encode(PngEncoder::new(&mut png), block);
    encode(WebPEncoder::new_lossless(&mut webp), block);
    let cascade = face_cropper::cascade::Cascade::of_text("the spot".into(), material::SPOT_CASCADE.into());
    for kind in engines() {
        let mut engine = engine::start(kind, &cascade).unwrap();
        for file in [&png, &webp] {
            let opened = opened(file);
            let upright = pictures::upright_sides(&mut std::io::Cursor::new(file), opened.probe()).unwrap();
            assert_eq!(upright, (40, 60));
            assert_eq!(engine.decode(&opened, Alpha::Drop).unwrap().sides(), upright, "{kind:?}");
        }
    }
}

/// A small look at a JPEG computes a part of each block's frequencies; it must show the same as the picture made small.
#[test]
fn a_reduced_jpeg_is_the_picture_made_small_whichever_way_the_camera_was_held() {
    // Brighter to the right, darker downward and with a dark corner, so that no two orientations look alike.
    let value = |x: u32, y: u32| if x < 96 && y < 64 { 10 } else { (60 + x / 4 - y / 6) as u8 };
    let picture = image::RgbImage::from_fn(482, 331, |x, y| image::Rgb([value(x, y), value(x, y) / 2, 90]));
    let jpeg = encoded(&picture.into(), ImageFormat::Jpeg);
    let cascade = face_cropper::cascade::Cascade::of_text("the spot".into(), material::SPOT_CASCADE.into());
    for kind in engines() {
        let mut engine = engine::start(kind, &cascade).unwrap();
        for orientation in 1..=8 {
            let file = oriented(&jpeg, orientation);
            let upright = engine.decode(&opened(&file), Alpha::Drop).unwrap();
            let grey = engine.grey(&upright).unwrap();
            assert_eq!(grey.width() < grey.height(), orientation > 4, "{kind:?}, orientation {orientation}");
            for reduction in [Reduction::Half, Reduction::Quarter, Reduction::Eighth] {
                let small = engine.preview(&opened(&file), Alpha::Drop, reduction).unwrap().grey;
                let side = |side: u32| side.div_ceil(reduction.divisor());
                let expected = grey.scaled(side(grey.width()), side(grey.height()));
                let what = format!("{kind:?}, orientation {orientation}, {reduction:?}");
                assert_eq!((small.width(), small.height()), (expected.width(), expected.height()), "{what}");
                let apart = small.bytes().iter().zip(expected.bytes()).map(|(a, b)| f64::from(a.abs_diff(*b)));
                let mean = apart.sum::<f64>() / small.area() as f64;
                assert!(mean < 1.5, "{what}: {mean} levels apart");
            }
        }
    }
}

#[test]
fn transparency_is_dropped_or_laid_on_white() {
    // A bright spot in the colours, hidden under full transparency but for itself: on white there is nothing to see.
    let pixel = |x: u32, y: u32| {
        let spot = (120..180).contains(&x) && (70..130).contains(&y);
        if spot { Rgba([255, 255, 255, 255]) } else { Rgba([20, 20, 20, 0]) }
    };
    let picture = encoded(&DynamicImage::ImageRgba8(RgbaImage::from_fn(300, 200, pixel)), ImageFormat::Png);
    for engine in engines() {
        let mut scene = Scene::new();
        scene.config.crop.engine = engine;
        scene.add("mini:1", &picture);
        assert_eq!(scene.run().unwrap().kept, 1, "{engine:?}");
        scene.config.crop.alpha = Alpha::White;
        assert!(scene.run().unwrap_err().to_string().contains("no face was found in 1 pictures"), "{engine:?}");
    }
}

#[test]
fn pictures_above_the_limit_are_counted_drops() {
    let mut scene = Scene::with_spots();
    scene.add("mini:9", &spots(1200, 900, &[[120, 70, 60]]));
    scene.config.crop.max_megapixels = 1;
    let report = scene.run().unwrap();
    assert_eq!((report.kept, report.dropped_for("picture too large")), (3, 1));
}

/// A GIF of these pictures, one after the other.
fn animated(pictures: &[&DynamicImage]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
    encoder.encode_frames(pictures.iter().map(|picture| image::Frame::new(picture.to_rgba8()))).unwrap();
    drop(encoder);
    file
}

/// A JPEG with an EXIF segment that holds nothing but an orientation.
fn oriented(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    let exif = [&b"Exif\0\0II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4]].concat();
    let length = ((exif.len() + 2) as u16).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}
