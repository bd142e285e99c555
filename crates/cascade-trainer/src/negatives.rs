//! Hard negatives: windows away from the subject that every stage so far lets pass.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use fastrand::Rng;
use rayon::prelude::*;

use crate::{
    error::TrainingError,
    feature::Feature,
    grain,
    positives::{Positives, random},
    sampling::{Frame, Grey},
    stage::Stage,
    window::Integral,
};

/// The step between the sizes that are scanned.
const SCALE_FACTOR: f32 = 1.15;
/// A window that shares this much of its area and a subject's, together, is no negative.
const SUBJECT_OVERLAP: f32 = 0.2;
/// Sources scanned at a time: enough for the threads, few enough for memory.
const SOURCES_AT_ONCE: usize = 16;
/// Crops that are one source: about as many windows as a picture has.
const CROPS_AT_ONCE: usize = 64;
/// The file beside the pictures that says where the subject is: `{"name.jpg": [[x, y, width, height], …], …}`.
pub const BOXES_FILE: &str = "truth.json";

/// A box in pixels: left edge, upper edge, width, height.
pub type Box4 = [f32; 4];

/// Pictures in which everything outside the subject's boxes is negative, grain, and the crops of the subject, whose parts
/// are negative: an eye is no face.
pub struct Negatives<'a> {
    sources: Vec<Source<'a>>,
}

/// What is scanned at a time.
enum Source<'a> {
    /// A file, and where the subject is in it.
    File(PathBuf, Vec<Box4>),
    /// Some crops, each the subject as a whole.
    Crops(&'a [Grey]),
    /// A picture of grain.
    Grain,
}

impl Source<'_> {
    fn load(&self, random: &mut Rng) -> Vec<(Cow<'_, Grey>, Cow<'_, [Box4]>)> {
        match self {
            Self::File(path, boxes) => {
                let grey = fs::read(path).ok().and_then(|bytes| Grey::decode(&bytes));
                grey.map(|grey| (Cow::Owned(grey.equalised()), Cow::Borrowed(boxes.as_slice()))).into_iter().collect()
            }
            Self::Crops(crops) => {
                let whole = |crop: &Grey| vec![[0.0, 0.0, crop.width as f32, crop.height as f32]];
                crops.iter().map(|crop| (Cow::Borrowed(crop), Cow::Owned(whole(crop)))).collect()
            }
            Self::Grain => vec![(Cow::Owned(grain::picture(random).equalised()), Cow::Borrowed(&[]))],
        }
    }
}

/// What to look for.
pub struct Search<'a> {
    /// All features of a window.
    pub features: &'a [Feature],
    /// The stages so far: a hard negative passes them all.
    pub stages: &'a [Stage],
    /// The window's side.
    pub side: usize,
    /// How many windows are wanted.
    pub wanted: usize,
    /// What the choice among more follows from.
    pub seed: u64,
}

impl<'a> Negatives<'a> {
    /// Lists the pictures of folders; a `truth.json` in one says where the subject is in its pictures. `grain` pictures of
    /// grain are added, other ones for each stage.
    ///
    /// # Errors
    /// When a folder or its boxes cannot be read, or there is no file.
    pub fn read(folders: &[PathBuf], positives: &'a Positives, grain: usize) -> Result<Self, TrainingError> {
        let mut pictures = Vec::new();
        for folder in folders {
            pictures.extend(pictures_of(folder)?);
        }
        if pictures.is_empty() {
            return Err(TrainingError::NoNegatives);
        }
        pictures.sort_by(|a, b| a.0.cmp(&b.0));
        let files = pictures.into_iter().map(|(path, boxes)| Source::File(path, boxes));
        let crops = positives.crops().chunks(CROPS_AT_ONCE).map(Source::Crops);
        let grain = std::iter::repeat_with(|| Source::Grain).take(grain);
        Ok(Self { sources: files.chain(crops).chain(grain).collect() })
    }

    /// Up to `wanted` windows that pass the stages so far, spread over the pictures: at most `quota` of each. Where that
    /// is not enough the quota grows; where there are no more, there are fewer.
    ///
    /// The same on any number of threads.
    pub fn mine(&self, search: &Search<'_>, quota: &mut usize) -> Vec<Integral> {
        *quota = (*quota).max((2 * search.wanted).div_ceil(self.sources.len()));
        loop {
            let (found, cut_short) = self.mine_with_quota(search, *quota);
            if found.len() >= search.wanted || !cut_short {
                return found;
            }
            *quota *= 4;
        }
    }

    /// At most `quota` windows of each source, and whether some source has more.
    fn mine_with_quota(&self, search: &Search<'_>, quota: usize) -> (Vec<Integral>, bool) {
        let mut order: Vec<usize> = (0..self.sources.len()).collect();
        random(search.seed, 0).shuffle(&mut order);
        let (mut found, mut cut_short) = (Vec::new(), false);
        for some in order.chunks(SOURCES_AT_ONCE) {
            let scanned = some.par_iter().map(|place| {
                let mut random = random(search.seed ^ (*place as u64) << 32, 1);
                let mut windows = Vec::new();
                for (grey, boxes) in self.sources[*place].load(&mut random) {
                    let (grey, boxes) = turned(&grey, &boxes, random.u8(..8));
                    scan(&grey, &boxes, search, quota, &mut random, &mut windows);
                }
                windows
            });
            for windows in scanned.collect::<Vec<_>>() {
                cut_short |= windows.len() == quota;
                found.extend(windows);
            }
            if found.len() >= search.wanted {
                found.truncate(search.wanted);
                break;
            }
        }
        (found, cut_short)
    }
}

/// A picture in one of its eight orientations, so that few pictures teach more: what is no subject stays none.
fn turned(grey: &Grey, boxes: &[Box4], orientation: u8) -> (Grey, Vec<Box4>) {
    let (mut grey, mut boxes) = (grey.clone(), boxes.to_vec());
    if orientation & 1 == 1 {
        boxes.iter_mut().for_each(|b| b[0] = grey.width as f32 - b[0] - b[2]);
        grey = grey.mirrored();
    }
    if orientation & 2 == 2 {
        boxes.iter_mut().for_each(|b| b[1] = grey.height as f32 - b[1] - b[3]);
        grey = grey.transposed().mirrored().transposed();
    }
    if orientation & 4 == 4 {
        boxes.iter_mut().for_each(|b| *b = [b[1], b[0], b[3], b[2]]);
        grey = grey.transposed();
    }
    (grey, boxes)
}

/// The files of a folder, by name, each with the boxes that the folder's `truth.json` gives it.
///
/// # Errors
/// When the folder or the boxes cannot be read.
pub(crate) fn pictures_of(folder: &Path) -> Result<Vec<(PathBuf, Vec<Box4>)>, TrainingError> {
    let mut boxes = read_boxes(&folder.join(BOXES_FILE))?;
    let mut pictures = Vec::new();
    for entry in fs::read_dir(folder).map_err(TrainingError::reading(folder))? {
        let path = entry.map_err(TrainingError::reading(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && name != BOXES_FILE {
            pictures.push((path, boxes.remove(&name).unwrap_or_default()));
        }
    }
    pictures.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(pictures)
}

fn read_boxes(path: &Path) -> Result<BTreeMap<String, Vec<Box4>>, TrainingError> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let bytes = fs::read(path).map_err(TrainingError::reading(path))?;
    serde_json::from_slice(&bytes).map_err(|cause| TrainingError::Boxes { path: path.into(), cause })
}

/// Adds a picture's windows that pass, its rows in random order, until `found` is as long as the quota.
fn scan(grey: &Grey, boxes: &[Box4], search: &Search<'_>, quota: usize, random: &mut Rng, found: &mut Vec<Integral>) {
    let planes = pyramid(grey, search.side);
    let mut rows: Vec<(usize, usize)> = Vec::new();
    for (level, plane) in planes.iter().enumerate() {
        // Every other row and column, from a random one on: each stage sees other windows.
        rows.extend((random.usize(..2)..=plane.grey.height - search.side).step_by(2).map(|y| (level, y)));
    }
    random.shuffle(&mut rows);
    for (level, y) in rows {
        let plane = &planes[level];
        let mut x = random.usize(..2);
        while x + search.side <= plane.grey.width && found.len() < quota {
            let window = Window { plane, x, y };
            if window.passes(search) && !window.is_on(boxes, search.side) {
                found.push(Integral::of(&window.pixels(search.side), search.side));
                // Neighbours are nearly the same window.
                x += random.usize(..search.side);
            }
            x += 2;
        }
    }
}

/// A picture at one size.
struct Plane {
    grey: Grey,
    integral: Integral,
    /// Pixels of the picture in one of the plane's.
    scale: f32,
}

/// The picture at every size at which it still holds a window.
fn pyramid(grey: &Grey, side: usize) -> Vec<Plane> {
    let mut planes = Vec::new();
    let mut scale = 1.0;
    loop {
        let size = |length: usize| (length as f32 / scale).round() as usize;
        let (width, height) = (size(grey.width), size(grey.height));
        if width.min(height) < side {
            return planes;
        }
        let plane = grey.sample(Frame { x: 0.0, y: 0.0, step: scale }, width, height);
        planes.push(Plane { integral: Integral::of(&plane.pixels, width), grey: plane, scale });
        scale *= SCALE_FACTOR;
    }
}

/// A window's place in a plane.
struct Window<'a> {
    plane: &'a Plane,
    x: usize,
    y: usize,
}

impl Window<'_> {
    fn passes(&self, search: &Search<'_>) -> bool {
        let code = |feature: usize| search.features[feature].code_at(&self.plane.integral, self.x, self.y);
        search.stages.iter().all(|stage| stage.passes(code))
    }

    fn is_on(&self, boxes: &[Box4], side: usize) -> bool {
        let scale = self.plane.scale;
        let own = [self.x as f32 * scale, self.y as f32 * scale, side as f32 * scale, side as f32 * scale];
        boxes.iter().any(|subject| overlap(&own, subject) >= SUBJECT_OVERLAP)
    }

    fn pixels(&self, side: usize) -> Vec<u8> {
        let row = |y: usize| &self.plane.grey.pixels[(self.y + y) * self.plane.grey.width + self.x..][..side];
        (0..side).flat_map(row).copied().collect()
    }
}

/// The area that two boxes share over the area that they cover together.
pub fn overlap(a: &Box4, b: &Box4) -> f32 {
    let along = |axis: usize| (a[axis] + a[axis + 2]).min(b[axis] + b[axis + 2]) - a[axis].max(b[axis]);
    let shared = along(0).max(0.0) * along(1).max(0.0);
    shared / (a[2] * a[3] + b[2] * b[3] - shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "b.png"] {
            let picture = image::GrayImage::from_fn(120, 90, |x, y| image::Luma([(x * 7 + y * 13) as u8]));
            picture.save(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join(BOXES_FILE), r#"{"a.png": [[0, 0, 120, 90]]}"#).unwrap();
        folder
    }

    #[test]
    fn windows_keep_away_from_the_subject_and_repeat_by_seed() {
        let folder = folder();
        let crops = Positives::of(vec![Grey { width: 24, height: 24, pixels: vec![0; 576] }]);
        let negatives = Negatives::read(&[folder.path().into()], &crops, 1).unwrap();
        let features = Feature::all(24);
        let mine = |stages: &[Stage], seed| {
            negatives.mine(&Search { features: &features, stages, side: 24, wanted: 40, seed }, &mut 0)
        };
        assert_eq!(mine(&[], 1).len(), 40);
        assert_eq!(mine(&[], 1), mine(&[], 1));
        assert_ne!(mine(&[], 1), mine(&[], 2));
        let nothing_passes = Stage { stumps: Vec::new(), threshold: 1.0 };
        assert!(mine(&[nothing_passes], 1).is_empty());
    }

    #[test]
    fn boxes_turn_with_their_picture() {
        let mut grey = Grey { width: 5, height: 4, pixels: vec![0; 20] };
        grey.pixels[5 + 3] = 9;
        for orientation in 0..8 {
            let (grey, boxes) = turned(&grey, &[[3.0, 1.0, 1.0, 1.0]], orientation);
            let [x, y, ..] = boxes[0].map(|v| v as usize);
            assert_eq!(grey.pixels[y * grey.width + x], 9, "{orientation}");
        }
    }

    #[test]
    fn overlaps() {
        assert_eq!(overlap(&[0.0, 0.0, 10.0, 10.0], &[0.0, 0.0, 10.0, 10.0]), 1.0);
        assert_eq!(overlap(&[0.0, 0.0, 10.0, 10.0], &[5.0, 0.0, 10.0, 10.0]), 1.0 / 3.0);
        assert_eq!(overlap(&[0.0, 0.0, 10.0, 10.0], &[20.0, 0.0, 10.0, 10.0]), 0.0);
    }

    #[test]
    fn broken_boxes_are_named() {
        let folder = folder();
        fs::write(folder.path().join(BOXES_FILE), "[1").unwrap();
        let error = Negatives::read(&[folder.path().into()], &Positives::of(Vec::new()), 0).err().unwrap().to_string();
        assert!(error.contains(BOXES_FILE), "{error}");
    }
}
