//! Cascades compared on pictures: what each finds, what it makes up, how long it takes.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use contracts::config::{CropConfig, Engine};
use face_cropper::{cascade::Cascade, detect, engine, picture::Colour};
use image::RgbImage;

use crate::{
    error::TrainingError,
    negatives::{BOXES_FILE, Box4, overlap, pictures_of},
};

/// Boxes that share this much are the same subject: window sizes are a tenth apart, and people draw boxes differently.
const SAME_SUBJECT: f32 = 0.4;

/// A cascade under comparison.
pub struct Candidate {
    /// Its file's name.
    pub name: String,
    engine: Box<dyn engine::Engine>,
    /// What it found, picture after picture.
    pub found: Vec<Found>,
    /// Time spent on detection alone, on one thread.
    pub time: Duration,
}

/// A box that a cascade found.
pub struct Found {
    /// The picture's place.
    pub picture: usize,
    /// Where.
    pub place: Box4,
    /// Whether a subject is there; `None` where nobody said where subjects are.
    pub right: Option<bool>,
}

/// The pictures that cascades are compared on.
pub struct Pictures {
    paths: Vec<PathBuf>,
    boxes: Option<Vec<Vec<Box4>>>,
    /// Their area together.
    pub megapixels: f64,
}

impl Candidate {
    /// Reads a cascade file.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(path: &Path) -> Result<Self, TrainingError> {
        let engine = engine::start(Engine::Native, &Cascade::read(path)?)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, engine, found: Vec::new(), time: Duration::ZERO })
    }

    fn look(&mut self, picture: usize, colour: &Colour, config: &CropConfig) -> Result<(), TrainingError> {
        let grey = self.engine.grey(colour)?;
        let started = Instant::now();
        let detections = detect::detect(self.engine.as_mut(), &grey, config)?;
        self.time += started.elapsed();
        self.found.extend(detections.into_iter().map(|detection| {
            let b = detection.pixel_box;
            Found { picture, place: [b.x, b.y, b.width, b.height].map(|v| v as f32), right: None }
        }));
        Ok(())
    }
}

impl Pictures {
    /// Lists the pictures of a folder; a `truth.json` in it says where the subjects are.
    ///
    /// # Errors
    /// When the folder or the boxes cannot be read.
    pub fn read(folder: &Path) -> Result<Self, TrainingError> {
        let (paths, boxes): (Vec<_>, Vec<_>) = pictures_of(folder)?.into_iter().unzip();
        let boxes = folder.join(BOXES_FILE).exists().then_some(boxes);
        Ok(Self { paths, boxes, megapixels: 0.0 })
    }

    /// How many subjects there are, where somebody said so.
    pub fn subjects(&self) -> Option<usize> {
        self.boxes.as_ref().map(|boxes| boxes.iter().map(Vec::len).sum())
    }

    /// A picture's file.
    pub fn path(&self, picture: usize) -> &Path {
        &self.paths[picture]
    }

    /// Lets every candidate look at every picture; what is no picture is passed over.
    ///
    /// # Errors
    /// When an engine fails.
    pub fn show(&mut self, candidates: &mut [Candidate], config: &CropConfig) -> Result<(), TrainingError> {
        for picture in 0..self.paths.len() {
            let path = &self.paths[picture];
            let bytes = fs::read(path).map_err(TrainingError::reading(path))?;
            let Some(first) = candidates.first_mut() else { break };
            let Ok(colour) = first.engine.decode(&bytes, config.alpha) else { continue };
            self.megapixels += colour.area() as f64 / 1e6;
            candidates.iter_mut().try_for_each(|candidate| candidate.look(picture, &colour, config))?;
        }
        let Some(boxes) = &self.boxes else { return Ok(()) };
        for found in candidates.iter_mut().flat_map(|candidate| &mut candidate.found) {
            found.right = Some(boxes[found.picture].iter().any(|subject| same(subject, &found.place)));
        }
        Ok(())
    }

    /// How many of the subjects a candidate found.
    pub fn hits(&self, candidate: &Candidate) -> Option<usize> {
        let found = |picture: usize, subject: &Box4| {
            candidate.found.iter().any(|found| found.picture == picture && same(subject, &found.place))
        };
        let hits = |(picture, boxes): (usize, &Vec<Box4>)| boxes.iter().filter(|b| found(picture, b)).count();
        Some(self.boxes.as_ref()?.iter().enumerate().map(hits).sum())
    }
}

/// The comparison as a table.
pub fn table(pictures: &Pictures, candidates: &[Candidate]) -> String {
    let mut table =
        format!("{:28} {:>6} {:>9} {:>7} {:>10} {:>12}\n", "cascade", "boxes", "recall", "false", "false/MP", "ms/MP");
    for candidate in candidates {
        let unknown = || "?".to_owned();
        let wrong = candidate.found.iter().filter(|found| found.right == Some(false)).count();
        let recall = pictures.hits(candidate).zip(pictures.subjects());
        let recall = recall.map_or_else(unknown, |(hits, subjects)| format!("{hits}/{subjects}"));
        let judged = pictures.subjects().is_some();
        let (wrong, rate) = match judged {
            true => (wrong.to_string(), format!("{:.4}", wrong as f64 / pictures.megapixels)),
            false => (unknown(), unknown()),
        };
        let speed = candidate.time.as_secs_f64() * 1000.0 / pictures.megapixels;
        table += &format!(
            "{:28} {:>6} {recall:>9} {wrong:>7} {rate:>10} {speed:>12.1}\n",
            candidate.name,
            candidate.found.len()
        );
    }
    table
}

/// The boxes of candidate `which` that no other candidate found.
pub fn alone(candidates: &[Candidate], which: usize) -> Vec<&Found> {
    let others = || candidates.iter().enumerate().filter(move |(place, _)| *place != which).map(|(_, other)| other);
    let shared = |found: &Found| {
        others()
            .flat_map(|other| &other.found)
            .any(|other| other.picture == found.picture && same(&other.place, &found.place))
    };
    candidates[which].found.iter().filter(|found| !shared(found)).collect()
}

/// A contact sheet of boxes: framed green where a subject is, red where none is, grey where nobody said.
///
/// # Errors
/// When a picture cannot be read again.
pub fn sheet(pictures: &Pictures, boxes: &[&Found]) -> Result<RgbImage, TrainingError> {
    const TILE: u32 = 96;
    const FRAME: u32 = 3;
    let across = (boxes.len() as u32).clamp(1, 12);
    let down = (boxes.len() as u32).div_ceil(across).max(1);
    let mut sheet = RgbImage::new(across * TILE, down * TILE);
    for (place, found) in boxes.iter().enumerate() {
        let path = pictures.path(found.picture);
        let bytes = fs::read(path).map_err(TrainingError::reading(path))?;
        let Ok(picture) = image::load_from_memory(&bytes) else { continue };
        let [x, y, width, height] = found.place.map(|v| v.max(0.0) as u32);
        let inner = TILE - 2 * FRAME;
        let crop = picture.crop_imm(x, y, width, height).resize_exact(inner, inner, image::imageops::Triangle);
        let colour = match found.right {
            Some(true) => [60, 190, 60],
            Some(false) => [220, 40, 40],
            None => [128; 3],
        };
        let mut tile = RgbImage::from_pixel(TILE, TILE, image::Rgb(colour));
        image::imageops::replace(&mut tile, &crop.into_rgb8(), FRAME.into(), FRAME.into());
        let (column, row) = (place as u32 % across, place as u32 / across);
        image::imageops::replace(&mut sheet, &tile, (column * TILE).into(), (row * TILE).into());
    }
    Ok(sheet)
}

fn same(a: &Box4, b: &Box4) -> bool {
    overlap(a, b) >= SAME_SUBJECT
}
