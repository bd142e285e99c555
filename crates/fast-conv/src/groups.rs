//! Groups of few channels, several computed as one: sixteen channels are handled at once, whether there are as many or not.

use std::{borrow::Cow, mem::MaybeUninit};

use crate::{
    geometry::{FeatureMap, Geometry},
    simd::LANES,
};

/// A grouped convolution as one of fewer groups, whose weights are zero between channels of different groups before.
///
/// Zeros add nothing to a sum of finite numbers. What is not finite spreads to the groups beside it, and a training that has
/// such numbers is lost anyway.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Merged {
    /// With the groups that are left.
    pub(crate) geometry: Geometry,
    /// Groups before that make one now.
    count: usize,
    /// Of a group before.
    group: Geometry,
}

impl Merged {
    /// As many groups in one as sixteen channels hold on either side.
    pub(crate) fn new(geometry: Geometry) -> Self {
        let group = geometry.of_group();
        let widest = group.big.channels.max(group.small.channels);
        let fits = |count: &usize| geometry.groups.is_multiple_of(*count) && count * widest <= LANES;
        let count = (1..=geometry.groups).filter(fits).max().unwrap_or(1);
        Self { geometry: Geometry { groups: geometry.groups / count, ..geometry }, count, group }
    }

    /// Weights of all groups, with zeros between those that are merged.
    pub(crate) fn expand(self, weights: &[f32]) -> Cow<'_, [f32]> {
        if self.count == 1 {
            return Cow::Borrowed(weights);
        }
        let mut expanded = vec![0.0; self.geometry.lengths()[2]];
        self.each_run(|from, to, length| expanded[to..to + length].copy_from_slice(&weights[from..from + length]));
        Cow::Owned(expanded)
    }

    /// Writes `weights` from the merged ones that `compute` writes.
    pub(crate) fn collect(self, weights: &mut [MaybeUninit<f32>], compute: impl FnOnce(&mut [MaybeUninit<f32>])) {
        if self.count == 1 {
            return compute(weights);
        }
        let mut expanded = vec![MaybeUninit::new(0.0); self.geometry.lengths()[2]];
        compute(&mut expanded);
        self.each_run(|from, to, length| weights[from..from + length].copy_from_slice(&expanded[to..to + length]));
    }

    /// For each channel of the small side: where its weights begin before and after, and how many there are.
    fn each_run(self, mut visit: impl FnMut(usize, usize, usize)) {
        let FeatureMap { channels: inputs, .. } = self.group.big;
        let FeatureMap { channels: outputs, .. } = self.group.small;
        let length = inputs * self.group.taps();
        for output in 0..self.geometry.small.channels {
            let position = output / outputs % self.count;
            visit(output * length, (output * self.count + position) * length, length);
        }
    }
}
