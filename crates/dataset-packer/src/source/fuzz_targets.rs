//! Hostile archives, tables of pixels, saved datasets, and lists beside pictures.

use std::{fs, io::Write as _, path::Path};

use fuzz::Target;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{Inventory, catalogue, entry::Entry, hugging_face, idx, tar, zip as zip_source};
use crate::location::Location;

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

const FILES: [(&str, &[u8]); 5] = [
    ("a.png", b"picture"),
    ("a.cls", b"3"),
    ("b/c.jpg", b"another"),
    ("b/c.json", br#"{"post":"mini:5","tags":["hat"],"box":[1,2,30,40],"label":2}"#),
    ("metadata.jsonl", b"{\"file_name\":\"a.png\",\"label\":1}\n"),
];

/// Lists a file of this name, and reads what it lists.
fn list(
    name: &str,
    bytes: &[u8],
    list: impl FnOnce(&Path, &mut Inventory) -> Result<(), String>,
) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let mut inventory = Inventory::default();
    list(&path, &mut inventory).map_err(|said| said.replace(&*folder.path().to_string_lossy(), ""))?;
    // As many as a small file may rightly hold; a table of pixels may list as many images as it has bytes.
    for item in inventory.items.iter().take(100) {
        let length = item.location.length().unwrap_or(0);
        if let Ok(read) = item.location.read() {
            assert!(read.len() as u64 <= length + 64, "{} is longer than it says", item.name);
        }
    }
    Ok(())
}

#[test]
fn tars() {
    let mut builder = ::tar::Builder::new(Vec::new());
    let long = format!("{}/x.png", "d".repeat(120));
    for (name, content) in FILES.into_iter().chain([(&*long, &b"long"[..])]) {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content).unwrap();
    }
    let read = |bytes: &[u8]| list("a.tar", bytes, |path, inventory| tar::list(path, "", inventory));
    let words = ["ustar  \0", "77777777777\0", "path=", "size=", "30 path=../../etc/passwd\n", "L", "x", "S"];
    let seed = builder.into_inner().unwrap();
    Target::new("tars", &[seed], read).words(&words).repair(|tar| fuzz::sum_tar_headers(tar)).executions(200).run();
}

#[test]
fn zips() {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in FILES {
        writer
            .start_file(name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))
            .unwrap();
        writer.write_all(content).unwrap();
    }
    let seed = writer.finish().unwrap().into_inner();
    let read = |bytes: &[u8]| list("a.zip", bytes, |path, inventory| zip_source::list(path, "", inventory));
    let words = ["PK\x01\x02", "PK\x03\x04", "PK\x05\x06", "PK\x06\x06", "PK\x06\x07", "\x01\0\x1c\0", "../", "\\"];
    Target::new("zips", &[seed], read).words(&words).executions(200).run();
}

#[test]
fn idx_files() {
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4][..], &[7; 24]].concat();
    let read = |bytes: &[u8]| list("a-images-idx3-ubyte", bytes, |path, inventory| idx::list(path, "", inventory));
    Target::new("idx_files", &[images], read).executions(200).run();
}

#[test]
fn saved_datasets() {
    let seeds = [
        r#"{"splits":["train"]}"#,
        r#"{"_data_files":[{"filename":"data-00000-of-00001.arrow"}],"_fingerprint":"a","_indices_files":null}"#,
    ];
    let read = |bytes: &[u8]| {
        let results = ["dataset_dict.json", "state.json"].map(|name| {
            list(name, bytes, |path, inventory| hugging_face::list(path.parent().unwrap_or(path), "", inventory))
        });
        // No file of either kind lists what is there: nothing is.
        assert!(results.iter().all(|result| result.is_err() || bytes.len() < 1 << 12));
        Ok(())
    };
    Target::new("saved_datasets", &seeds, read).words(&["../", "/", "\\", "[]", "null"]).executions(200).run();
}

#[test]
fn lists_beside_pictures() {
    let seeds = [
        "dataset.json:{\"labels\":[[\"a.png\",3],[\"b/a.png\",[0,1]]]}",
        "dataset.json:{\"labels\":{\"a.png\":2.0}}",
        "metadata.jsonl:{\"file_name\":\"a.png\",\"post\":\"mini:5\",\"label\":1,\"tags\":\"a b\"}\n{\"file_name\":\"b/a.png\"}\n",
        "a.json:{\"face_id\":\"x\",\"box\":[1,2,30,40],\"score\":1.5,\"label\":\"7\"}",
        "a.cls:12\n",
    ];
    let read = |bytes: &[u8]| {
        let split = bytes.iter().position(|byte| *byte == b':').unwrap_or(0);
        let name = String::from_utf8_lossy(&bytes[..split]).replace(['/', '\0'], "");
        if name.is_empty() || name.len() > 60 || name.starts_with('.') {
            return Err("no name".into());
        }
        list("a.png", b"picture", |picture, inventory| {
            let beside = picture.with_file_name(&name);
            if beside.exists() {
                return Err("the picture itself".into());
            }
            fs::write(&beside, &bytes[split + 1..]).map_err(|error| error.kind().to_string())?;
            let entry =
                |name: &str, path: &Path| Entry { name: name.to_owned(), location: Location::File(path.into()) };
            let entries = vec![entry("a.png", picture), entry("b/a.png", picture), entry(&name, &beside)];
            catalogue::add(entries, "", inventory)
        })
    };
    let words = ["null", "[]", "-1", "1e30", "9223372036854775808", "\"../a.png\"", "{\"labels\":", "\\", "true"];
    Target::new("lists_beside_pictures", &seeds, read).words(&words).executions(200).run();
}
