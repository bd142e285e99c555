//! Prepared shards that nothing uses.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use anyhow::Context as _;
use contracts::{Layout, layout::PartialName};
use serde::Deserialize;

/// The part of the dataset's index that says from which shards its rows come.
#[derive(Deserialize)]
struct Index {
    splits: BTreeMap<String, Split>,
}

#[derive(Deserialize)]
struct Split {
    shards: Vec<Shard>,
}

#[derive(Deserialize)]
struct Shard {
    group: Group,
}

#[derive(Deserialize)]
struct Group {
    name: String,
}

/// The shards from which the dataset has no row, and which were there when it was packed: later ones may be shares of the next.
pub(super) fn unused(layout: &Layout) -> anyhow::Result<Vec<PathBuf>> {
    let (index, folder) = (layout.dataset_index(), layout.prepared());
    let json = fs::read(&index).ok();
    let Some(Index { splits }) = json.and_then(|json| serde_json::from_slice(&json).ok()) else {
        return Ok(Vec::new());
    };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let packed = index.metadata().and_then(|metadata| metadata.modified());
    let packed = packed.with_context(|| format!("cannot look at {}", index.display()))?;
    let used: BTreeSet<&str> =
        splits.values().flat_map(|split| &split.shards).map(|shard| shard.group.name.as_str()).collect();
    let mut unused = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let record = Layout::shard_record(&path);
        let prepared = record.metadata().and_then(|metadata| metadata.modified());
        let is_older = prepared.is_ok_and(|prepared| prepared < packed);
        if is_older && !used.contains(&*name) && PartialName::read(&name).is_none() {
            unused.push(path);
        }
    }
    Ok(unused)
}
