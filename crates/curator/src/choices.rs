//! What is thrown out: kept in exclude.txt, at once.

use contracts::{
    Layout,
    exclusion::{self, Exclusions},
    id::FaceId,
    publish::FileError,
};

use crate::faces::Face;

/// Which faces the pack stage will leave out, in the faces' order.
#[derive(Clone, Debug)]
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
        Ok(Self { out: faces.iter().map(|face| face.is_covered_by(&exclusions)).collect() })
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
        which.iter().for_each(|face| self.out[*face] = faces[*face].is_covered_by(&exclusions));
        Ok(())
    }
}
