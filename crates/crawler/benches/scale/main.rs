//! `cargo xtask bench scale [-- POSTS… [crawl|crop|pack] [once|faces]]`: peak memory and CPU time of what goes through all posts,
//! where nothing is left to fetch, to cut or to prepare.
//!
//! Posts, findings and prepared images are made, each different from all others: what lies on disk of them has the form and the
//! number that real ones have, while one small file stands for all pictures and another for all faces, by hard links. Every post
//! has a picture, and every eighth picture a face. A stage behind the named one is left out, for disks that do not take it; `once`
//! leaves out what is done again, and `faces` all but the packing, for which the faces' manifest is made. Ten million posts take 25
//! GB, their faces 5 GB.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a developer's tool, whose output is a table")]

mod child;
mod faces;
mod ledger;
mod links;
mod place;
mod prepared;

use std::{collections::BTreeMap, env};

use child::Used;
use contracts::StageId;
use place::Place;

/// How many posts are made unless it is said.
const POSTS: [u64; 2] = [10_000, 100_000];

/// Contact sheets of more faces are not drawn: that takes a second for each thousand of them.
const MAX_DRAWN: u64 = 20_000;
const SHEETS: &str = "crop again; up to 20,000 faces with contact sheets";

/// What each program used, by what it did, in their order.
type Column = Vec<(&'static str, Used)>;

fn main() {
    // What cargo itself adds is not for us.
    let words: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let mut posts: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
    if posts.is_empty() {
        posts = POSTS.to_vec();
    }
    let last = words.iter().find_map(|word| word.parse().ok()).unwrap_or(StageId::Pack);
    let is_said = |wanted: &str| words.iter().any(|word| word == wanted);
    let measure = |posts: &u64| match is_said("faces") {
        true => measure_packing(*posts),
        false => measure(*posts, last, !is_said("once")),
    };
    let columns: Vec<Column> = posts.iter().map(measure).collect();
    print(&posts, &columns);
}

/// Makes so many posts and runs the programs over them.
fn measure(posts: u64, last: StageId, again: bool) -> Column {
    let place = Place::new();
    let mut column = Column::new();
    let mut row = |what, used| column.push(told(posts, what, used));
    // It has a face, and its picture was posted once.
    let middle = posts / 2 + faces::PICTURES_A_FACE;
    place.crawl_a_few();
    let recipe = place.recipe();
    ledger::fill(&place, posts);
    row("crawl: a look for every file, a new manifest", place.run("crawler", &[]));
    if again {
        row("crawl --audit", place.run("crawler", &["--audit"]));
    }
    if last >= StageId::Crop {
        faces::fill(&place, &recipe);
        row("crop: a new manifest", place.run_until_new("face-cropper", &place.layout.faces_manifest()));
        if posts / faces::PICTURES_A_FACE > MAX_DRAWN {
            place.pretend_sheets();
        }
        if again {
            row(SHEETS, place.run("face-cropper", &[]));
        }
    }
    if last >= StageId::Pack {
        pack(&place, again, &mut row);
    }
    row("trace of a picture", place.run("dataset-packer", &["--trace", &ledger::picture(middle).to_string()]));
    row("status", place.status());
    row("forget of a post: crawl", place.run("crawler", &["--forget", &place.post(middle)]));
    if last >= StageId::Crop {
        row("crop after that", place.run_until_new("face-cropper", &place.layout.faces_manifest()));
    }
    if last >= StageId::Pack {
        row("pack after that", place.run("dataset-packer", &[]));
    }
    column
}

/// Makes the faces of so many posts and packs them.
fn measure_packing(posts: u64) -> Column {
    let place = Place::new();
    let mut column = Column::new();
    faces::fill_manifest(&place, posts);
    pack(&place, false, &mut |what, used| column.push(told(posts, what, used)));
    column
}

fn pack(place: &Place, again: bool, row: &mut impl FnMut(&'static str, Used)) {
    // All are equal as yet, and one that is held out would leave none to train on.
    row("pack: tiny files prepared, all equal", place.run("dataset-packer", &["--set", "pack.holdout=0"]));
    prepared::fill(place);
    row("pack: all different, a new dataset", place.run("dataset-packer", &[]));
    if again {
        row("pack again", place.run("dataset-packer", &[]));
    }
}

/// Says at once what was used: the whole may take hours.
fn told(posts: u64, what: &'static str, used: Used) -> (&'static str, Used) {
    eprintln!("{posts} posts: {what}: {:.0} MB, {:.1} s", used.peak_megabytes, used.cpu_seconds);
    (what, used)
}

/// A row for each thing done, a column for each number of posts.
fn print(posts: &[u64], columns: &[Column]) {
    let heads: String = posts.iter().map(|posts| format!(" {posts} posts: peak MB | CPU s | µs a post |")).collect();
    println!("| |{heads}\n|---|{}", "---|".repeat(3 * columns.len()));
    let mut rows: BTreeMap<usize, (&str, String)> = BTreeMap::new();
    for (column, posts) in columns.iter().zip(posts) {
        for (index, (what, used)) in column.iter().enumerate() {
            let Used { peak_megabytes, cpu_seconds } = used;
            let a_post = cpu_seconds * 1e6 / *posts as f64;
            let cell = format!(" {peak_megabytes:.0} | {cpu_seconds:.1} | {a_post:.1} |");
            rows.entry(index).or_insert_with(|| (what, String::new())).1.push_str(&cell);
        }
    }
    rows.values().for_each(|(what, cells)| println!("| {what} |{cells}"));
}
