//! The pack stage on small sources: what becomes a row, what is left out and why, and that it repeats to the bit.
#![allow(clippy::unwrap_used)]

mod material;

use std::{collections::BTreeSet, fs};

use contracts::{ContentHash, Layout, StageId, layout, options::PackOptions, report::State, stage::Interrupt};
use dataset::{Row, SplitName};
use material::{Pipeline, face, picture};

fn rows(pipeline: &Pipeline) -> Vec<Row> {
    let dataset = pipeline.dataset();
    SplitName::ALL.iter().flat_map(|name| dataset.split(*name).rows().collect::<Vec<_>>()).map(Result::unwrap).collect()
}

#[test]
fn faces_become_rows_with_all_that_is_known_of_them() {
    let pipeline = Pipeline::with_faces(40);
    let report = pipeline.pack().unwrap();
    assert_eq!((report.taken, report.kept, report.dropped.len()), (40, 40, 0));
    let dataset = pipeline.dataset();
    assert_eq!(report.output, Some(dataset.hash()));
    assert_eq!(report.figures["train_rows"] + report.figures["holdout_rows"], 40.0);

    let one = face(7);
    let row = rows(&pipeline).into_iter().find(|row| row.face.as_ref() == Some(&one.face)).unwrap();
    let expected = Row {
        path: one.file,
        label: None,
        face: Some(one.face),
        picture: one.picture,
        post: Some(one.post),
        source_url: Some(one.source_url),
        rating: Some(one.rating),
        tags: one.tags,
        pixel_box: Some(one.pixel_box),
        angle: Some(one.angle),
        score: Some(one.score),
        dhash: row.dhash,
    };
    assert_eq!(row, expected);
}

#[test]
fn what_is_sorted_on_the_way_leaves_nothing_behind() {
    let mut pipeline = Pipeline::with_pictures(300);
    // Names so long that no list of them fits into what is sorted in memory.
    let (name, archive) = ("d/".repeat(1500), pipeline.path("long.tar"));
    let mut tar = tar::Builder::new(fs::File::create(&archive).unwrap());
    for number in 0..6000 {
        tar.append_path_with_name(pipeline.path("pictures/007.png"), format!("{name}{number:04}.png")).unwrap();
    }
    tar.finish().unwrap();
    pipeline.config.pack.sources.push(archive.to_str().unwrap().to_owned());
    let report = pipeline.pack().unwrap();
    assert_eq!((report.taken, report.dropped_for("exact duplicate")), (6300, 6000));
    let left_out = fs::read_to_string(pipeline.layout().left_out(StageId::Pack)).unwrap();
    let is_in_place_of_it = |line: &str| line.ends_with("\"instead\":\"007.png\"}");
    assert!(left_out.len() > 16 << 20 && left_out.lines().filter(|line| is_in_place_of_it(line)).count() == 6000);
    let is_partial = |path: &&std::path::PathBuf| path.to_str().unwrap().contains(layout::PARTIAL_PREFIX);
    let files = pipeline.files_below(&pipeline.path("data"));
    assert_eq!(files.keys().filter(is_partial).count(), 0, "{files:?}");
}

#[test]
fn a_post_is_in_one_split_only() {
    let pipeline = Pipeline::with_faces(60);
    pipeline.pack().unwrap();
    let dataset = pipeline.dataset();
    let posts = |name| -> BTreeSet<String> {
        dataset.split(name).rows().map(|row| row.unwrap().post.unwrap().to_string()).collect()
    };
    let (train, holdout) = (posts(SplitName::Train), posts(SplitName::Holdout));
    assert!(!holdout.is_empty() && train.is_disjoint(&holdout));
}

#[test]
fn the_bytes_are_the_same_again_and_on_any_number_of_threads() {
    let packed = |threads: usize| {
        let mut pipeline = Pipeline::with_pictures(150);
        pipeline.config.pack.dedupe_distance = 8;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let report = pool.install(|| pipeline.pack()).unwrap();
        (pipeline.dataset_files(), report)
    };
    assert_eq!(packed(1), packed(1));
    assert_eq!(packed(1), packed(5));
}

#[test]
fn a_tar_a_folder_and_a_pattern_of_the_same_pictures_make_the_same_dataset() {
    let mut pipeline = Pipeline::with_pictures(20);
    let mut packed = |source: String| {
        pipeline.config.pack.sources = vec![source];
        pipeline.pack().unwrap();
        pipeline.dataset().hash()
    };
    let root = tempfile::tempdir().unwrap();
    let tar = root.path().join("pictures.tar");
    let pictures = packed_folder(&tar);
    let by_folder = packed(pictures.clone());
    assert_eq!(packed(tar.to_str().unwrap().to_owned()), by_folder);
    assert_eq!(packed(format!("{pictures}/*.png")), by_folder);
}

/// Writes twenty pictures beside the tar file that holds them too; returns their folder.
fn packed_folder(tar: &std::path::Path) -> String {
    let folder = tar.with_extension("");
    fs::create_dir(&folder).unwrap();
    let mut builder = tar::Builder::new(fs::File::create(tar).unwrap());
    for number in (0..20).rev() {
        let name = format!("{number:03}.png");
        picture(number, 40, 30).save(folder.join(&name)).unwrap();
        builder.append_path_with_name(folder.join(&name), &name).unwrap();
    }
    builder.finish().unwrap();
    folder.to_str().unwrap().to_owned()
}

#[test]
fn faces_in_a_tar_make_the_same_dataset_and_nothing_is_prepared_again() {
    let (files, moved) = (Pipeline::with_faces(30), Pipeline::with_faces(30));
    files.pack().unwrap();
    moved.pack().unwrap();
    let prepared = moved.files_below(&moved.layout().prepared());
    moved.move_faces_into_tars();
    let report = moved.pack().unwrap();
    assert_eq!((report.kept, report.warnings.len()), (30, 0), "{report:?}");
    assert_eq!(moved.dataset_files(), files.dataset_files());
    let pixels = |files: &std::collections::BTreeMap<std::path::PathBuf, ContentHash>| {
        files.iter().filter(|(path, _)| path.ends_with("pixels")).map(|(_, hash)| *hash).collect::<Vec<_>>()
    };
    assert_eq!(pixels(&moved.files_below(&moved.layout().prepared())), pixels(&prepared));

    let fresh = Pipeline::with_faces(30);
    fresh.move_faces_into_tars();
    fresh.pack().unwrap();
    assert_eq!(fresh.dataset_files(), files.dataset_files());
    // One is thrown out by naming it.
    fs::write(fresh.layout().exclude_list(), format!("{}\n", face(8).face)).unwrap();
    assert_eq!(fresh.pack().unwrap().dropped_for("excluded by hand"), 1);
    let traced = fresh.ask(PackOptions { trace: Some(face(9).face.to_string()), ..PackOptions::default() }).unwrap();
    assert!(traced.contains(&face(9).file), "{traced}");
}

#[test]
fn a_tar_that_lacks_a_face_deletes_nothing() {
    let pipeline = Pipeline::with_faces(30);
    fs::remove_file(pipeline.layout().face(&face(3).file)).unwrap();
    pipeline.move_faces_into_tars();
    let said = pipeline.pack().unwrap_err().to_string();
    assert!(said.contains(&face(3).face.to_string()) && said.contains("`cargo xtask crop`"), "{said}");
    let tar = Layout::faces_tar(pipeline.layout().face(&face(3).file).parent().unwrap());
    fs::remove_file(tar).unwrap();
    let said = pipeline.pack().unwrap_err().to_string();
    assert!(said.contains("faces.tar") && said.contains("`cargo xtask crop`"), "{said}");
    assert!(!pipeline.layout().exclusions().exists());
}

#[test]
fn what_the_user_deletes_or_lists_stays_out_and_is_said() {
    let pipeline = Pipeline::with_faces(30);
    pipeline.pack().unwrap();
    let (deleted, listed) = (face(3), face(8));
    fs::remove_file(pipeline.layout().faces().join(&deleted.file)).unwrap();
    fs::write(pipeline.layout().exclude_list(), format!("{}\n", listed.face)).unwrap();

    let report = pipeline.pack().unwrap();
    assert_eq!((report.taken, report.kept), (30, 28));
    assert_eq!((report.dropped_for("deleted by hand"), report.dropped_for("excluded by hand")), (1, 1));
    assert!(report.warnings.iter().any(|warning| warning.contains("1 face was deleted by hand")), "{report:?}");
    let faces: Vec<_> = rows(&pipeline).into_iter().map(|row| row.face.unwrap()).collect();
    assert!(!faces.contains(&deleted.face) && !faces.contains(&listed.face));

    // Cut again, even a little aside, it stays out.
    pipeline.save(&format!("data/faces/{}", deleted.file), &picture(3, 24, 24));
    let before = pipeline.dataset().hash();
    let report = pipeline.pack().unwrap();
    assert_eq!((report.dropped_for("excluded by hand"), report.warnings.len()), (2, 0));
    assert_eq!(pipeline.dataset().hash(), before);
}

#[test]
fn a_whole_folder_of_faces_that_is_gone_is_no_judgement_of_them() {
    let pipeline = Pipeline::with_faces(10);
    fs::remove_dir_all(pipeline.path("data/faces/mini-00000")).unwrap();
    let error = pipeline.pack().unwrap_err().to_string();
    assert!(error.contains("mini-00000") && error.contains("cargo xtask crop"), "{error}");
    assert!(!pipeline.layout().exclusions().exists());
}

#[test]
fn a_damaged_manifest_deletes_nothing() {
    let pipeline = Pipeline::with_faces(12);
    let path = pipeline.layout().faces_manifest();
    let whole = fs::read_to_string(&path).unwrap();
    // A digit of a face's file is another.
    let name = face(3).file;
    let digit = &name[name.len() - 10..name.len() - 4];
    let other: String = digit.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect();
    let damaged = name.replace(digit, &other);
    let refuse = |manifest: &str, words: [&str; 2]| {
        fs::write(&path, manifest.replace(&name, &damaged)).unwrap();
        let error = pipeline.pack().unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
        assert!(!pipeline.layout().exclusions().exists());
    };
    refuse(&whole, ["manifest.jsonl", "the 12 records are not the 12 that were written"]);
    // Earlier versions had no last line to tell that.
    let (records, _) = whole.trim_end().rsplit_once('\n').unwrap();
    let before = records.replace("\"version\":3", "\"version\":1") + "\n";
    refuse(&before, ["damaged, and nothing was deleted", "mini-00000"]);
    fs::write(&path, whole).unwrap();
    assert_eq!(pipeline.pack().unwrap().kept, 12);
}

#[test]
fn a_face_that_is_not_what_was_cut_is_named_and_left_out() {
    let pipeline = Pipeline::with_faces(12);
    // Another picture under its name: whole, and only the record knows better.
    pipeline.save(&format!("data/faces/{}", face(4).file), &picture(99, 24, 24));
    let report = pipeline.pack().unwrap();
    assert_eq!((report.kept, report.dropped_for("not as it was cut")), (11, 1));
    let warning = report.warnings.iter().find(|warning| warning.contains("1 face is not as it was cut"));
    for helps in ["pack-left-out.jsonl", "cargo xtask crop", "pack.sources"] {
        assert!(warning.is_some_and(|warning| warning.contains(helps)), "{helps}");
    }
    let left_out = fs::read_to_string(pipeline.path("data/reports/pack-left-out.jsonl")).unwrap();
    assert!(left_out.contains(&face(4).file), "{left_out}");
}

#[test]
fn many_faces_that_have_gone_are_not_taken_for_thrown_away() {
    let pipeline = Pipeline::with_faces(12);
    (0..4).for_each(|number| fs::remove_file(pipeline.layout().face(&face(number).file)).unwrap());
    let refused = pipeline.pack().unwrap_err().to_string();
    assert!(refused.contains("4 of 12 faces") && refused.contains("pack --accept-deletions"), "{refused}");
    assert!(!pipeline.layout().exclusions().exists() && !pipeline.layout().dataset().exists());
    pipeline.pack_share("1/1").unwrap();
    assert!(!pipeline.layout().exclusions().exists());

    let report = pipeline.pack_accepting_deletions().unwrap();
    assert_eq!((report.kept, report.dropped_for("deleted by hand")), (8, 4));
    let report = pipeline.pack().unwrap();
    assert_eq!((report.kept, report.dropped_for("excluded by hand")), (8, 4));
}

#[test]
fn a_deletion_is_taken_back() {
    let pipeline = Pipeline::with_faces(12);
    let deleted = face(3);
    fs::remove_file(pipeline.layout().face(&deleted.file)).unwrap();
    pipeline.pack().unwrap();
    let restore = || pipeline.ask(PackOptions { restore: true, ..PackOptions::default() }).unwrap();
    let said = restore();
    assert!(said.contains(&deleted.picture.to_string()) && said.contains("1 taken back"), "{said}");
    assert!(restore().contains("no face is excluded"));
    // Until it is cut again it is missed, and not excluded anew.
    let report = pipeline.pack().unwrap();
    assert_eq!((report.kept, report.dropped_as("awaits_crop")), (11, 1));
    pipeline.save(&format!("data/faces/{}", deleted.file), &picture(3, 24, 24));
    assert_eq!(pipeline.pack().unwrap().kept, 12);
}

#[test]
fn a_file_in_the_datasets_place_is_refused_and_stays() {
    let pipeline = Pipeline::with_pictures(4);
    fs::create_dir_all(pipeline.path("data")).unwrap();
    fs::write(pipeline.layout().dataset(), b"somebody's").unwrap();
    let error = pipeline.pack().unwrap_err().to_string();
    assert!(error.contains("a file is in its place"), "{error}");
    assert_eq!(fs::read(pipeline.layout().dataset()).unwrap(), b"somebody's");
}

#[test]
fn every_drop_is_counted_by_its_reason() {
    let pipeline = Pipeline::with_pictures(50);
    pipeline.save("pictures/copy.bmp", &picture(7, 40, 30));
    pipeline.save("pictures/larger.png", &picture(9, 80, 60));
    fs::write(pipeline.path("pictures/broken.jpg"), b"not a picture").unwrap();
    let whole = fs::read(pipeline.path("pictures/001.png")).unwrap();
    fs::write(pipeline.path("pictures/cut.png"), &whole[..whole.len() / 2]).unwrap();
    fs::write(pipeline.path("pictures/notes.txt"), b"").unwrap();

    let report = pipeline.pack().unwrap();
    assert_eq!((report.taken, report.dropped_for("unreadable"), report.dropped_for("no picture")), (55, 2, 1));
    assert_eq!(report.kept + report.dropped_in_all(), report.taken);
    let left_out = fs::read_to_string(pipeline.layout().left_out(StageId::Pack)).unwrap();
    let left_out: Vec<serde_json::Value> = left_out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |name: &str| left_out.iter().find(|line| line["name"] == name).map(|line| line["tag"].clone());
    assert_eq!(left_out.len() as u64, report.dropped_in_all());
    assert_eq!((told("notes.txt"), told("cut.png")), (Some("no_picture".into()), Some("unreadable".into())));
    let gone = |a: &str, b: &str| left_out.iter().any(|line| line["name"] == a && line["instead"] == b);
    assert!(gone("copy.bmp", "007.png") || gone("007.png", "copy.bmp"), "{left_out:?}");
    let paths: BTreeSet<String> = rows(&pipeline).into_iter().map(|row| row.path).collect();
    assert!(!(paths.contains("copy.bmp") && paths.contains("007.png")), "one of two equal ones");
    assert!(!(paths.contains("larger.png") && paths.contains("009.png")), "one of two alike");
}

#[test]
fn the_resolution_is_kept_as_asked_and_enlarging_is_counted() {
    let mut pipeline = Pipeline::with_pictures(12);
    for side in [8, 29, 31, 130] {
        pipeline.config.pack.resolution = side;
        let report = pipeline.pack().unwrap();
        let dataset = pipeline.dataset();
        assert_eq!(dataset.shape().side(), side);
        let split = dataset.split(SplitName::Train);
        assert_eq!(split.pixels(0).unwrap().len(), side as usize * side as usize * 3);
        let enlarged = side > 30;
        assert_eq!(report.figures["upscaled_rows"], if enlarged { report.kept as f64 } else { 0.0 });
        assert_eq!(report.warnings.iter().any(|warning| warning.contains("enlarged")), enlarged);
    }
}

#[test]
fn nothing_to_train_on_says_what_became_of_it_and_keeps_the_old_dataset() {
    let mut pipeline = Pipeline::with_pictures(12);
    pipeline.pack().unwrap();
    let before = pipeline.dataset().hash();
    fs::create_dir(pipeline.path("bad")).unwrap();
    fs::write(pipeline.path("bad/a.png"), b"no").unwrap();
    pipeline.config.pack.sources = vec![pipeline.text("bad")];
    let error = pipeline.pack().unwrap_err().to_string();
    assert!(error.contains("of 1 taken (1 unreadable)"), "{error}");
    assert_eq!(pipeline.dataset().hash(), before);

    fs::remove_file(pipeline.path("bad/a.png")).unwrap();
    let error = pipeline.pack().unwrap_err().to_string();
    assert!(error.contains("of 0 taken") && error.contains("pack.sources"), "{error}");
}

#[test]
fn an_interrupted_pack_leaves_the_old_dataset_and_remembers_nothing() {
    let pipeline = Pipeline::with_faces(12);
    pipeline.pack().unwrap();
    let before = pipeline.dataset().hash();
    fs::remove_file(pipeline.layout().faces().join(face(1).file)).unwrap();
    let interrupt = Interrupt::default();
    interrupt.raise();
    assert_eq!(pipeline.pack_unless(&interrupt).unwrap().state, State::Interrupted);
    assert_eq!(pipeline.dataset().hash(), before);
    assert!(!pipeline.layout().exclusions().exists());
}

#[test]
fn faces_without_a_manifest_say_which_is_missing() {
    let error = Pipeline::new().pack().unwrap_err().to_string();
    assert!(error.contains("there is no manifest") && error.contains("faces"), "{error}");
}

#[test]
fn foreign_pictures_are_known_by_the_hash_of_their_file() {
    let pipeline = Pipeline::with_pictures(3);
    pipeline.pack().unwrap();
    for row in rows(&pipeline) {
        let bytes = fs::read(pipeline.path("pictures").join(&row.path)).unwrap();
        assert_eq!(row.picture, ContentHash::of(&bytes));
        assert!(row.face.is_none() && row.post.is_none());
    }
}

/// Every face here has the tag `solo`.
#[test]
fn tags_become_classes_and_other_classes_are_another_dataset() {
    let mut pipeline = Pipeline::with_faces(20);
    pipeline.pack().unwrap();
    let without = pipeline.dataset().hash();
    pipeline.config.pack.labels = vec!["duo|solo".into(), "trio".into()];
    let report = pipeline.pack().unwrap();
    assert!(rows(&pipeline).iter().all(|row| row.label == Some(0)));
    assert_eq!((report.figures["label duo|solo"], report.figures["label none"]), (20.0, 0.0));
    assert!(report.warnings.iter().any(|warning| warning.contains("\"trio\"")), "{:?}", report.warnings);
    assert_ne!(pipeline.dataset().hash(), without);
    pipeline.config.pack.labels.clear();
    pipeline.pack().unwrap();
    assert_eq!(pipeline.dataset().hash(), without);
}
