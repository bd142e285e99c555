//! Cascades compared on pictures: what each finds, what it makes up, how long it takes.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use lbp_cascade::{Cascade, Detector, Rect, SearchSizes};
use pictures::Grey;

use crate::{
    error::TrainingError,
    labels::{LABELS_FILE, LabelledPicture, pictures_of},
    sampling::{as_image, decode_grey},
};

/// Boxes of this intersection over union are of the same subject: window sizes are a tenth apart, and people draw boxes differently.
const SAME_SUBJECT_IOU: f64 = 0.4;

/// A cascade under comparison.
pub struct Candidate {
    /// Its file's name without ending.
    pub name: String,
    detector: Detector,
    /// What it found, picture after picture.
    pub found: Vec<Found>,
    /// Time spent on detection alone, on one thread.
    pub time: Duration,
}

/// A box that a cascade found.
pub struct Found {
    /// The index of the picture.
    pub picture: usize,
    /// The box in pixels of the picture.
    pub rect: Rect,
    /// Whether a subject is there; `None` where nobody said where subjects are.
    pub is_right: Option<bool>,
}

/// Which windows are searched, and how many must agree.
#[derive(Clone, Copy, Debug)]
pub struct DetectionSettings {
    /// The sizes of the windows searched.
    pub sizes: SearchSizes,
    /// How many raw detections must agree, less one.
    pub min_neighbors: i32,
}

/// The pictures that cascades are compared on.
pub struct Pictures {
    paths: Vec<PathBuf>,
    /// Where the subjects are, picture by picture, where somebody said so.
    subjects: Option<Vec<Vec<Rect>>>,
    /// The area of all that were searched.
    pub megapixels: f64,
}

impl Candidate {
    /// Reads a cascade file, which need not be one of ours.
    ///
    /// # Errors
    /// When it cannot be read, or is no LBP cascade.
    pub fn read(path: &Path) -> Result<Self, TrainingError> {
        let cascade = Self::cascade(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, detector: Detector::new(cascade), found: Vec::new(), time: Duration::ZERO })
    }

    /// The cascade of a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no LBP cascade.
    pub fn cascade(path: &Path) -> Result<Cascade, TrainingError> {
        let text = fs::read_to_string(path).map_err(TrainingError::reading(path))?;
        Cascade::parse(&text).map_err(|cause| TrainingError::NotACascade { path: path.into(), cause })
    }

    fn search(&mut self, picture: usize, grey: &Grey, settings: &DetectionSettings) {
        // Detection alone: decoding is the same for all.
        let started = Instant::now();
        let detections = self.detector.detect(as_image(grey), &settings.sizes, settings.min_neighbors);
        self.time += started.elapsed();
        self.found.extend(detections.into_iter().map(|found| Found { picture, rect: found.rect, is_right: None }));
    }
}

impl Pictures {
    /// Lists the pictures of a folder; a `truth.json` in it says where the subjects are.
    ///
    /// # Errors
    /// When the folder or the boxes cannot be read.
    pub fn read(folder: &Path) -> Result<Self, TrainingError> {
        let pictures = pictures_of(folder)?.into_iter().map(|LabelledPicture { path, subjects }| (path, subjects));
        let (paths, subjects): (Vec<_>, Vec<_>) = pictures.unzip();
        let subjects = folder.join(LABELS_FILE).exists().then_some(subjects);
        Ok(Self { paths, subjects, megapixels: 0.0 })
    }

    /// How many subjects there are, where somebody said so.
    pub fn subjects(&self) -> Option<usize> {
        self.subjects.as_ref().map(|subjects| subjects.iter().map(Vec::len).sum())
    }

    /// The file of a picture, by its index.
    pub fn path(&self, picture: usize) -> &Path {
        &self.paths[picture]
    }

    /// Searches every picture with every candidate; what is no picture is passed over.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn search(&mut self, candidates: &mut [Candidate], settings: &DetectionSettings) -> Result<(), TrainingError> {
        for (picture, path) in self.paths.iter().enumerate() {
            let bytes = fs::read(path).map_err(TrainingError::reading(path))?;
            let Some(grey) = decode_grey(&bytes) else { continue };
            self.megapixels += grey.area() as f64 / 1e6;
            candidates.iter_mut().for_each(|candidate| candidate.search(picture, &grey, settings));
        }
        let Some(subjects) = &self.subjects else { return Ok(()) };
        for found in candidates.iter_mut().flat_map(|candidate| &mut candidate.found) {
            found.is_right = Some(subjects[found.picture].iter().any(|subject| same(subject, &found.rect)));
        }
        Ok(())
    }

    /// How many of the subjects a candidate found.
    pub fn hits(&self, candidate: &Candidate) -> Option<usize> {
        let found = |picture: usize, subject: &Rect| {
            candidate.found.iter().any(|found| found.picture == picture && same(subject, &found.rect))
        };
        let hits = |(picture, subjects): (usize, &Vec<Rect>)| subjects.iter().filter(|s| found(picture, s)).count();
        Some(self.subjects.as_ref()?.iter().enumerate().map(hits).sum())
    }
}

/// The comparison as a table.
pub fn table(pictures: &Pictures, candidates: &[Candidate]) -> String {
    let mut table =
        format!("{:28} {:>6} {:>9} {:>7} {:>10} {:>12}\n", "cascade", "boxes", "recall", "false", "false/MP", "ms/MP");
    for candidate in candidates {
        let unknown = || "?".to_owned();
        let wrong = candidate.found.iter().filter(|found| found.is_right == Some(false)).count();
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
    let others = || candidates.iter().enumerate().filter(move |(index, _)| *index != which).map(|(_, other)| other);
    let shared = |found: &Found| {
        others()
            .flat_map(|other| &other.found)
            .any(|other| other.picture == found.picture && same(&other.rect, &found.rect))
    };
    candidates[which].found.iter().filter(|found| !shared(found)).collect()
}

fn same(a: &Rect, b: &Rect) -> bool {
    a.iou(b) >= SAME_SUBJECT_IOU
}
