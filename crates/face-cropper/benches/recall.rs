//! x
#![allow(clippy::unwrap_used, clippy::print_stdout)]
use contracts::config::{CropConfig, CropMode, Engine as Kind};
use face_cropper::{cascade::Cascade, engine, search::search};
use pictures::PictureFile;
fn main() {
    let mut paths: Vec<_> = std::fs::read_dir("/work/shared/data/pictures").unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for name in ["nijigen", "lbpcascade_animeface"] {
        let cascade = Cascade::find(name).unwrap();
        let mut engine = engine::start(Kind::Native, &cascade).unwrap();
        for mode in [CropMode::Exact, CropMode::Fast] {
            for min_neighbors in [0, 1, 2, 5] {
                let config = CropConfig { mode, min_neighbors, ..CropConfig::default() };
                for path in &paths {
                    let bytes = std::fs::read(path).unwrap();
                    let Ok(file) = PictureFile::open(&bytes, u64::MAX) else { continue };
                    let Ok(found) = search(&mut *engine, &file, &config) else { continue };
                    for f in found.faces {
                        println!("{name} {mode:?} {min_neighbors} {} {} {} {} {} {} {}", path.file_stem().unwrap().to_string_lossy(), f.rect.x, f.rect.y, f.rect.width, f.rect.height, f.neighbours, f.score);
                    }
                }
            }
        }
    }
}
