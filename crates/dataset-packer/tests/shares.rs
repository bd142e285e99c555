//! The work in shares, its leftovers, and what is redone when something changes.
#![allow(clippy::unwrap_used)]

mod material;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use contracts::{
    report::State,
    stage::{Interrupt, Progress},
    tombstone::{self, Tombstone},
};
use dataset::SplitName;
use material::Pipeline;

/// When each file below a folder was last written.
fn times(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path().is_dir() {
            true => found.extend(times(&entry.path())),
            false => drop(found.insert(entry.path(), entry.metadata().unwrap().modified().unwrap())),
        }
    }
    found
}

fn changed(before: &BTreeMap<PathBuf, SystemTime>, after: &BTreeMap<PathBuf, SystemTime>) -> Vec<String> {
    let name = |path: &PathBuf| path.to_str().unwrap().rsplit("/data/").next().unwrap().to_owned();
    after.iter().filter(|(path, time)| before.get(*path) != Some(*time)).map(|(path, _)| name(path)).collect()
}

#[test]
fn shares_and_the_single_run_make_the_same_bytes_and_nothing_is_prepared_twice() {
    let single = Pipeline::with_pictures(150);
    let report = single.pack().unwrap();

    let shared = Pipeline::with_pictures(150);
    let mut taken = 0;
    for share in ["3/3", "1/3", "2/3"] {
        let part = shared.pack_share(share).unwrap();
        assert_eq!((part.state, part.output), (State::Share, None));
        assert_eq!(part.taken, part.kept);
        taken += part.taken;
    }
    assert_eq!(taken, 150);
    assert!(!shared.layout().dataset().exists());
    let prepared = times(&shared.layout().prepared());
    assert_eq!(shared.pack().unwrap(), report);
    assert_eq!(times(&shared.layout().prepared()), prepared);
    assert_eq!(shared.dataset_files(), single.dataset_files());
}

#[test]
fn copies_of_the_same_pictures_elsewhere_are_not_prepared_again() {
    let mut pipeline = Pipeline::with_pictures(30);
    pipeline.pack().unwrap();
    let (before, dataset) = (times(&pipeline.layout().prepared()), pipeline.dataset_files());
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = |name: &str| elsewhere.path().join(name);
    let source = PathBuf::from(&pipeline.config.pack.sources[0]);
    for entry in fs::read_dir(&source).unwrap().map(Result::unwrap) {
        // Read and written, so that the copy is of now.
        fs::write(copy(entry.file_name().to_str().unwrap()), fs::read(entry.path()).unwrap()).unwrap();
    }
    pipeline.config.pack.sources = vec![elsewhere.path().to_str().unwrap().to_owned()];
    pipeline.pack().unwrap();
    let after = times(&pipeline.layout().prepared());
    let renamed = changed(&before, &after);
    assert!(!renamed.is_empty() && renamed.iter().all(|name| name.ends_with("shard.json")), "{renamed:?}");
    assert_eq!(pipeline.dataset_files(), dataset);
    // Known by their files from now on.
    pipeline.pack().unwrap();
    assert_eq!(times(&pipeline.layout().prepared()), after);

    // Another picture under an old name is prepared, and its shard alone.
    let name = fs::read_dir(elsewhere.path()).unwrap().next().unwrap().unwrap().path();
    let other = fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path());
    fs::copy(other.filter(|path| path.file_name() != name.file_name()).max().unwrap(), &name).unwrap();
    pipeline.pack().unwrap();
    let changed = changed(&after, &times(&pipeline.layout().prepared()));
    assert_eq!(changed.iter().filter(|name| name.ends_with("pixels")).count(), 1, "{changed:?}");
}

/// Stops the run when so many items were done.
struct StopAfter<'a>(std::sync::atomic::AtomicU64, u64, &'a Interrupt);

impl Progress for StopAfter<'_> {
    fn begin(&self, _: &str, _: u64) {}
    fn note(&self, _: &str) {}
    fn advance(&self, count: u64) {
        if self.0.fetch_add(count, std::sync::atomic::Ordering::Relaxed) + count >= self.1 {
            self.2.raise();
        }
    }
}

#[test]
fn a_run_that_was_stopped_keeps_its_whole_shards() {
    let pipeline = Pipeline::with_pictures(150);
    let interrupt = Interrupt::default();
    let stop = StopAfter(0.into(), 75, &interrupt);
    assert_eq!(pipeline.pack_with(&interrupt, &stop).unwrap().state, State::Interrupted);
    let prepared = times(&pipeline.layout().prepared());
    let whole = |(path, _): &(&PathBuf, &SystemTime)| {
        path.ends_with("shard.json") && !path.to_str().unwrap().contains(".partial")
    };
    assert!(prepared.iter().filter(whole).count() > 20);

    // A killed run leaves a folder without an index, and perhaps half an index elsewhere.
    let half = pipeline.layout().prepared().join(".partial-pictures-63");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("pixels"), b"half").unwrap();
    pipeline.pack().unwrap();
    let again = changed(&prepared, &times(&pipeline.layout().prepared()));
    let kept = prepared.keys().filter(|path| !again.iter().any(|name| path.to_str().unwrap().ends_with(name)));
    assert!(kept.count() >= 40 && !half.exists(), "{again:?}");
    let single = Pipeline::with_pictures(150);
    single.pack().unwrap();
    assert_eq!(pipeline.dataset_files(), single.dataset_files());
}

#[test]
fn a_damaged_prepared_image_is_not_packed() {
    let pipeline = Pipeline::with_pictures(20);
    pipeline.pack().unwrap();
    let pixels = times(&pipeline.layout().prepared()).into_keys().find(|path| path.ends_with("pixels")).unwrap();
    let mut content = fs::read(&pixels).unwrap();
    content[7] ^= 1;
    fs::write(&pixels, content).unwrap();
    fs::remove_dir_all(pipeline.layout().dataset()).unwrap();
    let error = pipeline.pack().unwrap_err().to_string();
    assert!(error.contains(pixels.to_str().unwrap()), "{error}");
}

#[test]
fn forgetting_a_post_rewrites_its_shard_and_no_other() {
    let mut pipeline = Pipeline::with_faces_of_posts(&[1, 2, 3, 4096, 4097, 4098, 9000, 9001]);
    pipeline.config.pack.holdout = 0.0;
    pipeline.pack().unwrap();
    let files = |folder: PathBuf| times(&folder);
    let (prepared, dataset) = (files(pipeline.layout().prepared()), files(pipeline.layout().dataset()));
    let hashes = pipeline.dataset_files();
    std::thread::sleep(std::time::Duration::from_millis(20));

    let post = "mini:4097".parse().unwrap();
    tombstone::add(&pipeline.layout(), [Tombstone { post, sha256: None }]).unwrap();
    let report = pipeline.pack().unwrap();
    assert_eq!((report.dropped_for("forgotten"), report.kept), (1, 7));
    assert_eq!(
        changed(&prepared, &files(pipeline.layout().prepared())),
        ["prepared/mini-00001/pixels", "prepared/mini-00001/shard.json"]
    );
    // The holdout has no rows, only a shard that says what its columns are.
    let is_shard = |name: &String| name.ends_with(".arrow") && name.contains("/train/");
    let arrow = |names: Vec<String>| names.into_iter().filter(is_shard).collect::<Vec<_>>();
    assert_eq!(arrow(changed(&dataset, &files(pipeline.layout().dataset()))), ["dataset/train/mini-00001-000.arrow"]);
    let differ: Vec<String> = pipeline
        .dataset_files()
        .into_iter()
        .filter(|(path, hash)| hashes.get(path) != Some(hash))
        .map(|(path, _)| path.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(arrow(differ), ["data/dataset/train/mini-00001-000.arrow"]);

    let dataset = pipeline.dataset();
    let posts = dataset.split(SplitName::Train).rows().map(|row| row.unwrap().post.unwrap().to_string());
    assert!(posts.into_iter().all(|post| post != "mini:4097"));
}
