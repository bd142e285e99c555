//! One picture from its file to the faces in it.

use std::path::Path;

use contracts::{ContentHash, config::CropConfig, publish::FileError, record::PixelBox};

use crate::{
    container,
    detect::detect,
    engine::{Engine, EngineError},
    fault::PictureFault,
    gate::{Fate, grey_std, judge},
    geometry::square_to_cut,
    picture::Colour,
    shard::{Finding, FoundFace},
};

/// What one look at a picture needs.
pub(crate) struct Look<'a> {
    /// How faces are found and cut.
    pub(crate) config: &'a CropConfig,
    /// Whether the user wants a face kept out.
    pub(crate) excluded: &'a dyn Fn(&FoundFace) -> bool,
    /// Takes a face that is kept, with its file's content.
    pub(crate) keep: &'a Keep<'a>,
}

/// Takes a face and its file's content.
pub(crate) type Keep<'a> = dyn Fn(&FoundFace, Vec<u8>) -> Result<(), FileError> + 'a;

/// What a look at a picture gave.
pub(crate) struct Seen {
    /// What became of it.
    pub(crate) finding: Finding,
    /// How many pixels were searched.
    pub(crate) pixels: u64,
}

/// Why a look ended early: the picture's fault, or the disk's.
enum Stop {
    Picture(PictureFault),
    Disk(FileError),
}

impl From<PictureFault> for Stop {
    fn from(fault: PictureFault) -> Self {
        Self::Picture(fault)
    }
}

/// Finds, judges and cuts the faces of a picture file that should have the given hash.
///
/// # Errors
/// When a face cannot be kept. What is wrong with the picture is a finding.
pub(crate) fn examine(
    engine: &mut dyn Engine,
    path: &Path,
    hash: ContentHash,
    look: &Look<'_>,
) -> Result<Seen, FileError> {
    match faces(engine, path, hash, look) {
        Ok(seen) => Ok(seen),
        Err(Stop::Disk(error)) => Err(error),
        Err(Stop::Picture(fault)) => {
            tracing::debug!(picture = %path.display(), "{}", fault.reason());
            Ok(Seen { finding: Finding::Dropped(fault), pixels: 0 })
        }
    }
}

fn faces(engine: &mut dyn Engine, path: &Path, hash: ContentHash, look: &Look<'_>) -> Result<Seen, Stop> {
    let file = std::fs::read(path).map_err(|_| PictureFault::Missing)?;
    if ContentHash::of(&file) != hash {
        return Err(PictureFault::Altered.into());
    }
    container::check(&file)?;
    let picture = engine.decode(&file, look.config.alpha).map_err(|_| PictureFault::Undecodable)?;
    drop(file);
    let mut faces = found(engine, &picture, look.config).map_err(|error| undetectable(path, &error))?;
    for face in faces.iter_mut().filter(|face| face.fate == Fate::Kept) {
        if (look.excluded)(face) {
            face.fate = Fate::Excluded;
            continue;
        }
        let crop = cut(engine, &picture, &face.pixel_box, look.config).map_err(|error| undetectable(path, &error))?;
        (look.keep)(face, crop).map_err(Stop::Disk)?;
    }
    Ok(Seen { finding: Finding::Faces(faces), pixels: picture.area() })
}

fn found(engine: &mut dyn Engine, picture: &Colour, config: &CropConfig) -> Result<Vec<FoundFace>, EngineError> {
    let grey = engine.grey(picture)?;
    let detections = detect(engine, &grey, config)?;
    let face = |(index, detection): (usize, &crate::grouping::Detection)| {
        let deviation = grey_std(&grey, &detection.pixel_box);
        FoundFace::new(index, detection, deviation, |score, grey_std| judge(config, score, grey_std))
    };
    Ok(detections.iter().enumerate().map(face).collect())
}

fn cut(
    engine: &mut dyn Engine,
    picture: &Colour,
    pixel_box: &PixelBox,
    config: &CropConfig,
) -> Result<Vec<u8>, EngineError> {
    let square = square_to_cut(pixel_box, config.margin, picture.width(), picture.height());
    engine.cut(picture, square, config.size, config.format)
}

fn undetectable(path: &Path, error: &EngineError) -> Stop {
    tracing::warn!("{}: {error}", path.display());
    Stop::Picture(PictureFault::Undetectable)
}
