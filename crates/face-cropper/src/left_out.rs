//! What is not among the faces, by name: a line a picture or a face.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::PathBuf,
};

use contracts::{
    Layout, StageId,
    id::{PictureHash, PostId},
    layout,
    publish::{self, FileError},
    record::{PixelBox, is_upright},
    report::Reason as _,
};
use serde::Serialize;

use crate::{
    inputs::Picture,
    reason::DropReason,
    shard::{Finding, FoundFace},
};

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    picture: PictureHash,
    post: &'a PostId,
    /// The picture's file, beside the crawl's manifest.
    file: &'a str,
    /// The face in it, where that was left out and not the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    face: Option<u32>,
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    pixel_box: Option<PixelBox>,
    #[serde(skip_serializing_if = "is_upright")]
    angle: f64,
    tag: &'a str,
    reason: String,
}

/// `crop-left-out.jsonl` beside the stage's report, as it is written: a million pictures without a face are not kept in memory.
pub(crate) struct LeftOutFile {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
}

impl LeftOutFile {
    /// Begins the file.
    pub(crate) fn create(layout: &Layout) -> Result<Self, FileError> {
        let path = layout.left_out(StageId::Crop);
        let partial = layout::partial(&path);
        partial.parent().map_or(Ok(()), publish::create_folder)?;
        let file = File::create(&partial).map_err(FileError::at("write", &partial))?;
        Ok(Self { path, partial, file: BufWriter::new(file) })
    }

    /// Adds what was left out of a picture: all of it, or some of its faces.
    pub(crate) fn add(&mut self, picture: &Picture, finding: &Finding) -> Result<(), FileError> {
        match finding {
            Finding::Faces(faces) if !faces.is_empty() => {
                for face in faces {
                    if let Some(reason) = face.verdict.reason() {
                        self.line(picture, Some(face), reason)?;
                    }
                }
                Ok(())
            }
            finding => finding.reasons().into_iter().try_for_each(|reason| self.line(picture, None, reason)),
        }
    }

    fn line(&mut self, picture: &Picture, face: Option<&FoundFace>, reason: DropReason) -> Result<(), FileError> {
        let (post, file) = (&picture.record.post, &*picture.record.file);
        let (tag, sentence) = (reason.tag(), reason.to_string());
        let (pixel_box, angle) = (face.map(|face| face.pixel_box), face.map_or(0.0, |face| face.angle));
        let face = face.map(|face| face.index);
        let line = Line { picture: picture.hash(), post, file, face, pixel_box, angle, tag, reason: sentence };
        let written = serde_json::to_writer(&mut self.file, &line).map_err(Into::into);
        written.and_then(|()| self.file.write_all(b"\n")).map_err(FileError::at("write", &self.partial))
    }

    /// Gives it its name.
    pub(crate) fn finish(mut self) -> Result<(), FileError> {
        self.file.flush().map_err(FileError::at("write", &self.partial))?;
        publish::move_file(&self.partial, &self.path)
    }
}
