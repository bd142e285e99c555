//! Contact sheets: all faces at a glance, those that were nearly dropped first, so that bad ones are soon found.

use std::{cmp::Reverse, path::Path};

use contracts::{
    ContentHash, Layout,
    config::CropConfig,
    crops,
    id::FaceId,
    manifest::{ManifestError, Records},
    publish::{self, FileError},
    record::FaceRecord,
};
use pictures::{Alpha, Caption, Encoding, Narrowing, PictureFile, Rgb, Sheet, Tile};
use rayon::prelude::*;

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
# What was nearly dropped, and why: N few neighbours, W low level weight, G flat greys, B blurred, S small.
# To keep a face out for good, put its name into exclude.txt beside the folder of faces, or delete its file where it is no part of a tar.
# index\tfile\tborderline\tneighbours\tscore\tgrey_std\tsharpness\tside
";

/// A face on a sheet: of its record what is shown, so that all faces fit into memory.
struct Entry {
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
    let entries = in_order(layout, config)?;
    publish::publish_folder(&folder, |partial| {
        entries.par_chunks(FACES).enumerate().try_for_each(|(number, entries)| {
            let path = partial.join(format!("{number:05}.png"));
            let image = sheet(layout, config, entries).encode(Encoding::Png);
            let image = image.map_err(|error| FileError::at("write", &path)(std::io::Error::other(error)))?;
            write(&path, &image)?;
            write(&partial.join(format!("{number:05}.tsv")), list(config, entries).as_bytes())
        })?;
        write(&partial.join(SOURCE), source.as_bytes()).map_err(ManifestError::from)
    })
}

/// By rising confidence; without one the most borderline first, then by rising level weight.
fn in_order(layout: &Layout, config: &CropConfig) -> Result<Vec<Entry>, ManifestError> {
    let entry =
        |face: FaceRecord| Entry { measures: Measures::of(&face), angle: face.angle, face: face.face, file: face.file };
    let faces = Records::<FaceRecord>::open(&layout.faces_manifest())?;
    let mut entries: Vec<Entry> = faces.map(|face| face.map(entry)).collect::<Result<_, _>>()?;
    let certainty = |entry: &Entry| Reverse(borderline_reasons(config, &entry.measures).len());
    // Where there is a confidence it says best what to look at first; faces of earlier versions have none, and stay behind.
    let confidence = |entry: &Entry| entry.measures.confidence.unwrap_or(f64::INFINITY);
    entries.sort_by(|a, b| {
        let by_confidence = confidence(a).total_cmp(&confidence(b));
        let by_score = a.measures.score.total_cmp(&b.measures.score);
        by_confidence.then(certainty(a).cmp(&certainty(b))).then(by_score).then_with(|| a.face.cmp(&b.face))
    });
    Ok(entries)
}

fn sheet(layout: &Layout, config: &CropConfig, entries: &[Entry]) -> Rgb {
    let tile = |entry: &Entry| Tile {
        image: thumbnail(layout, &entry.file, config),
        frame: None,
        captions: vec![
            Caption { text: short_name(&entry.face), colour: GREY },
            Caption { text: borderline_reasons(config, &entry.measures) + &turn(entry.angle), colour: ORANGE },
        ],
    };
    SHEET.grid(COLUMNS, &entries.iter().map(tile).collect::<Vec<_>>())
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

fn list(config: &CropConfig, entries: &[Entry]) -> String {
    let line = |(index, Entry { file, measures: m, .. }): (usize, &Entry)| {
        let reasons = borderline_reasons(config, m);
        let numbers = format!("{}\t{}\t{}\t{}\t{}", m.neighbours, m.score, m.grey_std, m.sharpness, m.side);
        format!("{index}\t{file}\t{reasons}\t{numbers}\n")
    };
    LEGEND.to_owned() + &entries.iter().enumerate().map(line).collect::<String>()
}

fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    std::fs::write(path, content).map_err(FileError::at("write", path))
}
