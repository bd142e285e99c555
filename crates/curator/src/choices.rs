//! What is thrown out: kept in exclude.txt, at once.

use contracts::{
    Layout,
    exclusion::{self, Exclusions},
    id::FaceId,
    publish::FileError,
    record::FaceRecord,
};

use crate::faces::Face;

/// Which faces the pack stage will leave out, in the faces' order.
#[derive(Debug)]
pub(crate) struct Choices {
    out: Vec<bool>,
}

impl Choices {
    /// What the lists say of the faces.
    ///
    /// # Errors
    /// When a list cannot be read.
    pub(crate) fn read(layout: &Layout, faces: &[Face]) -> Result<Self, FileError> {
        let exclusions = Exclusions::read(layout)?;
        Ok(Self { out: faces.iter().map(|face| exclusions.covers(&record(face))).collect() })
    }

    /// Whether a face is out.
    pub(crate) fn is_out(&self, face: usize) -> bool {
        self.out[face]
    }

    /// How many are out.
    pub(crate) fn count(&self) -> usize {
        self.out.iter().filter(|out| **out).count()
    }

    /// Throws faces out. They are on the disk when this returns.
    ///
    /// # Errors
    /// When the list cannot be written; nothing has changed then.
    pub(crate) fn throw_out(&mut self, layout: &Layout, faces: &[Face], which: &[usize]) -> Result<(), FileError> {
        // What is out already is not listed a second time.
        let new: Vec<FaceId> =
            which.iter().filter(|face| !self.out[**face]).map(|face| faces[*face].id.clone()).collect();
        exclusion::exclude(layout, &new)?;
        which.iter().for_each(|face| self.out[*face] = true);
        Ok(())
    }

    /// Takes faces back. Those that are out by their picture, their file's name or their deletion stay out.
    ///
    /// # Errors
    /// When the lists cannot be read or written.
    pub(crate) fn take_back(&mut self, layout: &Layout, faces: &[Face], which: &[usize]) -> Result<(), FileError> {
        let ids: Vec<FaceId> = which.iter().map(|face| faces[*face].id.clone()).collect();
        exclusion::include(layout, &ids)?;
        let exclusions = Exclusions::read(layout)?;
        which.iter().for_each(|face| self.out[*face] = exclusions.covers(&record(&faces[*face])));
        Ok(())
    }
}

/// As much of a face's record as exclusions look at.
fn record(face: &Face) -> FaceRecord {
    FaceRecord {
        face: face.id.clone(),
        picture: face.picture,
        post: face.post.clone(),
        other_posts: Vec::new(),
        file: face.file.clone(),
        pixel_box: face.pixel_box,
        neighbours: 0,
        score: face.score,
        grey_std: 0.0,
        sharpness: face.sharpness,
        side: face.side,
        pixels_sha256: face.pixels,
        rating: String::new(),
        tags: Vec::new(),
        source_url: String::new(),
    }
}
