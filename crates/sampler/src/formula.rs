//! Sums of concepts, as they are written: `3,17,44 - 5,9,21 + hat`.

use std::str::FromStr;

use crate::indices::Indices;

/// A single sample has features of its own, which a mean of three blurs (Radford et al., 2015, section 6.3.2).
const MIN_SAMPLES: usize = 3;

/// Concepts that are added and subtracted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Formula(pub(crate) Vec<Term>);

/// A concept with its sign.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    /// 1, or −1 where it is subtracted.
    pub(crate) weight: f64,
    pub(crate) concept: Concept,
}

/// What stands for a concept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Concept {
    /// Samples, by their indices; at least three.
    Samples(Vec<u64>),
    /// A tag of posts.
    Tag(String),
}

impl FromStr for Formula {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || {
            format!(
                "{text:?} is no formula: write concepts with + and - between, and blanks around those, as in \
                     \"3,17,44 - 5,9,21 + 12,30,31\""
            )
        };
        let mut terms = Vec::new();
        let mut sign = Some(1.0);
        for word in text.split_whitespace() {
            match (word, sign) {
                ("+", _) => sign = Some(1.0),
                ("-" | "−", _) => sign = Some(-1.0),
                (word, Some(weight)) => {
                    terms.push(Term { weight, concept: Concept::read(word)? });
                    sign = None;
                }
                (_, None) => return Err(bad()),
            }
        }
        if terms.is_empty() || sign.is_some() { Err(bad()) } else { Ok(Self(terms)) }
    }
}

impl Concept {
    fn read(word: &str) -> Result<Self, String> {
        match word.parse::<Indices>() {
            Ok(Indices(samples)) if samples.len() < MIN_SAMPLES => {
                Err(format!("{word} names fewer than {MIN_SAMPLES} samples: one alone brings features of its own"))
            }
            Ok(Indices(samples)) => Ok(Self::Samples(samples)),
            Err(problem) if word.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '-') => Err(problem),
            Err(_) => Ok(Self::Tag(word.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_read() {
        let samples = |weight, list: &[u64]| Term { weight, concept: Concept::Samples(list.to_vec()) };
        let tag = |weight, tag: &str| Term { weight, concept: Concept::Tag(tag.to_owned()) };
        let check = |text: &str, expected: &[Term]| assert_eq!(text.parse::<Formula>().unwrap().0, expected, "{text}");
        check("1,2,3", &[samples(1.0, &[1, 2, 3])]);
        check("1,2,3 - 4-6 + hat", &[samples(1.0, &[1, 2, 3]), samples(-1.0, &[4, 5, 6]), tag(1.0, "hat")]);
        check("- 1girl", &[tag(-1.0, "1girl")]);
    }

    #[test]
    fn what_is_no_formula_is_refused() {
        let check = |text: &str, part: &str| {
            let problem = text.parse::<Formula>().unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
        };
        check("", "no formula");
        check("1,2,3 +", "no formula");
        check("1,2,3 4,5,6", "no formula");
        check("1,2", "fewer than 3");
        check("1,2, - 3,4,5", "no list of samples");
    }
}
