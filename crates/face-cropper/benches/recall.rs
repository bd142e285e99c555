//! Faces found and wrong boxes of the shipped cascades, judged by where somebody saw the faces: a line a box, for tables.
//!
//!     cargo bench -p face-cropper --bench recall -- FOLDER [MODE [MIN_SIZE [mirrored]]]
//!
//! Each line: cascade, mode, angles searched, `min_neighbors`, the picture's stem, x, y, width, height, angle, neighbours, level
//! weight, confidence.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use contracts::{
    cascade::EMBEDDED,
    config::{CropConfig, CropMode, Engine as Kind},
};
use face_cropper::{
    cascade::Cascade,
    confidence::{confidence, planes},
    engine,
    search::search,
    turned::DetectedFace,
};
use pictures::PictureFile;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let (folder, only, min_size) = (arguments.next(), arguments.next(), arguments.next());
    let mirrored = arguments.next().is_some_and(|word| word == "mirrored");
    let min_size = min_size.map_or(48, |min_size| min_size.parse().unwrap());
    let shared = std::env::var_os("NIJIGEN_SHARED").map(|folder| PathBuf::from(folder).join("data/pictures"));
    let Some(folder) = folder.map(PathBuf::from).or(shared) else {
        println!("give a folder of pictures: cargo bench -p face-cropper --bench recall -- FOLDER");
        return;
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for cascade in ["nijigen", "lbpcascade_animeface"] {
        for mode in [CropMode::Exact, CropMode::Fast, CropMode::Judged] {
            if only.as_ref().is_some_and(|only| !only.eq_ignore_ascii_case(&format!("{mode:?}"))) {
                continue;
            }
            for rotations in [vec![0.0], vec![-15.0, 0.0, 15.0]] {
                for min_neighbors in neighbours(cascade, mode) {
                    let (cascade, rotations) = (cascade.into(), rotations.clone());
                    let config = CropConfig {
                        mode,
                        min_neighbors: *min_neighbors,
                        cascade,
                        rotations,
                        min_size,
                        mirrored,
                        ..CropConfig::reference()
                    };
                    paths.iter().for_each(|path| boxes(path, &config));
                }
            }
        }
    }
}

/// The numbers of neighbours that mean something; the judged mode has none, and one cascade.
fn neighbours(cascade: &str, mode: CropMode) -> &'static [i32] {
    match mode {
        CropMode::Judged if cascade == EMBEDDED => &[1],
        CropMode::Judged => &[],
        _ => &[1, 2, 3, 5],
    }
}

fn boxes(path: &Path, config: &CropConfig) {
    let mut engine = engine::start(Kind::Native, &Cascade::of(config).unwrap()).unwrap();
    let bytes = std::fs::read(path).unwrap();
    let Ok(file) = PictureFile::open(&bytes, u64::MAX) else { return };
    let Ok(found) = search(&mut *engine, &file, config) else { return };
    for DetectedFace { detection: face, angle, confidence: asked } in found.faces {
        let edges: [i32; 4] = face.rect.into();
        let [x, y, width, height] = edges;
        let picture = &found.picture.as_ref().unwrap().0;
        let confidence = asked.unwrap_or_else(|| confidence(&planes(config, picture).unwrap(), &edges.into(), angle));
        let CropConfig { cascade, mode, min_neighbors, rotations, .. } = config;
        let stem = path.file_stem().unwrap().to_string_lossy();
        println!(
            "{cascade} {mode:?} {} {min_neighbors} {stem} {x} {y} {width} {height} {angle} {} {} {confidence:.6}",
            rotations.len(),
            face.neighbours,
            face.score
        );
    }
}
