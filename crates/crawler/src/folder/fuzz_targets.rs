//! Hostile folders: metadata beside pictures, and tars.

use std::fs;

use fuzz::Target;

use super::{sidecar::Sidecar, tar};

#[test]
fn sidecars() {
    let seeds = [
        r#"{"category":"danbooru","id":71,"md5":"00112233445566778899AABBCCDDEEFF","rating":"g","tag_string":"hat 1girl x",
            "tag_string_artist":"x","source":"https://art.example/1","is_banned":false,"file_url":"https://cdn.donmai.us/a.png"}"#,
        r#"{"category":"pixiv","id":9,"tags":["Hatsune Miku","hat"],"x_restrict":1,"user":{"name":"Ame","id":3}}"#,
        r#"{"id":"263167","rating":"e","is_banned":true,"tags":[{"id":"1","name":"hat","category":"0"}]}"#,
    ];
    let read = |bytes: &[u8]| {
        Sidecar::parse(bytes);
        Ok(())
    };
    let words = ["null", "[", "{\"general\":[", "\"tags\":", "1e999", "-1", "\\ud800"];
    Target::new("sidecars", &seeds, read).words(&words).run();
}

#[test]
fn folder_tars() {
    let read = |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        fs::write(&path, bytes).unwrap();
        tar::members(&path, |member| assert!(member.head.len() <= bytes.len())).map_err(|error| error.to_string())
    };
    let mut builder = ::tar::Builder::new(Vec::new());
    let long = format!("{}/y.png", "e".repeat(150));
    for (name, content) in [("a.png", &b"picture"[..]), ("a.json", b"{\"id\":1}"), (&long, b"long")] {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content).unwrap();
    }
    builder.append_pax_extensions([("path", long.as_bytes()), ("comment", b"none")]).unwrap();
    let words = ["ustar  \0", "77777777777\0", "\u{80}\0\0\0\0\0\0\0\0\0\0\0", "path=", "L", "x", "g", "S"];
    Target::new("folder_tars", &[builder.into_inner().unwrap()], read)
        .words(&words)
        .repair(|tar| fuzz::sum_tar_headers(tar))
        .run();
}
