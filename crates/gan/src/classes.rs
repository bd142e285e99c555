//! The classes of a training's images: what they are called, and how often each is met.

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::{conditioning::class_rows, philox::Philox};

/// What a recipe makes of its images' classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassUse {
    /// Nothing.
    #[default]
    None,
    /// Both networks are told the class: [`crate::ClassModulation`] in the generator, [`crate::ClassProjection`] in the
    /// discriminator.
    Conditional,
    /// The discriminator classifies as well, and learns from those images whose class is known: [`crate::realness`],
    /// [`crate::classification_loss`]. The generator is told nothing.
    SemiSupervised,
}

/// The classes of a training's images. None of them: networks that know no classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classes {
    names: Vec<String>,
    /// Images of each class, and last those of which no class is known.
    counts: Vec<u32>,
}

impl Classes {
    /// Classes with these names, each met as often as among the labels of the training's images.
    ///
    /// # Panics
    /// When a label is not below the number of names.
    pub fn new(names: Vec<String>, labels: impl IntoIterator<Item = Option<usize>>) -> Self {
        let mut counts = vec![0; names.len() + 1];
        for label in labels {
            assert!(label.is_none_or(|class| class < names.len()), "{label:?} of {} classes", names.len());
            counts[label.unwrap_or(names.len())] += 1;
        }
        Self { names, counts }
    }

    /// Classes as a weights file has them; `None` where there is not a count for each and one more.
    pub(crate) fn from_parts(names: Vec<String>, counts: Vec<u32>) -> Option<Self> {
        let is_drawn = counts.iter().any(|count| *count > 0);
        (!names.is_empty() && counts.len() == names.len() + 1 && is_drawn).then_some(Self { names, counts })
    }

    /// How many classes there are, without that of images whose class is not known.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// What each is called; a label is an index of these.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Images of each class in training, and last those of which no class is known.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Numbers in a class's row: one for each class, and one more for images whose class is not known; 0 where there are no
    /// classes.
    pub fn row_length(&self) -> usize {
        if self.is_empty() { 0 } else { self.len() + 1 }
    }

    /// Draws classes as often as training met them, a pure function of `philox` and `step`; the first do not depend on
    /// `count`. `philox` is that of the latents that they go with: classes have words of their own.
    pub fn draw(&self, philox: &Philox, step: u64, count: usize) -> Vec<Option<usize>> {
        let mut words = vec![0; count];
        philox.of_classes().u32s(step, &mut words);
        words.into_iter().map(|word| self.at(word)).collect()
    }

    /// The class that a random word stands for, in whole numbers, so that no rounding has a part in it.
    fn at(&self, word: u32) -> Option<usize> {
        let total: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        let mut left = ((u128::from(word) * u128::from(total)) >> 32) as u64;
        for (class, count) in self.counts.iter().enumerate() {
            let count = u64::from(*count);
            if left < count {
                return Some(class).filter(|class| *class < self.len());
            }
            left -= count;
        }
        None
    }

    /// These latents, each with its class's row behind it: what a generator of these classes is fed.
    ///
    /// # Shapes
    /// - `latents`: `[labels, size]`
    /// - output: `[labels, size + classes + 1]`; without classes as the input
    ///
    /// # Panics
    /// When there is another number of labels, or one is not below the number of classes.
    pub fn append_rows(&self, latents: Tensor<2>, labels: &[Option<usize>], device: &Device) -> Tensor<2> {
        if self.is_empty() {
            return latents;
        }
        Tensor::cat(vec![latents, class_rows(labels, self.len(), device)], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::philox::Stream;

    fn classes(labels: &[Option<usize>]) -> Classes {
        Classes::new(vec!["a".into(), "b".into()], labels.iter().copied())
    }

    #[test]
    fn classes_are_drawn_as_often_as_they_were_met() {
        let classes = classes(&[Some(0), None, Some(1), Some(1)]);
        assert_eq!(classes.counts(), [1, 2, 1]);
        let drawn = classes.draw(&Philox::new(1, Stream::TrainingLatents), 0, 4000);
        for (class, expected) in [(Some(0), 1000), (Some(1), 2000), (None, 1000)] {
            let found = drawn.iter().filter(|drawn| **drawn == class).count();
            // Four standard deviations of a binomial count.
            assert!(found.abs_diff(expected) < 130, "{class:?}: {found}");
        }
        assert_eq!(classes.draw(&Philox::new(1, Stream::TrainingLatents), 0, 7), drawn[..7]);
        assert_ne!(classes.draw(&Philox::new(1, Stream::SampleLatents), 0, 4000), drawn);
    }

    #[test]
    fn the_ends_of_the_range_are_the_first_and_the_last_class() {
        let all = classes(&[Some(0), Some(1), None]);
        assert_eq!((all.at(0), all.at(u32::MAX)), (Some(0), None));
        let labelled = classes(&[Some(1)]);
        assert_eq!((labelled.at(0), labelled.at(u32::MAX)), (Some(1), Some(1)));
    }

    #[test]
    fn parts_that_do_not_fit_are_no_classes() {
        let check = |names: &[&str], counts: &[u32], fits: bool| {
            let names = names.iter().map(ToString::to_string).collect();
            assert_eq!(Classes::from_parts(names, counts.to_vec()).is_some(), fits, "{counts:?}");
        };
        check(&["a"], &[1, 0], true);
        check(&["a"], &[1], false);
        check(&["a"], &[0, 0], false);
        check(&[], &[1], false);
    }
}
