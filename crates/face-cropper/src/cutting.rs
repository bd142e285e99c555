//! One shard brought up to date: what is known is carried over, what is not is examined, and all is published at once.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use contracts::{
    Context,
    config::CropContainer,
    exclusion::Exclusions,
    id::{FaceId, PictureHash, ShardId},
    publish::{self, FileError},
};
use pictures::MemoryBudget;
use rayon::prelude::*;

use crate::{
    container::{Container, OldCrops},
    deletions,
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
        let container = self.container_of(shard, old.as_ref());
        let is_as_wanted = |old: &ShardRecord| old.pictures.len() == pictures.len() && old.container == container;
        let is_fresh = pending.is_empty() && old.as_ref().is_some_and(is_as_wanted);
        if !is_fresh && self.is_tar_damaged(shard, old.as_ref())? {
            // What a tar lacks was not thrown away: all of it is cut again.
            return self.shard(shard, pictures, None);
        }
        // What is known counts as done at once, so that a resumed run's estimate is of what is left.
        self.context.progress.advance((pictures.len() - pending.len()) as u64);
        let old = match old {
            Some(old) if is_fresh => return Ok(old),
            old => old,
        };
        // Until the new manifest is written the old one would name faces that may be gone.
        remove_manifest(self.context)?;
        let folder = self.context.layout.faces_shard(shard);
        let mut published = None;
        publish::publish_folder(&folder, |partial| {
            let crops = Container::create(container, partial)?;
            let mut findings = self.carry_over(shard, pictures, old.as_ref(), &crops)?;
            findings.extend(self.examine_all(shard, &pending, &crops)?);
            crops.finish()?;
            let record = ShardRecord::new(self.recipe.fingerprint, self.recipe.config.format, container, findings);
            record.write_into_partial(partial)?;
            published = Some(record);
            Ok::<(), CropError>(())
        })?;
        Ok(published.expect("a folder is only published after it was filled"))
    }

    fn is_tar_damaged(&self, shard: &ShardId, old: Option<&ShardRecord>) -> Result<bool, FileError> {
        let old = old.filter(|old| old.container == CropContainer::Tar);
        old.map_or(Ok(false), |old| deletions::is_tar_damaged(&self.context.layout.faces_shard(shard), old))
    }

    /// The container that a shard is to have. Only a folder of files shows that one was deleted: a share, which decides nothing about that,
    /// leaves such a folder what it is.
    fn container_of(&self, shard: &ShardId, old: Option<&ShardRecord>) -> CropContainer {
        let folder = self.context.layout.faces_shard(shard);
        let is_of_files = |old: &&ShardRecord| old.container == CropContainer::Files;
        let same_recipe = old.filter(|old| old.recipe == self.recipe.fingerprint).filter(is_of_files);
        match self.recipe.config.container {
            CropContainer::Tar if same_recipe.is_some_and(|old| old.kept().any(|name| !folder.join(name).exists())) => {
                CropContainer::Files
            }
            wanted => wanted,
        }
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

    /// Brings what is known, with its files, into the new container.
    fn carry_over(
        &self,
        shard: &ShardId,
        pictures: &Pictures,
        old: Option<&ShardRecord>,
        crops: &Container<'_>,
    ) -> Result<BTreeMap<PictureHash, Finding>, FileError> {
        let mut old_crops = OldCrops::open(self.context.layout.faces_shard(shard), old)?;
        let mut findings = BTreeMap::new();
        for (hash, picture) in pictures {
            let Some(finding) = self.known(shard, picture, old) else { continue };
            for face in finding.faces(Verdict::Kept) {
                let name = face.file_name(*hash, self.recipe.config.format);
                // One that has gone since stays named: the next run that sees all shards judges that.
                if let Some(place) = old_crops.find(&name)? {
                    crops.take_over(&name, &place)?;
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
        crops: &Container<'_>,
    ) -> Result<Vec<(PictureHash, Finding)>, CropError> {
        let one = |picture: &&Picture| {
            if self.context.interrupt.is_raised() {
                self.done.left.fetch_add(1, Ordering::Relaxed);
                return Ok(None);
            }
            let finding = self.examine(shard, picture, crops)?;
            self.context.progress.advance(1);
            Ok(Some((picture.hash(), finding)))
        };
        // One picture at a time: they differ a hundredfold in size, and a thread must not sit on a row of large ones.
        pending.par_iter().with_max_len(1).filter_map(|picture| one(picture).transpose()).collect()
    }

    fn examine(&self, shard: &ShardId, picture: &Picture, crops: &Container<'_>) -> Result<Finding, CropError> {
        let options = ExamineOptions {
            config: &self.recipe.config,
            budget: &self.budget,
            excluded: &|face| self.is_excluded(shard, picture, face),
            keep: &|face, content| {
                self.done.bytes.fetch_add(content.len() as u64, Ordering::Relaxed);
                crops.add(&face.file_name(picture.hash(), self.recipe.config.format), &content)
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
