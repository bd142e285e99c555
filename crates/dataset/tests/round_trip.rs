//! A dataset written, read back, and damaged in every way that a disk knows.
#![allow(clippy::unwrap_used)]

mod sample;

use std::{
    fs,
    path::{Path, PathBuf},
};

use contracts::{ContentHash, Layout};
use dataset::{
    Batch, Dataset, EpochOrder, ImageShape, Label, Limits, Loader, LoaderOptions, Row, RowGroup, SplitName, Turn,
    Writer, foreign_images,
};
use sample::{ROWS, SMALL, numbers, pixels, row, write};

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
            for (index, number) in expected.iter().enumerate() {
                assert_eq!(split.pixels(index).unwrap(), pixels(dataset.shape(), *number), "{name} row {index}");
                assert_eq!(split.row(index).unwrap(), row(*number));
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

/// Version 2 had no column for angles. What is written now has one in every shard, so that none of its shards is taken over.
#[test]
fn a_dataset_of_version_2_is_read_and_written_anew() {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let old = here.join("../../tests/fixtures/first-version/data/dataset");
    let dataset = Dataset::open(&old).unwrap();
    dataset.verify().unwrap();
    let rows: Vec<Row> =
        SplitName::ALL.iter().flat_map(|name| dataset.split(*name).rows()).map(Result::unwrap).collect();
    assert_eq!(rows.len(), 19);
    assert!(rows.iter().all(|row| row.pixel_box.is_some() && row.angle.is_none()));

    let index: serde_json::Value = serde_json::from_slice(&fs::read(Layout::index_of(&old)).unwrap()).unwrap();
    let group: RowGroup = serde_json::from_value(index["splits"]["train"]["shards"][0]["group"].clone()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), dataset.shape(), Limits::default()).unwrap().replacing(&old);
    assert!(!writer.begin(SplitName::Train, &group).unwrap());
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
    assert_eq!(*shards[0], "train/data-000.arrow");
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
    for (index, row) in rows.iter().enumerate() {
        let pixels = split.pixels(*row).unwrap();
        for (at, pixel) in pixels.chunks(3).enumerate() {
            for (channel, value) in pixel.iter().enumerate() {
                let found = batch[(index * 3 + channel) * 64 + at];
                assert!((found - (f32::from(*value) / 127.5 - 1.0)).abs() < 1e-6);
            }
        }
    }
    assert!(split.copy_chw_f32(&[0], &mut batch).is_err(), "room for four");
    assert!(split.copy_chw_f32(&[split.len(); 4], &mut batch).is_err(), "beyond the end");
}

/// Writes `rows` of the sample, three to a group, replacing what `before` holds; says how many groups were taken over.
fn write_groups(folder: &Path, before: &Path, rows: &[usize]) -> usize {
    let shape = ImageShape::new(8);
    let mut writer = Writer::create(folder, shape, SMALL).unwrap().replacing(before);
    let mut taken = 0;
    for number in 0..ROWS.div_ceil(3) {
        let rows: Vec<usize> = rows.iter().copied().filter(|row| row / 3 == number).collect();
        let group = RowGroup { name: format!("g{number}"), rows: ContentHash::of(format!("{rows:?}").as_bytes()) };
        if writer.begin(SplitName::Train, &group).unwrap() {
            taken += 1;
            continue;
        }
        for number in rows {
            writer.push(SplitName::Train, &row(number), &shape.encode(&pixels(shape, number)).unwrap()).unwrap();
        }
    }
    writer.finish().unwrap();
    taken
}

#[test]
fn groups_with_the_same_rows_are_taken_over_and_a_damaged_one_is_written_anew() {
    let [one, two, three, alone] = [(); 4].map(|()| tempfile::tempdir().unwrap());
    let all: Vec<usize> = (0..ROWS).collect();
    let less: Vec<usize> = all.iter().copied().filter(|row| *row != 10).collect();
    assert_eq!(write_groups(one.path(), alone.path(), &all), 0);
    assert_eq!(write_groups(two.path(), one.path(), &less), 7);
    write_groups(alone.path(), three.path(), &less);
    for name in files(alone.path()) {
        let read = |folder: &Path| fs::read(folder.join(&name)).unwrap();
        assert_eq!(read(two.path()), read(alone.path()), "{name}");
    }
    Dataset::open(two.path()).unwrap().verify().unwrap();

    let damaged = two.path().join("train/g5-000.arrow");
    let mut content = fs::read(&damaged).unwrap();
    content[500] ^= 1;
    fs::remove_file(&damaged).unwrap();
    fs::write(&damaged, content).unwrap();
    assert_eq!(write_groups(three.path(), two.path(), &less), 7);
    Dataset::open(three.path()).unwrap().verify().unwrap();
}

#[test]
fn batches_are_the_same_for_any_number_of_readers_and_from_any_position() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 8, SMALL);
    let dataset = Dataset::open(folder.path()).unwrap();
    let split = dataset.split(SplitName::Train);
    let options = LoaderOptions { seed: 3, batch_size: 4, flip: true, turn: Turn::default(), readers: 1, ahead: 1 };
    let batches = |readers: usize, ahead: usize, from: u64| -> Vec<Batch> {
        let loader = Loader::start(split, LoaderOptions { readers, ahead, ..options }, from);
        loader.take(12).map(Result::unwrap).collect()
    };
    let all = batches(1, 1, 0);
    assert_eq!(all.iter().map(|batch| batch.first).collect::<Vec<_>>(), (0..48).step_by(4).collect::<Vec<u64>>());
    for (readers, ahead) in [(2, 1), (3, 2), (5, 8)] {
        assert_eq!(batches(readers, ahead, 0), all);
    }
    assert_eq!(batches(2, 1, 20)[..7], all[5..]);
    // Of every four batches two, by one reader and by three, from a position on.
    let taken = |turn, readers, from| -> Vec<Batch> {
        let loader = Loader::start(split, LoaderOptions { turn, readers, ..options }, from);
        loader.take(4).map(Result::unwrap).collect()
    };
    for (first, expected) in [(0, [0, 1, 4, 5]), (2, [2, 3, 6, 7]), (1, [1, 2, 5, 6])] {
        let (turn, expected) = (Turn { first, count: 2, of: 4 }, expected.map(|number: usize| all[number].clone()));
        assert_eq!(taken(turn, 1, 0), expected);
        assert_eq!(taken(turn, 3, 0), expected);
        assert_eq!(taken(turn, 2, 16)[0], all[4 + first as usize]);
    }

    let (order, image) = (EpochOrder::new(3, split.len()), split.shape().values());
    let mut flipped = 0;
    for position in 0..48_u64 {
        let found = &all[position as usize / 4].values[position as usize % 4 * image..][..image];
        let mut plain = vec![0.0; image];
        split.copy_chw_f32(&[order.row(position)], &mut plain).unwrap();
        let mirrored: Vec<f32> = plain.chunks(8).flat_map(|line| line.iter().rev().copied()).collect();
        assert!(found == plain || found == mirrored, "{position}");
        flipped += usize::from(found == mirrored);
    }
    assert!((12..36).contains(&flipped), "{flipped} of 48");
    let plain = Loader::start(split, LoaderOptions { flip: false, ..options }, 0).next().unwrap().unwrap();
    let mut expected = vec![0.0; 4 * image];
    split.copy_chw_f32(&[0, 1, 2, 3].map(|position| order.row(position)), &mut expected).unwrap();
    assert_eq!(plain.values, expected);
}

#[test]
fn images_are_found_in_a_shard_as_in_a_foreign_file() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 8, SMALL);
    let path = folder.path().join("train/data-000.arrow");
    let (content, numbers) = (fs::read(&path).unwrap(), numbers(SplitName::Train));
    let shape = ImageShape::new(8);
    let images = foreign_images(&path).unwrap().images;
    assert!(images.len() > 3);
    for (image, number) in images.iter().flatten().zip(numbers) {
        let bytes = &content[image.offset as usize..][..image.length as usize];
        assert_eq!(bytes, shape.encode(&pixels(shape, number)).unwrap().bytes());
        let label = row(number).label.map_or(Label::None, Label::Number);
        assert_eq!((&image.label, image.row.as_ref()), (&label, Some(&row(number))));
    }
    for cut in [0, 10, content.len() / 2, content.len() - 9] {
        fs::write(&path, &content[..cut]).unwrap();
        let found = foreign_images(&path);
        assert!(found.is_err() || found.unwrap().images.len() < images.len(), "cut to {cut}");
    }
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
        let step = if name == "index.json" { 11 } else { 97 };
        for index in (0..whole.len()).step_by(step).filter(|index| !whole[*index].is_ascii_whitespace()) {
            let mut changed = whole.clone();
            changed[index] ^= 4;
            fs::write(&path, changed).unwrap();
            let error = Dataset::open(folder.path()).and_then(|dataset| dataset.verify()).err();
            let error = error.unwrap_or_else(|| panic!("{name}: byte {index} was not noticed")).to_string();
            assert!(error.contains(name.rsplit('/').next().unwrap()), "{error}");
        }
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_copy_is_the_same_dataset_and_is_made_anew_where_it_is_damaged() {
    let root = tempfile::tempdir().unwrap();
    let (original, copy) = (root.path().join("dataset"), root.path().join("scratch/copy"));
    write(&original, 8, SMALL);
    let dataset = Dataset::open(&original).unwrap();
    let bytes =
        |folder: &Path| files(folder).into_iter().map(|name| fs::read(folder.join(name)).unwrap()).collect::<Vec<_>>();
    assert_eq!(dataset.copied_to(&copy).unwrap().hash(), dataset.hash());
    assert_eq!(files(&copy), files(&original));
    assert_eq!(bytes(&copy), bytes(&original));

    let shard = files(&copy).into_iter().find(|name| name.ends_with(".arrow")).unwrap();
    let changed = |folder: &Path| fs::metadata(folder.join(&shard)).unwrap().modified().unwrap();
    let before = changed(&copy);
    dataset.copied_to(&copy).unwrap();
    assert_eq!(changed(&copy), before, "what is whole is not copied again");
    fs::write(copy.join(&shard), b"damaged").unwrap();
    dataset.copied_to(&copy).unwrap();
    assert_eq!(bytes(&copy), bytes(&original));

    let mut damaged = fs::read(original.join(&shard)).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(original.join(&shard), damaged).unwrap();
    let other = root.path().join("scratch/other");
    let error = dataset.copied_to(&other).err().unwrap().to_string();
    assert!(error.contains("dataset is damaged") && error.contains(original.join(&shard).to_str().unwrap()), "{error}");
    assert!(!other.exists());
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

    // One bit of one pixel: nothing but the hash tells.
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for content in [vec![0xff; whole.len()], flipped] {
        fs::write(&path, content).unwrap();
        let dataset = Dataset::open(folder.path()).unwrap();
        let split = dataset.split(SplitName::Train);
        let errors = [split.pixels(0).err(), split.row(0).err(), split.rows().next().unwrap().err()];
        for error in errors.map(|error| error.unwrap().to_string()) {
            assert!(error.contains("data-") && error.contains("its BLAKE3 differs"), "{error}");
        }
    }
}
