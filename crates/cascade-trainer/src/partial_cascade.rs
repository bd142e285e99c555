//! A cascade whose training is not at its end.

use lbp_cascade::{Feature, IntegralImage};

use crate::boosting::BoostedStage;

/// The stages so far, over the features that they name by index.
#[derive(Clone, Copy)]
pub struct PartialCascade<'a> {
    /// The window's side in pixels.
    pub side: usize,
    /// All features of a window: [`all_features`](crate::feature::all_features).
    pub features: &'a [Feature],
    /// From the first to the last that is done.
    pub stages: &'a [BoostedStage],
}

impl PartialCascade<'_> {
    /// Whether the window whose upper left corner is at (`x`, `y`) of a picture passes every stage.
    pub fn passes(&self, integral: &IntegralImage, x: usize, y: usize) -> bool {
        let code = |feature: usize| self.features[feature].code(integral, x, y);
        self.stages.iter().all(|stage| stage.passes(code))
    }
}
