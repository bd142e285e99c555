//! The classes of the images that are trained on.

use std::sync::Arc;

use dataset::Split;
use gan::{ClassUse, Classes, Recipe};

use crate::error::TrainError;

/// More classes than this are numbers that mean something else.
const MAX_CLASSES: usize = 4096;

/// The classes of a training split, as far as its recipe has a use for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    /// What they are called and how often each is met.
    pub(crate) classes: Classes,
    /// Of each row.
    of_rows: Arc<[Option<usize>]>,
}

impl Labels {
    /// The classes of a split's rows; none where the recipe makes nothing of them. They have the names that
    /// `pack.labels` gives them, or their numbers where the dataset has them from elsewhere.
    ///
    /// # Errors
    /// When the recipe needs classes and no row has one, there are too many, or the dataset is damaged.
    pub(crate) fn read(recipe: &Recipe, names: &[String], split: &Split) -> Result<Self, TrainError> {
        if recipe.classes == ClassUse::None {
            return Ok(Self::default());
        }
        let of_rows = split.rows().map(|row| Ok(row?.label)).collect::<Result<Vec<_>, TrainError>>()?;
        Self::new(recipe, names, &of_rows)
    }

    fn new(recipe: &Recipe, names: &[String], labels: &[Option<i64>]) -> Result<Self, TrainError> {
        // A class below 0 is what other programs write for none.
        let of_rows: Vec<_> = labels.iter().map(|label| label.and_then(|label| usize::try_from(label).ok())).collect();
        let Some(last) = of_rows.iter().flatten().max() else {
            return Err(TrainError::Unlabelled { recipe: recipe.name.clone() });
        };
        let count = last.saturating_add(1);
        if count > MAX_CLASSES {
            return Err(TrainError::TooManyClasses { class: *last, limit: MAX_CLASSES });
        }
        let names = if names.len() >= count { names.to_vec() } else { (0..count).map(|n| n.to_string()).collect() };
        Ok(Self { classes: Classes::new(names, of_rows.iter().copied()), of_rows: of_rows.into() })
    }

    /// The classes of another split's rows; none where that has a class that training never met.
    ///
    /// # Errors
    /// When the dataset is damaged.
    pub(crate) fn of_split(&self, split: &Split, rows: &[usize]) -> Result<Vec<Option<usize>>, TrainError> {
        let known = |label| usize::try_from(label).ok().filter(|class| *class < self.classes.len());
        rows.iter().map(|row| Ok(split.row(*row)?.label.and_then(known))).collect()
    }

    /// The classes of these training rows; of each none where the recipe has no use for them.
    pub(crate) fn of(&self, rows: &[usize]) -> Vec<Option<usize>> {
        rows.iter().map(|row| self.of_rows.get(*row).copied().flatten()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditional() -> Recipe {
        Recipe::named("conditional").unwrap()
    }

    #[test]
    fn classes_are_called_as_they_were_packed() {
        let check = |names: &[&str], labels: &[Option<i64>], expected: &[&str], counts: &[u32]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let found = Labels::new(&conditional(), &names, labels).unwrap();
            assert_eq!(
                (found.classes.names(), found.classes.counts()),
                (&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..], counts)
            );
        };
        check(&["a", "b", "c"], &[Some(0), Some(1), None], &["a", "b", "c"], &[1, 1, 0, 1]);
        // The dataset has a class that the configuration knows nothing of.
        check(&["a"], &[Some(2), Some(0), Some(-1)], &["0", "1", "2"], &[1, 0, 1, 1]);
    }

    #[test]
    fn rows_have_their_classes() {
        let labels = Labels::new(&conditional(), &[], &[Some(1), None, Some(0)]).unwrap();
        assert_eq!(labels.of(&[2, 1, 0, 0]), [Some(0), None, Some(1), Some(1)]);
        assert_eq!(Labels::default().of(&[2, 1]), [None, None]);
    }

    #[test]
    fn no_classes_and_too_many_are_refused() {
        let refused = |labels: &[Option<i64>]| Labels::new(&conditional(), &[], labels).unwrap_err().to_string();
        let none = refused(&[None, Some(-1)]);
        for part in ["conditional", "no image", "pack.labels = [\"", "cargo xtask pack"] {
            assert!(none.contains(part), "{none}");
        }
        assert!(refused(&[Some(i64::MAX)]).contains("4096"));
    }
}
