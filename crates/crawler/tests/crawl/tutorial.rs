//! The control: the way that tutorials crawl fails the very check that the crawler passes. It walks `/post?page=N`,
//! downloads straight to the final name and skips what exists.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
};

use contracts::config::{Listing, Variant};
use mini_booru::{Catalogue, Fault, MiniBooru, Options, PathClass, Rule, Schedule, Shift};

use crate::{
    oracle::{Held, complaints},
    place::Place,
};

/// A site on which posts are deleted while others look through it: after every second page that is asked for.
fn living_site() -> MiniBooru {
    let shift = Fault::Shift(Shift { delete: 6, bump: 4, insert: 1, edit: 0, seed: 3 });
    let rule = Rule { first: 2, every: 2, last: 12, ..Rule::always(PathClass::Listing, shift) };
    let options = Options { faults: Arc::new(Schedule::new([rule])), ..Options::default() };
    MiniBooru::start(Catalogue::swatches(60, 150).unwrap(), options).unwrap()
}

fn get(booru: &MiniBooru, target: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(booru.address()).unwrap();
    write!(stream, "GET {target} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    answer.split_off(head + 4)
}

/// The posts of a list page, with the paths of their originals.
fn listed(booru: &MiniBooru, page: u64) -> Vec<(u64, String)> {
    let html = String::from_utf8(get(booru, &format!("/post?page={page}&tags=rating:s"))).unwrap();
    let between =
        |text: &str, start: &str| -> Option<String> { Some(text.split_once(start)?.1.split('"').next()?.to_owned()) };
    html.split("<li ")
        .skip(1)
        .filter_map(|item| {
            let file = between(item, "smallimg\" href=\"")?;
            Some((between(item, "id=\"p")?.parse().unwrap(), file.strip_prefix(&booru.url())?.to_owned()))
        })
        .collect()
}

/// Walks the pages; killed in the middle of the file of that number, counted from 1, if it comes so far.
fn walk(booru: &MiniBooru, folder: &Path, killed_at: usize) {
    let mut files = 0;
    for page in 1.. {
        let posts = listed(booru, page);
        if posts.is_empty() {
            return;
        }
        for (id, path) in posts {
            let name = folder.join(format!("{id}.jpg"));
            if name.exists() {
                continue;
            }
            files += 1;
            let bytes = get(booru, &path);
            let written = if files == killed_at { &bytes[..bytes.len() / 2] } else { &bytes };
            fs::write(name, written).unwrap();
            if files == killed_at {
                return;
            }
        }
    }
}

fn held(folder: &Path) -> Held {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.file_stem().unwrap().to_str().unwrap().parse().unwrap(), fs::read(&path).unwrap())).collect()
}

#[test]
fn the_tutorial_s_way_loses_posts_and_keeps_half_files() {
    let booru = living_site();
    let folder = tempfile::tempdir().unwrap();
    walk(&booru, folder.path(), 5);
    walk(&booru, folder.path(), usize::MAX);
    let complaints = complaints(&booru, &held(folder.path()));
    for fault in ["is missing", "has false bytes"] {
        assert!(complaints.iter().any(|complaint| complaint.contains(fault)), "nothing {fault}: {complaints:?}");
    }
}

#[test]
fn the_crawler_passes_what_the_tutorial_s_way_fails() {
    for listing in [Listing::Json, Listing::Html] {
        let booru = living_site();
        let place = Place::with(&booru.url(), listing, Variant::Original);
        place.crawl();
        assert_eq!(complaints(&booru, &place.held()), [""; 0]);
    }
}
