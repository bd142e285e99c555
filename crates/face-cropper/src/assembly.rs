//! The shards' records as one manifest and one account.

use contracts::{Layout, Report, id::ShardId, manifest::Spool, publish::FileError, record::FaceRecord};

use crate::{
    gate::Verdict,
    inputs::Pictures,
    left_out::LeftOutFile,
    shard::{Finding, ShardRecord},
};

/// The account of all that was looked at, and the faces that were kept.
pub(crate) struct Assembly {
    /// The manifest's records; a share of the work writes none.
    pub(crate) records: Option<Spool<FaceRecord>>,
    /// What was left out, by name; a share of the work writes none of that either.
    pub(crate) left_out: Option<LeftOutFile>,
    /// How many faces were kept.
    pub(crate) kept: u64,
    /// How many faces the detector found.
    pub(crate) found: u64,
    /// In how many pictures it found any.
    pub(crate) pictures_with_faces: u64,
}

impl Assembly {
    /// An assembly of nothing yet.
    pub(crate) fn new(records: Option<Spool<FaceRecord>>, left_out: Option<LeftOutFile>) -> Self {
        Self { records, left_out, kept: 0, found: 0, pictures_with_faces: 0 }
    }

    /// Adds a shard: its kept faces become records, everything else is counted in the report by reason.
    ///
    /// # Errors
    /// When the disk takes no more records.
    pub(crate) fn add(
        &mut self,
        layout: &Layout,
        shard: &ShardId,
        pictures: &Pictures,
        record: &ShardRecord,
        report: &mut Report,
    ) -> Result<(), FileError> {
        for (hash, finding) in &record.pictures {
            let Some(picture) = pictures.get(hash) else { continue };
            for face in finding.faces(Verdict::Kept) {
                self.kept += 1;
                if let Some(records) = &mut self.records {
                    let file = face.file_name(*hash, record.crops);
                    records.push(&picture.face_record(layout, shard, face, &file))?;
                }
            }
            if let Some(left_out) = &mut self.left_out {
                left_out.add(picture, finding)?;
            }
            finding.reasons().iter().for_each(|reason| report.drop(reason, 1));
            match finding {
                Finding::Dropped(fault) => report.failed += u64::from(fault.is_transient()),
                Finding::Faces(faces) => {
                    self.found += faces.len() as u64;
                    self.pictures_with_faces += u64::from(!faces.is_empty());
                }
            }
        }
        Ok(())
    }
}
