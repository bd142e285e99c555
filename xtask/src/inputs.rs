//! What a stage reads and what it wrote, as hashes.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::Context as _;
use contracts::{
    ContentHash, StageId,
    cascade::{self, CascadeSource},
    exclusion::Exclusions,
    hash::Hasher,
    id::SiteName,
    idx,
    layout::RunLayout,
    manifest::{self, Manifest, ManifestError},
    record::FaceRecord,
};

use crate::project::Project;

/// How an input is written that is not there.
pub(crate) const MISSING: &str = "missing";

/// Everything that a stage reads, by name.
pub(crate) fn of(stage: StageId, project: &Project) -> anyhow::Result<BTreeMap<String, String>> {
    let mut inputs = BTreeMap::new();
    let mut add = |name: &str, hash: Option<ContentHash>| {
        inputs.insert(name.to_owned(), hash.map_or_else(|| MISSING.to_owned(), |hash| hash.to_string()));
    };
    let config = &project.config;
    match stage {
        StageId::Crawl if config.crawl.site == SiteName::mini() && !config.mini.pictures.as_os_str().is_empty() => {
            add("the files of mini.pictures", listing(&project.root.join(&config.mini.pictures))?);
        }
        StageId::Crawl => {}
        StageId::Crop => {
            add("the pictures", output(StageId::Crawl, project)?);
            // The embedded one is part of the cropper's code.
            let cascade = cascade::resolve_here(&config.crop.cascade).ok();
            if cascade != Some(CascadeSource::Embedded) {
                let file = cascade.as_ref().and_then(CascadeSource::path);
                add("the cascade", file.map(ContentHash::of_file).transpose()?);
            }
        }
        StageId::Pack => {
            add("the posts forgotten", file_hash(&project.layout.tombstones())?);
            for source in &config.pack.sources {
                if source == "faces" {
                    let faces = manifest::read::<FaceRecord>(&project.layout.faces_manifest()).ok();
                    add("the faces", faces.as_ref().map(|faces| faces.records_hash));
                    add("the faces left out by hand", faces.map(|faces| left_out(project, &faces)).transpose()?);
                } else {
                    let path = project.root.join(fixed_part(source));
                    add(&format!("the files of {source}"), listing(&path)?);
                    for (kind, labels) in ["plain", "compressed"].iter().zip(idx::labels_beside(&path).iter().flatten())
                    {
                        add(&format!("the {kind} labels of {source}"), listing(labels)?);
                    }
                    add("the list of what is left out", file_hash(&project.layout.exclude_list())?);
                }
            }
        }
        StageId::Train => add("the dataset", output(StageId::Pack, project)?),
        StageId::Evaluate => {
            add("the dataset", output(StageId::Pack, project)?);
            add("the generator", output(StageId::Train, project)?);
        }
        StageId::Report => {
            add("the generator", output(StageId::Train, project)?);
            add("the evaluation", output(StageId::Evaluate, project)?);
        }
    }
    Ok(inputs)
}

/// What identifies a stage's output as it lies on disk now; `None` where there is none.
pub(crate) fn output(stage: StageId, project: &Project) -> anyhow::Result<Option<ContentHash>> {
    let layout = &project.layout;
    let of_run = |file: fn(&RunLayout) -> PathBuf| match run(project)? {
        Some(run) => file_hash(&file(&run)),
        None => Ok(None),
    };
    match stage {
        StageId::Crawl => records(&layout.raw_manifest()),
        StageId::Crop => records(&layout.faces_manifest()),
        StageId::Pack => file_hash(&layout.dataset_index()),
        StageId::Train => of_run(RunLayout::generator),
        StageId::Evaluate => of_run(RunLayout::evaluation_metrics),
        StageId::Report => of_run(RunLayout::report_page),
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
            eprintln!("warning: {error}");
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

/// The faces that were deleted or listed for exclusion: the same before and after the packer remembers them.
fn left_out(project: &Project, faces: &Manifest<FaceRecord>) -> anyhow::Result<ContentHash> {
    let layout = &project.layout;
    let exclusions = Exclusions::read(layout)?;
    let mut hasher = Hasher::default();
    for face in &faces.records {
        if exclusions.covers(face) || !layout.faces().join(&face.file).exists() {
            hasher.field(face.face.to_string().as_bytes());
        }
    }
    Ok(hasher.finish())
}

/// A folder's files by name, length and time of change; reading a million pictures to know them would take minutes.
fn listing(path: &Path) -> anyhow::Result<Option<ContentHash>> {
    let mut lines = Vec::new();
    match list(path, &mut lines) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.with_context(|| format!("cannot list {}", path.display()))?,
    }
    lines.sort();
    let mut hasher = Hasher::default();
    lines.iter().for_each(|line| hasher.field(line.as_bytes()));
    Ok(Some(hasher.finish()))
}

fn list(path: &Path, lines: &mut Vec<String>) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return fs::read_dir(path)?.try_for_each(|entry| list(&entry?.path(), lines));
    }
    let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    lines.push(format!("{} {} {}", path.display(), metadata.len(), changed.as_nanos()));
    Ok(())
}

/// The folder above the first wildcard of a glob.
fn fixed_part(glob: &str) -> &Path {
    let path = Path::new(glob);
    let wild = |part: &Path| part.to_string_lossy().contains(['*', '?', '[']);
    path.ancestors().find(|part| !wild(part)).unwrap_or(Path::new(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_watched_from_their_fixed_folder() {
        let check = |glob: &str, expected: &str| assert_eq!(fixed_part(glob), Path::new(expected), "{glob}");
        check("data/anime/*.jpg", "data/anime");
        check("data/*/x.jpg", "data");
        check("../faces-20k.tar", "../faces-20k.tar");
        check("*.tar", "");
    }

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
}
