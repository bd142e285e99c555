//! Hostile picture files of all formats that are read.

use std::io::Cursor;

use fuzz::Target;
use image::{DynamicImage, ImageFormat, RgbaImage};

use crate::{Alpha, Format, Narrowing, PictureFile, Reduction, decode::verify, medium::Medium};

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

/// Pixels of the largest picture that is decoded here: many times the seeds'.
const MAX_PIXELS: u64 = 1 << 16;

/// What decoders may take beside the pixels of such a picture.
const MAX_MEMORY: usize = 72 << 20;

/// A picture of some colours, half of it transparent, in a format.
fn encoded(format: ImageFormat, deep: bool) -> Vec<u8> {
    let rgba =
        RgbaImage::from_fn(24, 17, |x, y| image::Rgba([x as u8 * 9, y as u8 * 13, (x * y) as u8, (x % 2 * 255) as u8]));
    let picture = DynamicImage::from(rgba);
    let picture = match format {
        ImageFormat::Png if deep => DynamicImage::from(picture.into_rgba16()),
        ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif => picture,
        _ => DynamicImage::from(picture.into_rgb8()),
    };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn read(bytes: &[u8]) -> Result<(), String> {
    let _ = Medium::of(bytes);
    let file = PictureFile::open(bytes, MAX_PIXELS).map_err(|error| error.to_string())?;
    let verified = verify(&mut Cursor::new(bytes), file.probe()).is_ok();
    let decoded = [(Alpha::White, Narrowing::Nearest), (Alpha::Drop, Narrowing::UpperByte)]
        .map(|(alpha, narrowing)| file.decode(alpha, narrowing));
    let [Ok(one), Ok(other)] = decoded else { return Err("it is damaged".into()) };
    // What is checked without being kept is what is decoded.
    assert!(verified && one.sides() == other.sides() && one.area() <= MAX_PIXELS);
    for reduction in [Reduction::None, Reduction::Half, Reduction::Quarter, Reduction::Eighth] {
        if let Some(preview) = file.grey_preview(reduction) {
            let side = |side: u32| side.div_ceil(reduction.divisor());
            assert_eq!((file.probe().format, preview.sides()), (Format::Jpeg, (side(one.width()), side(one.height()))));
        }
    }
    Ok(())
}

fn target(name: &'static str, seeds: &[Vec<u8>]) -> Target {
    Target::new(name, seeds, read).max_memory(MAX_MEMORY).executions(500)
}

#[test]
fn png_files() {
    let words = ["IHDR", "IDAT", "PLTE", "tRNS", "acTL", "fcTL", "fdAT", "iCCP", "zTXt", "iTXt", "eXIf", "IEND"];
    let seeds = [encoded(ImageFormat::Png, false), encoded(ImageFormat::Png, true)];
    target("png_files", &seeds).words(&words).repair(|png| fuzz::sum_png_chunks(png)).run();
}

#[test]
fn jpeg_files() {
    let words: [&[u8]; 12] = [
        b"\xff\xd8",
        b"\xff\xc0",
        b"\xff\xc2",
        b"\xff\xdb\0\x43",
        b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01",
        b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x02",
        b"\xff\xda",
        b"\xff\xc4",
        b"\xff\xdd",
        b"\xff\xd0",
        b"\xff\xd9",
        b"\xff\xe1\x00\x20Exif\0\0II*\0",
    ];
    let kinds: [&[u8]; 7] = [
        include_bytes!("../tests/jpeg/420.jpg"),
        include_bytes!("../tests/jpeg/441.jpg"),
        include_bytes!("../tests/jpeg/progressive-420.jpg"),
        include_bytes!("../tests/jpeg/progressive-some.jpg"),
        include_bytes!("../tests/jpeg/restarts.jpg"),
        include_bytes!("../tests/jpeg/scan-by-scan.jpg"),
        include_bytes!("../tests/jpeg/cmyk.jpg"),
    ];
    let seeds: Vec<Vec<u8>> = kinds.map(Vec::from).into_iter().chain([encoded(ImageFormat::Jpeg, false)]).collect();
    target("jpeg_files", &seeds).words(&words).run();
}

#[test]
fn gif_files() {
    let words: [&[u8]; 5] = [b"GIF89a", b"\x2c\0\0\0\0\xff\xff\xff\xff\0", b"\x21\xf9\x04", b"\x21\xff\x0b", b"\x3b"];
    target("gif_files", &[encoded(ImageFormat::Gif, false)]).words(&words).run();
}

#[test]
fn webp_files() {
    let words = ["RIFF", "WEBP", "VP8 ", "VP8L", "VP8X", "ANIM", "ANMF", "ALPH", "ICCP", "EXIF"];
    target("webp_files", &[encoded(ImageFormat::WebP, false)]).words(&words).run();
}

#[test]
fn bmp_pnm_and_tiff_files() {
    let formats = [ImageFormat::Bmp, ImageFormat::Pnm, ImageFormat::Tiff];
    let words: [&[u8]; 7] = [b"BM", b"P5\n", b"P6\n9 9 255\n", b"P7\nWIDTH ", b"II*\0", b"MM\0*", b"\0\x01\x03\0"];
    target("bmp_pnm_and_tiff_files", &formats.map(|format| encoded(format, false))).words(&words).run();
}
