//! Positive windows: crops of the subject, moved, scaled, mirrored and lit differently each time.

use std::{fs, io::Read as _, path::Path};

use fastrand::Rng;
use pictures::Grey;
use rayon::prelude::*;

use crate::{
    error::TrainingError,
    sampling::{Frame, decode_grey, halved, mirrored, sample},
    series::random,
};

/// How far a window may be off its crop: a detector's own windows are never exactly on their subject.
const SHIFT: f32 = 0.05;
/// The range of a crop's side that a window covers.
const COVER: (f32, f32) = (0.88, 1.06);
/// The range of the exponent of brightness.
const GAMMA: (f32, f32) = (0.7, 1.4);

/// Square crops of the subject, framed as it is to be found.
pub struct Positives {
    crops: Vec<Grey>,
}

impl Positives {
    /// Reads the crops of a folder or a tar file. What is no picture is passed over.
    ///
    /// # Errors
    /// When it cannot be read, or holds no picture.
    pub fn read(path: &Path) -> Result<Self, TrainingError> {
        let crops: Vec<Grey> = files(path)?.par_iter().filter_map(|bytes| decode_grey(bytes)).collect();
        if crops.is_empty() { Err(TrainingError::NoPositives(path.into())) } else { Ok(Self::of(crops)) }
    }

    /// Crops in memory; at least one, or [`Self::window`] has nothing to draw from.
    pub fn of(crops: Vec<Grey>) -> Self {
        Self { crops }
    }

    /// All crops, in the order of their files' names.
    pub fn crops(&self) -> &[Grey] {
        &self.crops
    }

    /// The `index`-th window of the endless series that `seed` starts: the crops in turn, each time otherwise.
    pub fn window(&self, seed: u64, index: u64, side: u32) -> Vec<u8> {
        let mut random = random(seed, index);
        let crop = &self.crops[(index % self.crops.len() as u64) as usize];
        // Now and then from half its resolution, since a detector finds large subjects in a picture made small.
        let is_large = crop.width().min(crop.height()) >= 4 * side;
        let half = (random.bool() && is_large).then(|| halved(crop));
        let crop = half.as_ref().unwrap_or(crop);
        let length = crop.width().min(crop.height()) as f32;
        let cover = length * between(&mut random, COVER);
        let mut off = || between(&mut random, (-SHIFT, SHIFT)) * length;
        let x = (crop.width() as f32 - cover) / 2.0 + off();
        let y = (crop.height() as f32 - cover) / 2.0 + off();
        let mut window = sample(crop, Frame { x, y, step: cover / side as f32 }, side, side);
        if random.bool() {
            window = mirrored(&window);
        }
        let gamma = between(&mut random, GAMMA);
        window
            .bytes()
            .iter()
            .map(|pixel| (f32::from(*pixel) / 255.0).powf(gamma) * 255.0)
            .map(|p| p.round() as u8)
            .collect()
    }
}

fn between(random: &mut Rng, (min, max): (f32, f32)) -> f32 {
    min + random.f32() * (max - min)
}

/// The contents of the files of a folder or a tar file.
pub(crate) fn files(path: &Path) -> Result<Vec<Vec<u8>>, TrainingError> {
    let files = if path.is_dir() { read_folder(path) } else { read_tar(path) };
    files.map_err(TrainingError::reading(path))
}

fn read_folder(path: &Path) -> std::io::Result<Vec<Vec<u8>>> {
    let mut files = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    files.iter().filter(|file| file.is_file()).map(fs::read).collect()
}

fn read_tar(path: &Path) -> std::io::Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    for entry in tar::Archive::new(fs::File::open(path)?).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            files.push(bytes);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_differ_by_index_and_repeat_by_seed() {
        let pixels = (0..96 * 96).map(|i| (i % 96 * 2) as u8).collect();
        let positives = Positives::of(vec![Grey::new(96, 96, pixels).unwrap()]);
        let window = |seed, index| positives.window(seed, index, 24);
        assert_eq!(window(1, 0).len(), 576);
        assert_eq!(window(1, 5), window(1, 5));
        assert_ne!(window(1, 5), window(1, 6));
        assert_ne!(window(1, 5), window(2, 5));
    }

    #[test]
    fn a_folder_without_pictures_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "none").unwrap();
        assert!(matches!(Positives::read(folder.path()), Err(TrainingError::NoPositives(_))));
        assert!(matches!(Positives::read(&folder.path().join("none.tar")), Err(TrainingError::Read { .. })));
    }
}
