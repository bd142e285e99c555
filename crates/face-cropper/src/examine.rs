//! One picture from its file to the faces in it.

use std::path::Path;

use contracts::{ContentHash, config::CropConfig, publish::FileError, record::PixelBox};
use lbp_cascade::judge::Planes;
use pictures::{Grey, MemoryBudget, PictureFile, Rgb};

use crate::{
    confidence::planes,
    engine::{Engine, EngineError},
    fault::PictureFault,
    gate::{Verdict, judge},
    geometry::{square_to_cut, turned_square_to_cut},
    measures::Measures,
    search::search,
    shard::{Finding, FoundFace},
    turned::DetectedFace,
};

/// What examining a picture needs beside an engine and the picture.
pub(crate) struct ExamineOptions<'a> {
    /// How faces are found and cut.
    pub(crate) config: &'a CropConfig,
    /// The memory that all workers share.
    pub(crate) budget: &'a MemoryBudget,
    /// Whether the user wants a face kept out.
    pub(crate) excluded: &'a dyn Fn(&FoundFace) -> bool,
    /// Takes a face that is kept, with its file's content.
    pub(crate) keep: &'a Keep<'a>,
}

/// Takes a face and its file's content.
pub(crate) type Keep<'a> = dyn Fn(&FoundFace, Vec<u8>) -> Result<(), FileError> + 'a;

/// What examining a picture gave.
pub(crate) struct Examined {
    /// The faces in it, or why it was left out.
    pub(crate) finding: Finding,
    /// How many pixels the picture has.
    pub(crate) pixels: u64,
}

/// Why an examination ended early: the picture's fault, or the disk's.
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
    options: &ExamineOptions<'_>,
) -> Result<Examined, FileError> {
    match examined(engine, path, hash, options) {
        Ok(examined) => Ok(examined),
        Err(Stop::Disk(error)) => Err(error),
        Err(Stop::Picture(fault)) => {
            tracing::debug!(picture = %path.display(), "{}", fault.reason());
            Ok(Examined { finding: Finding::Dropped(fault), pixels: 0 })
        }
    }
}

fn examined(
    engine: &mut dyn Engine,
    path: &Path,
    hash: ContentHash,
    options: &ExamineOptions<'_>,
) -> Result<Examined, Stop> {
    let bytes = read(path).map_err(|_| PictureFault::Missing)?;
    if ContentHash::of(&bytes) != hash {
        return Err(PictureFault::Altered.into());
    }
    let max_pixels = u64::from(options.config.max_megapixels) * 1_000_000;
    let file = PictureFile::open(&bytes, max_pixels).map_err(PictureFault::from)?;
    let pixels = file.probe().area();
    // Until the faces are cut: the search has the picture in memory too.
    let _reserved = options.budget.reserve(file.probe().decoding_bytes());
    let failed = |error: EngineError| match error {
        EngineError::Undecodable => PictureFault::Undecodable,
        error => undetectable(path, &error),
    };
    let found = search(engine, &file, options.config).map_err(failed)?;
    // Cutting may take a while, and a worker each holds a file.
    drop(bytes);
    let Some((picture, grey)) = found.picture else {
        return Ok(Examined { finding: Finding::Faces(Vec::new()), pixels });
    };
    // The judged search has asked the judge already.
    let is_judged = found.faces.iter().all(|face| face.confidence.is_some());
    let planes = if is_judged { None } else { planes(options.config, &picture) };
    let measured = |(index, face)| measured(index, face, &grey, planes.as_ref(), options.config);
    let mut faces: Vec<FoundFace> = found.faces.iter().enumerate().map(measured).collect();
    for face in faces.iter_mut().filter(|face| face.verdict == Verdict::Kept) {
        if (options.excluded)(face) {
            face.verdict = Verdict::Excluded;
            continue;
        }
        let (pixels, crop) = cut(engine, &picture, face, options.config).map_err(|error| undetectable(path, &error))?;
        face.pixels = Some(pixels);
        (options.keep)(face, crop).map_err(Stop::Disk)?;
    }
    Ok(Examined { finding: Finding::Faces(faces), pixels })
}

/// The bytes of a plain file: what stands in its place might have no end.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    match std::fs::metadata(path)?.is_file() {
        true => std::fs::read(path),
        false => Err(std::io::ErrorKind::InvalidInput.into()),
    }
}

fn measured(index: usize, face: &DetectedFace, grey: &Grey, planes: Option<&Planes>, config: &CropConfig) -> FoundFace {
    let pixel_box = PixelBox::from(<[i32; 4]>::from(face.detection.rect));
    let measures = Measures::take(face, &pixel_box, grey, planes);
    FoundFace {
        index: index as u32,
        pixel_box,
        angle: face.angle,
        verdict: judge(config, &measures),
        measures,
        pixels: None,
    }
}

/// The hash of a face's pixels, and its file.
fn cut(
    engine: &mut dyn Engine,
    picture: &Rgb,
    face: &FoundFace,
    config: &CropConfig,
) -> Result<(ContentHash, Vec<u8>), EngineError> {
    let (width, height) = (picture.width() as i32, picture.height() as i32);
    let square = square_to_cut(&face.pixel_box, config.margin, config.border, width, height);
    let side = square.width.unsigned_abs();
    if face.angle != 0.0 && config.upright {
        let square = turned_square_to_cut(&face.pixel_box, face.angle, config.margin, config.border, (width, height));
        let side = if config.size == 0 { square.side().round().max(1.0) as u32 } else { config.size };
        let crop = picture.turned_square(square.corner, square.across, side);
        return Ok((ContentHash::of(&crop.blue_first()), engine.encode(&crop, config.format)?));
    }
    let mut crop = picture.cropped((square.x, square.y), (side, side));
    if config.size != 0 && config.size != side {
        crop = engine.scale(&crop, config.size)?;
    }
    Ok((ContentHash::of(&crop.blue_first()), engine.encode(&crop, config.format)?))
}

fn undetectable(path: &Path, error: &EngineError) -> PictureFault {
    tracing::warn!("{}: {error}", path.display());
    PictureFault::Undetectable
}
