//! What the stages count on: formats, depths, transparency, orientation, and files made to break decoders.

use image::{GrayImage, ImageBuffer, ImageFormat, Luma, RgbImage, RgbaImage};
use proptest::prelude::*;

use super::*;
use crate::golden;

const LIMIT: u64 = 1_000_000;

fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn decoded(bytes: &[u8], alpha: Alpha, narrowing: Narrowing) -> Result<Rgb, PictureError> {
    PictureFile::open(bytes, LIMIT)?.decode(alpha, narrowing)
}

macro_rules! files {
    ($($name:literal)*) => { [$(($name, include_bytes!(concat!("../../tests/imread/", $name)).as_slice())),*] };
}

/// What tests/oracles/imread_pixels.py made, and Python's cv2 read.
const FILES: [(&str, &[u8]); 22] = files!["alpha.png" "colour-key.png" "grey-alpha.png" "grey.png" "lossless-alpha.webp" "one-bit.png" "orientation-1.jpg" "orientation-2.jpg" "orientation-3.jpg" "orientation-4.jpg" "orientation-5.jpg" "orientation-6.jpg" "orientation-7.jpg" "orientation-8.jpg" "palette-four-bits.png" "palette-transparent.png" "palette.bmp" "palette.png" "plain.bmp" "sixteen-bits-grey.png" "sixteen-bits-rgb.png" "sixteen-bits-rgba.png"];

#[test]
fn depths_palettes_transparency_and_orientations_are_read_as_cv2_reads_them() {
    for (line, (name, file)) in include_str!("../../tests/imread/pixels.txt").lines().zip(FILES) {
        let found = golden::described(&decoded(file, Alpha::Drop, Narrowing::UpperByte).unwrap());
        assert_eq!(format!("{name} {found}"), line);
    }
}

fn gradient() -> RgbImage {
    RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8 * 6, y as u8 * 8, (x + y) as u8]))
}

#[test]
fn every_format_is_read_by_its_content() {
    let decoded = |format| decoded(&file(&gradient().into(), format), Alpha::Drop, Narrowing::Nearest).unwrap();
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Pnm] {
        assert_eq!(decoded(format).bytes(), gradient().as_raw());
    }
    for format in [ImageFormat::Jpeg, ImageFormat::Gif] {
        assert_eq!(decoded(format).sides(), (40, 30));
    }
}

#[test]
fn sixteen_bits_become_eight_as_asked_for() {
    let check = |value: u16, upper: u8, nearest: u8| {
        let bytes = file(&ImageBuffer::from_pixel(2, 2, Luma([value])).into(), ImageFormat::Png);
        let pixel = |narrowing| decoded(&bytes, Alpha::Drop, narrowing).unwrap().pixel(1, 0);
        assert_eq!((pixel(Narrowing::UpperByte), pixel(Narrowing::Nearest)), ([upper; 3], [nearest; 3]), "{value:#x}");
    };
    check(0x8080, 128, 128);
    check(0x80ff, 128, 128);
    check(0x01ff, 1, 2);
    check(0xffff, 255, 255);
}

#[test]
fn transparency_is_dropped_or_lies_on_white() {
    let check = |pixel: [u8; 4], on_white: [u8; 3]| {
        let bytes = file(&RgbaImage::from_pixel(2, 2, image::Rgba(pixel)).into(), ImageFormat::Png);
        let [red, green, blue, _] = pixel;
        let found = |alpha| decoded(&bytes, alpha, Narrowing::Nearest).unwrap().pixel(1, 1);
        assert_eq!((found(Alpha::Drop), found(Alpha::White)), ([red, green, blue], on_white));
    };
    check([10, 20, 30, 255], [10, 20, 30]);
    check([10, 20, 30, 0], [255, 255, 255]);
    check([0, 100, 255, 51], [204, 224, 255]); // a fifth of the colour, four fifths of white
}

/// A grey JPEG of 16×8 pixels, dark on the left, whose EXIF orientation is 6: to be turned to the right.
fn lying() -> Vec<u8> {
    let picture = GrayImage::from_fn(16, 8, |x, _| Luma([if x < 8 { 20 } else { 220 }]));
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&[0xff, 0xd8, 0xff, 0xe1], &length[..], exif, &file(&picture.into(), ImageFormat::Jpeg)[2..]].concat()
}

#[test]
fn pictures_are_turned_upright_and_their_previews_too() {
    let bytes = lying();
    let opened = PictureFile::open(&bytes, LIMIT).unwrap();
    assert_eq!((opened.probe().width, opened.probe().height), (16, 8), "as stored");
    let upright = opened.decode(Alpha::Drop, Narrowing::UpperByte).unwrap();
    assert_eq!(upright.sides(), (8, 16));
    assert!(upright.pixel(3, 2)[0] < 60 && upright.pixel(3, 13)[0] > 180);
    let preview = opened.grey_preview(crate::Reduction::Half).unwrap();
    assert_eq!(preview.sides(), (4, 8));
    assert!(preview.pixel(1, 1)[0] < 60 && preview.pixel(1, 6)[0] > 180);
    let png = file(&gradient().into(), ImageFormat::Png);
    assert_eq!(PictureFile::open(&png, LIMIT).unwrap().grey_preview(crate::Reduction::Half), None);
}

#[test]
fn verifying_sees_what_a_probe_cannot() {
    let mut bytes = file(&gradient().into(), ImageFormat::Png);
    let probe = *PictureFile::open(&bytes, LIMIT).unwrap().probe();
    verify(&mut Cursor::new(&bytes), &probe).unwrap();
    let data = bytes.windows(4).position(|name| name == b"IDAT").unwrap() + 4;
    bytes[data..data + 20].fill(0x55);
    assert!(PictureFile::open(&bytes, LIMIT).is_ok(), "its chunks are all there");
    assert!(matches!(verify(&mut Cursor::new(&bytes), &probe), Err(PictureError::Damaged)));
}

proptest! {
    #[test]
    fn no_damage_ends_more_than_the_picture(at in 0..3000usize, bytes in prop::collection::vec(any::<u8>(), 1..40)) {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp] {
            let mut damaged = file(&gradient().into(), format);
            let start = at.min(damaged.len());
            let end = (start + bytes.len()).min(damaged.len());
            damaged[start..end].copy_from_slice(&bytes[..end - start]);
            if let Ok(opened) = PictureFile::open(&damaged, LIMIT) {
                let _ = opened.decode(Alpha::White, Narrowing::Nearest);
                let _ = opened.grey_preview(crate::Reduction::Quarter);
            }
        }
    }
}

/// A picture, lying where the format says so, and the file that it is read from.
fn large(picture: DynamicImage, format: ImageFormat) -> Vec<u8> {
    // EXIF orientation 6, as PNG has it in a chunk.
    let block = b"eXIfMM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut bytes = file(&picture, format);
    if format == ImageFormat::Png {
        // Behind the signature and `IHDR`.
        let chunk = [&(block.len() as u32 - 4).to_be_bytes()[..], block, &[0; 4]].concat();
        bytes.splice(33..33, chunk);
        fuzz::sum_png_chunks(&mut bytes);
    }
    bytes
}

#[test]
fn no_format_and_depth_takes_more_memory_than_the_probe_says() {
    const SIDES: (u32, u32) = (800, 625);
    /// Tables, rows and windows of the decoders.
    const EXTRA: u64 = 1 << 20;
    let blank = DynamicImage::new_rgba8(SIDES.0, SIDES.1);
    let (deep, wide) = (DynamicImage::from(blank.to_rgba16()), DynamicImage::from(blank.to_rgba32f()));
    let opaque = DynamicImage::from(blank.to_rgb8());
    for (picture, format) in [
        (&blank, ImageFormat::Png),
        (&deep, ImageFormat::Png),
        (&DynamicImage::from(blank.to_luma_alpha16()), ImageFormat::Png),
        (&blank, ImageFormat::WebP),
        (&blank, ImageFormat::Gif),
        (&blank, ImageFormat::Bmp),
        (&opaque, ImageFormat::Jpeg),
        (&opaque, ImageFormat::Pnm),
        (&blank, ImageFormat::Tiff),
        (&deep, ImageFormat::Tiff),
        (&wide, ImageFormat::Tiff),
    ] {
        let bytes = large(picture.clone(), format);
        for (alpha, narrowing) in [(Alpha::White, Narrowing::Nearest), (Alpha::Drop, Narrowing::UpperByte)] {
            let file = PictureFile::open(&bytes, u64::MAX).unwrap();
            let (decoded, held) = fuzz::most_held(|| file.decode(alpha, narrowing).unwrap());
            let turned = format == ImageFormat::Png;
            assert_eq!(decoded.sides(), if turned { (SIDES.1, SIDES.0) } else { SIDES });
            let stated = file.probe().decoding_bytes();
            let a_pixel = held as f64 / file.probe().area() as f64;
            assert!(held as u64 <= stated + EXTRA, "{format:?} {:?}: {a_pixel:.1} bytes a pixel", picture.color());
        }
        let file = PictureFile::open(&bytes, u64::MAX).unwrap();
        let (verified, held) = fuzz::most_held(|| verify(&mut Cursor::new(&bytes), file.probe()));
        let stated = file.probe().decoding_bytes();
        assert!(held as u64 <= stated + EXTRA, "{format:?} {:?}: {held} of {stated} bytes", picture.color());
        verified.unwrap();
    }
}

#[test]
fn what_takes_more_than_twelve_bytes_a_pixel_counts_as_more_pixels() {
    let wide = file(&DynamicImage::new_rgba32f(100, 100), ImageFormat::Tiff);
    assert!(matches!(PictureFile::open(&wide, 20_000), Err(PictureError::TooLarge)));
    assert_eq!(PictureFile::open(&wide, 30_000).unwrap().probe().area(), 10_000);
    let plain = file(&DynamicImage::new_rgba8(100, 100), ImageFormat::Tiff);
    assert!(PictureFile::open(&plain, 10_000).is_ok());
}
