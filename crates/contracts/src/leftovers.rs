//! What killed processes have left: found where stages write, and taken away.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    layout::{Layout, PartialName},
    publish::{self, FileError},
    stage_id::StageId,
};

/// Something unfinished that nobody works on any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Where it lies.
    pub path: PathBuf,
    /// Where it belongs: a folder that was being replaced when the process died, after it had stepped aside and before the
    /// new one took its name.
    pub belongs_at: Option<PathBuf>,
}

/// A folder that a stage writes into.
struct Place {
    folder: PathBuf,
    /// How many levels of folders below it the stage writes into too.
    depth: usize,
    /// Whether no other stage, and no stage of another data folder, writes there.
    own: bool,
}

impl Place {
    fn own(folder: PathBuf, depth: usize) -> Self {
        Self { folder, depth, own: true }
    }

    fn shared(folder: PathBuf, depth: usize) -> Self {
        Self { folder, depth, own: false }
    }

    /// The places of a stage. The crawler's downloads are none: they have names of their own, by which they are resumed.
    fn of(layout: &Layout, stage: StageId) -> Vec<Self> {
        let data = || Self::shared(layout.data().to_path_buf(), 0);
        match stage {
            StageId::Crawl => vec![Self::own(layout.raw(), 0), data()],
            StageId::Crop => vec![Self::own(layout.faces(), 1), data()],
            StageId::Pack => vec![Self::own(layout.prepared(), 1), data()],
            // A run's folder, and those of its samples, checkpoints and measurements.
            StageId::Train | StageId::Evaluate | StageId::Report => vec![Self::shared(layout.runs(), 2)],
        }
    }
}

impl Leftover {
    /// Takes it away, or puts it back where it belongs.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn collect(&self) -> Result<(), FileError> {
        match &self.belongs_at {
            Some(place) => fs::rename(&self.path, place).map_err(FileError::at("put back", place)),
            None if self.path.is_dir() && !self.path.is_symlink() => publish::remove_folder(&self.path),
            None => publish::remove_file(&self.path),
        }
    }
}

/// What is left over where a stage writes, sorted. The caller holds the stage's lock.
///
/// # Errors
/// When a folder cannot be listed.
pub fn find(layout: &Layout, stage: StageId) -> Result<Vec<Leftover>, FileError> {
    let mut found = Vec::new();
    let mut places = Place::of(layout, stage);
    places.push(Place::shared(layout.reports(), 1));
    for Place { folder, depth, own } in places {
        search(&folder, depth, own, &mut found).map_err(FileError::at("list", &folder))?;
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn search(folder: &Path, depth: usize, alone: bool, found: &mut Vec<Leftover>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        match entry.file_name().to_str().and_then(PartialName::read) {
            Some(name) if name.is_left_over(changed(&path, kind.is_dir()), alone) => {
                found.push(Leftover { belongs_at: belongs_at(&path, &name), path });
            }
            Some(_) => {}
            // Links are not followed: `latest` would show a run twice.
            None if kind.is_dir() && depth > 0 => search(&path, depth - 1, alone, found)?,
            None => {}
        }
    }
    Ok(())
}

/// When something was changed last; a folder also when a file in it was.
fn changed(path: &Path, is_folder: bool) -> SystemTime {
    let of = |path: &Path| path.symlink_metadata().and_then(|metadata| metadata.modified()).ok();
    let within = is_folder.then(|| fs::read_dir(path).ok()).flatten().into_iter().flatten().flatten();
    // Something that vanishes while it is looked at is being worked on.
    let newest = within.filter_map(|entry| of(&entry.path())).chain(of(path)).max();
    newest.unwrap_or_else(SystemTime::now)
}

fn belongs_at(path: &Path, name: &PartialName) -> Option<PathBuf> {
    let place = path.with_file_name(name.name.strip_suffix(publish::SET_ASIDE)?);
    (path.is_dir() && !place.exists()).then_some(place)
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;
    use crate::{config::PathsConfig, layout};

    fn touch(path: &Path) {
        publish::create_folder(path.parent().unwrap()).unwrap();
        fs::write(path, b"half").unwrap();
    }

    #[test]
    fn only_what_nobody_works_on_is_found() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let of_the_dead = |path: PathBuf| {
            let name = layout::partial(&path).file_name().unwrap().to_str().unwrap().to_owned();
            path.with_file_name(name.replace(&format!("~{}~", process::id()), "~4294967295~"))
        };
        let stay = [
            layout.raw_partial_file("mini-1"),
            layout.raw_picture(&format!("pictures/aa/{}x", layout::PARTIAL_PREFIX)),
            layout::partial(&layout.raw_manifest()),
            layout.raw_manifest(),
            layout.data().join(".partial-dataset"),
        ];
        let (own, dead) = (layout.raw().join(".partial-manifest.jsonl"), of_the_dead(layout.raw_manifest()));
        stay.iter().chain([&own, &dead]).for_each(|path| touch(path));
        let found: Vec<PathBuf> =
            find(&layout, StageId::Crawl).unwrap().into_iter().map(|leftover| leftover.path).collect();
        let mut expected = vec![own.clone()];
        // Elsewhere no process is known to be gone.
        expected.extend(cfg!(target_os = "linux").then_some(dead));
        expected.sort();
        assert_eq!(found, expected);
        find(&layout, StageId::Crawl).unwrap().iter().for_each(|leftover| leftover.collect().unwrap());
        assert!(!own.exists() && stay.iter().all(|path| path.exists()));
        assert_eq!(find(&layout, StageId::Train).unwrap(), []);
    }

    #[test]
    fn a_folder_that_was_being_replaced_is_put_back() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path(), &PathsConfig::default());
        let shard = layout.faces().join("mini-00000");
        let aside = layout.faces().join(".partial-mini-00000.old");
        touch(&aside.join("face.png"));
        let found = find(&layout, StageId::Crop).unwrap();
        assert_eq!(found, [Leftover { path: aside.clone(), belongs_at: Some(shard.clone()) }]);
        found[0].collect().unwrap();
        assert!(shard.join("face.png").exists() && !aside.exists());

        touch(&aside.join("face.png"));
        let found = find(&layout, StageId::Crop).unwrap();
        assert_eq!(found[0].belongs_at, None, "the new one took its name");
        found[0].collect().unwrap();
        assert!(shard.exists() && !aside.exists());
    }
}
