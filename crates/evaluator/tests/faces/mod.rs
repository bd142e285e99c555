//! Real faces to measure on, where there are any, and ways to spoil them.

use std::{env, fs::File, io::Read as _, path::Path};

use image::{
    RgbImage,
    imageops::{FilterType, blur, resize},
};
use metrics::Images;
use rayon::prelude::*;

/// The side at which faces are measured: the trainer's default.
pub(crate) const SIDE: u32 = 64;

/// Up to `count` faces of the archive that lies in the folder NIJIGEN_SHARED; none where there is no such folder.
pub(crate) fn load(count: usize) -> Option<Vec<RgbImage>> {
    let Some(folder) = env::var_os("NIJIGEN_SHARED") else {
        eprintln!("left out: NIJIGEN_SHARED names no folder with data/faces-20k.tar");
        return None;
    };
    let archive = File::open(Path::new(&folder).join("data/faces-20k.tar")).unwrap();
    let mut files = Vec::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            files.push(Vec::new());
            entry.read_to_end(files.last_mut().unwrap()).unwrap();
        }
        if files.len() == count {
            break;
        }
    }
    let face =
        |file: &Vec<u8>| resize(&image::load_from_memory(file).unwrap().to_rgb8(), SIDE, SIDE, FilterType::Triangle);
    Some(files.par_iter().map(face).collect())
}

/// Faces as images to measure.
pub(crate) fn images(faces: &[RgbImage]) -> Images {
    let side = faces.first().map_or(SIDE, RgbImage::width) as usize;
    Images::new(side, faces.iter().flat_map(|face| face.as_raw()).copied().collect()).unwrap()
}

/// Faces out of focus by a number of pixels.
pub(crate) fn blurred(faces: &[RgbImage], deviation: f32) -> Vec<RgbImage> {
    faces.par_iter().map(|face| blur(face, deviation)).collect()
}

/// Faces under noise of so many grey levels.
pub(crate) fn noisy(faces: &[RgbImage], deviation: f64, seed: u64) -> Vec<RgbImage> {
    let mut random = fastrand::Rng::with_seed(seed);
    let face_with_noise = |face: &RgbImage| {
        let mut face = face.clone();
        face.iter_mut().for_each(|value| *value = (f64::from(*value) + deviation * normal(&mut random)).round() as u8);
        face
    };
    faces.iter().map(face_with_noise).collect()
}

/// What a generator makes that can mix `rank` faces and no more: the nearest that it comes to each of `faces`.
pub(crate) fn of_low_rank(faces: &[RgbImage], basis: &[RgbImage], rank: usize) -> Vec<RgbImage> {
    let mean = mean(basis);
    let centred = |face: &RgbImage| face.iter().zip(&mean).map(|(value, mean)| f32::from(*value) - mean).collect();
    let basis = orthonormal(basis[..rank].iter().map(centred).collect());
    let nearest = |face: &RgbImage| {
        let difference: Vec<f32> = centred(face);
        let mut nearest = mean.clone();
        for direction in &basis {
            add_scaled(&mut nearest, dot(direction, &difference), direction);
        }
        RgbImage::from_raw(SIDE, SIDE, nearest.into_iter().map(|value| value.round() as u8).collect()).unwrap()
    };
    faces.par_iter().map(nearest).collect()
}

/// Unit vectors at right angles to one another with the span of those given, by Gram and Schmidt.
fn orthonormal(mut vectors: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    for index in 0..vectors.len() {
        let (before, rest) = vectors.split_at_mut(index);
        let vector = &mut rest[0];
        for direction in before {
            let along = dot(direction, vector);
            add_scaled(vector, -along, direction);
        }
        let length = dot(vector, vector).sqrt();
        vector.iter_mut().for_each(|value| *value /= length);
    }
    vectors
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum()
}

fn add_scaled(to: &mut [f32], factor: f32, of: &[f32]) {
    to.iter_mut().zip(of).for_each(|(to, of)| *to += factor * of);
}

/// The mode of each face, the most frequent first: the nearest of `count` mean faces, found by k-means on 4 × 4 pixels.
pub(crate) fn modes(faces: &[RgbImage], count: usize) -> Vec<usize> {
    let points: Vec<Vec<f32>> = faces
        .iter()
        .map(|face| resize(face, 4, 4, FilterType::Triangle).iter().map(|value| f32::from(*value)).collect())
        .collect();
    let mut centres: Vec<Vec<f32>> = points.iter().step_by(points.len() / count).take(count).cloned().collect();
    let mut modes = vec![0; points.len()];
    for _ in 0..20 {
        for (mode, point) in modes.iter_mut().zip(&points) {
            let distance = |centre: &Vec<f32>| centre.iter().zip(point).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
            *mode = (0..count).min_by(|a, b| distance(&centres[*a]).total_cmp(&distance(&centres[*b]))).unwrap();
        }
        for (mode, centre) in centres.iter_mut().enumerate() {
            let members: Vec<_> =
                points.iter().zip(&modes).filter(|(_, of)| **of == mode).map(|(point, _)| point).collect();
            for (i, value) in centre.iter_mut().enumerate() {
                *value = members.iter().map(|member| member[i]).sum::<f32>() / members.len().max(1) as f32;
            }
        }
    }
    let mut by_size: Vec<usize> = (0..count).collect();
    by_size.sort_by_key(|mode| std::cmp::Reverse(modes.iter().filter(|of| *of == mode).count()));
    modes.into_iter().map(|mode| by_size.iter().position(|of| *of == mode).unwrap()).collect()
}

fn mean(faces: &[RgbImage]) -> Vec<f32> {
    let mut sums = vec![0.0; (SIDE * SIDE * 3) as usize];
    for face in faces {
        sums.iter_mut().zip(face.iter()).for_each(|(sum, value)| *sum += f32::from(*value));
    }
    sums.into_iter().map(|sum| sum / faces.len() as f32).collect()
}

fn normal(random: &mut fastrand::Rng) -> f64 {
    (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
}
