//! OpenCV's codecs, colours and scaling, from bytes and to bytes. Only here is blue the first channel.

use contracts::config::{Alpha, CropFormat};
use opencv::{
    boxed_ref::BoxedRef,
    core::{CV_8U, CV_16U, DataType, Mat, Size, Vec3b, Vector},
    imgcodecs::{
        self, IMREAD_COLOR, IMREAD_GRAYSCALE, IMREAD_REDUCED_GRAYSCALE_2, IMREAD_REDUCED_GRAYSCALE_4,
        IMREAD_REDUCED_GRAYSCALE_8, IMREAD_UNCHANGED,
    },
    imgproc::{self, COLOR_RGB2BGR, COLOR_RGB2GRAY, INTER_AREA, INTER_CUBIC},
    prelude::*,
};
use pictures::{Format, Grey, PictureFile, Pixels, Reduction, Rgb, on_white};

use super::{
    super::{error::EngineError, interface::Preview, portable},
    library::library,
    profile::without_profile,
};

/// Decodes as `cv2.imread` does; where `alpha` asks for it, lays what is transparent on white. What OpenCV does not
/// read, as GIF files and animations before version 4.11, is decoded without it.
pub(super) fn decode(file: &PictureFile<'_>, alpha: Alpha) -> Result<Rgb, EngineError> {
    // OpenCV turns JPEG files upright; what it makes of the orientation in others differs from version to version.
    if file.probe().format != Format::Jpeg && !file.is_stored_upright() {
        return portable::decode(file, alpha);
    }
    let bytes = &*without_profile(file.bytes());
    // Before the plain decode, whose picture would be there beside it.
    if alpha == Alpha::White
        && let Ok(Some(laid)) = whitened(bytes)
        && laid.sides() == (file.probe().width, file.probe().height)
    {
        return Ok(laid);
    }
    match decoded(bytes, IMREAD_COLOR) {
        Ok(picture) => red_first(&picture),
        Err(_) => portable::decode(file, alpha),
    }
}

/// Brightness as `cv2.cvtColor` weights it.
pub(super) fn grey(picture: &Rgb) -> Result<Grey, EngineError> {
    let mut plane = Mat::default();
    imgproc::cvt_color_def(&borrowed(picture)?, &mut plane, COLOR_RGB2GRAY).map_err(library("convert to grey"))?;
    owned(&plane)
}

/// The brightness of a file; of a JPEG at a fraction of its size, decoded without colours.
pub(super) fn preview(file: &PictureFile<'_>, alpha: Alpha, reduction: Reduction) -> Result<Preview, EngineError> {
    if file.probe().format != Format::Jpeg {
        let picture = decode(file, alpha)?;
        return Ok(Preview { grey: grey(&picture)?, picture: Some(picture) });
    }
    let flags = match reduction {
        Reduction::None => IMREAD_GRAYSCALE,
        Reduction::Half => IMREAD_REDUCED_GRAYSCALE_2,
        Reduction::Quarter => IMREAD_REDUCED_GRAYSCALE_4,
        Reduction::Eighth => IMREAD_REDUCED_GRAYSCALE_8,
    };
    Ok(Preview { grey: owned(&decoded(file.bytes(), flags)?)?, picture: None })
}

/// A square face at another size. Shrinking averages areas, so that nothing aliases; enlarging is bicubic, which keeps
/// lines sharp.
pub(super) fn scaled(face: &Rgb, side: u32) -> Result<Rgb, EngineError> {
    let method = if side < face.width() { INTER_AREA } else { INTER_CUBIC };
    let mut scaled = Mat::default();
    let size = Size::new(side as i32, side as i32);
    imgproc::resize(&borrowed(face)?, &mut scaled, size, 0.0, 0.0, method).map_err(library("scale a face"))?;
    owned(&scaled)
}

/// A face as a file. JPEG files get OpenCV's usual quality of 95.
pub(super) fn encode(face: &Rgb, format: CropFormat) -> Result<Vec<u8>, EngineError> {
    let mut blue_first = Mat::default();
    imgproc::cvt_color_def(&borrowed(face)?, &mut blue_first, COLOR_RGB2BGR).map_err(library("reorder colours"))?;
    let mut file = Vector::<u8>::new();
    let extension = format!(".{}", format.extension());
    match imgcodecs::imencode_def(&extension, &blue_first, &mut file).map_err(library("encode a face"))? {
        true => Ok(file.to_vec()),
        false => Err(EngineError::Library { doing: "encode a face", problem: format!("no encoder for {extension}") }),
    }
}

/// The pixels as a matrix, not copied.
pub(super) fn borrowed<const CHANNELS: usize>(picture: &Pixels<CHANNELS>) -> Result<BoxedRef<'_, Mat>, EngineError> {
    fn rows<T: DataType>(width: i32, height: i32, bytes: &[u8]) -> opencv::Result<BoxedRef<'_, Mat>> {
        Mat::new_rows_cols_with_bytes::<T>(height, width, bytes)
    }
    let make = if CHANNELS == 1 { rows::<u8> } else { rows::<Vec3b> };
    make(picture.width() as i32, picture.height() as i32, picture.bytes()).map_err(library("take in a picture"))
}

fn decoded(file: &[u8], flags: i32) -> Result<Mat, EngineError> {
    // What the decoder says of a broken file helps nobody: that it is broken does.
    let picture = imgcodecs::imdecode(&file, flags).map_err(|_| EngineError::Undecodable)?;
    if picture.empty() { Err(EngineError::Undecodable) } else { Ok(picture) }
}

/// The picture laid on white, if it has an alpha channel at all.
fn whitened(file: &[u8]) -> Result<Option<Rgb>, EngineError> {
    let picture = decoded(file, IMREAD_UNCHANGED)?;
    if picture.channels() != 4 {
        return Ok(None);
    }
    let bytes = picture.data_bytes().map_err(library("hand over a picture"))?;
    // Asked for at once: a buffer that grows would be there twice.
    let mut laid = Vec::with_capacity(picture.total() * 3);
    match picture.depth() {
        CV_8U => bytes.as_chunks().0.iter().for_each(|[b, g, r, a]| laid.extend(on_white([*r, *g, *b], *a))),
        // Of sixteen bits the upper eight count, as in a plain decode.
        CV_16U => {
            let upper = |pixel: &[u8; 8], channel: usize| {
                (u16::from_ne_bytes([pixel[2 * channel], pixel[2 * channel + 1]]) >> 8) as u8
            };
            let pixel = |p: &[u8; 8]| on_white([upper(p, 2), upper(p, 1), upper(p, 0)], upper(p, 3));
            bytes.as_chunks().0.iter().for_each(|p| laid.extend(pixel(p)));
        }
        _ => return Ok(None),
    }
    Ok(Rgb::new(picture.cols() as u32, picture.rows() as u32, laid))
}

/// A matrix of blue, green and red as a picture.
fn red_first(picture: &Mat) -> Result<Rgb, EngineError> {
    // Red and blue change places; the constant is the same both ways.
    let mut reordered = Mat::default();
    imgproc::cvt_color_def(picture, &mut reordered, COLOR_RGB2BGR).map_err(library("reorder colours"))?;
    owned(&reordered)
}

fn owned<const CHANNELS: usize>(picture: &Mat) -> Result<Pixels<CHANNELS>, EngineError> {
    let bytes = picture.data_bytes().map_err(library("hand over a picture"))?.to_vec();
    Pixels::new(picture.cols() as u32, picture.rows() as u32, bytes).ok_or(EngineError::Undecodable)
}
