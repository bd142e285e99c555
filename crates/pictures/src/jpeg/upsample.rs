//! Subsampled components at the picture's size: libjpeg's "fancy" enlarging, in which a sample counts three times, the nearest
//! beside it once, and what is left over is rounded up and down in turn.

use super::{Result, planes::Plane};
use crate::error::PictureError;

/// How a component's rows become the picture's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Upsampling {
    /// As they are.
    None,
    /// Twice as wide.
    Across,
    /// Twice as many.
    Down,
    /// Both.
    Both,
    /// Each sample so many times across and down.
    Repeated(usize, usize),
}

impl Upsampling {
    /// Of a component whose samples stand for `across` × `down` pixels. At an eighth of the size, and of a few samples across, nothing is
    /// fancy.
    pub(super) fn new((across, down): (usize, usize), plane: &Plane, size: usize) -> Self {
        let is_wide = plane.width > 2;
        match (across, down) {
            (1, 1) => Self::None,
            (2, 1) if size > 1 && is_wide => Self::Across,
            (1, 2) if size > 1 => Self::Down,
            (2, 2) if size > 1 && is_wide => Self::Both,
            _ => Self::Repeated(across, down),
        }
    }

    /// The picture's row of this number in the upper row of units.
    pub(super) fn row<'a>(self, plane: &'a Plane, row: usize, buffers: &'a mut Buffers) -> &'a [u8] {
        let half = (row / 2) as isize;
        let beside = if row.is_multiple_of(2) { half - 1 } else { half + 1 };
        let Buffers { sums, samples } = buffers;
        match self {
            Self::None => return plane.row(row as isize),
            Self::Across => widen(plane.row(row as isize), samples),
            Self::Down => {
                let bias = if row.is_multiple_of(2) { 1 } else { 2 };
                for ((sample, near), far) in samples.iter_mut().zip(plane.row(half)).zip(plane.row(beside)) {
                    *sample = ((3 * u16::from(*near) + u16::from(*far) + bias) >> 2) as u8;
                }
            }
            Self::Both => {
                for ((sum, near), far) in sums.iter_mut().zip(plane.row(half)).zip(plane.row(beside)) {
                    *sum = 3 * u16::from(*near) + u16::from(*far);
                }
                widen_sums(sums, samples);
            }
            Self::Repeated(across, down) => {
                let row = plane.row((row / down) as isize);
                samples.chunks_mut(across).zip(row).for_each(|(repeated, sample)| repeated.fill(*sample));
            }
        }
        samples
    }
}

/// Room for a row that is being enlarged.
pub(super) struct Buffers {
    /// Of each sample three times and the one above or below once.
    sums: Vec<u16>,
    samples: Vec<u8>,
}

impl Buffers {
    pub(super) fn new(upsampling: Upsampling, plane: &Plane) -> Self {
        let (sums, times) = match upsampling {
            Upsampling::None => (0, 0),
            Upsampling::Across => (0, 2),
            Upsampling::Down => (0, 1),
            Upsampling::Both => (plane.width, 2),
            Upsampling::Repeated(across, _) => (0, across),
        };
        Self { sums: vec![0; sums], samples: vec![0; times * plane.width] }
    }
}

/// How many pixels one sample stands for.
pub(super) fn times(picture: usize, component: usize) -> Result<usize> {
    if picture.is_multiple_of(component) { Ok(picture / component) } else { Err(PictureError::Damaged) }
}

/// A row of at least two samples, twice as wide.
fn widen(row: &[u8], wide: &mut [u8]) {
    let (pairs, last) = (wide.as_chunks_mut::<2>().0, row.len() - 1);
    let blend = |near: u8, far: u8, bias: u16| ((3 * u16::from(near) + u16::from(far) + bias) >> 2) as u8;
    pairs[0] = [row[0], blend(row[0], row[1], 2)];
    let (before, after) = (&row[..last - 1], &row[2..]);
    for (((pair, before), sample), after) in pairs[1..last].iter_mut().zip(before).zip(&row[1..last]).zip(after) {
        *pair = [blend(*sample, *before, 1), blend(*sample, *after, 2)];
    }
    pairs[last] = [blend(row[last], row[last - 1], 1), row[last]];
}

/// A row of at least two fourfold sums, twice as wide.
fn widen_sums(sums: &[u16], wide: &mut [u8]) {
    let (pairs, last) = (wide.as_chunks_mut::<2>().0, sums.len() - 1);
    let blend = |near: u16, far: u16, bias: u16| ((3 * near + far + bias) >> 4) as u8;
    pairs[0] = [blend(sums[0], sums[0], 8), blend(sums[0], sums[1], 7)];
    let (before, after) = (&sums[..last - 1], &sums[2..]);
    for (((pair, before), sum), after) in pairs[1..last].iter_mut().zip(before).zip(&sums[1..last]).zip(after) {
        *pair = [blend(*sum, *before, 8), blend(*sum, *after, 7)];
    }
    pairs[last] = [blend(sums[last], sums[last - 1], 8), blend(sums[last], sums[last], 7)];
}
