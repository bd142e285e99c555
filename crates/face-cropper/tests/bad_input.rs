//! What is wrong with the input is told or counted, and never stops the program in a disorderly way.
#![allow(clippy::unwrap_used)]

mod material;

use std::fs;

use contracts::StageId;
use image::ImageFormat;
use material::{SPOT_CASCADE, Scene, encoded, spots};

#[test]
fn bad_pictures_are_counted_drops() {
    let mut scene = Scene::with_spots();
    let good = spots(300, 200, &[[120, 70, 61]]);
    let jpeg = encoded(&image::load_from_memory(&good).unwrap(), ImageFormat::Jpeg);
    scene.add("mini:10", &good[..good.len() / 2]);
    scene.add("mini:11", &jpeg[..jpeg.len() / 2]);
    scene.add("mini:12", b"<html>banned</html>");
    scene.add("mini:13", b"");
    let missing = scene.add("mini:14", &spots(300, 200, &[[120, 70, 62]]));
    fs::remove_file(scene.picture_file(missing)).unwrap();
    let altered = scene.add("mini:15", &spots(300, 200, &[[120, 70, 63]]));
    fs::write(scene.picture_file(altered), &good).unwrap();
    scene.add("mini:16", &garbled(&good));
    scene.add("mini:17", &giant());
    scene.add("mini:18", &spots(1, 1, &[]));
    // A screen of 10×10, and outside it a frame of 65,000×65,000 without any codes.
    scene.add("mini:19", b"GIF89a\x0a\0\x0a\0\0\0\0\x2c\xff\0\xff\0\xe8\xfd\xe8\xfd\0\x02\0\x3b");

    let report = scene.run().unwrap();
    assert_eq!((report.taken, report.kept, report.failed), (13, 3, 2));
    let expected = [
        ("picture truncated", 2),
        ("picture of an unknown format", 2),
        ("picture missing", 1),
        ("picture altered since the crawl", 1),
        ("picture undecodable", 1),
        ("picture too large", 2),
        ("picture without a face", 2),
    ];
    assert_eq!(expected.map(|(reason, _)| (reason, report.dropped_for(reason))), expected);
    assert_eq!(report.dropped.len(), expected.len());
    let left_out = fs::read_to_string(scene.layout().left_out(StageId::Crop)).unwrap();
    let left_out: Vec<serde_json::Value> = left_out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(left_out.len() as u64, report.dropped_in_all());
    let tag = |post: &str| left_out.iter().find(|line| line["post"] == post).map(|line| line["tag"].clone());
    assert_eq!((tag("mini:12"), tag("mini:17")), (Some("unknown_format".into()), Some("too_large".into())));

    // What may be mended is looked at again; what is broken for good is not.
    fs::write(scene.picture_file(altered), spots(300, 200, &[[120, 70, 63]])).unwrap();
    let report = scene.run().unwrap();
    assert_eq!((report.kept, report.failed, report.figures["pictures_examined_now"]), (4, 1, 2.0));
}

#[test]
fn whatever_is_wrong_with_a_cascade_is_said_before_any_picture_is_read() {
    let check = |content: &[u8], expected: &str| {
        let mut scene = Scene::with_spots();
        let path = scene.root().join("bad.xml");
        fs::write(&path, content).unwrap();
        scene.config.crop.cascade = path.to_string_lossy().into_owned();
        let error = scene.run().unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("bad.xml"), "{error}");
        assert!(!scene.layout().faces().exists(), "nothing was cut");
    };
    let cut = |share: usize| &SPOT_CASCADE.as_bytes()[..SPOT_CASCADE.len() * share / 10];
    check(b"", "it is no XML, YAML or JSON");
    check(b"a letter to the editor", "it is no XML");
    check(b"\xFF\xFE\x00binary", "no text");
    check(cut(3), "broken or cut off");
    check(cut(9), "broken or cut off");
    check(b"<?xml version=\"1.0\"?>\n<html><body>404</body></html>\n", "no <opencv_storage> element");
    check(
        b"<?xml version=\"1.0\"?>\n<opencv_storage><weights>1</weights></opencv_storage>\n",
        "describes no LBP or Haar",
    );
    check(SPOT_CASCADE.replace("LBP", "SIFT").as_bytes(), "describes no LBP or Haar");
    check(SPOT_CASCADE.replace("<stages>", "<steps>").replace("</stages>", "</steps>").as_bytes(), "describes no");
}

#[test]
fn a_missing_cascade_names_the_key() {
    let mut scene = Scene::with_spots();
    scene.config.crop.cascade = "models/none.xml".into();
    let error = scene.run().unwrap_err().to_string();
    assert!(error.contains("models/none.xml, which crop.cascade names"), "{error}");
}

#[test]
fn no_picture_and_no_face_are_errors() {
    let scene = Scene::new();
    assert!(scene.run().unwrap_err().to_string().contains("there is no manifest"));
    scene.write_raw_manifest();
    assert!(scene.run().unwrap_err().to_string().contains("there is no picture to crop"));

    let mut scene = Scene::new();
    scene.add("mini:1", &spots(300, 200, &[]));
    scene.add("mini:2", b"not a picture");
    let error = scene.run().unwrap_err().to_string();
    assert!(error.contains("no face was found in 2 pictures"), "{error}");
    assert!(error.contains("picture of an unknown format: 1"), "{error}");
    assert!(error.contains("crop.min_neighbors"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let scene = Scene::with_spots();
    // A file where the folder should be: refused to root too.
    fs::write(scene.layout().faces(), b"in the way").unwrap();
    let error = scene.run().unwrap_err().to_string();
    assert!(error.contains("cannot") && error.contains("faces"), "{error}");
}

/// A PNG that is whole as far as its chunks go, with other bytes where the pixels should be.
fn garbled(png: &[u8]) -> Vec<u8> {
    let mut file = png.to_vec();
    let start = file.windows(4).position(|name| name == b"IDAT").unwrap() + 4;
    let end = file.len() - 30;
    file[start..end].fill(0xA5);
    file
}

/// A PNG that claims to be 65,536 pixels wide and high.
fn giant() -> Vec<u8> {
    let mut file = spots(8, 8, &[]);
    file[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    file
}
