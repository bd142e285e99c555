//! From a row of the dataset, a face or a picture back to the post and its address.

use std::path::Path;

use contracts::{
    Layout,
    id::{FaceId, PictureHash, PostId},
    manifest::{ManifestError, Records},
    record::{Corners, FaceRecord, PictureRecord, PixelBox, Record},
};
use dataset::{Dataset, DatasetError, Row, SplitName};
use serde::Serialize;

use crate::error::PackError;

/// What an ID may be.
#[derive(Debug, PartialEq)]
enum Id {
    Row(SplitName, usize),
    Face(FaceId),
    Picture(PictureHash),
}

/// One answer. What is not known is left out.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Trace {
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    face: Option<FaceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#box: Option<PixelBox>,
    /// Of a turned face: degrees, clockwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    angle: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corners: Option<Corners>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<PictureHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<PostId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_url: Option<String>,
}

/// Finds what an ID names in the dataset, among the faces and among the crawled pictures; a JSON object a line.
pub(crate) fn trace(text: &str, layout: &Layout) -> Result<String, PackError> {
    let id = parse(text).ok_or_else(|| PackError::BadId(text.to_owned()))?;
    let mut traces = in_dataset(&id, layout)?;
    let mut faces = Vec::new();
    for_each::<FaceRecord>(&layout.faces_manifest(), |face| match traces.is_empty() {
        true if id.is_face(&face) => faces.push(of_face(face)),
        true => {}
        false => traces.iter_mut().for_each(|trace| trace.turn_as(&face)),
    })?;
    traces.extend(faces);
    if let (true, Id::Picture(picture)) = (traces.is_empty(), &id) {
        traces.push(Trace { picture: Some(*picture), ..Trace::default() });
    }
    let traces = with_posts(traces, layout)?;
    let is_known = traces.iter().any(|trace| trace.row.is_some() || trace.face.is_some() || trace.post.is_some());
    if !is_known {
        return Err(PackError::UnknownId(text.to_owned()));
    }
    let line = |trace: &Trace| serde_json::to_string(trace).unwrap_or_else(|error| unreachable!("plain JSON: {error}"));
    Ok(traces.iter().map(|trace| line(trace) + "\n").collect())
}

/// An ID, or the path of a file that is named by one.
fn parse(text: &str) -> Option<Id> {
    if let Some((split, row)) = text.split_once('/') {
        let split = SplitName::ALL.into_iter().find(|name| name.to_string() == split);
        if let (Some(split), Ok(row)) = (split, row.parse()) {
            return Some(Id::Row(split, row));
        }
    }
    let name = text.rsplit(['/', '\\']).next()?;
    let stem = name.split('.').next()?;
    stem.parse().map(Id::Face).or_else(|_| stem.parse().map(Id::Picture)).ok()
}

impl Id {
    fn is_face(&self, face: &FaceRecord) -> bool {
        match self {
            Self::Row(..) => false,
            Self::Face(id) => *id == face.face,
            Self::Picture(picture) => *picture == face.picture,
        }
    }

    fn is_row(&self, split: SplitName, row_index: usize, row: &Row) -> bool {
        match self {
            Self::Row(in_split, index) => (*in_split, *index) == (split, row_index),
            Self::Face(id) => row.face.as_ref() == Some(id),
            Self::Picture(picture) => *picture == row.picture,
        }
    }
}

fn in_dataset(id: &Id, layout: &Layout) -> Result<Vec<Trace>, PackError> {
    let dataset = match Dataset::open(&layout.dataset()) {
        // Without a dataset there may still be faces and pictures.
        Err(DatasetError::Missing(_)) if !matches!(id, Id::Row(..)) => return Ok(Vec::new()),
        other => other?,
    };
    if let Id::Row(split, row_index) = id {
        return Ok(vec![of_row(*split, *row_index, dataset.split(*split).row(*row_index)?)]);
    }
    let mut traces = Vec::new();
    for split in SplitName::ALL {
        for (row_index, row) in dataset.split(split).rows().enumerate() {
            let row = row?;
            if id.is_row(split, row_index, &row) {
                traces.push(of_row(split, row_index, row));
            }
        }
    }
    Ok(traces)
}

impl Trace {
    /// Takes over the corners of a turned face, which a row does not know, where this is the face; unless it has another box by now.
    /// Rows of older datasets do not know the angle either.
    fn turn_as(&mut self, face: &FaceRecord) {
        let is_same = Some(&face.face) == self.face.as_ref() && Some(face.pixel_box) == self.r#box;
        if is_same && face.angle != 0.0 {
            (self.angle, self.corners) = (Some(face.angle), face.corners);
        }
    }

    /// Whether a picture is that of its post, or, without one, its own picture.
    fn is_of(&self, picture: &PictureRecord) -> bool {
        self.post.as_ref().map_or(Some(picture.sha256) == self.picture, |post| picture.post == *post)
    }

    /// The same with the post's page.
    fn on(&self, picture: &PictureRecord) -> Self {
        Self {
            row: self.row.clone(),
            path: self.path.clone(),
            face: self.face.clone(),
            r#box: self.r#box,
            angle: self.angle,
            corners: self.corners,
            picture: self.picture,
            post: Some(picture.post.clone()),
            page_url: Some(picture.page_url.clone()),
            source_url: self.source_url.clone().or_else(|| Some(picture.source_url.clone())),
        }
    }
}

fn of_row(split: SplitName, row_index: usize, row: Row) -> Trace {
    Trace {
        row: Some(format!("{split}/{row_index}")),
        path: Some(row.path),
        face: row.face,
        r#box: row.pixel_box,
        angle: row.angle.filter(|angle| *angle != 0.0),
        corners: None,
        picture: Some(row.picture),
        post: row.post,
        page_url: None,
        source_url: row.source_url,
    }
}

fn of_face(face: FaceRecord) -> Trace {
    Trace {
        row: None,
        path: Some(face.file),
        face: Some(face.face),
        r#box: Some(face.pixel_box),
        angle: (face.angle != 0.0).then_some(face.angle),
        corners: face.corners,
        picture: Some(face.picture),
        post: Some(face.post),
        page_url: None,
        source_url: Some(face.source_url),
    }
}

/// The same with their posts' pages; a picture alone has a trace for each of its posts.
fn with_posts(traces: Vec<Trace>, layout: &Layout) -> Result<Vec<Trace>, PackError> {
    let mut found: Vec<Vec<Trace>> = traces.iter().map(|_| Vec::new()).collect();
    for_each::<PictureRecord>(&layout.raw_manifest(), |picture| {
        let of_it = traces.iter().zip(&mut found).filter(|(trace, _)| trace.is_of(&picture));
        of_it.for_each(|(trace, found)| found.push(trace.on(&picture)));
    })?;
    let all = traces.into_iter().zip(found);
    Ok(all.flat_map(|(trace, found)| if found.is_empty() { vec![trace] } else { found }).collect())
}

/// Looks at the records of a manifest, of which there may be millions; at none where there is no manifest.
fn for_each<R: Record>(path: &Path, mut look: impl FnMut(R)) -> Result<(), PackError> {
    let records = match Records::<R>::open(path) {
        Err(ManifestError::Missing(_)) => return Ok(()),
        other => other?,
    };
    for record in records {
        look(record?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use contracts::ContentHash;

    use super::*;

    #[test]
    fn rows_faces_pictures_and_their_files_are_told_apart() {
        let picture = ContentHash::of(b"picture");
        let face = FaceId { picture, index: 2 };
        let check = |text: &str, expected: Option<Id>| assert_eq!(parse(text), expected, "{text}");
        check("train/12", Some(Id::Row(SplitName::Train, 12)));
        check("holdout/0", Some(Id::Row(SplitName::Holdout, 0)));
        check(&face.to_string(), Some(Id::Face(face.clone())));
        check(&format!("data/faces/mini-00000/{face}.png"), Some(Id::Face(face)));
        check(&format!("{picture}.jpg"), Some(Id::Picture(picture)));
        for bad in ["", "train/", "train/x", "valid/1", "12", "picture.png"] {
            check(bad, None);
        }
    }
}
