//! What a stage reads and what it wrote, as hashes.

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::Context as _;
use contracts::{
    ContentHash, StageId,
    cascade::{self, CascadeSource},
    crops,
    exclusion::Exclusions,
    hash::Hasher,
    layout::RunLayout,
    manifest::{self, ManifestError, Records},
    record::FaceRecord,
    spec::{Input, Output, Source},
    tell,
};

use crate::project::Project;

/// How an input is written that is not there.
pub(crate) const MISSING: &str = "missing";

/// Everything that a stage reads, by name.
pub(crate) fn of(stage: StageId, project: &Project) -> anyhow::Result<BTreeMap<String, String>> {
    let inputs = (stage.spec().inputs)(&project.config);
    let named = |input: Input| {
        let hash = hash(&input.source, project)?;
        Ok((input.name, hash.map_or_else(|| MISSING.to_owned(), |hash| hash.to_string())))
    };
    inputs.into_iter().map(named).collect()
}

fn hash(source: &Source, project: &Project) -> anyhow::Result<Option<ContentHash>> {
    match source {
        Source::Stage(stage) => output(*stage, project),
        Source::File(file) => file_hash(&file(&project.layout)),
        Source::Listing(path) => listing(&project.root.join(path)),
        Source::Cascade(name) => {
            let cascade = cascade::resolve_here(name).ok();
            Ok(cascade.as_ref().and_then(CascadeSource::path).map(ContentHash::of_file).transpose()?)
        }
        Source::FacesLeftOut => left_out(project),
    }
}

/// What identifies a stage's output as it lies on disk now; `None` where there is none.
pub(crate) fn output(stage: StageId, project: &Project) -> anyhow::Result<Option<ContentHash>> {
    match stage.spec().output {
        Output::Manifest(path) => records(&path(&project.layout)),
        Output::File(path) => file_hash(&path(&project.layout)),
        Output::RunFile(path) => run(project)?.map_or(Ok(None), |run| file_hash(&path(&run))),
    }
}

/// The training run of this configuration on the dataset that is there, if there is one.
pub(crate) fn run(project: &Project) -> anyhow::Result<Option<RunLayout>> {
    let dataset = file_hash(&project.layout.dataset_index())?;
    Ok(dataset.map(|dataset| project.layout.run(&project.config.run_id(&dataset))))
}

/// A broken manifest is as good as none: its stage runs again.
fn records(path: &Path) -> anyhow::Result<Option<ContentHash>> {
    match manifest::records_hash(path) {
        Err(error @ ManifestError::Line { .. }) => {
            tell!("warning: {error}");
            Ok(None)
        }
        other => Ok(other?),
    }
}

fn file_hash(path: &Path) -> anyhow::Result<Option<ContentHash>> {
    match ContentHash::of_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => Ok(Some(other.with_context(|| format!("cannot read {}", path.display()))?)),
    }
}

/// The faces that were deleted or listed for exclusion: the same before and after the packer remembers them. A broken manifest is as
/// good as none: the crop makes it anew.
fn left_out(project: &Project) -> anyhow::Result<Option<ContentHash>> {
    let layout = &project.layout;
    let Ok(faces) = Records::<FaceRecord>::open(&layout.faces_manifest()) else { return Ok(None) };
    let exclusions = Exclusions::read(layout)?;
    let mut hasher = Hasher::default();
    for face in faces {
        let Ok(face) = face else { return Ok(None) };
        if exclusions.covers(&face.face, &face.pixel_box, &face.file) || crops::is_deleted(layout, &face.file) {
            hasher.field(face.face.to_string().as_bytes());
        }
    }
    Ok(Some(hasher.finish()))
}

/// A folder's files by name, length and time of change; reading a million pictures to know them would take minutes.
fn listing(path: &Path) -> anyhow::Result<Option<ContentHash>> {
    let mut lines = Vec::new();
    for file in files(path)? {
        match fs::metadata(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && file == path => return Ok(None),
            // A link to nothing, which its stage leaves out.
            Err(_) => lines.push(file.display().to_string()),
            Ok(metadata) => {
                let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                let changed = changed.unwrap_or_default().as_nanos();
                lines.push(format!("{} {} {changed}", file.display(), metadata.len()));
            }
        }
    }
    lines.sort();
    let mut hasher = Hasher::default();
    lines.iter().for_each(|line| hasher.field(line.as_bytes()));
    Ok(Some(hasher.finish()))
}

/// Whether a table in Parquet is among the files that are packed.
pub(crate) fn have_parquet(project: &Project) -> anyhow::Result<bool> {
    for input in (StageId::Pack.spec().inputs)(&project.config) {
        if let Source::Listing(path) = input.source {
            let files = files(&project.root.join(path))?;
            let is_table = |file: &PathBuf| file.extension().is_some_and(|name| name.eq_ignore_ascii_case("parquet"));
            if files.iter().any(is_table) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Every file below a folder, through links too; a path that is no folder is the only one.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    walk(path, &mut HashSet::new(), &mut files).with_context(|| format!("cannot list {}", path.display()))?;
    Ok(files)
}

/// Each folder is walked once, which ends loops.
fn walk(path: &Path, walked: &mut HashSet<PathBuf>, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    if !walked.insert(fs::canonicalize(path)?) {
        return Ok(());
    }
    let mut paths = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    // Which of two ways to a folder is taken must not depend on the file system's order; real folders come before links.
    paths.sort_by_cached_key(|path| (path.is_symlink(), path.clone()));
    paths.iter().try_for_each(|path| walk(path, walked, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_notices_new_and_changed_files() {
        let folder = tempfile::tempdir().unwrap();
        let hash = || listing(folder.path()).unwrap();
        let empty = hash();
        fs::write(folder.path().join("a.png"), b"a").unwrap();
        let one = hash();
        fs::write(folder.path().join("a.png"), b"ab").unwrap();
        assert!(empty != one && one != hash());
        assert_eq!(listing(&folder.path().join("none")).unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_loop_or_lead_nowhere_are_listed_and_end() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.png"), b"a").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
        assert_eq!(files(folder.path()).unwrap().len(), 2);
        assert!(listing(folder.path()).unwrap().is_some());
    }
}
