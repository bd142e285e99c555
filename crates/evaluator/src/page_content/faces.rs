//! The crops: those that were kept, and among them those that were nearly left out.

use std::collections::BTreeMap;

use contracts::{
    Layout, crops,
    id::PostId,
    manifest::{ManifestError, Records},
    publish,
    record::FaceRecord,
};
use dataset::evenly;
use pictures::{Rgb, Sheet, Tile};

use super::embedded::{EmbedError, Embedded, decode};

/// The side of a face on a sheet in pixels.
const FACE: u32 = 96;
/// Faces of each sheet, and columns.
const MAX_FACES: usize = 48;
const COLUMNS: usize = 12;
/// The most bytes of a sheet.
const MAX_BYTES: usize = 400_000;

/// Pictures of one size in a grid, as one picture of which a page shows parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tiles {
    pub(crate) sheet: Embedded,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// What a page shows of the crops.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Faces {
    /// How many were kept.
    pub(crate) count: u64,
    /// Some of them, from all over the records.
    pub(crate) kept: Option<Tiles>,
    /// The most doubtful, the worst first.
    pub(crate) doubtful: Option<(Tiles, Vec<Doubtful>)>,
}

/// A face that was nearly left out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Doubtful {
    /// Its file, as the cropper's list names it.
    pub(crate) file: String,
    /// Why: a letter a gate, as the cropper's list has them.
    pub(crate) reasons: String,
    pub(crate) post: Option<PostId>,
    /// How far it is turned, in degrees, clockwise.
    pub(crate) angle: f64,
}

/// Why the crops cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FacesError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

impl Faces {
    /// Reads the crop stage's records and its list of doubtful faces.
    ///
    /// # Errors
    /// When there are no records or they are damaged. A face whose file is gone stays an empty cell.
    pub(super) fn read(layout: &Layout) -> Result<Self, FacesError> {
        let list = publish::read_text_or_empty(&layout.faces_contact_list(0)).map_err(ManifestError::from)?;
        let mut doubtful = listed(&list);
        let files: BTreeMap<String, usize> =
            doubtful.iter().enumerate().map(|(index, face)| (face.file.clone(), index)).collect();
        let mut kept = Thinned::default();
        for face in Records::<FaceRecord>::open(&layout.faces_manifest())? {
            let FaceRecord { file, post, angle, .. } = face?;
            if let Some(index) = files.get(&file) {
                (doubtful[*index].post, doubtful[*index].angle) = (Some(post), angle);
            }
            kept.push(file);
        }
        // Whoever was deleted by hand since the list was made is in no record.
        doubtful.retain(|face| face.post.is_some());
        let sheet = |files: &mut dyn Iterator<Item = &String>| tiles(layout, files);
        Ok(Self {
            count: kept.seen as u64,
            kept: sheet(&mut evenly(kept.files.len(), MAX_FACES).map(|index| &kept.files[index]))?,
            doubtful: sheet(&mut doubtful.iter().map(|face| &face.file))?.map(|tiles| (tiles, doubtful)),
        })
    }
}

/// The faces of the cropper's list that have a reason: `index, file, reasons, …`, tabs between.
fn listed(list: &str) -> Vec<Doubtful> {
    let face = |line: &str| {
        let mut fields = line.split('\t').skip(1);
        let (file, reasons) = (fields.next()?.to_owned(), fields.next()?.to_owned());
        (!reasons.is_empty()).then_some(Doubtful { file, reasons, post: None, angle: 0.0 })
    };
    list.lines().filter(|line| !line.starts_with('#')).filter_map(face).take(MAX_FACES).collect()
}

/// Up to twice [`MAX_FACES`] of a stream whose length is not known, evenly far apart.
struct Thinned {
    files: Vec<String>,
    stride: usize,
    seen: usize,
}

impl Default for Thinned {
    fn default() -> Self {
        Self { files: Vec::new(), stride: 1, seen: 0 }
    }
}

impl Thinned {
    fn push(&mut self, file: String) {
        if self.seen.is_multiple_of(self.stride) {
            self.files.push(file);
        }
        self.seen += 1;
        if self.files.len() == 2 * MAX_FACES {
            let mut index = 0;
            self.files.retain(|_| (index += 1, index % 2 == 1).1);
            self.stride *= 2;
        }
    }
}

fn tiles(layout: &Layout, files: &mut dyn Iterator<Item = &String>) -> Result<Option<Tiles>, EmbedError> {
    let tiles: Vec<Tile> = files.map(|file| Tile { image: thumbnail(layout, file), ..Tile::default() }).collect();
    if tiles.is_empty() {
        return Ok(None);
    }
    let columns = tiles.len().min(COLUMNS);
    let sheet = Sheet { side: FACE, margin: 0, lines: 0, background: [128; 3] }.grid(columns, &tiles);
    Ok(Some(Tiles { sheet: Embedded::jpeg(&sheet, MAX_BYTES)?, columns, rows: tiles.len().div_ceil(columns) }))
}

fn thumbnail(layout: &Layout, face: &str) -> Option<Rgb> {
    Some(decode(&crops::read(layout, face).ok()?).ok()?.scaled(FACE, FACE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubtful_faces_are_those_with_a_reason() {
        let list = "# legend\n0\ta/b-0.png\tNS\t6\t0.7\n1\ta/c-0.png\t\t40\t3.5\nnonsense\n2\ta/d-1.png\tW\t9";
        let found: Vec<_> = listed(list).into_iter().map(|face| (face.file, face.reasons)).collect();
        assert_eq!(found, [("a/b-0.png".into(), "NS".into()), ("a/d-1.png".to_owned(), "W".to_owned())]);
    }

    #[test]
    fn a_stream_is_thinned_evenly() {
        let mut thinned = Thinned::default();
        (0..1000).for_each(|index: u32| thinned.push(index.to_string()));
        assert!((MAX_FACES..2 * MAX_FACES).contains(&thinned.files.len()));
        let steps: Vec<usize> = thinned.files.iter().map(|file| file.parse().unwrap()).collect();
        assert!(steps.windows(2).all(|pair| pair[1] - pair[0] == thinned.stride), "{steps:?}");
    }
}
