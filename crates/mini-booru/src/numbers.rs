//! Sets of numbers in search terms.

/// A set of numbers: `5`, `<5`, `>=5`, `3..9`, `1,2,3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// From `min` to `max`, both included.
    Range { min: u64, max: u64 },
    /// These numbers and no others.
    OneOf(Vec<u64>),
}

impl Numbers {
    /// Reads the value of a term such as `id:3..9`; `None` where it is no set of numbers.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str| digits.parse::<u64>().ok();
        if let Some(rest) = text.strip_prefix("<=") {
            return Some(Self::Range { min: 0, max: number(rest)? });
        }
        if let Some(rest) = text.strip_prefix(">=") {
            return Some(Self::Range { min: number(rest)?, max: u64::MAX });
        }
        if let Some(rest) = text.strip_prefix('<') {
            return Some(
                number(rest)?.checked_sub(1).map_or(Self::OneOf(Vec::new()), |max| Self::Range { min: 0, max }),
            );
        }
        if let Some(rest) = text.strip_prefix('>') {
            return Some(
                number(rest)?.checked_add(1).map_or(Self::OneOf(Vec::new()), |min| Self::Range { min, max: u64::MAX }),
            );
        }
        if let Some((min, max)) = text.split_once("..") {
            let min = if min.is_empty() { 0 } else { number(min)? };
            let max = if max.is_empty() { u64::MAX } else { number(max)? };
            return Some(Self::Range { min, max });
        }
        text.split(',').map(number).collect::<Option<Vec<u64>>>().map(Self::OneOf)
    }

    /// Whether a number is in the set.
    pub(crate) fn contains(&self, number: u64) -> bool {
        match self {
            Self::Range { min, max } => (*min..=*max).contains(&number),
            Self::OneOf(numbers) => numbers.contains(&number),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_hold_what_arithmetic_says(min in 0u64..50, max in 0u64..50, number in 0u64..50) {
            let contains = |text: String| Numbers::parse(&text).unwrap().contains(number);
            prop_assert_eq!(contains(format!("{min}..{max}")), min <= number && number <= max);
            prop_assert_eq!(contains(format!("<{max}")), number < max);
            prop_assert_eq!(contains(format!(">{min}")), number > min);
            prop_assert_eq!(contains(format!("{min},{max}")), number == min || number == max);
        }
    }
}
