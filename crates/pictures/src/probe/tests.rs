//! Each format whole, cut at every byte, with something behind its end, and made to look harmless.

use std::io::{BufReader, Cursor, SeekFrom};

use image::{DynamicImage, ImageFormat, RgbImage};
use proptest::prelude::*;

use super::*;
use crate::{Alpha, Narrowing, PictureFile, Reduction, medium::Unread};

const LIMIT: u64 = 100_000_000;

const FORMATS: [ImageFormat; 7] = [
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::WebP,
    ImageFormat::Gif,
    ImageFormat::Bmp,
    ImageFormat::Pnm,
    ImageFormat::Tiff,
];

/// Formats without an end mark: only decoding shows that they are cut off.
const WITHOUT_END: [ImageFormat; 2] = [ImageFormat::Pnm, ImageFormat::Tiff];

fn encoded(format: ImageFormat) -> Vec<u8> {
    sized(format, 61, 47)
}

fn sized(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8 * 3, y as u8 * 5, (x * y) as u8]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn probed(bytes: &[u8]) -> Result<(Format, u32, u32), PictureError> {
    probe(&mut Cursor::new(bytes), LIMIT).map(|probe| (probe.format, probe.width, probe.height))
}

#[track_caller]
fn is_whole(bytes: &[u8]) {
    let (_, width, height) = probed(bytes).unwrap();
    assert_eq!((width, height), (61, 47));
}

/// Whole for the probe, and for the decoders behind it, which give the same pixels as without what was added.
#[track_caller]
fn is_decoded(bytes: &[u8], plain: &[u8]) {
    is_whole(bytes);
    let decoded = |bytes: &[u8]| {
        let file = PictureFile::open(bytes, LIMIT).unwrap();
        (file.decode(Alpha::Drop, Narrowing::UpperByte).unwrap(), file.grey_preview(Reduction::Half))
    };
    assert_eq!(decoded(bytes), decoded(plain));
}

#[track_caller]
fn is_cut_off(bytes: &[u8]) {
    let probed = probed(bytes);
    assert!(matches!(probed, Err(PictureError::CutOff)), "{probed:?}");
}

/// A JPEG with an application's segment right behind its start.
fn with_segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, 0xd8, 0xff, marker], &length[..], content, &encoded(ImageFormat::Jpeg)[2..]].concat()
}

#[test]
fn whole_files_know_their_format_and_sides() {
    for format in FORMATS {
        let (found, width, height) = probed(&encoded(format)).unwrap();
        assert_eq!((found.decoder(), width, height), (format, 61, 47));
        assert_eq!(Some(&found.extension()), format.extensions_str().iter().find(|name| **name == found.extension()));
    }
}

#[test]
fn every_cut_is_noticed() {
    for format in FORMATS.into_iter().filter(|format| !WITHOUT_END.contains(format)) {
        let bytes = encoded(format);
        for cut in 0..bytes.len() {
            let probed = probed(&bytes[..cut]);
            let is_refused = match probed {
                Err(PictureError::CutOff) => true,
                Err(PictureError::UnknownFormat | PictureError::Unread(_)) => cut < Format::HEAD_BYTES,
                _ => false,
            };
            assert!(is_refused, "{format:?} cut at {cut} of {}: {probed:?}", bytes.len());
        }
    }
}

#[test]
fn what_lies_behind_the_end_does_no_harm() {
    let scan_and_no_end = b"\xff\xda\0\x0c\x03\x01\0\x02\x11\x03\x11\0\x3f\0 entropy-coded data";
    let tails: [&[u8]; 6] = [
        b"appended by some program",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08mdat\xff\xda\xff\xd8",
        b"PK\x03\x04\x14\0\0\0\x08\0PK\x05\x06\0\0\0\0\x01\0\x01\0",
        &[0xff; 100],
        scan_and_no_end,
        &encoded(ImageFormat::Jpeg)[..900],
    ];
    for format in FORMATS {
        for tail in tails {
            is_decoded(&[&encoded(format), tail].concat(), &encoded(format));
        }
    }
}

#[test]
fn further_pictures_behind_the_first_do_no_harm() {
    // The multi-picture format: an index in APP2, and the other pictures behind the end of the first.
    let first = with_segment(0xe2, b"MPF\0II*\0\x08\0\0\0\x01\0\0\xb0\x07\0\x04\0\0\x000100\0\0\0\0");
    is_decoded(&[&first[..], &encoded(ImageFormat::Jpeg)].concat(), &first);
    is_decoded(&[&first[..], &encoded(ImageFormat::Jpeg)[..700]].concat(), &first);
    is_cut_off(&first[..first.len() - 2]);
}

#[test]
fn a_thumbnail_inside_neither_ends_the_picture_nor_states_its_sides() {
    let thumbnail = sized(ImageFormat::Jpeg, 8, 6);
    let bytes = with_segment(0xe1, &[b"Exif\0\0", &thumbnail[..]].concat());
    is_decoded(&bytes, &encoded(ImageFormat::Jpeg));
    let picture_starts = bytes.len() - encoded(ImageFormat::Jpeg).len() + 2;
    is_cut_off(&bytes[..picture_starts]);
    is_cut_off(&bytes[..picture_starts - 20]);
    is_cut_off(&bytes[..bytes.len() - 2]);
}

#[test]
fn other_files_giants_and_what_has_no_pixels_are_refused() {
    assert!(matches!(probed(b"<html>503</html>"), Err(PictureError::Unread(Unread::WebPage))));
    assert!(matches!(probed(b"\0\0\0\x1cftypavif\0\0\0\0"), Err(PictureError::Unread(Unread::Avif))));
    assert!(matches!(probed(b"a letter to the editor"), Err(PictureError::UnknownFormat)));
    assert!(matches!(probed(b""), Err(PictureError::UnknownFormat)));
    let mut giant = encoded(ImageFormat::Png);
    giant[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    assert!(matches!(probed(&giant), Err(PictureError::TooLarge)));
    giant[16..20].copy_from_slice(&[0; 4]);
    assert!(matches!(probed(&giant), Err(PictureError::Damaged)));
    let bytes = encoded(ImageFormat::Gif);
    assert!(probe(&mut Cursor::new(&bytes), 61 * 47).is_ok());
    assert!(matches!(probe(&mut Cursor::new(&bytes), 61 * 47 - 1), Err(PictureError::TooLarge)));
}

#[test]
fn a_giant_frame_on_a_small_canvas_is_too_large() {
    // A screen of 10×10, and outside it a frame of 65,000×65,000 without any codes.
    let gif = b"GIF89a\x0a\0\x0a\0\0\0\0\x2c\xff\0\xff\0\xe8\xfd\xe8\xfd\0\x02\0\x3b";
    assert!(matches!(probed(gif), Err(PictureError::TooLarge)));
    // A canvas of 10×10, and on it an image of 16,384×16,384.
    let webp = b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x09\0\0\x09\0\0VP8L\x06\0\0\0\x2f\xff\xff\xff\x0f\0";
    assert!(matches!(probed(webp), Err(PictureError::TooLarge)));
}

/// A JPEG of these sides with so many scans, none of which has anything in it.
fn scans(side: u16, count: usize) -> Vec<u8> {
    let [s1, s0] = side.to_be_bytes();
    let frame = [0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, s1, s0, s1, s0, 1, 1, 0x11, 0];
    let scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0x55];
    [&frame[..], &scan.repeat(count), &[0xff, 0xd9]].concat()
}

#[test]
fn scans_are_bounded_by_the_work_that_they_make() {
    let check = |side: u16, count: usize, is_refused: bool| {
        let probed = probed(&scans(side, count));
        assert_eq!(matches!(probed, Err(PictureError::TooManyScans)), is_refused, "{side} {count}: {probed:?}");
        assert!(is_refused || probed.is_ok(), "{side} {count}: {probed:?}");
    };
    check(9000, 10, false);
    check(9000, 16, false);
    check(9000, 17, true);
    check(1000, 100, false);
    check(1000, 10_000, true);
}

/// A file that counts how often it is read.
struct Counted {
    file: Cursor<Vec<u8>>,
    reads: usize,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        self.file.read(buffer)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[test]
fn empty_parts_by_the_thousand_are_walked_a_buffer_at_a_time() {
    let head = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x09\0\0\x09\0\0";
    let mut webp = [&head[..], &b"NONE\0\0\0\0".repeat(20_000)].concat();
    let length = (webp.len() as u32 - 8).to_le_bytes();
    webp[4..8].copy_from_slice(&length);
    let png = encoded(ImageFormat::Png);
    let png = [&png[..33], &b"\0\0\0\0noNe\0\0\0\0".repeat(20_000), &png[33..]].concat();
    let gif = encoded(ImageFormat::Gif);
    let gif = [&gif[..gif.len() - 1], &b"\x21\xfe\0".repeat(20_000), &b"\x3b"[..]].concat();
    for file in [webp, png, gif] {
        let buffers = file.len() / 8192;
        let mut reader = BufReader::with_capacity(8192, Counted { file: Cursor::new(file), reads: 0 });
        let probe = probe(&mut reader, LIMIT).unwrap();
        let _ = crate::upright_sides(&mut reader, &probe).unwrap();
        let reads = reader.get_ref().reads;
        assert!(reads < 3 * buffers + 20, "{:?}: {reads} reads of {buffers} buffers", probe.format);
    }
}

#[test]
fn a_field_of_a_tiff_file_that_is_longer_than_the_file_is_refused_before_there_is_room_for_it() {
    let mut bytes = encoded(ImageFormat::Tiff);
    // The predictor, one short: of four million decoders would make 134 MB.
    let predictor = bytes.windows(8).position(|entry| entry == b"\x3d\x01\x03\0\x01\0\0\0").unwrap();
    bytes[predictor + 4..predictor + 8].copy_from_slice(&4_194_305_u32.to_le_bytes());
    let (probed, held) = fuzz::most_held(|| probed(&bytes));
    assert!(matches!(probed, Err(PictureError::Damaged)) && held < 1 << 20, "{probed:?}, {held} bytes held");
}

#[test]
fn segments_that_fill_lists_are_bounded() {
    let check = |count: usize, is_refused: bool| {
        let jpeg = encoded(ImageFormat::Jpeg);
        let flooded = [&jpeg[..2], &b"\xff\xe1\0\x02".repeat(count), &jpeg[2..]].concat();
        let probed = probed(&flooded);
        assert_eq!(matches!(probed, Err(PictureError::TooManyScans)), is_refused, "{count}: {probed:?}");
        assert!(is_refused || probed.is_ok(), "{count}: {probed:?}");
    };
    check(9_900, false);
    check(10_001, true);
}

#[test]
fn a_bitmap_whose_head_misstates_the_file_is_measured_by_its_pixels() {
    let mut bytes = encoded(ImageFormat::Bmp);
    bytes[2..6].copy_from_slice(&u32::MAX.to_le_bytes());
    is_whole(&bytes);
    is_cut_off(&bytes[..bytes.len() - 1]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_hang(at in 0..3000usize, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for format in FORMATS {
            let mut damaged = encoded(format);
            let start = at.min(damaged.len());
            let end = (start + bytes.len()).min(damaged.len());
            damaged[start..end].copy_from_slice(&bytes[..end - start]);
            let _ = probed(&damaged);
            let _ = probed(&[&damaged[..Format::HEAD_BYTES], &bytes].concat());
        }
    }
}
