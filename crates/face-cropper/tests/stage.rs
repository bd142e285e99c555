//! The stage on tiny data folders: what it leaves on disk, what it does again, and what it counts.
#![allow(clippy::unwrap_used)]

mod material;

use std::fs;

use contracts::{
    Layout, StageId,
    config::{Border, CropFormat, Margin},
    exclusion::{self, Exclusion, Exclusions},
    leftovers,
    options::CropOptions,
    publish,
    report::State,
    stage::Interrupt,
};
use material::{Scene, spots};

#[test]
fn spots_become_faces_with_their_lineage() {
    let scene = Scene::with_spots();
    let report = scene.run().unwrap();
    let faces = scene.faces();
    assert_eq!((report.taken, report.kept, report.state), (3, 3, State::Complete));
    assert_eq!((report.dropped_for("picture without a face"), report.dropped_in_all()), (1, 1));
    assert_eq!(report.figures["pictures_with_faces"], 2.0);
    assert_eq!(faces.len(), 3);
    for face in &faces {
        let picture = image::open(scene.face_path(face)).unwrap();
        assert_eq!((picture.width(), picture.height()), (96, 96));
        assert!(face.file.starts_with(&format!("mini-00000/{}.png", face.face)), "{}", face.file);
        assert!(face.neighbours > 5);
        assert_eq!(face.score, 1.5);
        assert_eq!(face.side, face.pixel_box.width as u32);
        assert!(face.grey_std > 10.0 && face.sharpness > 1.0, "{face:?}");
        assert_eq!(face.pixels_sha256, Some(pixels_hash(&picture)), "the hash is of the crop's pixels");
        assert_eq!(face.tags, [format!("tag_of_{}", face.post.to_string().replace(':', "_"))]);
    }
}

/// The hash of a picture's pixels as they are hashed when they are cut: blue first.
fn pixels_hash(picture: &image::DynamicImage) -> contracts::ContentHash {
    let bytes: Vec<u8> = picture.to_rgb8().pixels().flat_map(|p| [p[2], p[1], p[0]]).collect();
    contracts::ContentHash::of(&bytes)
}

#[test]
fn boxes_lie_on_the_spots_and_are_numbered_from_top_to_bottom() {
    let mut scene = Scene::new();
    scene.add("mini:1", &spots(600, 300, &[[100, 120, 60], [400, 100, 70]]));
    scene.run().unwrap();
    let found: Vec<(u32, i32, i32)> = scene
        .faces()
        .iter()
        .map(|f| (f.face.index, f.pixel_box.x + f.pixel_box.width / 2, f.pixel_box.y + f.pixel_box.height / 2))
        .collect();
    // The right spot is the higher one, so it comes first.
    let expected = [(0, 435, 135), (1, 130, 150)];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(&expected) {
        let near = found.1.abs_diff(expected.1) < 10 && found.2.abs_diff(expected.2) < 10;
        assert!(found.0 == expected.0 && near, "{found:?} is not at {expected:?}");
    }
}

#[test]
fn a_picture_of_two_posts_is_cropped_once() {
    let mut scene = Scene::new();
    let picture = spots(300, 200, &[[120, 70, 60]]);
    scene.add("mini:9000", &picture);
    scene.add("mini:3", &picture);
    let report = scene.run().unwrap();
    let faces = scene.faces();
    assert_eq!((report.taken, faces.len()), (1, 1));
    assert_eq!(faces[0].post, "mini:3".parse().unwrap());
    assert_eq!(faces[0].other_posts, ["mini:9000".parse().unwrap()]);
}

#[test]
fn any_number_of_threads_leaves_the_same_bytes() {
    let run = |threads| {
        let mut scene = Scene::with_spots();
        for post in 10..30 {
            scene.add(&format!("mini:{post}"), &spots(320, 240, &[[60 + post * 4, 60, 50 + post]]));
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| scene.run()).unwrap();
        let mut files = scene.everything();
        // The header names the cascade's path, which is another temporary folder each time.
        files.remove("manifest.jsonl");
        (files, scene.faces())
    };
    let one = run(1);
    assert!(one.1.len() > 20);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
}

#[test]
fn what_is_fresh_is_not_done_again() {
    let mut scene = Scene::with_spots();
    let first = scene.run().unwrap();
    let before = scene.everything();
    let again = scene.run().unwrap();
    assert_eq!(again.figures["pictures_examined_now"], 0.0);
    assert_eq!(again.output, first.output);
    assert_eq!((again.kept, &again.dropped), (first.kept, &first.dropped), "the account is of all, not of what is new");
    assert_eq!(scene.everything(), before);

    // A new post brings one picture to look at, and leaves the others alone.
    scene.add("mini:3", &spots(310, 210, &[[120, 70, 60]]));
    let more = scene.run().unwrap();
    assert_eq!((more.figures["pictures_examined_now"], more.kept), (1.0, 4));
    let after = scene.everything();
    assert!(before.iter().filter(|(name, _)| name.ends_with(".png")).all(|(name, file)| after[name] == *file));

    // Another setting concerns all of them.
    scene.config.crop.format = CropFormat::Jpg;
    assert_eq!(scene.run().unwrap().figures["pictures_examined_now"], 4.0);
    assert!(scene.everything().keys().all(|name| !name.ends_with(".png")));
}

#[test]
fn a_post_that_is_gone_takes_its_faces_along() {
    let mut scene = Scene::with_spots();
    scene.run().unwrap();
    scene.forget("mini:2");
    let report = scene.run().unwrap();
    assert_eq!((report.kept, report.figures["pictures_examined_now"]), (1, 0.0));
    assert_eq!(scene.everything().keys().filter(|name| name.ends_with(".png")).count(), 1);
}

#[test]
fn the_shards_of_posts_not_selected_stay_and_are_not_listed() {
    let mut scene = Scene::with_spots();
    scene.add("mini:5001", &spots(320, 210, &[[120, 70, 60]]));
    scene.run().unwrap();
    scene.forget("mini:5000");
    scene.forget("mini:5001");
    assert_eq!(scene.run().unwrap().kept, 3);
    assert!(scene.everything().keys().any(|name| name.starts_with("mini-00001/")));
}

#[test]
fn a_killed_run_redoes_the_shard_in_hand_and_no_other() {
    let mut scene = Scene::with_spots();
    scene.add("mini:5001", &spots(320, 210, &[[120, 70, 60]]));
    scene.run().unwrap();
    let whole = scene.everything();
    let faces = scene.layout().faces();
    // As a kill while the second shard was written would leave it.
    fs::rename(faces.join("mini-00001"), faces.join(".partial-mini-00001")).unwrap();
    fs::remove_file(faces.join(".partial-mini-00001/shard.json")).unwrap();
    fs::write(faces.join(".partial-mini-00001/half.png"), b"\x89PNG").unwrap();
    fs::remove_file(scene.layout().faces_manifest()).unwrap();
    // As the harness does before a stage works.
    leftovers::find(&scene.layout(), StageId::Crop).unwrap().iter().for_each(|leftover| leftover.collect().unwrap());
    let report = scene.run().unwrap();
    assert_eq!(report.figures["pictures_examined_now"], 2.0);
    assert_eq!(scene.everything(), whole);
}

#[test]
fn an_interrupted_run_publishes_no_manifest_and_is_resumed() {
    let scene = Scene::with_spots();
    let interrupt = Interrupt::default();
    interrupt.raise();
    let report = scene.run_until(&interrupt).unwrap();
    assert_eq!(report.state, State::Interrupted);
    assert!(!scene.layout().faces_manifest().exists());
    assert_eq!(scene.run().unwrap().kept, 3);
}

#[test]
fn a_deleted_face_stays_out_through_other_settings_and_is_said_once() {
    let mut scene = Scene::with_spots();
    scene.run().unwrap();
    let gone = scene.faces().remove(1);
    fs::remove_file(scene.face_path(&gone)).unwrap();

    let report = scene.run().unwrap();
    assert_eq!((report.kept, report.dropped_for("face excluded by hand")), (2, 1));
    assert!(report.warnings[0].contains("1 faces were deleted by hand"), "{:?}", report.warnings);
    assert!(Exclusions::read(&scene.layout()).unwrap().covers(&gone.face, &gone.pixel_box, &gone.file));
    assert!(scene.faces().iter().all(|face| face.face != gone.face));

    // Cut anew with other settings, its box found a little elsewhere.
    scene.config.crop.size = 64;
    scene.config.crop.scale_factor = 1.15;
    let report = scene.run().unwrap();
    assert_eq!((report.kept, report.dropped_for("face excluded by hand")), (2, 1));
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(scene.everything().keys().filter(|name| name.ends_with(".png")).count(), 2);

    // Let in again.
    fs::remove_file(scene.layout().exclusions()).unwrap();
    let report = scene.run().unwrap();
    assert_eq!((report.kept, report.figures["pictures_examined_now"]), (3, 1.0));
}

#[test]
fn a_deleted_face_that_is_taken_back_is_cut_again() {
    let scene = Scene::with_spots();
    scene.run().unwrap();
    let gone = scene.faces().remove(1);
    fs::remove_file(scene.face_path(&gone)).unwrap();
    // Noticed by the stage that packs, which knows nothing of shards.
    let exclusion = Exclusion { picture: gone.picture, pixel_box: gone.pixel_box };
    exclusion::remember(&scene.layout(), [exclusion]).unwrap();
    assert_eq!(exclusion::restore(&scene.layout()).unwrap().len(), 1);
    let report = scene.run().unwrap();
    assert_eq!((report.kept, report.warnings.len()), (3, 0), "{report:?}");
    assert!(scene.face_path(&gone).exists());
    assert!(!scene.layout().restored().exists());
    // Deleted once more, it stays out.
    fs::remove_file(scene.face_path(&gone)).unwrap();
    assert_eq!(scene.run().unwrap().kept, 2);
}

#[test]
fn many_faces_that_have_gone_are_not_taken_for_thrown_away() {
    let mut scene = Scene::with_spots();
    scene.run().unwrap();
    let gone: Vec<_> = scene.faces().drain(..2).collect();
    gone.iter().for_each(|face| fs::remove_file(scene.face_path(face)).unwrap());
    let before = scene.everything();
    let refused = scene.run().unwrap_err().to_string();
    for part in ["2 of 3 faces in", "`cargo xtask crop --accept-deletions`", "`cargo xtask crop`, which cuts them"] {
        assert!(refused.contains(part), "{refused}");
    }
    assert_eq!(scene.everything(), before);
    // A share decides nothing, even where it has new work in the same shard.
    scene.add("mini:3", &spots(310, 210, &[[120, 70, 60]]));
    assert_eq!(scene.run_share("1/1").unwrap().state, State::Share);
    assert!(!scene.layout().exclusions().exists());
    assert!(scene.run().is_err());

    let accepted = CropOptions { accept_deletions: true, ..CropOptions::default() };
    let report = scene.run_with(&accepted).unwrap();
    assert_eq!((report.kept, report.dropped_for("face excluded by hand")), (2, 2));
    assert_eq!(scene.run().unwrap().kept, 2);
}

#[test]
fn a_damaged_record_deletes_nothing() {
    let scene = Scene::with_spots();
    scene.run().unwrap();
    let before = scene.faces();
    let face = &before[0];
    let record = Layout::shard_record(scene.face_path(face).parent().unwrap());
    let whole = fs::read_to_string(&record).unwrap();
    let hash = face.picture.to_string();
    let other = format!("{}{}", &hash[..63], if hash.ends_with('0') { '1' } else { '0' });
    fs::write(&record, whole.replace(&hash, &other)).unwrap();
    let report = scene.run().unwrap();
    assert!(report.warnings[0].contains("is damaged: they are cut again"), "{:?}", report.warnings);
    assert_eq!((report.kept, scene.faces()), (3, before));
    assert!(!scene.layout().exclusions().exists());
}

#[test]
fn a_listed_face_is_not_cut_and_comes_back_when_it_is_no_longer_listed() {
    let mut scene = Scene::with_spots();
    scene.run().unwrap();
    let listed = scene.faces().remove(0).face;
    publish::write_file(&scene.layout().exclude_list(), format!("{listed}\n").as_bytes()).unwrap();
    scene.config.crop.size = 64;
    assert_eq!(scene.run().unwrap().kept, 2);
    publish::write_file(&scene.layout().exclude_list(), b"").unwrap();
    assert_eq!(scene.run().unwrap().kept, 3);
}

#[test]
fn gates_drop_faces_by_reason_and_leave_the_numbers_as_they_are() {
    let mut scene = Scene::new();
    scene.add("mini:1", &spots(600, 300, &[[100, 100, 60], [400, 105, 90]]));
    scene.run().unwrap();
    let all = scene.faces();
    let check = |config: fn(&mut contracts::config::CropConfig), reason: &str| {
        let mut strict = Scene::new();
        strict.add("mini:1", &spots(600, 300, &[[100, 100, 60], [400, 105, 90]]));
        config(&mut strict.config.crop);
        let error = strict.run().unwrap_err().to_string();
        assert!(error.starts_with(&format!("none of the 2 faces found was kept ({reason}: 2)")), "{error}");
        assert!(!strict.layout().faces_manifest().exists());
    };
    assert_eq!(all.len(), 2);
    check(|crop| crop.min_score = 1.6, "face below min_score");
    check(|crop| crop.min_grey_std = 128.0, "face below min_grey_std");
    check(|crop| crop.min_sharpness = 2000.0, "face below min_sharpness");
    check(|crop| crop.min_side = 400, "face below min_side");
}

#[test]
fn native_size_and_margin() {
    let mut scene = Scene::new();
    scene.add("mini:1", &spots(300, 200, &[[120, 70, 60]]));
    scene.config.crop.size = 0;
    let side = |scene: &Scene| {
        scene.run().unwrap();
        let face = scene.faces().remove(0);
        let picture = image::open(scene.face_path(&face)).unwrap();
        assert_eq!(picture.width(), picture.height());
        (face.side, picture.width())
    };
    let (detected, native) = side(&scene);
    assert_eq!(native, detected);
    scene.config.crop.margin = 0.1.into();
    assert_eq!(side(&scene), (detected, (f64::from(detected) * 1.2).round() as u32));
    scene.config.crop.margin = Margin { top: 0.4, right: 0.1, bottom: 0.0, left: 0.1 };
    assert_eq!(side(&scene), (detected, (f64::from(detected) * 1.4).round() as u32));
}

#[test]
fn squares_at_the_border_are_moved_inward_or_padded() {
    let run = |border| {
        let mut scene = Scene::new();
        scene.add("mini:1", &spots(300, 200, &[[8, 70, 60]]));
        (scene.config.crop.border, scene.config.crop.margin, scene.config.crop.size) = (border, 0.5.into(), 0);
        scene.run().unwrap();
        let face = scene.faces().remove(0);
        (face.pixel_box, image::open(scene.face_path(&face)).unwrap().to_rgb8())
    };
    let (face, clipped) = run(Border::Clip);
    let (_, padded) = run(Border::Pad);
    let side = face.width as u32;
    assert_eq!((clipped.width(), padded.width()), (2 * side, 2 * side));
    let middle = |picture: &image::RgbImage| {
        let bright = |x: &u32| picture.get_pixel(*x, picture.height() / 2)[0] > 128;
        let columns: Vec<u32> = (0..picture.width()).filter(bright).collect();
        (columns[0] + columns[columns.len() - 1]) / 2
    };
    let outside = side / 2 - face.x as u32;
    assert!(outside > 10, "the square sticks out: {face:?}");
    assert!(middle(&padded).abs_diff(middle(&clipped) + outside) <= 1, "{} {}", middle(&padded), middle(&clipped));
    let same = |x: u32| (0..padded.height()).all(|y| padded.get_pixel(x, y) == padded.get_pixel(0, y));
    assert!((0..outside).all(same), "the outermost pixels are repeated");
}

/// A dark picture with a bright square of the given side, turned clockwise about the middle of the picture; its upper left quarter is
/// brighter still.
fn turned_spot(side: f64, degrees: f64) -> Vec<u8> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let level = |x: u32, y: u32| {
        let (x, y) = (f64::from(x) - 149.5, f64::from(y) - 99.5);
        let (across, down) = (x * cos + y * sin, y * cos - x * sin);
        match across.abs().max(down.abs()) < side / 2.0 {
            true => 200 + 20 * u8::from(across < 0.0 && down < 0.0),
            false => 40,
        }
    };
    let picture = image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([level(x, y); 3]));
    material::encoded(&picture.into(), image::ImageFormat::Png)
}

#[test]
fn turned_faces_are_cut_upright_and_say_where_their_corners_are() {
    let run = |upright| {
        let mut scene = Scene::new();
        scene.add("mini:1", &turned_spot(60.0, 30.0));
        (scene.config.crop.rotations, scene.config.crop.upright) = (vec![30.0], upright);
        scene.run().unwrap();
        let face = scene.faces().remove(0);
        let crop = image::open(scene.face_path(&face)).unwrap().to_luma8();
        (face, crop)
    };
    let (face, crop) = run(true);
    let (as_found, square) = run(false);
    let record = |face: &contracts::record::FaceRecord| (face.pixel_box, face.angle, face.corners);
    assert_eq!(record(&face), record(&as_found), "how a face is cut is no part of where it is");
    assert_eq!((face.angle, crop.dimensions(), square.dimensions()), (30.0, (96, 96), (96, 96)));
    assert_eq!(face.pixel_box.width, face.pixel_box.height);
    let corners = face.corners.unwrap();
    let middle = [0, 1].map(|i| corners.iter().map(|corner| corner[i]).sum::<f64>() / 4.0);
    assert!((middle[0] - 150.0).abs() < 8.0 && (middle[1] - 100.0).abs() < 8.0, "{corners:?}");
    let (across, down) = (corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]);
    assert!((down.atan2(across).to_degrees() - 30.0).abs() < 0.1, "{corners:?}");
    assert!((across.hypot(down) - f64::from(face.side)).abs() < 0.05, "{corners:?}");
    // Upright, what is brighter is a rectangle: a column is as high as others or, but for the sharpened edge, not bright at all.
    let slanted = |crop: &image::GrayImage| {
        let of = |x: u32| (0..96).filter(|y| crop.get_pixel(x, *y)[0] > 212).count();
        let columns: Vec<usize> = (0..96).map(of).collect();
        let highest = columns.iter().max().copied().unwrap_or(0);
        assert!(highest > 10, "{columns:?}");
        columns.iter().filter(|count| (highest / 4..=highest * 3 / 4).contains(count)).count()
    };
    assert!(slanted(&crop) <= 3 && slanted(&square) > 6, "{} {}", slanted(&crop), slanted(&square));
}

#[test]
fn the_union_of_shares_is_the_whole_byte_for_byte() {
    the_union_of_shares_is_the_whole(&[0.0]);
    the_union_of_shares_is_the_whole(&[-30.0, 0.0, 30.0]);
}

fn the_union_of_shares_is_the_whole(rotations: &[f64]) {
    let scene = || {
        let mut scene = Scene::with_spots();
        scene.config.crop.rotations = rotations.to_vec();
        scene.add("mini:4", &turned_spot(60.0, 30.0));
        for post in [9000, 14000, 20000, 20001, 30000] {
            scene.add(&format!("mini:{post}"), &spots(320, 240, &[[60, 60, 50 + (post / 1000) as u32]]));
        }
        scene.config.crop.cascade = scene.root().join("spot.xml").to_string_lossy().into_owned();
        scene
    };
    let (whole, shared) = (scene(), scene());
    whole.run().unwrap();
    let mut taken = 0;
    for share in ["2/3", "1/3", "3/3"] {
        let report = shared.run_share(share).unwrap();
        assert_eq!(report.state, State::Share);
        assert!(!shared.layout().faces_manifest().exists());
        taken += report.taken;
    }
    let report = shared.run().unwrap();
    assert_eq!((report.taken, report.figures["pictures_examined_now"]), (taken, 0.0));
    let (mut expected, mut found) = (whole.with_sheets(), shared.with_sheets());
    // The headers name the cascades' paths, which are in two temporary folders.
    assert!(expected.remove("manifest.jsonl").is_some() && found.remove("manifest.jsonl").is_some());
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    assert!(expected == found, "every file has the same bytes");
    assert_eq!(whole.faces(), shared.faces());
}

#[test]
fn a_forgotten_post_takes_its_faces_along_even_as_the_last_of_its_shard() {
    let mut scene = Scene::with_spots();
    scene.add("mini:9000", &spots(320, 210, &[[120, 70, 60]]));
    scene.run().unwrap();
    let stone = |post: &str| contracts::tombstone::Tombstone { post: post.parse().unwrap(), sha256: None };
    contracts::tombstone::add(&scene.layout(), [stone("mini:9000"), stone("mini:1")]).unwrap();
    let report = scene.run().unwrap();
    assert_eq!((report.taken, report.kept), (2, 2));
    assert_eq!(scene.everything().keys().filter(|name| name.ends_with(".png")).count(), 2);
}

#[test]
fn contact_sheets_show_every_face_the_borderline_first() {
    let mut scene = Scene::with_spots();
    scene.run().unwrap();
    let files = scene.with_sheets();
    let sheet = image::load_from_memory(&files["contact/00000.png"]).unwrap().to_rgb8();
    assert_eq!(sheet.dimensions(), (1000, 124));
    // Three faces, bright in the middle, then empty cells.
    let lit: Vec<bool> = (0..10).map(|column| sheet.get_pixel(column * 100 + 50, 50)[0] > 128).collect();
    assert_eq!(lit, [true, true, true, false, false, false, false, false, false, false]);
    let list = String::from_utf8(files["contact/00000.tsv"].clone()).unwrap();
    let rows: Vec<Vec<&str>> =
        list.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 3);
    for row in &rows {
        assert!(files.contains_key(row[1]), "{row:?} names a file");
        assert_eq!(row[2].contains('S'), row[7].parse::<u32>().unwrap() < 96, "{row:?}");
    }
    assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(row[2].len())));

    // A face that is deleted is gone from the sheets; nothing new leaves them as they are.
    fs::remove_file(scene.face_path(&scene.faces()[0])).unwrap();
    scene.run().unwrap();
    let after = scene.with_sheets();
    assert_ne!(files["contact/00000.png"], after["contact/00000.png"]);
    scene.run().unwrap();
    assert_eq!(scene.with_sheets(), after);
    scene.config.crop.size = 400;
    scene.run().unwrap();
    assert_ne!(scene.with_sheets()["contact/00000.tsv"], after["contact/00000.tsv"]);
}
