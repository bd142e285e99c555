//! Writes the exports of the tests' small dataset into a folder, for other programs to open.
//!
//! `cargo build --release -p dataset-parquet`, then `cargo run --release -p dataset-packer --example exports -- FOLDER`
#![allow(clippy::unwrap_used, reason = "a developer's tool")]

#[path = "../tests/material/mod.rs"]
mod material;

fn main() {
    let folder = std::env::args().nth(1).expect("the folder to write into");
    material::export_all(folder.as_ref(), &["imagefolder", "webdataset", "parquet"]);
}
