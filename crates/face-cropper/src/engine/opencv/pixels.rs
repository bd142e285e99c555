//! OpenCV's codecs, colours and scaling, from bytes and to bytes.

use contracts::config::{Alpha, CropFormat};
use opencv::{
    boxed_ref::BoxedRef,
    core::{CV_8U, CV_16U, DataType, Mat, Size, Vec3b, Vector},
    imgcodecs::{
        self, IMREAD_COLOR, IMREAD_GRAYSCALE, IMREAD_REDUCED_GRAYSCALE_2, IMREAD_REDUCED_GRAYSCALE_4,
        IMREAD_REDUCED_GRAYSCALE_8, IMREAD_UNCHANGED,
    },
    imgproc::{self, COLOR_BGR2GRAY, INTER_AREA, INTER_CUBIC},
    prelude::*,
};

use super::{
    super::{
        error::EngineError,
        interface::{Preview, Reduction},
    },
    library::library,
    profile::without_profile,
};
use crate::{
    codec,
    picture::{Colour, Grey, Pixels, on_white},
};

/// Decodes as `cv2.imread` does; where `alpha` asks for it, lays what is transparent on white. What OpenCV does not
/// read, as GIF files and animations before version 4.11, is decoded without it.
pub(super) fn decode(file: &[u8], alpha: Alpha) -> Result<Colour, EngineError> {
    let file = &*without_profile(file);
    let Ok(picture) = decoded(file, IMREAD_COLOR) else {
        return codec::decode(file, alpha).ok_or(EngineError::Undecodable);
    };
    let picture = owned::<3>(&picture)?;
    match alpha {
        Alpha::Drop => Ok(picture),
        Alpha::White => Ok(whitened(file)?.filter(|laid| same_size(laid, &picture)).unwrap_or(picture)),
    }
}

/// Brightness as `cv2.cvtColor(…, COLOR_BGR2GRAY)` weighs it.
pub(super) fn grey(picture: &Colour) -> Result<Grey, EngineError> {
    let mut plane = Mat::default();
    imgproc::cvt_color_def(&borrowed(picture)?, &mut plane, COLOR_BGR2GRAY).map_err(library("convert to grey"))?;
    owned(&plane)
}

/// The brightness of a file; of a JPEG at a fraction of its size, decoded without colours.
pub(super) fn preview(file: &[u8], alpha: Alpha, reduction: Reduction) -> Result<Preview, EngineError> {
    if !file.starts_with(&[0xFF, 0xD8]) {
        let picture = decode(file, alpha)?;
        return Ok(Preview { grey: grey(&picture)?, picture: Some(picture) });
    }
    let flags = match reduction {
        Reduction::None => IMREAD_GRAYSCALE,
        Reduction::Half => IMREAD_REDUCED_GRAYSCALE_2,
        Reduction::Quarter => IMREAD_REDUCED_GRAYSCALE_4,
        Reduction::Eighth => IMREAD_REDUCED_GRAYSCALE_8,
    };
    Ok(Preview { grey: owned(&decoded(file, flags)?)?, picture: None })
}

/// A square face at another size. Shrinking averages areas, so that nothing aliases; enlarging is bicubic, which keeps
/// lines sharp.
pub(super) fn scaled(face: &Colour, side: i32) -> Result<Colour, EngineError> {
    let method = if side < face.width() { INTER_AREA } else { INTER_CUBIC };
    let mut scaled = Mat::default();
    imgproc::resize(&borrowed(face)?, &mut scaled, Size::new(side, side), 0.0, 0.0, method)
        .map_err(library("scale a face"))?;
    owned(&scaled)
}

/// A face as a file. JPEG files get OpenCV's usual quality of 95.
pub(super) fn encode(face: &Colour, format: CropFormat) -> Result<Vec<u8>, EngineError> {
    let mut file = Vector::<u8>::new();
    let extension = format!(".{}", format.extension());
    match imgcodecs::imencode_def(&extension, &borrowed(face)?, &mut file).map_err(library("encode a face"))? {
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
    make(picture.width(), picture.height(), picture.bytes()).map_err(library("take in a picture"))
}

fn decoded(file: &[u8], flags: i32) -> Result<Mat, EngineError> {
    // What the decoder says of a broken file helps nobody: that it is broken does.
    let picture = imgcodecs::imdecode(&file, flags).map_err(|_| EngineError::Undecodable)?;
    if picture.empty() { Err(EngineError::Undecodable) } else { Ok(picture) }
}

/// The picture laid on white, if it has an alpha channel at all.
fn whitened(file: &[u8]) -> Result<Option<Colour>, EngineError> {
    let picture = decoded(file, IMREAD_UNCHANGED)?;
    if picture.channels() != 4 {
        return Ok(None);
    }
    let bytes = picture.data_bytes().map_err(library("hand over a picture"))?;
    let laid = match picture.depth() {
        CV_8U => bytes.chunks_exact(4).flat_map(|p| on_white([p[0], p[1], p[2]], p[3])).collect(),
        // Of sixteen bits the upper eight count, as in a plain decode.
        CV_16U => {
            let upper = |pixel: &[u8], channel: usize| {
                (u16::from_ne_bytes([pixel[2 * channel], pixel[2 * channel + 1]]) >> 8) as u8
            };
            let pixel = |p: &[u8]| on_white([upper(p, 0), upper(p, 1), upper(p, 2)], upper(p, 3));
            bytes.chunks_exact(8).flat_map(pixel).collect()
        }
        _ => return Ok(None),
    };
    Ok(Colour::new(picture.cols(), picture.rows(), laid))
}

fn same_size(a: &Colour, b: &Colour) -> bool {
    (a.width(), a.height()) == (b.width(), b.height())
}

fn owned<const CHANNELS: usize>(picture: &Mat) -> Result<Pixels<CHANNELS>, EngineError> {
    let bytes = picture.data_bytes().map_err(library("hand over a picture"))?.to_vec();
    Pixels::new(picture.cols(), picture.rows(), bytes).ok_or(EngineError::Undecodable)
}
