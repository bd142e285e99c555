//! One picture from its file to the faces in it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use contracts::{ContentHash, config::CropConfig, publish::FileError, record::PixelBox};
use lbp_cascade::Detection;

use crate::{
    container,
    engine::{Engine, EngineError},
    fault::PictureFault,
    gate::{Fate, Measures, grey_std, judge},
    geometry::square_to_cut,
    picture::{Colour, Grey},
    shard::{Finding, FoundFace},
    sharpness::sharpness,
    sight,
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
    /// How many pixels the picture has.
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
    let size = container::check(&file, u64::from(look.config.max_megapixels) * 1_000_000)?;
    let failed = |error: EngineError| match error {
        EngineError::Undecodable => Stop::Picture(PictureFault::Undecodable),
        error => undetectable(path, &error),
    };
    // Decoders are other people's code, and files may be made to break them: one picture is lost, not the run.
    let guarded = AssertUnwindSafe(|| sight::look(engine, &file, size.longer_side(), look.config));
    let sight = catch_unwind(guarded).unwrap_or(Err(EngineError::Undecodable)).map_err(failed)?;
    drop(file);
    let Some((picture, grey)) = sight.picture else {
        return Ok(Seen { finding: Finding::Faces(Vec::new()), pixels: size.area() });
    };
    let mut faces: Vec<FoundFace> =
        sight.detections.iter().enumerate().map(|(index, face)| measured(index, face, &grey, look.config)).collect();
    for face in faces.iter_mut().filter(|face| face.fate == Fate::Kept) {
        if (look.excluded)(face) {
            face.fate = Fate::Excluded;
            continue;
        }
        let (pixels, crop) = cut(engine, &picture, face, look.config).map_err(|error| undetectable(path, &error))?;
        face.pixels = Some(pixels);
        (look.keep)(face, crop).map_err(Stop::Disk)?;
    }
    Ok(Seen { finding: Finding::Faces(faces), pixels: size.area() })
}

fn measured(index: usize, detection: &Detection, grey: &Grey, config: &CropConfig) -> FoundFace {
    let pixel_box = PixelBox::from(<[i32; 4]>::from(detection.rect));
    let measures = Measures::new(detection, grey_std(grey, &pixel_box), sharpness(grey, &pixel_box));
    FoundFace {
        index: index as u32,
        pixel_box,
        fate: judge(config, &measures),
        measures,
        pixels: None,
    }
}

/// The hash of a face's pixels, and its file.
fn cut(
    engine: &mut dyn Engine,
    picture: &Colour,
    face: &FoundFace,
    config: &CropConfig,
) -> Result<(ContentHash, Vec<u8>), EngineError> {
    let square = square_to_cut(&face.pixel_box, config.margin, config.border, picture.width(), picture.height());
    let mut crop = picture.square(square.x, square.y, square.width);
    if config.size != 0 && config.size != square.width.unsigned_abs() {
        crop = engine.scale(&crop, config.size as usize)?;
    }
    Ok((ContentHash::of(crop.bytes()), engine.encode(&crop, config.format)?))
}

fn undetectable(path: &Path, error: &EngineError) -> Stop {
    tracing::warn!("{}: {error}", path.display());
    Stop::Picture(PictureFault::Undetectable)
}
