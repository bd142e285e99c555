//! Damaged manifests, lists and reports, as stages read them of earlier runs.

use std::{collections::BTreeMap, fs, path::Path};

use fuzz::Target;

use crate::{
    Layout, Report, StageId,
    config::{self, Config, PathsConfig, Request},
    exclusion::Exclusions,
    hash::{ContentHash, Hasher},
    manifest::{self, Header},
    record::{FaceRecord, PictureRecord, Record},
    tombstone::Tombstones,
};

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn picture(number: u64) -> PictureRecord {
    let json = format!(
        r#"{{"sha256":"{HASH}","post":"mini:{number}","md5_claimed":null,"variant":"sample","file":"pictures/ba/{HASH}.png",
            "bytes":900,"width":64,"height":48,"stored_sides":[48,64],"rating":"s","tags":["hat","smile"],"author":"someone",
            "source_url":"http://mini.invalid/1.png","page_url":"http://mini.invalid/post/show/1","original_source":null}}"#
    );
    serde_json::from_str(&json).unwrap()
}

fn face(index: u32) -> FaceRecord {
    let json = format!(
        r#"{{"face":"{HASH}-{index}","picture":"{HASH}","post":"mini:7","also_posts":["mini:9"],"file":"mini-00000/{HASH}-{index}.png",
            "box":[1,2,30,30],"neighbours":9,"score":1.5,"grey_std":50.0,"sharpness":20.0,"side":30,"pixels_sha256":"{HASH}",
            "rating":"s","tags":["hat"],"source_url":"http://mini.invalid/7.png"}}"#
    );
    serde_json::from_str(&json).unwrap()
}

/// A manifest's bytes, and those that an earlier version would have written.
fn written<R: Record>(mut records: Vec<R>) -> [Vec<u8>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records");
    let header = Header::new::<R>("0.1.0", None, BTreeMap::from([("crop.size".into(), "96".into())]), 7);
    manifest::write(&path, &header, &mut records).unwrap();
    let now = fs::read_to_string(path).unwrap();
    let before = now.replace("\"version\":3", "\"version\":1");
    let end = before.trim_end().rfind('\n').unwrap() + 1;
    [before[..end].into(), now.into()]
}

/// Writes the last line anew, so that it fits the header and the records.
fn end_again(manifest: &mut Vec<u8>) {
    let is_end = |line: &[u8]| line.starts_with(b"{\"end\"");
    let mut lines: Vec<&[u8]> = manifest.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_end(line)).collect();
    let mut hasher = Hasher::default();
    lines.iter().skip(1).for_each(|line| hasher.update(line));
    let records = lines.len().saturating_sub(1);
    let header = ContentHash::of(lines.first().copied().unwrap_or_default());
    let sha256 = hasher.finish();
    let end = format!("{{\"end\":{{\"records\":{records},\"sha256\":\"{sha256}\",\"header\":\"{header}\"}}}}\n");
    lines.push(end.as_bytes());
    *manifest = lines.concat();
}

fn in_file(bytes: &[u8], read: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes).unwrap();
    // The folder is another each time, and no part of what was said.
    read(&path).map_err(|said| said.replace(&*folder.path().to_string_lossy(), ""))
}

fn manifests<R: Record + 'static>(name: &'static str, records: Vec<R>) -> Target {
    let read =
        |bytes: &[u8]| in_file(bytes, |path| manifest::read::<R>(path).map(drop).map_err(|error| error.to_string()));
    Target::new(name, &written(records), read)
        .words(&["\n", "null", "[]", "{}", "{\"end\":", "mini:1", "-1", "\"\\ud800\""])
        .repair(end_again)
}

#[test]
fn picture_manifests() {
    manifests("picture_manifests", vec![picture(1), picture(2)]).run();
}

#[test]
fn face_manifests() {
    manifests("face_manifests", vec![face(0), face(1)]).run();
}

#[test]
fn exclusions() {
    let layout = |root: &Path| Layout::new(root, &PathsConfig::default());
    let line = format!(r#"{{"picture":"{HASH}","box":[1,2,30,30]}}"#);
    let stone = format!(r#"{{"post":"mini:7","sha256":"{HASH}"}}"#);
    let seeds = [format!("{line}\n{line}\n"), format!("{stone}\n"), format!("{HASH}-0 # eyes\nbad.png\n")];
    let read = move |bytes: &[u8]| {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(root.path());
        fs::create_dir_all(layout.data()).unwrap();
        let said = |error: crate::publish::FileError| error.source.to_string();
        let mut results = Vec::new();
        for (path, other) in [(layout.exclusions(), layout.tombstones()), (layout.exclude_list(), layout.exclusions())]
        {
            fs::write(&path, bytes).unwrap();
            let _ = fs::remove_file(other);
            let face = face(0);
            let covers = |exclusions: Exclusions| _ = exclusions.covers(&face.face, &face.pixel_box, &face.file);
            results.push(Exclusions::read(&layout).map(covers).map_err(said));
        }
        fs::write(layout.tombstones(), bytes).unwrap();
        results.push(Tombstones::read(&layout).map(drop).map_err(said));
        // Each seed is one of the three.
        if results.iter().any(Result::is_ok) { Ok(()) } else { results.swap_remove(0) }
    };
    Target::new("exclusions", &seeds, read).words(&["\n", "#", "/", "-", "null"]).executions(1500).run();
}

#[test]
fn reports() {
    let mut report = Report::new(StageId::Crop);
    report.warnings.push("a word".into());
    report.figures.insert("rows".into(), 1.5);
    let json = serde_json::to_vec(&report).unwrap();
    let before = String::from_utf8(json.clone()).unwrap().replace("\"dropped\":[]", "\"dropped\":{\"unreadable\":3}");
    let read = |bytes: &[u8]| serde_json::from_slice::<Report>(bytes).map(drop).map_err(|error| error.to_string());
    Target::new("reports", &[json, before.into_bytes()], read).words(&["null", "[", "{\"", "1e999"]).run();
}

#[test]
fn configurations() {
    let text = Config::default().to_toml();
    let read = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let request = Request { text, file: Path::new("pipeline.toml"), profile: None, set: &[] };
        config::load(&request).map(drop).map_err(|error| error.to_string())
    };
    let words = ["[", "]", "[[", "\"\"\"", "inf", "-inf", "nan", "1979-05-27", "[profile.x.crawl]", "= {", "a.b.c"];
    Target::new("configurations", &[text], read).words(&words).executions(1000).run();
}
