//! Boxes held against where somebody saw the faces: tests/fixtures/faces.json.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use lbp_cascade::Rect;
use serde::Deserialize;

/// Cascades frame a face this much wider than the table does.
const FRAMING: f64 = 1.55;

/// From which overlap with a face's frame on a box is right.
const RIGHT: f64 = 0.35;

/// The faces of the half that figures are of, by the stems of the pictures' names.
pub(crate) struct Truth(BTreeMap<String, Picture>);

#[derive(Deserialize)]
struct Picture {
    half: String,
    faces: Vec<Face>,
}

#[derive(Deserialize)]
struct Face {
    #[serde(rename = "box")]
    edges: [f64; 3],
    kind: String,
}

impl Face {
    fn is_at(&self, found: &Rect) -> bool {
        let [x, y, side] = self.edges;
        let frame = side * FRAMING;
        let start = |start: f64| (start + (side - frame) / 2.0).round() as i32;
        let frame = Rect { x: start(x), y: start(y), width: frame.round() as i32, height: frame.round() as i32 };
        frame.iou(found) >= RIGHT
    }
}

/// Clear faces, those of them that were found, and boxes that are on no face.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) faces: usize,
    pub(crate) found: usize,
    pub(crate) wrong: usize,
}

impl Truth {
    /// The table's `training` or `measuring` half.
    pub(crate) fn read(half: &str) -> Self {
        let path = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
            .join("../../tests/fixtures/faces.json");
        let mut pictures: BTreeMap<String, Picture> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        pictures.retain(|_, picture| picture.half == half);
        Self(pictures)
    }

    /// Counts the boxes of pictures, by the stems of their names; pictures of the other half are passed over.
    pub(crate) fn count<'a>(&self, found: impl Iterator<Item = (&'a str, Vec<Rect>)>) -> Counts {
        let mut counts = Counts::default();
        for (stem, boxes) in found {
            let Some(Picture { faces, .. }) = self.0.get(stem) else { continue };
            let clear = || faces.iter().filter(|face| face.kind == "clear");
            counts.faces += clear().count();
            counts.found += clear().filter(|face| boxes.iter().any(|found| face.is_at(found))).count();
            counts.wrong += boxes.iter().filter(|found| !faces.iter().any(|face| face.is_at(found))).count();
        }
        counts
    }
}

/// A share of a count in percent, with Wilson's interval at 95 %.
pub(crate) fn share(some: usize, all: usize) -> String {
    const Z: f64 = 1.96;
    let (n, p) = (all.max(1) as f64, some as f64 / all.max(1) as f64);
    let (middle, width) = (p + Z * Z / (2.0 * n), Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt());
    let bound = |sign: f64| 100.0 * (middle + sign * width) / (1.0 + Z * Z / n);
    format!("{some}/{all} {:.0}% [{:.0}-{:.0}]", 100.0 * p, bound(-1.0), bound(1.0))
}
