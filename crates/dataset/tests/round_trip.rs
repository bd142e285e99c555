//! A dataset written, read back, and damaged in every way that a disk knows.
#![allow(clippy::unwrap_used)]

mod sample;

use std::{fs, path::Path};

use dataset::{Dataset, EpochOrder, ImageShape, Limits, Row, SplitName, Writer};
use sample::{SMALL, numbers, pixels, row, write};

fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        match entry.path().is_dir() {
            true => names.extend(files(&entry.path()).into_iter().map(|inner| format!("{name}/{inner}"))),
            false => names.push(name),
        }
    }
    names.sort();
    names
}

#[test]
fn everything_comes_back_across_batches_and_shards() {
    let check = |side: u32, limits: Limits| {
        let folder = tempfile::tempdir().unwrap();
        let written = write(folder.path(), side, limits);
        let dataset = Dataset::open(folder.path()).unwrap();
        dataset.verify().unwrap();
        assert_eq!(dataset.hash(), written.hash);
        for name in SplitName::ALL {
            let (split, expected) = (dataset.split(name), numbers(name));
            assert_eq!(split.len(), expected.len());
            for (place, number) in expected.iter().enumerate() {
                assert_eq!(split.pixels(place).unwrap(), pixels(dataset.shape(), *number), "{name} row {place}");
                assert_eq!(split.row(place).unwrap(), row(*number));
            }
            let rows: Result<Vec<Row>, _> = split.rows().collect();
            assert_eq!(rows.unwrap(), expected.into_iter().map(row).collect::<Vec<_>>());
        }
    };
    check(8, SMALL);
    check(8, Limits::default());
    check(8, Limits { batch_bytes: 1, ..SMALL });
    check(130, SMALL);
}

#[test]
fn the_files_are_those_that_python_looks_for() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 8, SMALL);
    let names = files(folder.path());
    for name in ["dataset_dict.json", "index.json", "train/state.json", "train/dataset_info.json"] {
        assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
    }
    let shards: Vec<&String> = names.iter().filter(|name| name.starts_with("train/data-")).collect();
    assert!(shards.len() > 1, "{shards:?}");
    assert_eq!(*shards[0], format!("train/data-00000-of-{:05}.arrow", shards.len()));
    for shard in shards {
        assert!(fs::metadata(folder.path().join(shard)).unwrap().len() <= SMALL.shard_bytes);
    }
}

#[test]
fn the_same_rows_make_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(write(one.path(), 8, SMALL), write(two.path(), 8, SMALL));
    for name in files(one.path()) {
        assert_eq!(fs::read(one.path().join(&name)).unwrap(), fs::read(two.path().join(&name)).unwrap(), "{name}");
    }
}

#[test]
fn a_batch_is_planes_between_minus_one_and_one() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 8, SMALL);
    let dataset = Dataset::open(folder.path()).unwrap();
    let split = dataset.split(SplitName::Train).clone();
    let order = EpochOrder::new(1, split.len());
    let rows: Vec<usize> = (0..4).map(|position| order.row(position)).collect();
    let mut batch = vec![0.0; rows.len() * split.shape().values()];
    split.copy_chw_f32(&rows, &mut batch).unwrap();
    for (place, row) in rows.iter().enumerate() {
        let pixels = split.pixels(*row).unwrap();
        for (at, pixel) in pixels.chunks(3).enumerate() {
            for (channel, value) in pixel.iter().enumerate() {
                let found = batch[(place * 3 + channel) * 64 + at];
                assert!((found - (f32::from(*value) / 127.5 - 1.0)).abs() < 1e-6);
            }
        }
    }
    assert!(split.copy_chw_f32(&[0], &mut batch).is_err(), "room for four");
    assert!(split.copy_chw_f32(&[split.len(); 4], &mut batch).is_err(), "beyond the end");
}

#[test]
fn a_dataset_may_have_an_empty_split() {
    let folder = tempfile::tempdir().unwrap();
    let shape = ImageShape::new(8);
    Writer::create(folder.path(), shape, SMALL).unwrap().finish().unwrap();
    let dataset = Dataset::open(folder.path()).unwrap();
    assert!(dataset.split(SplitName::Holdout).is_empty());
    assert!(dataset.split(SplitName::Train).pixels(0).is_err());
}

#[test]
fn no_dataset_says_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let error = Dataset::open(&folder.path().join("dataset")).err().unwrap().to_string();
    assert!(error.contains("cargo xtask pack"), "{error}");
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_its_file_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 8, SMALL);
    for name in files(folder.path()) {
        let path = folder.path().join(&name);
        let whole = fs::read(&path).unwrap();
        let step = if name == "index.json" { 1 } else { 97 };
        for place in (0..whole.len()).step_by(step).filter(|place| !whole[*place].is_ascii_whitespace()) {
            let mut changed = whole.clone();
            changed[place] ^= 4;
            fs::write(&path, changed).unwrap();
            let error = Dataset::open(folder.path()).and_then(|dataset| dataset.verify()).err();
            let error = error.unwrap_or_else(|| panic!("{name}: byte {place} was not noticed")).to_string();
            assert!(error.contains(name.rsplit('/').next().unwrap()), "{error}");
        }
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_damaged_shard_is_an_error_even_when_nobody_verified() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 8, SMALL);
    let name = files(folder.path()).into_iter().find(|name| name.starts_with("train/data-")).unwrap();
    let path = folder.path().join(name);
    let whole = fs::read(&path).unwrap();
    let check_open = |content: Option<&[u8]>, expected: &str| {
        match content {
            Some(content) => fs::write(&path, content).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let error = Dataset::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains(expected) && error.contains("cargo xtask pack"), "{error}");
    };
    check_open(Some(&[]), "has 0 bytes where");
    check_open(Some(&whole[..whole.len() - 1]), "bytes where");
    check_open(None, "is missing");

    fs::write(&path, vec![0xff; whole.len()]).unwrap();
    let dataset = Dataset::open(folder.path()).unwrap();
    assert!(dataset.split(SplitName::Train).pixels(0).is_err());
    assert!(dataset.split(SplitName::Train).row(0).is_err());
}
