//! Files of every kind against Python's cv2, from hashes that tests/oracles/jpeg_pixels.py recorded.

use super::*;
use crate::{golden, pixels::Pixels};

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
