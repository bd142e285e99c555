//! Painted faces with the colours of their hair, small and in memory.

use burn::tensor::{Device, Tensor, TensorData};
use mini_booru::painter::{FaceBox, Painting, paint};
use rayon::prelude::*;

/// Pixels across, and down, of a face.
pub(crate) const SIDE: usize = 32;

/// How much more than the box, which ends at the fringe, is cut out on each side: so that all of the hair is there.
const MARGIN: f32 = 0.25;

/// The classes: tags of which one is enough each, of colours that do not run into one another. Other hair has no class.
pub(crate) const CLASSES: [&str; 5] = ["black_hair", "blonde_hair", "blue_hair", "green_hair", "pink_hair|red_hair"];

/// Faces, each with its class where its hair is of one.
#[derive(Clone, Default)]
pub(crate) struct Faces {
    /// Planes of red, green and blue in [-1, 1].
    pub(crate) images: Vec<Vec<f32>>,
    /// Indices of [`CLASSES`].
    pub(crate) labels: Vec<Option<usize>>,
}

impl Faces {
    /// The faces of pictures that show one alone, so that the picture's tags are its own.
    pub(crate) fn paint(seed: u64, pictures: u64) -> Self {
        let found: Vec<_> = (0..pictures).into_par_iter().filter_map(|index| face(&paint(seed, index))).collect();
        let (images, labels) = found.into_iter().unzip();
        Self { images, labels }
    }

    /// Those faces that have a class.
    pub(crate) fn labelled(self) -> Self {
        let labelled = self.images.into_iter().zip(self.labels).filter(|(_, label)| label.is_some());
        let (images, labels) = labelled.unzip();
        Self { images, labels }
    }

    /// The first so many, and the rest.
    pub(crate) fn split(mut self, count: usize) -> (Self, Self) {
        let rest = Self { images: self.images.split_off(count), labels: self.labels.split_off(count) };
        (self, rest)
    }

    /// The same faces, of which every so many-th keeps its class.
    pub(crate) fn with_every(&self, step: usize) -> Self {
        let labels = self.labels.iter().enumerate();
        let labels = labels.map(|(index, label)| label.filter(|_| index.is_multiple_of(step))).collect();
        Self { images: self.images.clone(), labels }
    }

    pub(crate) fn len(&self) -> usize {
        self.images.len()
    }

    /// Some of them: `[indices, 3, SIDE, SIDE]`.
    pub(crate) fn batch(&self, indices: &[usize], device: &Device) -> Tensor<4> {
        let values: Vec<f32> = indices.iter().flat_map(|index| self.images[*index].iter().copied()).collect();
        Tensor::from_data(TensorData::new(values, [indices.len(), 3, SIDE, SIDE]), device)
    }
}

/// The face and its class, of a picture with one face.
fn face(painting: &Painting) -> Option<(Vec<f32>, Option<usize>)> {
    let [face] = painting.faces[..] else { return None };
    Some((reduced(painting, face), class(&painting.tags)))
}

/// The class of what has these tags, if any.
pub(crate) fn class(tags: &[&str]) -> Option<usize> {
    CLASSES.iter().position(|class| class.split('|').any(|tag| tags.contains(&tag)))
}

/// The box with its margin at [`SIDE`] pixels, each the mean of those that it covers; what lies outside of the picture is as its
/// edge.
fn reduced(painting: &Painting, face: FaceBox) -> Vec<f32> {
    let (left, top) = (face.x - MARGIN * face.side, face.y - MARGIN * face.side);
    let cell = face.side * (1.0 + 2.0 * MARGIN) / SIDE as f32;
    let range = |from: f32, index: usize| {
        let begin = (from + cell * index as f32).round() as i64;
        begin..((from + cell * (index + 1) as f32).round() as i64).max(begin + 1)
    };
    let pixel = |x: i64, y: i64, channel: usize| {
        let (x, y) = (x.clamp(0, i64::from(painting.width) - 1), y.clamp(0, i64::from(painting.height) - 1));
        f32::from(painting.rgb[(y as usize * painting.width as usize + x as usize) * 3 + channel])
    };
    let mut planes = Vec::with_capacity(3 * SIDE * SIDE);
    for channel in 0..3 {
        for (row, column) in (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column))) {
            let (down, across) = (range(top, row), range(left, column));
            let count = down.clone().count() * across.clone().count();
            let sum: f32 =
                down.flat_map(|y| across.clone().map(move |x| (x, y))).map(|(x, y)| pixel(x, y, channel)).sum();
            planes.push(sum / count as f32 / 127.5 - 1.0);
        }
    }
    planes
}
