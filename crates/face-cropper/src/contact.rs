//! Contact sheets: all faces at a glance, those that were nearly dropped first, so that bad ones are soon found.

mod font;

use std::path::Path;

use contracts::{
    ContentHash, Layout,
    config::{Alpha, CropConfig},
    publish::{self, FileError},
    record::FaceRecord,
};
use image::{GenericImage, Rgb, RgbImage};
use rayon::prelude::*;

use crate::{codec, gate, scaling::scaled};

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

/// A face on a sheet.
struct Entry<'a> {
    face: &'a FaceRecord,
    doubts: String,
}

/// Draws all faces on sheets, each with a list beside it that names the files; unless they are those of last time.
///
/// # Errors
/// When the disk refuses. A face whose file is gone stays an empty place.
pub(crate) fn draw(
    layout: &Layout,
    config: &CropConfig,
    faces: &[FaceRecord],
    source: ContentHash,
) -> Result<(), FileError> {
    let folder = layout.faces_contact();
    let (source, mark) = (format!("{source}\n"), folder.join(SOURCE));
    if publish::read_text_or_empty(&mark)? == source {
        return Ok(());
    }
    let entries = in_order(config, faces);
    publish::publish_folder(&folder, |partial| {
        let sheets: Vec<&[Entry<'_>]> = entries.chunks((GRID.0 * GRID.1) as usize).collect();
        sheets.par_iter().enumerate().try_for_each(|(number, entries)| {
            let path = partial.join(format!("{number:05}.png"));
            sheet(layout, entries)
                .save(&path)
                .map_err(|error| FileError::at("write", &path)(std::io::Error::other(error)))?;
            write(&partial.join(format!("{number:05}.tsv")), &list(entries))
        })?;
        write(&partial.join(SOURCE), &source)
    })
}

/// The most doubtful first, then by rising level weight.
fn in_order<'a>(config: &CropConfig, faces: &'a [FaceRecord]) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> =
        faces.iter().map(|face| Entry { face, doubts: gate::doubts(config, &gate::Measures::of(face)) }).collect();
    entries.sort_by(|a, b| {
        let by_doubts = b.doubts.len().cmp(&a.doubts.len());
        by_doubts.then(a.face.score.total_cmp(&b.face.score)).then_with(|| a.face.face.cmp(&b.face.face))
    });
    entries
}

fn sheet(layout: &Layout, entries: &[Entry<'_>]) -> RgbImage {
    let rows = (entries.len() as u32).div_ceil(GRID.0);
    let mut sheet = RgbImage::from_pixel(GRID.0 * CELL.0, rows * CELL.1, Rgb([24; 3]));
    for (place, entry) in entries.iter().enumerate() {
        let (column, row) = (place as u32 % GRID.0, place as u32 / GRID.0);
        let (x, y) = (column * CELL.0 + 2, row * CELL.1 + 2);
        if let Some(thumbnail) = thumbnail(&layout.faces().join(&entry.face.file)) {
            sheet.copy_from(&thumbnail, x, y).expect("a cell has room for a face");
        }
        let name = entry.face.face.to_string();
        let (hash, index) = name.split_once('-').unwrap_or((&name, ""));
        let short = format!("{}-{index}", hash.get(..8).unwrap_or(hash));
        font::write(&mut sheet, (x, y + FACE + 2), &short, Rgb([200; 3]));
        font::write(&mut sheet, (x, y + FACE + 2 + font::LINE), &entry.doubts, Rgb([255, 160, 60]));
    }
    sheet
}

fn thumbnail(path: &Path) -> Option<RgbImage> {
    let face = codec::decode(&std::fs::read(path).ok()?, Alpha::Drop)?;
    let small = scaled(&face, FACE as usize, FACE as usize);
    let red_first = small.bytes().as_chunks().0.iter().flat_map(|[b, g, r]| [*r, *g, *b]).collect();
    RgbImage::from_raw(FACE, FACE, red_first)
}

fn list(entries: &[Entry<'_>]) -> String {
    let line = |(place, Entry { face, doubts }): (usize, &Entry<'_>)| {
        let f = face;
        format!(
            "{place}\t{}\t{doubts}\t{}\t{}\t{}\t{}\t{}\n",
            f.file, f.neighbours, f.score, f.grey_std, f.sharpness, f.side
        )
    };
    LEGEND.to_owned() + &entries.iter().enumerate().map(line).collect::<String>()
}

fn write(path: &Path, content: &str) -> Result<(), FileError> {
    std::fs::write(path, content).map_err(FileError::at("write", path))
}
