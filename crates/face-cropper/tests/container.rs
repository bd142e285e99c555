//! Crops in a tar a shard: the same faces as in files, by every way in which they come, change and go.
#![allow(clippy::unwrap_used)]

mod material;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use contracts::{
    Context, Layout, Stage,
    config::CropContainer,
    crops,
    options::CropOptions,
    report::State,
    stage::{Interrupt, Silent},
    tombstone::{self, Tombstone},
    verification::Draw,
};
use face_cropper::Crop;
use material::{Scene, spots};

/// Three faces in two shards, in this container.
fn scene(container: CropContainer) -> Scene {
    let mut scene = Scene::with_spots();
    scene.config.crop.container = container;
    scene.add("mini:5001", &spots(320, 210, &[[120, 70, 60]]));
    scene
}

fn shard(scene: &Scene) -> PathBuf {
    scene.layout().faces().join("mini-00000")
}

/// The bytes of every face, by what its record says of its file.
fn faces(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    let read = |file: String| (file.clone(), crops::read(&scene.layout(), &file).unwrap());
    scene.faces().into_iter().map(|face| read(face.file)).collect()
}

/// The names in a shard's folder, but for loose faces.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| !name.ends_with(".png")).collect();
    names.sort();
    names
}

fn shards(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    let mut files = scene.everything();
    // The header names the cascade's path, which is another temporary folder each time.
    files.remove("manifest.jsonl");
    files
}

fn scene_has_files(scene: &Scene) -> bool {
    scene.faces().iter().any(|face| scene.face_path(face).exists())
}

const IN_TAR: [&str; 3] = ["faces.index", "faces.tar", "shard.json"];

#[test]
fn records_crops_and_sheets_are_those_of_files() {
    let (files, tar) = (scene(CropContainer::Files), scene(CropContainer::Tar));
    let reports = [&files, &tar].map(|scene| scene.run().unwrap());
    assert_eq!(reports[0].output, reports[1].output);
    assert_eq!(reports[0].bytes, reports[1].bytes);
    assert_eq!(files.faces(), tar.faces());
    assert_eq!(faces(&files), faces(&tar));
    assert_eq!(names(&shard(&tar)), IN_TAR);
    assert!(!scene_has_files(&tar), "no face lies there for itself");
    let sheets = |scene: &Scene| {
        let mut sheets = scene.with_sheets();
        sheets.retain(|name, _| name.starts_with("contact/"));
        sheets
    };
    assert!(sheets(&files).len() > 2 && sheets(&files) == sheets(&tar));
}

#[test]
fn any_number_of_threads_makes_the_same_tar() {
    let run = |threads| {
        let mut scene = scene(CropContainer::Tar);
        for post in 10..30 {
            scene.add(&format!("mini:{post}"), &spots(320, 240, &[[60 + post * 4, 60, 50 + post]]));
        }
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| scene.run()).unwrap();
        shards(&scene)
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
}

#[test]
fn what_is_fresh_is_not_done_again_and_what_is_new_joins_it() {
    let mut scene = scene(CropContainer::Tar);
    let first = scene.run().unwrap();
    let before = (shards(&scene), faces(&scene));
    let again = scene.run().unwrap();
    assert_eq!((again.figures["pictures_examined_now"], again.output), (0.0, first.output));
    assert_eq!(shards(&scene), before.0);

    scene.add("mini:3", &spots(310, 210, &[[120, 70, 60]]));
    let more = scene.run().unwrap();
    assert_eq!((more.figures["pictures_examined_now"], more.kept), (1.0, 5));
    let after = faces(&scene);
    assert!(before.1.iter().all(|(name, face)| after[name] == *face));

    let tombstone = Tombstone { post: "mini:3".parse().unwrap(), sha256: None };
    tombstone::add(&scene.layout(), [tombstone]).unwrap();
    assert_eq!(scene.run().unwrap().kept, 4);
    assert_eq!(shards(&scene), before.0, "a forgotten post's face is out of the tar");
}

#[test]
fn an_interrupted_run_is_resumed() {
    let scene = scene(CropContainer::Tar);
    let interrupt = Interrupt::default();
    interrupt.raise();
    assert_eq!(scene.run_until(&interrupt).unwrap().state, State::Interrupted);
    assert_eq!(scene.run().unwrap().kept, 4);
}

#[test]
fn shares_make_the_whole() {
    let (whole, shared) = (scene(CropContainer::Tar), scene(CropContainer::Tar));
    whole.run().unwrap();
    for share in ["2/2", "1/2"] {
        assert_eq!(shared.run_share(share).unwrap().state, State::Share);
    }
    assert_eq!(shared.run().unwrap().figures["pictures_examined_now"], 0.0);
    assert!(shards(&whole) == shards(&shared), "every file has the same bytes");
    assert_eq!(whole.faces(), shared.faces());
}

#[test]
fn another_container_takes_the_crops_over_and_looks_at_no_picture() {
    let mut moved = scene(CropContainer::Files);
    let first = moved.run().unwrap();
    for container in [CropContainer::Tar, CropContainer::Files] {
        let made = scene(container);
        made.run().unwrap();
        moved.config.crop.container = container;
        let report = moved.run().unwrap();
        assert_eq!((report.figures["pictures_examined_now"], report.output), (0.0, first.output));
        assert!(shards(&moved) == shards(&made), "as if it had been made so");
    }
}

#[test]
fn a_face_that_was_deleted_before_stays_out_of_the_tar() {
    let mut scene = scene(CropContainer::Files);
    scene.run().unwrap();
    let gone = scene.faces().remove(1);
    fs::remove_file(scene.face_path(&gone)).unwrap();
    scene.config.crop.container = CropContainer::Tar;
    // A share decides nothing: the folder that shows the deletion stays, even where there is something new for it.
    let is_tar = |face: &contracts::record::FaceRecord| crops::is_tar(scene.face_path(face).parent().unwrap());
    scene.run_share("1/1").unwrap();
    assert!(!is_tar(&gone));
    let report = scene.run().unwrap();
    assert_eq!((report.kept, report.dropped_for("face excluded by hand")), (3, 1));
    assert_eq!(report.figures["pictures_examined_now"], 0.0);
    assert!(is_tar(&gone) && scene.layout().exclusions().exists());
    assert_eq!(faces(&scene).len(), 3);
}

#[test]
fn a_tar_that_is_gone_or_damaged_deletes_nothing_and_is_made_anew() {
    let check = |damage: &dyn Fn(&Path)| {
        let scene = scene(CropContainer::Tar);
        scene.run().unwrap();
        let before = (shards(&scene), scene.faces());
        damage(&shard(&scene));
        // A share leaves it to the whole.
        scene.run_share("1/1").unwrap();
        let report = scene.run().unwrap();
        assert!(report.warnings[0].contains("or their tar, is damaged"), "{:?}", report.warnings);
        assert_eq!(report.figures["faces_newly_deleted_by_hand"], 0.0);
        assert!(!scene.layout().exclusions().exists());
        assert!((shards(&scene), scene.faces()) == before);
    };
    let cut = |path: PathBuf| fs::write(&path, &fs::read(&path).unwrap()[..300]).unwrap();
    check(&|folder| cut(Layout::faces_tar(folder)));
    check(&|folder| cut(Layout::faces_index(folder)));
    check(&|folder| fs::remove_file(Layout::faces_tar(folder)).unwrap());
    check(&|folder| fs::remove_file(Layout::faces_index(folder)).unwrap());
    check(&|folder| {
        fs::remove_file(Layout::faces_tar(folder)).unwrap();
        fs::remove_file(Layout::faces_index(folder)).unwrap();
    });
    check(&|folder| {
        for path in [Layout::faces_tar, Layout::faces_index] {
            fs::copy(path(&folder.with_file_name("mini-00001")), path(folder)).unwrap();
        }
    });
}

#[test]
fn a_share_with_new_work_beside_a_damaged_tar_loses_nothing() {
    for container in [CropContainer::Tar, CropContainer::Files] {
        let mut damaged = scene(CropContainer::Tar);
        damaged.run().unwrap();
        fs::remove_file(Layout::faces_tar(&shard(&damaged))).unwrap();
        damaged.config.crop.container = container;
        damaged.add("mini:3", &spots(310, 210, &[[120, 70, 60]]));
        damaged.run_share("1/1").unwrap();
        let report = damaged.run().unwrap();
        assert_eq!((report.kept, report.figures["faces_newly_deleted_by_hand"]), (5, 0.0));
        let mut whole = scene(container);
        whole.add("mini:3", &spots(310, 210, &[[120, 70, 60]]));
        whole.run().unwrap();
        assert!(shards(&whole) == shards(&damaged), "every file has the same bytes");
    }
}

#[test]
fn verify_looks_into_the_tar() {
    let scene = scene(CropContainer::Tar);
    scene.run().unwrap();
    let verify = || {
        let (layout, interrupt) = (scene.layout(), Interrupt::default());
        let context = Context { config: &scene.config, layout: &layout, progress: &Silent, interrupt: &interrupt };
        Crop::answer(&context, &CropOptions { verify: Some(Draw::All), ..CropOptions::default() })
    };
    assert!(verify().unwrap().contains("mini-00000: 2 pictures: as made"));
    let tar = Layout::faces_tar(&shard(&scene));
    let mut bytes = fs::read(&tar).unwrap();
    bytes[600] ^= 1;
    fs::write(&tar, bytes).unwrap();
    let said = verify().unwrap_err().to_string();
    assert!(said.contains("-0.png is not what was written"), "{said}");
}
