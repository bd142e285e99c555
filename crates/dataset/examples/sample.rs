//! Writes the small dataset of the tests into a folder, for other programs to open.
//!
//! `cargo run --release -p dataset --example sample -- FOLDER [SIDE]`
#![allow(clippy::unwrap_used, reason = "a developer's tool")]

#[path = "../tests/sample/mod.rs"]
mod sample;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("the folder to write into");
    let side = arguments.next().map_or(8, |side| side.parse().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    sample::write(folder.as_ref(), side, sample::SMALL);
}
