//! Contact sheets: all faces at a glance, those that were nearly dropped first, so that bad ones are soon found.

mod font;

use std::{cmp::Reverse, path::Path};

use contracts::{
    ContentHash, Layout,
    config::{Alpha, CropConfig},
    id::FaceId,
    manifest::{ManifestError, Records},
    publish::{self, FileError},
    record::FaceRecord,
};
use image::{GenericImage, Rgb, RgbImage};
use rayon::prelude::*;

use crate::{
    codec,
    gate::{Measures, doubts},
    scaling::scaled,
};

/// The side of a face on a sheet in pixels.
const FACE: u32 = 96;

/// A face, two lines of writing and a gap.
const CELL: (u32, u32) = (FACE + 4, FACE + 4 + 2 * font::LINE);

/// Faces across, and rows down.
const GRID: (u32, u32) = (10, 10);

/// What the sheets were made of, so that they are not made again.
const SOURCE: &str = "made-of.sha256";

/// What the letters mean, above every list.
const LEGEND: &str = "\
# What was nearly dropped, and why: N few neighbours, W low level weight, G flat greys, B blurred, S small.
# To keep a face out for good, delete its file, or put its name into exclude.txt beside the folder of faces.
# place\tfile\tdoubts\tneighbours\tscore\tgrey_std\tsharpness\tside
";

/// A face on a sheet: of its record what is shown, so that all faces fit into memory.
struct Entry {
    face: FaceId,
    file: String,
    measures: Measures,
}

/// Draws all faces of the manifest on sheets, each with a list beside it that names the files; unless they are those of last time.
///
/// # Errors
/// When the manifest cannot be read, or the disk refuses. A face whose file is gone stays an empty place.
pub(crate) fn draw(layout: &Layout, config: &CropConfig, source: ContentHash) -> Result<(), ManifestError> {
    let folder = layout.faces_contact();
    let (source, mark) = (format!("{source}\n"), folder.join(SOURCE));
    if publish::read_text_or_empty(&mark)? == source {
        return Ok(());
    }
    let entries = in_order(layout, config)?;
    publish::publish_folder(&folder, |partial| {
        let sheets: Vec<&[Entry]> = entries.chunks((GRID.0 * GRID.1) as usize).collect();
        sheets.par_iter().enumerate().try_for_each(|(number, entries)| {
            let path = partial.join(format!("{number:05}.png"));
            sheet(layout, config, entries)
                .save(&path)
                .map_err(|error| FileError::at("write", &path)(std::io::Error::other(error)))?;
            write(&partial.join(format!("{number:05}.tsv")), &list(config, entries))
        })?;
        write(&partial.join(SOURCE), &source).map_err(ManifestError::from)
    })
}

/// The most doubtful first, then by rising level weight.
fn in_order(layout: &Layout, config: &CropConfig) -> Result<Vec<Entry>, ManifestError> {
    let entry = |face: FaceRecord| Entry { measures: Measures::of(&face), face: face.face, file: face.file };
    let faces = Records::<FaceRecord>::open(&layout.faces_manifest())?;
    let mut entries: Vec<Entry> = faces.map(|face| face.map(entry)).collect::<Result<_, _>>()?;
    let certainty = |entry: &Entry| Reverse(doubts(config, &entry.measures).len());
    entries.sort_by(|a, b| {
        let by_score = a.measures.score.total_cmp(&b.measures.score);
        certainty(a).cmp(&certainty(b)).then(by_score).then_with(|| a.face.cmp(&b.face))
    });
    Ok(entries)
}

fn sheet(layout: &Layout, config: &CropConfig, entries: &[Entry]) -> RgbImage {
    let rows = (entries.len() as u32).div_ceil(GRID.0);
    let mut sheet = RgbImage::from_pixel(GRID.0 * CELL.0, rows * CELL.1, Rgb([24; 3]));
    for (place, entry) in entries.iter().enumerate() {
        let (column, row) = (place as u32 % GRID.0, place as u32 / GRID.0);
        let (x, y) = (column * CELL.0 + 2, row * CELL.1 + 2);
        if let Some(thumbnail) = thumbnail(&layout.faces().join(&entry.file)) {
            sheet.copy_from(&thumbnail, x, y).expect("a cell has room for a face");
        }
        let name = entry.face.to_string();
        let (hash, index) = name.split_once('-').unwrap_or((&name, ""));
        let short = format!("{}-{index}", hash.get(..8).unwrap_or(hash));
        font::write(&mut sheet, (x, y + FACE + 2), &short, Rgb([200; 3]));
        font::write(&mut sheet, (x, y + FACE + 2 + font::LINE), &doubts(config, &entry.measures), Rgb([255, 160, 60]));
    }
    sheet
}

fn thumbnail(path: &Path) -> Option<RgbImage> {
    let face = codec::decode(&std::fs::read(path).ok()?, Alpha::Drop)?;
    let small = scaled(&face, FACE as usize, FACE as usize);
    let red_first = small.bytes().as_chunks().0.iter().flat_map(|[b, g, r]| [*r, *g, *b]).collect();
    RgbImage::from_raw(FACE, FACE, red_first)
}

fn list(config: &CropConfig, entries: &[Entry]) -> String {
    let line = |(place, Entry { file, measures: m, .. }): (usize, &Entry)| {
        let doubts = doubts(config, m);
        let numbers = format!("{}\t{}\t{}\t{}\t{}", m.neighbours, m.score, m.grey_std, m.sharpness, m.side);
        format!("{place}\t{file}\t{doubts}\t{numbers}\n")
    };
    LEGEND.to_owned() + &entries.iter().enumerate().map(line).collect::<String>()
}

fn write(path: &Path, content: &str) -> Result<(), FileError> {
    std::fs::write(path, content).map_err(FileError::at("write", path))
}
