//! Hard negatives: windows away from the subject that every stage so far lets pass, gathered from many pictures.

use std::{borrow::Cow, fs, path::PathBuf};

use fastrand::Rng;
use lbp_cascade::{IntegralImage, Rect};
use pictures::Grey;
use rayon::prelude::*;

use crate::{
    error::TrainingError,
    labels::{LabelledPicture, pictures_of},
    noise_texture,
    partial_cascade::PartialCascade,
    positives::Positives,
    sampling::{decode_grey, equalised, mirrored, transposed},
    scan::scan,
    series::random,
};

/// Sources scanned at a time: enough for the threads, few enough for memory.
const SOURCES_AT_ONCE: usize = 16;
/// Crops that are one source: about as many windows as a picture has.
const CROPS_AT_ONCE: usize = 64;

/// Pictures in which everything outside the subject's boxes is negative, noise textures, and the crops of the subject, whose parts
/// are negative: an eye is no face.
pub struct Negatives<'a> {
    sources: Vec<Source<'a>>,
}

/// What is scanned at a time.
enum Source<'a> {
    /// A file, and where the subject is in it.
    File(LabelledPicture),
    /// Some crops, each the subject as a whole.
    Crops(&'a [Grey]),
    /// A noise texture, another one each time.
    NoiseTexture,
}

impl Source<'_> {
    /// The source's equalised pictures with the subjects in them.
    fn load(&self, random: &mut Rng) -> Vec<(Cow<'_, Grey>, Cow<'_, [Rect]>)> {
        match self {
            Self::File(LabelledPicture { path, subjects }) => {
                let grey = fs::read(path).ok().and_then(|bytes| decode_grey(&bytes));
                grey.map(|grey| (Cow::Owned(equalised(&grey)), Cow::Borrowed(&subjects[..]))).into_iter().collect()
            }
            Self::Crops(crops) => {
                let whole = |crop: &Grey| vec![[0, 0, crop.width() as i32, crop.height() as i32].into()];
                // Not equalised: detectors spread the brightness of a whole picture, never of the subject alone.
                crops.iter().map(|crop| (Cow::Borrowed(crop), Cow::Owned(whole(crop)))).collect()
            }
            Self::NoiseTexture => {
                vec![(Cow::Owned(equalised(&noise_texture::picture(random))), Cow::Borrowed(&[]))]
            }
        }
    }
}

/// Which windows are asked for.
pub struct Mining<'a> {
    /// A hard negative passes all its stages.
    pub cascade: PartialCascade<'a>,
    /// How many windows are wanted.
    pub wanted: usize,
    /// What the choice among more follows from.
    pub seed: u64,
}

impl<'a> Negatives<'a> {
    /// Lists the pictures of folders; a `truth.json` in one says where the subject is in its pictures. `noise_textures`
    /// are added, other ones for each stage.
    ///
    /// # Errors
    /// When a folder or its boxes cannot be read, or there is no file.
    pub fn read(folders: &[PathBuf], positives: &'a Positives, noise_textures: usize) -> Result<Self, TrainingError> {
        let mut pictures = Vec::new();
        for folder in folders {
            pictures.extend(pictures_of(folder)?);
        }
        if pictures.is_empty() {
            return Err(TrainingError::NoNegatives);
        }
        pictures.sort_by(|a, b| a.path.cmp(&b.path));
        let files = pictures.into_iter().map(Source::File);
        let crops = positives.crops().chunks(CROPS_AT_ONCE).map(Source::Crops);
        let textures = std::iter::repeat_with(|| Source::NoiseTexture).take(noise_textures);
        Ok(Self { sources: files.chain(crops).chain(textures).collect() })
    }

    /// Up to `wanted` windows that pass the stages so far, spread over the pictures: at most `quota` of each. Where that
    /// is not enough the quota grows; where there are no more, there are fewer.
    ///
    /// The same on any number of threads.
    pub fn mine(&self, mining: &Mining<'_>, quota: &mut usize) -> Vec<IntegralImage> {
        // Twice as many as an even share: some pictures have few.
        *quota = (*quota).max((2 * mining.wanted).div_ceil(self.sources.len()));
        loop {
            let (found, cut_short) = self.mine_with_quota(mining, *quota);
            if found.len() >= mining.wanted || !cut_short {
                return found;
            }
            // Scanning again costs more than windows that are too many, which are cut off.
            *quota *= 4;
        }
    }

    /// At most `quota` windows of each source, and whether some source has more.
    fn mine_with_quota(&self, mining: &Mining<'_>, quota: usize) -> (Vec<IntegralImage>, bool) {
        let mut order: Vec<usize> = (0..self.sources.len()).collect();
        // In another order for each stage: the first sources to fill the number are not always the same.
        random(mining.seed, 0).shuffle(&mut order);
        let (mut found, mut cut_short) = (Vec::new(), false);
        for some in order.chunks(SOURCES_AT_ONCE) {
            let scanned = some.par_iter().map(|source| {
                let mut random = random(mining.seed ^ (*source as u64) << 32, 1);
                let mut windows = Vec::new();
                for (grey, subjects) in self.sources[*source].load(&mut random) {
                    let (grey, subjects) = turned(&grey, &subjects, random.u8(..8));
                    scan(&grey, &subjects, &mining.cascade, quota, &mut random, &mut windows);
                }
                windows
            });
            for windows in scanned.collect::<Vec<_>>() {
                cut_short |= windows.len() == quota;
                found.extend(windows);
            }
            if found.len() >= mining.wanted {
                found.truncate(mining.wanted);
                break;
            }
        }
        (found, cut_short)
    }
}

/// A picture in one of its eight orientations, so that few pictures teach more: what is no subject stays none.
fn turned(grey: &Grey, subjects: &[Rect], orientation: u8) -> (Grey, Vec<Rect>) {
    let (mut grey, mut subjects) = (grey.clone(), subjects.to_vec());
    let is_set = |bit: u8| orientation >> bit & 1 == 1;
    if is_set(0) {
        subjects.iter_mut().for_each(|b| b.x = grey.width() as i32 - b.x - b.width);
        grey = mirrored(&grey);
    }
    if is_set(1) {
        subjects.iter_mut().for_each(|b| b.y = grey.height() as i32 - b.y - b.height);
        grey = transposed(&mirrored(&transposed(&grey)));
    }
    if is_set(2) {
        subjects.iter_mut().for_each(|b| *b = Rect { x: b.y, y: b.x, width: b.height, height: b.width });
        grey = transposed(&grey);
    }
    (grey, subjects)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{boosting::BoostedStage, feature::all_features, labels::LABELS_FILE};

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "b.png"] {
            let picture = image::GrayImage::from_fn(120, 90, |x, y| image::Luma([(x * 7 + y * 13) as u8]));
            picture.save(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join(LABELS_FILE), r#"{"a.png": [[0, 0, 120, 90]]}"#).unwrap();
        folder
    }

    #[test]
    fn windows_keep_away_from_the_subject_and_repeat_by_seed() {
        let folder = folder();
        let crops = Positives::of(vec![Grey::filled(24, 24, [0])]);
        let negatives = Negatives::read(&[folder.path().into()], &crops, 1).unwrap();
        let features = all_features(24);
        let mine = |stages: &[BoostedStage], seed| {
            let cascade = PartialCascade { side: 24, features: &features, stages };
            negatives.mine(&Mining { cascade, wanted: 40, seed }, &mut 0)
        };
        assert_eq!(mine(&[], 1).len(), 40);
        assert_eq!(mine(&[], 1), mine(&[], 1));
        assert_ne!(mine(&[], 1), mine(&[], 2));
        let nothing_passes = BoostedStage { stumps: Vec::new(), threshold: 1.0 };
        assert!(mine(&[nothing_passes], 1).is_empty());
    }

    #[test]
    fn boxes_turn_with_their_picture() {
        let mut grey = Grey::filled(5, 4, [0]);
        grey.fill((3, 1), (1, 1), [9]);
        for orientation in 0..8 {
            let (grey, subjects) = turned(&grey, &[[3, 1, 1, 1].into()], orientation);
            let (x, y) = (subjects[0].x as u32, subjects[0].y as u32);
            assert_eq!(grey.pixel(x, y), [9], "{orientation}");
        }
    }
}
