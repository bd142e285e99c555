//! Gaussians in the plane, of which a generator may cover all or few.

use std::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};
use gan::Philox;

/// Gaussians of one spread about several centres, each as likely as the others.
#[derive(Clone, Debug)]
pub(crate) struct Modes {
    centres: Vec<[f64; 2]>,
    std: f64,
}

/// How much of the target a generator's samples make up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Coverage {
    /// Modes that have at least a fifth of their share of samples within three deviations.
    pub(crate) modes: usize,
    /// The share of samples that are so near to a mode.
    pub(crate) near: f64,
}

impl Modes {
    /// Eight on a circle of radius 2.
    pub(crate) fn ring() -> Self {
        let centre = |index: u32| TAU * f64::from(index) / 8.0;
        Self { centres: (0..8).map(centre).map(|angle| [2.0 * angle.cos(), 2.0 * angle.sin()]).collect(), std: 0.1 }
    }

    /// Nine in rows of three, 1.6 apart.
    pub(crate) fn grid() -> Self {
        let place = |index: u32| 1.6 * (f64::from(index) - 1.0);
        let centres = (0..9).map(|index| [place(index / 3), place(index % 3)]).collect();
        Self { centres, std: 0.1 }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.centres.len()
    }

    /// Draws a batch, `[count, 2]`: a pure function of `philox` and `draw`.
    pub(crate) fn sample(&self, philox: &Philox, draw: u64, count: usize, device: &Device) -> Tensor<2> {
        let (mut choices, mut noise) = (vec![0.0; count], vec![0.0; 2 * count]);
        philox.fill_uniform(2 * draw, &mut choices);
        philox.fill_normal(2 * draw + 1, &mut noise);
        let point = |(choice, noise): (&f32, &[f32])| {
            let index = ((f64::from(*choice) * self.centres.len() as f64) as usize).min(self.centres.len() - 1);
            [0, 1].map(|axis| (self.centres[index][axis] + self.std * f64::from(noise[axis])) as f32)
        };
        let points: Vec<f32> = choices.iter().zip(noise.chunks(2)).flat_map(point).collect();
        Tensor::from_data(TensorData::new(points, [count, 2]), device)
    }

    /// Which modes these points cover.
    pub(crate) fn coverage(&self, points: &[(f64, f64)]) -> Coverage {
        let mut hits = vec![0usize; self.centres.len()];
        for &(x, y) in points {
            let near = |centre: &[f64; 2]| (x - centre[0]).hypot(y - centre[1]) <= 3.0 * self.std;
            if let Some(index) = self.centres.iter().position(near) {
                hits[index] += 1;
            }
        }
        let fair = points.len() as f64 / self.centres.len() as f64;
        Coverage {
            modes: hits.iter().filter(|count| **count as f64 >= fair / 5.0).count(),
            near: hits.iter().sum::<usize>() as f64 / points.len() as f64,
        }
    }

    /// The centres, for a plot.
    pub(crate) fn centres(&self) -> Vec<(f64, f64)> {
        self.centres.iter().map(|[x, y]| (*x, *y)).collect()
    }
}

#[cfg(test)]
mod tests {
    use gan::Stream;

    use super::*;
    use crate::mixture::numbers;

    fn points(modes: &Modes, count: usize) -> Vec<(f64, f64)> {
        let philox = Philox::new(3, Stream::Laboratory);
        numbers(modes.sample(&philox, 0, count, &Device::flex())).chunks(2).map(|point| (point[0], point[1])).collect()
    }

    #[test]
    fn the_target_covers_itself() {
        for modes in [Modes::ring(), Modes::grid()] {
            let Coverage { modes: covered, near } = modes.coverage(&points(&modes, 2000));
            // Of a Gaussian in the plane 1 − e^(−9/2) lie within three deviations.
            assert!(covered == modes.count() && (near - 0.989).abs() < 0.01, "{covered}, {near}");
        }
    }

    #[test]
    fn one_mode_is_one() {
        let ring = Modes::ring();
        assert_eq!(ring.coverage(&[(2.0, 0.0), (2.1, 0.1), (0.0, 0.0), (1.9, 0.0)]), Coverage { modes: 1, near: 0.75 });
    }
}
