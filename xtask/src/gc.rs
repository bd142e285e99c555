//! `cargo xtask gc`: what nobody needs any more, removed. Pictures, crops, datasets and a run's newest whole checkpoint are never
//! among it, nor is anything that a process is at work on.

mod checkpoints;
mod prepared;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use contracts::{
    Layout, Outcome, StageId,
    leftovers::{self, Leftover},
    lock::{self, Held, LockError},
    publish, tell,
};

use crate::{arguments::GcOptions, ask, disk, project::Project, workspace::Workspace};

/// Lists what nobody needs, and removes it after asking.
pub(crate) fn run(workspace: &Workspace, options: &GcOptions) -> anyhow::Result<Outcome> {
    let project = Project::open(workspace, &options.config)?;
    let found = Found::search(&project.layout)?;
    found.at_work.iter().for_each(|error| tell!("{error}; what it may need stays"));
    if found.garbage.is_empty() {
        tell!("nothing is left over");
    } else if found.list().and_then(|()| ask::may_remove(options.yes))? {
        found.garbage.iter().try_for_each(|(path, why)| why.collect(path))?;
    } else {
        tell!("nothing was removed");
    }
    Ok(Outcome::Done)
}

/// Why something is not needed.
#[derive(Clone, Debug, PartialEq)]
enum Why {
    /// A process that is gone has left it unfinished.
    LeftOver(Leftover),
    /// It was prepared, and the dataset that was packed since has no row from it.
    Unused,
    /// A newer checkpoint of its run is whole.
    Superseded,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftOver(Leftover { belongs_at: Some(place), .. }) => {
                write!(f, "to be put back as {}, which a process that is gone was replacing", place.display())
            }
            Self::LeftOver(_) => f.write_str("left unfinished by a process that is gone"),
            Self::Unused => f.write_str("prepared, and no row of the dataset comes from it"),
            Self::Superseded => f.write_str("a newer checkpoint is whole"),
        }
    }
}

impl Why {
    fn collect(&self, path: &Path) -> Result<(), publish::FileError> {
        match self {
            Self::LeftOver(leftover) => leftover.collect(),
            Self::Unused | Self::Superseded => publish::remove_folder(path),
        }
    }
}

/// What was found, with the locks under which it stays so.
struct Found {
    garbage: BTreeMap<PathBuf, Why>,
    /// Who is at work, so that what is theirs was not looked at.
    at_work: Vec<LockError>,
    _held: Vec<Held>,
}

impl Found {
    fn search(layout: &Layout) -> anyhow::Result<Self> {
        let mut found = Self { garbage: BTreeMap::new(), at_work: Vec::new(), _held: Vec::new() };
        for stage in StageId::ALL {
            if found.hold(lock::hold(layout, stage, None))? {
                let left = leftovers::find(layout, stage)?;
                found.garbage.extend(left.into_iter().map(|left| (left.path.clone(), Why::LeftOver(left))));
                if stage == StageId::Pack {
                    found.garbage.extend(prepared::unused(layout)?.into_iter().map(|path| (path, Why::Unused)));
                }
            }
        }
        for run in contracts::runs(layout)?.iter().map(|run| layout.run(run)) {
            if found.hold(lock::hold_run(&run))? {
                let superseded = checkpoints::superseded(&run)?;
                found.garbage.extend(superseded.into_iter().map(|path| (path, Why::Superseded)));
            }
        }
        Ok(found)
    }

    /// Keeps a lock that could be had; one that another process has is told.
    fn hold(&mut self, held: Result<Held, LockError>) -> anyhow::Result<bool> {
        match held {
            Ok(held) => {
                self._held.push(held);
                Ok(true)
            }
            Err(LockError::File(error)) => Err(error.into()),
            Err(at_work) => {
                self.at_work.push(at_work);
                Ok(false)
            }
        }
    }

    fn list(&self) -> anyhow::Result<()> {
        let mut all = 0;
        for (path, why) in &self.garbage {
            let bytes = disk::bytes(path).with_context(|| format!("cannot look at {}", path.display()))?;
            tell!("{:>10}  {}: {why}", disk::shown(bytes), path.display());
            all += bytes;
        }
        tell!("{:>10}  in all, to be removed", disk::shown(all));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, thread, time::Duration};

    use contracts::{ContentHash, config::PathsConfig, layout::CheckpointFile, layout::RunLayout};
    use serde_json::json;

    use super::*;

    struct Scene {
        root: tempfile::TempDir,
        layout: Layout,
    }

    impl Scene {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let layout = Layout::new(root.path(), &PathsConfig::default());
            Self { root, layout }
        }

        fn write(&self, path: PathBuf) -> PathBuf {
            publish::write_file(&path, b"content").unwrap();
            path
        }

        fn run(&self) -> RunLayout {
            self.layout.run(&"dcgan-64px-1".parse().unwrap())
        }

        fn checkpoint(&self, images: u64) -> PathBuf {
            let folder = self.run().checkpoint(images);
            let weights = self.write(CheckpointFile::Generator.within(&folder));
            let hash = ContentHash::of_file(&weights).unwrap();
            let state = json!({ "state": { "files": { CheckpointFile::Generator.name(): hash } } });
            publish::write_file(&CheckpointFile::State.within(&folder), state.to_string().as_bytes()).unwrap();
            folder
        }

        /// What is found, by the paths from the folder.
        fn found(&self) -> Vec<String> {
            let found = Found::search(&self.layout).unwrap();
            let relative = |path: &PathBuf| path.strip_prefix(self.root.path()).unwrap().display().to_string();
            found.garbage.keys().map(relative).collect()
        }

        fn collect(&self) {
            let found = Found::search(&self.layout).unwrap();
            found.garbage.iter().for_each(|(path, why)| why.collect(path).unwrap());
        }
    }

    #[test]
    fn pictures_crops_datasets_downloads_and_what_users_wrote_are_never_touched() {
        let scene = Scene::new();
        let layout = &scene.layout;
        let stays: Vec<PathBuf> = [
            layout.raw_picture("pictures/aa/a.jpg"),
            layout.raw_picture("pictures/aa/.partial-a.jpg"),
            layout.raw_partial_file("mini-1"),
            layout.raw_partial_file("mini-1").with_extension("version"),
            layout.ledger(),
            layout.raw_quarantine().join("mini-2"),
            layout.face("mini-00000/a.png"),
            layout.faces_manifest(),
            layout.dataset_index(),
            layout.exclude_list(),
            layout.tombstones(),
            scene.run().generator(),
            scene.run().sample(0),
        ]
        .map(|path| scene.write(path))
        .into();
        let leftover = scene.write(layout.faces().join(".partial-mini-00001/half.png"));
        scene.collect();
        assert!(!leftover.exists() && stays.iter().all(|path| path.exists()));
        assert_eq!(scene.found(), Vec::<String>::new());
    }

    #[test]
    fn what_a_stage_at_work_has_begun_stays() {
        let scene = Scene::new();
        scene.write(scene.layout.faces().join(".partial-mini-00001/half.png"));
        scene.write(scene.layout.raw().join(".partial-manifest.jsonl"));
        let held = lock::hold(&scene.layout, StageId::Crop, None).unwrap();
        assert_eq!(scene.found(), ["data/raw/.partial-manifest.jsonl"]);
        let found = Found::search(&scene.layout).unwrap();
        assert!(found.at_work[0].to_string().contains("another crop is at work"));
        drop((held, found));
        assert_eq!(scene.found(), ["data/faces/.partial-mini-00001", "data/raw/.partial-manifest.jsonl"]);
    }

    #[test]
    fn the_newest_whole_checkpoint_stays_and_so_do_newer_ones() {
        let scene = Scene::new();
        let [first, second, third] = [8000, 16_000, 24_000].map(|images| scene.checkpoint(images));
        let name = |path: &Path| path.strip_prefix(scene.root.path()).unwrap().display().to_string();
        assert_eq!(scene.found(), [name(&first), name(&second)]);
        fs::write(CheckpointFile::Generator.within(&third), b"damaged").unwrap();
        assert_eq!(scene.found(), [name(&first)], "the newest is damaged: the one before it is needed");
        let training = lock::hold_run(&scene.run()).unwrap();
        assert_eq!(scene.found(), Vec::<String>::new());
        drop(training);
        scene.collect();
        assert!(!first.exists() && second.exists() && third.exists());
        fs::remove_dir_all(&second).unwrap();
        fs::write(CheckpointFile::State.within(&third), b"damaged too").unwrap();
        assert_eq!(scene.found(), Vec::<String>::new());
    }

    #[test]
    fn prepared_shards_stay_while_a_row_comes_from_them_or_a_pack_may_still_take_them() {
        let scene = Scene::new();
        let layout = &scene.layout;
        for shard in ["used", "unused"] {
            scene.write(Layout::shard_record(&layout.prepared_shard(shard)));
        }
        assert_eq!(scene.found(), Vec::<String>::new(), "there is no dataset yet");
        // File systems tell times apart by a few milliseconds.
        thread::sleep(Duration::from_millis(30));
        let index = json!({ "splits": { "train": { "shards": [{ "group": { "name": "used" } }] } } });
        publish::write_file(&layout.dataset_index(), index.to_string().as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(30));
        scene.write(Layout::shard_record(&layout.prepared_shard("share")));
        assert_eq!(scene.found(), ["data/prepared/unused"]);
        scene.collect();
        assert!(layout.prepared_shard("used").exists() && layout.prepared_shard("share").exists());
    }
}
