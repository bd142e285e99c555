//! Files of every kind against Python's cv2, from hashes that tests/oracles/jpeg_pixels.py recorded.

use super::*;
use crate::{Alpha, Narrowing, PictureFile, golden, pixels::Pixels};

macro_rules! files {
    ($($name:literal)*) => { [$(($name, include_bytes!(concat!("../../tests/jpeg/", $name, ".jpg")).as_slice())),*] };
}

/// The files, as they are called in the list of hashes.
const FILES: [(&str, &[u8]); 51] = files!["444" "422" "420" "440" "411" "410" "441" "colours-finer" "mixed" "thirds" "fractions"
    "grey" "grey-sampled" "best" "worst" "sixteen-bit-tables" "narrow-422" "narrow-420" "one-pixel" "progressive-444"
    "progressive-422" "progressive-420" "progressive-grey" "progressive-restarts" "progressive-means" "progressive-some"
    "progressive-most" "progressive-grey-means" "progressive-unknown-mean" "scan-by-scan" "scans-of-two" "scan-missing"
    "restarts" "restart-lost" "restart-out-of-turn" "restart-jumped" "filled" "ended-early" "progressive-ended-early"
    "flipped-bits" "cmyk" "cmyk-unmarked" "ycck" "adobe-rgb" "adobe-ycc" "unmarked-rgb" "jfif-and-adobe-rgb" "no-codes"
    "arithmetic" "twelve-bits" "lossless"];

fn described<const CHANNELS: usize>(decoded: Result<Pixels<CHANNELS>>) -> String {
    decoded.map_or("refused".into(), |pixels| golden::described(&pixels))
}

#[test]
fn files_of_every_kind_give_the_pixels_of_cv2() {
    // cv2 decodes these too; nobody writes them.
    const REFUSED: &str = "arithmetic";
    let mut differences = Vec::new();
    for line in include_str!("../../tests/jpeg/pixels.txt").lines() {
        let [name, kind, divisor, expected] = line.splitn(4, ' ').collect::<Vec<_>>().try_into().unwrap();
        let file = FILES.iter().find(|(known, _)| *known == name).unwrap().1;
        let all = [Reduction::None, Reduction::Half, Reduction::Quarter, Reduction::Eighth];
        let reduction = all.into_iter().find(|reduction| reduction.divisor().to_string() == divisor).unwrap();
        let found = match kind {
            "rgb" => described(decode(file, reduction)),
            _ => described(decode_grey(file, reduction).and_then(|grey| grey.ok_or(PictureError::Damaged))),
        };
        if found != if name == REFUSED { "refused" } else { expected } {
            differences.push(format!("{name} {kind} {divisor}: {found}, not {expected}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A file of these sides and components' sampling factors, whose scan holds nothing.
fn empty(marker: u8, (width, height): (u16, u16), samplings: &[u8]) -> Vec<u8> {
    let segment =
        |marker: u8, content: &[u8]| [&[0xff, marker], &(content.len() as u16 + 2).to_be_bytes()[..], content].concat();
    let ([w1, w0], [h1, h0], count) = (width.to_be_bytes(), height.to_be_bytes(), samplings.len() as u8);
    let listed: Vec<u8> = (1..).zip(samplings).flat_map(|(id, sampling)| [id, *sampling, 0]).collect();
    let in_scan = count.min(4);
    let scanned: Vec<u8> = (1..=in_scan).flat_map(|id| [id, 0]).collect();
    let last = if marker == 0xc2 { 0 } else { 63 };
    [
        vec![0xff, 0xd8],
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(marker, &[&[8, h1, h0, w1, w0, count][..], &listed].concat()),
        segment(0xda, &[&[in_scan][..], &scanned, &[0, last, 0]].concat()),
        vec![0x55, 0xff, 0xd9],
    ]
    .concat()
}

#[test]
fn no_head_has_more_memory_taken_than_its_probe_says() {
    /// Tables and rows, and units that stick out of pictures a pixel high.
    const EXTRA: u64 = 20 << 20;
    let check = |marker: u8, sides: (u16, u16), samplings: &[u8]| {
        let file = empty(marker, sides, samplings);
        let opened = PictureFile::open(&file, u64::MAX).unwrap();
        for reduction in [Reduction::None, Reduction::Eighth] {
            let (_, held) = fuzz::most_held(|| {
                drop(opened.decode(Alpha::White, Narrowing::Nearest));
                opened.grey_preview(reduction)
            });
            let stated = opened.probe().decoding_bytes() + EXTRA;
            assert!(held as u64 <= stated, "{marker:x} {sides:?} {samplings:x?}: {held} of {stated} bytes");
        }
    };
    for marker in [0xc0, 0xc2] {
        for sides in [(65_500, 1), (1, 65_500), (3000, 1000)] {
            for samplings in [&[0x11; 1][..], &[0x11; 3], &[0x11; 4], &[0x44, 0x11, 0x11], &[0x11, 0x44, 0x44, 0x11]] {
                check(marker, sides, samplings);
            }
            // Kinds of pictures that nobody decodes: as many components as can be stated.
            check(marker, sides, &[0x44; 255]);
            check(marker, sides, &[]);
        }
    }
}
