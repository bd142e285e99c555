//! Which class is drawn of.

use std::fmt;

use gan::{Classes, Philox};

/// Which class a generator's images are of.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ClassChoice {
    /// Each of a class of its own, drawn as often as training met it.
    #[default]
    Drawn,
    /// All of the class of that index.
    Class(usize),
    /// All of a mixture: a share of each class, which are made to add up to 1.
    Mixture(Vec<f32>),
    /// All of no class: as the training's images whose class was not known.
    Unknown,
}

/// A class that a generator cannot draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassProblem {
    /// The generator was told none.
    NoClasses,
    /// It knows none of that name or number.
    Unknown {
        /// What was asked for.
        class: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Every image of its training had a class, so that it learnt nothing of images without.
    AllKnown,
    /// Shares that are no mixture of its classes.
    Mixture {
        /// How many shares there must be.
        classes: usize,
    },
}

impl ClassChoice {
    /// The class of that name.
    ///
    /// # Errors
    /// When there is none, with those that there are.
    pub fn named(classes: &Classes, name: &str) -> Result<Self, ClassProblem> {
        if classes.is_empty() {
            return Err(ClassProblem::NoClasses);
        }
        let found = classes.names().iter().position(|known| known == name);
        let unknown = || ClassProblem::Unknown { class: name.to_owned(), known: classes.names().to_vec() };
        found.map(Self::Class).ok_or_else(unknown)
    }

    /// What keeps a generator of these classes from drawing it.
    pub(crate) fn problem(&self, classes: &Classes) -> Option<ClassProblem> {
        match self {
            Self::Drawn => None,
            _ if classes.is_empty() => Some(ClassProblem::NoClasses),
            Self::Class(class) if *class >= classes.len() => {
                Some(ClassProblem::Unknown { class: class.to_string(), known: classes.names().to_vec() })
            }
            Self::Class(_) => None,
            Self::Unknown => (classes.counts().last() == Some(&0)).then_some(ClassProblem::AllKnown),
            Self::Mixture(shares) => {
                let is_share = |share: &f32| share.is_finite() && *share >= 0.0;
                let fits =
                    shares.len() == classes.len() && shares.iter().all(is_share) && shares.iter().sum::<f32>() > 0.0;
                (!fits).then_some(ClassProblem::Mixture { classes: classes.len() })
            }
        }
    }

    /// The row of the latent of a number; `philox` is the latents' own. Empty where there are no classes.
    pub(crate) fn row(&self, classes: &Classes, philox: &Philox, number: u64) -> Vec<f32> {
        let mut row = vec![0.0; classes.row_length()];
        if row.is_empty() {
            return row;
        }
        let of_class = |class: Option<usize>| class.unwrap_or(classes.len());
        match self {
            Self::Drawn => row[of_class(classes.draw(philox, number, 1)[0])] = 1.0,
            Self::Class(class) => row[*class] = 1.0,
            Self::Unknown => row[of_class(None)] = 1.0,
            Self::Mixture(shares) => {
                let sum: f32 = shares.iter().sum();
                row.iter_mut().zip(shares).for_each(|(number, share)| *number = share / sum);
            }
        }
        row
    }
}

impl fmt::Display for ClassProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoClasses => f.write_str(
                "it knows no classes; train one that does: pack.labels makes classes of tags, and train.recipe = \"conditional\" \
                 tells the networks",
            ),
            Self::Unknown { class, known } => write!(f, "it knows no class {class:?}; choose one of {}", known.join(", ")),
            Self::AllKnown => f.write_str("every image of its training had a class: choose one"),
            Self::Mixture { classes } => {
                write!(f, "a mixture has a share of 0 or more for each of its {classes} classes, and not 0 for all")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gan::Stream;

    use super::*;

    fn classes(unlabelled: usize) -> Classes {
        let labels = [Some(0), Some(1)].into_iter().chain(std::iter::repeat_n(None, unlabelled));
        Classes::new(vec!["red".into(), "blue".into()], labels)
    }

    #[test]
    fn rows_by_hand() {
        let philox = Philox::new(1, Stream::SampleLatents);
        let check = |choice: ClassChoice, expected: &[f32]| {
            assert_eq!(choice.problem(&classes(1)), None, "{choice:?}");
            assert_eq!(choice.row(&classes(1), &philox, 0), expected, "{choice:?}");
            assert!(choice.row(&Classes::default(), &philox, 0).is_empty());
        };
        check(ClassChoice::Class(1), &[0.0, 1.0, 0.0]);
        check(ClassChoice::Unknown, &[0.0, 0.0, 1.0]);
        check(ClassChoice::Mixture(vec![1.0, 3.0]), &[0.25, 0.75, 0.0]);
        let drawn: f32 = (0..30).flat_map(|number| ClassChoice::Drawn.row(&classes(1), &philox, number)).sum();
        assert_eq!(drawn, 30.0);
    }

    #[test]
    fn what_cannot_be_drawn_is_said() {
        let check = |choice: ClassChoice, classes: &Classes, part: &str| {
            let problem = choice.problem(classes).unwrap().to_string();
            assert!(problem.contains(part), "{problem}");
        };
        check(ClassChoice::Class(0), &Classes::default(), "pack.labels");
        check(ClassChoice::Class(2), &classes(0), "\"2\"; choose one of red, blue");
        check(ClassChoice::Unknown, &classes(0), "every image");
        check(ClassChoice::Mixture(vec![1.0]), &classes(0), "each of its 2 classes");
        check(ClassChoice::Mixture(vec![0.0, 0.0]), &classes(0), "not 0 for all");
        assert_eq!(ClassChoice::Drawn.problem(&Classes::default()), None);
        assert_eq!(ClassChoice::named(&classes(0), "blue"), Ok(ClassChoice::Class(1)));
        assert!(ClassChoice::named(&classes(0), "green").unwrap_err().to_string().contains("red, blue"));
    }
}
