//! `cargo xtask clean`: a stage's outputs, removed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use contracts::{
    Outcome, StageId, crops,
    disappearance::{Disappearances, ManyGone},
    exclusion::{self, Exclusion},
    layout::{Layout, RunLayout},
    lock,
    manifest::{ManifestError, Records},
    publish,
    record::FaceRecord,
    tell,
};

use crate::{arguments::CleanOptions, ask, disk, inputs, project::Project, workspace::Workspace};

/// Removes the outputs of the stages named, or of all but the crawl: pictures go only where the crawl is named.
pub(crate) fn run(workspace: &Workspace, options: &CleanOptions) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.config)?;
    let stages = match options.stages.as_slice() {
        [] => StageId::ALL.into_iter().filter(|stage| *stage != StageId::Crawl).collect(),
        named => named.iter().copied().collect::<BTreeSet<_>>(),
    };
    // Known by the dataset, which may be among what goes.
    let run = inputs::run(&project)?.filter(|run| run.root().exists());
    let _held = stages.iter().map(|stage| lock::hold(&project.layout, *stage, None)).collect::<Result<Vec<_>, _>>()?;
    let is_of_run = |stage: &StageId| *stage >= StageId::Train;
    let _run_held = run.as_ref().filter(|_| stages.iter().any(is_of_run)).map(lock::hold_run).transpose()?;

    let paths = outputs(&project.layout, &stages, run.as_ref());
    if paths.is_empty() {
        tell!("there is nothing to remove");
    } else if !list(&paths).and_then(|()| ask::may_remove(options.yes))? {
        tell!("nothing was removed");
        return Ok(Outcome::Done);
    }
    if stages.contains(&StageId::Crop) {
        remember_deletions(&project.layout)?;
    }
    for stage in &stages {
        // Forgotten first: what is half removed must not look fresh.
        project.remember(*stage, None)?;
    }
    paths.iter().try_for_each(|path| remove(path))?;
    Ok(Outcome::Done)
}

/// What the stages have made, without what does not exist, and without what lies in a folder that is named already.
fn outputs(layout: &Layout, stages: &BTreeSet<StageId>, run: Option<&RunLayout>) -> Vec<PathBuf> {
    let all: BTreeSet<PathBuf> = stages.iter().flat_map(|stage| of_stage(layout, *stage, run)).collect();
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in all.into_iter().filter(|path| path.symlink_metadata().is_ok()) {
        // In order, a folder comes before what lies in it.
        if !paths.iter().any(|folder| path.starts_with(folder)) {
            paths.push(path);
        }
    }
    paths
}

fn of_stage(layout: &Layout, stage: StageId, run: Option<&RunLayout>) -> Vec<PathBuf> {
    let mut paths = match stage {
        StageId::Crawl => vec![layout.raw()],
        StageId::Crop => vec![layout.faces()],
        StageId::Pack => {
            vec![layout.prepared(), layout.dataset(), layout.duplicates_sheet(), layout.dataset_pictures()]
        }
        StageId::Train => {
            let is_this = |run: &&RunLayout| {
                let latest = publish::pointed_at(&layout.latest_run());
                latest.is_some_and(|latest| run.root().ends_with(latest))
            };
            let latest = run.filter(is_this).map(|_| layout.latest_run());
            run.map(|run| run.root().to_path_buf()).into_iter().chain(latest).collect()
        }
        StageId::Evaluate => run.map(RunLayout::evaluation).into_iter().collect(),
        StageId::Report => run.map(RunLayout::report_page).into_iter().collect(),
    };
    paths.push(layout.report(stage));
    paths
}

fn list(paths: &[PathBuf]) -> anyhow::Result<()> {
    let mut all = 0;
    for path in paths {
        let bytes = disk::bytes(path).with_context(|| format!("cannot look at {}", path.display()))?;
        tell!("{:>10}  {}", disk::shown(bytes), path.display());
        all += bytes;
    }
    tell!("{:>10}  in all, to be removed", disk::shown(all));
    Ok(())
}

fn remove(path: &Path) -> anyhow::Result<()> {
    let is_folder = path.is_dir() && !path.is_symlink();
    if is_folder { publish::remove_folder(path) } else { publish::remove_file(path) }?;
    Ok(())
}

/// Faces that were deleted by hand and that no stage has noticed yet: without the folder nobody could.
fn remember_deletions(layout: &Layout) -> anyhow::Result<()> {
    let (all, deleted) = match find_deletions(layout) {
        // Where no records are, none can be missed.
        Err(ManifestError::Missing(_) | ManifestError::Line { .. }) => return Ok(()),
        found => found?,
    };
    match all.check(&layout.faces(), StageId::Crop) {
        Ok(()) => Ok(exclusion::remember(layout, deleted)?),
        Err(ManyGone { all, gone, .. }) => {
            tell!("{gone} of {all} faces were gone before: none counts as thrown away, and crop cuts them again");
            Ok(())
        }
    }
}

/// Counts the faces of each folder, and finds those that are gone.
fn find_deletions(layout: &Layout) -> Result<(Disappearances, Vec<Exclusion>), ManifestError> {
    let (mut all, mut deleted) = (Disappearances::default(), Vec::new());
    for face in Records::<FaceRecord>::open(&layout.faces_manifest())? {
        let face = face?;
        let path = layout.face(&face.file);
        let Some(folder) = path.parent().filter(|folder| folder.exists()) else { continue };
        let is_gone = crops::is_deleted(layout, &face.file);
        all.count(folder, 1, usize::from(is_gone));
        if is_gone {
            deleted.push(Exclusion { picture: face.picture, pixel_box: face.pixel_box });
        }
    }
    Ok((all, deleted))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use contracts::config::PathsConfig;

    use super::*;

    #[test]
    fn each_stage_loses_its_own_and_no_other() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let run = layout.run(&"dcgan-64px-1".parse().unwrap());
        let files = [
            layout.raw_manifest(),
            layout.faces_manifest(),
            layout.prepared_shard("a"),
            layout.dataset_index(),
            run.generator(),
            run.evaluation_metrics(),
            run.report_page(),
            layout.report(StageId::Crop),
            layout.exclude_list(),
            layout.tombstones(),
        ];
        files.iter().for_each(|path| publish::write_file(path, b"x").unwrap());
        publish::point_at(&layout.latest_run(), "dcgan-64px-1").unwrap();
        let check = |stages: &[StageId], expected: &[PathBuf]| {
            let found = outputs(&layout, &stages.iter().copied().collect(), Some(&run));
            assert_eq!(found, expected, "{stages:?}");
        };
        check(&[StageId::Crawl], &[layout.raw()]);
        check(&[StageId::Crop], &[layout.faces(), layout.report(StageId::Crop)]);
        check(&[StageId::Pack], &[layout.dataset(), layout.prepared()]);
        check(&[StageId::Train, StageId::Evaluate], &[run.root().to_path_buf(), layout.latest_run()]);
        check(&[StageId::Evaluate, StageId::Report], &[run.evaluation(), run.report_page()]);
        assert_eq!(outputs(&layout, &[StageId::Train].into(), None), Vec::<PathBuf>::new());
        for path in outputs(&layout, &StageId::ALL.into(), Some(&run)) {
            remove(&path).unwrap();
        }
        let left: Vec<_> = fs::read_dir(layout.data()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "what the user wrote, what was forgotten, an empty folder of reports: {left:?}");
        assert!(layout.exclude_list().exists() && layout.tombstones().exists());
    }
}
