//! One shard brought up to date: what is known is carried over, what is not is examined, and all is published at once.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use contracts::{
    Context,
    exclusion::Exclusions,
    id::{FaceId, PictureHash, ShardId},
    publish::{self, FileError},
};
use pictures::MemoryBudget;
use rayon::prelude::*;

use crate::{
    error::CropError,
    examine::{ExamineOptions, examine},
    gate::Verdict,
    inputs::{Picture, Pictures},
    recipe::Recipe,
    shard::{Finding, FoundFace, ShardRecord},
    workers::Workers,
};

/// What cutting needs from shard to shard, and what it has done.
pub(crate) struct Cutting<'a> {
    /// Configuration, layout, progress and interrupt.
    pub(crate) context: &'a Context<'a>,
    /// How faces are found and cut.
    pub(crate) recipe: &'a Recipe,
    /// The engines, one a thread.
    pub(crate) workers: &'a Workers,
    /// What the user wants kept out.
    pub(crate) exclusions: &'a Exclusions,
    /// The memory that all workers share.
    pub(crate) budget: MemoryBudget,
    /// Counts what was done in this run.
    pub(crate) done: Done,
}

impl<'a> Cutting<'a> {
    /// Nothing done yet, with the memory that this machine's workers may share.
    pub(crate) fn new(
        context: &'a Context<'a>,
        recipe: &'a Recipe,
        workers: &'a Workers,
        exclusions: &'a Exclusions,
    ) -> Self {
        let budget = MemoryBudget::for_workers(rayon::current_num_threads());
        Self { context, recipe, workers, exclusions, budget, done: Done::default() }
    }
}

/// What was done in this run.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// How many pictures were examined.
    pub(crate) pictures: AtomicU64,
    /// Pictures left for another run, because this one was interrupted.
    pub(crate) left: AtomicU64,
    /// How many pixels those had.
    pub(crate) pixels: AtomicU64,
    /// How many bytes of faces were written.
    pub(crate) bytes: AtomicU64,
}

impl Cutting<'_> {
    /// Brings a shard up to date and returns its record. A shard that is up to date is not touched. An interrupted one
    /// is published with what was examined until then; the next run resumes from there.
    ///
    /// # Errors
    /// When the disk refuses; the shard is then as it was before.
    pub(crate) fn shard(
        &self,
        shard: &ShardId,
        pictures: &Pictures,
        old: Option<ShardRecord>,
    ) -> Result<ShardRecord, CropError> {
        let is_pending = |picture: &&Picture| self.known(shard, picture, old.as_ref()).is_none();
        let pending: Vec<&Picture> = pictures.values().filter(is_pending).collect();
        // What is known counts as done at once, so that a resumed run's estimate is of what is left.
        self.context.progress.advance((pictures.len() - pending.len()) as u64);
        let old = match old {
            Some(old) if pending.is_empty() && old.pictures.len() == pictures.len() => return Ok(old),
            old => old,
        };
        // Until the new manifest is written the old one would name faces that may be gone.
        remove_manifest(self.context)?;
        let folder = self.context.layout.faces_shard(shard);
        let mut published = None;
        publish::publish_folder(&folder, |partial| {
            let mut findings = self.carry_over(shard, pictures, old.as_ref(), partial)?;
            findings.extend(self.examine_all(shard, &pending, partial)?);
            let mut record = ShardRecord::new(self.recipe.fingerprint, self.recipe.config.format, findings);
            record.write(partial)?;
            published = Some(record);
            Ok::<(), CropError>(())
        })?;
        Ok(published.expect("a folder is only published after it was filled"))
    }

    /// What the old record says of a picture, where that still holds: made by the same recipe, nothing that crawling again may fix,
    /// and no face kept out that the user has let in again.
    fn known<'o>(&self, shard: &ShardId, picture: &Picture, old: Option<&'o ShardRecord>) -> Option<&'o Finding> {
        let old = old.filter(|old| old.recipe == self.recipe.fingerprint)?;
        let finding = old.pictures.get(&picture.hash())?;
        let holds = match finding {
            Finding::Dropped(fault) => !fault.is_transient(),
            Finding::Faces(_) => finding.faces(Verdict::Excluded).all(|face| self.is_excluded(shard, picture, face)),
        };
        holds.then_some(finding)
    }

    /// Whether the user wants a face kept out.
    pub(crate) fn is_excluded(&self, shard: &ShardId, picture: &Picture, face: &FoundFace) -> bool {
        let file = face.file_name(picture.hash(), self.recipe.config.format);
        let id = FaceId { picture: picture.hash(), index: face.index };
        self.exclusions.covers(&id, &face.pixel_box, &self.context.layout.face_file(shard, &file))
    }

    /// Brings what is known, with its files, into the new folder.
    fn carry_over(
        &self,
        shard: &ShardId,
        pictures: &Pictures,
        old: Option<&ShardRecord>,
        partial: &Path,
    ) -> Result<BTreeMap<PictureHash, Finding>, FileError> {
        let folder = self.context.layout.faces_shard(shard);
        let mut findings = BTreeMap::new();
        for (hash, picture) in pictures {
            let Some(finding) = self.known(shard, picture, old) else { continue };
            for face in finding.faces(Verdict::Kept) {
                let name = face.file_name(*hash, self.recipe.config.format);
                // One that has gone since stays named: the next run that sees all shards judges that.
                let path = folder.join(&name);
                if path.exists() {
                    link(&path, &partial.join(&name))?;
                }
            }
            findings.insert(*hash, finding.clone());
        }
        Ok(findings)
    }

    /// Examines pictures side by side, stopping between two when the interrupt is raised.
    fn examine_all(
        &self,
        shard: &ShardId,
        pending: &[&Picture],
        partial: &Path,
    ) -> Result<Vec<(PictureHash, Finding)>, CropError> {
        let one = |picture: &&Picture| {
            if self.context.interrupt.is_raised() {
                self.done.left.fetch_add(1, Ordering::Relaxed);
                return Ok(None);
            }
            let finding = self.examine(shard, picture, partial)?;
            self.context.progress.advance(1);
            Ok(Some((picture.hash(), finding)))
        };
        // One picture at a time: they differ a hundredfold in size, and a thread must not sit on a row of large ones.
        pending.par_iter().with_max_len(1).filter_map(|picture| one(picture).transpose()).collect()
    }

    fn examine(&self, shard: &ShardId, picture: &Picture, partial: &Path) -> Result<Finding, CropError> {
        let options = ExamineOptions {
            config: &self.recipe.config,
            budget: &self.budget,
            excluded: &|face| self.is_excluded(shard, picture, face),
            keep: &|face, content| {
                let path = partial.join(face.file_name(picture.hash(), self.recipe.config.format));
                self.done.bytes.fetch_add(content.len() as u64, Ordering::Relaxed);
                // The folder is made durable as a whole before it gets its name.
                fs::write(&path, content).map_err(FileError::at("write", &path))
            },
        };
        let path = picture.path(&self.context.layout.raw_manifest());
        let examined = self.workers.lend(|engine| examine(engine, &path, picture.hash(), &options))??;
        self.done.pictures.fetch_add(1, Ordering::Relaxed);
        self.done.pixels.fetch_add(examined.pixels, Ordering::Relaxed);
        Ok(examined.finding)
    }
}

/// Takes the manifest away; one that is not there is fine.
pub(crate) fn remove_manifest(context: &Context<'_>) -> Result<(), FileError> {
    publish::remove_file(&context.layout.faces_manifest())
}

/// Gives a file a second name; where the file system has no such thing, a copy.
fn link(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop)).map_err(FileError::at("copy", from))
}
