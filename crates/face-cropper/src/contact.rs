//! Contact sheets: all faces at a glance, those that were nearly dropped first, so that bad ones are soon found.

use std::path::Path;

use contracts::{
    ContentHash, Layout,
    config::CropConfig,
    crops,
    id::FaceId,
    manifest::{ManifestError, Records},
    publish::{self, FileError},
    record::FaceRecord,
    sorter::{Entry, SortKey as _, Sorted, Sorter},
};
use pictures::{Alpha, Caption, Encoding, Narrowing, PictureFile, Rgb, Sheet, Tile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{gate::borderline_reasons, measures::Measures};

/// The side of a face on a sheet in pixels.
const FACE: u32 = 96;

/// A face, its name below it and why it is borderline below that.
const SHEET: Sheet = Sheet { side: FACE, margin: 2, lines: 2, background: [24; 3] };

/// Faces in a row of a sheet.
const COLUMNS: usize = 10;

/// Faces on a sheet: ten rows, which a screen shows at once.
const FACES: usize = 100;

/// The colour of faces' names.
const GREY: [u8; 3] = [200; 3];

/// The colour of reasons, which are to be seen first.
const ORANGE: [u8; 3] = [255, 160, 60];

/// What the sheets were made of, so that they are not made again.
const SOURCE: &str = "made-of.sha256";

/// What the letters mean, above every list.
const LEGEND: &str = "\
# What was nearly dropped, and why: N few neighbours, W low level weight, C low confidence, G flat greys, B blurred, S small.
# To keep a face out for good, put its name into exclude.txt beside the folder of faces, or delete its file where it is no part of a tar.
# index\tfile\tborderline\tneighbours\tscore\tgrey_std\tsharpness\tside\tconfidence
";

/// How many sheets are drawn before more faces are read.
const SHEETS_AT_ONCE: usize = 64;

/// A face on a sheet: of its record what is shown.
#[derive(Serialize, Deserialize)]
struct Shown {
    face: FaceId,
    file: String,
    angle: f64,
    measures: Measures,
}

/// Draws all faces of the manifest on sheets, each with a list beside it that names the files; unless they are those of last time.
///
/// # Errors
/// When the manifest cannot be read, or the disk refuses. A face whose file is gone stays an empty cell.
pub(crate) fn draw(layout: &Layout, config: &CropConfig, source: ContentHash) -> Result<(), ManifestError> {
    let folder = layout.faces_contact();
    let (source, mark) = (format!("{source}\n"), folder.join(SOURCE));
    if publish::read_text_or_empty(&mark)? == source {
        return Ok(());
    }
    let mut faces = in_order(layout, config)?;
    publish::publish_folder(&folder, |partial| {
        let mut faces = faces.entries().map(|face| face.map(|face| shown(&face)));
        for first in (0..).step_by(SHEETS_AT_ONCE) {
            let faces: Vec<Shown> = faces.by_ref().take(FACES * SHEETS_AT_ONCE).collect::<Result<_, _>>()?;
            if faces.is_empty() {
                break;
            }
            let draw =
                |(number, faces)| draw_sheet(layout, config, faces, &partial.join(format!("{:05}", first + number)));
            faces.par_chunks(FACES).enumerate().try_for_each(draw)?;
        }
        write(&partial.join(SOURCE), source.as_bytes()).map_err(ManifestError::from)
    })
}

/// Draws a sheet, and writes its list beside it.
fn draw_sheet(layout: &Layout, config: &CropConfig, faces: &[Shown], path: &Path) -> Result<(), FileError> {
    let picture = path.with_extension("png");
    let image = sheet(layout, config, faces).encode(Encoding::Png);
    let image = image.map_err(|error| FileError::at("write", &picture)(std::io::Error::other(error)))?;
    write(&picture, &image)?;
    write(&path.with_extension("tsv"), list(config, faces).as_bytes())
}

/// By rising confidence; without one the most borderline first, then by rising level weight.
fn in_order(layout: &Layout, config: &CropConfig) -> Result<Sorted, ManifestError> {
    let mut sorter = Sorter::beside(&layout.faces_manifest().with_extension("contact"));
    for face in Records::<FaceRecord>::open(&layout.faces_manifest())? {
        let face = face?;
        let shown = Shown { measures: Measures::of(&face), angle: face.angle, face: face.face, file: face.file };
        let json = serde_json::to_vec(&shown).unwrap_or_else(|error| unreachable!("plain JSON: {error}"));
        sorter.push(&place(&shown, config), &json)?;
    }
    Ok(sorter.sorted()?)
}

fn shown(entry: &Entry) -> Shown {
    serde_json::from_slice(entry.value()).unwrap_or_else(|error| unreachable!("it was written so: {error}"))
}

/// What a face is sorted by.
fn place(face: &Shown, config: &CropConfig) -> Vec<u8> {
    let Measures { confidence, score, .. } = face.measures;
    // Where there is a confidence it says best what to look at first; faces of earlier versions have none, and stay behind.
    let confidence = ascending(confidence.unwrap_or(f64::INFINITY));
    let certainty = u8::MAX - borderline_reasons(config, &face.measures).len() as u8;
    [&confidence[..], &[certainty], &ascending(score), &face.face.sort_bytes()].concat()
}

/// Bytes that compare as [`f64::total_cmp`] does.
fn ascending(number: f64) -> [u8; 8] {
    let bits = number.to_bits();
    let flipped = if number.is_sign_negative() { u64::MAX } else { 1 << 63 };
    (bits ^ flipped).to_be_bytes()
}

fn sheet(layout: &Layout, config: &CropConfig, faces: &[Shown]) -> Rgb {
    let tile = |face: &Shown| Tile {
        image: thumbnail(layout, &face.file, config),
        frame: None,
        captions: vec![
            Caption { text: short_name(&face.face), colour: GREY },
            Caption { text: borderline_reasons(config, &face.measures) + &turn(face.angle), colour: ORANGE },
        ],
    };
    SHEET.grid(COLUMNS, &faces.iter().map(tile).collect::<Vec<_>>())
}

/// How far a face is turned, behind its reasons; nothing of one that is not.
fn turn(angle: f64) -> String {
    if angle == 0.0 { String::new() } else { format!(" {angle:+}") }
}

/// The start of the picture's hash and the face's index: enough to find it in the list.
fn short_name(face: &FaceId) -> String {
    let name = face.to_string();
    let (hash, index) = name.split_once('-').unwrap_or((&name, ""));
    format!("{}-{index}", hash.get(..8).unwrap_or(hash))
}

fn thumbnail(layout: &Layout, face: &str, config: &CropConfig) -> Option<Rgb> {
    let bytes = crops::read(layout, face).ok()?;
    let file = PictureFile::open(&bytes, u64::from(config.max_megapixels) * 1_000_000).ok()?;
    Some(file.decode(Alpha::Drop, Narrowing::UpperByte).ok()?.scaled(FACE, FACE))
}

fn list(config: &CropConfig, faces: &[Shown]) -> String {
    let line = |(index, Shown { file, measures: m, .. }): (usize, &Shown)| {
        let reasons = borderline_reasons(config, m);
        let numbers = format!("{}\t{}\t{}\t{}\t{}", m.neighbours, m.score, m.grey_std, m.sharpness, m.side);
        let confidence = m.confidence.map_or_else(String::new, |confidence| confidence.to_string());
        format!("{index}\t{file}\t{reasons}\t{numbers}\t{confidence}\n")
    };
    LEGEND.to_owned() + &faces.iter().enumerate().map(line).collect::<String>()
}

fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    std::fs::write(path, content).map_err(FileError::at("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_as_their_bytes() {
        let ascending_numbers = [f64::NEG_INFINITY, -2.5, -1e-300, -0.0, 0.0, 1e-300, 0.3, 7.0, f64::INFINITY];
        assert!(ascending_numbers.is_sorted_by_key(|number| ascending(*number)));
    }
}
