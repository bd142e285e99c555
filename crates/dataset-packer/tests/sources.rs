//! Each kind of source, with its classes.
#![allow(clippy::unwrap_used)]

mod material;

use std::{collections::BTreeMap, fs, io::Cursor, io::Write as _, path::Path};

use contracts::{
    options::PackOptions,
    tombstone::{self, Tombstone},
};
use dataset::{Row, SplitName};
use flate2::{Compression, write::DeflateEncoder};
use image::ImageFormat;
use material::{Pipeline, picture};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn png(number: u64) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture(number, 24, 24).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn rows(pipeline: &Pipeline) -> Vec<Row> {
    let dataset = pipeline.dataset();
    SplitName::ALL.iter().flat_map(|name| dataset.split(*name).rows().collect::<Vec<_>>()).map(Result::unwrap).collect()
}

/// What a source gives: the names of its rows with their classes.
fn packed(pipeline: &mut Pipeline, source: &str) -> BTreeMap<String, Option<i64>> {
    pipeline.config.pack.sources = vec![pipeline.text(source)];
    pipeline.pack().unwrap();
    rows(pipeline).into_iter().map(|row| (row.path, row.label)).collect()
}

fn expected(of: impl Iterator<Item = (String, Option<i64>)>) -> BTreeMap<String, Option<i64>> {
    of.collect()
}

fn write_zip(path: &Path, members: &[(String, Vec<u8>)]) {
    let mut zip = ZipWriter::new(fs::File::create(path).unwrap());
    for (name, content) in members {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn a_stylegan_zip_has_classes_and_no_member_leaves_it() {
    let mut pipeline = Pipeline::new();
    let mut members: Vec<(String, Vec<u8>)> = (0..10).map(|n| (format!("00000/img{n:08}.png"), png(n))).collect();
    let labels: Vec<String> = (0..10).map(|n| format!("[\"00000/img{n:08}.png\", {}]", n % 3)).collect();
    members.push(("dataset.json".into(), format!("{{\"labels\": [{}]}}", labels.join(",")).into_bytes()));
    members.push(("../../outside.png".into(), png(50)));
    write_zip(&pipeline.path("a.zip"), &members);
    let images = (0..10).map(|n| (format!("00000/img{n:08}.png"), Some(n % 3)));
    let found = packed(&mut pipeline, "a.zip");
    assert_eq!(found, expected(images.chain([("../../outside.png".to_owned(), None)])));
    assert!(!pipeline.path("outside.png").exists() && !pipeline.path("../outside.png").exists());
}

/// Pictures with their classes in StyleGAN's dataset.json, wherever that lies and however it is written.
#[test]
fn dataset_json_is_read_in_folders_and_in_zips() {
    let members = |folder: &str, labels: &str| {
        let mut members: Vec<(String, Vec<u8>)> = (0..6).map(|n| (format!("{folder}0/{n}.png"), png(n))).collect();
        members.push((format!("{folder}dataset.json"), format!("{{\"labels\": {labels}}}").into_bytes()));
        members
    };
    let pairs = |label: fn(u64) -> String| {
        let pairs: Vec<String> = (0..6).map(|n| format!("[\"0/{n}.png\", {}]", label(n))).collect();
        format!("[{}]", pairs.join(","))
    };
    let mapping: Vec<String> = (0..6).map(|n| format!("\"0/{n}.png\": {n}")).collect();
    let forms = [
        pairs(|n| n.to_string()),
        pairs(|n| format!("{n}.0")),
        pairs(|n| format!("{:?}", [0, 1, 2, 3, 4, 5].map(|class| u8::from(class == n)))),
        pairs(|n| n.to_string()).replace("0/", "0\\\\"),
        format!("{{{}}}", mapping.join(", ")),
    ];
    for labels in &forms {
        for root in ["", "set/"] {
            let mut pipeline = Pipeline::new();
            let members = members(root, labels);
            write_zip(&pipeline.path("a.zip"), &members);
            for (name, content) in &members {
                let path = pipeline.path(&format!("folder/{name}"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            let images = || expected((0..6).map(|n| (format!("{root}0/{n}.png"), Some(n))));
            assert_eq!(packed(&mut pipeline, "a.zip"), images(), "{labels} in a zip");
            assert_eq!(packed(&mut pipeline, "folder"), images(), "{labels} in a folder");
        }
    }
}

#[test]
fn classes_that_are_not_understood_are_told() {
    let mut pipeline = Pipeline::with_pictures(4);
    let labels = "{\"labels\": [[\"000.png\", [0.3, 0.7]], [\"elsewhere.png\", 1], [\"001.png\", 5]]}";
    fs::write(pipeline.path("pictures/dataset.json"), labels).unwrap();
    fs::write(pipeline.path("pictures/metadata.csv"), "file_name,label\n000.png,1\n").unwrap();
    let said = pipeline.pack().unwrap().warnings.join("\n");
    for words in ["\"000.png\", which is a list of 2", "\"elsewhere.png\"", "metadata.csv"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert_eq!(packed(&mut pipeline, "pictures")["001.png"], Some(5));
}

#[test]
fn members_that_overlap_are_refused() {
    let mut pipeline = Pipeline::with_pictures(3);
    let content = png(70);
    let mut zip = deflated_zip(&content, content.len() as u32);
    // A second entry of the directory for the same bytes, under another name.
    let directory = zip.windows(4).position(|mark| mark == b"PK\x01\x02").unwrap();
    let end = zip.len() - 22;
    let mut entry = zip[directory..end].to_vec();
    let name = entry.len() - 5;
    entry[name] = b'b';
    zip.splice(end..end, entry.iter().copied());
    let end = zip.len() - 22;
    zip[end + 8..end + 12].copy_from_slice(&[2, 0, 2, 0]);
    let length = (2 * entry.len() as u32).to_le_bytes();
    zip[end + 12..end + 16].copy_from_slice(&length);
    fs::write(pipeline.path("a.zip"), zip).unwrap();
    pipeline.config.pack.sources.push(pipeline.text("a.zip"));
    let error = pipeline.pack().unwrap_err().to_string();
    assert!(error.contains("its members a.png and b.png overlap"), "{error}");
}

/// A WebDataset whose names have dots: each picture has its own class, post and address, is traced to these and forgotten by them.
#[test]
fn names_with_dots_keep_their_own_posts() {
    let mut pipeline = Pipeline::new();
    let mut tar = tar::Builder::new(fs::File::create(pipeline.path("a.tar")).unwrap());
    let mut append = |name: String, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, content).unwrap();
    };
    for post in [5_u64, 10, 15, 20] {
        append(format!("22.{post:02}.png"), &png(post));
        append(format!("22.{post:02}.cls"), post.to_string().as_bytes());
        let json = format!("{{\"post\": \"mini:{post}\", \"url\": \"http://mini.invalid/{post}.png\"}}");
        append(format!("22.{post:02}.json"), json.as_bytes());
    }
    tar.finish().unwrap();
    pipeline.config.pack.sources = vec![pipeline.text("a.tar")];
    pipeline.pack().unwrap();
    let posts = |pipeline: &Pipeline| {
        let facts = |row: Row| (row.path, row.label.unwrap(), row.post.unwrap().to_string(), row.source_url.unwrap());
        let mut facts: Vec<_> = rows(pipeline).into_iter().map(facts).collect();
        facts.sort();
        facts
    };
    let of = |post: i64| {
        let url = format!("http://mini.invalid/{post}.png");
        (format!("22.{post:02}.png"), post, format!("mini:{post}"), url)
    };
    assert_eq!(posts(&pipeline), [5, 10, 15, 20].map(of));

    let row = rows(&pipeline).into_iter().find(|row| row.path == "22.10.png").unwrap();
    let trace = pipeline.ask(PackOptions { trace: Some(row.picture.to_string()), ..PackOptions::default() }).unwrap();
    assert!(trace.contains("\"post\":\"mini:10\"") && trace.lines().count() == 1, "{trace}");

    tombstone::add(&pipeline.layout(), [Tombstone { post: "mini:5".parse().unwrap(), sha256: None }]).unwrap();
    let report = pipeline.pack().unwrap();
    assert_eq!((report.kept, report.dropped_for("forgotten")), (3, 1));
    assert_eq!(posts(&pipeline), [10, 15, 20].map(of));
}

/// A zip with one deflated member that says `length`; the library's writer is built without a compressor.
fn deflated_zip(content: &[u8], length: u32) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    let compressed = encoder.finish().unwrap();
    let mut checksum = flate2::Crc::new();
    checksum.update(content);
    let shared = |out: &mut Vec<u8>| {
        out.extend([20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0]);
        out.extend([checksum.sum(), compressed.len() as u32, length].map(u32::to_le_bytes).concat());
        out.extend([5, 0, 0, 0]);
    };
    let mut zip = b"PK\x03\x04".to_vec();
    shared(&mut zip);
    zip.extend(b"a.png");
    zip.extend(&compressed);
    let directory = zip.len() as u32;
    zip.extend(b"PK\x01\x02\x14\x00");
    shared(&mut zip);
    zip.extend([0; 14]);
    zip.extend(b"a.png");
    let length = zip.len() as u32 - directory;
    zip.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    zip.extend([length, directory].map(u32::to_le_bytes).concat());
    zip.extend([0, 0]);
    zip
}

#[test]
fn a_deflated_member_is_read_and_a_bomb_is_not() {
    let mut pipeline = Pipeline::with_pictures(3);
    let zip = pipeline.path("a.zip");
    let content = png(70);
    fs::write(&zip, deflated_zip(&content, content.len() as u32)).unwrap();
    pipeline.config.pack.sources.push(pipeline.text("a.zip"));
    assert_eq!(pipeline.pack().unwrap().kept, 4);
    let check = |content: &[u8], said: u32, reason: &str| {
        fs::write(&zip, deflated_zip(content, said)).unwrap();
        let report = pipeline.pack().unwrap();
        assert_eq!((report.kept, report.dropped_for(reason)), (3, 1), "{said}");
    };
    check(&vec![0; 64 << 20], 1000, "unreadable");
    check(&content, u32::MAX - 1, "too large to decode");
}

#[test]
fn a_web_dataset_and_idx_files_have_classes() {
    let mut pipeline = Pipeline::new();
    let mut tar = tar::Builder::new(fs::File::create(pipeline.path("a.tar")).unwrap());
    for number in 0..8 {
        for (name, content) in
            [(format!("{number:03}.png"), png(number)), (format!("{number:03}.cls"), vec![b'0' + number as u8])]
        {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, name, content.as_slice()).unwrap();
        }
    }
    tar.finish().unwrap();
    assert_eq!(packed(&mut pipeline, "a.tar"), expected((0..8).map(|n| (format!("{n:03}.png"), Some(n)))));

    let grey: Vec<u8> =
        (0..6).flat_map(|n| image::DynamicImage::from(picture(n, 28, 28)).into_luma8().into_raw()).collect();
    let head = [[0, 0, 8, 3], [0, 0, 0, 6], [0, 0, 0, 28], [0, 0, 0, 28]].concat();
    fs::write(pipeline.path("t10k-images-idx3-ubyte"), [head, grey].concat()).unwrap();
    fs::write(pipeline.path("t10k-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 6, 5, 4, 3, 2, 1, 0]).unwrap();
    let digits = (0..6).map(|n| (format!("{n:08}.pgm"), Some(5 - n)));
    assert_eq!(packed(&mut pipeline, "t10k-images-idx3-ubyte"), expected(digits));
}

#[test]
fn a_dataset_of_ours_is_a_source_and_keeps_what_is_known() {
    let mut pipeline = Pipeline::with_faces(20);
    pipeline.pack().unwrap();
    let mut before = rows(&pipeline);
    fs::rename(pipeline.layout().dataset(), pipeline.path("old")).unwrap();
    pipeline.config.pack.sources = vec![pipeline.text("old")];
    pipeline.pack().unwrap();
    let mut after = rows(&pipeline);
    before.sort_by(|a, b| a.path.cmp(&b.path));
    after.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(after, before);
}

#[test]
fn what_is_listed_or_too_small_stays_out_of_foreign_pictures_too() {
    let mut pipeline = Pipeline::with_pictures(12);
    pipeline.save("pictures/tiny.png", &picture(99, 12, 40));
    pipeline.config.pack.min_size = 13;
    fs::create_dir_all(pipeline.path("data")).unwrap();
    fs::write(pipeline.layout().exclude_list(), "003.png\n").unwrap();
    let report = pipeline.pack().unwrap();
    assert_eq!((report.kept, report.dropped_for("too small"), report.dropped_for("excluded by hand")), (11, 1, 1));
}

#[test]
fn duplicates_are_shown() {
    let mut pipeline = Pipeline::with_pictures(12);
    pipeline.config.pack.holdout = 0.0;
    pipeline.config.pack.dedupe_report = true;
    pipeline.save("pictures/copy.bmp", &picture(7, 40, 30));
    pipeline.save("pictures/larger.png", &picture(9, 80, 60));
    assert_eq!(pipeline.pack().unwrap().kept, 12);
    let sheet = image::open(pipeline.layout().duplicates_sheet()).unwrap().into_rgb8();
    assert_eq!(sheet.dimensions(), (2 * 22, 2 * 22), "two clusters of two");
    let frames = [(0, 0), (22, 0), (0, 22), (22, 22)].map(|(x, y)| sheet.get_pixel(x, y).0);
    assert!(frames.contains(&[140, 140, 140]) && frames.contains(&[230, 200, 60]), "{frames:?}");
}
