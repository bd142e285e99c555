//! The shards' records as one manifest and one account.

use contracts::{Layout, Report, id::ShardId, record::FaceRecord};

use crate::{
    cutting::Pictures,
    gate::Fate,
    shard::{Finding, ShardRecord},
};

/// The faces that were kept, and the account of all that was looked at.
#[derive(Default)]
pub(crate) struct Assembly {
    /// The manifest's records.
    pub(crate) records: Vec<FaceRecord>,
    /// How many faces the detector found.
    pub(crate) found: u64,
    /// In how many pictures.
    pub(crate) pictures_with_faces: u64,
}

impl Assembly {
    /// Adds a shard: its kept faces become records, everything else is counted in the report by reason.
    pub(crate) fn add(
        &mut self,
        layout: &Layout,
        shard: &ShardId,
        pictures: &Pictures<'_>,
        record: &ShardRecord,
        report: &mut Report,
    ) {
        for (hash, finding) in &record.pictures {
            let Some(picture) = pictures.get(hash) else { continue };
            for face in finding.faces(Fate::Kept) {
                let file = face.file_name(*hash, record.crops);
                self.records.push(picture.face_record(layout, shard, face, &file));
            }
            finding.reasons().into_iter().for_each(|reason| report.drop_one(reason));
            match finding {
                Finding::Dropped(fault) => report.failed += u64::from(fault.passes()),
                Finding::Faces(faces) => {
                    self.found += faces.len() as u64;
                    self.pictures_with_faces += u64::from(!faces.is_empty());
                }
            }
        }
    }
}
